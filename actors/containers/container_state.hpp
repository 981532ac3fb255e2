#pragma once

#include "actors/containers/container_actor.hpp"
#include "actors/containers/health_actor.hpp"
#include "actors/containers/monitor_link.hpp"
#include "actors/containers/runtime_command.hpp"

#include <caf/actor_clock.hpp>

#include <deque>
#include <map>
#include <vector>

// Inside of the container's actor.
namespace gantry::containers {

/// One run of a container, from its preparation to the end of what it ran in.
struct container_run {
  enum class phase : std::uint8_t {
    preparing, ///< a worker mounts and writes
    launching, ///< the monitor has the runtime make the process
    attaching, ///< clients who are to miss nothing are attached
    starting,  ///< the process is told to go on
    up,
    failing, ///< the start has failed: what is there is taken down
    over,    ///< it has ended; what it ran in is taken down
  };

  phase now = phase::preparing;
  std::shared_ptr<const oci_runtime> runtime;
  std::shared_ptr<const prepared_start> prepared; ///< null after a restart of the daemon
  std::int32_t pid = 0;
  std::size_t sessions_open = 0; ///< that have not said that they are attached
  bool made = false;             ///< the runtime may know the container
  bool exit_seen = false;
  api_error failure; ///< why the start failed
};

/// The word for a phase: `preparing`, ...
const char* to_string(container_run::phase phase) noexcept;

/// What a container's actor knows.
struct container_state {
  static inline const char* name = "container";
  using self_pointer = container_actor::stateful_pointer<container_state>;

  container_state() = default;
  ~container_state();

  void init(self_pointer me, container_services given, kept_container what, store::lease layers,
            container_origin origin);

  /// Updates that may wait until the container is settled.
  static constexpr std::size_t most_updates_for_later = 100;

  // -- requests: container_actor.cpp
  void ask(const life_request_ptr& request);
  void abandon(const life_request_ptr& request);
  void on_late(container::ticket from);
  void on_timer(const container_timer& timer);
  void resize(const resize_terminal_ptr& what);
  void leave();
  core::facts describe() const;

  // -- container_change.cpp
  void rename(const rename_container_ptr& what);
  void update(const update_container_ptr& what);

  // -- container_health.cpp
  void on_health(const health_told& what);

  // -- the start: container_start.cpp
  void attach(const attach_to& what);

  // -- the daemon's start: container_recovery.cpp
  void find(const find_container& what);
  void daemon_is_up();

  monitor_link link;

private:
  struct open_request {
    life_request_ptr request;
    bool done = false;
  };

  // -- container_actor.cpp
  void begin(container::ticket from, const life_request& request);
  /// Does what the life wants done, until it wants nothing more.
  void go_on();
  void act(const container::begin_start&) { begin_start(); }
  void act(const container::send_signal& what);
  void act(const container::begin_pause&);
  void act(const container::begin_resume&);
  void act(const container::begin_release&) { begin_release(); }
  void act(const container::begin_discard& what) { begin_discard(what.volumes); }
  void act(const container::arm_timer& what);
  void act(const container::publish_event& what);
  void act(const container::save_record&) { save(); }
  void act(const container::show_record&) { show(); }
  void act(container::answer_request& what);
  void tell(container::ticket to, result<std::int64_t> outcome);
  void save();
  void show();
  void let_go_of_layers();
  void write(std::vector<registry_change> changes);
  void on_written(std::uint64_t number, const result<void>& how);
  api::event event(std::string action) const;
  container::life_settings life_settings() const;
  void end_sessions(const std::string& text);
  bool gone() const { return life->gone(); }

  /// Wraps what is to follow from something that is done elsewhere: the returned function may be
  /// called once on any thread, and `then` runs in a turn of this actor if that lives then.
  template <class T>
  std::function<void(T)> in_turn(const char* what, std::function<void(T)> then);
  /// Has a worker do something and goes on with its result in a turn of this actor.
  template <class T>
  void on_worker(const char* what, std::function<T()> work, std::function<void(T)> then);

