#include "actors/host/openssl_error.hpp"

#include <openssl/err.h>

namespace gantry::host {

std::string openssl_reason() {
  const auto code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : "OpenSSL error " + std::to_string(code);
}

} // namespace gantry::host
