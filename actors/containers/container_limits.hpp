#pragma once

#include "actors/core/limits.hpp"

/// The time-outs and bounds of what talks to monitors, runtimes and attached clients.
namespace gantry::limits {

/// From the first try to connect to a monitor until it has greeted.
inline constexpr caf::timespan monitor_greeting = span(10s);
/// A monitor's answer to a request for which it needs nobody else.
inline constexpr caf::timespan monitor_answer = span(10s);
/// Before the next try to connect to a monitor that has many to accept.
inline constexpr caf::timespan monitor_retry = span(10ms);
/// Bytes on their way to a monitor; one that lets so many lie is given up.
inline constexpr std::size_t monitor_queue = 1024 * 1024;
/// What a monitor gets for its launch beyond the deadline of the runtime that it calls.
inline constexpr caf::timespan launch_margin = span(5s);

/// How long a process may be held back for an attached client that does not read a byte.
inline constexpr caf::timespan attach_patience = span(10s);
/// Output that is taken from the monitor ahead of an attached client.
inline constexpr std::size_t attach_ahead = 256 * 1024;
/// Attaching to a monitor, the greeting included.
inline constexpr caf::timespan attach_answer = monitor_greeting + monitor_answer;

/// How long the daemon's start waits for containers to be found again; more than that takes only
/// one whose monitor does not answer.
inline constexpr caf::timespan find_containers = span(2s);

/// Bytes of a log that are read in one go.
inline constexpr std::size_t log_slice = 128 * 1024;

} // namespace gantry::limits
