#pragma once

#include "actors/host/socket_activation.hpp"
#include "app/options.hpp"

#include <functional>
#include <memory>
#include <string>

namespace gantry::app {

/// The daemon without its process: everything between settings and sockets. Made and used by one
/// thread (main's); its own threads are the actor system's.
///
/// Start order: actor system, watchdog, engine with all jobs, `serveapi` (binds at once), then the
/// slow part of the start in the worker pool, then `acceptconnections`. Stop order is the reverse.
class daemon {
public:
  /// `on_end` is called once, from any thread, when the daemon cannot or need not go on: with an
  /// error, or with "" after a shutdown.
  daemon(const configuration& config, host::socket_activation activated,
         std::function<void(const std::string& error)> on_end);
  daemon(const daemon&) = delete;
  daemon& operator=(const daemon&) = delete;
  /// Ends what still runs, without grace.
  ~daemon();

  /// Begins the two-phase shutdown (clause S3); `on_end` follows.
  void shut_down();

  /// Puts settings in force that were read again, and logs what could and could not be done.
  void reload(const settings& wanted);

  /// Every actor with its mailbox and present message, as text. Works while actors are stuck.
  std::string dump() const;

private:
  void reread_certificates();

  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace gantry::app
