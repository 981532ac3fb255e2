#pragma once

#include "protocol/container/config.hpp"
#include "protocol/container/container_view.hpp"
#include "protocol/error.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The life of a container as a state machine without I/O: requests and what has come of actions go
/// in, actions come out. Source: Engine API behaviour, sections 8 and 9.
namespace gantry::container {

/// Stands for a request until it is answered. 0 is nobody.
using ticket = std::uint64_t;

/// What of a container's life is kept.
struct life_record {
  state_view state;
  std::int64_t restart_count = 0; ///< automatic restarts since it was last started by hand
  bool stopped_by_hand = false;   ///< `unless-stopped` does not start it again
  bool discards_volumes = false;  ///< its anonymous volumes go with it, once it is removed

  friend bool operator==(const life_record&, const life_record&) = default;
};

/// What of its config decides its life.
struct life_settings {
  restart_policy policy;
  bool auto_remove = false;
  std::optional<int> stop_signal;                   ///< none: SIGTERM
  std::optional<std::chrono::seconds> stop_timeout; ///< none: 10 s; negative: no limit
  bool health_check = false;                        ///< it is probed while it runs
};

/// How a container ended.
struct container_exit {
  std::int64_t code = 0;
  oci::instant at;
  bool oom_killed = false;
};

/// What `wait` waits for.
enum class wait_condition : std::uint8_t { not_running, next_exit, removed };

/// `not-running`, `next-exit`, `removed`; empty: the first. Errors: invalid_parameter
/// `invalid condition: "x"`.
result<wait_condition> parse_wait_condition(std::string_view text);

enum class life_timer : std::uint8_t {
  stop,    ///< the time that a container gets to stop
  kill,    ///< the time in which a kill has to take effect
  restart, ///< the pause before an automatic restart
};

// -- actions --------------------------------------------------------------------------------------

/// Make it ready and start it; then `started` or `start_failed`, after which nothing of it is left.
struct begin_start {};
/// Send a signal to its first process; then `signalled`.
struct send_signal {
  int number = 0;
  ticket from = 0;
};
/// Freeze it; then `paused`.
struct begin_pause {};
/// Thaw it; then `resumed`.
struct begin_resume {};
/// It has ended: take down what it ran in; then `released`.
struct begin_release {};
/// Remove its files, and its anonymous volumes if `volumes`; then `discarded`.
struct begin_discard {
  bool volumes = false;
};
/// Call `timer_fired` with the same values after `delay`.
struct arm_timer {
  life_timer which = life_timer::stop;
  std::uint64_t number = 0;
  std::chrono::milliseconds delay{0};
};
/// Tell everybody: the event's action and its attributes besides those that all events of the
/// container have.
struct publish_event {
  std::string action;
  std::map<std::string, std::string> attributes;
};
/// Keep the record, and show it.
struct save_record {};
/// Show the record, which need not be kept.
struct show_record {};
/// Answer a request, but not before what was saved until now is on the disk if `durable`. The value
/// is the exit code for `wait`, else 0.
struct answer_request {
  ticket to = 0;
  result<std::int64_t> outcome = 0;
  bool durable = false;
};

using life_action =
    std::variant<begin_start, send_signal, begin_pause, begin_resume, begin_release, begin_discard,
                 arm_timer, publish_event, save_record, show_record, answer_request>;

/// One container's life. Every request is answered once by an `answer_request`, unless abandoned.
/// While something is being done that others have to wait for, they wait.
class life {
public:
  life(std::string id, life_record record, life_settings settings);

  const life_record& record() const noexcept { return record_; }
  const state_view& state() const noexcept { return record_.state; }
  /// The settings have changed (update).
  void set_settings(life_settings settings) { settings_ = std::move(settings); }
  /// True once its files are gone.
  bool gone() const noexcept { return gone_; }
  /// What a request has to wait for at this moment: `being started`, `stopping`; empty: nothing.
  std::string_view busy_with() const noexcept;
  /// What is to be done now, in this order; empties it.
  std::vector<life_action> take_actions();

  // -- requests ---------------------------------------------------------------------------------

