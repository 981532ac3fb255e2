// Sessions with real monitors and a real runtime.
#include "actors/containers/attach_session.hpp"

#include "actors/containers/monitor_link.hpp"
#include "actors/host/tree_reader.hpp"
#include "actors/runtime/actor.hpp"
#include "protocol/container/detach_keys.hpp"
#include "tests/actors/containers/attach_client.hpp"
#include "tests/actors/containers/live_fixture.hpp"
#include "tests/app/monitor/container.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <catch2/catch.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

using namespace gantry;
using namespace gantry::containers;
using namespace gantry::test;
using namespace std::string_literals;

namespace {

using owner_actor = caf::typed_actor<caf::reacts_to<attach_ended>>;

struct owner_state {
  static inline const char* name = "session-owner";
  owner_state() = default;
};

owner_actor::behavior_type run_owner(owner_actor::stateful_pointer<owner_state> self,
                                     std::function<void(attach_ended)> tell) {
  return {[self, tell](const attach_ended& e) {
    tell(e);
    self->quit();
  }};
}

/// Sessions with one container.
class attach_fixture : public live_fixture {
public:
  explicit attach_fixture(const std::string& script, bool tty = false) : c(script, tty) {
    c.settings.open_stdin = true;
  }

  /// A session and its client.
  struct attachment {
    attach_client client;
    attach_session_actor session;
    answer<attach_ended> ended;
  };

  std::unique_ptr<attachment> attach(attach_options options, bool connects = true) {
    host::unique_fd server_end;
    auto made = std::make_unique<attachment>(attachment{attach_client{server_end}, {}, {}});
    attach_setup setup;
    setup.client.stream = core::byte_stream::make(io(), std::move(server_end), nullptr);
    setup.format = options.tty ? raw_attach_format() : framed_attach_format();
    options.stdin_once = c.settings.stdin_once;
    setup.options = std::move(options);
    if (connects)
      setup.control_socket = c.settings.control_socket;
    setup.log = c.settings.log;
    setup.pool = &pool;
    setup.owner = core::to_ptr(
        runtime::spawn(sys, run_owner, std::function<void(attach_ended)>{made->ended.teller()}));
    made->session = start_attach_session(sys, std::move(setup));
    return made;
  }
  /// As a container's actor does it before the start.
  void attach_now(const attach_session_actor& session) {
    answer<bool> attached;
    // NOTE: CAF binds a reference to a null pointer for a function without arguments.
    const auto ask = [this, tell = attached.teller()](caf::event_based_actor* self,
                                                      const attach_session_actor& to) {
      self->request(to, caf::infinite, attach_monitor{c.settings.control_socket})
          .then([tell](core::done) { tell(true); }, [tell](const caf::error&) { tell(false); });
    };
    sys.spawn(ask, session);
    CHECK(attached.get());
  }

  monitored_container c;
};

const attach_options outputs{.out = true, .err = true, .detach_keys = {}};
const attach_options with_input{.in = true, .out = true, .err = true, .detach_keys = {}};

std::string numbers(int from, int to) {
  std::string text;
  for (int i = from; i <= to; ++i)
    text += std::to_string(i) + '\n';
  return text;
}

} // namespace

TEST_CASE("attach_session: attached before the start, nothing is missed", "[actors][containers]") {
  attach_fixture f{"echo out; echo err >&2; exit 7"};
  auto a = f.attach(outputs, false);
  auto b = f.attach(outputs, false);
  REQUIRE(f.c.launch().has_value());
  f.attach_now(a->session);
  f.attach_now(b->session);
  control starter{f.c.settings.control_socket};
  CHECK(starter.ask(monitor::start_request{1}).kind == errc::none);
  for (auto* one : {a.get(), b.get()}) {
    const auto all = demultiplex(one->client.receive_all());
    CHECK(all.out == "out\n");
    CHECK(all.err == "err\n");
    CHECK(one->ended.get().how == attach_end::exited);
  }
}

TEST_CASE("attach_session: a client's half-close ends stdin once", "[actors][containers]") {
  attach_fixture f{"cat; echo over"};
  f.c.settings.stdin_once = true;
  auto starter = f.c.run();
  auto a = f.attach(with_input);
  a->client.send("some\ninput\n");
  a->client.half_close();
  CHECK(demultiplex(a->client.receive_all()).out == "some\ninput\nover\n");
  CHECK(a->ended.get().how == attach_end::exited);
}

