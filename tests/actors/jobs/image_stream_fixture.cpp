#include "tests/actors/jobs/image_stream_fixture.hpp"

#include "actors/jobs/image_jobs.hpp"
#include "actors/runtime/actor.hpp"

#include <caf/exit_reason.hpp>

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
      [](const core::job_takes_socket&) {},
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

image_stream_fixture::image_stream_fixture() {
  engine::job_table table;
  jobs::add_image_stream_jobs(table, services).value();
  engine::engine_options options;
  options.log_jobs = false;
  engine = runtime::spawn(sys_, engine::run_engine, std::move(table), options);
}

image_stream_fixture::~image_stream_fixture() {
  caf::anon_send_exit(engine, caf::exit_reason::kill);
}

core::request_id image_stream_fixture::start(job::request what,
                                             const std::shared_ptr<stream_client>& client) {
  auto id = core::next_request_id();
  auto actor = runtime::spawn(sys_, run_stream_client, client);
  caf::anon_send(engine,
                 core::run_job{id, std::move(what), core::to_ptr(actor), nullptr, nullptr, {}});
  return id;
}

std::shared_ptr<stream_client> image_stream_fixture::run(std::string name,
                                                         std::vector<std::string> args,
                                                         job::env environment, std::string input) {
  auto client = std::make_shared<stream_client>();
  client->input = std::move(input);
  start({std::move(name), std::move(args), std::move(environment)}, client);
  client->wait_for_end();
  return client;
}

} // namespace gantry::test
