#include "actors/host/pidfile.hpp"

#include "tests/actors/host/sockets.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

using namespace gantry;
using namespace gantry::host;
using gantry::test::temp_dir;
using gantry::test::without_root;

namespace {

constexpr pid_t self = 4711;

// A proc(5) in which process 100 runs, 101 is a thread of 100, and 102 is a zombie; of 103 nothing
// is known but that it is there.
void make_proc(const temp_dir& dir) {
  dir.write("proc/100/status", "Name:\tdocker\nState:\tS (sleeping)\nTgid:\t100\nPid:\t100\n");
  dir.write("proc/101/status", "Name:\tdocker\nState:\tS (sleeping)\nTgid:\t100\nPid:\t101\n");
  dir.write("proc/102/status", "Name:\tdocker\nState:\tZ (zombie)\nTgid:\t102\nPid:\t102\n");
  dir.write("proc/103/comm", "docker\n");
}

std::size_t entries(const std::string& directory) {
  std::filesystem::directory_iterator at{directory}, end;
  return static_cast<std::size_t>(std::distance(at, end));
}

} // namespace

TEST_CASE("pidfile: D5 holds the decimal pid without a newline, and goes with its owner",
          "[host]") {
  temp_dir dir;
  {
    auto file = pidfile::claim(dir.file("x.pid"), self).value();
    CHECK(file.path() == dir.file("x.pid"));
    CHECK(dir.read("x.pid") == "4711");
    struct stat info {};
    REQUIRE(::stat(dir.file("x.pid").c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0644);
    CHECK(entries(dir.path()) == 1); // no temporary file stays

    pidfile moved = std::move(file);
    CHECK(file.path().empty());
    CHECK(dir.has("x.pid"));
  }
  CHECK_FALSE(dir.has("x.pid"));
}

TEST_CASE("pidfile: its directory is made, as /run is empty after a boot", "[host]") {
  temp_dir dir;
  auto path = dir.file("run/gantry/x.pid");
  auto claimed = pidfile::claim(path, self);
  REQUIRE(claimed.has_value());
  CHECK(std::filesystem::is_regular_file(path));
}

TEST_CASE("pidfile: no path, no file", "[host]") {
  auto file = pidfile::claim("", self);
  REQUIRE(file.has_value());
  CHECK(file->path().empty());
}

TEST_CASE("pidfile: D5 a live process keeps its file", "[host]") {
  temp_dir dir;
  make_proc(dir);
  for (const char* content : {"100", "100\n", " 100 \r\n", "103"}) {
    CAPTURE(content);
    auto path = dir.write("x.pid", content);
    auto file = pidfile::claim(path, self, dir.file("proc"));
    REQUIRE(file.has_error());
    CHECK(file.error() ==
          api_error{errc::conflict,
                    "pid file found, ensure docker is not running or delete " + path});
    CHECK(dir.read("x.pid") == content);
  }
}

TEST_CASE("pidfile: D5 a stale file is replaced", "[host]") {
  temp_dir dir;
  make_proc(dir);
  for (const char* content : {"", "\n", "garbage", "99", "99\n", "0", "-100", "100 100", "100x",
                              "1e2", "99999999999999999999", "4711", "101", "102"}) {
    CAPTURE(content);
    dir.write("proc/4711/status", "Tgid:\t4711\n");
    auto path = dir.write("x.pid", content);
    auto file = pidfile::claim(path, self, dir.file("proc"));
    REQUIRE(file.has_value());
    CHECK(dir.read("x.pid") == "4711");
  }
  auto path = dir.write("x.pid", std::string(100'000, ' ') + "100");
  CHECK(pidfile::claim(path, self, dir.file("proc")).has_value());
}

TEST_CASE("pidfile: D5 the real proc", "[host]") {
  temp_dir dir;
  auto path = dir.write("x.pid", std::to_string(::getpid()) + "\n");
  CHECK(pidfile::claim(path, self).error().kind == errc::conflict);
  CHECK(pidfile::claim(path, ::getpid()).has_value());
}

TEST_CASE("pidfile: removed only if it still holds our pid", "[host]") {
  temp_dir dir;
  auto path = dir.file("x.pid");
  {
    auto file = pidfile::claim(path, self).value();
    dir.write("x.pid", "4712");
  }
  CHECK(dir.read("x.pid") == "4712");
  {
    auto file = pidfile::claim(path, self).value();
    REQUIRE(::unlink(path.c_str()) == 0);
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  } // must not wait for a writer
  CHECK(dir.has("x.pid"));
}

TEST_CASE("pidfile: what is not a regular file is not replaced", "[host]") {
  temp_dir dir;
  auto path = dir.file("x.pid");
  SECTION("directory") { REQUIRE(::mkdir(path.c_str(), 0700) == 0); }
  SECTION("link") { REQUIRE(::symlink("/dev/null", path.c_str()) == 0); }
  SECTION("fifo") { REQUIRE(::mkfifo(path.c_str(), 0600) == 0); }
  CHECK(pidfile::claim(path, self).error() ==
        api_error{errc::conflict, "cannot write pid file " + path + ": it is not a regular file"});
  CHECK(dir.has("x.pid"));
  CHECK(pidfile::claim("/dev/full", self).error().message ==
        "cannot write pid file /dev/full: it is not a regular file");
}

TEST_CASE("pidfile: errors name the file", "[host]") {
  temp_dir dir;
  dir.write("file", "");
  auto below_file = dir.file("file/x.pid");
  CHECK(pidfile::claim(below_file, self).error().message ==
        "cannot write pid file " + below_file + ": open: Not a directory");

  REQUIRE(::chmod(dir.path().c_str(), 0555) == 0);
  auto path = dir.file("x.pid");
  result<pidfile> denied = api_error{};
  {
    without_root guard;
    denied = pidfile::claim(path, self);
  }
  CHECK(denied.error() ==
        api_error{errc::forbidden, "cannot write pid file " + path + ": open: Permission denied"});
}

TEST_CASE("pidfile: when the disk takes no more the old file stays and no other", "[host]") {
  temp_dir dir;
  auto path = dir.write("x.pid", "garbage");
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit none{0, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
  auto file = pidfile::claim(path, self);
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  CHECK(file.error().message == "cannot write pid file " + path + ": write: File too large");
  CHECK(dir.read("x.pid") == "garbage");
  CHECK(entries(dir.path()) == 1);
}

TEST_CASE("pidfile: of daemons started at once over a stale file one wins", "[host]") {
  temp_dir dir;
  make_proc(dir);
  auto path = dir.file("x.pid");
  for (int round = 0; round < 25; ++round) {
    dir.write("x.pid", "99");
    constexpr int daemons = 6;
    std::atomic<int> ready{0};
    std::vector<result<pidfile>> claimed;
    for (int i = 0; i < daemons; ++i) {
      claimed.emplace_back(api_error{});
      dir.write("proc/" + std::to_string(200 + i) + "/comm", "daemon\n");
    }
    std::vector<std::thread> threads;
    for (int i = 0; i < daemons; ++i)
      threads.emplace_back([&, i] {
        ++ready;
        while (ready < daemons)
          std::this_thread::yield();
        claimed[static_cast<std::size_t>(i)] = pidfile::claim(path, 200 + i, dir.file("proc"));
      });
    for (auto& thread : threads)
      thread.join();
    int winners = 0;
    for (const auto& file : claimed)
      winners += file.has_value() ? 1 : 0;
    CHECK(winners == 1);
  }
}
