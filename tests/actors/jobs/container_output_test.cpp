#include "actors/server/byte_stream.hpp"
#include "protocol/stream/frame.hpp"
#include "tests/actors/jobs/container_job_fixture.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace gantry;
using container::container_status;
using test::id_a;

namespace {

class output_fixture : public test::container_job_fixture {
public:
  std::shared_ptr<test::fake_container> make(bool tty,
                                             container_status status = container_status::exited,
                                             const std::string& driver = "json-file") {
    auto view = container::make_view('a', "web");
    view.state.status = status;
    auto config = *view.config;
    config.tty = tty;
    view.config = std::make_shared<const container::container_config>(std::move(config));
    auto host = *view.host_config;
    host.log_config.type = driver;
    view.host_config = std::make_shared<const container::host_config>(std::move(host));
    return add(std::move(view));
  }

  void write_log(const std::string& records) {
    dir.write("data/containers/" + id_a + "/" + id_a + "-json.log", records);
  }

  std::shared_ptr<test::stream_client> logs(job::env environment) {
    auto client = std::make_shared<test::stream_client>();
    stream({"container_logs", {"web"}, std::move(environment)}, client);
    client->wait_for_end();
    return client;
  }

  /// The other end of the connection that a client gives away.
  host::unique_fd connect(test::stream_client& client) {
    int ends[2] = {-1, -1};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    client.socket = core::byte_stream::make(runtime::scheduler::of(sys)->next_io(),
                                            host::unique_fd{ends[0]}, nullptr);
    return host::unique_fd{ends[1]};
  }

  /// All that comes until the end.
  static std::string read_all(const host::unique_fd& fd) {
    ::fcntl(fd.get(), F_SETFL, 0);
    std::string all;
    char piece[4096];
    for (ssize_t n = ::read(fd.get(), piece, sizeof piece); n > 0;
         n = ::read(fd.get(), piece, sizeof piece))
      all.append(piece, static_cast<std::size_t>(n));
    return all;
  }
};

std::string frame(stream::channel from, std::string_view bytes) {
  std::string out;
  stream::append_frame(out, from, bytes);
  return out;
}

std::string record(const char* stream, const std::string& text, int second) {
  return R"({"log":")" + text + R"(\n","stream":")" + stream + R"(","time":"2026-01-01T00:00:0)" +
         std::to_string(second) + "Z\"}\n";
}

} // namespace

TEST_CASE_METHOD(output_fixture, "container logs: records as frames, or as they are",
                 "[actors][containers]") {
  const auto tty = GENERATE(false, true);
  make(tty);
  write_log(record("stdout", "one", 1) + record("stderr", "two", 2) + record("stdout", "six", 6));
  auto framed = [tty](stream::channel from, std::string_view bytes) {
    return tty ? std::string{bytes} : frame(from, bytes);
  };
  auto shown = [this](job::env more) {
    for (auto name : {"stdout", "stderr"})
      more.set_bool(name, true);
    return logs(std::move(more))->output;
  };
  const auto one = framed(stream::channel::standard_output, "one\n");
  const auto two = framed(stream::channel::standard_error, "two\n");
  const auto six = framed(stream::channel::standard_output, "six\n");
  CHECK(shown({}) == one + two + six);
  CHECK(shown({{"tail", "2"}}) == two + six);
  CHECK(shown({{"tail", "0"}}).empty());
  for (auto all : {"all", "-1", "x"})
    CHECK(shown({{"tail", all}}) == one + two + six);
  CHECK(shown({{"since", "1767225602"}}) == two + six);
  CHECK(shown({{"until", "1767225602.5"}}) == one + two);
  CHECK(shown({{"until", "0"}}) == one + two + six);
  CHECK(shown({{"follow", "1"}}) == one + two + six);
  CHECK(logs({{"stderr", "1"}})->output == two);
  CHECK(logs({{"stderr", "1"}, {"timestamps", "1"}})->output ==
        framed(stream::channel::standard_error, "2026-01-01T00:00:02.000000000Z two\n"));
}

TEST_CASE_METHOD(output_fixture, "container logs: the media type", "[actors][containers]") {
  const auto tty = GENERATE(false, true);
  make(tty);
  write_log(record("stdout", "one", 1));
  const std::string raw = "application/vnd.docker.raw-stream";
  const std::string multiplexed = "application/vnd.docker.multiplexed-stream";
  CHECK(logs({{"stdout", "1"}, {"announced", "1"}})->content_type == (tty ? raw : multiplexed));
  CHECK(logs({{"stdout", "1"}})->content_type == raw);
  auto oldest = logs({{"stdout", "1"}, {"framed", "0"}, {"announced", "1"}});
  CHECK(oldest->content_type == raw);
  CHECK(oldest->output == "one\n");
}

TEST_CASE_METHOD(output_fixture, "container logs: failures", "[actors][containers]") {
  job::env out{{"stdout", "1"}};
  auto error = [this](job::env environment) {
    return outcome("container_logs", {"web"}, std::move(environment));
  };
  CHECK(error(out) == "not_found: No such container: web");
  CHECK(error({}) == "invalid_parameter: Bad parameters: you must choose at least one stream");
  SECTION("no log") {
    make(false, container_status::exited, "none");
    CHECK(error(out) == "not_implemented: configured logging driver does not support reading");
  }
  SECTION("a container that goes") {
    make(false, container_status::dead);
    CHECK(error(out) ==
          "conflict: can not get logs from container which is dead or marked for removal");
  }
  SECTION("a bad time") {
    make(false);
    CHECK(error({{"stdout", "1"}, {"since", "x"}}) ==
          "invalid_parameter: strconv.ParseInt: parsing \"x\": invalid syntax");
  }
}

