#pragma once

#include "actors/core/interfaces.hpp"
#include "actors/events/events_hub.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <functional>
#include <string>
#include <vector>

namespace gantry::app {

/// The daemon is initialised: `acceptconnections` may run.
struct booted {
  std::string error; ///< empty if all went well
  std::string engine_id;
  std::string storage_driver; ///< that keeps the layers
};

/// The daemon is to end.
struct stop_daemon {
  api::event last_words; ///< published before anything ends
};

/// SUPERVISOR: runs the daemon's own jobs, `serveapi` from the start and `acceptconnections` once
/// the sockets are bound and the daemon is initialised, and says when the daemon has to end.
using supervisor_actor = core::job_client_actor::extend_with<caf::typed_actor<
    caf::reacts_to<booted>, caf::reacts_to<stop_daemon>>>::extend_with<core::inspectable_actor>;

/// Called once, from an actor's thread, with the error that ends the daemon ("": it ended well).
using end_notifier = std::function<void(const std::string& error)>;

struct supervisor_state {
  static inline const char* name = "supervisor";
  supervisor_state() = default;

  void init(supervisor_actor::stateful_pointer<supervisor_state> me, core::engine_actor with,
            events::hub_actor hub, job::request serveapi, end_notifier on_end);
  void on_done(const core::job_done& done);
  void on_listening(core::request_id id);
  void on_booted(const booted& b);
  void on_stop(stop_daemon& stop);

private:
  void start(job::request what, core::request_id& id);
  void accept_if_ready();
  void end(const std::string& error);

  supervisor_actor::stateful_pointer<supervisor_state> self_ = nullptr;
  core::engine_actor engine_;
  events::hub_actor hub_;
  end_notifier on_end_;
  core::request_id serveapi_ = 0;
  core::request_id acceptconnections_ = 0;
  bool listening_ = false;
  bool booted_ = false;
  bool ended_ = false;
};

supervisor_actor::behavior_type
run_supervisor(supervisor_actor::stateful_pointer<supervisor_state> self, core::engine_actor engine,
               events::hub_actor hub, job::request serveapi, end_notifier on_end);

} // namespace gantry::app

GANTRY_LOCAL_MESSAGE(gantry::app::booted)
GANTRY_LOCAL_MESSAGE(gantry::app::stop_daemon)
