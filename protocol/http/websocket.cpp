#include "protocol/http/websocket.hpp"

#include "protocol/base64.hpp"
#include "protocol/http/syntax.hpp"

#include <openssl/sha.h>

#include <algorithm>

namespace gantry::http {

namespace {

constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t reserved_bits = 0x70;
constexpr std::uint8_t opcode_bits = 0x0f;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::uint8_t length_bits = 0x7f;
constexpr std::uint8_t two_byte_length = 126;
constexpr std::uint8_t eight_byte_length = 127;
constexpr std::size_t mask_size = 4;
constexpr std::size_t longest_control = 125;

api_error malformed(const char* what) {
  return {errc::invalid_parameter, std::string{"not a WebSocket frame: "} + what};
}

api_error no_handshake(const char* what) {
  return {errc::invalid_parameter, std::string{"not a WebSocket handshake: "} + what};
}

// What proves that the server has understood (§1.3).
std::string accept_of(std::string_view key) {
  const auto text = std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char hash[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  return base64({reinterpret_cast<const char*>(hash), sizeof hash});
}

void append_number(std::string& out, std::uint64_t number, std::size_t size) {
  for (std::size_t i = size; i-- > 0;)
    out += static_cast<char>(number >> (8 * i) & 0xffU);
}

} // namespace

result<void> check_websocket_request(const request& request) {
  constexpr std::size_t key_size = 24; // 16 bytes in base64
  if (!list_has(request.upgrade, "websocket"))
    return no_handshake("no Upgrade to websocket");
  if (request.header("Sec-WebSocket-Version") != websocket_version)
    return no_handshake("Sec-WebSocket-Version is not 13");
  const auto key = request.header("Sec-WebSocket-Key");
  if (key.size() != key_size || !key.ends_with("=="))
    return no_handshake("no Sec-WebSocket-Key");
  return {};
}

void append_websocket_upgrade(std::string& out, const request& request) {
  out += "HTTP/1.1 101 Switching Protocols\r\n"
         "Upgrade: websocket\r\n"
         "Connection: Upgrade\r\n"
         "Sec-WebSocket-Accept: ";
  out += accept_of(request.header("Sec-WebSocket-Key"));
  out += "\r\n";
  const auto offered = request.header("Sec-WebSocket-Protocol");
  if (is_token(offered))
    out.append("Sec-WebSocket-Protocol: ").append(offered).append("\r\n");
  out += "\r\n";
}

void append_websocket_frame(std::string& out, websocket_opcode opcode, std::string_view payload) {
  out += static_cast<char>(final_bit | static_cast<std::uint8_t>(opcode));
  if (payload.size() < two_byte_length) {
    out += static_cast<char>(payload.size());
  } else if (payload.size() <= 0xffffU) {
    out += static_cast<char>(two_byte_length);
    append_number(out, payload.size(), 2);
  } else {
    out += static_cast<char>(eight_byte_length);
    append_number(out, payload.size(), 8);
  }
  out += payload;
}

void append_websocket_close(std::string& out, websocket_status why) {
  std::string code;
  append_number(code, static_cast<std::uint16_t>(why), 2);
  append_websocket_frame(out, websocket_opcode::close, code);
}

std::size_t websocket_decoder::head_size() const noexcept {
  if (head_read_ < 2)
    return 2;
  const auto length = head_[1] & length_bits;
  const std::size_t more = length == two_byte_length ? 2 : length == eight_byte_length ? 8 : 0;
  return 2 + more + mask_size;
}

result<void> websocket_decoder::check_head() const {
  if ((head_[0] & reserved_bits) != 0)
    return malformed("a reserved bit is set");
  if ((head_[1] & mask_bit) == 0)
    return malformed("it is not masked");
  const bool final = (head_[0] & final_bit) != 0;
  switch (static_cast<websocket_opcode>(head_[0] & opcode_bits)) {
  case websocket_opcode::continuation:
    return in_message_ ? result<void>{} : malformed("nothing that it continues");
  case websocket_opcode::text:
  case websocket_opcode::binary:
    return in_message_ ? malformed("a message within another") : result<void>{};
  case websocket_opcode::close:
  case websocket_opcode::ping:
  case websocket_opcode::pong:
    if (!final)
      return malformed("a control frame in pieces");
    return (head_[1] & length_bits) > longest_control
               ? malformed("a control frame that is too large")
               : result<void>{};
  }
  return malformed("an opcode that is reserved");
}

result<void> websocket_decoder::take_head() {
  left_ = head_[1] & length_bits;
  if (left_ >= two_byte_length) {
    const std::size_t end = head_size() - mask_size;
    left_ = 0;
    for (std::size_t i = 2; i < end; ++i)
      left_ = left_ << 8 | head_[i];
    if (left_ >> 63 != 0)
      return malformed("its length is negative");
  }
  if (!is_control())
    in_message_ = (head_[0] & final_bit) == 0;
  taken_ = 0;
  in_payload_ = true;
  return {};
}

void websocket_decoder::end_frame(control& found) {
  const auto opcode = static_cast<websocket_opcode>(head_[0] & opcode_bits);
  if (opcode == websocket_opcode::ping)
    found.ping = said_;
  if (opcode == websocket_opcode::close) {
    found.close = said_;
    closed_ = true;
  }
  said_.clear();
  head_read_ = 0;
  in_payload_ = false;
}

result<websocket_decoder::control> websocket_decoder::decode(std::string_view bytes,
                                                             std::string& data) {
  control found;
  while (!closed_) {
    if (!in_payload_) {
      while (!bytes.empty() && head_read_ < head_size()) {
        head_[head_read_++] = static_cast<std::uint8_t>(bytes.front());
        bytes.remove_prefix(1);
        if (head_read_ != 2)
          continue;
        if (auto good = check_head(); !good)
          return good.error();
      }
      if (head_read_ < head_size())
        break;
      if (auto good = take_head(); !good)
        return good.error();
    }
    const auto* mask = head_.data() + head_size() - mask_size;
    const auto piece =
        bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
    auto& out = is_control() ? said_ : data;
    out.reserve(out.size() + piece.size());
    for (const char c : piece)
      out += static_cast<char>(static_cast<std::uint8_t>(c) ^ mask[taken_++ % mask_size]);
    left_ -= piece.size();
    bytes.remove_prefix(piece.size());
    if (left_ > 0)
      break;
    end_frame(found);
  }
  return found;
}

} // namespace gantry::http
