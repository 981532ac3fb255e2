#pragma once

#include "protocol/error.hpp"
#include "protocol/job/env.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace gantry::job {

/// What is to be run: the name of a registered handler, its arguments and its environment.
/// Knows nothing of HTTP.
struct request {
  std::string name;
  std::vector<std::string> args;
  env environment;
};

/// Exit statuses with a meaning of their own; every other non-zero value is an error too.
/// Source: clause J4.
inline constexpr int status_ok = 0;
inline constexpr int status_error = 1;
inline constexpr int status_not_found = 127;

/// What a job has to say in the end. `output` is one typed value, or raw bytes, or nothing (also
/// when everything was streamed before).
struct reply {
  int status = status_ok;
  errc kind = errc::none; ///< kind of the failure; `none` if status is 0
  std::string error;      ///< full text of the failure, without final newline
  std::vector<std::string> warnings;
  std::variant<std::monostate, boost::json::value, std::string> output;
};

/// `NAME(arg1, arg2)`. Source: clause L2.
std::string call_string(const request& r);

/// ` = OK (0)`, ` = ERR (42)`. Source: clause L2.
std::string status_string(int status);

} // namespace gantry::job
