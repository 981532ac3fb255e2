#include "actors/containers/log_stream.hpp"

#include "actors/containers/container_limits.hpp"
#include "actors/engine/engine_actor.hpp"
#include "actors/logs/log_writer.hpp"
#include "actors/runtime/actor.hpp"
#include "tests/actors/containers/attach_client.hpp"
#include "tests/actors/containers/fake_monitor.hpp"
#include "tests/actors/containers/live_fixture.hpp"
#include "tests/app/monitor/container.hpp"

#include <catch2/catch.hpp>

#include <filesystem>

#include <chrono>
#include <cstdlib>
#include <mutex>
#include <optional>

using namespace gantry;
using namespace gantry::containers;
using namespace gantry::test;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

/// What the client of a stream has got, for the thread of the test.
struct received {
  std::mutex mutex;
  std::string bytes;
  std::string content_type;
  std::optional<job::reply> reply;
  caf::strong_actor_ptr job;
};

struct client_state {
  static inline const char* name = "log-client";
  client_state() = default;
};

/// Takes everything at once if `greedy`, else only what it gets without granting more.
core::job_client_actor::behavior_type
run_client(core::job_client_actor::stateful_pointer<client_state>, std::shared_ptr<received> got,
           bool greedy) {
  return {
      [got](const core::job_done& done) {
        std::lock_guard guard{got->mutex};
        got->reply = *done.reply;
      },
      [got](const core::job_stream_begun& begun) {
        std::lock_guard guard{got->mutex};
        got->content_type = begun.content_type;
        got->job = begun.job;
      },
      [got, greedy](const core::job_output& output) {
        std::lock_guard guard{got->mutex};
        got->bytes += *output.bytes;
        if (greedy)
          core::tell(got->job, core::job_credit{output.bytes->size()});
      },
      [](const core::job_wants_input&) {},
      [](const core::job_takes_socket&) {},
  };
}

/// Streams as jobs of an engine.
class stream_fixture : public live_fixture {
public:
  ~stream_fixture() { caf::anon_send_exit(engine_, caf::exit_reason::kill); }

  /// Runs a stream to a client.
  /// With a monitor, which has greeted; it is the test itself.
  fake_monitor show_beside_monitor(log_stream what) {
    what.control_socket = control.path();
    show(std::move(what));
    auto other = control.accept();
    other.send(monitor::hello{});
    return other;
  }
  void show(log_stream what, bool greedy = true) {
    what.content_type = "text/x-log";
    engine::job_table table;
    table
        .add("logs",
             engine::job_handler{[this, what](caf::local_actor* parent, engine::job_run run) {
               return start_log_stream(parent, io(), pool, std::move(run), what);
             }})
        .value();
    engine::engine_options options;
    options.log_jobs = false;
    engine_ = runtime::spawn(sys, engine::run_engine, std::move(table), options);
    client_ = runtime::spawn(sys, run_client, got_, greedy);
    caf::anon_send(engine_,
                   core::run_job{7, {"logs", {}, {}}, core::to_ptr(client_), nullptr, nullptr, {}});
  }
  void grant(std::size_t bytes) {
    std::lock_guard guard{got_->mutex};
    core::tell(got_->job, core::job_credit{bytes});
  }
  void cancel() { caf::anon_send(engine_, core::cancel_job{7}); }

  std::string bytes() {
    std::lock_guard guard{got_->mutex};
    return got_->bytes;
  }
  bool wait_for(const std::string& text) {
    return eventually([&] { return bytes().ends_with(text); });
  }
  /// The reply, once it is there.
  job::reply reply() {
    REQUIRE(eventually([&] { return is_done(); }));
    std::lock_guard guard{got_->mutex};
    return *got_->reply;
  }
  bool is_done() {
    std::lock_guard guard{got_->mutex};
    return got_->reply.has_value();
  }
  std::string content_type() {
    std::lock_guard guard{got_->mutex};
    return got_->content_type;
  }

  temp_dir dir;
  logs::log_files files{logs::log_driver::json_file, dir.file("c.log"), 0, 1};
  fake_control_socket control;

private:
  std::shared_ptr<received> got_ = std::make_shared<received>();
  core::engine_actor engine_;
  core::job_client_actor client_;
};

