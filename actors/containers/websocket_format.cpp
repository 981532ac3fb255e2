#include "actors/containers/websocket_format.hpp"

#include "protocol/http/websocket.hpp"

namespace gantry::containers {

namespace {

class websocket_format final : public attach_format {
public:
  explicit websocket_format(http::websocket_opcode opcode) : opcode_(opcode) {}

  void put(std::string& to_client, stream::channel, std::string_view bytes) override {
    if (!closed_)
      http::append_websocket_frame(to_client, opcode_, bytes);
  }

  result<bool> take(std::string_view from_client, std::string& input,
                    std::string& to_client) override {
    if (closed_)
      return false;
    const auto said = decoder_.decode(from_client, input);
    if (!said) {
      close(to_client, http::websocket_status::protocol_error);
      return said.error();
    }
    if (said->ping)
      http::append_websocket_frame(to_client, http::websocket_opcode::pong, *said->ping);
    if (!said->close)
      return true;
    close(to_client, http::websocket_status::normal);
    return false;
  }

  void end(std::string& to_client) override { close(to_client, http::websocket_status::normal); }

  bool answers() const noexcept override { return true; }
  bool is_closed() const noexcept override { return closed_; }

private:
  // Nothing may follow a close frame (RFC 6455 §5.5.1).
  void close(std::string& to_client, http::websocket_status why) {
    if (!closed_)
      http::append_websocket_close(to_client, why);
    closed_ = true;
  }

  http::websocket_opcode opcode_;
  http::websocket_decoder decoder_;
  bool closed_ = false;
};

} // namespace

std::unique_ptr<attach_format> websocket_attach_format(websocket_kind kind) {
  return std::make_unique<websocket_format>(
      kind == websocket_kind::text ? http::websocket_opcode::text : http::websocket_opcode::binary);
}

} // namespace gantry::containers