  /// Errors: not_modified; conflict `cannot start a paused container, try unpause instead`,
  /// `container is marked for removal and cannot be started`; those of `start_failed`.
  void start(ticket from);
  /// Errors: not_modified if it does not run; system `tried to kill container, but did not receive
  /// an exit event`.
  void stop(ticket from, std::optional<int> signal, std::optional<std::chrono::seconds> timeout);
  /// Stops it if it runs, and starts it. Errors: as both.
  void restart(ticket from, std::optional<int> signal, std::optional<std::chrono::seconds> timeout);
  /// SIGKILL is answered when it has ended. Errors: conflict `container ID is not running`.
  void kill(ticket from, int signal);
  /// Errors: conflict `container ID is not running`, `Container ID is already paused`, `container
  /// ID is restarting, wait until the container is running`; what `paused` says.
  void pause(ticket from);
  /// Errors: system `Container ID is not paused`; what `resumed` says.
  void unpause(ticket from);
  /// Errors: conflict `container is running: stop the container before removing or force remove`
  /// and the like, `removal of container ID is already in progress`; what `discarded` says.
  void remove(ticket from, bool force, bool volumes);
  /// Answered with the exit code. It is registered when the call returns.
  void wait(ticket from, wait_condition condition);
  /// The daemon ends: as `stop`, but the next one starts it again if its policy says so; until then
  /// it does not start. Answered when it is at rest, at once if it is. Errors: system, as `stop`.
  void end_with_daemon(ticket from);
  /// Nobody waits for that answer any more; what was begun goes on.
  void abandon(ticket from);

  // -- what came of actions, and what happened --------------------------------------------------

  void started(std::int64_t pid, const oci::instant& at);
  /// The error is for clients; `exit_code` is 126, 127 or 128.
  void start_failed(const api_error& why, std::int64_t exit_code);
  void signalled(const send_signal& what, const result<void>& outcome);
  void paused(const result<void>& outcome);
  void resumed(const result<void>& outcome);
  /// The first process has ended.
  void exited(const container_exit& how);
  void released();
  void discarded(const result<void>& outcome);
  void timer_fired(life_timer which, std::uint64_t number);
  void out_of_memory();
  /// A probe has ended. What is kept is only that it is healthy now, or not any more: probes are
  /// many. Nothing happens if it does not run.
  void health_changed(health_view health);

  // -- the daemon's start: one of these first, for a record that says it runs -------------------

  /// It runs still.
  void found_running(std::int64_t pid, const oci::instant& started, bool is_paused);
  /// It ended while nobody looked; nothing: nobody knows how (exit code 255).
  void found_ended(const std::optional<container_exit>& how, const oci::instant& now);
  /// The daemon is up: what is to run always runs, what is to go goes.
  void daemon_started();

private:
  /// What others wait for.
  enum class step : std::uint8_t { none, starting, pausing, resuming, releasing, removing };
  struct waiter {
    ticket from = 0;
    wait_condition condition = wait_condition::not_running;
  };
  /// Stop or kill: answered when it has ended.
  struct ender {
    ticket from = 0;
    bool stop = false;
    bool restart = false;
  };

  bool up() const noexcept;
  void start_health();
  void end_health();
  void defer(ticket from, std::function<void()> request);
  void run_deferred();
  void answer(ticket to, result<std::int64_t> outcome, bool durable = false);
  void fail(ticket to, errc kind, std::string text);
  void save() { actions_.push_back(save_record{}); }
  void publish(std::string action, std::map<std::string, std::string> attributes = {});
  void arm(life_timer which, std::chrono::milliseconds delay);
  void disarm(life_timer which) { ++timers_[static_cast<std::size_t>(which)]; }
  void begin(bool by_hand);
  void end_with(ender who, std::optional<int> signal, std::optional<std::chrono::seconds> timeout);
  void signal_now(int number, ticket from);
  void cancel_restart();
  bool should_restart(bool at_daemon_start) const;
  std::chrono::milliseconds next_delay();
  void release_waiters(bool ended, bool removed);
  void settle();
  void begin_removal(ticket from, bool volumes);

  std::string id_;
  life_record record_;
  life_settings settings_;
  std::vector<life_action> actions_;
  step step_ = step::none;
  std::vector<ticket> starters_; ///< answered when it runs
  std::vector<ender> enders_;    ///< answered when it has ended
  std::vector<ticket> pausers_;  ///< of the pause or the resume that is under way
  std::vector<ticket> removers_;
  std::vector<waiter> waiters_;
  struct deferred {
    ticket from = 0;
    std::function<void()> request;
  };
  std::deque<deferred> deferred_;
  std::array<std::uint64_t, 3> timers_{}; ///< the number of the timer that counts
  std::chrono::milliseconds delay_{0};    ///< before the last automatic restart
  bool restart_cancelled_ = false;        ///< by stop or kill, until it is started by hand
  bool restart_by_hand_ = false;          ///< it ends in order to start again
  bool daemon_ends_ = false;
  bool gone_ = false;
};

} // namespace gantry::container