TEST_CASE_METHOD(output_fixture, "container attach: takes the connection and attaches it",
                 "[actors][containers]") {
  const auto tty = GENERATE(false, true);
  auto web = make(tty, container_status::created);
  auto client = std::make_shared<test::stream_client>();
  auto far = connect(*client);
  stream({"container_attach", {"web"}, {{"stream", "1"}, {"stdout", "1"}, {"announced", "1"}}},
         client);
  // The container of this test says no more than that.
  CHECK(read_all(far) == (tty ? "bye\n" : frame(stream::channel::standard_output, "bye\n")));
  client->wait_for_end();
  CHECK(client->reply->status == job::status_ok);
  CHECK(client->content_type ==
        (tty ? "application/vnd.docker.raw-stream" : "application/vnd.docker.multiplexed-stream"));
  CHECK(asked_of(*web) == std::vector<std::string>{"attach"});
  CHECK(take_events() == std::vector<std::string>{"container attach a=<b>& image=bb:1 name=web"});
}

TEST_CASE_METHOD(output_fixture, "container attach: to a WebSocket", "[actors][containers]") {
  const auto* const kind = GENERATE("binary", "text");
  make(false, container_status::created);
  auto client = std::make_shared<test::stream_client>();
  auto far = connect(*client);
  stream({"container_attach", {"web"}, {{"stream", "1"}, {"stdout", "1"}, {"websocket", kind}}},
         client);
  CHECK(read_all(far) == (*kind == 'b' ? "\x82" : "\x81") + std::string{"\x04"
                                                                        "bye\n\x88\x02\x03\xe8"});
  client->wait_for_end();
}

TEST_CASE_METHOD(output_fixture, "container attach: a WebSocket to nothing is closed",
                 "[actors][containers]") {
  make(false);
  auto client = std::make_shared<test::stream_client>();
  auto far = connect(*client);
  stream({"container_attach", {"web"}, {{"stdout", "1"}, {"websocket", "binary"}}}, client);
  CHECK(read_all(far) == "\x88\x02\x03\xe8");
  client->wait_for_end();
}

TEST_CASE_METHOD(output_fixture, "container attach: the log alone", "[actors][containers]") {
  auto web = make(false);
  write_log(record("stdout", "one", 1) + record("stderr", "two", 2));
  auto client = std::make_shared<test::stream_client>();
  auto far = connect(*client);
  stream({"container_attach", {"web"}, {{"logs", "1"}, {"stdout", "1"}, {"stderr", "1"}}}, client);
  CHECK(read_all(far) == frame(stream::channel::standard_output, "one\n") +
                             frame(stream::channel::standard_error, "two\n"));
  client->wait_for_end();
  CHECK(asked_of(*web).empty());
}

TEST_CASE_METHOD(output_fixture, "container attach: to nothing ends at once",
                 "[actors][containers]") {
  make(false);
  auto client = std::make_shared<test::stream_client>();
  auto far = connect(*client);
  stream({"container_attach", {"web"}, {{"stdout", "1"}}}, client);
  CHECK(read_all(far).empty());
  client->wait_for_end();
  CHECK(client->reply->status == job::status_ok);
}

TEST_CASE_METHOD(output_fixture, "container attach: a container that has gone ends it",
                 "[actors][containers]") {
  make(false, container_status::created);
  kill(id_a);
  auto client = std::make_shared<test::stream_client>();
  auto far = connect(*client);
  stream({"container_attach", {"web"}, {{"stream", "1"}, {"stdout", "1"}}}, client);
  CHECK(read_all(far).empty());
  client->wait_for_end();
}

TEST_CASE_METHOD(output_fixture, "container attach: failures come before the connection is taken",
                 "[actors][containers]") {
  auto error = [this](job::env environment) {
    return outcome("container_attach", {"web"}, std::move(environment));
  };
  CHECK(error({{"stream", "1"}}) == "not_found: No such container: web");
  CHECK(error({{"detachKeys", "ctrl-?"}}) ==
        "invalid_parameter: Invalid detach keys (ctrl-?) provided");
  SECTION("paused") {
    make(false, container_status::paused);
    CHECK(error({{"stream", "1"}}) ==
          "conflict: container web is paused, unpause the container before attach");
  }
  SECTION("restarting") {
    make(false, container_status::restarting);
    CHECK(error({{"stream", "1"}}) ==
          "conflict: container web is restarting, wait until the container is running");
  }
  SECTION("no log") {
    make(false, container_status::exited, "none");
    CHECK(error({{"logs", "1"}}) ==
          "not_implemented: configured logging driver does not support reading");
  }
}

TEST_CASE_METHOD(output_fixture, "container attach: a client that has left",
                 "[actors][containers]") {
  auto web = make(false);
  auto client = std::make_shared<test::stream_client>(); // has no socket to give
  stream({"container_attach", {"web"}, {{"stream", "1"}, {"stdout", "1"}}}, client);
  client->wait_for_end();
  CHECK(client->reply->kind == errc::unavailable);
  CHECK(asked_of(*web).empty());
}
