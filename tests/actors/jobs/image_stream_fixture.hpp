#pragma once

#include "actors/engine/engine_actor.hpp"
#include "actors/jobs/image_jobs.hpp"
#include "actors/runtime/actor.hpp"
#include "tests/actors/image/image_fixture.hpp"

#include <chrono>
#include <condition_variable>
#include <optional>

namespace gantry::test {

/// What a client of a job that streams has seen, and what it sends.
struct stream_client {
  std::mutex mutex;
  std::condition_variable changed;
  std::string input;
  std::size_t given = 0;
  std::string input_error; ///< how its body ends, if not well
  bool silent = false;     ///< sends nothing, and no end
  bool takes = true;       ///< takes what it gets

  std::string output;
  std::string content_type; ///< empty until the answer has begun
  std::optional<job::reply> reply;
  caf::strong_actor_ptr job;
  bool asked = false;

  template <class Condition>
  void wait(Condition condition) {
    std::unique_lock guard{mutex};
    REQUIRE(changed.wait_for(guard, std::chrono::seconds{60}, condition));
  }
};

struct stream_client_state {
  static inline const char* name = "stream-client";
  stream_client_state() = default;
};

inline core::job_client_actor::behavior_type
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

/// The jobs of images that stream, in an engine, with a store in a fresh directory.
class image_stream_fixture : public image_fixture {
public:
  image_stream_fixture() {
    engine::job_table table;
    jobs::add_image_stream_jobs(table, services).value();
    engine::engine_options options;
    options.log_jobs = false;
    engine = runtime::spawn(sys_, engine::run_engine, std::move(table), options);
  }
  ~image_stream_fixture() { caf::anon_send_exit(engine, caf::exit_reason::kill); }

  core::request_id start(job::request what, const std::shared_ptr<stream_client>& client) {
    auto id = core::next_request_id();
    auto actor = runtime::spawn(sys_, run_stream_client, client);
    caf::anon_send(engine,
                   core::run_job{id, std::move(what), core::to_ptr(actor), nullptr, nullptr, {}});
    return id;
  }

  /// Runs a job with that input to its end.
  std::shared_ptr<stream_client> run(std::string name, std::vector<std::string> args,
                                     job::env environment, std::string input = {}) {
    auto client = std::make_shared<stream_client>();
    client->input = std::move(input);
    start({std::move(name), std::move(args), std::move(environment)}, client);
    client->wait([&] { return client->reply.has_value(); });
    return client;
  }

  core::engine_actor engine;
};

/// An image with one layer, its archive, and its id.
struct sample_image {
  std::string tar =
      layer_tar({{"etc/os-release", "ID=test\n"}, {"big", std::string(500'000, 'b')}});
  std::string config = config_with({tar});
  std::string archive = docker_archive(config, {tar}, {"bb:latest"});
  std::string id = oci::sha256_of(config).str();
};

} // namespace gantry::test
