#include "tests/actors/server/connection_fixture.hpp"

using namespace gantry;
using namespace gantry::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view get_hand = "GET /hand HTTP/1.1\r\nHost: d\r\n\r\n";

class stream_fixture : public connection_fixture {
public:
  /// A client whose answer has begun.
  wire open(std::string_view request = get_hand, int send_buffer = 0) {
    auto client = connect(nullptr, send_buffer);
    client.send(request);
    settle();
    begin_stream(job());
    return client;
  }
  /// Writes for as long as there is credit; the number of bytes.
  std::size_t pump() {
    std::size_t written = 0;
    while (job().run.credit() > 0) {
      write(job(), std::string(8192, 'x'));
      written += 8192;
    }
    return written;
  }
};

} // namespace

TEST_CASE_METHOD(stream_fixture, "stream: goes out in chunks as it is written",
                 "[actors][server]") {
  auto client = open();
  CHECK(without_date(client.receive()) == stream_head(in_chunks));
  write(job(), "hello");
  CHECK(client.receive() == "5\r\nhello\r\n");
  write(job(), "");
  CHECK(client.receive().empty());
  write(job(), std::string(16, 'x'));
  CHECK(client.receive() == "10\r\nxxxxxxxxxxxxxxxx\r\n");
  CHECK(requests.all().empty());
  job().run.succeed();
  settle();
  CHECK(client.receive() == "0\r\n\r\n");
  REQUIRE(requests.all().size() == 1);
  CHECK(requests.all()[0].status == 200);
  CHECK(exchange(client, "GET /x HTTP/1.1\r\nHost: d\r\n\r\n") == answer("/x\n"));
}

