#include "tests/actors/engine/engine_fixture.hpp"

#include <boost/json/value.hpp>
#include <caf/scheduler/test_coordinator.hpp>

using namespace gantry;
using namespace gantry::test;
using namespace std::chrono_literals;

namespace {

engine::job_function says(std::string text) {
  return [text](engine::job_run& run) { run.succeed(text); };
}

std::string text_of(const job::reply& r) { return std::get<std::string>(r.output); }

} // namespace

// -- the table ------------------------------------------------------------------------------------

TEST_CASE("job table: a second registration is refused and changes nothing (E4)",
          "[actors][engine]") {
  engine::job_table table;
  REQUIRE(table.add("x", says("first")).has_value());
  auto* before = table.find("x");
  auto again = table.add("x", says("second"));
  REQUIRE(again.has_error());
  CHECK(again.error() == api_error{errc::conflict, "Can't overwrite handler for command x"});
  CHECK(table.find("x") == before);
  CHECK(table.add("", says("the empty name is a name (E4)")).has_value());
}

TEST_CASE("job table: a handler that is none is refused (E4)", "[actors][engine]") {
  engine::job_table table;
  auto added = table.add("x", engine::job_handler{});
  REQUIRE(added.has_error());
  CHECK(added.error().kind == errc::invalid_parameter);
  CHECK(table.find("x") == nullptr);
}

TEST_CASE_METHOD(engine_fixture, "engine: the catch-all runs names without a handler (E5)",
                 "[actors][engine]") {
  engine::job_table table;
  table.set_catch_all([](caf::local_actor* parent, engine::job_run run) {
    auto name = run.name();
    return engine::function_job(says("caught " + name))(parent, std::move(run));
  });
  start({}, std::move(table));
  CHECK(text_of(reply_of({"anything", {}, {}})) == "caught anything");
  CHECK(text_of(reply_of({"echo", {"own"}, {}})) == "own\n");
  CHECK(reply_of({"", {}, {}}).status == job::status_not_found);
  CHECK(text_of(reply_of({"commands", {}, {}})).find("commands\n") != std::string::npos);
}

TEST_CASE_METHOD(engine_fixture, "engine: commands lists all names, itself included (E8)",
                 "[actors][engine]") {
  engine::job_table table;
  table.add("Zebra", says("")).value();
  start({}, std::move(table));
  CHECK(text_of(reply_of({"commands", {}, {}})) ==
        "Zebra\nbad_handler\ncommands\necho\nexit\nhand\nmute\nserveapi\nthrows\n");
}

TEST_CASE_METHOD(engine_fixture, "engine: builtins may bring their own commands (E3)",
                 "[actors][engine]") {
  engine::job_table table;
  table.add("commands", says("mine")).value();
  start({}, std::move(table));
  CHECK(text_of(reply_of({"commands", {}, {}})) == "mine");
}

TEST_CASE_METHOD(engine_fixture, "engine: has an id of 64 hex digits (E2)", "[actors][engine]") {
  auto id = fact("id");
  CHECK(id.size() == 64);
  CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  start({});
  CHECK(fact("id") != id);
}

// -- runs -----------------------------------------------------------------------------------------

TEST_CASE_METHOD(engine_fixture, "engine: a job sees its request and its client gets the context",
                 "[actors][engine]") {
  auto client = make_probe();
  auto context = std::make_shared<const core::client_context>();
  core::run_job r;
  r.id = 77;
  r.what = {"hand", {"a", "b"}, {{"k", "v"}}};
  r.client = client.ptr();
  r.context = context;
  r.origin = std::make_shared<const core::client_info>(core::client_info{"unix", 4, 5, {}});
  caf::anon_send(engine, r);
  run();
  auto& job = started->back()->run;
  CHECK(job.name() == "hand");
  CHECK(job.args() == std::vector<std::string>{"a", "b"});
  CHECK(job.environment().get("k") == "v");
  CHECK(job.id() == 77);
  REQUIRE(job.origin());
  CHECK(job.origin()->uid == 4u);
  CHECK(!job.finished());
  job.succeed(boost::json::value(42));
  CHECK(job.finished());
  run();
  CHECK(client->reply().status == job::status_ok);
  CHECK(client->reply().kind == errc::none);
  CHECK(std::get<boost::json::value>(client->reply().output) == 42);
  CHECK(client->done.front().id == 77);
  CHECK(client->done.front().context == context);
}

