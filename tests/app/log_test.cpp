#include "app/log.hpp"

#include "actors/host/unique_fd.hpp"

#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

using namespace gantry;
using namespace gantry::app;
using namespace std::chrono_literals;

namespace {

struct pipe_pair {
  pipe_pair() {
    int fds[2];
    REQUIRE(::pipe2(fds, O_CLOEXEC) == 0);
    in = host::unique_fd(fds[1]);
    out = host::unique_fd(fds[0]);
  }

  /// Everything up to the end, after closing the writing side.
  std::string drain() {
    in.reset();
    std::string all;
    char chunk[65536];
    for (ssize_t n; (n = ::read(out.get(), chunk, sizeof chunk)) > 0;)
      all.append(chunk, static_cast<std::size_t>(n));
    return all;
  }

  host::unique_fd in;
  host::unique_fd out;
};

std::string format(log_options options, log::level severity, std::string_view text,
                   std::vector<log::field> fields = {}) {
  using std::chrono::system_clock;
  system_clock::time_point when{std::chrono::duration_cast<system_clock::duration>(
      std::chrono::nanoseconds(1400000000000000042))};
  std::string out;
  append_line(out, options, when, {severity, "engine", text, fields});
  return out;
}

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

TEST_CASE("log: text lines look as dockerd's (L2)", "[app]") {
  CHECK(format({}, log::level::info, "+job serveapi(unix:///x)", {{"n", 1}}) ==
        "time=\"2014-05-13T16:53:20.000000042Z\" level=info msg=\"+job serveapi(unix:///x)\" "
        "component=engine n=1\n");
}

TEST_CASE("log: JSON lines are JSON whatever the bytes", "[app]") {
  log_options options;
  options.format = log_format::json;
  CHECK(format(options, log::level::warn, "a \"b\"", {{"n", 1}, {"t", true}, {"s", "x"}}) ==
        R"({"time":"2014-05-13T16:53:20.000000042Z","level":"warning","msg":"a \"b\"",)"
        R"("component":"engine","n":1,"t":true,"s":"x"})"
        "\n");
  std::pair<std::string, std::string> cases[] = {
      {std::string("a\0b", 3), std::string("a\0b", 3)},
      {"\n\r\t\x1b\x7f\\", "\n\r\t\x1b\x7f\\"},
      {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xb3"},
      {"\xff", "\xef\xbf\xbd"},
      {"\xc3", "\xef\xbf\xbd"},
      {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},                 // overlong
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, // half of a surrogate pair
      {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}};
  for (const auto& [in, out] : cases) {
    auto line = format(options, log::level::info, in);
    CHECK(lines_in(line) == 1);
    CHECK(boost::json::parse(line).at("msg").as_string() == out);
  }
}

TEST_CASE("log: the journal gets a priority and no time", "[app]") {
  log_options options;
  options.journal = true;
  const char* begins[] = {"<7>level=debug msg=m", "<6>level=info msg=m", "<4>level=warning msg=m",
                          "<3>level=error msg=m", "<2>level=fatal msg=m"};
  for (int i = 0; i < 5; ++i)
    CHECK(format(options, static_cast<log::level>(i), "m") ==
          std::string(begins[i]) + " component=engine\n");
  options.format = log_format::json;
  CHECK(format(options, log::level::info, "m") ==
        "<6>{\"level\":\"info\",\"msg\":\"m\",\"component\":\"engine\"}\n");
}

TEST_CASE("log: the journal is known by JOURNAL_STREAM", "[app]") {
  struct stat facts {};
  REQUIRE(::fstat(2, &facts) == 0);
  auto stream = std::to_string(facts.st_dev) + ':' + std::to_string(facts.st_ino);
  std::pair<std::string, bool> cases[] = {
      {stream, true}, {"1:1", false}, {"", false}, {"x", false}, {stream + "9", false}};
  for (const auto& [value, want] : cases) {
    ::setenv("JOURNAL_STREAM", value.c_str(), 1);
    CHECK(stderr_log(log_format::text).journal == want);
  }
  ::unsetenv("JOURNAL_STREAM");
  CHECK_FALSE(stderr_log(log_format::text).journal);
  CHECK(stderr_log(log_format::json).format == log_format::json);
}

TEST_CASE("log: the writer's end writes all that is queued", "[app]") {
  pipe_pair pipe;
  {
    log_options options;
    options.fd = pipe.in.get();
    log_writer writer(options);
    for (int i = 0; i < 100; ++i)
      log::write(log::level::info, "test", "line", {{"i", i}});
    log::write(log::level::debug, "test", "not enabled");
    CHECK(log_writer::dropped() == 0);
  }
  auto all = pipe.drain();
  CHECK(lines_in(all) == 100);
  CHECK_THAT(all, Catch::EndsWith("level=info msg=line component=test i=99\n"));
}

TEST_CASE("log: lines from many threads stay whole", "[app]") {
  pipe_pair pipe;
  std::string all;
  std::thread reader([&] {
    char chunk[4096];
    for (ssize_t n; (n = ::read(pipe.out.get(), chunk, sizeof chunk)) > 0;)
      all.append(chunk, static_cast<std::size_t>(n));
  });
  {
    log_options options;
    options.fd = pipe.in.get();
    log_writer writer(options, 100000);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([] {
        for (int i = 0; i < 500; ++i)
          log::write(log::level::info, "test", std::string(100, 'x'));
      });
    for (auto& each : threads)
      each.join();
  }
  pipe.in.reset();
  reader.join();
  CHECK(lines_in(all) == 2000);
  CHECK(all.size() % 2000 == 0); // all of the same length: no line lost a part
}

TEST_CASE("log: a reader that takes nothing costs the oldest lines, not our time", "[app]") {
  pipe_pair pipe;
  auto begin = std::chrono::steady_clock::now();
  std::uint64_t dropped = 0;
  {
    log_options options;
    options.fd = pipe.in.get();
    log_writer writer(options, 64);
    for (int i = 0; i < 5000; ++i)
      log::write(log::level::info, "test", std::string(200, 'x'), {{"i", i}});
    CHECK(std::chrono::steady_clock::now() - begin < 5s);
    dropped = log_writer::dropped();
    CHECK(dropped > 0);
    // The end gives up after a moment although nobody reads.
  }
  CHECK(std::chrono::steady_clock::now() - begin < 10s);
  CHECK(lines_in(pipe.drain()) < 5000);
}

TEST_CASE("log: the number of dropped lines is logged when the reader comes back", "[app]") {
  pipe_pair pipe;
  std::string all;
  {
    log_options options;
    options.fd = pipe.in.get();
    log_writer writer(options, 16);
    for (int i = 0; i < 3000; ++i)
      log::write(log::level::info, "test", std::string(200, 'x'));
    REQUIRE(log_writer::dropped() > 0);
    std::thread reader([&] {
      char chunk[4096];
      for (ssize_t n; (n = ::read(pipe.out.get(), chunk, sizeof chunk)) > 0;) {
        all.append(chunk, static_cast<std::size_t>(n));
        if (all.find("dropped lines") != std::string::npos)
          break;
      }
    });
    reader.join();
  }
  CHECK_THAT(all, Catch::Contains("level=warning msg=\"dropped lines: the reader is too slow\" "
                                  "component=log count="));
}

TEST_CASE("log: one writer after the other", "[app]") {
  for (int i = 0; i < 3; ++i) {
    pipe_pair pipe;
    {
      log_options options;
      options.fd = pipe.in.get();
      log_writer writer(options);
      log::write(log::level::error, "test", "x");
    }
    CHECK(lines_in(pipe.drain()) == 1);
  }
  CHECK(log_writer::dropped() == 0);
}

TEST_CASE("log: a descriptor that cannot be written ends nothing", "[app]") {
  log_options options;
  options.fd = 1 << 20; // not open
  log_writer writer(options);
  log::write(log::level::info, "test", "x");
}
