// Execs in a container that runs for real, with monitors and a runtime.
#include "actors/containers/exec_actor.hpp"

#include "actors/containers/exec_paths.hpp"
#include "tests/actors/containers/attach_client.hpp"
#include "tests/actors/containers/daemon_of_containers.hpp"
#include "tests/actors/containers/live_fixture.hpp"

#include <caf/exit_reason.hpp>

using namespace gantry;
using namespace gantry::containers;
using test::daemon_of_containers;
using test::eventually;
using test::subject;
using test::verb;

namespace {

container::exec_options exec_shell(const std::string& script) {
  container::exec_options options;
  options.cmd = {{"sh", "-c", script}};
  options.attach_stdin = options.attach_stdout = options.attach_stderr = true;
  return options;
}

/// A container that sleeps, and execs in it.
struct exec_place {
  exec_place() { begin(); }

  void begin() {
    daemon = std::make_unique<daemon_of_containers>(s.place);
    daemon->load({kept()});
    if (!started)
      REQUIRE(daemon->ask(verb::start) == "0");
    started = true;
    state = daemon->state();
  }
  /// Ends the daemon, though nothing that runs.
  void end() {
    end_execs(daemon->services);
    daemon.reset();
  }
  kept_container kept() const {
    auto kept = s.kept;
    if (started)
      kept.life.state = state;
    return kept;
  }

  std::string make(container::exec_options options) {
    return create_exec(daemon->services, daemon->services.all->find(s.kept.id).value(),
                       std::move(options))
        .value();
  }
  shared_execs::known look(const std::string& id) {
    return daemon->services.execs->find(id).value();
  }
  std::optional<std::int64_t> code(const std::string& id) { return look(id).moment->exit_code; }

  /// Starts one that nobody is attached to.
  result<void> start(const std::string& id) {
    test::answer<result<void>> how;
    auto asked = std::make_shared<start_exec>();
    asked->answer = outcome<void>{"the exec", how.teller()};
    core::tell(look(id).actor, std::move(asked));
    return how.get();
  }
  /// Starts one and attaches.
  struct attached_client {
    test::attach_client client;
    test::answer<result<void>> apart;
  };
  std::unique_ptr<attached_client> attach(const std::string& id, bool framed = false) {
    host::unique_fd server_end;
    auto made =
        std::make_unique<attached_client>(attached_client{test::attach_client{server_end}, {}});
    auto asked = std::make_shared<start_exec>();
    asked->client.stream = core::byte_stream::make(
        runtime::scheduler::of(daemon->system)->next_io(), std::move(server_end), nullptr);
    asked->framed = framed;
    asked->answer = outcome<void>{"the exec", made->apart.teller()};
    core::tell(look(id).actor, std::move(asked));
    return made;
  }
  result<void> resize(const std::string& id, std::uint16_t rows, std::uint16_t columns) {
    test::answer<result<void>> how;
    auto asked = std::make_shared<resize_exec>();
    asked->rows = rows;
    asked->columns = columns;
    asked->answer = outcome<void>{"the exec", how.teller()};
    core::tell(look(id).actor, std::move(asked));
    return how.get();
  }
  bool files_are_gone(const std::string& id) const {
    return eventually([&] { return !s.place.has("execs/" + id); });
  }
  void remove() {
    life_request request;
    request.what = verb::remove;
    request.force = true;
    CHECK(daemon->ask(std::move(request)) == "0");
  }

  subject s{{"busybox", "sleep", "1000"}};
  std::unique_ptr<daemon_of_containers> daemon;
  bool started = false;
  container::state_view state;
};

} // namespace

TEST_CASE("exec actor: input, output and exit code of an attached one",
          "[actors][containers][runc]") {
  exec_place p;
  auto id = p.make(exec_shell("cat; echo err >&2; exit 7"));
  CHECK(p.daemon->services.execs->open_in(p.s.kept.id) == std::vector<std::string>{id});
  auto a = p.attach(id);
  a->client.send("some input\n");
  a->client.half_close();
  CHECK(a->client.receive_all() == "some input\nerr\n");
  CHECK(p.code(id) == 7); // before the client sees the end
  CHECK_FALSE(p.look(id).moment->running);
  CHECK(p.look(id).moment->pid > 1);
  CHECK(a->apart.get().has_value());
  CHECK(p.files_are_gone(id));
  const auto events = p.daemon->events.texts();
  const std::vector<std::string> last(events.end() - 3, events.end());
  const std::string command = "sh -c cat; echo err >&2; exit 7";
  CHECK(last ==
        std::vector<std::string>{"exec_create: " + command, "exec_start: " + command, "exec_die"});
  p.remove();
  CHECK(p.daemon->services.execs->find(id).has_error());
}

TEST_CASE("exec actor: frames, and no output is lost however soon it comes",
          "[actors][containers][runc]") {
  exec_place p;
  for (int round = 0; round < 5; ++round) {
    auto a = p.attach(p.make(exec_shell("echo out; echo err >&2")), true);
    std::string expected;
    stream::append_frame(expected, stream::channel::standard_output, "out\n");
    std::string error;
    stream::append_frame(error, stream::channel::standard_error, "err\n");
    const auto got = a->client.receive_all();
    CHECK((got == expected + error || got == error + expected)); // two pipes
  }
  p.remove();
}

TEST_CASE("exec actor: a detached one runs on, its end is told", "[actors][containers][runc]") {
  exec_place p;
  auto id = p.make(exec_shell("while [ ! -e /go ]; do sleep 0.02; done; exit 3"));
  CHECK(p.start(id).has_value());
  CHECK(p.look(id).moment->running);
  CHECK(p.start(id).error().message == "exec command " + id + " is already running");
  CHECK(p.attach(id)->client.receive_all() == "exec command " + id + " is already running\r\n");
  p.s.place.write("data/containers/" + p.s.kept.id + "/merged/go", "");
  CHECK(p.daemon->events.wait_for("exec_die"));
  CHECK(p.code(id) == 3);
  CHECK(p.files_are_gone(id));
  p.remove();
}

