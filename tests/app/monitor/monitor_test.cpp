// The monitor driven for real, with runc.
#include "tests/app/monitor/container.hpp"

#include "actors/host/tree_reader.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <sstream>

using namespace gantry;
using namespace gantry::monitor;
using namespace gantry::test;
using namespace std::string_literals;

namespace {

constexpr attach_request attach_outputs{
    .tag = 1, .input = false, .out = true, .err = true, .unlogged = false, .patience = 0};

std::int64_t clock_now() {
  return std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds{1};
}

} // namespace

TEST_CASE("monitor: create, start, output, exit code", "[app][monitor]") {
  monitored_container c{"echo out; echo err >&2; printf end; exit 7"};
  const auto before = clock_now();
  auto pid = c.launch();
  REQUIRE(pid.has_value());
  CHECK(*pid > 1);
  CHECK(c.status() == "created");
  struct stat info {};
  REQUIRE(::stat(c.settings.control_socket.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  control client{c.settings.control_socket};
  CHECK((client.greeting == hello{protocol_version, process_state::created, *pid, 0, false, {}}));
  client.attach(attach_outputs);
  client.send(start_request{5});
  const auto started = client.wait<started_event>();
  CHECK(started.at >= before);
  CHECK((client.wait<done>() == done{5, errc::none, ""}));
  CHECK(client.read_to_end());
  CHECK(client.out == "out\nend");
  CHECK(client.err == "err\n");
  REQUIRE(client.exit);
  CHECK(client.exit->code == 7);
  CHECK(client.exit->signal == 0);
  CHECK_FALSE(client.exit->oom_killed);
  CHECK(client.exit->finished_at >= started.at);
  CHECK(client.exit->finished_at <= clock_now());
  REQUIRE(c.exit_record());
  CHECK((*c.exit_record() == monitor::exit_record{*pid, started.at, *client.exit, 0}));
  CHECK(c.log().find("out\n") != std::string::npos);
  CHECK(c.log().size() == "out\nerr\nend"s.size());
  CHECK_FALSE(c.dir.has("control"));
  CHECK_FALSE(c.dir.has("runtime.log"));
  CHECK_FALSE(c.dir.has("exit.new"));
  CHECK(eventually([&] { return !is_alive(*pid); }));
}

TEST_CASE("monitor: starts by the runtime's FIFO", "[app][monitor]") {
  monitored_container c{"sleep 1000"};
  c.settings.start_fifo = c.dir.file("state/" + c.settings.id + "/exec.fifo");
  auto client = c.run();
  CHECK(c.status() == "running");
  CHECK_FALSE(c.dir.has("state/" + c.settings.id + "/exec.fifo"));
  CHECK(client.ask(start_request{2}).kind == errc::conflict);
  CHECK(client.ask(signal_request{3, SIGKILL}).kind == errc::none);
  CHECK(client.wait<exited>().status.code == 137);
}

TEST_CASE("monitor: a process that ends at once is seen, however it is started", "[app][monitor]") {
  for (bool fifo : {false, true}) {
    monitored_container c{""};
    c.set_args({"/bin/true"});
    if (fifo)
      c.settings.start_fifo = c.dir.file("state/" + c.settings.id + "/exec.fifo");
    auto client = c.run();
    CHECK(client.wait<exited>().status.code == 0);
    CHECK(c.exit_record()->started_at > 0);
  }
}

TEST_CASE("monitor: death by a signal", "[app][monitor]") {
  monitored_container c{"kill -9 $$"};
  c.set_args({"/bin/sh", "-c", "exec sleep 1000"});
  auto client = c.run();
  CHECK(client.ask(signal_request{2, 0}).kind == errc::invalid_parameter);
  CHECK(client.ask(signal_request{2, SIGKILL}).kind == errc::none);
  const auto status = client.wait<exited>().status;
  CHECK(status.code == 137);
  CHECK(status.signal == 9);
  CHECK(c.exit_record()->status == status);
}

TEST_CASE("monitor: ends although it was never started", "[app][monitor]") {
  monitored_container c{"true"};
  auto pid = c.launch();
  REQUIRE(pid.has_value());
  control client{c.settings.control_socket};
  ::kill(*pid, SIGKILL);
  CHECK(client.wait<exited>().status.code == 137);
  CHECK(c.exit_record()->started_at == 0);
}

TEST_CASE("monitor: a request that does not fit is refused", "[app][monitor]") {
  monitored_container c{"sleep 1000"};
  auto client = c.run();
  CHECK((client.ask(start_request{2}) ==
         done{2, errc::conflict, "the process is not waiting to be started"}));
  CHECK((client.ask(resize_request{3, 1, 1}) == done{3, errc::none, ""}));
  auto input = attach_outputs;
  input.input = true;
  CHECK((client.ask(input) == done{1, errc::conflict, "the process takes no input"}));
  CHECK(client.ask(detach_request{4}).kind == errc::none);
  client.send_raw("nonsense");
  CHECK_FALSE(client.read_to_end());
  control second{c.settings.control_socket};
  CHECK(second.greeting.state == process_state::running);
  CHECK(second.greeting.started_at > 0);
}

TEST_CASE("monitor: terminal with first size, resize, echo and input", "[app][monitor]") {
  monitored_container c{"stty size; read x; stty size; read x; exit 3", true};
  c.settings.open_stdin = true;
  c.settings.rows = 33;
  c.settings.columns = 120;
  REQUIRE(c.launch().has_value());
  control client{c.settings.control_socket};
  CHECK(client.greeting.tty);
  auto with_input = attach_outputs;
  with_input.input = true;
  client.attach(with_input);
  CHECK(client.ask(start_request{1}).kind == errc::none);
  client.wait_for_output("33 120\r\n");
  CHECK(client.ask(resize_request{2, 10, 20}).kind == errc::none);
  client.send_input("go\n");
  client.wait_for_output("go\r\n10 20\r\n");
  CHECK(client.ask(close_input_request{3}).kind == errc::none); // nothing, as with Docker
  client.send_input("on\n");
  CHECK(client.wait<exited>().status.code == 3);
  CHECK(c.log() == "33 120\r\ngo\r\n10 20\r\non\r\n");
  CHECK_FALSE(c.dir.has("console"));
}

TEST_CASE("monitor: stdin ends with its first client if it is once", "[app][monitor]") {
  enum class way { input_end, disconnect, detach };
  for (auto how : {way::input_end, way::disconnect, way::detach}) {
    monitored_container c{"cat; echo over"};
    c.settings.open_stdin = true;
    c.settings.stdin_once = true;
    auto watcher = c.run();
    control client{c.settings.control_socket};
    auto with_input = attach_outputs;
    with_input.input = true;
    client.attach(with_input);
    client.send_input("some\ninput\n");
    if (how == way::input_end)
      client.send(input_end{});
    else if (how == way::detach)
      client.send(detach_request{1});
    else
      client.disconnect();
    CHECK(watcher.wait<exited>().status.code == 0);
    CHECK(c.log() == "some\ninput\nover\n");
  }
}

TEST_CASE("monitor: stdin stays open for the next client if it is not once", "[app][monitor]") {
  monitored_container c{"cat; echo over"};
  c.settings.open_stdin = true;
  auto watcher = c.run();
  auto with_input = attach_outputs;
  with_input.input = true;
  {
    control first{c.settings.control_socket};
    first.attach(with_input);
    first.send_input("one\n");
    first.wait_for_output("one\n");
    first.send(input_end{});
  }
  control second{c.settings.control_socket};
  second.attach(with_input);
  second.send_input("two\n");
  second.wait_for_output("two\n");
  CHECK(second.ask(close_input_request{9}).kind == errc::none);
  CHECK(watcher.wait<exited>().status.code == 0);
  CHECK(c.log() == "one\ntwo\nover\n");
}

TEST_CASE("monitor: much input goes in and out again whole", "[app][monitor]") {
  monitored_container c{"exec cat"};
  c.settings.open_stdin = true;
  c.settings.stdin_once = true;
  c.settings.log = {log_driver::none, "", 0, 1};
  auto watcher = c.run();
  control client{c.settings.control_socket};
  auto with_input = attach_outputs;
  with_input.input = true;
  with_input.patience = 10'000;
  client.attach(with_input);
  std::string input;
  for (std::uint32_t i = 0; input.size() < 20'000'000; ++i)
    input += std::to_string(i * 2654435761u);
  client.send_input(input);
  client.send(input_end{});
  CHECK(client.read_to_end());
  CHECK((client.out == input));
  CHECK((client.gap == output_gap{}));
}

TEST_CASE("monitor: input that is not read stops at its credit", "[app][monitor]") {
  monitored_container c{"sleep 1000"};
  c.settings.open_stdin = true;
  auto watcher = c.run();
  control client{c.settings.control_socket};
  auto with_input = attach_outputs;
  with_input.input = true;
  client.attach(with_input);
  client.wait<input_credit>();
  // What the pipe takes comes back as credit; then it is over.
  std::size_t sent = 0;
  const std::string piece(16 * 1024, 'x');
  while (client.credit >= piece.size() || client.has_news()) {
    if (client.credit < piece.size()) {
      REQUIRE(client.next());
      continue;
    }
    client.send(input_bytes{piece});
    client.credit -= piece.size();
    sent += piece.size();
    control other{c.settings.control_socket}; // greeted, so ours has been served before
  }
  CHECK(sent <= 512 * 1024);
  CHECK(watcher.ask(signal_request{1, 0}).kind == errc::invalid_parameter); // it is well
  // More than that is not accepted.
  try {
    client.send(input_bytes{std::string(largest_piece, 'x')});
    client.send(input_bytes{std::string(largest_piece, 'x')});
  } catch (const std::runtime_error&) { // the first was enough
  }
  CHECK_FALSE(client.read_to_end());
  CHECK(watcher.ask(signal_request{1, SIGKILL}).kind == errc::none);
  CHECK(watcher.wait<exited>().status.code == 137);
}

TEST_CASE("monitor: a process that closes its stdin is told to the writers", "[app][monitor]") {
  monitored_container c{"exec <&-; sleep 1000"};
  c.settings.open_stdin = true;
  auto watcher = c.run();
  control client{c.settings.control_socket};
  auto with_input = attach_outputs;
  with_input.input = true;
  client.send(with_input);
  // Attached before or after: refused, or told.
  for (;;) {
    auto message = client.next();
    REQUIRE(message);
    if (std::holds_alternative<input_closed>(*message) || std::holds_alternative<done>(*message))
      break;
  }
  CHECK(client.ask(with_input).kind == errc::conflict);
}

TEST_CASE("monitor: a client that does not read never holds up the container", "[app][monitor]") {
  constexpr std::size_t size = 50'000'000;
  monitored_container c{"dd if=/dev/zero bs=65536 count=1000000 | head -c 50000000"};
  c.settings.log = {log_driver::none, "", 0, 1};
  REQUIRE(c.launch().has_value());
  control slow{c.settings.control_socket};
  slow.attach(attach_outputs);
  control watcher{c.settings.control_socket};
  CHECK(watcher.ask(start_request{1}).kind == errc::none);
  CHECK(watcher.wait<exited>().status.code == 0);
  REQUIRE(c.exit_record());
  CHECK(slow.read_to_end()); // only now
  CHECK(slow.out.size() >= output_backlog - largest_piece);
  CHECK(slow.out.size() < 3 * output_backlog);
  CHECK(slow.gap.out == size - slow.out.size());
}

TEST_CASE("monitor: a client with patience loses nothing while it reads", "[app][monitor]") {
  monitored_container c{"head -c 20000000 /dev/zero"};
  c.settings.log = {log_driver::none, "", 0, 1};
  REQUIRE(c.launch().has_value());
  auto patient = attach_outputs;
  patient.patience = 20'000;
  control client{c.settings.control_socket};
  client.attach(patient);
  CHECK(client.ask(start_request{1}).kind == errc::none);
  CHECK(client.read_to_end());
  CHECK(client.out.size() == 20'000'000);
  CHECK((client.gap == output_gap{}));
}

TEST_CASE("monitor: patience ends", "[app][monitor]") {
  monitored_container c{"head -c 20000000 /dev/zero"};
  c.settings.log = {log_driver::none, "", 0, 1};
  REQUIRE(c.launch().has_value());
  auto patient = attach_outputs;
  patient.patience = 100;
  control slow{c.settings.control_socket};
  slow.attach(patient);
  control watcher{c.settings.control_socket};
  CHECK(watcher.ask(start_request{1}).kind == errc::none);
  CHECK(watcher.wait<exited>().status.code == 0);
  CHECK(slow.read_to_end());
  CHECK(slow.out.size() + slow.gap.out == 20'000'000);
  CHECK(slow.gap.out > 0);
}

TEST_CASE("monitor: rotates its log under load and loses nothing", "[app][monitor]") {
  for (auto driver : {log_driver::json_file, log_driver::local}) {
    monitored_container c{"seq 1 50000; seq 1 50000 >&2"};
    c.settings.log = {driver, c.dir.file("c.log"), 200'000, 1000};
    auto client = c.run();
    CHECK(client.wait<exited>().status.code == 0);
    std::string expected;
    for (int i = 1; i <= 50'000; ++i)
      expected += std::to_string(i) + '\n';
    CHECK(c.dir.has("c.log.5"));
    CHECK((c.log(source::out) == expected));
    CHECK((c.log(source::err) == expected));
    CHECK(c.exit_record()->lost_log_bytes == 0);
  }
}

TEST_CASE("monitor: what is logged and what follows fit together", "[app][monitor]") {
  monitored_container c{"printf 'one\\ntwo'; read x; printf ' lines\\n'; read x"};
  c.settings.open_stdin = true;
  auto watcher = c.run();
  auto with_input = attach_outputs;
  with_input.input = true;
  with_input.unlogged = true;
  watcher.attach(with_input);
  watcher.wait_for_output("two");
  control late{c.settings.control_socket};
  const auto at = late.attach(with_input);
  CHECK(c.log() == "one\n");
  CHECK(at.logged.offset == c.dir.read("c.log").size());
  late.wait_for_output("two");
  CHECK(late.out == "two");
  late.send(await_log_request{at.logged});
  late.send_input("\n");
  const auto grown = late.wait<log_grew>();
  CHECK(grown.end.offset == c.dir.read("c.log").size());
  CHECK(c.log() == "one\ntwo lines\n");
  late.send(await_log_request{}); // elsewhere at once
  CHECK((late.wait<log_grew>().end == grown.end));
  late.send_input("\n");
  CHECK(late.read_to_end());
  CHECK(late.out == "two lines\n");
}

TEST_CASE("monitor: the log can be moved away", "[app][monitor]") {
  monitored_container c{"echo one; read x; echo two"};
  c.settings.open_stdin = true;
  auto client = c.run();
  auto with_input = attach_outputs;
  with_input.input = true;
  client.attach(with_input);
  REQUIRE(eventually([&] { return c.log() == "one\n"; }));
  std::filesystem::rename(c.dir.file("c.log"), c.dir.file("moved"));
  CHECK(client.ask(reopen_log_request{4}).kind == errc::none);
  client.send_input("\n");
  client.wait<exited>();
  CHECK(c.log() == "two\n");
}

TEST_CASE("monitor: outlives a daemon that is killed", "[app][monitor]") {
  monitored_container c{"echo one; read x; echo two; exit 5"};
  c.settings.open_stdin = true;
  const pid_t daemon = ::fork();
  if (daemon == 0) {
    ::setpgid(0, 0);
    try {
      auto client = c.run();
      client.attach(attach_outputs);
      c.dir.write("ready", "");
      client.read_to_end();
    } catch (const std::exception&) {
    }
    ::_exit(1);
  }
  REQUIRE(eventually([&] { return c.dir.has("ready") && c.log() == "one\n"; }));
  ::kill(-daemon, SIGKILL);
  ::kill(daemon, SIGKILL);
  REQUIRE(::waitpid(daemon, nullptr, 0) == daemon);
  control next{c.settings.control_socket};
  CHECK(next.greeting.state == process_state::running);
  auto with_input = attach_outputs;
  with_input.input = true;
  next.attach(with_input);
  next.send_input("\n");
  CHECK(next.wait<exited>().status.code == 5);
  CHECK(c.log() == "one\ntwo\n");
  CHECK(c.exit_record()->status.code == 5);
}

TEST_CASE("monitor: is nobody's child, in a session and cgroup of its own", "[app][monitor]") {
  monitored_container c{"sleep 1000"};
  c.settings.join_cgroups = {c.dir.write("cgroup.procs", "")};
  auto pid = c.launch();
  REQUIRE(pid.has_value());
  CHECK(c.dir.read("cgroup.procs") == "0"); // for the kernel: who writes
  const int monitor = parent_of(*pid);
  CHECK(parent_of(monitor) != ::getpid());
  CHECK(::getsid(monitor) == monitor);
  for (const auto& entry :
       std::filesystem::directory_iterator{"/proc/" + std::to_string(monitor) + "/fd"}) {
    const auto target = std::filesystem::read_symlink(entry.path()).string();
    INFO(entry.path() << " is " << target);
    if (std::stoi(entry.path().filename()) <= 2)
      CHECK(target == "/dev/null");
  }
}

TEST_CASE("monitor: no descriptor of the daemon reaches the container", "[app][monitor]") {
  // Inherited by the launcher if anything were.
  host::unique_fd leak{::open("/etc/hostname", O_RDONLY)};
  for (bool tty : {false, true}) {
    monitored_container c{
        "for f in $(seq 0 255); do [ -e /proc/$$/fd/$f ] && ls -l /proc/$$/fd/$f; done; true", tty};
    c.settings.open_stdin = true;
    auto client = c.run();
    CHECK(client.wait<exited>().status.code == 0);
    const auto log = c.log();
    INFO(log);
    std::size_t descriptors = 0;
    for (std::string_view rest = log; !rest.empty();) {
      const auto line = host::next_line(rest);
      descriptors += line.find(" -> ") != std::string_view::npos;
      CHECK((line.find("pipe:") != std::string_view::npos ||
             line.find("/dev/pts") != std::string_view::npos ||
             line.find("/dev/console") != std::string_view::npos ||
             line.find("/proc/") != std::string_view::npos));
    }
    CHECK(descriptors == 3);
  }
}

TEST_CASE("monitor: exec with output, input and exit code", "[app][monitor]") {
  monitored_container c{"sleep 1000"};
  auto main = c.run();
  auto what = c.exec("e1", "cat; echo err >&2; exit 9");
  what.open_stdin = true;
  what.stdin_once = true;
  auto pid = c.launch(what);
  REQUIRE(pid.has_value());
  control client{what.control_socket};
  CHECK(client.greeting.state == process_state::running);
  CHECK(client.greeting.started_at > 0);
  auto with_input = attach_outputs;
  with_input.input = true;
  with_input.unlogged = true;
  client.attach(with_input);
  client.send_input("text\n");
  client.send(input_end{});
  CHECK(client.read_to_end());
  CHECK(client.out == "text\n");
  CHECK(client.err == "err\n");
  CHECK(client.exit->code == 9);
  auto record = decode_exit_record(host::read_text(what.exit_file));
  REQUIRE(record.has_value());
  CHECK(record->pid == *pid);
  CHECK(record->status == *client.exit);
  CHECK(is_alive(control{c.settings.control_socket}.greeting.pid));
}

TEST_CASE("monitor: exec with a terminal", "[app][monitor]") {
  monitored_container c{"sleep 1000"};
  auto main = c.run();
  auto what = c.exec("e2", "read x; stty size; exit 4", true);
  what.open_stdin = true;
  what.rows = 5;
  what.columns = 6;
  REQUIRE(c.launch(what).has_value());
  control client{what.control_socket};
  auto with_input = attach_outputs;
  with_input.input = true;
  client.attach(with_input);
  client.send_input("\n");
  CHECK(client.wait<exited>().status.code == 4);
  CHECK(client.out == "\r\n5 6\r\n");
}

TEST_CASE("monitor: an exec that is held keeps its output and its end until it is let go",
          "[app][monitor]") {
  monitored_container c{"sleep 1000"};
  auto main = c.run();
  auto what = c.exec("held", "echo early; echo err >&2; exit 8");
  what.held = true;
  auto pid = c.launch(what);
  REQUIRE(pid.has_value());
  // It has ended inside; only its monitor, which has not been asked yet, knows.
  REQUIRE(eventually([&] { return !is_alive(*pid); }));
  control watcher{what.control_socket};
  CHECK(watcher.greeting.state == process_state::created);
  CHECK(watcher.greeting.pid == *pid);
  control client{what.control_socket};
  client.attach(attach_outputs);
  CHECK_FALSE(c.dir.has("held.exit"));
  CHECK(watcher.ask(start_request{4}).kind == errc::none);
  CHECK(watcher.read_to_end());
  CHECK(watcher.exit->code == 8);
  CHECK(client.read_to_end());
  CHECK(client.out == "early\n");
  CHECK(client.err == "err\n");
  CHECK(client.exit->code == 8);
}

TEST_CASE("monitor: an exec that is held is started once, with input and a terminal",
          "[app][monitor]") {
  monitored_container c{"sleep 1000"};
  auto main = c.run();
  auto what = c.exec("held2", "read x; stty size; echo $x; exit 3", true);
  what.open_stdin = true;
  what.rows = 7;
  what.columns = 9;
  what.held = true;
  REQUIRE(c.launch(what).has_value());
  control client{what.control_socket};
  auto with_input = attach_outputs;
  with_input.input = true;
  client.attach(with_input);
  CHECK(client.ask(start_request{1}).kind == errc::none);
  CHECK((client.ask(start_request{2}) ==
         done{2, errc::conflict, "the process is not waiting to be started"}));
  client.send_input("on\n");
  CHECK(client.wait<exited>().status.code == 3);
  CHECK(client.out == "on\r\n7 9\r\non\r\n");
}

TEST_CASE("monitor: an exec that is held goes on when nobody comes", "[app][monitor]") {
  monitored_container c{"sleep 1000"};
  auto main = c.run();
  auto what = c.exec("alone", "yes | head -c 200000; exit 5"); // more than a pipe holds
  what.held = true;
  what.hold_limit = std::chrono::milliseconds{50};
  REQUIRE(c.launch(what).has_value());
  REQUIRE(eventually([&] {
    auto record = decode_exit_record(host::read_text(what.exit_file));
    return record && record->status.code == 5;
  }));
}

TEST_CASE("monitor: exec that ends at once, and one that leaves a child behind", "[app][monitor]") {
  monitored_container c{"sleep 1000"};
  auto main = c.run();
  auto quick = c.exec("quick", "exit 6");
  REQUIRE(c.launch(quick).has_value());
  REQUIRE(eventually([&] {
    auto record = decode_exit_record(host::read_text(quick.exit_file));
    return record && record->status.code == 6;
  }));
  auto what = c.exec("child", "sleep 1000 & echo done");
  what.drain_limit = std::chrono::milliseconds{100};
  REQUIRE(c.launch(what).has_value());
  REQUIRE(eventually([&] { return c.dir.has("child.exit"); }));
  CHECK(decode_exit_record(host::read_text(what.exit_file))->status.code == 0);
}

TEST_CASE("monitor: a runtime that fails is told in its own words", "[app][monitor]") {
  monitored_container c{"true"};
  c.set_args({"/bin/nothing"});
  auto pid = c.launch();
  REQUIRE(pid.has_error());
  CHECK(pid.error().kind == errc::system);
  CHECK(pid.error().message.find("exec: \"/bin/nothing\": stat /bin/nothing: no such file") !=
        std::string::npos);
  for (const auto* name : {"control", "exit", "exit.new", "runtime.log", "console"})
    CHECK_FALSE(c.dir.has(name));

  c.settings.runtime = c.dir.file("missing");
  pid = c.launch();
  REQUIRE(pid.has_error());
  CHECK(pid.error().message == "start '" + c.settings.runtime + "': No such file or directory");

  c.settings.runtime = c.dir.write("runtime", "#!/bin/sh\necho only on stderr >&2\nexit 3\n");
  ::chmod(c.settings.runtime.c_str(), 0755);
  CHECK(c.launch().error().message == "only on stderr");
  c.dir.write("runtime", "#!/bin/sh\nexit 3\n");
  CHECK(c.launch().error().message == c.settings.runtime + ": exit code 3");
  c.dir.write("runtime", "#!/bin/sh\nkill -11 $$\n");
  CHECK(c.launch().error().message == c.settings.runtime + ": signal 11");
  c.dir.write("runtime", "#!/bin/sh\nexit 0\n");
  CHECK(c.launch().error().message == "the runtime left no pid in '" + c.settings.pid_file + "'");
}

TEST_CASE("monitor: a runtime that hangs is killed with all that it started", "[app][monitor]") {
  monitored_container c{"true"};
  c.settings.runtime_deadline = std::chrono::milliseconds{300};
  c.settings.runtime = c.dir.write(
      "runtime", "#!/bin/sh\necho $$ > " + c.dir.file("pids") +
                     "\nsetsid sleep 1000 &\necho $! >> " + c.dir.file("pids") + "\nmv " +
                     c.dir.file("pids") + " " + c.dir.file("started") + "\nsleep 1000\n");
  ::chmod(c.settings.runtime.c_str(), 0755);
  auto pid = c.launch();
  REQUIRE(pid.has_error());
  CHECK(pid.error().kind == errc::unavailable);
  CHECK(pid.error().message == "'" + c.settings.runtime + "' did not end within 300ms");
  if (c.dir.has("started")) {
    std::istringstream pids{c.dir.read("started")};
    for (int child = 0; pids >> child;)
      CHECK(eventually([child] { return !is_alive(child); }));
  }
}

TEST_CASE("monitor: a start that hangs is answered at its deadline", "[app][monitor]") {
  monitored_container c{"sleep 1000"};
  const auto real = c.settings.runtime;
  c.settings.runtime_deadline = std::chrono::milliseconds{2000};
  c.settings.runtime = c.dir.write(
      "runtime", "#!/bin/sh\ncase \" $* \" in *' start '*) exec sleep 1000;; esac\nexec " + real +
                     " \"$@\"\n");
  ::chmod(c.settings.runtime.c_str(), 0755);
  REQUIRE(c.launch().has_value());
  control client{c.settings.control_socket};
  const auto answer = client.ask(start_request{1});
  CHECK(answer.kind == errc::unavailable);
  CHECK(answer.text == "'" + c.settings.runtime + "' did not end within 2s");
  CHECK(control{c.settings.control_socket}.greeting.state == process_state::created);
}

TEST_CASE("monitor: settings that are wrong are told", "[app][monitor]") {
  monitored_container c{"true"};
  c.settings.id.clear();
  CHECK(c.launch().error().message == "monitor settings: id: is missing");
  c.settings.id = "x";
  c.settings.log.path = c.dir.file("no/c.log");
  CHECK(c.launch().error().message ==
        "open '" + c.settings.log.path + "': No such file or directory");
  c.settings.log.path = c.dir.file("c.log");
  c.settings.join_cgroups = {c.dir.file("no/cgroup.procs")};
  CHECK(c.launch().error().message ==
        "open '" + c.dir.file("no/cgroup.procs") + "': No such file or directory");
}

TEST_CASE("monitor: killed itself, its clients see the end and there is no exit file",
          "[app][monitor]") {
  monitored_container c{"sleep 1000"};
  auto client = c.run();
  const int pid = control{c.settings.control_socket}.greeting.pid;
  ::kill(parent_of(pid), SIGKILL);
  c.monitor_killed = true;
  CHECK_FALSE(client.read_to_end());
  CHECK_FALSE(client.exit);
  CHECK_FALSE(c.exit_record());
  CHECK(is_alive(pid));
  CHECK_THROWS(control{c.settings.control_socket}); // nobody answers
}

TEST_CASE("monitor: a kill for want of memory is noticed", "[app][monitor]") {
  monitored_container c{"tail /dev/zero"};
  c.set_args({"/bin/tail", "/dev/zero"});
  c.set_resources(R"("memory":{"limit":16777216,"swap":16777216})");
  auto client = c.run();
  bool told = false;
  while (auto message = client.next())
    told = told || std::holds_alternative<oom_event>(*message);
  CHECK(told);
  REQUIRE(client.exit);
  CHECK(client.exit->code == 137);
  CHECK(client.exit->oom_killed);
}

TEST_CASE("monitor: several clients get the same, each from its own beginning", "[app][monitor]") {
  monitored_container c{"read x; seq 1 50000"};
  c.settings.open_stdin = true;
  auto first = c.run();
  std::vector<std::unique_ptr<control>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<control>(c.settings.control_socket));
    clients.back()->attach(attach_outputs);
  }
  auto only_errors = attach_outputs;
  only_errors.out = false;
  only_errors.input = true;
  first.attach(only_errors);
  first.send_input("\n");
  CHECK(first.read_to_end());
  CHECK(first.out.empty());
  for (auto& client : clients) {
    CHECK(client->read_to_end());
    CHECK(client->out.size() == 288'894);
  }
}
