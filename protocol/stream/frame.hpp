#pragma once

#include "protocol/error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::stream {

/// Which stream of a container without TTY a frame belongs to (clause M1, Engine API
/// ContainerAttach "stream format").
enum class channel : std::uint8_t {
  standard_input = 0,  ///< never sent today; a reader takes it as output
  standard_output = 1, ///< stdout
  standard_error = 2,  ///< stderr
  system_error = 3,    ///< the daemon's own failure as text: the reader gives up. Not in 1.2.0
};

/// Bytes before the payload of a frame.
inline constexpr std::size_t frame_header_size = 8;

/// The header of a frame: channel, three zero bytes, payload size in big endian (M1).
std::array<char, frame_header_size> frame_header(channel from, std::uint32_t size) noexcept;

/// Appends `payload` as one frame; also if it is empty. More than 4 GiB - 1 become several.
void append_frame(std::string& out, channel from, std::string_view payload);

/// A part of a frame's payload.
struct frame_piece {
  channel from = channel::standard_output;
  std::string_view bytes; ///< points into the input; empty only for an empty frame
  bool last = true;       ///< the frame ends with this piece
};

/// Reads frames from a stream that arrives in pieces, without copying payloads.
///
/// A stream that ends in the middle of a header or payload is no error (M2); `mid_frame` tells.
class frame_decoder {
public:
  /// Takes bytes from the front of `input` until a piece is found; nothing if `input` was used up
  /// first. Errors, after which there is nothing more to read: `Unrecognized input header` for an
  /// unknown channel (M2), `error from daemon in stream: TEXT` at the end of a `system_error`
  /// frame.
  result<std::optional<frame_piece>> next(std::string_view& input);

  /// True if a frame has begun and not ended.
  bool mid_frame() const noexcept { return header_used_ != 0; }

private:
  // Reads the header; false if `input` ended before it did.
  bool take_header(std::string_view& input);

  std::array<char, frame_header_size> header_{};
  std::size_t header_used_ = 0; // bytes of it that are there; all of them while in the payload
  std::uint32_t left_ = 0;      // bytes of the payload that are to come
  std::string error_text_;      // payload of a system_error frame
  std::optional<api_error> failure_;
};

} // namespace gantry::stream
