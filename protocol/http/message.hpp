#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::http {

/// One header line. Both parts are views into the message that holds them; the value has no
/// leading or trailing white space.
struct field {
  std::string_view name;
  std::string_view value;
};

/// True if both are equal when ASCII letters of either case count as the same.
bool iequals(std::string_view a, std::string_view b) noexcept;

/// How the end of a request's body is found (RFC 9112 §6.3).
enum class body_framing : std::uint8_t { none, content_length, chunked };

/// The head of a request, checked and split. Owns its bytes in one buffer; every view below points
/// into it, so it moves but does not copy (hand it on as `std::shared_ptr<const request>`).
class request {
public:
  request() = default;
  request(request&&) = delete;
  request& operator=(request&&) = delete;

  std::string_view method; ///< as sent: `GET`
  std::string_view target; ///< as sent, origin-form or absolute-form or `*`
  std::string_view host;  ///< authority of an absolute-form target, else the Host header; may be ""
  std::string_view path;  ///< percent-decoded path, not cleaned; begins with `/` (or is `*`)
  std::string_view query; ///< raw text after the first `?`, without it; "" if none
  int version = 11;       ///< 10 or 11
  bool keep_alive = true; ///< the client is willing to reuse the connection
  bool expect_continue = false;
  body_framing framing = body_framing::none;
  std::uint64_t content_length = 0; ///< bytes; only for `content_length`
  std::string_view upgrade;         ///< value of Upgrade if Connection names it, else ""
  std::vector<field> fields;        ///< in the order sent

  /// Value of the first field of that name (any case), or "".
  std::string_view header(std::string_view name) const noexcept;
  /// True if a field of that name (any case) was sent.
  bool has_header(std::string_view name) const noexcept;

  std::string storage;      ///< the bytes all views point into
  std::string decoded_path; ///< used only if the path holds an escape
};

/// A response before it is written. Date, Content-Length, Transfer-Encoding and Connection are the
/// writer's business and must not be among `headers`.
struct response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// The lines of `headers` as they go out, for a response that is sent many times: made by
  /// `seal_headers`, else empty.
  std::string sealed_headers = {};
};

/// The standard reason phrase (RFC 9110 §15): 404 -> `Not Found`; unknown: `Status N`.
std::string_view reason_phrase(int status) noexcept;

} // namespace gantry::http
