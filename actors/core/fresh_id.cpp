#include "actors/core/fresh_id.hpp"

#include "actors/host/errno_text.hpp"
#include "protocol/container/names.hpp"

#include <unistd.h>

#include <cerrno>

namespace gantry::core {

result<std::string> fresh_id() {
  constexpr char digits[] = "0123456789abcdef";
  std::string id;
  do {
    unsigned char bytes[32];
    if (::getentropy(bytes, sizeof bytes) != 0)
      return host::errno_error("getentropy", errno);
    id.clear();
    for (auto byte : bytes) {
      id += digits[byte >> 4];
      id += digits[byte & 15];
    }
  } while (!container::is_usable_id(id));
  return id;
}

} // namespace gantry::core
