#include "actors/containers/exec_actor.hpp"
#include "actors/server/byte_stream.hpp"
#include "protocol/stream/frame.hpp"
#include "tests/actors/jobs/container_job_fixture.hpp"

#include <boost/json/object.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace gantry;
using container::container_status;

namespace {

/// Execs of containers that only look like some: whatever is to be run cannot be.
class exec_job_fixture : public test::container_job_fixture {
public:
  ~exec_job_fixture() { containers::end_execs(given); }

  job::env body(const std::string& json) { return {{"body", json}}; }

  std::string make(const std::string& json = R"({"Cmd":["ls","/"],"AttachStdout":true})") {
    auto reply = run("exec_create", {"web"}, body(json));
    REQUIRE(reply.status == job::status_ok);
    return std::string{std::get<boost::json::value>(reply.output).at("Id").as_string()};
  }
  std::string inspect(const std::string& id) {
    return std::get<std::string>(run("exec_inspect", {id}).output);
  }
  /// All that the client of an attached start gets.
  std::string attach(const std::string& id, const std::string& json = "{}") {
    int ends[2] = {-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    auto client = std::make_shared<test::stream_client>();
    client->socket = core::byte_stream::make(runtime::scheduler::of(sys)->next_io(),
                                             host::unique_fd{ends[0]}, nullptr);
    host::unique_fd far{ends[1]};
    stream({"exec_start", {id}, {{"body", json}, {"announced", "1"}}}, client);
    ::fcntl(far.get(), F_SETFL, 0);
    std::string all;
    char piece[4096];
    for (ssize_t n = ::read(far.get(), piece, sizeof piece); n > 0;
         n = ::read(far.get(), piece, sizeof piece))
      all.append(piece, static_cast<std::size_t>(n));
    far.reset();
    client->wait_for_end();
    CHECK(client->reply->status == job::status_ok);
    media_type = client->content_type;
    return all;
  }

  std::string media_type;
};

std::string out_frame(std::string_view bytes) {
  std::string out;
  stream::append_frame(out, stream::channel::standard_output, bytes);
  return out;
}

} // namespace

TEST_CASE_METHOD(exec_job_fixture, "exec create: what it refuses", "[actors][containers]") {
  auto refused = [this](const std::string& json) {
    return outcome("exec_create", {"web"}, body(json));
  };
  const std::string ls = R"({"Cmd":["ls"]})";
  CHECK(refused("{}") == "invalid_parameter: No exec command specified");
  CHECK(refused(ls) == "not_found: No such container: web");
  const std::string id(64, 'a');
  SECTION("exited") {
    add('a', "web", container_status::exited);
    CHECK(refused(ls) == "conflict: container " + id + " is not running");
  }
  SECTION("paused") {
    add('a', "web", container_status::paused);
    CHECK(refused(ls) == "conflict: Container web is paused, unpause the container before exec");
  }
  SECTION("restarting") {
    add('a', "web", container_status::restarting);
    CHECK(refused(ls) ==
          "conflict: Container " + id + " is restarting, wait until the container is running");
  }
  SECTION("no such user") {
    add('a', "web");
    dir.write("data/containers/" + id + "/merged/etc/passwd", "me:x:5:6::/:\n");
    CHECK(refused(R"({"Cmd":["ls"],"User":"you"})") ==
          "invalid_parameter: unable to find user you: no matching entries in passwd file");
    CHECK(refused(R"({"Cmd":["ls"],"User":"me"})") == "ok");
  }
}

TEST_CASE_METHOD(exec_job_fixture, "exec create: is shown, told, and ends with its container",
                 "[actors][containers]") {
  add('a', "web");
  const std::string container(64, 'a');
  auto id = make();
  CHECK(take_events() == std::vector<std::string>{"container exec_create: ls / a=<b>& execID=" +
                                                  id + " image=bb:1 name=web"});
  CHECK(inspect(id) == R"({"ID":")" + id +
                           R"(","Running":false,"ExitCode":null,"ProcessConfig":{"tty":false,)"
                           R"("entrypoint":"ls","arguments":["/"],"privileged":false},)"
                           R"("OpenStdin":false,"OpenStderr":false,"OpenStdout":true,)"
                           R"("CanRemove":false,"ContainerID":")" +
                           container + R"(","DetachKeys":"","Pid":0})");
  auto whole = std::get<std::string>(run("container_inspect", {"web"}).output);
  CHECK(whole.find(R"("ExecIDs":[")" + id + "\"]") != std::string::npos);
  containers::end_execs_of(given, container);
  for (int i = 0; given.execs->find(id) && i < 30'000; ++i) // told by message
    ::usleep(1000);
  CHECK(outcome("exec_inspect", {id}) == "not_found: No such exec instance: " + id);
  whole = std::get<std::string>(run("container_inspect", {"web"}).output);
  CHECK(whole.find(R"("ExecIDs":null)") != std::string::npos);
}

