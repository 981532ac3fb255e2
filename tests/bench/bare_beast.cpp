// The upper limit: an asynchronous HTTP server on bare Boost.Beast. What Gantry's actors, router
// and jobs cost is the distance to this program. It reads and answers HTTP/1.1 properly
// (keep-alive, HEAD, 404, bounded heads and bodies, a Date that is right) and does nothing else. It
// has no deadlines, which a daemon needs and which cost something: a limit should be hard to reach.
// With one operation pending per connection it needs no strands.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/system/system_error.hpp>

#include <getopt.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::uint32_t header_limit = 64 * 1024;
constexpr std::uint64_t body_limit = 64 * 1024;
constexpr int backlog = 4096;

/// The body of `/version`: the size and shape of what a Docker daemon answers.
constexpr std::string_view version_body =
    R"({"Platform":{"Name":"bare Beast"},"Components":[{"Name":"Engine","Version":"0.1.0",")"
    R"(Details":{"ApiVersion":"1.43","Arch":"amd64","BuildTime":"2024-01-01T00:00:00.000000)"
    R"(000+00:00","Experimental":"false","GitCommit":"0000000","GoVersion":"none","KernelVe)"
    R"(rsion":"6.1.0-0-cloud-amd64","MinAPIVersion":"1.12","Os":"linux"}},{"Name":"containe)"
    R"(rd","Version":"1.6.20~ds1","Details":{"GitCommit":"000000000000000000000000000000000)"
    R"(0000000"}},{"Name":"runc","Version":"1.1.5+ds1","Details":{"GitCommit":"000000000000)"
    R"(0000000000000000000000000000"}},{"Name":"docker-init","Version":"0.19.0","Details":{)"
    R"("GitCommit":"000000000000000000000000"}}],"Version":"0.1.0","ApiVersion":"1.43","Min)"
    R"(APIVersion":"1.12","GitCommit":"0000000","GoVersion":"none","Os":"linux","Arch":"amd)"
    R"(64","KernelVersion":"6.1.0-0-cloud-amd64","Experimental":false,"BuildTime":"2024-01-)"
    R"(01T00:00:00.000000000+00:00"})"
    "\n";

/// The value of a Date field (RFC 9110 §5.6.7), formatted once per second and thread.
std::string_view http_date() {
  thread_local std::time_t stamp = -1;
  thread_local char text[32];
  thread_local std::size_t length = 0;
  if (const auto now = std::time(nullptr); now != stamp) {
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    length = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    stamp = now;
  }
  return {text, length};
}

using request = http::request<http::string_body>;
using response = http::response<http::span_body<const char>>;

/// Fills in the answer to `req`; the fields are those that dockerd 20.10 sends.
void answer(const request& req, response& res) {
  const bool head = req.method() == http::verb::head;
  const bool known = head || req.method() == http::verb::get;
  std::string_view body;
  res.version(req.version());
  res.keep_alive(req.keep_alive());
  res.set("Api-Version", "1.43");
  if (known && req.target() == "/_ping") {
    body = "OK";
    res.set(http::field::cache_control, "no-cache, no-store, must-revalidate");
    res.set(http::field::pragma, "no-cache");
    res.set(http::field::content_type, "text/plain; charset=utf-8");
  } else if (known && req.target() == "/version") {
    body = version_body;
    res.set(http::field::content_type, "application/json");
  } else {
    body = R"({"message":"page not found"})";
    res.result(http::status::not_found);
    res.set(http::field::content_type, "application/json");
  }
  res.set("Docker-Experimental", "false");
  res.set("Ostype", "linux");
  res.set(http::field::server, "Beast/1.81 (linux)");
  res.set(http::field::date, http_date());
  // dockerd announces no body in the answer to a HEAD, not the one that GET would have
  if (head)
    body = {};
  res.content_length(body.size());
  res.body() = {body.data(), body.size()};
}

/// One connection: reads a request, answers it, and again, until either side has had enough. Lives
/// in the handler of its one pending operation.
template <class Protocol>
class session : public std::enable_shared_from_this<session<Protocol>> {
public:
  using socket_type = asio::basic_stream_socket<Protocol, asio::io_context::executor_type>;

  explicit session(socket_type socket) : socket_(std::move(socket)) {}

  void run() { read(); }

private:
  void read() {
    parser_.emplace();
    parser_->header_limit(header_limit);
    parser_->body_limit(body_limit);
    http::async_read(socket_, buffer_, *parser_,
                     [self = this->shared_from_this()](error_code ec, std::size_t) {
                       if (!ec)
                         self->write();
                       else if (ec == http::error::end_of_stream)
                         self->close();
                     });
  }

