#include "actors/jobs/image_changes.hpp"

#include "actors/jobs/image_builtins.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <memory>
#include <utility>

namespace gantry::jobs {

/// INTERNAL: the change is over.
struct image_change_over {
  std::shared_ptr<result<job_output>> outcome;
};

} // namespace gantry::jobs

GANTRY_LOCAL_MESSAGE(gantry::jobs::image_change_over)

namespace gantry::jobs {

namespace {

using image_change_actor = core::job_actor::extend<caf::reacts_to<image_change_over>>;

struct image_change_state {
  static inline const char* name = "image-change-job";
  image_change_state() = default;

  void end(result<job_output> outcome) {
    if (outcome)
      run.succeed(std::move(*outcome));
    else
      run.fail(outcome.error());
    self->quit();
  }

  image_change_actor::pointer self = nullptr;
  engine::job_run run;
};

void warn(const std::string& job, const std::string& text) {
  log::write(log::level::warn, "images", "something is left on the disk until the next start",
             {{"job", job}, {"error", text}});
}

/// What a change needs after the store is done with it; outlives the job's actor.
struct aftermath {
  image_change_actor asker;
  std::string job;
  std::function<void(const store::image_event&)> publish;
  runtime::worker_pool* pool = nullptr;

  void tell(result<job_output> outcome) const {
    caf::anon_send(asker,
                   image_change_over{std::make_shared<result<job_output>>(std::move(outcome))});
  }

  void operator()(result<changed_images> outcome) const {
    if (!outcome)
      return tell(outcome.error());
    for (const auto& event : outcome->events)
      publish(event);
    for (const auto& text : outcome->warnings)
      warn(job, text);
    if (outcome->discarded.empty())
      return tell(std::move(outcome->answer));
    auto kept = std::make_shared<changed_images>(std::move(*outcome));
    auto clean = [me = *this, kept] {
      if (auto removed = kept->discarded.remove(); !removed)
        warn(me.job, removed.error().message);
      me.tell(std::move(kept->answer));
    };
    if (!pool->submit("delete what is left of " + job, clean))
      clean();
  }
};

image_change_actor::behavior_type
run_image_change(image_change_actor::stateful_pointer<image_change_state> self,
                 const std::shared_ptr<engine::job_run>& asked,
                 const image::image_services& services, runtime::worker_pool* pool,
                 const std::shared_ptr<const image_change_plan>& plan) {
  auto& state = self->state;
  state.self = self;
  state.run = std::move(*asked);
  const auto& run = state.run;
  job::request what{run.name(), run.args(), run.environment()};
  auto label = job::call_string(what);
  if (auto change = (*plan)(what); !change)
    state.end(change.error());
  else
    image::tell_store(services.store, label, std::move(*change),
                      aftermath{image_change_actor{self}, label, services.publish, pool});
  return {
      [self](const core::job_cancel& cancel) {
        auto& s = self->state;
        s.end(api_error{errc::unavailable, s.run.name() + ": " + cancel.reason});
      },
      [](const core::job_credit&) {},
      [](core::job_input&) {},
      [](core::job_socket&) {},
      [](core::describe) {
        return core::facts{{{"waits for", "the image store"}}};
      },
      [self](const image_change_over& over) { self->state.end(std::move(*over.outcome)); },
  };
}

} // namespace

engine::job_handler image_change_job(const image::image_services& services,
                                     runtime::worker_pool& pool, image_change_plan plan) {
  auto shared = std::make_shared<const image_change_plan>(std::move(plan));
  return [services, pool = &pool, shared](caf::local_actor* engine, engine::job_run run) {
    return runtime::spawn(engine, run_image_change,
                          std::make_shared<engine::job_run>(std::move(run)), services, pool,
                          shared);
  };
}

result<void> add_image_jobs(engine::job_table& table, const image::image_services& services,
                            runtime::worker_pool& pool) {
  for (auto add : {add_images_job, add_image_inspect_job, add_image_history_job})
    if (auto added = add(table, services); !added)
      return added;
  for (auto add : {add_image_tag_job, add_image_delete_job, add_image_prune_job})
    if (auto added = add(table, services, pool); !added)
      return added;
  return {};
}

} // namespace gantry::jobs
