#pragma once

#include "actors/containers/attach_session.hpp"
#include "actors/containers/container_services.hpp"
#include "actors/containers/outcome.hpp"
#include "actors/containers/registry.hpp"
#include "actors/core/interfaces.hpp"
#include "actors/store/image_store.hpp"
#include "protocol/container/life.hpp"
#include "protocol/container/update.hpp"

#include <caf/timespan.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace gantry::containers {

/// A request that changes where a container stands, or waits for such a change.
struct life_request {
  enum class verb : std::uint8_t {
    start,
    stop,
    restart,
    kill,
    pause,
    unpause,
    remove,
    wait,
    end_with_daemon, ///< as stop; the next daemon starts it again if its policy says so
  };

  verb what = verb::start;
  std::optional<int> signal;                   ///< stop, restart, kill
  std::optional<std::chrono::seconds> timeout; ///< stop, restart
  bool force = false;                          ///< remove
  bool volumes = false;                        ///< remove: anonymous ones go, too
  container::wait_condition condition = container::wait_condition::not_running;
  caf::timespan limit{0};           ///< after that the answer is unavailable; zero: no limit
  std::function<void()> registered; ///< wait: called when no end can be missed; may be empty
  outcome<std::int64_t> answer;     ///< wait: the exit code; else 0
};

using life_request_ptr = std::shared_ptr<life_request>;

/// Nobody waits for its answer any more. What was begun goes on.
struct abandon_request {
  life_request_ptr request;
};

/// That session is for the container's output: of the run that there is, or else of the next.
struct attach_to {
  attach_session_actor session;
};

/// The size of the terminal. Errors: conflict `container ID is not running`.
struct resize_terminal {
  std::uint16_t rows = 0;
  std::uint16_t columns = 0;
  outcome<void> answer;
};
using resize_terminal_ptr = std::shared_ptr<resize_terminal>;

/// A new name, which is the container's in `shared_containers` already. After an error it is not.
struct rename_container {
  std::string name; ///< with slash
  outcome<void> answer;
};
using rename_container_ptr = std::shared_ptr<rename_container>;

/// Limits and restart policy; has been checked. Errors: those of `container::apply_update`; what
/// the runtime says, if it runs.
struct update_container {
  container::update_request what;
  outcome<void> answer;
};
using update_container_ptr = std::shared_ptr<update_container>;

/// INTERNAL: something was done elsewhere, and this is what follows.
struct container_step {
  const char* what = ""; ///< for inspection
  std::shared_ptr<std::function<void()>> next;
};

/// INTERNAL
struct container_timer {
  container::life_timer which = container::life_timer::stop;
  std::uint64_t number = 0;
};

/// INTERNAL: a request has had its time.
struct request_late {
  container::ticket from = 0;
};

/// INTERNAL: what its health check has found.
struct health_told {
  caf::actor_id from = 0;
  std::shared_ptr<const container::health_view> health;
};

/// What became of it while there was no daemon has to be found out, and shown; then `found` is
/// called. Until `daemon_is_up` nothing is done, and what is asked of it waits.
struct find_container {
  std::function<void()> found;
};

/// The setup is known: what is to run is started, what is to go goes.
struct daemon_is_up {};

/// The daemon ends, and with it the container's actor. The container stays as it is.
struct leave_container {};

} // namespace gantry::containers

GANTRY_LOCAL_MESSAGE(gantry::containers::life_request_ptr)
GANTRY_LOCAL_MESSAGE(gantry::containers::abandon_request)
GANTRY_LOCAL_MESSAGE(gantry::containers::attach_to)
GANTRY_LOCAL_MESSAGE(gantry::containers::resize_terminal_ptr)
GANTRY_LOCAL_MESSAGE(gantry::containers::rename_container_ptr)
GANTRY_LOCAL_MESSAGE(gantry::containers::update_container_ptr)
GANTRY_LOCAL_MESSAGE(gantry::containers::container_step)
GANTRY_LOCAL_MESSAGE(gantry::containers::container_timer)
GANTRY_LOCAL_MESSAGE(gantry::containers::request_late)
GANTRY_LOCAL_MESSAGE(gantry::containers::health_told)
GANTRY_LOCAL_MESSAGE(gantry::containers::find_container)
GANTRY_LOCAL_MESSAGE(gantry::containers::daemon_is_up)
GANTRY_LOCAL_MESSAGE(gantry::containers::leave_container)

namespace gantry::containers {

/// CONTAINER: the one that changes a container. Its life is `container::life`; this does what that
/// wants done, shows every change (`shared_containers`) and keeps it (`registry`). Ends when the
/// container is gone.
using container_actor = caf::typed_actor<
    caf::reacts_to<life_request_ptr>, caf::reacts_to<abandon_request>, caf::reacts_to<attach_to>,
    caf::reacts_to<resize_terminal_ptr>, caf::reacts_to<rename_container_ptr>,
    caf::reacts_to<update_container_ptr>, caf::reacts_to<find_container>,
    caf::reacts_to<daemon_is_up>, caf::reacts_to<leave_container>,
    // INTERNAL
    caf::reacts_to<health_told>, // while it is probed
    caf::reacts_to<core::io_ready>, caf::reacts_to<container_step>, caf::reacts_to<container_timer>,
    caf::reacts_to<request_late>>::extend_with<core::inspectable_actor>;

/// Where a container's actor finds it.
enum class container_origin : std::uint8_t {
  created, ///< just now
  kept,    ///< by an earlier daemon: `find_container` comes next
};

/// Starts the actor of a container that is kept and shows it. Its name is taken already; the lease
/// on its layers ends when it has gone.
container_actor spawn_container(caf::local_actor* parent, const container_services& services,
                                kept_container what, store::lease layers, container_origin origin);

} // namespace gantry::containers
