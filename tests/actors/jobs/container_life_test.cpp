#include "tests/actors/jobs/container_job_fixture.hpp"

using namespace gantry;
using container::container_status;
using containers::life_request_ptr;
using test::container_job_fixture;
using test::id_a;

namespace {

/// Answers every request with that.
auto answer_with(api_error why) {
  return [why](const life_request_ptr& r) { r->answer.tell(why); };
}

} // namespace

TEST_CASE_METHOD(container_job_fixture, "container jobs: hand on what they were asked",
                 "[actors][containers]") {
  setup.start.runtime_deadline = std::chrono::seconds{30};
  auto view = container::make_view('a', "web");
  auto config = *view.config;
  config.stop_timeout = 7;
  view.config = std::make_shared<const container::container_config>(std::move(config));
  auto web = add(std::move(view));
  struct row {
    const char* job;
    job::env environment;
    const char* asked;
  };
  const row rows[] = {
      {"container_start", {}, "start limit=100s"},
      {"container_stop", {}, "stop limit=32s"},
      {"container_stop", {{"t", "3"}, {"signal", "INT"}}, "stop signal=2 timeout=3 limit=28s"},
      {"container_stop", {{"t", "-5"}}, "stop timeout=-1"},
      {"container_stop", {{"t", "99999999999"}}, "stop timeout=31536000"},
      {"container_restart", {{"t", "0"}}, "restart timeout=0 limit=125s"},
      {"container_kill", {}, "kill limit=15s"},
      {"container_kill", {{"signal", "sigusr1"}}, "kill signal=10 limit=15s"},
      {"container_pause", {}, "pause limit=15s"},
      {"container_unpause", {}, "unpause limit=15s"},
      {"container_remove", {}, "remove limit=15s"},
      {"container_remove", {{"force", "1"}, {"v", "1"}}, "remove force volumes limit=30s"},
      {"container_wait", {}, "wait 0"},
      {"container_wait", {{"condition", "next-exit"}}, "wait 1"},
      {"container_wait", {{"condition", "removed"}}, "wait 2"},
  };
  for (const auto& r : rows) {
    INFO(r.asked);
    CHECK(outcome(r.job, {"web"}, r.environment) == "ok");
    CHECK(asked_of(*web) == std::vector<std::string>{r.asked});
  }
}

TEST_CASE_METHOD(container_job_fixture, "container jobs: what is not there has dockerd's words",
                 "[actors][containers]") {
  for (auto job : {"container_start", "container_stop", "container_restart", "container_pause",
                   "container_unpause", "container_remove", "container_wait"}) {
    CAPTURE(job);
    CHECK(outcome(job, {"web"}) == "not_found: No such container: web");
    CHECK(outcome(job) == std::string{"invalid_parameter: usage: "} + job + " NAME");
  }
  CHECK(outcome("container_kill", {"web"}) ==
        "not_found: cannot kill container: web: No such container: web");
  CHECK(outcome("container_wait", {"web"}, {{"shape", "1.2"}}) ==
        "system: wait: no such container: web");
}

TEST_CASE_METHOD(container_job_fixture, "container jobs: what is malformed is not handed on",
                 "[actors][containers]") {
  auto web = add('a', "web");
  job::env signal{{"signal", "FOO"}};
  CHECK(outcome("container_kill", {"web"}, signal) ==
        "invalid_parameter: cannot kill container: web: invalid signal: FOO");
  CHECK(outcome("container_kill", {"nosuch"}, signal) ==
        "invalid_parameter: cannot kill container: nosuch: invalid signal: FOO");
  CHECK(outcome("container_stop", {"web"}, signal) ==
        "system: cannot stop container: web: invalid signal: FOO");
  CHECK(outcome("container_wait", {"web"}, {{"condition", "x"}}) ==
        "invalid_parameter: invalid condition: \"x\"");
  CHECK(outcome("container_remove", {"web"}, {{"link", "1"}}) ==
        "system: Conflict, cannot remove the default link name of the container");
  CHECK(asked_of(*web).empty());
}

