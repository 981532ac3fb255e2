#include "actors/containers/monitor_link.hpp"

#include "actors/server/byte_stream.hpp"
#include "tests/actors/containers/fake_monitor.hpp"
#include "tests/actors/containers/io_fixture.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <functional>
#include <optional>
#include <set>

using namespace gantry;
using namespace gantry::containers;
using namespace gantry::monitor;
using namespace gantry::test;
using namespace std::chrono_literals;
using std::string;

namespace {

using owner_actor = caf::typed_actor<caf::reacts_to<core::io_ready>>;

struct owner_state {
  static inline const char* name = "link-owner";
  owner_state() = default;
};

owner_actor::behavior_type run_owner(owner_actor::stateful_pointer<owner_state>,
                                     std::shared_ptr<std::optional<monitor_link>> link) {
  return {[link](const core::io_ready& ready) {
    if (*link)
      (*link)->on_ready(ready);
  }};
}

/// A link whose time and turns belong to the test, to a monitor that is the test itself.
class link_fixture : public io_fixture {
public:
  explicit link_fixture(int backlog = 16) : control(backlog) {}

  void connect() { connect(control.path()); }
  void connect(const string& path) {
    *link = monitor_link{io,
                         core::to_ptr(owner),
                         path,
                         {[this](const event& e) { on_event(e); },
                          [this](const api_error& e) { told.push_back("lost: " + e.message); }}};
    settle();
  }
  /// A link that has been greeted.
  fake_monitor greeted() {
    connect();
    auto other = control.accept();
    other.send(hello{});
    settle();
    REQUIRE(take_told() == std::vector<string>{"hello"});
    return other;
  }

  void ask(const request& what, caf::timespan limit = limits::monitor_answer) {
    (*link)->ask(
        what,
        [this](const result<void>& how) {
          told.push_back(how ? "done"
                             : string{to_string(how.error().kind)} + ": " + how.error().message);
        },
        limit);
    settle();
  }
  std::vector<string> take_told() { return std::exchange(told, {}); }
  string at() const { return "the monitor at '" + control.path() + "'"; }

  fake_control_socket control;
  std::shared_ptr<std::optional<monitor_link>> link =
      std::make_shared<std::optional<monitor_link>>();
  owner_actor owner = spawn(run_owner, link);
  std::vector<string> told;
  std::function<void()> on_output; ///< called for each, in the handler

private:
  void on_event(const event& e) {
    if (const auto* output = std::get_if<output_bytes>(&e)) {
      told.push_back("output " + (output->bytes.size() < 20
                                      ? string{output->bytes}
                                      : std::to_string(output->bytes.size())));
      if (on_output)
        on_output();
      return;
    }
    constexpr const char* names[] = {"hello",  "done", "attached", "output", "gap",   "credit",
                                     "closed", "grew", "started",  "oom",    "exited"};
    told.push_back(names[e.index()]);
  }
};

using strings = std::vector<string>;

} // namespace

TEST_CASE_METHOD(link_fixture, "monitor_link: events come in order, however they are cut",
                 "[actors][containers]") {
  auto other = greeted();
  string bytes;
  encode(bytes, event{output_bytes{source::out, "one"}});
  encode(bytes, event{oom_event{}});
  encode(bytes, event{output_bytes{source::err, "two"}});
  for (char c : bytes) {
    other.send_raw({&c, 1});
    settle();
  }
  CHECK(take_told() == strings{"output one", "oom", "output two"});
  CHECK((*link)->is_open());
}

TEST_CASE_METHOD(link_fixture, "monitor_link: what is asked before the connection is sent then",
                 "[actors][containers]") {
  connect(); // has not been accepted
  ask(start_request{});
  (*link)->tell(input_end{});
  auto other = control.accept();
  CHECK(other.asked() == strings{"start", "input end"});
  other.send(hello{}, done{other.last_tag, errc::none, ""});
  settle();
  CHECK(take_told() == strings{"hello", "done"});
}

TEST_CASE_METHOD(link_fixture, "monitor_link: answers find their requests in any order",
                 "[actors][containers]") {
  auto other = greeted();
  std::vector<std::uint32_t> tags;
  for (int i = 0; i < 3; ++i) {
    ask(signal_request{0, 9});
    CHECK(other.asked() == strings{"signal"});
    tags.push_back(other.last_tag);
  }
  result<log_position> place = api_error{};
  (*link)->attach({.out = true}, [&](const auto& how) { place = how; });
  CHECK(other.asked() == strings{"attach out 0"});
  CHECK(std::set<std::uint32_t>{tags[0], tags[1], tags[2], other.last_tag}.size() == 4);
  other.send(attached{other.last_tag, {7, 99}}, done{tags[2], errc::none, ""},
             done{tags[0], errc::conflict, "no"}, done{0xffffff, errc::none, "whose?"});
  settle();
  CHECK((place.value() == log_position{7, 99}));
  CHECK(take_told() == strings{"done", "conflict: no"});
  other.send(done{tags[1], errc::none, ""}, done{tags[1], errc::none, "again"});
  settle();
  CHECK(take_told() == strings{"done"});
}

