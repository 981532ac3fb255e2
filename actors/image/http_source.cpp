#include "actors/image/http_source.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <openssl/evp.h>

#include <chrono>
#include <optional>
#include <utility>

namespace gantry::image {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

/// One step of the other side may take that long: to connect, to answer, to send more.
constexpr std::chrono::seconds step_limit{60};
constexpr std::chrono::milliseconds look_interval{100};
constexpr std::size_t piece_size = std::size_t{128} * 1024;
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
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z' && (text.size() < 2 || text[1] >= 'a'))
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

std::string base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const auto n = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(n));
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

/// One request and its answer, on a connection of its own.
class exchange {
public:
  exchange(http_url url, const std::function<bool()>& cancelled)
      : url_(std::move(url)), cancelled_(cancelled) {
    parser_.header_limit(head_limit);
    parser_.body_limit(boost::none);
  }

  /// Reads up to the end of the head.
  result<void> start() {
    if (auto connected = connect(); !connected)
      return connected;
    if (url_.tls)
      if (auto secured = secure(); !secured)
        return secured;
    http::request<http::empty_body> ask{http::verb::get, url_.target, 11};
    ask.set(http::field::host, url_.authority());
    ask.set(http::field::user_agent, "gantry/" GANTRY_VERSION);
    ask.set(http::field::connection, "close");
    if (!url_.user_info.empty())
      ask.set(http::field::authorization, "Basic " + base64(percent_decoded(url_.user_info)));
    auto ec = with_stream([&](auto& stream) {
      return run([&](auto done) { http::async_write(stream, ask, std::move(done)); });
    });
    if (ec)
      return failed(words(ec));
    ec = with_stream([&](auto& stream) {
      return run(
          [&](auto done) { http::async_read_header(stream, buffer_, parser_, std::move(done)); });
    });
    if (ec)
      return failed(words(ec));
    return {};
  }

  result<std::string> read() {
    std::string piece;
    while (piece.empty() && !parser_.is_done()) {
      piece.resize(piece_size);
      auto& body = parser_.get().body();
      body.data = piece.data();
      body.size = piece.size();
      auto ec = with_stream([&](auto& stream) {
        return run(
            [&](auto done) { http::async_read_some(stream, buffer_, parser_, std::move(done)); });
      });
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
  api_error failed(const std::string& why) const {
    if (gone_)
      return {errc::unavailable, "the client has left"};
    return {errc::system, "Get \"" + url_.str() + "\": " + why};
  }

  api_error body_error(const boost::system::error_code& ec) const {
    if (gone_)
      return {errc::unavailable, "the client has left"};
    auto text = words(ec);
    return {errc::system, text == "EOF" ? "unexpected EOF" : text};
  }

  template <class Do>
  boost::system::error_code with_stream(Do what) {
    lowest().expires_after(step_limit);
    return url_.tls ? what(stream_) : what(stream_.next_layer());
  }

  beast::tcp_stream& lowest() { return stream_.next_layer(); }

  // Starts something asynchronous and waits for it, looking now and then whether to go on.
  template <class Start>
  boost::system::error_code run(Start start) {
    std::optional<boost::system::error_code> done;
    start([&done](const boost::system::error_code& ec, auto&&...) { done = ec; });
    io_.restart();
    while (!done) {
      io_.run_one_for(look_interval);
      if (!done && !gone_ && cancelled_ && cancelled_()) {
        gone_ = true;
        resolver_.cancel();
        lowest().close();
      }
    }
    if (gone_)
      return asio::error::operation_aborted;
    return *done;
  }

  result<void> connect() {
    tcp::resolver::results_type found;
    auto ec = run([&](auto done) {
      resolver_.async_resolve(
          url_.host, url_.port,
          [&found, done = std::move(done)](const auto& error, auto results) mutable {
            found = std::move(results);
            done(error);
          });
    });
    if (ec == asio::error::host_not_found || ec == asio::error::no_data)
      return failed("dial tcp: lookup " + url_.host + ": no such host");
    if (ec)
      return failed("dial tcp: lookup " + url_.host + ": " + words(ec));
    std::string why;
    for (const auto& address : found) {
      ec = run([&](auto done) {
        lowest().expires_after(step_limit);
        lowest().async_connect(address.endpoint(), std::move(done));
      });
      if (!ec)
        return {};
      const auto& end = address.endpoint();
      const auto host = end.address().to_string();
      if (why.empty()) // that of the first, as Go does
        why = "dial tcp " + (end.address().is_v6() ? '[' + host + ']' : host) + ':' +
              std::to_string(end.port()) + ": " + (ec == beast::error::timeout ? "" : "connect: ") +
              words(ec);
      lowest().close();
    }
    return failed(why);
  }

  result<void> secure() {
    boost::system::error_code ec;
    tls_.set_default_verify_paths(ec);
    stream_.set_verify_mode(asio::ssl::verify_peer);
    stream_.set_verify_callback(asio::ssl::host_name_verification(url_.host));
    (void)SSL_set_tlsext_host_name(stream_.native_handle(), url_.host.c_str());
    ec = run([&](auto done) {
      lowest().expires_after(step_limit);
      stream_.async_handshake(asio::ssl::stream_base::client, std::move(done));
    });
    if (ec)
      return failed("tls: " + words(ec));
    return {};
  }

  const http_url url_;
  const std::function<bool()>& cancelled_;
  asio::io_context io_{1};
  asio::ssl::context tls_{asio::ssl::context::tls_client};
  tcp::resolver resolver_{io_};
  beast::ssl_stream<beast::tcp_stream> stream_{io_, tls_};
  beast::flat_buffer buffer_;
  http::response_parser<http::buffer_body> parser_;
  bool gone_ = false;
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

std::string trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos)
    return {};
  return std::string{text.substr(begin, text.find_last_not_of(blanks) + 1 - begin)};
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
    return api_error{kind_of(status), text + ": " + trimmed(body)};
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