log_stream raw(const logs::log_files& files) {
  log_stream what;
  what.files = files;
  what.format.framed = false;
  return what;
}

std::int64_t now_and(std::chrono::nanoseconds d) { return logs::now() + d.count(); }

} // namespace

TEST_CASE_METHOD(stream_fixture, "log_stream: a log to its end", "[actors][containers]") {
  auto writer = logs::log_writer::open(files, "").value();
  writer.append(logs::source::out, "one\n");
  writer.append(logs::source::err, "two\n");
  log_stream what;
  what.files = files;
  what.query.follow = true; // heeded only where there is a monitor
  show(what);
  CHECK(reply().status == 0);
  CHECK(bytes() == "\1\0\0\0\0\0\0\4one\n\2\0\0\0\0\0\0\4two\n"s);
  CHECK(content_type() == "text/x-log");
}

TEST_CASE_METHOD(stream_fixture, "log_stream: an empty log has a head and an end",
                 "[actors][containers]") {
  show(raw(files));
  CHECK(reply().status == 0);
  CHECK(bytes().empty());
  CHECK(content_type() == "text/x-log");
}

TEST_CASE_METHOD(stream_fixture, "log_stream: one that cannot be opened fails before its head",
                 "[actors][containers]") {
  files.driver = logs::log_driver::none;
  show(raw(files));
  CHECK(reply().kind == errc::not_implemented);
  CHECK(reply().error == "configured logging driver does not support reading");
  CHECK(content_type().empty());
}

