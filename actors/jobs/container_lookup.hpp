#pragma once

#include "actors/containers/container_paths.hpp"
#include "actors/containers/shared_containers.hpp"
#include "actors/core/interfaces.hpp"
#include "protocol/api/version.hpp"
#include "protocol/container/container_view.hpp"
#include "protocol/error.hpp"
#include "protocol/job/job.hpp"

#include <memory>
#include <string>

namespace gantry::containers {
struct container_services;
struct container_setup;
} // namespace gantry::containers

/// How the jobs find containers and talk to them.
namespace gantry::jobs {

/// The only argument of a job. Errors: invalid_parameter `usage: JOB NAME`.
result<std::string> only_argument(const job::request& asked);

/// The container that the job's only argument names. Errors: those of `only_argument` and of
/// `shared_containers::find`.
result<containers::published_ptr> named_container(const containers::shared_containers& all,
                                                  const job::request& asked);

/// Where a container's files are.
containers::container_paths paths_of(const containers::container_services& services,
                                     const std::string& id);

/// Env `version`; none: the newest.
api::api_version version_asked(const job::env& environment);

/// Gives a message to a container's actor. If that is gone the message is dropped, and with it the
/// `outcome` in it.
template <class Message>
void tell_container(const containers::shared_containers& all, const std::string& id,
                    Message message) {
  core::tell(all.actor_of(id), std::move(message));
}

/// What became of a request to container `id`, named `name`, that failed: if the container has gone
/// meanwhile that is what is said (not_found).
api_error failure_of(const containers::shared_containers& all, const std::string& id,
                     const std::string& name, api_error why);

/// Bytes that a container takes: walks through its files. Errors: as
/// `measure_container_blocking`.
result<container::container_sizes>
container_sizes_blocking(const containers::container_services& services,
                         const container::container_view& view);

} // namespace gantry::jobs
