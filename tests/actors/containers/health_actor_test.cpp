// Health checks of a container that runs for real, with monitors and a runtime.
#include "actors/containers/health_actor.hpp"

#include "actors/containers/exec_actor.hpp"
#include "actors/containers/exec_paths.hpp"
#include "tests/actors/containers/daemon_of_containers.hpp"

using namespace gantry;
using namespace gantry::containers;
using namespace std::chrono_literals;
using container::health_view;
using test::daemon_of_containers;
using test::eventually;
using test::subject;
using test::verb;

namespace {

/// A container that sleeps and is probed.
struct probed_container {
  explicit probed_container(const std::string& script, std::int64_t retries = 1,
                            std::chrono::nanoseconds timeout = 30s) {
    auto& check = s.kept.definition.config.healthcheck.emplace();
    check.test = {{"CMD-SHELL", script}};
    check.interval = std::chrono::nanoseconds{50ms}.count();
    check.timeout = timeout.count();
    check.retries = retries;
  }
  oci::healthcheck& check() { return *s.kept.definition.config.healthcheck; }

  /// A daemon with the container as it is kept.
  void begin() {
    daemon = std::make_unique<daemon_of_containers>(s.place);
    daemon->load({s.kept});
    recover_execs_blocking(daemon->services);
  }
  void start() {
    if (!daemon)
      begin();
    REQUIRE(daemon->ask(verb::start) == "0");
  }
  /// Ends the daemon, though nothing that runs.
  void end() {
    s.kept.life.state = daemon->state();
    end_execs(daemon->services);
    daemon.reset();
  }
  ~probed_container() {
    if (!daemon)
      return;
    life_request remove;
    remove.what = verb::remove;
    remove.force = true;
    CHECK(daemon->ask(std::move(remove)) == "0");
    CHECK(eventually([&] { return execs_on_disk() == 0; }));
  }

  health_view health() const { return daemon->state().health.value(); }
  bool becomes(const std::string& status) const {
    return eventually([&] { return health().status == status; });
  }
  /// True once there was such a result.
  bool finds(std::int64_t code, const std::string& output) const {
    return eventually([&] {
      for (const auto& r : health().log)
        if (r.exit_code == code && r.output == output)
          return true;
      return false;
    });
  }
  void write(const std::string& name) {
    s.place.write("data/containers/" + s.kept.id + "/merged/" + name, "");
  }
  std::vector<std::string> execs() const { return daemon->services.execs->open_in(s.kept.id); }
  std::size_t execs_on_disk() const {
    std::size_t found = 0;
    const auto place = exec_paths::all(s.place.path());
    if (!std::filesystem::exists(place))
      return 0;
    for (const auto& each : std::filesystem::directory_iterator{place})
      found += each.is_directory() ? 1 : 0;
    return found;
  }
  /// Of the present probe.
  std::int64_t pid() const {
    std::int64_t found = 0;
    REQUIRE(eventually([&] {
      for (const auto& id : execs())
        if (auto exec = daemon->services.execs->find(id))
          found = exec->moment->pid;
      return found != 0;
    }));
    return found;
  }

  subject s{{"busybox", "sleep", "1000"}};
  std::unique_ptr<daemon_of_containers> daemon;
};

} // namespace

TEST_CASE("health check: a container becomes healthy, and not any more",
          "[actors][containers][runc]") {
  probed_container c{"echo out; echo err >&2; test -e /ok", 2};
  c.start();
  CHECK(c.health() == health_view{"starting", 0, {}});
  REQUIRE(c.daemon->events.wait_for("health_status: unhealthy"));
  CHECK(c.health().failing_streak >= 2);
  CHECK(c.health().log.front().exit_code == 1);
  CHECK(c.health().log.front().output.size() == 8); // of two pipes, in any order
  CHECK(c.health().log.front().start < c.health().log.front().end);
  c.write("ok");
  REQUIRE(c.daemon->events.wait_for("health_status: healthy"));
  CHECK(c.health().status == "healthy");
  CHECK(c.health().failing_streak == 0);
  CHECK(c.health().log.back().exit_code == 0);
  const auto events = c.daemon->events.texts();
  const std::string command = "/bin/sh -c echo out; echo err >&2; test -e /ok";
  CHECK(std::vector<std::string>(events.begin(), events.begin() + 4) ==
        std::vector<std::string>{"start", "exec_create: " + command, "exec_start: " + command,
                                 "exec_die"});
}

