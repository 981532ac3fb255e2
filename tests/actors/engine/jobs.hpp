#pragma once

#include "actors/engine/engine_actor.hpp"
#include "tests/support/actor_fixture.hpp"

namespace gantry::test {

/// A job whose steps the test takes itself, from outside.
struct hand_job {
  core::job_actor actor;
  engine::job_run run;
  std::vector<std::string> cancels; ///< reasons
  std::vector<core::job_input> inputs;
  std::vector<core::job_socket> sockets;

  caf::strong_actor_ptr ptr() const { return core::to_ptr(actor); }
};

struct hand_job_state {
  static inline const char* name = "hand-job";
  hand_job_state() = default;
};

inline core::job_actor::behavior_type
run_hand_job(core::job_actor::stateful_pointer<hand_job_state>, std::shared_ptr<hand_job> job) {
  return {[job](const core::job_cancel& c) { job->cancels.push_back(c.reason); },
          [job](const core::job_credit& c) { job->run.grant(c.bytes); },
          [job](core::job_input& i) { job->inputs.push_back(std::move(i)); },
          [job](core::job_socket& s) { job->sockets.push_back(std::move(s)); },
          [](core::describe) { return core::facts{}; }};
}

/// The hand jobs that an engine has started.
using hand_jobs = std::shared_ptr<std::vector<std::shared_ptr<hand_job>>>;

/// A handler whose jobs go to `started`. They end when the test says so.
inline engine::job_handler hand_handler(const hand_jobs& started) {
  return [started](caf::local_actor* parent, engine::job_run run) -> core::job_actor {
    auto job = std::make_shared<hand_job>();
    job->run = std::move(run);
    job->actor = runtime::spawn(parent, run_hand_job, job);
    started->push_back(job);
    return job->actor;
  };
}

/// Lines of the log in the length of a test: `LEVEL TEXT`.
struct log_capture {
  static inline std::vector<std::string> lines;

  explicit log_capture(log::level least = log::level::info) {
    lines.clear();
    log::set_level(least);
    log::set_sink([](const log::record& r) noexcept {
      lines.push_back(std::string{log::to_string(r.severity)} + " " + std::string{r.text});
    });
  }
  log_capture(const log_capture&) = delete;
  log_capture& operator=(const log_capture&) = delete;
  ~log_capture() {
    log::set_sink(nullptr);
    log::set_level(log::level::info);
  }

  /// True if a line has all of `text` in it.
  static bool has(std::string_view text) {
    for (auto& line : lines)
      if (line.find(text) != std::string::npos)
        return true;
    return false;
  }
};

/// An engine with the jobs `hand` and `serveapi` (both by hand), `echo` (its arguments as text),
/// `exit` (its first argument is the status), `throws`, `mute` and `bad_handler`.
class engine_fixture : public actor_fixture {
public:
  engine_fixture() { start({}); }
  ~engine_fixture() {
    // A run that is still open would speak to an engine that is no more.
    for (auto& job : *started) {
      track(job->actor);
      job->run = {};
      job->actor = nullptr;
    }
  }

  void start(engine::engine_options options, engine::job_table table = {}) {
    table.add("hand", hand_handler(started)).value();
    table.add("serveapi", hand_handler(started)).value();
    table
        .add("echo", engine::job_function{[](engine::job_run& run) {
               std::string text;
               for (auto& a : run.args())
                 text += a + "\n";
               run.succeed(text);
             }})
        .value();
    table
        .add("exit", engine::job_function{[](engine::job_run& run) {
               job::reply r;
               r.status = std::stoi(run.args().at(0));
               r.kind = r.status == 0 ? errc::none : errc::system;
               if (run.args().size() > 1)
                 r.error = run.args()[1];
               run.finish(std::move(r));
             }})
        .value();
    table
        .add("throws", engine::job_function{[](engine::job_run&) {
               throw std::runtime_error("out of luck");
             }})
        .value();
    table.add("mute", engine::job_function{[](engine::job_run&) {}}).value();
    table
        .add("bad_handler",
             engine::job_handler{[](caf::local_actor*, engine::job_run) -> core::job_actor {
               throw std::runtime_error("no actor");
             }})
        .value();
    engine = spawn(engine::run_engine, std::move(table), options);
    run();
  }

  /// Has a job run for `client`; its number.
  core::request_id send(const probe& client, job::request what, std::chrono::nanoseconds limit = {},
                        bool from_outside = false) {
    core::run_job r;
    r.id = core::next_request_id();
    r.what = std::move(what);
    r.client = client.ptr();
    r.limit = caf::timespan{limit};
    if (from_outside)
      r.origin = std::make_shared<const core::client_info>(core::client_info{"unix", {}, {}, {}});
    auto id = r.id;
    caf::anon_send(engine, std::move(r));
    run();
    return id;
  }

  /// Runs a job to its end.
  job::reply reply_of(job::request what) {
    auto client = make_probe();
    send(client, std::move(what));
    return client->reply();
  }

  /// Starts the job `hand`, or another one that is done by hand.
  hand_job& start_by_hand(const probe& client, std::chrono::nanoseconds limit = {},
                          const char* name = "hand") {
    send(client, {name, {}, {}}, limit);
    return *started->back();
  }

  /// The fact that the engine tells about itself.
  std::string fact(std::string_view key) {
    for (auto& [name, value] : ask_now<core::facts>(engine, core::describe{}).values)
      if (name == key)
        return value;
    return {};
  }

  core::engine_actor engine;
  hand_jobs started = std::make_shared<std::vector<std::shared_ptr<hand_job>>>();
};

/// A shutdown callback that answers when it is told to.
using hook_actor = core::shutdown_hook_actor::extend<caf::reacts_to<core::done>>;

struct hook_state {
  static inline const char* name = "hook";
  hook_state() = default;
  std::vector<caf::typed_response_promise<core::done>> open;
};

inline hook_actor::behavior_type run_hook(hook_actor::stateful_pointer<hook_state> self,
                                          std::shared_ptr<int> asked) {
  return {[self, asked](core::shutting_down) -> caf::result<core::done> {
            ++*asked;
            self->state.open.push_back(self->make_response_promise<core::done>());
            return self->state.open.back();
          },
          [self](core::done) {
            for (auto& promise : self->state.open)
              promise.deliver(core::done{});
            self->state.open.clear();
          }};
}

/// A shutdown callback and how often it was called.
struct hook {
  hook_actor actor;
  std::shared_ptr<int> asked = std::make_shared<int>(0);
};

} // namespace gantry::test
