#pragma once

#include "protocol/error.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::stream {

/// How JSON values follow each other in a stream.
enum class record_form : std::uint8_t {
  concatenated, ///< nothing in between: events of 1.2.0 (K-6)
  line,         ///< `\n` after each: events and stats, JSON Lines
  crlf,         ///< `\r\n` after each: progress of pull, push, build
  sequence,     ///< RS (0x1E) before and `\n` after each: application/json-seq, RFC 7464
};

/// Appends `json`, a compact JSON text, as one record. White space at its end is dropped.
void append_record(std::string& out, std::string_view json, record_form form = record_form::line);

/// Cuts a stream of JSON objects that arrives in pieces into single objects, whichever way they
/// follow each other (Z2). Finds where an object ends; whether it is well-formed is for its parser.
class object_splitter {
public:
  /// An object of more than `max_bytes` is an error, so memory is bounded.
  explicit object_splitter(std::size_t max_bytes = 4u << 20) : max_bytes_{max_bytes} {}

  /// Takes bytes from the front of `input` until an object is complete; nothing if `input` was used
  /// up first. The object is valid until the next call and no longer than the bytes of `input`.
  /// Errors (`invalid_parameter`), after which there is nothing more to read:
  /// `expected an object, got 'x'`, `larger than N bytes`.
  result<std::optional<std::string_view>> next(std::string_view& input);

  /// The stream has ended: error `unexpected EOF` if that is within an object.
  result<void> finish() const;

private:
  // Offset behind the end of the object in `bytes`; npos if it does not end there.
  std::size_t find_end(std::string_view bytes) noexcept;

  std::string pending_; // the object's bytes from earlier inputs
  std::size_t max_bytes_;
  std::size_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool taken_ = false; // pending_ was handed out and is to be dropped
  std::optional<api_error> failure_;
};

} // namespace gantry::stream
