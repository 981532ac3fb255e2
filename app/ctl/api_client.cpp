#include "app/ctl/api_client.hpp"

#include "app/ctl/text.hpp"

#include <array>
#include <optional>
#include <utility>

namespace gantry::ctl {

namespace {

constexpr std::string_view cancelled_text = "cancelled";

std::string request_text(std::string_view method, std::string_view target, std::string_view host,
                         std::string_view body) {
  std::string text;
  text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ").append(host);
  text += "\r\nUser-Agent: gantryctl/" GANTRY_VERSION
          "\r\nAccept: application/json, text/event-stream\r\nConnection: close\r\n";
  if (!body.empty())
    text += "Content-Type: application/json\r\n";
  if (!body.empty() || method == "PUT" || method == "POST")
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text.append("\r\n").append(body);
}

/// NOTE: what was said comes from whoever listens there, maybe not a gantryd at all.
api_error no_gantryd(const std::string& why) {
  return {errc::invalid_parameter, "no answer of gantryd: " + why};
}

} // namespace

/// One request under way.
class api_client::exchange {
public:
  exchange(const settings& how, deadline until) : how_(how), until_(until) {}

  result<void> send(const std::string& request) {
    auto opened = stream::open(how_.where, how_.files, until_, how_.cancel);
    if (!opened)
      return opened.error();
    stream_ = std::move(*opened);
    // NOTE: whoever refuses a request, or a certificate, may do so without reading it, and end the
    // connection: what was said before that counts, be it an answer or an alert of TLS.
    if (auto written = stream_->write(request, until_); !written)
      write_error_ = written.error();
    return {};
  }

  /// Reads once; true once the answer is whole.
  result<bool> read(std::string& body, deadline until) {
    std::array<char, 64 * 1024> buffer;
    const auto got = stream_->read(buffer.data(), buffer.size(), until);
    if (!got)
      return got.error();
    if (*got == 0) {
      if (auto finished = parser_.finish(); !finished)
        return write_error_.value_or(no_gantryd(finished.error().message));
      return true;
    }
    const auto fed = parser_.feed({buffer.data(), *got}, body);
    if (!fed)
      return no_gantryd(fed.error().message);
    if (body.size() > largest_body)
      return no_gantryd("larger than 512 MiB");
    return *fed;
  }

  bool head_done() const noexcept { return parser_.head_done(); }
  int status() const noexcept { return parser_.status(); }
  const http::response_parser& answer() const noexcept { return parser_; }

private:
  const settings& how_;
  const deadline until_;
  std::unique_ptr<stream> stream_;
  std::optional<api_error> write_error_;
  http::response_parser parser_;
};

api_error api_client::explained(const api_error& error) const {
  auto text = "cannot reach gantryd at " + address() + ": " + error.message;
  const bool is_tcp = how_.where.proto == host::listen_proto::tcp;
  if (error.kind == errc::invalid_parameter)
    text = address() + ": " + error.message;
  else if (error.message == cancelled_text)
    text = error.message;
  else if (error.kind == errc::not_found)
    text += "; is it running? --host says where it is";
  else if (error.kind == errc::forbidden)
    text += "; only root may: try it with sudo";
  else if (error.kind == errc::unavailable)
    text = "gantryd at " + address() + " did not answer within " + short_duration(how_.timeout) +
           "; --timeout lets it take longer";
  else if (is_tcp)
    text += "; --tlscacert, --tlscert and --tlskey say who is trusted and who you are";
  // What is not found is the daemon, which is another thing than what was asked for.
  return {error.kind == errc::not_found ? errc::unavailable : error.kind, std::move(text)};
}

result<reply> api_client::call(std::string_view method, std::string_view target,
                               std::string_view body) const {
  const auto until = steady::now() + how_.timeout;
  exchange one{how_, until};
  if (auto sent = one.send(request_text(method, target, "gantry", body)); !sent)
    return explained(sent.error());
  reply answer;
  for (;;) {
    const auto whole = one.read(answer.body, until);
    if (!whole)
      return explained(whole.error());
    if (*whole)
      break;
  }
  answer.status = one.status();
  return answer;
}

result<reply> api_client::follow(std::string_view target,
                                 const std::function<bool(std::string_view)>& on_data) const {
  const auto until = steady::now() + how_.timeout;
  exchange one{how_, until};
  if (auto sent = one.send(request_text("GET", target, "gantry", {})); !sent)
    return explained(sent.error());
  reply answer;
  std::string piece;
  for (;;) {
    const bool goes_on = one.head_done() && one.status() == 200;
    const auto whole = one.read(piece, goes_on ? deadline::max() : until);
    if (!whole && goes_on && whole.error().message == cancelled_text)
      return answer;
    if (!whole)
      return explained(whole.error());
    if (one.head_done())
      answer.status = one.status();
    if (answer.status != 200)
      answer.body.append(std::exchange(piece, {}));
    else if (!on_data(std::exchange(piece, {})))
      return answer;
    if (*whole)
      return answer;
  }
}

result<bool> api_client::relay(const question& asked,
                               const std::function<bool(const http::response_parser&)>& on_head,
                               const std::function<bool(std::string_view)>& on_data) const {
  const auto until = steady::now() + how_.timeout;
  exchange one{how_, until};
  if (auto sent = one.send(request_text(asked.method, asked.target, "gantry", asked.body)); !sent)
    return explained(sent.error());
  std::string piece;
  for (bool told = false;;) {
    const auto limit = !told           ? until
                       : asked.goes_on ? deadline::max()
                                       : steady::now() + how_.timeout;
    const auto whole = one.read(piece, limit);
    if (!whole)
      return explained(whole.error());
    if (one.head_done() && !std::exchange(told, true) && !on_head(one.answer()))
      return false;
    if (!piece.empty() && !on_data(std::exchange(piece, {})))
      return false;
    if (*whole)
      return true;
  }
}

} // namespace gantry::ctl
