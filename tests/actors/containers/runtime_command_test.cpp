#include "actors/containers/runtime_command.hpp"

#include "actors/host/programs.hpp"
#include "tests/actors/containers/live_fixture.hpp"
#include "tests/app/monitor/container.hpp"
#include "tests/support/temp_dir.hpp"

#include <caf/send.hpp>
#include <catch2/catch.hpp>

#include <atomic>
#include <csignal>
#include <latch>
#include <vector>

using namespace gantry;
using namespace gantry::containers;
using namespace gantry::test;
using namespace std::chrono_literals;

namespace {

using output_answer = answer<result<host::child_output>>;

async_command shell(const std::string& script, std::chrono::milliseconds deadline = 20s) {
  async_command command;
  command.what.argv = {"/bin/sh", "-c", script};
  command.what.deadline = deadline;
  command.label = "a script";
  return command;
}

result<host::child_output> run(live_fixture& f, async_command command) {
  output_answer told;
  run_command(f.sys, f.io(), f.pool, std::move(command), told.teller());
  return told.get();
}

} // namespace

TEST_CASE("runtime_command: output, exit code and signal are told", "[actors][containers]") {
  live_fixture f;
  auto output = run(f, shell("echo out; echo err >&2; exit 3")).value();
  CHECK(output.out == "out\n");
  CHECK(output.err == "err\n");
  CHECK(output.exit.code == 3);
  CHECK(run(f, shell("kill -TERM $$")).value().exit.signal == SIGTERM);
  auto command = shell("cat");
  command.what.input = std::string(300'000, 'x');
  command.what.output_limit = 1'000'000;
  CHECK((run(f, command).value().out == command.what.input));
  command.what.output_limit = 10;
  output = run(f, command).value();
  CHECK(output.out == "xxxxxxxxxx");
  CHECK(output.truncated);
}

TEST_CASE("runtime_command: failures before the start are told", "[actors][containers]") {
  live_fixture f;
  async_command missing;
  missing.what.argv = {"/nonexistent/program"};
  CHECK(run(f, missing).error() ==
        api_error{errc::not_found, "start '/nonexistent/program': No such file or directory"});
  temp_dir dir;
  auto unprepared = shell("touch " + dir.file("ran"));
  unprepared.prepare_blocking = [](host::child_command&) {
    return api_error{errc::conflict, "not yet"};
  };
  CHECK(run(f, unprepared).error() == api_error{errc::conflict, "not yet"});
  CHECK_FALSE(dir.has("ran"));

  live_fixture full{1, 0};
  CHECK(run(full, shell("true")).error() ==
        api_error{errc::unavailable, "a script: too much work is waiting; try again later"});
}

TEST_CASE("runtime_command: at the deadline the whole group is killed", "[actors][containers]") {
  live_fixture f;
  temp_dir dir;
  auto begun = std::chrono::steady_clock::now();
  auto output = run(f, shell("trap '' TERM; sleep 1000 & echo $! > " + dir.file("new") + "; mv " +
                                 dir.file("new") + " " + dir.file("pid") + "; wait",
                             1s));
  CHECK(output.error() == api_error{errc::unavailable, "'/bin/sh' did not end within 1s"});
  CHECK(std::chrono::steady_clock::now() - begun < 10s);
  auto child = std::stoi(dir.read("pid"));
  CHECK(eventually([child] { return !is_alive(child); }));
  CHECK(run(f, shell("exec yes", 200ms)).error().message == "'/bin/sh' did not end within 200ms");
}

TEST_CASE("runtime_command: one that no worker starts in time is never started",
          "[actors][containers]") {
  live_fixture f{1, 8};
  temp_dir dir;
  std::latch busy{1};
  std::promise<void> free;
  REQUIRE(f.pool.submit("busy", [&busy, until = free.get_future().share()] {
    busy.count_down();
    until.wait();
  }));
  busy.wait();
  CHECK(run(f, shell("touch " + dir.file("ran"), 50ms)).error() ==
        api_error{errc::unavailable, "'/bin/sh' could not be started within 50ms"});
  free.set_value();
  CHECK(run(f, shell("true")).value().exit.success()); // the only worker has been there before
  CHECK_FALSE(dir.has("ran"));
}

TEST_CASE("runtime_command: no worker is held while programs run", "[actors][containers]") {
  live_fixture f{1, 16};
  temp_dir dir;
  std::vector<output_answer> told(8);
  for (auto& one : told)
    run_command(f.sys, f.io(), f.pool,
                shell("echo >> " + dir.file("running") + "; while [ ! -e " + dir.file("go") +
                      " ]; do sleep 0.01; done"),
                one.teller());
  CHECK(
      eventually([&] { return dir.has("running") && dir.read("running").size() == told.size(); }));
  CHECK(eventually([&] { return f.pool.snapshot().running.empty(); }));
  dir.write("go", "");
  for (auto& one : told)
    CHECK(one.get().value().exit.success());
}

TEST_CASE("runtime_command: a program does not outlive its actor, and its end is told",
          "[actors][containers]") {
  live_fixture f;
  temp_dir dir;
  output_answer told;
  auto actor = run_command(f.sys, f.io(), f.pool,
                           shell("echo $$ > " + dir.file("new") + "; mv " + dir.file("new") + " " +
                                 dir.file("pid") + "; exec sleep 1000"),
                           told.teller());
  REQUIRE(eventually([&] { return dir.has("pid"); }));
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  CHECK(told.get().error() == api_error{errc::unavailable, "a script: the daemon is ending"});
  const auto pid = std::stoi(dir.read("pid"));
  CHECK(eventually([pid] { return !is_alive(pid); }));
}

TEST_CASE("runtime_command: what a runtime says becomes the error", "[actors][containers]") {
  const auto outcome = [](const std::string& err, int code, int signal = 0) {
    return runtime_answer("/bin/runc", {{code, signal}, "the output", err, false});
  };
  CHECK(outcome("", 0).value() == "the output");
  CHECK(outcome("warning\n", 0).value() == "the output");
  CHECK(outcome(R"({"level":"error","msg":"cannot pause"})", 1).error() ==
        api_error{errc::system, "cannot pause"});
  CHECK(outcome(R"({"level":"error","msg":"container does not exist"})", 1).error() ==
        api_error{errc::not_found, "container does not exist"});
  CHECK(outcome("plain words\n\n", 1).error() == api_error{errc::system, "plain words"});
  CHECK(outcome("", 2).error() == api_error{errc::system, "/bin/runc: exit code 2"});
  CHECK(outcome("", 0, 9).error() == api_error{errc::system, "/bin/runc: signal 9"});
}

TEST_CASE("runtime_command: the runtimes of this machine are understood", "[actors][containers]") {
  live_fixture f;
  temp_dir dir;
  const auto runtimes = host::find_oci_runtimes();
  REQUIRE_FALSE(runtimes.empty());
  for (const auto& found : runtimes) {
    INFO(found.path);
    const auto call = [&](std::vector<std::string> args) {
      answer<result<std::string>> told;
      run_runtime(f.sys, f.io(), f.pool,
                  {.runtime = found.path,
                   .runtime_args = {"--root", dir.file(found.name)},
                   .args = std::move(args),
                   .input = {}},
                  told.teller());
      return told.get();
    };
    CHECK(call({"list", "--quiet"}).value().empty());
    const auto missing = call({"state", "nonesuch"});
    REQUIRE(missing.has_error());
    INFO(missing.error().message);
    CHECK(missing.error().kind == errc::not_found);
  }
}
