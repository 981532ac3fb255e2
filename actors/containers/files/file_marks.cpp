#include "actors/containers/files/file_marks.hpp"

#include <sys/xattr.h>

#include <array>

namespace gantry::containers {

namespace {

/// More than the kernel's largest form has.
using capability_buffer = std::array<char, 64>;
constexpr const char* capability_name = "security.capability";

std::string link_to(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

std::string text_of(const capability_buffer& value, ssize_t size) {
  return {value.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
}

} // namespace

bool is_whiteout(const struct stat& facts) noexcept {
  return S_ISCHR(facts.st_mode) && facts.st_rdev == 0;
}

bool is_opaque(int directory) noexcept {
  char value = 0;
  return (::fgetxattr(directory, "trusted.overlay.opaque", &value, 1) == 1 ||
          ::fgetxattr(directory, "user.overlay.opaque", &value, 1) == 1) &&
         value == 'y';
}

std::string capability_of(int file) {
  capability_buffer value{};
  const auto size = ::getxattr(link_to(file).c_str(), capability_name, value.data(), value.size());
  return text_of(value, size);
}

std::string capability_of(int directory, const std::string& name) {
  capability_buffer value{};
  const auto path = link_to(directory) + '/' + name;
  return text_of(value, ::lgetxattr(path.c_str(), capability_name, value.data(), value.size()));
}

} // namespace gantry::containers
