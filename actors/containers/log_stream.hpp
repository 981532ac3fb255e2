#pragma once

#include "actors/containers/log_slices.hpp"
#include "actors/engine/job_run.hpp"

#include <boost/asio/io_context.hpp>

#include <string>

namespace gantry::runtime {
class worker_pool;
}

namespace gantry::containers {

/// What a client is to see of a log.
struct log_stream {
  logs::log_files files;
  logs::log_query query; ///< `follow` is heeded only with a `control_socket`; `attrs` is set here
  log_format format;
  std::string control_socket; ///< of the container's monitor; empty: it does not run
  std::string content_type;   ///< of the answer
};

/// Runs the rest of a job that shows a log: a stream of its records as its client takes them, no
/// thread held meanwhile. With `follow` it goes on until the process has ended and all is read, or
/// `until` has passed; the monitor says when there is more. Fails with what opening the log says,
/// before anything is sent; later failures are a frame of `system_error` (raw: a line), `Error
/// grabbing logs: WHY`. The monitor's leaving is no failure: what it logged is shown. `pool`
/// outlives the actor system.
core::job_actor start_log_stream(caf::local_actor* parent, boost::asio::io_context& io,
                                 runtime::worker_pool& pool, engine::job_run run, log_stream what);

} // namespace gantry::containers