TEST_CASE("health check: a probe that hangs is killed at its time-out, and the next one follows",
          "[actors][containers][runc]") {
  probed_container c{"echo so far; sleep 1000; true", 2, 200ms};
  c.start();
  const auto first = c.pid();
  REQUIRE(c.becomes("unhealthy"));
  CHECK(c.finds(-1, "Health check exceeded timeout (200ms): so far\n"));
  CHECK_FALSE(test::is_alive(static_cast<int>(first)));
  CHECK(eventually([&] { return c.health().failing_streak >= 4; }));
  CHECK(c.execs().size() <= 1);
}

TEST_CASE("health check: what cannot be run is a failure with its reason",
          "[actors][containers][runc]") {
  probed_container c{""};
  c.check().test = {{"CMD", "/nope", "x"}};
  c.start();
  REQUIRE(c.becomes("unhealthy"));
  CHECK(c.finds(-1, "OCI runtime exec failed: exec failed: unable to start container process: "
                    "exec: \"/nope\": stat /nope: no such file or directory: unknown"));
}

TEST_CASE("health check: of much output the beginning is kept", "[actors][containers][runc]") {
  probed_container c{"yes | head -c 300000; exit 3"};
  c.start();
  std::string kept;
  while (kept.size() < container::probe_output_bytes)
    kept += "y\n";
  CHECK(c.finds(3, kept + "..."));
}

TEST_CASE("health check: failures in the start period do not count", "[actors][containers][runc]") {
  probed_container c{"test -e /ok"};
  c.check().start_period = std::chrono::nanoseconds{1h}.count();
  c.check().start_interval = c.check().interval;
  c.check().interval = c.check().start_period; // it comes no more
  c.start();
  REQUIRE(eventually([&] { return c.health().log.size() == 2; }));
  CHECK(c.health().status == "starting");
  CHECK(c.health().failing_streak == 0);
  c.write("ok");
  CHECK(c.becomes("healthy"));
}

TEST_CASE("health check: none while it is paused", "[actors][containers][runc]") {
  probed_container c{"true"};
  c.start();
  REQUIRE(c.becomes("healthy"));
  CHECK(c.daemon->ask(verb::pause) == "0");
  const auto paused = c.health();
  CHECK(paused.status == "unhealthy");
  CHECK(paused.failing_streak == 0);
  CHECK(c.daemon->ask(verb::unpause) == "0");
  CHECK(c.health() == paused); // no probe was in between
  CHECK(c.becomes("healthy"));
}

TEST_CASE("health check: a probe holds up neither stop nor restart, and is gone with it",
          "[actors][containers][runc]") {
  probed_container c{"sleep 1000"};
  c.start();
  const auto pid = c.pid();
  SECTION("stop") {
    CHECK(c.daemon->ask(verb::kill) == "0");
    CHECK(c.health() == health_view{"unhealthy", 0, {}});
  }
  SECTION("restart") {
    life_request restart;
    restart.what = verb::restart;
    restart.timeout = 0s;
    CHECK(c.daemon->ask(std::move(restart)) == "0");
    CHECK(c.health() == health_view{"starting", 0, {}});
  }
  CHECK(eventually([&] { return !test::is_alive(static_cast<int>(pid)); }));
}

TEST_CASE("health check: only what changes is kept", "[actors][containers][runc]") {
  probed_container c{"true"};
  const auto open = [&c] {
    std::filesystem::create_directories(c.s.place.file("data"));
    return registry::open(c.s.place.file("data/gantry.db")).value();
  };
  CHECK(open()->apply({add_container{c.s.kept}}).has_value());
  c.start();
  REQUIRE(eventually([&] { return c.health().log.size() == 5; }));
  c.end();
  const auto kept = open()->load().value().containers.at(0).life.state.health.value();
  CHECK(kept.status == "healthy");
  CHECK(kept.log.size() == 1);
  c.begin();
}

TEST_CASE("health check: goes on with the next daemon, and no probe of the former stays",
          "[actors][containers][runc]") {
  probed_container c{"[ -e /ok ] || exit 0; sleep 1000"};
  c.start();
  REQUIRE(c.becomes("healthy"));
  c.write("ok");
  const auto pid = c.pid();
  c.end();
  const auto before = c.s.kept.life.state.health.value();
  CHECK(before.status == "healthy");
  std::filesystem::remove(std::filesystem::path{c.s.place.file("data/containers")} / c.s.kept.id /
                          "merged/ok");
  c.begin();
  CHECK(c.health().status == "healthy");
  CHECK(eventually([&] { return !test::is_alive(static_cast<int>(pid)); }));
  CHECK(eventually([&] { return c.health().log.back().start > before.log.back().start; }));
}
