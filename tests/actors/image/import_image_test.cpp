#include "actors/image/import_image.hpp"
#include "tests/actors/image/image_fixture.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <thread>

using namespace gantry;
using test::image_fixture;

namespace {

namespace asio = boost::asio;

const std::string tree = test::layer_tar({{"etc/os-release", "ID=test\n"}});

/// Answers one request after the other with the bytes that it was given, and keeps the requests.
class web_server {
public:
  explicit web_server(std::vector<std::string> answers) : answers_(std::move(answers)) {
    thread_ = std::thread{[this] { serve(); }};
  }
  ~web_server() { wait(); }

  std::string url(const std::string& path) const {
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + path;
  }
  /// The heads of the requests, when all answers were given.
  const std::vector<std::string>& requests() {
    wait();
    return requests_;
  }

private:
  void wait() {
    if (thread_.joinable())
      thread_.join();
  }
  void serve() {
    for (const auto& answer : answers_) {
      auto socket = acceptor_.accept();
      std::string request;
      asio::read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n");
      requests_.push_back(request);
      boost::system::error_code ignored;
      asio::write(socket, asio::buffer(answer), ignored);
      socket.shutdown(asio::socket_base::shutdown_both, ignored);
    }
  }

  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
  const std::vector<std::string> answers_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

std::string answer(const std::string& status, const std::string& fields, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

class import_fixture : public image_fixture {
public:
  import_fixture() {
    services.now = [] { return store::timestamp{std::chrono::seconds{1'700'000'000}}; };
  }

  std::string import(const image::import_request& request, const std::string& body = {}) {
    test::fake_client client{body};
    auto done = image::import_image(request, client.streams(), services);
    if (!done)
      FAIL(done.error().message);
    return client.output();
  }
  api_error import_error(const image::import_request& request, const std::string& body = {}) {
    test::fake_client client{body};
    auto done = image::import_image(request, client.streams(), services);
    REQUIRE_FALSE(done);
    CHECK(things().empty());
    told = client.output();
    return done.error();
  }
  const store::image& only_image() {
    catalog_ = catalog();
    REQUIRE(catalog_->images().size() == 1);
    return catalog_->images().front();
  }

  std::string told; ///< to the client of the last import that failed

private:
  std::shared_ptr<const store::image_catalog> catalog_;
};

image::import_request request_of(std::string source, std::string repository = {}) {
  image::import_request request;
  request.source = std::move(source);
  request.repository = std::move(repository);
  return request;
}

} // namespace

TEST_CASE_METHOD(import_fixture, "import_image: 16.3 the body becomes an image",
                 "[actors][image]") {
  auto request = request_of("-", "made");
  request.tag = "1";
  request.changes = {"CMD [\"/bin/sh\"]", "ENV A=b", "LABEL x=y"};
  const auto said = import(request, tree);
  const auto& image = only_image();
  CHECK(said == R"({"status":")" + image.id().str() + "\"}\r\n");
  CHECK(image.references.front().familiar() == "made:1");
  CHECK(image.facts->row.tagged);
  CHECK(events() == std::vector<std::string>{"tag made:1", "import " + image.id().str()});
  const auto& config = image.config();
  CHECK(config.diff_ids == std::vector{oci::sha256_of(tree)});
  CHECK(config.comment == "Imported from -");
  CHECK(config.history.size() == 1);
  CHECK(config.history.front().comment == "Imported from -");
  CHECK(oci::to_string(*config.created) == "2023-11-14T22:13:20Z");
  CHECK(config.architecture == "amd64");
  CHECK(config.docker_version == "9.8.7");
  CHECK(config.config->env->front() == "A=b");
  CHECK(config.config->labels->at("x") == "y");
}

TEST_CASE_METHOD(import_fixture, "import_image: 16.3 without a name, packed, for a platform",
                 "[actors][image]") {
  auto request = request_of("-");
  request.message = "so it is";
  request.platform = "linux/arm/v6";
  import(request, test::filtered(directory, tree, "xz -c"));
  const auto& image = only_image();
  CHECK(image.references.empty());
  CHECK(events() == std::vector<std::string>{"import " + image.id().str()});
  CHECK(image.config().diff_ids == std::vector{oci::sha256_of(tree)});
  CHECK(image.config().comment == "so it is");
  CHECK(image.config().variant == "v6");
}

TEST_CASE_METHOD(import_fixture, "import_image: 16.3 what is wrong is an error before any output",
                 "[actors][image]") {
  const auto refused = [this](const image::import_request& request, const std::string& body = {}) {
    const auto error = import_error(request, body);
    CHECK(error.kind == errc::invalid_parameter);
    CHECK(told.empty());
    return error.message;
  };
  auto request = request_of("-", "made");
  request.changes = {"COPY a b"};
  CHECK(refused(request) == "copy is not a valid change command");
  CHECK(refused(request_of("-", "Made")).find("must be lowercase") != std::string::npos);
  CHECK(refused(request_of("-", "sha256:a")) ==
        "refusing to create an ambiguous tag using digest algorithm as name");
  request = request_of("-");
  request.platform = "windows/amd64";
  CHECK(refused(request) == "operating system is not supported");
  CHECK_FALSE(refused(request_of("-"), std::string(3000, 'x')).empty());
  CHECK_FALSE(refused(request_of("-"), tree.substr(0, 700)).empty());
}

TEST_CASE_METHOD(import_fixture, "import_image: a client that leaves leaves nothing behind",
                 "[actors][image]") {
  test::fake_client client{tree, 100};
  client.leave_after(900);
  auto done = image::import_image(request_of("-"), client.streams(), services);
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == errc::unavailable);
  CHECK(things().empty());
}

TEST_CASE_METHOD(import_fixture, "import_image: 16.3 a URL is fetched, redirections followed",
                 "[actors][image]") {
  web_server server{{answer("302 Found", "Location: /real?x=1\r\n", ""),
                     answer("200 OK", "Content-Type: application/x-tar\r\n", tree)}};
  const auto said = import(request_of(server.url("/tree.tar"), "web"));
  CHECK(said.starts_with(R"({"status":"Downloading from http://)" + server.url("/tree.tar") +
                         "\"}\r\n{\"status\":\"Importing\",\"progressDetail\":{\"current\":"));
  const auto& image = only_image();
  CHECK(said.ends_with(R"({"status":")" + image.id().str() + "\"}\r\n"));
  CHECK(image.config().comment == "Imported from " + server.url("/tree.tar"));
  REQUIRE(server.requests().size() == 2);
  CHECK(server.requests()[0].starts_with("GET /tree.tar HTTP/1.1\r\nHost: 127.0.0.1:"));
  CHECK(server.requests()[1].starts_with("GET /real?x=1 HTTP/1.1\r\n"));
}

TEST_CASE_METHOD(import_fixture, "import_image: 16.3 chunks, and bodies that end with the line",
                 "[actors][image]") {
  std::string body;
  for (std::size_t at = 0; at < tree.size(); at += 100)
    body += (tree.size() - at < 100 ? (std::ostringstream{} << std::hex << tree.size() - at).str()
                                    : "64") +
            "\r\n" + tree.substr(at, 100) + "\r\n";
  web_server server{{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + "0\r\n\r\n",
                     "HTTP/1.0 200 OK\r\n\r\n" + tree}};
  import(request_of("http://" + server.url("/a"), "a"));
  import(request_of("http://" + server.url("/b"), "b"));
  CHECK(things().size() == 3); // two configs, one layer
}

TEST_CASE_METHOD(import_fixture, "import_image: 16.3 a URL that gives nothing is told so",
                 "[actors][image]") {
  std::uint16_t closed = 0;
  {
    asio::io_context io;
    asio::ip::tcp::acceptor gone{io, {asio::ip::address_v4::loopback(), 0}};
    closed = gone.local_endpoint().port();
  }
  const auto port = std::to_string(closed);
  CHECK(import_error(request_of("127.0.0.1:" + port + "/x")) ==
        api_error{errc::system, "Get \"http://127.0.0.1:" + port + "/x\": dial tcp 127.0.0.1:" +
                                    port + ": connect: connection refused"});
  CHECK(told.empty());
  web_server server{{answer("404 Not Found", "", "nothing here\n"),
                     "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + tree,
                     "garbage\r\n\r\n"}};
  CHECK(import_error(request_of(server.url("/x"))) ==
        api_error{errc::not_found, "failed to GET http://" + server.url("/x") +
                                       " with status 404 Not Found: nothing here"});
  CHECK(told.empty());
  // Once it has begun, it is told in the stream.
  CHECK(import_error(request_of(server.url("/y"))).message == "unexpected EOF");
  CHECK(told.starts_with(R"({"status":"Downloading from )"));
  CHECK(import_error(request_of(server.url("/z"))).message.starts_with("Get \"http://127.0.0.1:"));
}

TEST_CASE_METHOD(import_fixture, "import_image: a download ends when nobody waits for it",
                 "[actors][image]") {
  asio::io_context io;
  asio::ip::tcp::acceptor silent{io, {asio::ip::address_v4::loopback(), 0}};
  int looks = 0;
  image::transfer_streams streams{[] { return result<std::string>{std::string{}}; },
                                  [](std::string_view) { return result<void>{}; },
                                  [&looks] { return ++looks > 2; }};
  auto done = image::import_image(
      request_of("127.0.0.1:" + std::to_string(silent.local_endpoint().port())), streams, services);
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == errc::unavailable);
}
