#pragma once

#include "actors/containers/container_actor.hpp"
#include "actors/containers/shared_containers.hpp"
#include "actors/engine/engine_actor.hpp"
#include "protocol/error.hpp"
#include "protocol/job/job.hpp"

#include <functional>
#include <memory>
#include <string>

namespace gantry::jobs {

/// What a job asks of a container's life.
struct life_call {
  containers::published_ptr container;
  std::string name;                     ///< by which it was found
  containers::life_request_ptr request; ///< all but `registered` and `answer` is set
  /// What is said of a failure; empty: it is said as it is.
  std::function<api_error(api_error)> failure = {};
  bool early = false; ///< wait: the answer is a stream that begins when it is registered
};

/// Reads a request. Must not throw, nor block.
using read_life_call = std::function<result<life_call>(const job::request&)>;

/// The handler for a job that hands a request to a container's actor and answers with what becomes
/// of it: nothing, or what `wait` answers. When it is cancelled the request is abandoned; what was
/// begun goes on.
engine::job_handler life_job(std::shared_ptr<const containers::shared_containers> all,
                             read_life_call read);

} // namespace gantry::jobs
