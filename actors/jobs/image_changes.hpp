#pragma once

#include "actors/engine/engine_actor.hpp"
#include "actors/image/image_services.hpp"
#include "actors/jobs/awaited_job.hpp"
#include "actors/store/image_removal.hpp"
#include "protocol/error.hpp"
#include "protocol/job/job.hpp"

#include <functional>
#include <string>
#include <vector>

namespace gantry::jobs {

/// What came of a change of the store.
struct changed_images {
  job_output answer;
  std::vector<store::image_event> events; ///< to be published, in this order
  std::vector<std::string> warnings;      ///< for the log
};

/// The change itself, on the thread that has the store to itself. Must not throw.
using image_change = std::function<result<changed_images>(store::image_store&)>;

/// Reads a request: the change that it asks for, or its failure. Must not throw, nor block.
using image_change_plan = std::function<result<image_change>(const job::request&)>;

/// The handler for a job that changes images: hands the change to the store, publishes what became
/// of it, and answers then. A change that was handed over is made to its end, even if the job is
/// cancelled.
engine::job_handler image_change_job(const image::image_services& services, image_change_plan plan);

} // namespace gantry::jobs
