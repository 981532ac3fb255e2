#pragma once

#include "protocol/error.hpp"
#include "protocol/http/message.hpp"

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>

namespace gantry::ctl {

/// 256 bits of getrandom(2) as 64 hexadecimal digits. Error (system): the kernel has none.
result<std::string> random_secret();

/// `{"message": TEXT}`.
http::response message_page(int status, std::string_view text);

/// Where a request that may pass leads to.
enum class passage : std::uint8_t {
  file,       ///< of the page
  session,    ///< the token is made a session
  inspection, ///< a page of the inspection API
};

/// Who may ask what through `gantryctl web`. Whoever runs on this machine reaches the port, and so
/// does every page that a browser on it shows: the page's files are for all, everything else is for
/// who had the token first. Host and Origin have to be those of the port, so that no other name
/// (DNS rebinding) and no other page comes through. For any thread.
class web_gate {
public:
  /// `port`: that is served; `token`, `session`: secrets.
  web_gate(std::uint16_t port, std::string token, std::string session);

  /// Where it leads, or the answer that refuses it: 421 for another host, 403 for another origin,
  /// 401 without the session, 404, 405, and 400 for a target with a scheme.
  std::variant<passage, http::response> look(const http::request& head) const;

  /// `POST /session` with `{"token": T}`: `{"session": S}` once; then, and for another token, 401
  /// with what to do.
  http::response open_session(std::string_view body);

private:
  bool is_ours(std::string_view host) const noexcept;
  bool has_session(const http::request& head) const noexcept;

  const std::string by_number_; ///< `127.0.0.1:8080`
  const std::string by_name_;   ///< `localhost:8080`
  const std::string token_;
  const std::string session_;
  std::mutex mutex_;
  bool token_used_ = false; ///< under the mutex
};

} // namespace gantry::ctl
