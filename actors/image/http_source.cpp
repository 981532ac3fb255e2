#include "actors/image/http_source.hpp"

#include "actors/image/certificate_check.hpp"
#include "protocol/base64.hpp"
#include "protocol/text.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace gantry::image {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using executor = asio::io_context::executor_type;
using tcp_socket = asio::basic_stream_socket<tcp, executor>;
using steady = std::chrono::steady_clock;

/// One step of the other side may take that long: to connect, to answer, to send more.
constexpr std::chrono::seconds step_limit{60};
constexpr std::chrono::milliseconds wanted_interval{100};
constexpr std::size_t body_piece = std::size_t{128} * 1024;
constexpr std::uint32_t head_limit = 64 * 1024;
constexpr int most_redirections = 10;
constexpr std::size_t shown_body = std::size_t{8} * 1024;

// What Go says for it: its texts begin with small letters.
std::string words(const boost::system::error_code& ec) {
  if (ec == beast::error::timeout)
    return "i/o timeout";
  if (ec == http::error::end_of_stream || ec == http::error::partial_message ||
      ec == asio::error::eof)
    return "EOF";
  auto text = ec.message();
  if (!text.empty() && (text.size() < 2 || text[1] >= 'a'))
    text[0] = to_lower(text[0]);
  return text;
}

