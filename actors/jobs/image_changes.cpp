#include "actors/jobs/image_changes.hpp"

#include "actors/jobs/image_builtins.hpp"
#include "actors/runtime/log.hpp"

#include <memory>
#include <utility>

namespace gantry::jobs {

namespace {

/// What follows a change, when the store is done with it.
struct aftermath {
  std::string job;
  std::function<void(const store::image_event&)> publish;
  tell_outcome tell;

  void operator()(result<changed_images> outcome) const {
    if (!outcome)
      return tell(outcome.error());
    for (const auto& event : outcome->events)
      publish(event);
    for (const auto& text : outcome->warnings)
      log::write(log::level::warn, "images", "something is left on the disk until the next start",
                 {{"job", job}, {"error", text}});
    tell(std::move(outcome->answer));
  }
};

} // namespace

engine::job_handler image_change_job(const image::image_services& services,
                                     image_change_plan plan) {
  auto start = [services, plan = std::move(plan)](const job::request& asked,
                                                  tell_outcome tell) -> result<void> {
    auto change = plan(asked);
    if (!change)
      return change.error();
    auto label = job::call_string(asked);
    image::tell_store(services.store, label, std::move(*change),
                      aftermath{label, services.publish, std::move(tell)});
    return {};
  };
  return awaited_job("the image store", std::move(start));
}

result<void> add_image_jobs(engine::job_table& table, const image::image_services& services) {
  for (auto add : {add_images_job, add_image_inspect_job, add_image_history_job, add_image_tag_job,
                   add_image_delete_job, add_image_prune_job})
    if (auto added = add(table, services); !added)
      return added;
  return {};
}

} // namespace gantry::jobs
