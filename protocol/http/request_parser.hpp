#pragma once

#include "protocol/http/message.hpp"
#include "protocol/http/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::http {

/// What `request_parser::parse_head` has to say.
struct head_result {
  progress state = progress::need_more;
  std::size_t consumed = 0;            ///< bytes of the input that were the head; only if complete
  std::shared_ptr<const request> head; ///< only if complete
  refusal error;                       ///< only if refused
};

/// Turns the bytes of HTTP/1.0 and HTTP/1.1 request heads into values (RFC 9112 §2-§7). One per
/// connection: it keeps its scratch memory from one request to the next. Not thread-safe.
///
/// What is refused, and with what status, does not depend on how the bytes were split over calls.
/// The grammar is RFC 9112's, without what it calls obsolete or lets a recipient tolerate:
/// - 400: bare CR or LF, control bytes, line folding, white space before a colon, names that are no
///   tokens; no, several or malformed Host; Content-Length that is no plain number below 2^63 or
///   is repeated with another text, or comes with Transfer-Encoding; Transfer-Encoding in HTTP/1.0
///   or with `chunked` twice; a target that is neither `/...`, `http[s]://...` nor OPTIONS `*`
/// - 414 and 431: over the limits;  417: an Expect other than `100-continue`
/// - 501: a Transfer-Encoding other than `chunked`; CONNECT
/// - 505: an HTTP version other than 1.0 and 1.1, HTTP/2's preface among them
/// Tolerated are empty lines before the request line (RFC 9112 §2.2), bytes from 0x80 up in field
/// values and the target, and a Host that is a socket's path (docker clients before 1.10).
class request_parser {
public:
  explicit request_parser(limits bounds = {}) noexcept : bounds_(bounds) {}

  /// Parses one head at the front of `input`. After `need_more` call again with the same bytes and
  /// more behind them; they may have moved in memory. The work is linear in the size of the head
  /// whatever the number of calls. After `complete` or `refused` the parser is as if new.
  head_result parse_head(std::string_view input);

  /// Forgets an unfinished head. Keeps the scratch memory.
  void reset() noexcept;

private:
  /// A field as offsets into the input.
  struct span {
    std::uint32_t name, name_size, value, value_size;
  };
  /// A status and a detail if something is to be refused.
  struct verdict {
    int status = 0;
    const char* detail = nullptr;
  };

  verdict take_line(std::string_view input, std::size_t end);
  verdict take_request_line(std::string_view line);
  verdict take_field(std::string_view line);
  head_result finish(std::string_view input);
  head_result refuse(int status, std::string detail);

  limits bounds_;
  std::size_t line_ = 0;        // where the present line begins
  std::size_t scanned_ = 0;     // up to here it holds neither its end nor anything forbidden
  std::size_t empty_lines_ = 0; // before the request line
  std::size_t start_ = 0;       // of the request line
  std::size_t method_size_ = 0; // 0 until the request line was taken
  std::size_t target_size_ = 0;
  int version_ = 0;
  bool is_head_ = false; // the method is HEAD
  std::vector<span> spans_;
};

} // namespace gantry::http