// `%41` becomes `A`.
std::string percent_decoded(std::string_view text) {
  std::string out;
  const auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// What became of something asynchronous. One type for everything that is waited for: a lambda for
/// each would have Asio's operations compiled for each.
struct step {
  bool over = false;
  boost::system::error_code error;
  std::size_t bytes = 0;
  tcp::resolver::results_type found;
};

struct step_handler {
  step* told;

  void operator()(const boost::system::error_code& error) const {
    told->error = error;
    told->over = true;
  }
  void operator()(const boost::system::error_code& error, std::size_t bytes) const {
    told->bytes = bytes;
    (*this)(error);
  }
  void operator()(const boost::system::error_code& error, tcp::resolver::results_type found) const {
    told->found = std::move(found);
    (*this)(error);
  }
};

/// A connection, plain or with TLS, whose calls block: each waits for its end, for the end of the
/// step's time (`beast::error::timeout`), and looks now and then whether it is still wanted.
/// What Beast calls a SyncReadStream.
class connection {
public:
  explicit connection(const std::function<bool()>& cancelled) : cancelled_(cancelled) {}

  /// The calls up to the next `begin_step` have to be over in `step_limit`.
  void begin_step() { deadline_ = steady::now() + step_limit; }

  /// Not bounded by the step's time: the system has limits of its own.
  tcp::resolver::results_type resolve(const std::string& host, const std::string& port,
                                      boost::system::error_code& ec) {
    deadline_ = steady::time_point::max();
    step s;
    resolver_.async_resolve(host, port, step_handler{&s});
    ec = wait(s);
    return std::move(s.found);
  }

  boost::system::error_code connect(const tcp::endpoint& end) {
    step s;
    socket_.async_connect(end, step_handler{&s});
    return wait(s);
  }

  boost::system::error_code secure(const std::string& host) {
    boost::system::error_code ignored;
    context_.set_default_verify_paths(ignored);
    tls_.emplace(socket_, context_);
    tls_->set_verify_mode(asio::ssl::verify_peer);
    tls_->set_verify_callback([this, host](bool passed, asio::ssl::verify_context& what) {
      if (!passed && refusal_.empty())
        refusal_ = refusal_of(what.native_handle(), host);
      return passed;
    });
    expect_host(tls_->native_handle(), host);
    step s;
    tls_->async_handshake(asio::ssl::stream_base::client, step_handler{&s});
    return wait(s);
  }

  boost::system::error_code write(std::string_view bytes) {
    while (!bytes.empty()) {
      const asio::const_buffer buffer{bytes.data(), bytes.size()};
      step s;
      if (tls_)
        tls_->async_write_some(buffer, step_handler{&s});
      else
        socket_.async_write_some(buffer, step_handler{&s});
      if (auto ec = wait(s))
        return ec;
      bytes.remove_prefix(s.bytes);
    }
    return {};
  }

  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, boost::system::error_code& ec) {
    return read_one(*asio::buffer_sequence_begin(buffers), ec);
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {
    boost::system::error_code ec;
    const auto bytes = read_some(buffers, ec);
    if (ec)
      throw boost::system::system_error{ec};
    return bytes;
  }

  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  /// Why `secure` did not take the other side's certificate; empty if it did, or none came.
  const std::string& refusal() const noexcept { return refusal_; }
  /// Nobody wants the answer any more.
  bool gone() const noexcept { return gone_; }

private:
  std::size_t read_one(const asio::mutable_buffer& buffer, boost::system::error_code& ec) {
    step s;
    if (tls_)
      tls_->async_read_some(buffer, step_handler{&s});
    else
      socket_.async_read_some(buffer, step_handler{&s});
    ec = wait(s);
    return s.bytes;
  }

  boost::system::error_code wait(const step& s) {
    bool late = false;
    io_.restart();
    while (!s.over) {
      io_.run_one_for(wanted_interval);
      if (s.over || gone_ || late)
        continue;
      gone_ = cancelled_ && cancelled_();
      late = !gone_ && steady::now() >= deadline_;
      if (gone_ || late) {
        resolver_.cancel();
        close();
      }
    }
    if (gone_)
      return asio::error::operation_aborted;
    if (late)
      return beast::error::timeout;
    return s.error;
  }

  const std::function<bool()>& cancelled_;
  asio::io_context io_{1};
  asio::ssl::context context_{asio::ssl::context::tls_client};
  asio::ip::basic_resolver<tcp, executor> resolver_{io_};
  tcp_socket socket_{io_};
  std::optional<asio::ssl::stream<tcp_socket&>> tls_;
  steady::time_point deadline_ = steady::time_point::max();
  std::string refusal_;
  bool gone_ = false;
};

/// One request and its answer, on a connection of its own.
class exchange {
public:
  exchange(http_url url, const std::function<bool()>& cancelled)
      : url_(std::move(url)), connection_(cancelled) {
    parser_.header_limit(head_limit);
    parser_.body_limit(boost::none);
  }

  /// Reads up to the end of the head.
  result<void> start() {
    if (auto connected = connect(); !connected)
      return connected;
    if (url_.tls) {
      connection_.begin_step();
      if (auto ec = connection_.secure(url_.host))
        return failed("tls: " + (connection_.refusal().empty()
                                     ? words(ec)
                                     : "failed to verify certificate: " + connection_.refusal()));
    }
    connection_.begin_step();
    if (auto ec = connection_.write(request_text()))
      return failed(words(ec));
    boost::system::error_code ec;
    connection_.begin_step();
    http::read_header(connection_, buffer_, parser_, ec);
    if (ec)
      return failed(words(ec));
    return {};
  }

  result<std::string> read() {
    std::string piece;
    while (piece.empty() && !parser_.is_done()) {
      piece.resize(body_piece);
      auto& body = parser_.get().body();
      body.data = piece.data();
      body.size = piece.size();
      boost::system::error_code ec;
      connection_.begin_step();
      http::read_some(connection_, buffer_, parser_, ec);
      if (ec && ec != http::error::need_buffer)
        return body_error(ec);
      piece.resize(piece.size() - body.size);
    }
    return piece;
  }

  const http_url& url() const noexcept { return url_; }
  const auto& head() const { return parser_.get(); }
  std::int64_t size() const {
    const auto length = parser_.content_length();
    return length ? static_cast<std::int64_t>(*length) : 0;
  }

private:
  std::string request_text() const {
    auto text = "GET " + url_.target + " HTTP/1.1\r\nHost: " + url_.authority() +
                "\r\nUser-Agent: gantry/" GANTRY_VERSION "\r\nConnection: close\r\n";
    if (!url_.user_info.empty())
      text += "Authorization: Basic " + base64(percent_decoded(url_.user_info)) + "\r\n";
    return text + "\r\n";
  }

  api_error failed(const std::string& why) const {
    if (connection_.gone())
      return {errc::unavailable, "the client has left"};
    return {errc::system, "Get \"" + url_.str() + "\": " + why};
  }

  api_error body_error(const boost::system::error_code& ec) const {
    if (connection_.gone())
      return {errc::unavailable, "the client has left"};
    auto text = words(ec);
    return {errc::system, text == "EOF" ? "unexpected EOF" : text};
  }

  result<void> connect() {
    boost::system::error_code ec;
    const auto found = connection_.resolve(url_.host, url_.port, ec);
    if (ec == asio::error::host_not_found || ec == asio::error::no_data)
      return failed("dial tcp: lookup " + url_.host + ": no such host");
    if (ec)
      return failed("dial tcp: lookup " + url_.host + ": " + words(ec));
    std::string why;
    for (const auto& address : found) {
      const auto& end = address.endpoint();
      connection_.begin_step();
      ec = connection_.connect(end);
      if (!ec)
        return {};
      const auto host = end.address().to_string();
      if (why.empty()) // that of the first, as Go does
        why = "dial tcp " + (end.address().is_v6() ? '[' + host + ']' : host) + ':' +
              std::to_string(end.port()) + ": " + (ec == beast::error::timeout ? "" : "connect: ") +
              words(ec);
      connection_.close();
    }
    return failed(why);
  }

  const http_url url_;
  connection connection_;
  beast::flat_buffer buffer_;
  http::response_parser<http::buffer_body> parser_;
};

errc kind_of(unsigned status) {
  switch (status) {
  case 400:
    return errc::invalid_parameter;
  case 401:
    return errc::unauthorized;
  case 403:
    return errc::forbidden;
  case 404:
    return errc::not_found;
  default:
    return errc::system;
  }
}

bool is_redirection(unsigned status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

class http_body final : public http_source {
public:
  http_body(std::string url, std::function<bool()> cancelled)
      : shown_(std::move(url)), cancelled_(std::move(cancelled)) {}

  result<void> start(http_url url) {
    for (int redirections = 0;; ++redirections) {
      exchange_ = std::make_unique<exchange>(url, cancelled_);
      if (auto started = exchange_->start(); !started)
        return started;
      const auto status = exchange_->head().result_int();
      const auto& location = exchange_->head()[http::field::location];
      if (!is_redirection(status) || location.empty())
        return check(status);
      if (redirections == most_redirections)
        return api_error{errc::system, "Get \"" + url.str() + "\": stopped after 10 redirects"};
      auto next = redirected(url, {location.data(), location.size()});
      if (!next)
        return next.error();
      // What one host may know is nothing for another.
      if (next->host != url.host)
        next->user_info.clear();
      url = std::move(*next);
    }
  }

  const std::string& url() const override { return shown_; }
  std::int64_t size() const override { return exchange_->size(); }
  result<std::string> read() override { return exchange_->read(); }

private:
  result<void> check(unsigned status) {
    if (status < 400)
      return {};
    const auto& reason = exchange_->head().reason();
    auto text = "failed to GET " + shown_ + " with status " + std::to_string(status) + ' ' +
                std::string{reason.data(), reason.size()};
    std::string body;
    while (body.size() < shown_body) {
      auto piece = exchange_->read();
      if (!piece)
        return api_error{errc::system, text + ": error reading body"};
      if (piece->empty())
        break;
      body += *piece;
    }
    body.resize(std::min(body.size(), shown_body));
    return api_error{kind_of(status), text + ": " + std::string{trim_space(body)}};
  }

  const std::string shown_;
  const std::function<bool()> cancelled_;
  std::unique_ptr<exchange> exchange_;
};

} // namespace

result<std::unique_ptr<http_source>> http_source::open(std::string_view url,
                                                       std::function<bool()> cancelled) {
  auto parsed = parse_http_url(url);
  if (!parsed)
    return parsed.error();
  auto body = std::make_unique<http_body>(parsed->str(), std::move(cancelled));
  if (auto started = body->start(std::move(*parsed)); !started)
    return started.error();
  return std::unique_ptr<http_source>{std::move(body)};
}

} // namespace gantry::image
