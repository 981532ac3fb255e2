#include "tests/actors/engine/engine_fixture.hpp"

#include "actors/runtime/actor.hpp"

#include <stdexcept>
#include <utility>

namespace gantry::test {

namespace {

struct hand_job_state {
  static inline const char* name = "hand-job";
  hand_job_state() = default;
  ~hand_job_state() { job->ended = true; }

  std::shared_ptr<hand_job> job;
};

core::job_actor::behavior_type run_hand_job(core::job_actor::stateful_pointer<hand_job_state> self,
                                            std::shared_ptr<hand_job> job) {
  self->state.job = job;
  return {[job](const core::job_cancel& c) { job->cancels.push_back(c.reason); },
          [job](const core::job_credit& c) { job->run.grant(c.bytes); },
          [job](core::job_input& i) { job->inputs.push_back(std::move(i)); },
          [job](core::job_socket& s) { job->sockets.push_back(std::move(s)); },
          [](core::describe) { return core::facts{}; }};
}

/// `echo`: its arguments, a line each.
void echo(engine::job_run& run) {
  std::string text;
  for (auto& a : run.args())
    text += a + "\n";
  run.succeed(text);
}

/// `exit STATUS [ERROR]`
void exit_with(engine::job_run& run) {
  job::reply r;
  r.status = std::stoi(run.args().at(0));
  r.kind = r.status == 0 ? errc::none : errc::system;
  if (run.args().size() > 1)
    r.error = run.args()[1];
  run.finish(std::move(r));
}

} // namespace

caf::strong_actor_ptr hand_job::ptr() const { return core::to_ptr(actor); }

engine::job_handler hand_handler(const hand_jobs& started) {
  return [started](caf::local_actor* parent, engine::job_run run) -> core::job_actor {
    auto job = std::make_shared<hand_job>();
    job->run = std::move(run);
    job->actor = runtime::spawn(parent, run_hand_job, job);
    started->push_back(job);
    return job->actor;
  };
}

log_capture::log_capture(log::level least) {
  lines.clear();
  log::set_level(least);
  log::set_sink([](const log::record& r) noexcept {
    lines.push_back(std::string{log::to_string(r.severity)} + " " + std::string{r.text});
  });
}

log_capture::~log_capture() {
  log::set_sink(nullptr);
  log::set_level(log::level::info);
}

bool log_capture::has(std::string_view text) {
  for (auto& line : lines)
    if (line.find(text) != std::string::npos)
      return true;
  return false;
}

engine_fixture::engine_fixture() { start({}); }

engine_fixture::~engine_fixture() {
  // A run that is still open would speak to an engine that is no more.
  for (auto& job : *started) {
    track(job->actor);
    job->run = {};
    job->actor = nullptr;
  }
}

void engine_fixture::start(engine::engine_options options, engine::job_table table) {
  table.add("hand", hand_handler(started)).value();
  table.add("serveapi", hand_handler(started)).value();
  table.add("echo", engine::job_function{echo}).value();
  table.add("exit", engine::job_function{exit_with}).value();
  table
      .add("throws",
           engine::job_function{[](engine::job_run&) { throw std::runtime_error("out of luck"); }})
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

core::request_id engine_fixture::send(const probe& client, job::request what,
                                      std::chrono::nanoseconds limit, bool from_outside) {
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

job::reply engine_fixture::reply_of(job::request what) {
  auto client = make_probe();
  send(client, std::move(what));
  return client->reply();
}

hand_job& engine_fixture::start_by_hand(const probe& client, std::chrono::nanoseconds limit,
                                        const char* name) {
  send(client, {name, {}, {}}, limit);
  return *started->back();
}

std::shared_ptr<std::optional<core::done>> engine_fixture::shut_down() {
  auto answer = ask<core::done>(engine, core::shutdown_engine{});
  run();
  return answer;
}

std::string engine_fixture::fact(std::string_view key) {
  const auto facts = facts_of(engine);
  REQUIRE(facts);
  for (auto& [name, value] : facts->values)
    if (name == key)
      return value;
  return {};
}

} // namespace gantry::test
