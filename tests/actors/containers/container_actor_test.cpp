#include "tests/actors/containers/daemon_of_containers.hpp"
#include "tests/actors/containers/live_fixture.hpp"

#include <fstream>

using namespace gantry;
using namespace gantry::containers;
using container::container_status;
using test::daemon_of_containers;
using test::heard;
using test::subject;
using test::verb;

namespace {

/// What stands in a file of the control group of a process, of either version.
std::string cgroup_value(std::int64_t pid, const std::string& controller, const std::string& file) {
  std::ifstream groups{"/proc/" + std::to_string(pid) + "/cgroup"};
  std::string directory;
  for (std::string line; std::getline(groups, line);) {
    if (line.find(":" + controller + ":") != std::string::npos)
      directory = "/sys/fs/cgroup/" + controller + line.substr(line.rfind(':') + 1);
    else if (line.starts_with("0::") && directory.empty())
      directory = "/sys/fs/cgroup" + line.substr(3);
  }
  std::ifstream in{directory + "/" + file};
  std::string value;
  in >> value;
  return value;
}

} // namespace

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

TEST_CASE("container actor: tells when it comes to its networks and goes",
          "[actors][containers][runc]") {
  subject s{{"sh", "-c", "exit 0"}};
  daemon_of_containers d{s.place};
  d.services.networks->set(network::predefined_networks("an-engine", {}));
  d.load({s.kept});
  auto endpoint = [&] {
    return d.services.all->find(s.kept.id).value()->view.network.networks.at("none");
  };
  CHECK(endpoint().network_id == "");
  auto end = d.wait_for_end();
  CHECK(d.ask(verb::start) == "0");
  REQUIRE(end->wait_for("0"));
  REQUIRE(d.events.wait_for("disconnect"));
  CHECK(d.events.texts() == std::vector<std::string>{"connect", "start", "die", "disconnect"});
  CHECK(endpoint().network_id == d.services.networks->named("none").id);
  CHECK(endpoint().endpoint_id == "");
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

TEST_CASE("container actor: limits of what runs are changed by the runtime",
          "[actors][containers][runc]") {
  subject s{{"busybox", "sleep", "100"}};
  daemon_of_containers d{s.place};
  d.load({s.kept});
  CHECK(d.ask(verb::start) == "0");
  const auto update = [&d](std::int64_t pids) {
    auto what = std::make_shared<update_container>();
    what->what.resources.pids_limit = pids;
    test::answer<result<void>> told;
    what->answer = outcome<void>{"the container", told.teller()};
    core::tell(d.services.all->actor_of(d.id), std::move(what));
    return told.get();
  };
  const auto pid = d.state().pid;
  CHECK(update(77).has_value());
  CHECK(cgroup_value(pid, "pids", "pids.max") == "77");
  CHECK(d.services.all->find(d.id).value()->view.host_config->resources.pids_limit == 77);
  CHECK(d.events.texts().back() == "update");
  CHECK(d.ask(verb::kill) == "0");
  CHECK(update(5).has_value()); // for its next start
  CHECK(d.services.all->find(d.id).value()->view.host_config->resources.pids_limit == 5);
}

TEST_CASE("container actor: when the daemon ends it is stopped, or left to the next one",
          "[actors][containers][runc]") {
  subject s{{"sh", "-c", "trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done"}};
  auto d = std::make_unique<daemon_of_containers>(s.place);
  d->load({s.kept});
  CHECK(d->ask(verb::start) == "0");
  const auto pid = static_cast<int>(d->state().pid);
  SECTION("stopped") {
    REQUIRE(test::eventually([&] { return s.log().find("up") != std::string::npos; }));
    heard done;
    caf::anon_send(d->manager,
                   end_containers{std::chrono::seconds{0}, [&done] { done.add("done"); }});
    REQUIRE(done.wait_for("done"));
    CHECK_FALSE(test::is_alive(pid));
    CHECK(d->events.texts().back() == "stop");
    CHECK(s.place.mounts().empty());
  }
  SECTION("left") {
    auto kept = s.kept;
    kept.life.state = d->state();
    d.reset();
    CHECK(test::is_alive(pid));
    d = std::make_unique<daemon_of_containers>(s.place);
    d->load({kept});
    CHECK(d->ask(verb::kill) == "0");
  }
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
