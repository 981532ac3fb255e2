// Sessions whose time and turns belong to the test, with monitors that are the test itself.
#include "actors/containers/attach_session.hpp"

#include "actors/containers/container_limits.hpp"
#include "protocol/container/detach_keys.hpp"
#include "tests/actors/containers/attach_client.hpp"
#include "tests/actors/containers/fake_monitor.hpp"
#include "tests/actors/containers/io_fixture.hpp"

#include <catch2/catch.hpp>

#include <filesystem>

using namespace gantry;
using namespace gantry::containers;
using namespace gantry::monitor;
using namespace gantry::test;
using namespace std::chrono_literals;
using namespace std::string_literals;
using strings = std::vector<std::string>;

namespace {

using owner_actor = caf::typed_actor<caf::reacts_to<attach_ended>, caf::reacts_to<attach_exited>>;

struct owner_state {
  static inline const char* name = "session-owner";
  owner_state() = default;
};

/// What the owner of sessions was told.
struct owner_record {
  std::vector<attach_ended> ended;
  std::vector<attach_exited> exited;
};

owner_actor::behavior_type run_owner(owner_actor::stateful_pointer<owner_state>,
                                     std::shared_ptr<owner_record> seen) {
  return {[seen](const attach_ended& e) { seen->ended.push_back(e); },
          [seen](const attach_exited& e) { seen->exited.push_back(e); }};
}

class session_fixture : public io_fixture {
public:
  session_fixture() : client(server_end_) {}

