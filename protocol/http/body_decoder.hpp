#pragma once

#include "protocol/http/message.hpp"
#include "protocol/http/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gantry::http {

/// What `body_decoder::decode` has to say.
struct body_result {
  progress state = progress::need_more;
  std::size_t consumed = 0; ///< bytes of the input that are dealt with; drop them
  refusal error;            ///< only if refused
};

/// Takes the framing off a request's body (RFC 9112 §6, §7.1): no body, Content-Length, or chunks
/// with extensions (ignored) and trailer fields (checked and dropped). Holds no bytes itself.
/// One per request; a small value. Not thread-safe.
class body_decoder {
public:
  /// A decoder for a request without a body: complete at once.
  body_decoder() = default;
  /// A decoder for the body of `head`. Keeps no reference to it.
  explicit body_decoder(const request& head, limits bounds = {}) noexcept;

  /// Appends at most `max_out` bytes of content to `out`. Consumes all of `input`, except when
  /// `max_out` was reached (then it is `need_more`: call again with the rest of the input), or
  /// the body ended: never a byte beyond it. After `complete` it stays complete and consumes
  /// nothing; after `refused` it stays refused.
  body_result decode(std::string_view input, std::string& out, std::size_t max_out);

  /// True once the body's last byte was consumed.
  bool done() const noexcept { return state_ == state::done; }

  /// Bytes of content produced so far.
  std::uint64_t produced() const noexcept { return produced_; }

private:
  enum class state : std::uint8_t {
    fixed,         // content, as long as Content-Length says
    size_first,    // first digit of a chunk's size
    size,          // further digits
    size_space,    // white space behind them
    extension,     // behind a `;`
    size_lf,       // LF of the chunk's line
    data,          // content of a chunk
    data_cr,       // CR behind it
    data_lf,       // LF behind that
    trailer_first, // first byte of a line of the trailer section
    trailer_name,  // up to the colon
    trailer_value, // behind it
    trailer_lf,    // LF of that line
    end_lf,        // LF of the empty line that ends the body
    done,
    refused,
  };

  void step(char c) noexcept;
  void step_size(char c) noexcept;
  void step_trailer(char c) noexcept;
  void refuse(int status, const char* detail) noexcept;

  state state_ = state::done;
  bool to_head_ = false;        // the request was a HEAD
  int digits_ = 0;              // of the chunk's size
  int status_ = 0;              // of the refusal
  const char* detail_ = "";     // of the refusal
  std::uint64_t remaining_ = 0; // content bytes of the body or of the chunk
  std::uint64_t produced_ = 0;
  std::size_t overhead_ = 0; // bytes of the present chunk's line, or of the trailer section
  std::size_t trailers_ = 0; // lines of the trailer section
  limits bounds_;
};

} // namespace gantry::http
