#pragma once

#include "actors/containers/container_limits.hpp"
#include "protocol/error.hpp"
#include "protocol/monitor/messages.hpp"

#include <boost/asio/io_context.hpp>
#include <caf/actor_control_block.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace gantry::core {
struct io_ready;
}

namespace gantry::containers {

/// An actor's connection to a monitor's control socket. It never blocks and has no thread: it works
/// in its owner's turns, woken by `core::io_ready`, which the owner hands to `on_ready`; handlers
/// are called from there, so they may use the owner's state. A handler may `close` or destroy the
/// link.
///
///     [self](const core::io_ready& r) { self->state.link.on_ready(r); }
///
/// What is asked before the connection is there waits for it.
class monitor_link {
public:
  /// What the owner is told.
  struct handlers {
    /// Every event that answers no request, `hello` first, `exited` last, before which requests
    /// that are open fail (conflict, `the process has ended`). Views in it are valid during the
    /// call only.
    std::function<void(const monitor::event&)> event;
    /// The connection has ended without `exited`, or never came to be; requests that were open have
    /// failed with the same error before. Once; nothing comes after it. Errors: `connect to 'PATH':
    /// ...` (not_found or unavailable if there is no monitor); unavailable, `the monitor at 'PATH'
    /// did not answer within 10s`, `the monitor at 'PATH' has gone`, `the monitor at 'PATH' takes
    /// nothing`; system, `the monitor at 'PATH' speaks version 2, not 1`, `the monitor at 'PATH'
    /// sent unknown event 5`.
    std::function<void(const api_error&)> lost;
  };
  using done_handler = std::function<void(const result<void>&)>;
  using attached_handler = std::function<void(const result<monitor::log_position>&)>;

  /// None.
  monitor_link() noexcept = default;
  /// Begins to connect. The socket is watched by `io`; `owner` is the actor to which this belongs.
  /// Nothing is told from here.
  monitor_link(boost::asio::io_context& io, const caf::strong_actor_ptr& owner,
               const std::string& control_socket, handlers told);
  monitor_link(monitor_link&& other) noexcept = default;
  monitor_link& operator=(monitor_link&& other) noexcept;
  /// Closes it.
  ~monitor_link() { close(); }

  /// Goes on after a wake-up. False if that was not for this link; then nothing happens.
  bool on_ready(const core::io_ready& ready);

  /// Sends a request that has a tag, which is set here, and has its answer told: what `done` says,
  /// or unavailable, `the monitor at 'PATH' did not answer within 10s`. If there is no connection
  /// any more that is told at once (unavailable, `there is no connection to the monitor`). Not for
  /// `attach_request`.
  void ask(monitor::request what, done_handler done, caf::timespan limit = limits::monitor_answer);
  /// The same for `attach_request`: where the log ended at that moment.
  void attach(monitor::attach_request what, attached_handler attached);
  /// Sends `input_end` or `await_log_request`, which have no answer.
  void tell(const monitor::request& what);
  /// Sends input, as much as there is credit for.
  void send_input(std::string_view bytes);

  /// From here on nothing is read from the monitor, answers included, until `resume`: it then
  /// deals with a client that does not read (`attach_request::patience`).
  void pause();
  void resume();

  /// Ends the connection and tells nothing any more; requests that are open are not answered. What
  /// was sent may be lost: an answer to a later request shows that it was not.
  void close() noexcept;

  /// True until the end of the connection, which need not be there yet.
  bool is_open() const noexcept;
  /// Bytes that the monitor has not taken yet.
  std::size_t queued() const noexcept;

private:
  class connection;
  std::shared_ptr<connection> connection_; // handlers may destroy the link that calls them
};

} // namespace gantry::containers
