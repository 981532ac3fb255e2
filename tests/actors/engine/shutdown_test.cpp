#include "tests/actors/engine/engine_fixture.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

using namespace gantry;
using namespace gantry::test;
using namespace std::chrono_literals;

namespace {

/// A shutdown callback that answers when it is told to.
using hook_actor = core::shutdown_hook_actor::extend<caf::reacts_to<core::done>>;

struct hook_state {
  static inline const char* name = "hook";
  hook_state() = default;
  std::vector<caf::typed_response_promise<core::done>> open;
};

hook_actor::behavior_type run_hook(hook_actor::stateful_pointer<hook_state> self,
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

class shutdown_fixture : public engine_fixture {
public:
  hook add_hook(const char* name = "hook") {
    hook h;
    h.actor = spawn(run_hook, h.asked);
    ask_now<core::done>(engine, core::on_shutdown{name, h.actor});
    return h;
  }

  /// The hook has done what it had to.
  void finish(const hook& h) {
    REQUIRE(*h.asked == 1);
    caf::anon_send(h.actor, core::done{});
    run();
  }

  std::string phase() { return fact("phase"); }
};

} // namespace

TEST_CASE_METHOD(shutdown_fixture, "shutdown: without jobs and callbacks it is over at once",
                 "[actors][engine]") {
  CHECK(phase() == "running");
  CHECK(shut_down()->has_value());
  CHECK(phase() == "shut down");
  CHECK(shut_down()->has_value()); // and again
}

TEST_CASE_METHOD(shutdown_fixture,
                 "shutdown: jobs are refused from its beginning on, for ever (S4)",
                 "[actors][engine]") {
  auto client = make_probe();
  auto& job = start_by_hand(client, 60s);
  log_capture log;
  auto over = shut_down();
  auto refused = reply_of({"echo", {}, {}});
  CHECK(refused.status == job::status_error);
  CHECK(refused.kind == errc::unavailable);
  CHECK(refused.error == "engine is shutdown");
  CHECK(log.lines.empty()); // clause 1.3, step 1
  job.run.succeed();
  run();
  CHECK(over->has_value());
  CHECK(reply_of({"echo", {}, {}}).error == "engine is shutdown");
  CHECK(reply_of({"nothing", {}, {}}).error == "engine is shutdown");
}

TEST_CASE_METHOD(shutdown_fixture, "shutdown: running jobs may end before the callbacks (S3)",
                 "[actors][engine]") {
  auto h = add_hook();
  auto client = make_probe();
  auto& job = start_by_hand(client, 60s);
  auto over = shut_down();
  advance_time(4s);
  CHECK(phase() == "ending jobs");
  CHECK(*h.asked == 0);
  CHECK(job.cancels.empty()); // finite: it gets its time
  job.run.succeed();
  run();
  CHECK(client->reply().status == job::status_ok);
  CHECK(phase() == "running callbacks");
  CHECK(!over->has_value());
  finish(h);
  CHECK(over->has_value());
}

TEST_CASE_METHOD(shutdown_fixture, "shutdown: jobs without a deadline are told to end (S3)",
                 "[actors][engine]") {
  auto client = make_probe();
  auto& job = start_by_hand(client);
  auto over = shut_down();
  CHECK(job.cancels == std::vector<std::string>{"the daemon shuts down"});
  CHECK(!over->has_value());
  job.run.succeed();
  run();
  CHECK(over->has_value());
}

TEST_CASE_METHOD(shutdown_fixture, "shutdown: waits 5 s for jobs and 10 s for callbacks (S3)",
                 "[actors][engine]") {
  log_capture log;
  auto h = add_hook("containers");
  auto client = make_probe();
  auto& job = start_by_hand(client, 60s);
  auto over = shut_down();
  advance_time(4500ms);
  CHECK(*h.asked == 0);
  advance_time(500ms);
  CHECK(*h.asked == 1);
  CHECK(log.has("warning shutdown does not wait any longer for job hand()"));
  advance_time(9500ms);
  CHECK(!over->has_value());
  advance_time(500ms);
  CHECK(over->has_value());
  CHECK(log.has("warning shutdown callback containers failed"));
  job.run.succeed(); // a late end disturbs nothing
  caf::anon_send(h.actor, core::done{});
  run();
  CHECK(phase() == "shut down");
  CHECK(client->reply().status == job::status_ok);
}

TEST_CASE_METHOD(shutdown_fixture, "shutdown: all callbacks run at the same time (S3)",
                 "[actors][engine]") {
  auto a = add_hook();
  auto b = add_hook();
  auto c = add_hook();
  auto over = shut_down();
  CHECK(*a.asked == 1);
  CHECK(*b.asked == 1);
  CHECK(*c.asked == 1);
  finish(c);
  finish(a);
  CHECK(!over->has_value());
  finish(b);
  CHECK(over->has_value());
}

TEST_CASE_METHOD(shutdown_fixture, "shutdown: a callback that is dead is not waited for",
                 "[actors][engine]") {
  log_capture log;
  auto h = add_hook("gone");
  kill(h.actor);
  CHECK(shut_down()->has_value());
  CHECK(log.has("warning shutdown callback gone failed"));
}

TEST_CASE_METHOD(shutdown_fixture, "shutdown: a second caller waits as well (S2, K-28)",
                 "[actors][engine]") {
  auto h = add_hook();
  auto client = make_probe();
  auto& job = start_by_hand(client, 60s);
  auto first = shut_down();
  auto second = shut_down();
  CHECK(!second->has_value());
  job.run.succeed();
  run();
  auto third = shut_down();
  CHECK((!first->has_value() && !second->has_value() && !third->has_value()));
  finish(h);
  CHECK((first->has_value() && second->has_value() && third->has_value()));
  CHECK(*h.asked == 1);
}

TEST_CASE_METHOD(shutdown_fixture, "shutdown: a callback that comes too late is refused (S1)",
                 "[actors][engine]") {
  shut_down();
  hook late;
  late.actor = spawn(run_hook, late.asked);
  auto error = std::make_shared<api_error>();
  track(sys.spawn(
      [error](caf::event_based_actor* self, core::engine_actor to, core::on_shutdown what) {
        self->request(to, caf::infinite, std::move(what))
            .then([](core::done) {}, [error](const caf::error& e) { *error = from_caf(e); });
      },
      engine, core::on_shutdown{"late", late.actor}));
  run();
  CHECK(*error == api_error{errc::unavailable, "engine is shutdown"});
}

TEST_CASE_METHOD(shutdown_fixture, "shutdown: does not wait for serveapi (A4)",
                 "[actors][engine]") {
  auto client = make_probe();
  auto& job = start_by_hand(client, {}, "serveapi");
  CHECK(shut_down()->has_value());
  CHECK(job.cancels.empty()); // whoever asked for the shutdown ends it
  CHECK(client->done.empty());
  CHECK(fact("jobs running") == "1");
}

TEST_CASE_METHOD(shutdown_fixture, "shutdown: a late job is still answered for meanwhile (J10)",
                 "[actors][engine]") {
  auto client = make_probe();
  start_by_hand(client, 1s);
  auto over = shut_down();
  advance_time(4s);
  CHECK(client->reply().status == job::status_error);
  CHECK(!over->has_value());
  advance_time(1s);
  CHECK(over->has_value());
}
