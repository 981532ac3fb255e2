#pragma once

#include "actors/core/interfaces.hpp"
#include "protocol/error.hpp"
#include "protocol/monitor/settings.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace gantry::runtime {
class worker_pool;
}

namespace gantry::containers {

class program_copies;
struct oci_runtime;

/// A monitor that is to be.
struct monitor_launch {
  std::string program;       ///< path of `gantry-monitor`
  std::string settings_file; ///< where `what` is written (mode 0600); its directory is there
  monitor::settings what;
  std::shared_ptr<program_copies> copies; ///< of the runtime; never null
};

/// The monitor is to call that runtime, which keeps its containers below `root`.
void set_runtime(monitor::settings& of, const oci_runtime& runtime,
                 const std::filesystem::path& root);

/// Called once, as `command_done`: the pid of the process that the runtime has made. Errors: the
/// runtime's or the monitor's own words; unavailable, `'RUNTIME' did not end within 60s`, if the
/// runtime was stuck, and `'PROGRAM' did not end within 65s` if the monitor did not even
/// say that; those of writing the file and of `run_command`.
///
/// NOTE: after an unavailable there may be a process none the less: `delete --force` ends it, and
/// with it the monitor.
using launch_done = std::function<void(result<std::int32_t>)>;

/// Starts a monitor, which has the runtime make the process, in an actor that lives until that is
/// done. Takes no longer than `runtime_deadline` and `limits::launch_margin` together. `pool`
/// outlives the actor system.
core::inspectable_actor launch_monitor(caf::actor_system& sys, boost::asio::io_context& io,
                                       runtime::worker_pool& pool, monitor_launch launch,
                                       launch_done done);

} // namespace gantry::containers
