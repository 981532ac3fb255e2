#include "protocol/error.hpp"

#include <stdexcept>

namespace gantry {

const char* to_string(errc kind) noexcept {
  switch (kind) {
  case errc::none:
    return "none";
  case errc::not_found:
    return "not_found";
  case errc::invalid_parameter:
    return "invalid_parameter";
  case errc::conflict:
    return "conflict";
  case errc::not_modified:
    return "not_modified";
  case errc::unauthorized:
    return "unauthorized";
  case errc::forbidden:
    return "forbidden";
  case errc::unavailable:
    return "unavailable";
  case errc::not_implemented:
    return "not_implemented";
  case errc::system:
    return "system";
  }
  return "unknown";
}

int http_status(errc kind) noexcept {
  switch (kind) {
  case errc::none:
    return 200;
  case errc::not_found:
    return 404;
  case errc::invalid_parameter:
    return 400;
  case errc::conflict:
    return 409;
  case errc::not_modified:
    return 304;
  case errc::unauthorized:
    return 401;
  case errc::forbidden:
    return 403;
  case errc::unavailable:
    return 503;
  case errc::not_implemented:
    return 501;
  case errc::system:
    return 500;
  }
  return 500;
}

void throw_exception_from_error(const api_error& error, const boost::source_location&) {
  throw std::runtime_error(error.message);
}

} // namespace gantry
