#include "actors/host/children.hpp"

#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace gantry;
using namespace gantry::host;
using gantry::test::temp_dir;

namespace {

child_command shell(const std::string& script) {
  child_command command;
  command.argv = {"/bin/sh", "-c", script};
  return command;
}

bool has_children() {
  siginfo_t info{};
  return ::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

// True once no such process runs any more, zombies of other parents not counted.
bool ends_soon(const std::string& pid) {
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (std::chrono::steady_clock::now() < until) {
    std::ifstream stat{"/proc/" + pid + "/stat"};
    std::string line;
    if (!std::getline(stat, line) || line.find(") Z") != std::string::npos)
      return true;
    std::this_thread::yield();
  }
  return false;
}

} // namespace

TEST_CASE("children: output and exit code are captured", "[host]") {
  auto output = run_child(shell("echo out; echo err >&2; exit 3")).value();
  CHECK(output.out == "out\n");
  CHECK(output.err == "err\n");
  CHECK(output.exit.code == 3);
  CHECK(output.exit.signal == 0);
  CHECK_FALSE(output.exit.success());
  CHECK_FALSE(output.truncated);
  CHECK(run_child(shell("true")).value().exit.success());
  CHECK_FALSE(has_children());
}

TEST_CASE("children: death by a signal is told", "[host]") {
  auto output = run_child(shell("kill -TERM $$")).value();
  CHECK(output.exit.signal == SIGTERM);
  CHECK(output.exit.code == 0);
  CHECK_FALSE(output.exit.success());
}

TEST_CASE("children: input is given and ends", "[host]") {
  auto command = shell("cat");
  command.input = std::string(200'000, 'x');
  command.output_limit = 1'000'000;
  CHECK(run_child(command).value().out == command.input);
  CHECK(run_child(shell("cat")).value().out.empty());
  auto ignoring = shell("exec <&-; true");
  ignoring.input = "nobody reads this";
  CHECK(run_child(ignoring).value().exit.success());
}

TEST_CASE("children: more output than asked for is dropped, not waited on", "[host]") {
  auto command =
      shell("i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789"
            "01234567890123456789; i=$((i+1)); done; echo e >&2");
  command.output_limit = 1000;
  auto output = run_child(command).value();
  CHECK(output.out.size() == 1000);
  CHECK(output.err == "e\n");
  CHECK(output.truncated);
  CHECK(output.exit.success());
  command.output_limit = 0;
  CHECK(run_child(command).value().out.empty());
}

TEST_CASE("children: one that never stops writing meets its deadline", "[host]") {
  auto command = shell("exec yes");
  command.deadline = std::chrono::milliseconds{100};
  CHECK(run_child(command).error() ==
        api_error{errc::unavailable, "'/bin/sh' did not end within 100ms"});
  CHECK_FALSE(has_children());
}

TEST_CASE("children: one that ignores SIGTERM is killed and reaped with its group", "[host]") {
  temp_dir dir;
  auto command = shell("trap '' TERM; sleep 1000 & echo $! > " + dir.file("pid") + "; wait");
  command.deadline = std::chrono::seconds{1};
  auto begun = std::chrono::steady_clock::now();
  auto output = run_child(command);
  CHECK(output.error().message == "'/bin/sh' did not end within 1s");
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{5});
  CHECK_FALSE(has_children());
  auto pid = dir.read("pid");
  CHECK(ends_soon(pid.substr(0, pid.find('\n'))));
}

TEST_CASE("children: what it leaves running neither delays the result nor survives", "[host]") {
  auto begun = std::chrono::steady_clock::now();
  auto output = run_child(shell("sleep 1000 & echo $!")).value();
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds{5});
  CHECK(output.exit.success());
  CHECK(ends_soon(output.out.substr(0, output.out.find('\n'))));
}

TEST_CASE("children: environment is inherited, or replaced whole", "[host]") {
  ::setenv("GANTRY_TEST_VARIABLE", "inherited", 1);
  CHECK(run_child(shell("echo $GANTRY_TEST_VARIABLE")).value().out == "inherited\n");
  auto command = shell("echo $GANTRY_TEST_VARIABLE$OTHER");
  command.env = {"OTHER=replaced"};
  CHECK(run_child(command).value().out == "replaced\n");
  ::unsetenv("GANTRY_TEST_VARIABLE");
}

TEST_CASE("children: signals are as they should be for a fresh program", "[host]") {
  auto handler = std::signal(SIGPIPE, SIG_IGN);
  sigset_t block;
  sigset_t before;
  ::sigemptyset(&block);
  ::sigaddset(&block, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &block, &before);
  auto output = run_child(shell("grep -E '^Sig(Blk|Ign)' /proc/self/status")).value();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  std::signal(SIGPIPE, handler);
  auto mask = [&](const std::string& key) {
    return std::stoull(output.out.substr(output.out.find(key) + key.size()), nullptr, 16);
  };
  CHECK(mask("SigBlk:\t") == 0);
  // 32 and 33 belong to the C library, which leaves them as it finds them.
  CHECK((mask("SigIgn:\t") & ~0x180000000ULL) == 0);
}

TEST_CASE("children: only the standard files are inherited", "[host]") {
  unique_fd leak{::open("/dev/null", O_RDONLY)}; // close-on-exec forgotten
  child_command command;
  command.argv = {"/bin/ls", "/proc/self/fd"};
  CHECK(run_child(command).value().out == "0\n1\n2\n3\n"); // 3 is the listing itself
}

