#include "actors/containers/monitor_launch.hpp"

#include "actors/containers/program_copies.hpp"
#include "actors/host/tree_reader.hpp"
#include "tests/actors/containers/live_fixture.hpp"
#include "tests/app/monitor/container.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

using namespace gantry;
using namespace gantry::containers;
using namespace gantry::test;
using namespace std::chrono_literals;

namespace {

result<std::int32_t> launch(live_fixture& f, const monitored_container& c,
                            const std::string& program = {}) {
  answer<result<std::int32_t>> told;
  launch_monitor(f.sys, f.io(), f.pool,
                 {program.empty() ? monitor_program() : program, c.dir.file("settings"), c.settings,
                  std::make_shared<program_copies>()},
                 told.teller());
  return told.get();
}

} // namespace

TEST_CASE("monitor_launch: a container is made and can be started", "[actors][containers]") {
  live_fixture f;
  monitored_container c{"echo hello; exit 3"};
  c.dir.write("settings", "of a former start");
  const auto pid = launch(f, c);
  REQUIRE(pid.has_value());
  CHECK(is_alive(*pid));
  CHECK(c.status() == "created");
  struct stat info {};
  REQUIRE(::stat(c.dir.file("settings").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  control client{c.settings.control_socket};
  CHECK(client.ask(monitor::start_request{1}).kind == errc::none);
  CHECK(client.wait<monitor::exited>().status.code == 3);
}

TEST_CASE("monitor_launch: what goes wrong is told in the words of who knows it",
          "[actors][containers]") {
  live_fixture f;
  monitored_container c{"true"};
  c.set_args({"/no/such/program"});
  auto refused = launch(f, c);
  REQUIRE(refused.has_error());
  CHECK(refused.error().message.find("/no/such/program") != std::string::npos);

  CHECK(launch(f, c, "/nonexistent/monitor").error().message ==
        "start '/nonexistent/monitor': No such file or directory");
  CHECK(launch(f, c, "/bin/true").error().message == "the monitor said nothing");

  auto& settings = c.settings;
  settings.runtime = c.dir.write("stuck", "#!/bin/sh\nexec sleep 1000\n");
  ::chmod(settings.runtime.c_str(), 0755);
  settings.runtime_deadline = 300ms;
  CHECK(launch(f, c).error() ==
        api_error{errc::unavailable, "'" + settings.runtime + "' did not end within 300ms"});
}

TEST_CASE("monitor_launch: a monitor that says nothing has its deadline", "[actors][containers]") {
  live_fixture f;
  monitored_container c{"true"};
  const auto stuck = c.dir.write("stuck", "#!/bin/sh\nexec sleep 1000\n");
  ::chmod(stuck.c_str(), 0755);
  c.settings.runtime_deadline = -4900ms; // 100 ms with what a launch gets beyond it
  CHECK(launch(f, c, stuck).error() ==
        api_error{errc::unavailable, "'" + stuck + "' did not end within 100ms"});
}

TEST_CASE("monitor_launch: settings that cannot be written are told", "[actors][containers]") {
  live_fixture f;
  monitored_container c{"true"};
  answer<result<std::int32_t>> told;
  launch_monitor(f.sys, f.io(), f.pool,
                 {monitor_program(), c.dir.file("none/settings"), c.settings,
                  std::make_shared<program_copies>()},
                 told.teller());
  CHECK(told.get().error() == api_error{errc::not_found, "open '" + c.dir.file("none/settings") +
                                                             "': No such file or directory"});
}