  // -- container_health.cpp
  /// Its health check begins and ends as it does, and pauses with it.
  void look_after_health();
  void end_health();

  // -- container_change.cpp
  void keep_update(const update_container_ptr& what);

  // -- container_start.cpp
  void begin_start();
  void on_prepared(result<prepared_start> how);
  void on_launched(const result<std::int32_t>& how);
  void connect();
  void on_event(const monitor::event& event);
  void on_lost(const api_error& why);
  void go_when_attached();
  void attach_now(const attach_session_actor& session);
  void go();
  /// `interpreted`: what the error says decides what clients are told (`container::start_failure`).
  void fail_start(const api_error& why, bool interpreted = true);
  void run_command(const char* what, std::vector<std::string> args,
                   std::function<void(const result<std::string>&)> then, std::string input = {});
  result<std::shared_ptr<start_input>> start_input_of() const;
  /// What inspect shows of the root: nothing with the copy driver.
  container::nullable_map root_directories() const;

  // -- container_end.cpp
  void on_exited(const monitor::exit_status& how);
  void begin_release();
  void take_down(std::function<void()> then);
  void begin_discard(bool volumes);

  // -- container_volumes.cpp
  /// Has what is on the volumes mounted, beginning with the mount of that number. The error says
  /// which one could not be.
  void mount_volumes(std::size_t from, std::function<void(const result<void>&)> then);
  void unmount_volumes(std::function<void()> then);
  void let_go_of_volumes(bool remove_anonymous, std::function<void()> then);
  void publish_mounts(bool mounted);

  // -- container_views.cpp
  container::container_view view() const;
  container::network_view networks() const;

  // -- container_networks.cpp
  /// Tells of each of its networks that it has come to or gone from it.
  void publish_networks(bool connected);
  /// What it was in and had while it ran it has left: told right behind its end.
  void publish_departure();

  // -- container_recovery.cpp
  void on_found(const result<std::optional<monitor::exit_record>>& record);
  void found();
  void settle();
  void settled();

  using phase = container_run::phase;

  self_pointer self_ = nullptr;
  container_services services_;
  boost::asio::io_context* io_ = nullptr;
  std::string id_;
  std::string name_;
  store::lease layers_;
  container_paths paths_{"/", "/", ""};
  std::shared_ptr<const container::container_definition> definition_;
  std::shared_ptr<const container::container_config> config_;
  std::shared_ptr<const container::host_config> host_config_;
  container::nullable_map root_directories_; ///< what inspect shows of the root
  std::unique_ptr<container::life> life;
  std::unique_ptr<container_run> run_;
  std::vector<attach_session_actor> sessions_; ///< for the next start
  health_actor health_;                        ///< null unless it is probed
  std::map<container::ticket, life_request_ptr> requests_;
  container::ticket last_ticket_ = 0;
  caf::strong_actor_ptr held_to_the_end_; ///< itself, from its removal until it quits
  bool acting_ = false;
  bool was_tried_ = false;   ///< to be started, with success or without
  bool in_networks_ = false; ///< as the events have told
  bool has_mounts_ = false;  ///< likewise

  // After a start of the daemon.
  std::function<void()> on_found_;           ///< while what became of it is being found out
  bool up_ = true;                           ///< the setup is known
  bool settled_ = true;                      ///< found, up, and nothing of an old run is left
  std::vector<container::ticket> for_later_; ///< requests that wait for that
  std::vector<update_container_ptr> updates_for_later_;

  // Changes are numbered in the order in which they are written.
  std::uint64_t written_ = 0; ///< number of the last that is on its way
  std::uint64_t kept_ = 0;    ///< and of the last that has come there
  struct held_answer {
    std::uint64_t after = 0;
    container::answer_request answer;
  };
  std::deque<held_answer> held_; ///< until the change is kept
};

} // namespace gantry::containers
