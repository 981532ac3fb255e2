#pragma once

#include "protocol/error.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace gantry::host {

/// Tells the init system how the service is doing (sd_notify(3)). Each call opens, sends one
/// datagram and closes; no state besides the address. Safe from any thread. A call blocks for at
/// most five seconds if the receiver's queue is full.
class sd_notifier {
public:
  /// `socket` is the value of NOTIFY_SOCKET: a path, or `@NAME` for an abstract one; empty if
  /// unset.
  explicit sd_notifier(std::string socket) : socket_(std::move(socket)) {}
  /// The same, from a getenv(3) result that may be null.
  explicit sd_notifier(const char* socket) : socket_(socket ? socket : "") {}

  /// True if somebody wants to be told.
  bool wanted() const noexcept { return !socket_.empty(); }

  /// Exactly the bytes `READY=1`. Source: clause N2.
  result<void> ready() const { return send("READY=1"); }
  /// `STOPPING=1`
  result<void> stopping() const { return send("STOPPING=1"); }
  /// `RELOADING=1` with the time, as systemd's notify-reload wants it; `ready` ends the reload.
  result<void> reloading() const;
  /// `STATUS=TEXT` for `systemctl status`; control characters become spaces.
  result<void> status(std::string_view text) const;

  /// Sends `state` as one datagram. Errors: `No socket` (NOTIFY_SOCKET unset),
  /// `notify 'PATH': Connection refused`.
  result<void> send(std::string_view state) const;

private:
  std::string socket_;
};

} // namespace gantry::host
