#include "tests/actors/containers/daemon_of_containers.hpp"

using namespace gantry;
using namespace gantry::containers;
using container::container_status;
using test::daemon_of_containers;
using test::subject;
using test::verb;

TEST_CASE("container actor: runs a process to its end and removes what it ran in",
          "[actors][containers][runc]") {
  subject s{{"sh", "-c", "echo hello; exit 7"}};
  daemon_of_containers d{s.place};
  d.load({s.kept});
  auto end = d.wait_for_end();
  CHECK(d.ask(verb::start) == "0");
  REQUIRE(end->wait_for("7"));
  CHECK(d.state().status == container_status::exited);
  CHECK(d.state().exit_code == 7);
  CHECK(s.log().find(R"("log":"hello\n")") != std::string::npos);
  CHECK(s.place.mounts().empty());
  CHECK_FALSE(s.place.has("containers/" + s.kept.id));
  CHECK(d.ask(verb::start) == "0");
  CHECK(d.ask(verb::stop) != "");
  CHECK(d.ask(verb::remove) == "0");
  CHECK(d.services.all->find(s.kept.id).has_error());
  CHECK_FALSE(s.place.has("data/containers/" + s.kept.id));
  auto events = d.events.texts();
  CHECK(std::vector<std::string>(events.begin(), events.begin() + 2) ==
        std::vector<std::string>{"start", "die"});
  CHECK(events.back() == "destroy");
}

TEST_CASE("container actor: stop ends it by its signal, kill at once",
          "[actors][containers][runc]") {
  subject s{{"sh", "-c", "trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done"}};
  daemon_of_containers d{s.place};
  d.load({s.kept});
  CHECK(d.ask(verb::start) == "0");
  CHECK(d.ask(verb::start) == "not_modified container is already running");
  CHECK(d.state().pid > 0);
  REQUIRE(test::eventually([&] { return s.log().find("up") != std::string::npos; }));
  CHECK(d.ask(verb::stop) == "0");
  CHECK(d.state().exit_code == 3);
  CHECK(d.ask(verb::start) == "0");
  life_request kill;
  kill.what = verb::kill;
  kill.signal = 9;
  CHECK(d.ask(std::move(kill)) == "0");
  CHECK(d.state().exit_code == 137);
}

TEST_CASE("container actor: paused and resumed, its process stands still",
          "[actors][containers][runc]") {
  subject s{{"busybox", "sleep", "100"}};
  daemon_of_containers d{s.place};
  d.load({s.kept});
  CHECK(d.ask(verb::start) == "0");
  CHECK(d.ask(verb::pause) == "0");
  CHECK(d.state().status == container_status::paused);
  CHECK(d.ask(verb::unpause) == "0");
  CHECK(d.state().status == container_status::running);
  life_request remove;
  remove.what = verb::remove;
  remove.force = true;
  CHECK(d.ask(std::move(remove)) == "0");
}

TEST_CASE("container actor: a program that is not there is the caller's error, and nothing stays",
          "[actors][containers][runc]") {
  subject s{{"/nothing"}};
  daemon_of_containers d{s.place};
  d.load({s.kept});
  auto answer = d.ask(verb::start);
  CHECK(answer.find("invalid_parameter ") == 0);
  CHECK(answer.find("no such file or directory") != std::string::npos);
  CHECK(d.state().status == container_status::created);
  CHECK(d.state().exit_code == 127);
  CHECK(s.place.mounts().empty());
  // No time-out holds its actor, which has to hear that the removal is kept before it can answer.
  CHECK(d.ask(verb::remove) == "0");
}

TEST_CASE("container actor: a daemon that comes back finds what runs, and what ended meanwhile",
          "[actors][containers][runc]") {
  subject s{{"sh", "-c", "echo up; while [ ! -e /end ]; do sleep 0.05; done; exit 5"}};
  kept_container kept = s.kept;
  {
    daemon_of_containers d{s.place};
    d.load({s.kept});
    CHECK(d.ask(verb::start) == "0");
    kept.life.state = d.state();
  }
  SECTION("it runs") {
    daemon_of_containers d{s.place};
    d.load({kept});
    auto end = d.wait_for_end();
    CHECK(d.state().status == container_status::running);
    CHECK(d.ask(verb::stop) == "0");
    CHECK(end->wait_for("137"));
  }
  SECTION("it has ended") {
    s.place.write("data/containers/" + kept.id + "/merged/end", "");
    REQUIRE(test::eventually([&] {
      return s.place.has("containers/" + kept.id + "/exit") &&
             !s.place.has("containers/" + kept.id + "/control.sock");
    }));
    daemon_of_containers d{s.place};
    d.load({kept});
    CHECK(d.events.wait_for("die"));
    REQUIRE(test::eventually([&] { return d.state().status == container_status::exited; }));
    CHECK(d.state().exit_code == 5);
    CHECK(s.place.mounts().empty());
  }
}