TEST_CASE_METHOD(stream_fixture, "stream: ends with the connection for HTTP/1.0",
                 "[actors][server]") {
  auto client = open("GET /hand HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(without_date(client.receive()) == stream_head({}, "1.0"));
  write(job(), "hello");
  CHECK(client.receive() == "hello");
  job().run.succeed();
  settle();
  CHECK(client.receive().empty());
  CHECK(client.ended());
}

TEST_CASE_METHOD(stream_fixture, "stream: HEAD gets the head, and its job is told to end",
                 "[actors][server]") {
  auto client = open("HEAD /hand HTTP/1.1\r\nHost: d\r\n\r\n");
  CHECK(without_date(client.receive()) == stream_head(in_chunks));
  CHECK(job().cancels == std::vector<std::string>{"the request was a HEAD"});
  write(job(), "nobody wants this");
  job().run.succeed();
  settle();
  CHECK(exchange(client, "GET /x HTTP/1.1\r\nHost: d\r\n\r\n") == answer("/x\n"));
  auto old = open("HEAD /hand HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(without_date(old.receive()) == stream_head({}, "1.0"));
  CHECK(old.ended());
}

TEST_CASE_METHOD(stream_fixture, "stream: a reader that stops stops its job", "[actors][server]") {
  auto client = open(get_hand, 4096);
  pump();
  CHECK(job().run.credit() <= 0);
  // No more than one window is held back, and the chunks' own bytes.
  CHECK(std::stoul(connection_fact("bytes not written")) <=
        limits::stream_window + limits::stream_window / 100);
  pass(2h); // a stream may be left alone for as long as its reader likes
  CHECK(phase() == "streaming");
  auto before = client.receive().size();
  std::size_t total = before;
  for (int i = 0; i < 2000 && job().run.credit() <= 0; ++i) {
    settle();
    total += client.receive().size();
  }
  CHECK(job().run.credit() > 0);
  CHECK(total > limits::stream_window / 2);
}

TEST_CASE_METHOD(stream_fixture, "stream: a reader that goes on gets everything",
                 "[actors][server]") {
  auto client = open(get_hand, 8192);
  std::string all;
  std::size_t written = 0;
  while (written < 8 * limits::stream_window) {
    auto more = pump();
    written += more;
    all += client.receive();
    settle();
  }
  job().run.succeed();
  settle();
  while (phase() == "idle" ? connection_fact("bytes not written") != "0" : true) {
    all += client.receive();
    settle();
  }
  all += client.receive();
  CHECK(std::count(all.begin(), all.end(), 'x') >= static_cast<std::ptrdiff_t>(written));
  CHECK(all.ends_with("\r\n0\r\n\r\n"));
  CHECK(exchange(client, "GET /x HTTP/1.1\r\nHost: d\r\n\r\n") == answer("/x\n"));
}

TEST_CASE_METHOD(stream_fixture, "stream: K-22: a failure after the head closes without an end",
                 "[actors][server]") {
  log_capture log;
  auto client = open();
  write(job(), "abc");
  job().run.fail(errc::system, "disk on fire");
  settle();
  CHECK(without_date(client.receive()) == stream_head(in_chunks) + "3\r\nabc\r\n");
  CHECK(client.ended());
  CHECK(log.has("disk on fire"));
}

TEST_CASE_METHOD(stream_fixture, "stream: a client that closes, or half of it, ends the job",
                 "[actors][server]") {
  SECTION("closes") {
    auto client = open();
    client.close();
    settle();
    CHECK(is_gone());
    CHECK(job().cancels == std::vector<std::string>{"the client has left"});
  }
  SECTION("half-closes") {
    auto client = open();
    client.half_close();
    settle();
    CHECK(is_gone());
    CHECK(job().cancels == std::vector<std::string>{"the client has left"});
  }
  SECTION("half-closes before it begins") {
    auto client = connect();
    client.send(get_hand);
    client.half_close();
    settle();
    CHECK(job().cancels.empty());
    begin_stream(job());
    CHECK(is_gone());
    CHECK(job().cancels == std::vector<std::string>{"the client has left"});
  }
  SECTION("closes while its job waits for credit") {
    auto client = open(get_hand, 4096);
    pump();
    client.close();
    settle();
    CHECK(is_gone());
    CHECK(job().cancels == std::vector<std::string>{"the client has left"});
  }
}

TEST_CASE_METHOD(stream_fixture, "stream: its end waits for a slow reader, but not for ever",
                 "[actors][server]") {
  auto client = open(get_hand, 4096);
  pump();
  SECTION("well") { job().run.succeed(); }
  SECTION("badly") { job().run.fail(errc::system, "x"); }
  settle();
  pass(limits::write_stall - 1s);
  CHECK_FALSE(is_gone());
  pass(2s);
  CHECK(is_gone());
}

TEST_CASE_METHOD(stream_fixture, "stream: a job that comes too late is told to end",
                 "[actors][server]") {
  auto client = connect();
  client.send(get_hand);
  settle();
  auto connection = core::to_ptr(connections.back());
  core::tell(connection, core::job_stream_begun{12345678, nullptr, "x", job().ptr()});
  core::tell(connection, core::job_wants_input{12345678, 1, job().ptr()});
  core::tell(connection, core::job_takes_socket{12345678, nullptr, "x", job().ptr()});
  core::tell(connection, core::job_done{12345678, std::make_shared<job::reply>(), nullptr});
  settle();
  CHECK(job().cancels == std::vector<std::string>{"the client has left"});
  REQUIRE(job().inputs.size() == 1);
  CHECK(job().inputs[0].eof);
  REQUIRE(job().sockets.size() == 1);
  CHECK_FALSE(job().sockets[0].stream);
  CHECK(client.receive().empty());
}

// -- input
// ---------------------------------------------------------------------------------------------

TEST_CASE_METHOD(stream_fixture, "input: a job gets the body piece by piece, when it asks",
                 "[actors][server]") {
  auto client = connect();
  client.send("POST /hand HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n");
  settle();
  auto& inputs = job().inputs;
  CHECK(inputs.empty());
  job().run.want_input(job().ptr(), 3);
  settle();
  REQUIRE(inputs.size() == 1);
  CHECK(inputs[0].bytes == "abc");
  CHECK_FALSE(inputs[0].eof);
  job().run.want_input(job().ptr(), 3);
  settle();
  REQUIRE(inputs.size() == 2);
  CHECK(inputs[1].bytes == "de");
  job().run.want_input(job().ptr(), 3);
  settle();
  REQUIRE(inputs.size() == 2); // nothing there yet
  client.send("1\r\nf\r\n");
  settle();
  REQUIRE(inputs.size() == 3);
  CHECK(inputs[2].bytes == "f");
  client.send("0\r\n\r\nGET /x HTTP/1.1\r\nHost: d\r\n\r\n");
  job().run.want_input(job().ptr(), 3);
  settle();
  REQUIRE(inputs.size() == 4);
  CHECK(inputs[3].bytes.empty());
  CHECK(inputs[3].eof);
  CHECK(inputs[3].error.empty());
  finish(job(), "done");
  CHECK(without_date(client.receive()) == answer("done") + answer("/x\n"));
}

TEST_CASE_METHOD(stream_fixture, "input: 100-continue is sent when the job asks",
                 "[actors][server]") {
  auto client = connect();
  CHECK(exchange(client, "POST /hand HTTP/1.1\r\nHost: d\r\nExpect: 100-continue\r\n"
                         "Content-Length: 2\r\n\r\n")
            .empty());
  job().run.want_input(job().ptr(), 10);
  settle();
  CHECK(client.receive() == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  settle();
  REQUIRE(job().inputs.size() == 1);
  CHECK(job().inputs[0].bytes == "hi");
  CHECK(job().inputs[0].eof);
  finish(job(), "done");
  CHECK(without_date(client.receive()) == answer("done"));
}

TEST_CASE_METHOD(stream_fixture, "input: a job that does not read holds its client back",
                 "[actors][server]") {
  auto client = connect();
  client.send("POST /hand HTTP/1.1\r\nHost: d\r\nContent-Length: 10000000\r\n\r\n");
  std::size_t sent = 0;
  for (int i = 0; i < 1000; ++i) {
    sent += client.send(std::string(10'000, 'x'));
    settle();
  }
  CHECK(sent < 10'000'000);
  CHECK(std::stoul(connection_fact("bytes read and not used")) <
        limits::read_ahead + limits::read_size);
  std::size_t got = 0;
  while (got < 10'000'000) {
    job().run.want_input(job().ptr());
    settle();
    REQUIRE(!job().inputs.empty());
    got += job().inputs.back().bytes.size();
    CHECK(job().inputs.back().bytes.size() <= limits::input_window);
    job().inputs.clear();
    if (sent < 10'000'000)
      sent += client.send(std::string(std::min<std::size_t>(100'000, 10'000'000 - sent), 'x'));
    settle();
  }
  CHECK(got == 10'000'000);
  finish(job(), "done");
  CHECK(without_date(client.receive()) == answer("done"));
}

TEST_CASE_METHOD(stream_fixture, "input: what goes wrong is told to the job", "[actors][server]") {
  auto client = connect();
  client.send("POST /hand HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n");
  settle();
  job().run.want_input(job().ptr());
  settle();
  SECTION("a broken chunk") {
    client.send("zz\r\n");
    settle();
    REQUIRE(job().inputs.size() == 1);
    CHECK(job().inputs[0].error == "invalid chunk size");
  }
  SECTION("an early end") {
    client.half_close();
    settle();
    REQUIRE(job().inputs.size() == 1);
    CHECK(job().inputs[0].error == "unexpected EOF");
  }
  SECTION("nothing for too long") {
    pass(limits::request_body + 1s);
    REQUIRE(job().inputs.size() == 1);
    CHECK(job().inputs[0].error == "the body did not arrive in time");
  }
  CHECK(job().inputs[0].eof);
  finish(job(), "so be it");
  CHECK(without_date(client.receive()) == answer("so be it", closing));
  CHECK(client.ended());
}

TEST_CASE_METHOD(stream_fixture, "input: a job that waits for it hears that the client has left",
                 "[actors][server]") {
  auto client = connect();
  client.send("POST /hand HTTP/1.1\r\nHost: d\r\nContent-Length: 10\r\n\r\nabc");
  settle();
  job().run.want_input(job().ptr());
  job().run.want_input(job().ptr());
  settle();
  client.close();
  settle();
  REQUIRE(job().inputs.size() == 2);
  CHECK(job().inputs[0].bytes == "abc");
  CHECK(job().inputs[1].eof);
  CHECK(job().inputs[1].error == "unexpected EOF");
  CHECK(job().cancels == std::vector<std::string>{"the client has left"});
  CHECK(is_gone());
}

// -- hijack
// ----------------------------------------------------------------------------------------------

TEST_CASE_METHOD(stream_fixture, "hijack: K-25: the job gets the socket and what was read already",
                 "[actors][server]") {
  auto client = connect();
  client.send("POST /hand HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
              "early bytes");
  settle();
  CHECK(client.receive().empty());
  job().run.take_socket(job().ptr(), "application/vnd.docker.raw-stream");
  settle();
  CHECK(client.receive() == "HTTP/1.1 101 UPGRADED\r\n"
                            "Content-Type: application/vnd.docker.raw-stream\r\n"
                            "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
  CHECK(is_gone());
  CHECK(job().cancels.empty()); // the job lives on
  REQUIRE(job().sockets.size() == 1);
  auto socket = std::move(job().sockets[0]);
  REQUIRE(socket.stream);
  CHECK(socket.already_read == "early bytes");

  char buffer[64];
  CHECK(socket.stream->read(buffer, sizeof buffer).status == core::io_status::wants_read);
  client.send("later");
  client.half_close();
  auto got = socket.stream->read(buffer, sizeof buffer);
  CHECK(std::string(buffer, got.size) == "later");
  CHECK(socket.stream->read(buffer, sizeof buffer).status == core::io_status::eof);
  CHECK_FALSE(socket.stream->peer_is_gone());
  CHECK(socket.stream->write("still here").size == 10);
  CHECK(client.receive() == "still here");
  CHECK_FALSE(client.ended());
  socket.stream->end_writing();
  client.receive();
  CHECK(client.ended());
}

TEST_CASE_METHOD(stream_fixture, "hijack: our half may end first", "[actors][server]") {
  auto client = connect();
  client.send(get_hand); // asks for no upgrade
  settle();
  job().run.take_socket(job().ptr(), "application/vnd.docker.raw-stream");
  settle();
  CHECK(client.receive() ==
        "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n");
  // The request is over, though the job goes on.
  REQUIRE(requests.all().size() == 1);
  CHECK(requests.all()[0].status == 200);
  REQUIRE(job().sockets.size() == 1);
  auto& stream = *job().sockets[0].stream;
  stream.end_writing();
  client.receive();
  CHECK(client.ended());
  client.send("more");
  char buffer[8];
  CHECK(stream.read(buffer, sizeof buffer).size == 4);
  CHECK_FALSE(stream.peer_is_gone());
  client.close();
  CHECK(stream.peer_is_gone());
}

TEST_CASE_METHOD(stream_fixture, "hijack: a half-closed client's bytes still reach the job",
                 "[actors][server]") {
  auto client = connect();
  client.send(std::string{get_hand} + "stdin");
  client.half_close();
  settle();
  job().run.take_socket(job().ptr(), "text/plain");
  settle();
  REQUIRE(job().sockets.size() == 1);
  CHECK(job().sockets[0].already_read == "stdin");
  REQUIRE(job().sockets[0].stream);
  char buffer[8];
  CHECK(job().sockets[0].stream->read(buffer, sizeof buffer).status == core::io_status::eof);
  CHECK(job().sockets[0].stream->write("out").size == 3);
}