TEST_CASE("exec actor: what cannot be started says so to its client",
          "[actors][containers][runc]") {
  exec_place p;
  auto options = exec_shell("");
  options.cmd = {{"nope"}};
  const std::string text = "OCI runtime exec failed: exec failed: unable to start container "
                           "process: exec: \"nope\": executable file not found in $PATH: unknown";
  auto id = p.make(options);
  CHECK(p.attach(id)->client.receive_all() == text + "\r\n");
  CHECK(p.code(id) == 127);
  auto detached = p.start(p.make(options));
  CHECK(detached.error().kind == errc::invalid_parameter);
  CHECK(detached.error().message == text);
  options.cmd = {{"/"}};
  id = p.make(options);
  CHECK(p.attach(id)->client.receive_all().find("permission denied") != std::string::npos);
  CHECK(p.code(id) == 126);
  options = exec_shell("true");
  options.user = "nobody-there";
  id = p.make(options);
  CHECK(p.attach(id)->client.receive_all() ==
        "unable to find user nobody-there: no matching entries in passwd file\r\n");
  CHECK(p.code(id) == 126);
  CHECK(p.files_are_gone(id));
  p.remove();
}

TEST_CASE("exec actor: a terminal with its sizes", "[actors][containers][runc]") {
  exec_place p;
  auto options = exec_shell("stty size; read x; stty size");
  options.tty = true;
  options.console_size = container::terminal_size{11, 22};
  auto id = p.make(options);
  auto early = std::make_shared<resize_exec>(); // waits for the process
  early->rows = 33;
  early->columns = 44;
  test::answer<result<void>> resized;
  early->answer = outcome<void>{"the exec", resized.teller()};
  core::tell(p.look(id).actor, std::move(early));
  auto a = p.attach(id);
  CHECK(resized.get().has_value());
  a->client.receive_until("\r\n");
  CHECK(p.resize(id, 5, 6).has_value());
  a->client.send("\n");
  const auto rest = a->client.receive_all();
  CHECK(rest.find("5 6\r\n") != std::string::npos);
  CHECK(p.code(id) == 0);
  p.remove();
}

TEST_CASE("exec actor: goes on when its client goes", "[actors][containers][runc]") {
  exec_place p;
  auto options = exec_shell("while [ ! -e /go ]; do echo x; sleep 0.02; done; exit 4");
  options.attach_stdin = false;
  auto id = p.make(options);
  auto a = p.attach(id);
  a->client.receive_until("x\n");
  a->client.close();
  CHECK(a->apart.get().has_value());
  CHECK(p.look(id).moment->running);
  p.s.place.write("data/containers/" + p.s.kept.id + "/merged/go", "");
  CHECK(p.daemon->events.wait_for("exec_die"));
  CHECK(p.code(id) == 4);
  p.remove();
}

TEST_CASE("exec actor: ends with its container, which it does not hold up",
          "[actors][containers][runc]") {
  exec_place p;
  auto never = p.make(exec_shell("true"));
  auto id = p.make(exec_shell("trap '' TERM; echo up; while :; do sleep 1; done"));
  auto a = p.attach(id);
  a->client.receive_until("up\n");
  life_request kill;
  kill.what = verb::kill;
  kill.signal = 9;
  CHECK(p.daemon->ask(std::move(kill)) == "0");
  a->client.receive_all();
  CHECK(p.code(id) == 137);
  CHECK(p.files_are_gone(id));
  CHECK(eventually([&] { return p.daemon->services.execs->find(never).has_error(); }));
  CHECK(p.daemon->ask(verb::remove) == "0");
}

TEST_CASE("exec actor: the next daemon takes back what runs and knows what has ended",
          "[actors][containers][runc]") {
  exec_place p;
  auto id = p.make(exec_shell("echo up; while [ ! -e /go ]; do sleep 0.02; done; exit 6"));
  auto a = p.attach(id);
  a->client.receive_until("up\n");
  auto unstarted = p.make(exec_shell("true"));
  p.end();
  const exec_paths paths{p.s.place.path(), id};
  const auto go_file = "data/containers/" + p.s.kept.id + "/merged/go";
  SECTION("it runs") {
    p.begin();
    recover_execs_blocking(p.daemon->services);
    CHECK(p.look(id).moment->running);
    CHECK(p.look(id).moment->options->cmd->front() == "sh");
    CHECK(p.daemon->services.execs->find(unstarted).has_error());
    p.s.place.write(go_file, "");
    CHECK(p.daemon->events.wait_for("exec_die"));
    CHECK(p.code(id) == 6);
  }
  SECTION("it has ended") {
    p.s.place.write(go_file, "");
    REQUIRE(eventually([&] {
      return std::filesystem::exists(paths.exit_file()) &&
             !std::filesystem::exists(paths.control_socket());
    }));
    p.begin();
    recover_execs_blocking(p.daemon->services);
    CHECK(eventually([&] { return p.code(id) == 6; }));
  }
  SECTION("its monitor was killed") {
    const auto pid = std::stoi(p.s.place.read("execs/" + id + "/pid"));
    ::kill(test::parent_of(pid), SIGKILL);
    p.begin();
    recover_execs_blocking(p.daemon->services);
    CHECK(eventually([&] { return p.code(id) == 137; }));
    CHECK(eventually([&] { return !test::is_alive(pid); }));
  }
  CHECK(p.files_are_gone(id));
  CHECK(std::filesystem::is_empty(exec_paths::all(p.s.place.path())));
  p.remove();
}
