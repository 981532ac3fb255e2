#pragma once

#include "actors/host/unique_fd.hpp"
#include "actors/logs/log_writer.hpp"
#include "app/monitor/console.hpp"
#include "app/monitor/control_server.hpp"
#include "app/monitor/event_loop.hpp"
#include "app/monitor/exit_file.hpp"
#include "app/monitor/input_queue.hpp"
#include "app/monitor/oom_watch.hpp"
#include "app/monitor/runtime_call.hpp"
#include "protocol/monitor/settings.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gantry::monitor {

/// The life of one process under its monitor: has the runtime make it, carries its input and
/// output, keeps its log, waits for its end and tells it. One thread; nothing in it waits for the
/// process, a client or the runtime.
class monitor {
public:
  /// Called once, when the runtime has made the process or failed to.
  using reply_handler = std::function<void(const result<std::int32_t>&)>;

  /// `runtime`: a sealed copy of the OCI runtime, or nothing.
  monitor(settings what, host::unique_fd runtime, reply_handler reply);
  monitor(monitor&&) = delete;

  /// Runs to the end of it all. The caller has become a subreaper and has blocked SIGCHLD.
  void run();

private:
  // An output of the process on its way to log and clients.
  struct output {
    host::unique_fd fd;
    fd_watch watch;
  };

  // -- making the process
  result<void> set_up();
  result<void> call_runtime();
  std::vector<std::string> command(const char* verb) const;
  void on_made(const result<void>& how);
  result<void> take_over();
  void fail(const api_error& why);

  // -- its streams
  void open_output(source from);
  void open_outputs();
  void on_output(source from);
  void update_outputs();
  void close_output(source from);
  output& output_of(source from) noexcept { return outputs_[from == source::err]; }
  void open_credits();
  void end_input_of(const client& who);

  // -- its start and end
  void on_children();
  void on_fifo();
  void on_started(const result<void>& how);
  bool is_held() const noexcept;
  void let_go();
  void on_process_end(int status);
  void drain_outputs();
  void leave();

  // -- requests
  void greet(client& who);
  void asked(client& from, const request& what);
  void on(client& from, const start_request& what);
  void on(client& from, const resize_request& what);
  void on(client& from, const signal_request& what);
  void on(client& from, const reopen_log_request& what);
  void on(client& from, const attach_request& what);
  void on(client& from, const detach_request& what);
  void on(client& from, const input_bytes& what);
  void on(client& from, const input_end& what);
  void on(client& from, const close_input_request& what);
  void on(client& from, const await_log_request& what);
  void answer(client& to, std::uint32_t tag, const result<void>& how);
  bool has_input() const noexcept;

  const settings settings_;
  host::unique_fd runtime_; // until it has made the process
  reply_handler reply_;
  event_loop loop_;
  host::unique_fd children_; // signalfd
  fd_watch children_watch_;
  std::optional<exit_file> exit_file_;
  std::optional<logs::log_writer> log_;
  std::optional<console_socket> console_;
  host::unique_fd terminal_;
  control_server control_;
  input_queue input_;
  std::array<host::unique_fd, 3> runtime_ends_; // what the process gets, until the runtime has it
  std::array<output, 2> outputs_;
  std::unique_ptr<runtime_call> call_;
  std::unique_ptr<oom_watch> oom_;
  std::map<pid_t, int> strangers_; // children reaped while it is not known which is the process

  process_state state_ = process_state::creating;
  exit_record record_;
  bool starting_ = false;
  std::uint64_t starter_ = 0; // who asked for the start, and how
  std::uint32_t start_tag_ = 0;
  host::unique_fd fifo_;
  fd_watch fifo_watch_;
  timer start_limit_;
  timer hold_limit_;
  std::optional<int> early_end_; // status of a process that ended before its start was told
  bool ended_ = false;           // the process is reaped; its outputs may go on
  bool outputs_over_ = false;    // from now on nothing is waited for
  timer drain_limit_;
};

} // namespace gantry::monitor
