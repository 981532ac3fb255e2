#include "actors/host/errno_text.hpp"

#include <cerrno>
#include <cstring>

namespace gantry::host {

std::string errno_text(int error) {
  if (const char* words = ::strerrordesc_np(error))
    return words;
  return "errno " + std::to_string(error);
}

std::string errno_text(std::string_view step, int error) {
  return std::string{step} + ": " + errno_text(error);
}

std::string errno_text(std::string_view step, std::string_view path, int error) {
  return std::string{step} + " '" + std::string{path} + "': " + errno_text(error);
}

errc errno_kind(int error) noexcept {
  switch (error) {
  case EADDRINUSE:
  case EEXIST:
    return errc::conflict;
  case EACCES:
  case EPERM:
  case EROFS:
    return errc::forbidden;
  case ENOENT:
    return errc::not_found;
  default:
    return errc::system;
  }
}

api_error errno_error(std::string_view step, int error) {
  return {errno_kind(error), errno_text(step, error)};
}

api_error errno_error(std::string_view step, std::string_view path, int error) {
  return {errno_kind(error), errno_text(step, path, error)};
}

} // namespace gantry::host