TEST_CASE("attach_session: a client that is gone ends stdin once, after all it has sent",
          "[actors][containers]") {
  attach_fixture f{"cat"};
  f.c.settings.stdin_once = true;
  auto starter = f.c.run();
  auto a = f.attach(with_input);
  const auto input = numbers(1, 20'000);
  a->client.send(input);
  a->client.close();
  CHECK(starter.wait<monitor::exited>().status.code == 0);
  CHECK((f.c.log() == input));
  CHECK(a->ended.get().how == attach_end::client_gone);
}

TEST_CASE("attach_session: without once the end of input detaches, and the next one goes on",
          "[actors][containers]") {
  attach_fixture f{"read x; echo got $x; read x; echo got $x"};
  auto starter = f.c.run();
  auto a = f.attach(with_input);
  a->client.send("one\n");
  a->client.half_close();
  a->client.receive_all();
  CHECK(a->ended.get().how == attach_end::detached);
  auto b = f.attach(with_input);
  b->client.send("two\n");
  CHECK(demultiplex(b->client.receive_all()).out.ends_with("got two\n"));
  CHECK(b->ended.get().how == attach_end::exited);
  CHECK(f.c.log() == "got one\ngot two\n");
}

TEST_CASE("attach_session: a terminal, raw, with detach keys", "[actors][containers]") {
  attach_fixture f{"read x; echo got $x; read x", true};
  auto starter = f.c.run();
  attach_options options{.in = true,
                         .out = true,
                         .err = true,
                         .tty = true,
                         .detach_keys = std::string{container::default_detach_keys}};
  auto a = f.attach(options);
  a->client.send("hi\n");
  CHECK(a->client.receive_until("got hi\r\n") == "hi\r\ngot hi\r\n");
  a->client.send("\x10\x11");
  CHECK(a->client.receive_all().empty());
  CHECK(a->ended.get().how == attach_end::detached);
  auto b = f.attach(options);
  b->client.send("on\n");
  CHECK(b->client.receive_all() == "on\r\n");
  CHECK(b->ended.get().how == attach_end::exited);
}

TEST_CASE("attach_session: a client that goes leaves the process alone", "[actors][containers]") {
  attach_fixture f{"read x; echo got $x"};
  auto starter = f.c.run();
  auto a = f.attach(outputs);
  a->client.close();
  CHECK(a->ended.get().how == attach_end::client_gone);
  auto b = f.attach(with_input);
  b->client.send("more\n");
  CHECK(demultiplex(b->client.receive_all()).out == "got more\n");
}

TEST_CASE("attach_session: the log first, then what comes, nothing lost or twice",
          "[actors][containers]") {
  // It stops in the middle of a line, which is in no log yet, and goes on as it is told to.
  attach_fixture f{"seq 1 5000; printf half; read x; echo ' line'; seq 5001 9000; read x"};
  auto starter = f.c.run();
  starter.attach({.tag = 9, .out = true, .unlogged = true});
  REQUIRE(eventually([&] { return f.c.log().ends_with("\n5000\n"); }));
  starter.wait_for_output("half");
  auto options = with_input;
  options.logs = true;
  auto a = f.attach(options);
  auto seen = demultiplex(a->client.receive_until("half")).out;
  CHECK((seen == numbers(1, 5000) + "half"));
  a->client.send("go\n");
  seen = demultiplex(a->client.receive_until("\n9000\n")).out;
  CHECK((seen == " line\n" + numbers(5001, 9000)));
  a->client.send("go\n");
  CHECK(a->client.receive_all().empty());
}

TEST_CASE("attach_session: log and output join while it writes as fast as it can",
          "[actors][containers]") {
  attach_fixture f{"read x; seq 1 60000; read x; seq 60001 120000"};
  f.c.settings.log.max_size = 300'000;
  f.c.settings.log.max_files = 100;
  auto starter = f.c.run();
  auto writer = f.attach({.in = true, .detach_keys = {}});
  writer->client.send("go\n");
  auto options = outputs;
  options.logs = true;
  std::vector<std::unique_ptr<attach_fixture::attachment>> clients;
  for (int i = 0; i < 3; ++i)
    clients.push_back(f.attach(options));
  writer->client.send("go\n");
  for (auto& one : clients) {
    CHECK((demultiplex(one->client.receive_all()).out == numbers(1, 120'000)));
    CHECK(one->ended.get().how == attach_end::exited);
  }
}

TEST_CASE("attach_session: only the log", "[actors][containers]") {
  attach_fixture f{"echo out; echo err >&2; sleep 1000"};
  auto starter = f.c.run();
  REQUIRE(eventually([&] { return f.c.log().size() == 8; }));
  auto options = outputs;
  options.logs = true;
  options.stream = false;
  auto a = f.attach(options);
  const auto all = demultiplex(a->client.receive_all());
  CHECK(all.out == "out\n");
  CHECK(all.err == "err\n");
  CHECK(a->ended.get().how == attach_end::ended);
  f.c.settings.log.driver = monitor::log_driver::none;
  auto b = f.attach(options);
  CHECK(demultiplex(b->client.receive_all()).error ==
        "error from daemon in stream: Error grabbing logs: configured logging driver does not "
        "support reading\n");
  CHECK(b->ended.get().how == attach_end::failed);
}

TEST_CASE("attach_session: the monitor is killed", "[actors][containers]") {
  attach_fixture f{"sleep 1000"};
  auto starter = f.c.run();
  auto a = f.attach(outputs, false);
  f.attach_now(a->session);
  f.c.monitor_killed = true;
  ::kill(parent_of(starter.greeting.pid), SIGKILL);
  CHECK(demultiplex(a->client.receive_all()).error ==
        "error from daemon in stream: the monitor at '" + f.c.settings.control_socket +
            "' has gone\n");
  CHECK(a->ended.get().how == attach_end::failed);
}

TEST_CASE("attach_session: much goes in and comes back whole", "[actors][containers]") {
  attach_fixture f{"exec cat"};
  f.c.settings.stdin_once = true;
  f.c.settings.log = {monitor::log_driver::none, "", 0, 1};
  auto starter = f.c.run();
  auto a = f.attach(with_input);

  constexpr std::size_t size = 100'000'000;
  std::string input;
  input.reserve(size + 16);
  for (std::uint32_t i = 0; input.size() < size; ++i) {
    const auto word = i * 2654435761U;
    input.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  const auto begun = std::chrono::steady_clock::now();
  std::thread sender{[&] {
    a->client.send(input);
    a->client.half_close();
  }};
  const auto output = a->client.receive_all();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  sender.join();
  const auto all = demultiplex(output);
  CHECK(all.error.empty());
  CHECK(all.err.empty());
  CHECK((all.out == input));
  if (std::getenv("GANTRY_TEST_SPEED"))
    WARN("100 MB through stdin and back: " << size / 1e6 / took.count() << " MB/s");
}