TEST_CASE_METHOD(stream_fixture, "log_stream: no more is read than the client takes",
                 "[actors][containers]") {
  auto writer = logs::log_writer::open(files, "").value();
  const auto line = std::string(99, 'x') + '\n';
  for (int i = 0; i < 20'000; ++i)
    writer.append(logs::source::out, line);
  show(raw(files), false);
  REQUIRE(eventually([&] { return bytes().size() >= limits::stream_window; }));
  CHECK(eventually([&] { return pool.snapshot().running.empty(); }));
  CHECK(bytes().size() <= limits::stream_window + limits::log_slice + line.size());
  CHECK_FALSE(is_done());
  grant(10'000'000);
  CHECK(reply().status == 0);
  CHECK(bytes().size() == 20'000 * line.size());
}

TEST_CASE_METHOD(stream_fixture, "log_stream: follows a container to its end",
                 "[actors][containers]") {
  monitored_container c{"echo one; read x; echo two >&2; read x; printf three"};
  c.settings.open_stdin = true;
  c.settings.log.max_size = 1; // a file for each record
  auto client = c.run();
  client.attach({.tag = 1, .input = true});
  auto what = raw(c.settings.log);
  what.query.follow = true;
  what.control_socket = c.settings.control_socket;
  show(what);
  CHECK(wait_for("one\n"));
  CHECK_FALSE(is_done());
  client.send_input("go\n");
  CHECK(wait_for("one\ntwo\n"));
  client.send_input("go\n");
  CHECK(reply().status == 0);
  CHECK(bytes() == "one\ntwo\nthree");
}

TEST_CASE_METHOD(stream_fixture, "log_stream: follows a container that writes all it can",
                 "[actors][containers]") {
  monitored_container c{"seq 1 200000"};
  c.settings.log.max_size = 0;
  auto client = c.run();
  auto what = raw(c.settings.log);
  what.query.follow = true;
  what.control_socket = c.settings.control_socket;
  show(what);
  CHECK(reply().status == 0);
  std::string expected;
  for (int i = 1; i <= 200'000; ++i)
    expected += std::to_string(i) + '\n';
  CHECK((bytes() == expected));
}

TEST_CASE_METHOD(stream_fixture, "log_stream: ends when the monitor does", "[actors][containers]") {
  auto writer = logs::log_writer::open(files, "").value();
  writer.append(logs::source::out, "one\n");
  auto what = raw(files);
  what.query.follow = true;
  what.control_socket = control.path();
  SECTION("it is gone already") { std::filesystem::remove(control.path()); }
  show(what);
  if (std::filesystem::exists(control.path())) {
    auto other = control.accept();
    other.send(monitor::hello{});
    CHECK(wait_for("one\n"));
    writer.append(logs::source::out, "two\n"); // and nobody said so
    SECTION("it dies") { other.disconnect(); }
    SECTION("it says that the process has ended") { other.send(monitor::exited{}); }
    CHECK(reply().status == 0);
    CHECK(bytes() == "one\ntwo\n");
  } else {
    CHECK(reply().status == 0);
    CHECK(bytes() == "one\n");
  }
}

TEST_CASE_METHOD(stream_fixture, "log_stream: waits without a worker, and for a place of its own",
                 "[actors][containers]") {
  auto writer = logs::log_writer::open(files, "").value();
  writer.append(logs::source::out, "one\n");
  auto what = raw(files);
  what.query.follow = true;
  auto other = show_beside_monitor(what);
  const auto awaited = [&](std::uint64_t offset) {
    std::vector<std::string> asked;
    CHECK(eventually([&] { return !(asked = other.asked()).empty(); }));
    CHECK(asked == std::vector<std::string>{"await " + std::to_string(offset)});
  };
  awaited(writer.end().offset);
  CHECK(eventually([&] { return pool.snapshot().running.empty(); }));
  writer.append(logs::source::out, "two\n");
  other.send(monitor::log_grew{writer.end()});
  CHECK(wait_for("two\n"));
  awaited(writer.end().offset);
  // What goes wrong now is said in the stream.
  std::filesystem::remove(files.path);
  std::filesystem::create_directory(files.path);
  other.send(monitor::log_grew{{1, 1}});
  CHECK(reply().status == 0);
  CHECK(bytes() == "one\ntwo\nError grabbing logs: read '" + files.path + "': Is a directory\n");
}

TEST_CASE_METHOD(stream_fixture, "log_stream: a failure in a framed stream has its own frame",
                 "[actors][containers]") {
  log_stream what;
  what.files = files;
  what.query.follow = true;
  auto other = show_beside_monitor(what);
  CHECK(eventually([&] { return !other.asked().empty(); }));
  std::filesystem::create_directory(files.path);
  other.send(monitor::log_grew{{1, 1}});
  CHECK(reply().status == 0);
  CHECK(demultiplex(bytes()).error == "error from daemon in stream: Error grabbing logs: read '" +
                                          files.path + "': Is a directory\n");
}

TEST_CASE_METHOD(stream_fixture, "log_stream: ends when `until` has passed, though nothing comes",
                 "[actors][containers]") {
  auto writer = logs::log_writer::open(files, "").value();
  writer.append(logs::source::out, "one\n");
  auto what = raw(files);
  what.query.follow = true;
  what.query.until = now_and(300ms);
  auto other = show_beside_monitor(what);
  CHECK(reply().status == 0);
  CHECK(logs::now() >= what.query.until);
  CHECK(bytes() == "one\n");
}

TEST_CASE_METHOD(stream_fixture, "log_stream: ends when its client leaves",
                 "[actors][containers]") {
  auto what = raw(files);
  what.query.follow = true;
  auto other = show_beside_monitor(what);
  CHECK(eventually([&] { return !other.asked().empty(); }));
  cancel();
  CHECK(reply().status == 0);
  CHECK(eventually([&] {
    other.asked();
    return other.has_ended();
  }));
}

TEST_CASE_METHOD(stream_fixture, "log_stream: much is shown fast", "[actors][containers]") {
  auto writer = logs::log_writer::open(files, "").value();
  std::string lines;
  for (int i = 0; lines.size() < 64 * 1024; ++i)
    lines += "line " + std::to_string(i) + " of some service that tells what it does all day\n";
  std::size_t size = 0;
  for (; size < 64 * 1024 * 1024; size += lines.size())
    writer.append(logs::source::out, lines);
  const auto begun = std::chrono::steady_clock::now();
  log_stream what;
  what.files = files;
  show(what);
  CHECK(reply().status == 0);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  CHECK(demultiplex(bytes()).out.size() == size);
  if (std::getenv("GANTRY_TEST_SPEED"))
    WARN("64 MiB of lines: " << static_cast<double>(size) / took.count() / (1 << 20) << " MiB/s");
}
