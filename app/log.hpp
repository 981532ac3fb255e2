#pragma once

#include "actors/runtime/log.hpp"
#include "app/settings.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace gantry::app {

/// Where and how log lines are written.
struct log_options {
  log_format format = log_format::text;
  int fd = 2;           ///< not owned
  bool journal = false; ///< prefix `<6>` and no time: the journal has its own
};

/// `log_options` for stderr: the journal is recognised by $JOURNAL_STREAM (systemd.exec(5)).
log_options stderr_log(log_format format);

/// Appends one line with its newline.
void append_line(std::string& out, const log_options& options,
                 std::chrono::system_clock::time_point when, const log::record& line);

/// The daemon's log: while it lives, `log::write` goes to it. At most one at a time.
///
/// Lines are made by the caller's thread and written by one of our own, over a bounded queue. If
/// the reader of stderr is too slow the oldest lines are dropped and their number is logged, so no
/// actor ever waits. The end of its life writes what is queued, but waits at most a second for a
/// reader that takes nothing.
class log_writer {
public:
  /// `queue_length` lines may wait; more push out the oldest.
  explicit log_writer(log_options options, std::size_t queue_length = 1024);
  ~log_writer();
  log_writer(const log_writer&) = delete;
  log_writer& operator=(const log_writer&) = delete;

  /// Lines dropped by the writer that is alive.
  static std::uint64_t dropped();
};

} // namespace gantry::app