TEST_CASE_METHOD(engine_fixture, "engine: a name is looked up when the job is run (E6, K-28)",
                 "[actors][engine]") {
  // What 1.2.0 tied to the making of the job is here one step: a request knows no handler.
  job::request early{"late", {}, {}};
  CHECK(reply_of(early).status == job::status_not_found);
  engine::job_table table;
  table.add("late", says("here")).value();
  start({}, std::move(table));
  CHECK(text_of(reply_of(early)) == "here");
}

TEST_CASE_METHOD(engine_fixture, "engine: an unknown job is a command that was not found (J7)",
                 "[actors][engine]") {
  for (int i = 0; i < 2; ++i) {
    auto reply = reply_of({"nothing", {"a"}, {}});
    CHECK(reply.status == 127);
    CHECK(reply.kind == errc::not_implemented);
    CHECK(reply.error == "nothing: command not found");
  }
}

TEST_CASE_METHOD(engine_fixture, "engine: the empty name has no handler (J9)", "[actors][engine]") {
  auto reply = reply_of({"", {}, {}});
  CHECK(reply.status == 127);
  CHECK(reply.error == ": command not found");
}

TEST_CASE_METHOD(engine_fixture, "engine: every status but 0 is an error (J4)",
                 "[actors][engine]") {
  CHECK(reply_of({"exit", {"0"}, {}}).status == 0);
  CHECK(reply_of({"exit", {"1"}, {}}).status == 1);
  CHECK(reply_of({"exit", {"42"}, {}}).status == 42);
  CHECK(reply_of({"exit", {"-1"}, {}}).status == -1);
  CHECK(fact("jobs started") == "4");
  CHECK(fact("jobs failed") == "3");
}

TEST_CASE_METHOD(engine_fixture, "engine: warnings do not fail a job (J6)", "[actors][engine]") {
  auto client = make_probe();
  auto& job = start_by_hand(client);
  job::reply r;
  r.warnings = {"first", "second"};
  r.output = std::string{"id\n"};
  job.run.finish(std::move(r));
  run();
  CHECK(client->reply().status == job::status_ok);
  CHECK(client->reply().warnings == std::vector<std::string>{"first", "second"});
  CHECK(client->text() == "id\n");
}

TEST_CASE_METHOD(engine_fixture, "engine: an error keeps its whole text (K-17, J8)",
                 "[actors][engine]") {
  auto text = GENERATE(as<std::string>{}, "one\ntwo\nthree", "ends in a blank line\n\n", "");
  auto client = make_probe();
  start_by_hand(client).run.fail(errc::conflict, text);
  run();
  CHECK(client->reply().status == job::status_error);
  CHECK(client->reply().kind == errc::conflict);
  CHECK(client->reply().error == text);
}

TEST_CASE_METHOD(engine_fixture, "engine: a failure without a kind is one of the system",
                 "[actors][engine]") {
  auto client = make_probe();
  start_by_hand(client).run.fail(errc::none, "x");
  run();
  CHECK(client->reply().kind == errc::system);
}

TEST_CASE_METHOD(engine_fixture, "engine: only the first end of a job counts", "[actors][engine]") {
  auto client = make_probe();
  auto& job = start_by_hand(client);
  job.run.succeed();
  job.run.fail(errc::system, "too late");
  job.run.write(std::make_shared<const std::string>("too late"));
  run();
  CHECK(client->order == "d");
  CHECK(client->reply().status == job::status_ok);
  CHECK(fact("jobs running") == "0");
}

// -- jobs that go wrong ---------------------------------------------------------------------------

TEST_CASE_METHOD(engine_fixture, "engine: a job that throws is answered for", "[actors][engine]") {
  log_capture log;
  auto name = GENERATE("throws", "bad_handler");
  auto reply = reply_of({name, {}, {}});
  CHECK(reply.status == job::status_error);
  CHECK(reply.kind == errc::system);
  CHECK(reply.error == std::string{name} + ": the job ended without an answer");
  CHECK(log.has(" threw"));
  CHECK(fact("jobs running") == "0");
  CHECK(text_of(reply_of({"echo", {"alive"}, {}})) == "alive\n");
}

TEST_CASE_METHOD(engine_fixture, "engine: a job that ends without an answer is answered for",
                 "[actors][engine]") {
  CHECK(reply_of({"mute", {}, {}}).error == "mute: the job ended without an answer");
  CHECK(fact("jobs running") == "0");
}