TEST_CASE("children: one mount is out of a child's sight", "[host]") {
  const temp_dir dir;
  const auto mounted = [&](const std::string& name, unsigned long propagation) {
    const auto point = dir.file(name);
    std::filesystem::create_directory(point);
    REQUIRE(::mount("none", point.c_str(), "tmpfs", 0, nullptr) == 0);
    REQUIRE(::mount(nullptr, point.c_str(), nullptr, propagation, nullptr) == 0);
    return point;
  };
  const auto around = mounted("around", MS_SHARED);
  struct unmount {
    std::string point;
    ~unmount() { ::umount2(point.c_str(), MNT_DETACH); }
  } const unmount{around};
  const auto inner = mounted("around/inner", MS_SHARED);
  dir.write("around/beside", "");
  dir.write("around/inner/file", "");
  auto look = shell("ls " + around + " " + inner + "; mkdir " + around + "/new; mount -t tmpfs n " +
                    around + "/new; readlink /proc/self/ns/mnt");
  look.without_mount = inner;
  const auto seen = run_child(look).value();
  CHECK(seen.err.empty());
  CHECK(seen.out.starts_with(around + ":\nbeside\ninner\n\n" + inner + ":\nmnt:["));
  // Here all is as it was, and what the child has mounted there stays with it.
  CHECK(std::filesystem::exists(inner + "/file"));
  CHECK(seen.out.find(std::filesystem::read_symlink("/proc/thread-self/ns/mnt").string()) ==
        std::string::npos);
  CHECK_FALSE(has_children());

  look.without_mount = dir.file("around/beside");
  CHECK(run_child(look).error().message == "start '/bin/sh': Invalid argument");
  look.without_mount = dir.file("nowhere/at/all");
  CHECK(run_child(look).error().message == "start '/bin/sh': No such file or directory");
}

TEST_CASE("children: mounts that are shared stay so beside one that is out of sight", "[host]") {
  const temp_dir dir;
  std::filesystem::create_directory(dir.file("shared"));
  std::filesystem::create_directories(dir.file("around"));
  struct unmount {
    std::string point;
    ~unmount() { ::umount2(point.c_str(), MNT_DETACH); }
  };
  for (const char* name : {"shared", "around"}) {
    REQUIRE(::mount("none", dir.file(name).c_str(), "tmpfs", 0, nullptr) == 0);
    REQUIRE(::mount(nullptr, dir.file(name).c_str(), nullptr, MS_SHARED, nullptr) == 0);
  }
  const unmount shared{dir.file("shared")};
  const unmount around{dir.file("around")};
  for (const char* name : {"shared/mounted", "around/inner"})
    std::filesystem::create_directory(dir.file(name));
  REQUIRE(::mount("none", dir.file("around/inner").c_str(), "tmpfs", 0, nullptr) == 0);
  auto add = shell("mount -t tmpfs none " + dir.file("shared/mounted") + " && touch " +
                   dir.file("shared/mounted/file"));
  add.without_mount = dir.file("around/inner");
  CHECK(run_child(add).value().exit.success());
  CHECK(std::filesystem::exists(dir.file("shared/mounted/file")));
}

TEST_CASE("children: errors at the start", "[host]") {
  temp_dir dir;
  auto start_error = [](const std::string& path) {
    child_command command;
    command.argv = {path};
    return run_child(command).error();
  };
  auto missing = dir.file("none");
  CHECK(start_error(missing) ==
        api_error{errc::not_found, "start '" + missing + "': No such file or directory"});
  auto plain = dir.write("plain", "#!/bin/sh\n");
  CHECK(start_error(plain) ==
        api_error{errc::forbidden, "start '" + plain + "': Permission denied"});
  CHECK(start_error(plain + "/x").message == "start '" + plain + "/x': Not a directory");
  CHECK(run_child({}).error().kind == errc::invalid_parameter);
  CHECK_FALSE(has_children());
}

TEST_CASE("child_process: guards kill and reap, moves hand over", "[host]") {
  auto spawn = [] {
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    char program[] = "/bin/sleep";
    char argument[] = "1000";
    char* argv[] = {program, argument, nullptr};
    pid_t pid = 0;
    REQUIRE(::posix_spawn(&pid, program, nullptr, &attributes, argv, environ) == 0);
    ::posix_spawnattr_destroy(&attributes);
    return pid;
  };
  {
    auto child = child_process::guard(spawn()).value();
    auto pid = child.pid();
    child_process other = std::move(child);
    CHECK(child.pid() == 0);
    CHECK(child.pidfd() == -1);
    CHECK(other.pid() == pid);
    other = child_process::guard(spawn()).value(); // ends the first
    CHECK(::kill(pid, 0) == -1);
  }
  CHECK_FALSE(has_children());

  auto child = child_process::guard(spawn()).value();
  child.signal_group(SIGINT);
  pollfd wait{child.pidfd(), POLLIN, 0};
  REQUIRE(::poll(&wait, 1, 10'000) == 1);
  CHECK(child.reap().value().signal == SIGINT);
  CHECK(child.pid() == 0);
  child.signal_group(SIGKILL); // nobody's
  CHECK(child.reap().error().message == "the child is already reaped");

  CHECK(child_process::guard(0x7ffffff0).error().message == "pidfd_open: No such process");
  CHECK_FALSE(has_children());
}

TEST_CASE("children: somebody else reaping is an error, not a hang", "[host]") {
  auto handler = std::signal(SIGCHLD, SIG_IGN); // the kernel reaps
  auto output = run_child(shell("echo x"));
  std::signal(SIGCHLD, handler);
  REQUIRE(output.has_error());
}