  void write() {
    response_ = {};
    answer(parser_->get(), response_);
    http::async_write(socket_, response_,
                      [self = this->shared_from_this()](error_code ec, std::size_t) {
                        if (ec)
                          return;
                        if (self->response_.keep_alive())
                          self->read();
                        else
                          self->close();
                      });
  }

  void close() {
    error_code ignored;
    socket_.shutdown(socket_type::shutdown_send, ignored);
  }

  socket_type socket_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  response response_;
};

/// Accepts until the context stops.
template <class Protocol>
class listener {
public:
  listener(asio::io_context& context, const typename Protocol::endpoint& at)
      : context_(context), acceptor_(context, at.protocol()), pause_(context) {
    if constexpr (std::is_same_v<Protocol, asio::ip::tcp>)
      acceptor_.set_option(asio::socket_base::reuse_address(true));
    acceptor_.bind(at);
    acceptor_.listen(backlog);
    accept();
  }

private:
  void accept() {
    acceptor_.async_accept(
        context_.get_executor(),
        [this](error_code ec, typename session<Protocol>::socket_type socket) {
          if (ec == asio::error::operation_aborted)
            return;
          if (ec) { // most likely out of descriptors: the condition outlives a busy loop
            pause_.expires_after(std::chrono::milliseconds(100));
            pause_.async_wait([this](error_code) { accept(); });
            return;
          }
          if constexpr (std::is_same_v<Protocol, asio::ip::tcp>) {
            error_code ignored;
            socket.set_option(asio::ip::tcp::no_delay(true), ignored);
          }
          std::make_shared<session<Protocol>>(std::move(socket))->run();
          accept();
        });
  }

  asio::io_context& context_;
  asio::basic_socket_acceptor<Protocol, asio::io_context::executor_type> acceptor_;
  asio::steady_timer pause_;
};

struct options {
  std::optional<unsigned> port;
  std::string unix_path;
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
};

std::optional<unsigned> parse_number(std::string_view text, unsigned low, unsigned high) {
  unsigned value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || value < low || value > high)
    return std::nullopt;
  return value;
}

std::optional<options> parse_options(int argc, char** argv) {
  static const option known[] = {{"port", required_argument, nullptr, 'p'},
                                 {"unix", required_argument, nullptr, 'u'},
                                 {"threads", required_argument, nullptr, 't'},
                                 {nullptr, 0, nullptr, 0}};
  options parsed;
  for (int c = 0; (c = ::getopt_long(argc, argv, "", known, nullptr)) != -1;) {
    if (c == 'p') {
      parsed.port = parse_number(optarg, 1, 65535);
      if (!parsed.port)
        return std::nullopt;
    } else if (c == 'u') {
      parsed.unix_path = optarg;
    } else if (c == 't') {
      const auto threads = parse_number(optarg, 1, 1024);
      if (!threads)
        return std::nullopt;
      parsed.threads = *threads;
    } else {
      return std::nullopt;
    }
  }
  if (optind != argc || (!parsed.port && parsed.unix_path.empty()))
    return std::nullopt;
  return parsed;
}

int serve(const options& wanted) {
  asio::io_context context(static_cast<int>(wanted.threads));
  std::optional<listener<asio::ip::tcp>> tcp;
  std::optional<listener<asio::local::stream_protocol>> local;
  if (wanted.port) {
    const auto port = static_cast<asio::ip::port_type>(*wanted.port);
    tcp.emplace(context, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), port));
  }
  if (!wanted.unix_path.empty()) {
    ::unlink(wanted.unix_path.c_str());
    local.emplace(context, asio::local::stream_protocol::endpoint(wanted.unix_path));
  }

  asio::signal_set signals(context, SIGINT, SIGTERM);
  signals.async_wait([&context](error_code, int) { context.stop(); });

  std::vector<std::jthread> others;
  for (unsigned i = 1; i < wanted.threads; ++i)
    others.emplace_back([&context] { context.run(); });
  context.run();
  others.clear();
  if (!wanted.unix_path.empty())
    ::unlink(wanted.unix_path.c_str());
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  const auto wanted = parse_options(argc, argv);
  if (!wanted) {
    std::fprintf(stderr,
                 "usage: bare_beast [--port N] [--unix PATH] [--threads N]\n"
                 "Serves GET and HEAD of /_ping and /version on 127.0.0.1:N, PATH or both.\n");
    return 2;
  }
  try {
    return serve(*wanted);
  } catch (const boost::system::system_error& e) {
    std::fprintf(stderr, "bare_beast: %s\n", e.code().message().c_str());
    return 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bare_beast: %s\n", e.what());
    return 1;
  }
}
