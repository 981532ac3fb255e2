#include "protocol/http/refusal.hpp"

#include "protocol/http/message.hpp"

namespace gantry::http {

refusal body_too_large(std::uint64_t limit) {
  return {413, "request body is larger than " + std::to_string(limit) + " bytes"};
}

std::string refusal_bytes(const refusal& r, std::string_view date) {
  std::string summary = std::to_string(r.status);
  summary += ' ';
  summary += reason_phrase(r.status);

  std::string out = "HTTP/1.1 " + summary + "\r\n";
  if (!date.empty())
    out.append("Date: ").append(date).append("\r\n");
  std::string body = summary;
  if (!r.detail.empty())
    body.append(": ").append(r.detail);
  out += "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: ";
  out += std::to_string(body.size());
  out += "\r\n\r\n";
  if (!r.to_head)
    out += body;
  return out;
}

} // namespace gantry::http
