#include "actors/image/http_source.hpp"

#include "tests/actors/host/certificates.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <thread>

using namespace gantry;
using test::certificate;

namespace {

namespace asio = boost::asio;

/// Answers one request over TLS with `hello`, if it comes to that.
class tls_server {
public:
  explicit tls_server(const certificate& own) {
    context_.use_certificate(asio::buffer(own.pem()), asio::ssl::context::pem);
    context_.use_private_key(asio::buffer(own.key_pem()), asio::ssl::context::pem);
    thread_ = std::thread{[this] { serve(); }};
  }
  ~tls_server() { thread_.join(); }

  std::string url(const std::string& host) const {
    return "https://" + host + ':' + std::to_string(acceptor_.local_endpoint().port()) + "/x";
  }

private:
  void serve() {
    asio::ssl::stream<asio::ip::tcp::socket> stream{acceptor_.accept(), context_};
    boost::system::error_code refused;
    stream.handshake(asio::ssl::stream_base::server, refused);
    std::string request;
    if (!refused)
      asio::read_until(stream, asio::dynamic_buffer(request), "\r\n\r\n", refused);
    if (!refused)
      asio::write(stream, asio::buffer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 43),
                  refused);
    stream.shutdown(refused);
  }

  asio::io_context io_;
  asio::ssl::context context_{asio::ssl::context::tls_server};
  asio::ip::tcp::acceptor acceptor_{io_, {asio::ip::address_v4::loopback(), 0}};
  std::thread thread_;
};

/// An authority that this process trusts as long as the object lives.
class trusted_authority {
public:
  trusted_authority() { ::setenv("SSL_CERT_FILE", dir_.write("ca.pem", own.pem()).c_str(), 1); }
  ~trusted_authority() { ::unsetenv("SSL_CERT_FILE"); }

  static test::certificate_request request() {
    test::certificate_request request;
    request.common_name = "An authority";
    request.authority = true;
    return request;
  }

  const certificate own{request()};

private:
  test::temp_dir dir_;
};

/// A server's certificate with those names.
certificate server_certificate(const char* names, const certificate* issuer,
                               long valid_until = 3600) {
  test::certificate_request request;
  request.names = names;
  request.valid_until = valid_until;
  return certificate{request, issuer};
}

/// What a GET of the server at that host comes to: the body, or the error without the URL.
std::string get(const tls_server& server, const std::string& host) {
  const auto url = server.url(host);
  auto source = image::http_source::open(url, {});
  if (!source) {
    const auto& text = source.error().message;
    const auto front = "Get \"" + url + "\": ";
    CHECK(source.error().kind == errc::system);
    CHECK(text.starts_with(front));
    return text.substr(std::min(front.size(), text.size()));
  }
  return (*source)->read().value();
}

const std::string unverified = "tls: failed to verify certificate: x509: ";

} // namespace

TEST_CASE("http source: takes a certificate that is for the host", "[actors][image]") {
  const trusted_authority authority;
  const tls_server server{server_certificate("DNS:localhost,IP:127.0.0.1", &authority.own)};
  CHECK(get(server, GENERATE("localhost", "127.0.0.1")) == "hello");
}

TEST_CASE("http source: refuses a certificate that is for another host", "[actors][image]") {
  const trusted_authority authority;
  SECTION("of other names") {
    const tls_server server{server_certificate("DNS:a.test,DNS:b.test", &authority.own)};
    CHECK(get(server, "localhost") ==
          unverified + "certificate is valid for a.test, b.test, not localhost");
  }
  SECTION("of another address") {
    const tls_server server{server_certificate("DNS:localhost,IP:10.1.2.3,IP:::1", &authority.own)};
    CHECK(get(server, "127.0.0.1") ==
          unverified + "certificate is valid for 10.1.2.3, ::1, not 127.0.0.1");
  }
  SECTION("with names only, and asked for by its address") {
    const tls_server server{server_certificate("DNS:localhost", &authority.own)};
    CHECK(get(server, "127.0.0.1") == unverified + "cannot validate certificate for 127.0.0.1 "
                                                   "because it doesn't contain any IP SANs");
  }
  SECTION("with its name in the subject alone") {
    const tls_server server{server_certificate(nullptr, &authority.own)};
    CHECK(get(server, "localhost") ==
          unverified + "certificate is not valid for any names, but wanted to match localhost");
  }
}

TEST_CASE("http source: refuses a certificate that nobody known has signed", "[actors][image]") {
  const trusted_authority authority;
  const certificate other{trusted_authority::request()};
  SECTION("by itself") {
    const tls_server server{server_certificate("DNS:localhost", nullptr)};
    CHECK(get(server, "localhost") == unverified + "certificate signed by unknown authority");
  }
  SECTION("by an authority that is not known") {
    const tls_server server{server_certificate("DNS:localhost", &other)};
    CHECK(get(server, "localhost") == unverified + "certificate signed by unknown authority");
  }
}

TEST_CASE("http source: refuses a certificate that is too old", "[actors][image]") {
  const trusted_authority authority;
  const tls_server server{server_certificate("DNS:localhost", &authority.own, -60)};
  CHECK(get(server, "localhost") == unverified + "certificate has expired or is not yet valid");
}

TEST_CASE("http source: a server that speaks no TLS is told so", "[actors][image]") {
  asio::io_context io;
  asio::ip::tcp::acceptor plain{io, {asio::ip::address_v4::loopback(), 0}};
  std::thread server{[&plain] {
    auto socket = plain.accept();
    boost::system::error_code ignored;
    asio::write(socket, asio::buffer("HTTP/1.1 400 Bad Request\r\n\r\n", 28), ignored);
    socket.shutdown(asio::socket_base::shutdown_send, ignored);
  }};
  auto source = image::http_source::open(
      "https://127.0.0.1:" + std::to_string(plain.local_endpoint().port()), {});
  server.join();
  REQUIRE(source.has_error());
  CHECK_THAT(source.error().message, Catch::Matchers::Contains("\": tls: wrong version number"));
}
