#include "tests/actors/jobs/stream_client.hpp"

#include "actors/runtime/actor.hpp"
#include "actors/server/byte_stream.hpp"

#include <caf/actor_system.hpp>

#include <utility>

namespace gantry::test {

namespace {

struct stream_client_state {
  static inline const char* name = "stream-client";
  stream_client_state() = default;
};

core::job_client_actor::behavior_type
run_stream_client(core::job_client_actor::stateful_pointer<stream_client_state> self,
                  const std::shared_ptr<stream_client>& c) {
  return {
      [self, c](const core::job_done& done) {
        std::lock_guard guard{c->mutex};
        c->reply = std::move(*done.reply);
        c->job = nullptr;
        c->changed.notify_all();
        self->quit();
      },
      [c](const core::job_stream_begun& begun) {
        std::lock_guard guard{c->mutex};
        c->content_type = begun.content_type;
        c->job = begun.job;
        c->changed.notify_all();
      },
      [c](const core::job_output& output) {
        std::lock_guard guard{c->mutex};
        c->output += *output.bytes;
        if (c->takes)
          core::tell(c->job, core::job_credit{output.bytes->size()});
        c->changed.notify_all();
      },
      [c](const core::job_wants_input& wanted) {
        std::lock_guard guard{c->mutex};
        c->asked = true;
        c->changed.notify_all();
        if (c->silent)
          return;
        constexpr std::size_t piece = 60'000;
        core::job_input input{c->input.substr(c->given, piece), false, {}};
        c->given += input.bytes.size();
        input.eof = c->given == c->input.size();
        if (input.eof)
          input.error = c->input_error;
        core::tell(wanted.job, std::move(input));
      },
      [c](const core::job_takes_socket& wanted) {
        std::lock_guard guard{c->mutex};
        c->content_type = wanted.content_type;
        c->job = wanted.job;
        core::tell(wanted.job, core::job_socket{std::move(c->socket), std::move(c->input)});
        c->changed.notify_all();
      },
  };
}

} // namespace

void stream_client::wait(const std::function<bool()>& condition) {
  std::unique_lock guard{mutex};
  REQUIRE(changed.wait_for(guard, std::chrono::seconds{60}, condition));
}

void stream_client::wait_for_end() {
  wait([this] { return reply.has_value(); });
}

core::job_client_actor spawn_stream_client(caf::actor_system& sys,
                                           const std::shared_ptr<stream_client>& client) {
  return runtime::spawn(sys, run_stream_client, client);
}

} // namespace gantry::test
