#pragma once

#include "protocol/http/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::http {

/// How the client finds the end of a response's body (RFC 9112 §6.3).
enum class response_framing : std::uint8_t {
  fixed,       ///< Content-Length
  chunked,     ///< `append_chunk` ... `append_last_chunk`; until_close for an HTTP/1.0 client
  until_close, ///< the end of the connection
};

/// What a response's head depends on besides the response.
struct write_options {
  int version = 11;          ///< the request's: 10 or 11; also the status line's
  bool keep_alive = true;    ///< the connection goes on afterwards; ignored for until_close
  bool head_request = false; ///< answer to HEAD: the same head, no body
  response_framing framing = response_framing::fixed;
  /// Announced for `fixed` instead of the body's size: the caller sends the rest of it, or a HEAD
  /// has no body at hand.
  std::optional<std::uint64_t> content_length = std::nullopt;
};

/// True if a response of that status, to a HEAD or not, has body bytes (RFC 9112 §6.3).
bool has_body(int status, bool head_request) noexcept;

/// True if the connection can carry another request after a response written so.
bool reusable(const write_options& how) noexcept;

/// Makes the header lines of a response that is sent many times once and for all; `headers` must
/// not change from here on.
void seal_headers(response& r);

/// Appends the status line, Date (unless `date` is empty), the response's own headers, Connection
/// where the version's default does not say it, framing, the empty line, and the body (as a first
/// chunk if chunked, nothing if it is empty). 1xx, 204 and 304 get neither framing nor body.
/// Line breaks and control bytes in a header's value become spaces.
void append_response(std::string& out, const response& r, const write_options& how,
                     std::string_view date);

/// Appends `data` as one chunk; nothing if it is empty, as that would end the body.
void append_chunk(std::string& out, std::string_view data);

/// Appends the last chunk and an empty trailer section.
void append_last_chunk(std::string& out);

/// Appends `HTTP/1.1 100 Continue` and the empty line.
void append_continue(std::string& out);

/// Appends the head after which the connection is a raw stream. With a `protocol`:
/// `HTTP/1.1 101 UPGRADED`, Content-Type, `Connection: Upgrade`, `Upgrade: PROTOCOL`; with none,
/// for clients that did not ask: `HTTP/1.1 200 OK` and Content-Type (clause HJ1). The bytes are the
/// ones Docker sends, so there is no Date. The headers of `more` come last.
void append_upgrade(std::string& out, std::string_view protocol, std::string_view content_type,
                    const response& more = {});

/// The text of a Date header (RFC 9110 §5.6.7), 29 bytes: `Sun, 06 Nov 1994 08:49:37 GMT`.
/// `unix_time` is in seconds; outside of the years 0 to 9999 the nearest that can be written.
std::string imf_fixdate(std::int64_t unix_time);

} // namespace gantry::http
