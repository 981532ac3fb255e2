#pragma once

#include "actors/containers/attach_session.hpp"
#include "actors/containers/log_slices.hpp"
#include "actors/containers/monitor_link.hpp"
#include "actors/core/stream_meter.hpp"
#include "protocol/container/detach_keys.hpp"

#include <caf/actor_clock.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::containers {

/// One session. Every message does its own step and then `go_on`, which does what follows from
/// where things stand; what is for the client is collected until there.
class attach_session_state {
public:
  static inline const char* name = "attach-session";
  attach_session_state() = default;
  ~attach_session_state();

  void init(attach_session_actor::stateful_pointer<attach_session_state> me, attach_setup given);
  caf::result<core::done> on_attach_monitor(const attach_monitor& to);
  void on_end_attach(const end_attach& how);
  void on_ready(const core::io_ready& ready);
  void on_slice(const log_slice_read& read);
  core::facts describe() const;

  /// What memory is lent for; see `borrow`.
  enum class lent : std::uint8_t { output, typed, input };

private:
  enum class phase : std::uint8_t {
    replaying,   ///< the log is shown
    waiting,     ///< for a monitor
    attaching,   ///< to it
    catching_up, ///< attached; the log is shown up to where the output goes on
    live,
    confirming, ///< the process has ended: waits for the owner
    leaving,    ///< waits for the monitor to have taken all input
    flushing,   ///< waits for the client to take the rest
    lingering,  ///< the client gets time to read it
    over,
  };
  using time_point = caf::actor_clock::time_point;

  void go_on();

  // -- attach_session_monitor.cpp: log and monitor --------------------------------
  bool wants_slice() const;
  bool ask_for_slice();
  void after_log();
  void attach();
  void request_attach();
  void on_attached(const result<monitor::log_position>& how);
  void on_event(const monitor::event& event);
  void on_gap(const monitor::output_gap& gap);
  void on_exited(const monitor::exited& event);
  void on_lost(const api_error& why);
  void send_input();
  void leave(attach_end how);
  void answer_attach(const result<void>& how);

  // -- attach_session.cpp: the client ---------------------------------------------
  void put(stream::channel from, std::string_view bytes);
  void write_batch();
  bool waits_for_head();
  void flush();
  void on_deaf();
  bool drops_input() const;
  bool reads_client() const;
  void read_client();
  void take_input(std::string_view bytes);
  void on_input_end();
  void want(core::readiness what);
  void fail(const api_error& why);
  void finish(attach_end how);
  void on_flushed();
  void tell_owner();
  void on_client_ready(const core::io_ready& ready);
  void expect_within(caf::timespan limit);
  void arm_tick(time_point now);
  void on_time();
  void end_now();
  /// Gives a string that is empty memory, for a turn or until it is empty again.
  static void borrow(std::string& empty, lent what);
  static void give_back(std::string& used, lent what);
  std::size_t unsent() const noexcept { return out_.size() - sent_; }
  std::int64_t output_credit() const noexcept;

  attach_session_actor::stateful_pointer<attach_session_state> self_ = nullptr;
  attach_setup given_;
  phase phase_ = phase::waiting;
  attach_end how_ = attach_end::ended;
  std::string error_;
  std::string last_words_;
  bool owner_told_ = false;

  // To the client.
  std::string batch_; // of this turn
  std::string out_;   // sent up to `sent_`
  std::size_t sent_ = 0;
  int head_wait_left_ = 20; // looks at whether the client has read the head of its answer
  std::uint8_t waits_ = 0;  // a bit for each `readiness` that is waited for
  bool deaf_ = false;       // it takes nothing any more, but may have sent something
  time_point deadline_ = time_point::max();
  time_point tick_at_ = time_point::max();

  // From the client.
  container::detach_key_filter keys_;
  std::string input_; // not sent yet, for want of credit
  std::size_t credit_ = 0;
  bool input_over_ = false;   // the client has no more
  bool input_told_ = false;   // and what follows from that is done
  bool input_closed_ = false; // the process takes no more

  // The monitor and the log.
  monitor_link link_;
  bool attach_asked_ = false; // by `attach_monitor`
  bool attach_now_ = false;   // though the log is not shown yet
  bool attached_ = false;
  bool paused_ = false;
  caf::typed_response_promise<core::done> attach_promise_;
  std::shared_ptr<log_slices> log_;
  std::optional<logs::log_position> log_end_;
  bool slice_asked_ = false;

  core::stream_meter output_; ///< to the client, once attached
  core::stream_meter typed_;  ///< and from it
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  std::uint64_t bytes_lost_ = 0;
};

} // namespace gantry::containers
