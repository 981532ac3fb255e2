#pragma once

#include "actors/engine/engine_actor.hpp"
#include "actors/jobs/pool_job.hpp"
#include "protocol/error.hpp"
#include "protocol/job/job.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace gantry::runtime {
class worker_pool;
}

namespace gantry::jobs {

/// Standard input and output of a job, as the thread that does its work may use them: both block
/// while the client has nothing more to give or takes nothing. At most a megabyte is held in each
/// direction. For one thread; it ends soon after the job does, because every call fails then.
class job_streams {
public:
  virtual ~job_streams() = default;

  /// The next piece of standard input; empty at its end, also the second time. Errors: unavailable,
  /// if the client left or the job was cancelled; invalid_parameter, if the client's body is broken
  /// or comes too slowly.
  virtual result<std::string> read() = 0;

  /// Writes output. The first bytes decide that the answer is a success: what goes wrong afterwards
  /// is for the work itself to tell, in its own format, or breaks the answer off. Errors: as
  /// `read`.
  virtual result<void> write(std::string_view bytes) = 0;

  /// What is told of the output ahead of it (`core::job_stream_begun::about`). Before any is
  /// written.
  virtual void say_ahead(std::string about) = 0;

  /// True if the job has ended and nobody waits for the work any more.
  virtual bool cancelled() const = 0;
};

/// The work of a job that reads or writes streams. Runs on a thread of the pool; must not throw.
using stream_work = std::function<result<job_output>(const job::request&, job_streams&)>;

/// The handler for a job whose work blocks and streams: what it returns is the reply, or the end of
/// what it has written. While it works its actor answers `describe` and can be cancelled. The pool
/// is not that of `pool_job`: clients decide how long this takes. It outlives the actor system.
/// Fails (unavailable) if the pool has no room.
engine::job_handler stream_job(runtime::worker_pool& pool, std::string content_type,
                               stream_work work);

} // namespace gantry::jobs