TEST_CASE_METHOD(container_job_fixture, "container jobs: failures have their words before them",
                 "[actors][containers]") {
  auto web = add('a', "web");
  struct row {
    const char* job;
    api_error why;
    std::string expected;
  };
  const row rows[] = {
      {"container_start",
       {errc::invalid_parameter, "exec: no such file"},
       "invalid_parameter: exec: no such file"},
      {"container_start", {errc::not_modified, "it runs"}, "not_modified: it runs"},
      {"container_stop", {errc::not_modified, "it does not run"}, "not_modified: it does not run"},
      {"container_stop", {errc::conflict, "why"}, "system: cannot stop container: web: why"},
      {"container_stop",
       {errc::unavailable, "late"},
       "unavailable: cannot stop container: web: late"},
      {"container_restart", {errc::conflict, "why"}, "system: Cannot restart container web: why"},
      {"container_kill",
       {errc::conflict, "container x is not running"},
       "conflict: cannot kill container: web: container x is not running"},
      {"container_pause",
       {errc::conflict, "container x is not running"},
       "conflict: container x is not running"},
      {"container_pause",
       {errc::system, "freezer"},
       "system: cannot pause container " + id_a + ": freezer"},
      {"container_unpause",
       {errc::system, "Container " + id_a + " is not paused"},
       "system: Container " + id_a + " is not paused"},
      {"container_unpause",
       {errc::system, "freezer"},
       "system: Cannot unpause container " + id_a + ": freezer"},
      {"container_remove",
       {errc::conflict, "container is running: stop the container before removing or force remove"},
       "conflict: cannot remove container \"/web\": container is running: stop the container "
       "before removing or force remove"},
      {"container_remove",
       {errc::conflict, "removal of container " + id_a + " is already in progress"},
       "conflict: removal of container web is already in progress"},
      {"container_wait", {errc::unavailable, "the daemon ends"}, "unavailable: the daemon ends"},
  };
  for (const auto& r : rows) {
    INFO(r.expected);
    web->life = answer_with(r.why);
    CHECK(outcome(r.job, {"web"}) == r.expected);
  }
}

TEST_CASE_METHOD(container_job_fixture, "container jobs: a request that is dropped is answered",
                 "[actors][containers]") {
  auto web = add('a', "web");
  web->life = [](const life_request_ptr&) {};
  CHECK(outcome("container_start", {"web"}) == "unavailable: container " + id_a + " has ended");
  web->life = [this](const life_request_ptr&) { given.all->remove(id_a); };
  CHECK(outcome("container_remove", {"web"}) == "not_found: No such container: web");
}

TEST_CASE_METHOD(container_job_fixture, "container jobs: a container without an actor has gone",
                 "[actors][containers]") {
  add('a', "web");
  kill(id_a);
  CHECK(outcome("container_stop", {"web"}) ==
        "unavailable: cannot stop container: web: container " + id_a + " has ended");
}

TEST_CASE_METHOD(container_job_fixture, "container jobs: a cancelled job abandons its request",
                 "[actors][containers]") {
  auto web = add('a', "web");
  std::promise<life_request_ptr> asked;
  web->life = [&asked](const life_request_ptr& r) { asked.set_value(r); };
  const auto id = core::next_request_id();
  auto answer = start({"container_wait", {"web"}, {}}, id);
  auto request = asked.get_future().get();
  caf::anon_send(engine, core::cancel_job{id});
  auto reply = wait(std::move(answer));
  CHECK(reply.kind == errc::unavailable);
  CHECK(reply.error.starts_with("container_wait: "));
  // Requests of one kind come in order: what comes now comes after the other.
  web->life = answer_with({errc::conflict, "x"});
  CHECK(outcome("container_pause", {"web"}) == "conflict: x");
  CHECK(asked_of(*web) == std::vector<std::string>{"wait 0", "abandon wait 0", "pause limit=15s"});
}

TEST_CASE_METHOD(container_job_fixture, "container wait: its answer begins when it is registered",
                 "[actors][containers]") {
  auto web = add('a', "web");
  std::promise<life_request_ptr> asked;
  web->life = [&asked](const life_request_ptr& r) { asked.set_value(r); };
  auto client = std::make_shared<test::stream_client>();
  stream({"container_wait", {"web"}, {{"early", "1"}}}, client);
  auto request = asked.get_future().get();
  request->registered();
  client->wait([&] { return !client->content_type.empty(); });
  CHECK(client->content_type == "application/json");
  CHECK(client->output.empty());
  SECTION("the container ends") {
    request->answer.tell(137);
    client->wait_for_end();
    CHECK(client->output == "{\"StatusCode\":137}\n");
  }
  SECTION("the daemon ends") {
    request->answer.tell(api_error{errc::unavailable, "the daemon ends"});
    client->wait_for_end();
    CHECK(client->output == "{\"StatusCode\":-1,\"Error\":{\"Message\":\"the daemon ends\"}}\n");
  }
  CHECK(client->reply->status == job::status_ok);
}

TEST_CASE_METHOD(container_job_fixture, "container wait: old clients get one value",
                 "[actors][containers]") {
  auto web = add('a', "web");
  web->life = [](const life_request_ptr& r) { r->answer.tell(3); };
  CHECK(value("container_wait", {"web"}) == boost::json::value{{"StatusCode", 3}});
}

TEST_CASE_METHOD(container_job_fixture, "container wait: an error comes before anything is sent",
                 "[actors][containers]") {
  auto client = std::make_shared<test::stream_client>();
  stream({"container_wait", {"web"}, {{"early", "1"}}}, client);
  client->wait_for_end();
  CHECK(client->content_type.empty());
  CHECK(client->reply->error == "No such container: web");
}