TEST_CASE_METHOD(link_fixture, "monitor_link: an attach that is refused says why",
                 "[actors][containers]") {
  auto other = greeted();
  result<log_position> place = log_position{};
  (*link)->attach({.input = true}, [&](const auto& how) { place = how; });
  other.asked();
  other.send(done{other.last_tag, errc::conflict, "the process takes no input"});
  settle();
  CHECK(place.error() == api_error{errc::conflict, "the process takes no input"});
}

TEST_CASE_METHOD(link_fixture, "monitor_link: an answer that does not come is told in time",
                 "[actors][containers]") {
  auto other = greeted();
  ask(start_request{}, limits::span(60s));
  other.asked();
  const auto first = other.last_tag;
  ask(signal_request{0, 15});
  pass(9s);
  CHECK(take_told().empty());
  pass(2s);
  CHECK(take_told() == strings{"unavailable: " + at() + " did not answer within 10s"});
  other.send(done{first, errc::none, ""});
  settle();
  CHECK(take_told() == strings{"done"});
  pass(120s);
  CHECK(take_told().empty());
  CHECK((*link)->is_open());
}

TEST_CASE_METHOD(link_fixture, "monitor_link: a monitor that does not greet is given up",
                 "[actors][containers]") {
  connect();
  ask(start_request{});
  pass(9s);
  CHECK(take_told().empty());
  pass(2s);
  CHECK(take_told() == strings{"unavailable: " + at() + " did not answer within 10s",
                               "lost: " + at() + " did not answer within 10s"});
  CHECK_FALSE((*link)->is_open());
}

TEST_CASE_METHOD(link_fixture, "monitor_link: a monitor that speaks otherwise is given up",
                 "[actors][containers]") {
  connect();
  auto other = control.accept();
  string why;
  SECTION("another version") {
    other.send(hello{.version = 2, .exit = {}}, oom_event{});
    why = " speaks version 2, not 1";
  }
  SECTION("no greeting") {
    other.send(oom_event{});
    why = " does not greet";
  }
  SECTION("nonsense") {
    other.send(hello{});
    settle();
    CHECK(take_told() == strings{"hello"});
    other.send_raw(string("\x7f\0\0\0\0\0\0\0", 8));
    why = " sent unknown event 127";
  }
  settle();
  CHECK(take_told() == strings{"lost: " + at() + why});
  other.asked();
  CHECK(other.has_ended());
}

TEST_CASE_METHOD(link_fixture, "monitor_link: a lost connection fails what is open, then is told",
                 "[actors][containers]") {
  auto other = greeted();
  ask(start_request{});
  other.send(output_bytes{source::out, "last"});
  other.disconnect();
  settle();
  CHECK(take_told() == strings{"output last", "unavailable: " + at() + " has gone",
                               "lost: " + at() + " has gone"});
  ask(start_request{});
  CHECK(take_told() == strings{"unavailable: there is no connection to the monitor"});
  (*link)->tell(input_end{});
  (*link)->send_input("x");
  (*link)->resume();
  pass(60s);
  CHECK(take_told().empty());
}

TEST_CASE_METHOD(link_fixture, "monitor_link: after exited nothing else is told",
                 "[actors][containers]") {
  auto other = greeted();
  ask(start_request{});
  other.send(exited{}, oom_event{});
  other.disconnect();
  settle();
  CHECK(take_told() == strings{"conflict: the process has ended", "exited"});
  CHECK_FALSE((*link)->is_open());
}

TEST_CASE_METHOD(link_fixture, "monitor_link: what was said last is heard though nobody listens",
                 "[actors][containers]") {
  auto other = greeted();
  other.send(output_bytes{source::out, "last"}, exited{});
  other.disconnect();
  (*link)->send_input("into a broken pipe");
  settle();
  CHECK(take_told() == strings{"output last", "exited"});
}

