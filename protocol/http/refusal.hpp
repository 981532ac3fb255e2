#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::http {

/// Bounds on what a client may send. Sizes are bytes.
struct limits {
  std::size_t head = std::size_t{256} << 10; ///< request line and fields, with the final empty line
  std::size_t target = std::size_t{64} << 10; ///< the request target
  std::size_t fields = 256;      ///< header lines; a trailer section has the same bound
  std::size_t empty_lines = 4;   ///< CRLFs tolerated before a request line
  std::size_t chunk_line = 4096; ///< chunk size and extensions, with the CRLF
  std::size_t trailers = std::size_t{16} << 10; ///< trailer fields, with the final empty line
};

/// How far a parser got with the bytes it was given.
enum class progress : std::uint8_t {
  need_more, ///< well-formed so far; call again with more
  complete,  ///< done; what lies beyond `consumed` belongs to the next message
  refused,   ///< malformed or too large; answer with `refusal_bytes` and close
};

/// Why a request is refused before anything was done with it. The connection is to be closed after
/// the answer, because where the next request begins cannot be trusted any more.
struct refusal {
  int status = 0;       ///< 400, 413, 414, 417, 431, 501 or 505; 0: not refused
  std::string detail;   ///< one line for people; never repeats bytes of the request unescaped
  bool to_head = false; ///< the request was a HEAD: the answer must have no body bytes

  friend bool operator==(const refusal&, const refusal&) = default;
};

/// 413 for a body of more than `limit` bytes. Which limit applies is the caller's to know.
refusal body_too_large(std::uint64_t limit);

/// The whole answer to a refused request, in the shape of Go's net/http with a length:
///
///     HTTP/1.1 400 Bad Request
///     Date: DATE                     (left out if `date` is empty)
///     Content-Type: text/plain; charset=utf-8
///     Connection: close
///     Content-Length: N
///
///     400 Bad Request: DETAIL        (no final newline; no `: ` if the detail is empty)
std::string refusal_bytes(const refusal& r, std::string_view date = {});

} // namespace gantry::http