TEST_CASE_METHOD(engine_fixture, "engine: a job that is dropped after a while is answered for",
                 "[actors][engine]") {
  auto client = make_probe();
  auto& job = start_by_hand(client);
  CHECK(client->done.empty());
  job.run = {};
  run();
  CHECK(client->reply().error == "hand: the job ended without an answer");
  CHECK(fact("jobs running") == "0");
}

TEST_CASE_METHOD(engine_fixture, "engine: a late job is asked to end and may still answer (J10)",
                 "[actors][engine]") {
  auto client = make_probe();
  auto& job = start_by_hand(client, 10s);
  advance_time(9s);
  CHECK(job.cancels.empty());
  advance_time(2s);
  CHECK(job.cancels == std::vector<std::string>{"no answer within 10s"});
  job.run.fail(errc::unavailable, "the volume did not answer");
  run();
  CHECK(client->reply().error == "the volume did not answer");
  advance_time(10s);
  CHECK(client->done.size() == 1);
  CHECK(!scheduler().has_pending_timeout()); // nothing ticks without a deadline
}

TEST_CASE_METHOD(engine_fixture, "engine: a job that never answers is answered for (J10)",
                 "[actors][engine]") {
  log_capture log;
  auto client = make_probe();
  auto& job = start_by_hand(client, 1500ms);
  advance_time(1500ms + std::chrono::nanoseconds{limits::job_cancel_grace});
  CHECK(client->done.empty());
  advance_time(limits::job_sweep);
  CHECK(client->reply().status == job::status_error);
  CHECK(client->reply().kind == errc::system);
  CHECK(client->reply().error ==
        "hand(): no answer within 1.5s; the job was asked to end and did not");
  CHECK(log.has("error hand(): no answer within 1.5s"));
  CHECK(job.cancels.size() == 1);
  advance_time(10s);
  CHECK(client->done.size() == 1);
  CHECK(fact("jobs running") == "1"); // it is still there, and the list says so
}

TEST_CASE_METHOD(engine_fixture, "engine: a job without a limit may take its time",
                 "[actors][engine]") {
  auto client = make_probe();
  auto& job = start_by_hand(client);
  advance_time(10min);
  CHECK(job.cancels.empty());
  CHECK(client->done.empty());
}

TEST_CASE_METHOD(engine_fixture, "engine: a job whose client left is asked to end (J10)",
                 "[actors][engine]") {
  auto client = make_probe();
  auto id = send(client, {"hand", {}, {}});
  caf::anon_send(engine, core::cancel_job{id});
  caf::anon_send(engine, core::cancel_job{id + 1000});
  run();
  CHECK(started->back()->cancels == std::vector<std::string>{"the client has left"});
  started->back()->run.succeed();
  caf::anon_send(engine, core::cancel_job{id});
  run();
  CHECK(fact("jobs running") == "0");
}

TEST_CASE_METHOD(engine_fixture, "engine: the end of the engine ends its jobs",
                 "[actors][engine]") {
  auto client = make_probe();
  auto& job = start_by_hand(client);
  auto waiting = shut_down();
  CHECK(!waiting->has_value());
  kill(engine);
  CHECK(job.cancels == std::vector<std::string>{"the daemon shuts down", "the engine has ended"});
  CHECK_FALSE(job.ended);
  CHECK(waiting->has_value());
}

TEST_CASE_METHOD(engine_fixture, "engine: jobs that did not end in their time end with the engine",
                 "[actors][engine]") {
  auto client = make_probe();
  auto& job = start_by_hand(client);
  auto& serveapi = start_by_hand(client, {}, "serveapi");
  auto waiting = shut_down();
  advance_time(std::chrono::nanoseconds{limits::shutdown_jobs});
  run();
  CHECK(waiting->has_value());
  CHECK_FALSE(job.ended);
  kill(engine);
  CHECK(job.ended);
  CHECK(serveapi.cancels == std::vector<std::string>{"the engine has ended"}); // closes what it has
}

// -- refusals -------------------------------------------------------------------------------------

TEST_CASE_METHOD(engine_fixture, "engine: more jobs than allowed are refused", "[actors][engine]") {
  engine::engine_options options;
  options.max_running = 2;
  start(options);
  auto a = make_probe();
  auto b = make_probe();
  auto& first = start_by_hand(a);
  start_by_hand(b);
  auto refused = reply_of({"echo", {}, {}});
  CHECK(refused.status == job::status_error);
  CHECK(refused.kind == errc::unavailable);
  CHECK(refused.error == "echo: too many jobs are running (2); try again later");
  first.run.succeed();
  run();
  CHECK(reply_of({"echo", {}, {}}).status == job::status_ok);
}