TEST_CASE("monitor_link: there is no monitor", "[actors][containers]") {
  link_fixture f;
  f.connect("/nonexistent/control");
  CHECK(f.take_told() ==
        strings{"lost: connect to '/nonexistent/control': No such file or directory"});
  const auto path = f.control.path();
  f.control.stop_listening();
  f.connect(path);
  CHECK(f.take_told() == strings{"lost: connect to '" + path + "': Connection refused"});
  const auto longest = "/tmp/" + string(103, 'x'); // one byte too long
  f.connect(longest);
  CHECK(f.take_told() == strings{"lost: connect to '" + longest + "': File name too long"});
}

TEST_CASE("monitor_link: a monitor with many to accept is tried again", "[actors][containers]") {
  link_fixture f{0};
  std::vector<host::unique_fd> others;
  while (auto other = f.control.connect())
    others.push_back(std::move(other));
  f.connect();
  f.pass(5s);
  CHECK(f.take_told().empty());
  for (std::size_t i = 0; i < others.size(); ++i)
    f.control.accept();
  f.pass(1s);
  auto other = f.control.accept();
  other.send(hello{});
  f.settle();
  CHECK(f.take_told() == strings{"hello"});

  link_fixture g{0};
  while (auto one = g.control.connect())
    others.push_back(std::move(one));
  g.connect();
  g.pass(11s);
  CHECK(g.take_told() == strings{"lost: " + g.at() + " did not answer within 10s"});
}

TEST_CASE_METHOD(link_fixture, "monitor_link: a pause holds back what was read already",
                 "[actors][containers]") {
  auto other = greeted();
  on_output = [this] { (*link)->pause(); };
  other.send(output_bytes{source::out, "1"}, output_bytes{source::out, "2"}, oom_event{},
             output_bytes{source::out, "3"});
  settle();
  CHECK(take_told() == strings{"output 1"});
  other.send(output_bytes{source::out, "4"});
  settle();
  CHECK(take_told().empty());
  for (const auto& expected :
       {strings{"output 2"}, strings{"oom", "output 3"}, strings{"output 4"}, strings{}}) {
    (*link)->resume();
    settle();
    CHECK(take_told() == expected);
  }
}

TEST_CASE_METHOD(link_fixture, "monitor_link: while it is paused nothing is read",
                 "[actors][containers]") {
  auto other = greeted();
  (*link)->pause();
  settle();
  string bytes;
  encode(bytes, event{output_bytes{source::out, string(largest_piece, 'x')}});
  std::size_t sent = 0;
  for (std::size_t n = 1; n > 0; sent += n) {
    n = other.try_send(bytes);
    settle();
  }
  CHECK(sent < 2'000'000); // what the sockets hold
  CHECK(take_told().empty());
  (*link)->resume();
  settle();
  CHECK(take_told().size() == sent / bytes.size());
}

TEST_CASE_METHOD(link_fixture, "monitor_link: a handler may close or destroy it",
                 "[actors][containers]") {
  auto other = greeted();
  ask(start_request{});
  SECTION("close") {
    on_output = [this] { (*link)->close(); };
  }
  SECTION("destroy") {
    on_output = [this] { link->reset(); };
  }
  other.send(output_bytes{source::out, "1"}, output_bytes{source::out, "2"});
  settle();
  CHECK(take_told() == strings{"output 1"});
  other.asked();
  other.asked();
  CHECK(other.has_ended());
  pass(60s);
  CHECK(take_told().empty());
}

TEST_CASE_METHOD(link_fixture, "monitor_link: input goes in pieces, as the monitor takes it",
                 "[actors][containers]") {
  auto other = greeted();
  string input;
  for (int i = 0; input.size() < 600'000; ++i)
    input += std::to_string(i);
  (*link)->send_input(input);
  CHECK((*link)->queued() > 0);
  while (other.input.size() < input.size()) {
    for (const auto& piece : other.asked())
      CHECK(std::stoul(piece.substr(6)) <= largest_piece);
    settle();
  }
  CHECK((other.input == input));
  CHECK((*link)->queued() == 0);
}

TEST_CASE_METHOD(link_fixture, "monitor_link: a monitor that takes nothing is given up",
                 "[actors][containers]") {
  auto other = greeted();
  const string piece(largest_piece, 'x');
  for (int i = 0; i < 40; ++i)
    (*link)->send_input(piece);
  settle();
  CHECK(take_told() == strings{"lost: " + at() + " takes nothing"});
}

TEST_CASE_METHOD(link_fixture, "monitor_link: what woke a former link leaves its successor alone",
                 "[actors][containers]") {
  auto other = greeted();
  other.send(oom_event{});
  io.restart();
  io.poll(); // the wake-up is in the owner's mailbox
  connect();
  auto next = control.accept();
  next.send(hello{});
  settle();
  CHECK(take_told() == strings{"hello"});
}
