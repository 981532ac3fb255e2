#pragma once

#include "actors/containers/attach_session.hpp"
#include "actors/containers/container_services.hpp"
#include "actors/containers/outcome.hpp"
#include "actors/core/interfaces.hpp"
#include "protocol/container/exec.hpp"
#include "protocol/error.hpp"
#include "protocol/monitor/settings.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace gantry::containers {

/// Starts the process of an exec, once. With a client's connection whatever goes wrong is told
/// there, and the answer comes when client and process are apart. Without one the answer comes when
/// the process runs; errors: conflict `exec command ID is already running`, `exec command ID has
/// already run`; why it cannot be started. In the place of a client there may be another program's
/// session, which is attached before the process begins and told as that of a client is; it tells
/// the exec's actor what sessions tell their owners.
struct start_exec {
  core::job_socket client;      ///< its stream is null: nobody is attached
  attach_session_actor session; ///< null: that of the client
  bool framed = true;           ///< stdout and stderr are told apart
  std::optional<container::terminal_size> size;
  outcome<void> answer;
};
using start_exec_ptr = std::shared_ptr<start_exec>;

/// The client is let go; the process goes on.
struct leave_exec {};

/// The size of the terminal, once there is one. Errors: invalid_parameter `exec process is not
/// started` if it could not be; system `timeout waiting for exec session ready`; not_found `no such
/// exec` if it has ended.
struct resize_exec {
  std::uint16_t rows = 0;
  std::uint16_t columns = 0;
  outcome<void> answer;
};
using resize_exec_ptr = std::shared_ptr<resize_exec>;

/// The exec's container has ended, and with it the exec.
struct exec_container_ended {};

/// INTERNAL: it was started by a former daemon.
struct take_back_exec {};

/// INTERNAL: a worker has written the files.
struct exec_prepared {
  std::shared_ptr<result<monitor::settings>> how;
};

/// INTERNAL: the runtime has made the process, or not.
struct exec_launched {
  std::shared_ptr<result<std::int32_t>> how;
};

/// INTERNAL: a worker has looked how it ended.
struct exec_end_found {
  monitor::exit_status status;
};

/// INTERNAL: what is to be known of the machine is known.
struct exec_setup_known {};

/// INTERNAL: a resize has waited long enough.
struct exec_resize_late {
  resize_exec_ptr what;
};

} // namespace gantry::containers

GANTRY_LOCAL_MESSAGE(gantry::containers::start_exec_ptr)
GANTRY_LOCAL_MESSAGE(gantry::containers::leave_exec)
GANTRY_LOCAL_MESSAGE(gantry::containers::resize_exec_ptr)
GANTRY_LOCAL_MESSAGE(gantry::containers::exec_container_ended)
GANTRY_LOCAL_MESSAGE(gantry::containers::take_back_exec)
GANTRY_LOCAL_MESSAGE(gantry::containers::exec_setup_known)
GANTRY_LOCAL_MESSAGE(gantry::containers::exec_prepared)
GANTRY_LOCAL_MESSAGE(gantry::containers::exec_launched)
GANTRY_LOCAL_MESSAGE(gantry::containers::exec_end_found)
GANTRY_LOCAL_MESSAGE(gantry::containers::exec_resize_late)

namespace gantry::containers {

/// EXEC: a further process in a container, from its making to its end. The process has a monitor of
/// its own and outlives the daemon. What clients see of it is in `shared_execs`, where it stays
/// when the actor has ended.
using exec_actor =
    caf::typed_actor<caf::reacts_to<start_exec_ptr>, caf::reacts_to<leave_exec>,
                     caf::reacts_to<resize_exec_ptr>, caf::reacts_to<exec_container_ended>,
                     // INTERNAL
                     caf::reacts_to<take_back_exec>, caf::reacts_to<core::io_ready>,
                     caf::reacts_to<exec_setup_known>, caf::reacts_to<exec_prepared>,
                     caf::reacts_to<exec_launched>, caf::reacts_to<exec_end_found>,
                     caf::reacts_to<exec_resize_late>, caf::reacts_to<attach_exited>,
                     caf::reacts_to<attach_ended>>::extend_with<core::inspectable_actor>;

/// Makes an exec in a container and shows it; nothing of it runs yet. Returns its id. The options
/// are checked, also that their user is there. Errors: unavailable if the container has too many;
/// not_found `No such container: X` if it has gone meanwhile. Any thread.
/// `probe`: of a health check; the next daemon kills it.
result<std::string> create_exec(const container_services& services, const published_ptr& container,
                                container::exec_options options, bool probe = false);

/// Why one that has ended has no terminal: as `resize_exec`.
api_error no_process(const container::exec_view& ended);

/// Tells a client, on its connection if there is one, why nothing is started. Any thread.
void refuse_start(caf::actor_system& sys, start_exec& asked, const api_error& why);

/// A container has ended: execs that were not started go. Any thread.
void end_execs_of(const container_services& services, const std::string& container);

/// A container is gone: so are its execs. Any thread.
void forget_execs_of(const container_services& services, const std::string& container);

/// The daemon ends: the processes go on, their actors end.
void end_execs(const container_services& services);

/// Takes back the execs that a former daemon has started: those that run go on, those that have
/// ended meanwhile are shown with their exit codes. Once, when the containers are shown. Blocks.
void recover_execs_blocking(const container_services& services);

} // namespace gantry::containers
