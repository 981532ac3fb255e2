#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace gantry {

/// What kind of thing went wrong. Code below the API layer speaks in kinds, never in HTTP statuses;
/// `http_status` is the only table between the two.
enum class errc : std::uint8_t {
  none = 0,
  not_found,         ///< the named thing does not exist
  invalid_parameter, ///< the caller asked for something malformed
  conflict,          ///< the thing is in a state that forbids the request
  not_modified,      ///< already so: not a failure, but nothing was done
  unauthorized,      ///< credentials are missing or wrong
  forbidden,         ///< understood and refused
  unavailable,       ///< cannot be done now; later or elsewhere it could
  not_implemented,   ///< this daemon does not do that
  system,            ///< everything else: the kernel, the disk, a child program, a bug
};

/// The word for a kind: `not_found`, `conflict`, ...
const char* to_string(errc kind) noexcept;

/// The HTTP status for a kind (Engine API: 404, 400, 409, 304, 401, 403, 503, 501, 500).
/// `none` is 200.
int http_status(errc kind) noexcept;

/// A failure that travels as a value: a kind for programs and a text for people.
/// The text goes from outside in and has no final period:
/// `failed to listen on tcp://127.0.0.1:1: bind: Permission denied`.
struct api_error {
  errc kind = errc::system;
  std::string message;

  friend bool operator==(const api_error&, const api_error&) = default;
};

/// A value, or the `api_error` that says why there is none.
template <class T>
using result = boost::system::result<T, api_error>;

/// The failure of who asked for something malformed.
inline api_error invalid(std::string text) { return {errc::invalid_parameter, std::move(text)}; }

/// Raised when `value()` is called on a failed result: a bug at the call site.
[[noreturn]] void throw_exception_from_error(const api_error& error,
                                             const boost::source_location& where);

} // namespace gantry
