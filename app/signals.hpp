#pragma once

#include "actors/host/unique_fd.hpp"

#include <csignal>
#include <string>

namespace gantry::app {

/// The signals a daemon gets, read from a descriptor instead of a handler, and a way to be woken
/// from other threads. Make it before any thread starts: it blocks the signals in all of them.
class signals {
public:
  signals();

  /// Waits for INT, TERM, QUIT, HUP or USR1, or for `wake`; 0 then. Blocking; main's thread.
  int next() const;
  /// Ends a `next`, now or the next one. Any thread.
  void wake() const noexcept;

private:
  host::unique_fd signal_fd_;
  host::unique_fd event_fd_;
};

/// `INT`, `TERM`, ... for the log.
std::string signal_name(int signal);

} // namespace gantry::app
