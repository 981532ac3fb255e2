#include "protocol/monitor/settings.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::monitor;
using namespace std::string_literals;

namespace {

settings smallest() {
  settings s;
  s.id = "c1";
  s.runtime = "/usr/bin/runc";
  s.bundle = "/b";
  s.pid_file = "/p";
  s.runtime_log = "/l";
  s.exit_file = "/e";
  s.control_socket = "/s";
  s.log.path = "/c.log";
  return s;
}

std::string error_of(const settings& s) {
  auto back = decode_settings(encode(s));
  REQUIRE(back.has_error());
  CHECK(back.error().kind == errc::invalid_parameter);
  return back.error().message;
}

} // namespace

TEST_CASE("settings: all of them come back", "[protocol][monitor]") {
  CHECK((decode_settings(encode(smallest())) == smallest()));
  auto s = smallest();
  s.mode = settings::work::exec_process;
  s.process_file = "/p\nq\\n";
  s.runtime_args = {"--root", "/run/x", ""};
  s.without_mount = "/sys/fs/cgroup/unified";
  s.console_socket = "/t";
  s.tty = s.open_stdin = s.stdin_once = true;
  s.held = true;
  s.hold_limit = std::chrono::milliseconds{7};
  s.rows = 24;
  s.columns = 65535;
  s.log = {log_driver::local, "/x=y", 0, 1};
  s.log_attrs = R"({"a":"\n=\\"})";
  s.runtime_deadline = std::chrono::milliseconds{1};
  s.drain_limit = std::chrono::milliseconds{0};
  s.linger_limit = std::chrono::milliseconds{3};
  s.join_cgroups = {"/a/cgroup.procs", "/b/cgroup.procs"};
  s.cgroup_root.clear();
  s.start_fifo = "/run/x/c1/exec.fifo";
  auto back = decode_settings(encode(s));
  REQUIRE(back.has_value());
  CHECK((*back == s));
}

TEST_CASE("settings: the text has a line per value", "[protocol][monitor]") {
  auto text = encode(smallest());
  CHECK(text.starts_with("mode=create\nid=c1\nruntime=/usr/bin/runc\nbundle=/b\n"));
  CHECK((decode_settings(text + "of_a_later_version=1\n\n") == smallest()));
}

TEST_CASE("settings: what is wrong is named", "[protocol][monitor]") {
  auto s = smallest();
  s.id.clear();
  CHECK(error_of(s) == "monitor settings: id: is missing");
  s = smallest();
  s.bundle.clear();
  CHECK(error_of(s) == "monitor settings: bundle: is missing");
  s = smallest();
  s.mode = settings::work::exec_process;
  CHECK(error_of(s) == "monitor settings: process_file: is missing");
  s = smallest();
  s.pid_file = "pid";
  CHECK(error_of(s) == "monitor settings: pid_file: is not an absolute path");
  s = smallest();
  s.tty = true;
  CHECK(error_of(s) == "monitor settings: console_socket: is missing");
  s = smallest();
  s.control_socket = "/" + std::string(1000, 's');
  CHECK(decode_settings(encode(s)).has_value());
  s = smallest();
  s.exit_file = "/a\0b"s;
  CHECK(error_of(s) == "monitor settings: exit_file: has a zero byte");
  s = smallest();
  s.log.max_files = 0;
  CHECK(error_of(s) == "monitor settings: log_max_files: is less than 1");
  s = smallest();
  s.log = {log_driver::none, "", 0, 1};
  CHECK(decode_settings(encode(s)).has_value());

  auto text = encode(smallest());
  auto message = [&](const std::string& more) {
    return decode_settings(text + more).error().message;
  };
  CHECK(message("rows=65536\n") == "monitor settings: rows: invalid value '65536'");
  CHECK(message("tty=yes\n") == "monitor settings: tty: invalid value 'yes'");
  CHECK(message("mode=run\n") == "monitor settings: mode: invalid value 'run'");
  CHECK(message("log_driver=syslog\n") == "monitor settings: log_driver: invalid value 'syslog'");
  CHECK(message("linger_limit_ms=-1\n") == "monitor settings: linger_limit_ms: invalid value '-1'");
  CHECK(message("rows=1") == "monitor settings: rows: the line has no end");
}

TEST_CASE("launch reply: the pid or what went wrong", "[protocol][monitor]") {
  CHECK(encode_launch_reply(4711) == "pid=4711\n");
  CHECK((decode_launch_reply("pid=4711\n") == 4711));
  const api_error stuck{errc::unavailable, "runc did not end\nwithin 2s"};
  CHECK(encode_launch_reply(stuck) == "kind=unavailable\nerror=runc did not end\\nwithin 2s\n");
  CHECK((decode_launch_reply(encode_launch_reply(stuck)).error() == stuck));
  for (auto text : {"", "pid=", "pid=0\n", "pid=47", "x"})
    CHECK(
        (decode_launch_reply(text).error() == api_error{errc::system, "the monitor said nothing"}));
}

TEST_CASE("exit record: comes back from a file filled up with line breaks", "[protocol][monitor]") {
  const exit_record record{4711, 1'700'000'000'000'000'001, {137, 9, -5, true}, 1u << 31};
  auto text = encode(record);
  CHECK(text == "pid=4711\nstarted_at=1700000000000000001\nfinished_at=-5\ncode=137\nsignal=9\n"
                "oom_killed=1\nlost_log_bytes=2147483648\ncomplete=1\n");
  text.resize(exit_file_size, '\n');
  CHECK((decode_exit_record(text) == record));
  const exit_record longest{
      -2147483647 - 1, INT64_MIN, {INT32_MIN, INT32_MIN, INT64_MIN, true}, UINT64_MAX};
  CHECK(encode(longest).size() < exit_file_size);
}

TEST_CASE("exit record: one that is not whole is none", "[protocol][monitor]") {
  const auto text = encode(exit_record{});
  for (std::size_t size = 0; size < text.size(); ++size)
    CHECK(decode_exit_record(text.substr(0, size)).has_error());
  CHECK(decode_exit_record(std::string(exit_file_size, '\n')).error().message ==
        "exit file: not whole");
  CHECK(decode_exit_record("code=x\n").error().message == "exit file: invalid value of code: 'x'");
}
