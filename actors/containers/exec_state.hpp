#pragma once

#include "actors/containers/exec_actor.hpp"
#include "actors/containers/exec_paths.hpp"
#include "actors/containers/monitor_link.hpp"

#include <vector>

// Inside of an exec's actor.
namespace gantry::containers {

/// What an exec's actor knows.
class exec_state {
public:
  static inline const char* name = "exec";
  using self_pointer = exec_actor::stateful_pointer<exec_state>;

  exec_state() = default;
  ~exec_state();

  // -- exec_start.cpp
  void init(self_pointer me, container_services given, container::exec_view what);
  void take_back();
  void start(const start_exec_ptr& asked);
  void prepare();
  void on_prepared(const result<monitor::settings>& how);
  void on_launched(const result<std::int32_t>& how);

  // -- exec_actor.cpp
  void leave() { end_session(); }
  void resize(const resize_exec_ptr& what);
  void on_late(const resize_exec_ptr& what);
  void on_container_ended();
  void on_ready(const core::io_ready& ready) { link_.on_ready(ready); }
  void on_end_found(const exec_end_found& end) { on_exited(end.status); }
  void on_session_exited(const attach_exited& e);
  void on_session_ended(const attach_ended& e);
  core::facts describe() const;

private:
  enum class phase : std::uint8_t {
    created,
    preparing, ///< a worker writes its files
    launching, ///< the runtime makes the process
    attaching, ///< the process is held for the client
    up,
    over,
  };

  bool wants_streams() const;
  attach_options session_options() const;
  void connect();
  void let_go();
  void begun();
  void fail(const api_error& why, std::int64_t code);
  void on_event(const monitor::event& event);
  void on_lost();
  void on_exited(const monitor::exit_status& how);
  void end(std::int64_t code);
  void resize_now(const resize_exec_ptr& what);
  void end_session(const std::string& text = {});
  void show();
  void publish(std::string action, std::optional<std::int64_t> exit_code = {}) const;
  void quit_if_done();

  self_pointer self_ = nullptr;
  container_services services_;
  boost::asio::io_context* io_ = nullptr;
  container::exec_view view_;
  published_ptr container_; // as it was last seen
  exec_paths paths_{"/", ""};
  phase phase_ = phase::created;
  start_exec_ptr asked_;
  bool attached_ = false; // somebody is, or was
  attach_session_actor session_;
  monitor_link link_;
  std::vector<resize_exec_ptr> resizes_; // until it runs
};

} // namespace gantry::containers