TEST_CASE_METHOD(exec_job_fixture, "exec start: a start that fails is told where the client looks",
                 "[actors][containers]") {
  add('a', "web");
  const std::string why = "unknown or invalid runtime name: ";
  SECTION("attached") {
    auto id = make();
    CHECK(attach(id) == out_frame(why + "\r\n"));
    CHECK(media_type == "application/vnd.docker.multiplexed-stream");
    CHECK(inspect(id).find(R"("Running":false,"ExitCode":126)") != std::string::npos);
    CHECK(attach(id, R"({"Tty":true})") == "exec command " + id + " has already run\r\n");
    CHECK(media_type == "application/vnd.docker.raw-stream");
    CHECK(outcome("exec_start", {id}, body(R"({"Detach":true})")) ==
          "conflict: exec command " + id + " has already run");
    take_events();
  }
  SECTION("detached") {
    auto id = make();
    CHECK(outcome("exec_start", {id}, body(R"({"Detach":true})")) == "invalid_parameter: " + why);
    CHECK(inspect(id).find(R"("ExitCode":126)") != std::string::npos);
  }
  SECTION("without any stream") {
    CHECK(attach(make(R"({"Cmd":["ls"]})")) == out_frame(why + "\r\n"));
  }
}

TEST_CASE_METHOD(exec_job_fixture, "exec start: failures before the connection is taken",
                 "[actors][containers]") {
  CHECK(outcome("exec_start", {"ab"}) == "not_found: No such exec instance: ab");
  CHECK(outcome("exec_start", {"ab"}, body(R"({"Tty":1})")).starts_with("invalid_parameter: "));
  CHECK(outcome("exec_inspect", {"ab"}) == "not_found: No such exec instance: ab");
  CHECK(outcome("exec_resize", {"ab"}) == "not_found: No such exec instance: ab");
  CHECK(outcome("exec_start") == "invalid_parameter: usage: exec_start NAME");
  add('a', "web");
  auto id = make();
  auto view = container::make_view('a', "web");
  SECTION("the container has ended") {
    view.state.status = container_status::exited;
    given.all->renew(std::make_shared<const containers::published_container>(view));
    const auto text = "conflict: container " + view.id + " is not running";
    CHECK(outcome("exec_start", {id}) == text);
    CHECK(outcome("exec_resize", {id}) == text);
    CHECK(outcome("exec_inspect", {id}) == "ok");
  }
  SECTION("the container has gone") {
    given.all->remove(view.id);
    CHECK(outcome("exec_start", {id}) == "not_found: No such container: " + view.id);
    CHECK(outcome("exec_inspect", {id}) == "not_found: No such exec instance: " + id);
  }
  SECTION("the client has left") {
    auto client = std::make_shared<test::stream_client>(); // has no socket to give
    stream({"exec_start", {id}, {}}, client);
    client->wait_for_end();
    CHECK(client->reply->kind == errc::unavailable);
    CHECK(inspect(id).find(R"("ExitCode":null)") != std::string::npos);
  }
}

TEST_CASE_METHOD(exec_job_fixture, "exec resize: one that has ended has no terminal",
                 "[actors][containers]") {
  add('a', "web");
  auto id = make();
  attach(id);
  CHECK(outcome("exec_resize", {id}, {{"h", "3"}, {"w", "4"}}) ==
        "invalid_parameter: exec process is not started");
}
