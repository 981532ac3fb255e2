#include "protocol/http/request_parser.hpp"

#include "protocol/http/form.hpp"
#include "protocol/http/syntax.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

// Why this is not boost::beast::http::basic_parser: it joins folded lines, takes `5, 5` for a
// length and any Transfer-Encoding for one it can undo, knows no rule for Host, and has one error
// code for faults that need different answers. The checks to put around it would be a second parser
// of the same lines. The tests and the fuzzer hold the two against each other: what is accepted
// here Beast reads in the same way.

namespace gantry::http {

namespace {

/// Room in a request line for the method, the version and the spaces, next to the target.
constexpr std::size_t request_line_slack = 64;

/// A Host header's value. NOTE: docker clients before 1.10 send the path of the daemon's socket.
bool is_host_value(std::string_view value) noexcept {
  return is_host(value) || (value.starts_with('/') && value.find_first_of(" \t") == value.npos);
}

/// Splits the target into host (absolute-form only), path and query. False if it has no valid form.
bool split_target(request& r) noexcept {
  std::string_view rest = r.target;
  if (rest == "*") {
    r.path = rest;
    return r.method == "OPTIONS";
  }
  if (!rest.starts_with('/')) {
    for (std::string_view scheme : {"http://", "https://"}) {
      if (!iequals(rest.substr(0, scheme.size()), scheme))
        continue;
      rest.remove_prefix(scheme.size());
      r.host = rest.substr(0, rest.find_first_of("/?"));
      rest.remove_prefix(r.host.size());
      break;
    }
    if (r.host.empty() || !is_host(r.host))
      return false;
  }
  const auto mark = rest.find('?');
  r.path = rest.substr(0, mark);
  if (mark != rest.npos)
    r.query = rest.substr(mark + 1);
  if (r.path.empty())
    r.path = "/";
  return true;
}

/// The fields that the parser itself acts upon.
struct known_fields {
  int hosts = 0;
  std::string_view host;
  int lengths = 0;
  bool lengths_differ = false;
  std::string_view length;
  bool has_codings = false;
  int chunked = 0;     // how often that coding was named
  bool others = false; // something else than that coding was said
  bool close = false;
  bool keep_alive = false;
  bool wants_upgrade = false;
  std::string_view upgrade;
  bool expects_continue = false;
  bool expects_unknown = false;

  void take(const field& f) noexcept;
};

void known_fields::take(const field& f) noexcept {
  const auto is = [&](std::string_view name) { return iequals(f.name, name); };
  std::string_view list = f.value;
  switch (f.name.size()) {
  case 4:
    if (is("Host")) {
      ++hosts;
      host = f.value;
    }
    break;
  case 6:
    if (is("Expect"))
      for (auto e = next_element(list); !e.empty(); e = next_element(list))
        (iequals(e, "100-continue") ? expects_continue : expects_unknown) = true;
    break;
  case 7:
    if (is("Upgrade") && upgrade.empty())
      upgrade = f.value;
    break;
  case 10:
    if (is("Connection"))
      for (auto e = next_element(list); !e.empty(); e = next_element(list)) {
        close |= iequals(e, "close");
        keep_alive |= iequals(e, "keep-alive");
        wants_upgrade |= iequals(e, "upgrade");
      }
    break;
  case 14:
    if (is("Content-Length")) {
      lengths_differ |= lengths++ > 0 && length != f.value;
      length = f.value;
    }
    break;
  case 17:
    if (is("Transfer-Encoding")) {
      has_codings = true;
      others |= !iequals(f.value, "chunked"); // an empty element, too, is not what it must be
      for (auto e = next_element(list); !e.empty(); e = next_element(list))
        chunked += iequals(e, "chunked");
    }
    break;
  default:
    break;
  }
}

/// RFC 9112 §6.3, without the cases that it lets a server repair.
std::pair<int, const char*> set_framing(request& r, const known_fields& known) noexcept {
  if (known.has_codings) {
    if (r.version == 10)
      return {400, "Transfer-Encoding in an HTTP/1.0 request"};
    if (known.lengths > 0)
      return {400, "both Transfer-Encoding and Content-Length"};
    if (known.chunked > 1)
      return {400, "chunked more than once in Transfer-Encoding"};
    if (known.others)
      return {501, "Unsupported transfer encoding"};
    r.framing = body_framing::chunked;
    return {};
  }
  if (known.lengths == 0)
    return {};
  if (known.lengths_differ)
    return {400, "several Content-Length headers that differ"};
  const char* const end = known.length.data() + known.length.size();
  const auto parsed = std::from_chars(known.length.data(), end, r.content_length);
  constexpr auto largest = std::numeric_limits<std::int64_t>::max();
  if (parsed.ec != std::errc{} || parsed.ptr != end ||
      r.content_length > static_cast<std::uint64_t>(largest))
    return {400, "invalid Content-Length"};
  r.framing = body_framing::content_length;
  return {};
}

} // namespace

void request_parser::reset() noexcept {
  line_ = scanned_ = empty_lines_ = start_ = method_size_ = target_size_ = 0;
  version_ = 0;
  is_head_ = false;
  spans_.clear();
}

head_result request_parser::parse_head(std::string_view input) {
  // Offsets of fields have 32 bits.
  const std::size_t longest_head = std::min<std::size_t>(bounds_.head, UINT32_MAX);
  const std::size_t longest_line = bounds_.target + request_line_slack;
  for (;;) {
    const bool in_request_line = method_size_ == 0;
    const std::size_t bound =
        in_request_line ? std::min(longest_head, line_ + longest_line) : longest_head;
    scanned_ = find_control_byte(input, scanned_, std::min(input.size(), bound));
    const bool have_byte = scanned_ < input.size();
    // A line's end is two bytes: the line is too long if they do not fit.
    if (scanned_ >= bound || (have_byte && input[scanned_] == '\r' && scanned_ + 1 >= bound))
      return in_request_line ? refuse(414, "request line is too long")
                             : refuse(431, "request head is larger than " +
                                               std::to_string(longest_head) + " bytes");
    if (!have_byte)
      return {};
    if (input[scanned_] == '\n')
      return refuse(400, "line feed without carriage return");
    if (input[scanned_] != '\r')
      return refuse(400, "control byte in request head");
    if (scanned_ + 1 == input.size())
      return {};
    if (input[scanned_ + 1] != '\n')
      return refuse(400, "carriage return without line feed");

    const std::size_t end = scanned_;
    if (!in_request_line && end == line_) {
      scanned_ += 2;
      return finish(input);
    }
    if (const verdict v = take_line(input, end); v.status != 0)
      return refuse(v.status, v.detail);
    line_ = scanned_ = end + 2;
  }
}

request_parser::verdict request_parser::take_line(std::string_view input, std::size_t end) {
  const auto line = input.substr(line_, end - line_);
  if (method_size_ != 0)
    return take_field(line);
  if (!line.empty())
    return take_request_line(line);
  if (++empty_lines_ > bounds_.empty_lines)
    return {400, "too many empty lines before the request line"};
  return {};
}

request_parser::verdict request_parser::take_request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto second = first == line.npos ? line.npos : line.find(' ', first + 1);
  if (second == line.npos || first == 0 || second == first + 1 ||
      line.find(' ', second + 1) != line.npos)
    return {400, "malformed request line"};
  const auto method = line.substr(0, first);
  const auto target = line.substr(first + 1, second - first - 1);
  const auto version = line.substr(second + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };

  if (!is_token(method))
    return {400, "invalid method"};
  is_head_ = method == "HEAD";
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) ||
      version[6] != '.' || !is_digit(version[7]))
    return {400, "malformed HTTP version"};
  if (version[5] != '1' || version[7] > '1')
    return {505, "unsupported protocol version"};
  if (target.size() > bounds_.target)
    return {414, "request target is too long"};
  if (method == "CONNECT")
    return {501, "CONNECT is not supported"};
  if (target.find('\t') != target.npos)
    return {400, "invalid request target"};

  start_ = line_;
  method_size_ = method.size();
  target_size_ = target.size();
  version_ = version[7] == '1' ? 11 : 10;
  return {};
}

request_parser::verdict request_parser::take_field(std::string_view line) {
  if (line.front() == ' ' || line.front() == '\t')
    return {400, "folded header line"};
  std::size_t colon = 0;
  while (colon < line.size() && is_token_byte(line[colon]))
    ++colon;
  if (colon == line.size())
    return {400, "header line without a colon"};
  if (line[colon] != ':' || colon == 0)
    return {400, "invalid header name"};
  if (spans_.size() == bounds_.fields)
    return {431, "too many header fields"};
  const auto value = trim(line.substr(colon + 1));
  const auto offset = static_cast<std::size_t>(value.data() - line.data());
  spans_.push_back({static_cast<std::uint32_t>(line_), static_cast<std::uint32_t>(colon),
                    static_cast<std::uint32_t>(line_ + offset),
                    static_cast<std::uint32_t>(value.size())});
  return {};
}

head_result request_parser::finish(std::string_view input) {
  const auto head = std::make_shared<request>();
  request& r = *head;
  r.storage.assign(input.substr(start_, scanned_ - start_));
  const std::string_view bytes = r.storage;
  r.method = bytes.substr(0, method_size_);
  r.target = bytes.substr(method_size_ + 1, target_size_);
  r.version = version_;

  known_fields known;
  r.fields.reserve(spans_.size());
  for (const span& s : spans_) {
    r.fields.push_back(
        {bytes.substr(s.name - start_, s.name_size), bytes.substr(s.value - start_, s.value_size)});
    known.take(r.fields.back());
  }

  if (!split_target(r))
    return refuse(400, "invalid request target");
  if (r.path.find('%') != r.path.npos) {
    auto decoded = decode_path(r.path);
    if (!decoded)
      return refuse(400, decoded.error().message);
    r.decoded_path = std::move(*decoded);
    r.path = r.decoded_path;
    // No name that a path can hold has this byte, and what gets the path may end at it.
    if (r.path.find('\0') != r.path.npos)
      return refuse(400, "NUL in request path");
  }

  if (known.hosts == 0 && r.version == 11)
    return refuse(400, "missing required Host header");
  if (known.hosts > 1)
    return refuse(400, "too many Host headers");
  if (!is_host_value(known.host))
    return refuse(400, "malformed Host header");
  if (r.host.empty())
    r.host = known.host;

  if (const auto [status, detail] = set_framing(r, known); status != 0)
    return refuse(status, detail);
  if (known.expects_unknown)
    return refuse(417, "only 100-continue can be expected");
  // A client of HTTP/1.0 would take the interim response for the final one.
  r.expect_continue = known.expects_continue && r.version == 11 &&
                      (r.framing == body_framing::chunked || r.content_length > 0);
  r.keep_alive = !known.close && (r.version == 11 || known.keep_alive);
  if (known.wants_upgrade && r.version == 11)
    r.upgrade = known.upgrade;

  head_result done{progress::complete, scanned_, head, {}};
  reset();
  return done;
}

head_result request_parser::refuse(int status, std::string detail) {
  head_result refused{progress::refused, 0, nullptr, {status, std::move(detail), is_head_}};
  reset();
  return refused;
}

} // namespace gantry::http
