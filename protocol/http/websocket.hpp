#pragma once

#include "protocol/error.hpp"
#include "protocol/http/message.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// WebSockets, the server's side (RFC 6455).
namespace gantry::http {

/// The only version of the protocol (§4.2.1).
inline constexpr std::string_view websocket_version = "13";

/// Checks a request that wants its connection to become a WebSocket (§4.2.1). Errors
/// (invalid_parameter): `not a WebSocket handshake: ...`.
result<void> check_websocket_request(const request& request);

/// Appends the head of the answer to such a request (§4.2.2). A subprotocol is agreed to if it is
/// the only one that was offered.
void append_websocket_upgrade(std::string& out, const request& request);

/// What a frame is for (§5.2).
enum class websocket_opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};

/// Why a connection is closed (§7.4.1).
enum class websocket_status : std::uint16_t { normal = 1000, protocol_error = 1002 };

/// Appends a whole message, or a control frame, as one frame.
void append_websocket_frame(std::string& out, websocket_opcode opcode, std::string_view payload);

/// Appends a close frame.
void append_websocket_close(std::string& out, websocket_status why);

/// Takes a client's frames apart as they come. Messages follow each other without anything between
/// them, text or binary alike: what they carry is a stream of bytes.
class websocket_decoder {
public:
  /// What some bytes have said besides data.
  struct control {
    /// Payload of the last ping, which is the one to be answered (§5.5.3).
    std::optional<std::string> ping;
    /// Payload of a close frame; whatever comes behind it counts for nothing.
    std::optional<std::string> close;
  };

  /// Appends the data of `bytes` to `data`, without masks. Errors (invalid_parameter), behind which
  /// nothing can be read: frames that are not masked or have reserved bits or opcodes, control
  /// frames in pieces or larger than 125 bytes, a message begun within another.
  result<control> decode(std::string_view bytes, std::string& data);

private:
  result<void> take_head();
  result<void> check_head() const;
  void end_frame(control& found);
  bool is_control() const noexcept { return (head_[0] & 0x8U) != 0; }
  std::size_t head_size() const noexcept;

  static constexpr std::size_t longest_head = 14;
  std::array<std::uint8_t, longest_head> head_{};
  std::size_t head_read_ = 0;
  bool in_payload_ = false;
  bool in_message_ = false; ///< one that is not at its end
  bool closed_ = false;
  std::uint64_t left_ = 0; ///< bytes of this frame
  std::uint64_t taken_ = 0;
  std::string said_; ///< by a control frame
};

} // namespace gantry::http
