#include "protocol/http/response_parser.hpp"

#include "protocol/http/form.hpp"
#include "protocol/http/message.hpp"
#include "protocol/http/response_writer.hpp"
#include "protocol/http/syntax.hpp"
#include "protocol/text.hpp"

#include <algorithm>
#include <limits>

namespace gantry::http {

namespace {

constexpr std::string_view begin_of_head = "HTTP/1.";
constexpr std::string_view end_of_head = "\r\n\r\n";

bool has_control_byte(std::string_view text) noexcept {
  return find_control_byte(text, 0, text.size()) != text.size();
}

/// `HTTP/1.1 200 OK`; the reason may be missing, with its space or without. 0 if it is none.
int status_of(std::string_view line) noexcept {
  constexpr std::size_t version_size = 9; // with the space
  if (!line.starts_with("HTTP/1.1 ") && !line.starts_with("HTTP/1.0 "))
    return 0;
  const auto rest = line.substr(version_size);
  if (rest.size() < 3 || !std::all_of(rest.begin(), rest.begin() + 3, is_digit) ||
      (rest.size() > 3 && rest[3] != ' ') || has_control_byte(rest))
    return 0;
  const int status = (rest[0] - '0') * 100 + (rest[1] - '0') * 10 + (rest[2] - '0');
  return status >= 100 ? status : 0;
}

} // namespace

std::string_view response_parser::header(std::string_view name) const noexcept {
  for (const auto& [n, value] : fields_)
    if (iequals(n, name))
      return value;
  return {};
}

result<bool> response_parser::feed(std::string_view bytes, std::string& body) {
  while (!head_done_ && !bytes.empty()) {
    const auto before = head_.size();
    head_ += bytes.substr(0, bounds_.head + 1 - std::min(before, bounds_.head));
    // What is no answer at all is told at once: its head may have no end.
    if (head_.compare(0, begin_of_head.size(), begin_of_head.substr(0, head_.size())) != 0)
      return invalid("malformed status line");
    const auto from = before < end_of_head.size() ? 0 : before - end_of_head.size() + 1;
    const auto end = head_.find(end_of_head, from);
    if (end == std::string::npos) {
      if (head_.size() > bounds_.head)
        return invalid("head too large");
      return false;
    }
    bytes.remove_prefix(end + end_of_head.size() - before);
    head_.resize(end + 2);
    if (auto taken = take_head(head_); !taken)
      return taken.error();
    head_.clear();
  }
  if (!head_done_ || done_)
    return done_;
  if (until_close_) {
    body += bytes;
    return false;
  }
  const auto decoded = decoder_.decode(bytes, body, std::numeric_limits<std::size_t>::max());
  if (decoded.state == progress::refused)
    return invalid(decoded.error.detail);
  done_ = decoded.state == progress::complete;
  return done_;
}

result<void> response_parser::finish() {
  if (!done_ && !(head_done_ && until_close_))
    return invalid("it ended before its end");
  done_ = true;
  return {};
}

result<void> response_parser::take_head(std::string_view head) {
  const auto line_end = head.find("\r\n");
  status_ = status_of(head.substr(0, line_end));
  if (status_ == 0)
    return invalid("malformed status line");
  fields_.clear();
  if (auto taken = take_fields(head.substr(line_end + 2)); !taken)
    return taken;
  if (status_ >= 200)
    return frame();
  if (status_ == 101)
    return invalid("it switches protocols");
  return {};
}

result<void> response_parser::take_fields(std::string_view lines) {
  while (!lines.empty()) {
    const auto end = lines.find("\r\n");
    const auto line = lines.substr(0, end);
    lines.remove_prefix(end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) ||
        has_control_byte(line))
      return invalid("malformed header field");
    if (fields_.size() == bounds_.fields)
      return invalid("too many header fields");
    fields_.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
  return {};
}

result<void> response_parser::frame() {
  head_done_ = true;
  auto count = [this](std::string_view name) {
    return std::count_if(fields_.begin(), fields_.end(),
                         [name](const auto& field) { return iequals(field.first, name); });
  };
  const auto codings = count("Transfer-Encoding");
  const auto lengths = count("Content-Length");
  if (!has_body(status_, false)) {
    done_ = true;
    return {};
  }
  if (codings + lengths > 1)
    return invalid("its length is told twice");
  request framing; // what a decoder takes the framing of
  if (codings == 1) {
    if (!iequals(header("Transfer-Encoding"), "chunked"))
      return invalid("unknown transfer coding");
    framing.framing = body_framing::chunked;
  } else if (lengths == 1) {
    const auto length = header("Content-Length");
    const auto number = parse_uint(length, std::numeric_limits<std::int64_t>::max());
    if (!number || !std::all_of(length.begin(), length.end(), is_digit))
      return invalid("malformed Content-Length");
    framing.framing = body_framing::content_length;
    framing.content_length = *number;
  } else {
    until_close_ = true;
  }
  decoder_ = body_decoder{framing, bounds_};
  return {};
}

} // namespace gantry::http