TEST_CASE_METHOD(engine_fixture, "engine: a number that runs already is refused",
                 "[actors][engine]") {
  auto a = make_probe();
  auto b = make_probe();
  core::run_job r;
  r.id = 5;
  r.what.name = "hand";
  r.client = a.ptr();
  caf::anon_send(engine, r);
  r.client = b.ptr();
  caf::anon_send(engine, r);
  run();
  CHECK(b->reply().kind == errc::conflict);
  CHECK(b->reply().error == "hand: a job with the same number is running");
  CHECK(a->done.empty());
  CHECK(started->size() == 1);
  started->back()->run.succeed();
  run();
  CHECK(a->reply().status == job::status_ok);
  r.client = b.ptr();
  caf::anon_send(engine, r);
  run();
  CHECK(started->size() == 2); // the number is free again
}

TEST_CASE_METHOD(engine_fixture, "engine: a job without a client runs all the same",
                 "[actors][engine]") {
  core::run_job r;
  r.id = core::next_request_id();
  r.what.name = "hand";
  caf::anon_send(engine, r);
  run();
  auto& job = *started->back();
  job.run.begin_stream(job.ptr(), "text/plain");
  for (int i = 0; i < 3; ++i)
    job.run.write(std::make_shared<const std::string>(limits::stream_window, 'x'));
  CHECK(job.run.credit() > 0); // into nothing it flows freely
  job.run.succeed();
  run();
  CHECK(fact("jobs running") == "0");
}

// -- the list and the log -------------------------------------------------------------------------

TEST_CASE_METHOD(engine_fixture, "engine: lists the running jobs, oldest first",
                 "[actors][engine]") {
  auto client = make_probe();
  auto first = send(client, {"hand", {"a", "b"}, {}});
  advance_time(3s);
  auto second = send(client, {"hand", {}, {}}, {}, true);
  auto list = ask_now<std::vector<core::running_job>>(engine, core::list_jobs{});
  REQUIRE(list.size() == 2);
  CHECK(list[0].id == first);
  CHECK(list[0].call == "hand(a, b)");
  CHECK(list[0].client == "daemon");
  CHECK(list[0].age == caf::timespan{3s});
  CHECK(list[0].actor == (*started)[0]->actor.id());
  CHECK(list[1].id == second);
  CHECK(list[1].call == "hand()");
  CHECK(list[1].client == "unix");
}

TEST_CASE_METHOD(engine_fixture, "engine: logs the beginning and the end of a job (L1, L2, L3)",
                 "[actors][engine]") {
  auto id8 = "[" + fact("id").substr(0, 8) + "] ";
  log_capture log;
  reply_of({"echo", {"a", "b c"}, {}});
  reply_of({"exit", {"42"}, {}});
  reply_of({"nothing", {"x"}, {}});
  CHECK(log.lines ==
        std::vector<std::string>{
            "info " + id8 + "+job echo(a, b c)", "info " + id8 + "-job echo(a, b c) = OK (0)",
            "info " + id8 + "+job exit(42)", "info " + id8 + "-job exit(42) = ERR (42)",
            "info " + id8 + "+job nothing(x)",
            "info " + id8 + "-job nothing(x)", // J7: no status
        });
}

TEST_CASE_METHOD(engine_fixture, "engine: jobs of clients are logged for debugging only (L3)",
                 "[actors][engine]") {
  auto id8 = "[" + fact("id").substr(0, 8) + "] ";
  auto client = make_probe();
  {
    log_capture log;
    send(client, {"echo", {}, {}}, {}, true);
    CHECK(log.lines.empty());
  }
  log_capture log{log::level::debug};
  send(client, {"echo", {}, {}}, {}, true);
  CHECK(log.lines == std::vector<std::string>{"debug " + id8 + "+job echo()",
                                              "debug " + id8 + "-job echo() = OK (0)"});
}

TEST_CASE_METHOD(engine_fixture, "engine: without logging there are no job lines (L1)",
                 "[actors][engine]") {
  engine::engine_options options;
  options.log_jobs = false;
  start(options);
  log_capture log;
  reply_of({"echo", {}, {}});
  reply_of({"nothing", {}, {}});
  CHECK(log.lines.empty());
}