  void start(attach_options options, const std::string& already_read = {}, bool connects = true,
             bool owner_ends = false) {
    auto stream = core::byte_stream::make(io, std::move(server_end_), nullptr);
    REQUIRE(stream);
    attach_setup setup;
    setup.client = {std::move(stream), already_read};
    setup.format = options.tty ? raw_attach_format() : framed_attach_format();
    setup.options = std::move(options);
    if (connects)
      setup.control_socket = control.path();
    setup.owner = core::to_ptr(owner);
    setup.owner_ends = owner_ends;
    session = start_attach_session(sys, std::move(setup));
    track(session);
    settle();
  }
  /// What the connection has sent before.
  void send_head(const std::string& head) {
    REQUIRE(::send(server_end_.get(), head.data(), head.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(head.size()));
  }
  /// The monitor's end, greeted and attached; `asked` is how that was asked for.
  fake_monitor attached_monitor(const std::string& asked) {
    auto other = control.accept();
    CHECK(other.asked() == strings{asked});
    other.send(hello{.state = process_state::running, .exit = {}}, attached{other.last_tag, {}});
    settle();
    return other;
  }

  /// The process ends after more output than the client, who does not read, has room for.
  void end_with_much_left(fake_monitor& other) {
    std::string piece;
    encode(piece, event{output_bytes{source::out, std::string(largest_piece, 'x')}});
    for (int i = 0; i < 5; ++i) {
      other.send_raw(piece);
      settle();
    }
    other.send(exited{});
    settle();
  }
  std::string phase() {
    const auto facts = facts_of(session);
    return facts ? facts->values.front().second : "gone";
  }
  /// How it ended; "" if it has not.
  std::string ending() const {
    if (seen->ended.empty())
      return "";
    REQUIRE(seen->ended.size() == 1);
    return to_string(seen->ended.front().how);
  }

private:
  host::unique_fd server_end_;

public:
  fake_control_socket control;
  std::shared_ptr<owner_record> seen = std::make_shared<owner_record>();
  owner_actor owner = spawn(run_owner, seen);
  attach_session_actor session;
  attach_client client;
};

const attach_options outputs{.out = true, .err = true, .detach_keys = {}};
const attach_options with_input{.in = true, .out = true, .err = true, .detach_keys = {}};

attach_options terminal() {
  return {.in = true,
          .out = true,
          .err = true,
          .tty = true,
          .detach_keys = std::string{container::default_detach_keys}};
}

} // namespace

TEST_CASE_METHOD(session_fixture, "attach_session: output in frames, until the process has ended",
                 "[actors][containers]") {
  start(outputs);
  auto other = attached_monitor("attach out err 10000");
  other.send(output_bytes{source::out, "out\n"}, started_event{}, output_bytes{source::err, "e"});
  settle();
  CHECK(client.receive() == "\1\0\0\0\0\0\0\4out\n\2\0\0\0\0\0\0\1e"s);
  CHECK_FALSE(client.ended());
  other.send(output_bytes{source::out, "last"}, exited{});
  settle();
  CHECK(client.receive() == "\1\0\0\0\0\0\0\4last"s);
  CHECK(client.ended());
  CHECK(ending() == "exited");
  CHECK(phase() == "closing"); // until the client closes, too
  client.close();
  settle();
  CHECK(phase() == "gone");
}

TEST_CASE_METHOD(session_fixture,
                 "attach_session: what follows waits a moment for the head to be read",
                 "[actors][containers]") {
  const auto frame = "\1\0\0\0\0\0\0\1x"s;
  send_head("HEAD");
  start(outputs);
  auto other = attached_monitor("attach out err 10000");
  other.send(output_bytes{source::out, "x"});
  settle();
  SECTION("by a client that reads") {
    CHECK(client.receive() == "HEAD");
    advance_time(1ms);
    settle();
    CHECK(client.receive() == frame);
  }
  SECTION("by one that does not, and is not waited for any longer") {
    for (int i = 0; i < 20; ++i) {
      advance_time(1ms);
      settle();
    }
    CHECK(client.receive() == "HEAD" + frame);
  }
}

TEST_CASE_METHOD(session_fixture, "attach_session: a client that stays is left behind",
                 "[actors][containers]") {
  start(outputs);
  attached_monitor("attach out err 10000").send(exited{});
  settle();
  client.receive();
  CHECK(client.ended());
  pass(3s);
  CHECK(phase() == "gone");
}

TEST_CASE_METHOD(session_fixture,
                 "attach_session: waits for a monitor, and says when it is attached",
                 "[actors][containers]") {
  start(with_input, "early ", false);
  client.send("input");
  settle();
  CHECK(phase() == "waiting for a monitor");
  auto answer = ask<core::done>(session, attach_monitor{control.path()});
  settle();
  CHECK_FALSE(answer->has_value());
  auto other = attached_monitor("attach in out err 10000");
  CHECK(answer->has_value());
  CHECK(other.asked().empty());
  other.send(output_bytes{source::out, "first"}, input_credit{100});
  settle();
  CHECK(demultiplex(client.receive()).out == "first");
  other.asked();
  CHECK(other.input == "early input");
  auto again = ask<core::done>(session, attach_monitor{control.path()});
  settle();
  CHECK_FALSE(again->has_value());
  CHECK(phase() == "attached");
}

TEST_CASE_METHOD(session_fixture, "attach_session: what keeps it from attaching ends it",
                 "[actors][containers]") {
  start(outputs, {}, false);
  auto answer = ask<core::done>(session, attach_monitor{"/nonexistent/control"});
  settle();
  CHECK_FALSE(answer->has_value());
  CHECK(demultiplex(client.receive()).error ==
        "error from daemon in stream: connect to '/nonexistent/control': No such file or "
        "directory\n");
  CHECK(ending() == "failed");
  CHECK(seen->ended.front().error ==
        "connect to '/nonexistent/control': No such file or directory");
}

TEST_CASE_METHOD(session_fixture, "attach_session: a process that has just ended is no failure",
                 "[actors][containers]") {
  SECTION("no socket any more") {
    auto path = control.path();
    std::filesystem::remove(path);
    start(outputs);
  }
  SECTION("it ends before it is attached to") {
    start(outputs);
    control.accept().send(hello{}, exited{});
    settle();
  }
  CHECK(client.receive().empty());
  CHECK(client.ended());
  CHECK(ending() == "exited");
}

TEST_CASE_METHOD(session_fixture, "attach_session: input goes as there is credit, then the end",
                 "[actors][containers]") {
  auto options = with_input;
  options.stdin_once = true;
  start(options);
  auto other = attached_monitor("attach in out err 10000");
  client.send("0123456789");
  client.half_close();
  settle();
  CHECK(other.asked().empty());
  other.send(input_credit{4});
  settle();
  CHECK(other.asked() == strings{"input 4"});
  other.send(input_credit{5});
  settle();
  CHECK(other.asked() == strings{"input 5"});
  other.send(input_credit{100});
  settle();
  CHECK(other.asked() == strings{"input 1", "input end"});
  CHECK(other.input == "0123456789");
  other.send(output_bytes{source::out, "after"});
  settle();
  CHECK(demultiplex(client.receive()).out == "after");
  other.send(exited{});
  settle();
  CHECK(ending() == "exited");
  CHECK(phase() == "gone"); // the client's side was closed already
}

TEST_CASE_METHOD(session_fixture,
                 "attach_session: the end of input is the end of it if stdin stays open",
                 "[actors][containers]") {
  start(with_input);
  auto other = attached_monitor("attach in out err 10000");
  other.send(input_credit{100});
  client.send("x\n");
  client.half_close();
  settle();
  CHECK(other.asked() == strings{"input 2", "detach"});
  CHECK(phase() == "detaching");
  other.send(output_bytes{source::out, "on its way"}, done{other.last_tag, errc::none, ""});
  settle();
  CHECK(demultiplex(client.receive()).out == "on its way");
  CHECK(client.ended());
  CHECK(ending() == "detached");
  other.asked();
  CHECK(other.has_ended());
}

TEST_CASE_METHOD(session_fixture,
                 "attach_session: the client's half-close without stdin is nothing",
                 "[actors][containers]") {
  start(outputs);
  auto other = attached_monitor("attach out err 10000");
  client.send("ignored");
  client.half_close();
  other.send(output_bytes{source::out, "still there"});
  settle();
  CHECK(demultiplex(client.receive()).out == "still there");
  CHECK(phase() == "attached");
  client.close();
  settle();
  CHECK(phase() == "detaching"); // waits for the monitor's word that all input is there
  CHECK(other.asked() == strings{"detach"});
  pass(11s);
  CHECK(phase() == "gone");
  CHECK(ending() == "client gone");
}

TEST_CASE_METHOD(session_fixture, "attach_session: a client that left is still heard to its end",
                 "[actors][containers]") {
  auto options = with_input;
  options.stdin_once = true;
  start(options);
  auto other = attached_monitor("attach in out err 10000");
  client.send("all of this");
  client.close();
  other.send(output_bytes{source::out, "into nothing"}, input_credit{5});
  settle();
  CHECK(other.asked() == strings{"input 5"});
  other.send(input_credit{100});
  settle();
  CHECK(other.asked() == strings{"input 6", "input end", "detach"});
  CHECK(other.input == "all of this");
  other.send(done{other.last_tag, errc::none, ""});
  settle();
  CHECK(ending() == "client gone");
  CHECK(phase() == "gone");
}

TEST_CASE_METHOD(session_fixture,
                 "attach_session: a client that left before it was attached is heard to its end",
                 "[actors][containers]") {
  auto options = with_input;
  options.stdin_once = true;
  start(options);
  client.send("all of this");
  client.close();
  settle();
  auto other = attached_monitor("attach in out err 10000");
  other.send(input_credit{100});
  settle();
  CHECK(other.asked() == strings{"input 11", "input end", "detach"});
  CHECK(other.input == "all of this");
  other.send(done{other.last_tag, errc::none, ""});
  settle();
  CHECK(ending() == "client gone");
  CHECK(phase() == "gone");
}

TEST_CASE_METHOD(session_fixture, "attach_session: a client that leaves while it waits is noticed",
                 "[actors][containers]") {
  start(with_input, {}, false);
  client.close();
  settle();
  CHECK(ending() == "client gone");
  CHECK(phase() == "gone");
}

TEST_CASE_METHOD(session_fixture,
                 "attach_session: detach keys end it, and what came before is sent",
                 "[actors][containers]") {
  start(terminal());
  auto other = attached_monitor("attach in out err 10000");
  other.send(input_credit{1000}, output_bytes{source::out, "raw\r\n"});
  client.send("ls\n\x10");
  settle();
  CHECK(client.receive() == "raw\r\n");
  CHECK(other.asked() == strings{"input 3"});
  client.send("\x11never seen");
  settle();
  CHECK(other.asked() == strings{"detach"});
  other.send(done{other.last_tag, errc::none, ""});
  settle();
  CHECK(client.ended() == false);
  CHECK(client.receive().empty());
  CHECK(client.ended());
  CHECK(ending() == "detached");
  CHECK(other.input == "ls\n");
}

TEST_CASE_METHOD(session_fixture, "attach_session: without a terminal there are no detach keys",
                 "[actors][containers]") {
  auto options = with_input;
  options.detach_keys = container::default_detach_keys;
  start(options);
  auto other = attached_monitor("attach in out err 10000");
  other.send(input_credit{1000});
  client.send("\x10\x11");
  settle();
  CHECK(other.asked() == strings{"input 2"});
}

TEST_CASE_METHOD(session_fixture, "attach_session: a half-typed detach sequence goes with the end",
                 "[actors][containers]") {
  start(terminal());
  auto other = attached_monitor("attach in out err 10000");
  other.send(input_credit{1000});
  client.send("a\x10");
  client.half_close();
  settle();
  CHECK(other.asked() == strings{"input 1", "input 1", "detach"});
  CHECK(other.input == "a\x10");
}

TEST_CASE_METHOD(session_fixture, "attach_session: stdin that has ended leaves the output",
                 "[actors][containers]") {
  start(with_input);
  auto other = control.accept();
  CHECK(other.asked() == strings{"attach in out err 10000"});
  other.send(hello{}, done{other.last_tag, errc::conflict, "the process takes no input"});
  settle();
  CHECK(other.asked() == strings{"attach out err 10000"});
  other.send(attached{other.last_tag, {}}, output_bytes{source::out, "output"});
  client.send("for nobody");
  settle();
  CHECK(demultiplex(client.receive()).out == "output");
  CHECK(ending().empty());
}

TEST_CASE_METHOD(session_fixture, "attach_session: input that nobody reads any more is dropped",
                 "[actors][containers]") {
  auto options = with_input;
  options.stdin_once = true;
  start(options);
  auto other = attached_monitor("attach in out err 10000");
  other.send(input_credit{3});
  client.send("1234567");
  settle();
  other.send(input_closed{});
  settle();
  CHECK(other.asked() == strings{"input 3"});
  const std::string more(100'000, 'x');
  for (int i = 0; i < 20; ++i) {
    client.send(more);
    settle();
  }
  client.half_close();
  settle();
  CHECK(other.asked().empty());
  other.send(output_bytes{source::out, "output"}, exited{});
  settle();
  CHECK(demultiplex(client.receive()).out == "output");
  CHECK(ending() == "exited");
}

TEST_CASE_METHOD(session_fixture, "attach_session: a gap is told where it is",
                 "[actors][containers]") {
  const auto words = "gantry: 105 bytes of output are missing here: they were not read in time"s;
  SECTION("on stderr") {
    start(outputs);
    auto other = attached_monitor("attach out err 10000");
    other.send(output_bytes{source::out, "a"}, output_gap{100, 5}, output_bytes{source::out, "b"});
    settle();
    const auto all = demultiplex(client.receive());
    CHECK(all.out == "ab");
    CHECK(all.err == words + "\n");
  }
  SECTION("on stdout, if there is only that") {
    start({.out = true, .detach_keys = {}});
    attached_monitor("attach out 10000").send(output_gap{105, 0});
    settle();
    CHECK(demultiplex(client.receive()).out == words + "\n");
  }
  SECTION("on a terminal") {
    start(terminal());
    auto other = attached_monitor("attach in out err 10000");
    other.send(output_bytes{source::out, "a"}, output_gap{105, 0}, output_bytes{source::out, "b"});
    settle();
    CHECK(client.receive() == "a" + words + "\r\nb");
  }
}

TEST_CASE_METHOD(session_fixture,
                 "attach_session: no more is taken for a client that does not read",
                 "[actors][containers]") {
  start(outputs);
  auto other = attached_monitor("attach out err 10000");
  std::string piece;
  encode(piece, event{output_bytes{source::out, std::string(largest_piece, 'x')}});
  std::size_t sent = 0;
  std::string part;
  const auto push = [&] {
    for (std::size_t n = 1; n > 0;) {
      if (part.empty())
        part = piece;
      n = other.try_send(part);
      part.erase(0, n);
      sent += n;
      settle();
    }
  };
  push();
  CHECK(sent > limits::attach_ahead);
  CHECK(sent < 3 * limits::attach_ahead + 1'000'000); // and what the sockets hold
  const auto first = sent;
  push();
  CHECK(sent == first);
  std::size_t got = 0;
  for (std::string bytes; !(bytes = client.receive()).empty(); settle())
    got += bytes.size();
  push();
  CHECK(got > 0);
  CHECK(sent > first);
}

TEST_CASE_METHOD(session_fixture, "attach_session: a client that never takes the rest is cut off",
                 "[actors][containers]") {
  start(outputs);
  auto other = attached_monitor("attach out err 10000");
  end_with_much_left(other);
  CHECK(phase() == "waiting for the client");
  pass(4min);
  CHECK(phase() == "waiting for the client");
  CHECK_FALSE(client.receive().empty());
  settle();
  CHECK(ending() == "exited");
}

TEST_CASE_METHOD(session_fixture, "attach_session: the one that takes nothing at all",
                 "[actors][containers]") {
  start(outputs);
  auto other = attached_monitor("attach out err 10000");
  end_with_much_left(other);
  pass(6min);
  CHECK(phase() == "gone");
  CHECK(ending() == "client gone");
}

TEST_CASE_METHOD(session_fixture, "attach_session: the monitor's death is told",
                 "[actors][containers]") {
  const auto why = "the monitor at '" + control.path() + "' has gone";
  SECTION("in a frame") {
    start(outputs);
    attached_monitor("attach out err 10000").send(output_bytes{source::out, "last"});
    settle();
    const auto all = demultiplex(client.receive());
    CHECK(all.out == "last");
    CHECK(all.error == "error from daemon in stream: " + why + "\n");
  }
  SECTION("on a terminal") {
    start(terminal());
    attached_monitor("attach in out err 10000");
    settle();
    CHECK(client.receive() == why + "\r\n");
  }
  CHECK(client.ended());
  CHECK(ending() == "failed");
  CHECK(seen->ended.front().error == why);
}

TEST_CASE_METHOD(session_fixture, "attach_session: ends at once if nothing is wanted",
                 "[actors][containers]") {
  SECTION("no stream") { start({.detach_keys = {}}); }
  SECTION("only what was") { start({.in = true, .out = true, .stream = false, .detach_keys = {}}); }
  CHECK(client.receive().empty());
  CHECK(client.ended());
  CHECK(ending() == "ended");
  CHECK_FALSE(control.has_connection());
}

TEST_CASE_METHOD(session_fixture, "attach_session: is ended with words", "[actors][containers]") {
  SECTION("while it waits") {
    start(outputs, {}, false);
    caf::anon_send(session, end_attach{"no such program\r\n"});
    settle();
  }
  SECTION("while it is attached") {
    start(outputs);
    auto other = attached_monitor("attach out err 10000");
    caf::anon_send(session, end_attach{"no such program\r\n"});
    settle();
    CHECK(other.asked() == strings{"detach"});
    other.send(done{other.last_tag, errc::none, ""});
    settle();
  }
  CHECK(demultiplex(client.receive()).out == "no such program\r\n");
  CHECK(client.ended());
  CHECK(ending() == "ended");
}

TEST_CASE_METHOD(session_fixture,
                 "attach_session: the owner ends the stream of one that has exited",
                 "[actors][containers]") {
  start(outputs, {}, true, true);
  auto other = attached_monitor("attach out err 10000");
  other.send(output_bytes{source::out, "last"}, exited{{.code = 3}});
  settle();
  REQUIRE(seen->exited.size() == 1);
  CHECK(seen->exited.front().status.code == 3);
  CHECK(seen->exited.front().session == session.id());
  CHECK(demultiplex(client.receive()).out == "last");
  CHECK_FALSE(client.ended());
  SECTION("with a word") {
    caf::anon_send(session, end_attach{});
    settle();
  }
  SECTION("or by not answering") { pass(6s); }
  client.receive();
  CHECK(client.ended());
  CHECK(ending() == "exited");
}

TEST_CASE_METHOD(session_fixture, "attach_session: its owner hears of a killed one",
                 "[actors][containers]") {
  start(outputs, {}, false);
  auto answer = ask<core::done>(session, attach_monitor{control.path()});
  settle();
  kill(session);
  settle();
  CHECK(ending() == "ended");
  client.receive();
  CHECK(client.ended());
}
