#pragma once

#include "protocol/container/container_view.hpp"
#include "protocol/job/job.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

/// How a container's output is sent (section 5).
namespace gantry::jobs {

/// True if stdout and stderr are told apart by frames: there is no terminal, and the client knows
/// them (env `framed`; none: it does).
inline bool has_frames(const container::container_view& view, const job::env& environment) {
  return !view.config->tty && (!environment.exists("framed") || environment.get_bool("framed"));
}

/// The media type of such output; that it has frames is said if env `announced`.
inline std::string output_type(bool framed, const job::env& environment) {
  return framed && environment.get_bool("announced") ? "application/vnd.docker.multiplexed-stream"
                                                     : "application/vnd.docker.raw-stream";
}

/// Env `key` as terminals have sizes; larger ones become the largest.
inline std::uint16_t terminal_size(const job::env& environment, const char* key) {
  constexpr std::int64_t largest = std::numeric_limits<std::uint16_t>::max();
  return static_cast<std::uint16_t>(
      std::clamp<std::int64_t>(environment.get_int64(key), 0, largest));
}

} // namespace gantry::jobs
