#pragma once

#include "actors/containers/attach_format.hpp"

#include <cstdint>
#include <memory>

namespace gantry::containers {

/// What the messages of a WebSocket say that they are.
enum class websocket_kind : std::uint8_t {
  text,  ///< though it need not be any: what versions below 1.28 send
  binary ///< since then
};

/// The client's side of an attach session as a WebSocket (RFC 6455), from behind the handshake on:
/// output in messages, stdout and stderr in one; input in messages of any kind. Of pings that come
/// together the last is answered.
std::unique_ptr<attach_format> websocket_attach_format(websocket_kind kind);

} // namespace gantry::containers
