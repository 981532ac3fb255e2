#pragma once

#include "actors/containers/files/file_view.hpp"
#include "actors/containers/files/tree_tar.hpp"
#include "actors/jobs/container_lookup.hpp"
#include "actors/jobs/stream_job.hpp"
#include "protocol/error.hpp"

#include <string>

namespace gantry::containers {
struct container_services;
}

/// What the jobs about the files of containers have in common.
namespace gantry::jobs {

/// A container as the work with its files takes it. Errors: what is wrong with its layers.
result<containers::files_of_container> files_of(const containers::container_services& services,
                                                const containers::published_container& container);

/// Refuses what a container is no more: conflict `You cannot VERB container ID which is Dead`, or
/// `... which is being removed`.
result<void> check_not_gone(const container::container_view& view, const std::string& verb);

/// Tells everybody that something was done with a container.
void publish_event(const containers::container_services& services,
                   const container::container_view& view, std::string action);

/// Writes all of a tar. Errors: of both.
result<job_output> write_tar(containers::tree_tar& tar, job_streams& streams);

} // namespace gantry::jobs
