#include "actors/jobs/builtins.hpp"

#include "actors/containers/shared_containers.hpp"
#include "actors/image/image_store_actor.hpp"
#include "actors/jobs/info.hpp"
#include "actors/jobs/pool_job.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <chrono>
#include <utility>

namespace gantry::jobs {

/// INTERNAL: the number of open descriptors.
struct descriptors_counted {
  std::size_t count = 0;
};

/// INTERNAL: the machine has been looked at.
struct facts_learned {};

} // namespace gantry::jobs

GANTRY_LOCAL_MESSAGE(gantry::jobs::descriptors_counted)
GANTRY_LOCAL_MESSAGE(gantry::jobs::facts_learned)

namespace gantry::jobs {

namespace {

namespace json = boost::json;

/// Answers with the facts as soon as the machine has been looked at, which takes some tens of
/// milliseconds after the daemon's start; a program that does not tell its version holds nobody up
/// for long.
using version_job_actor =
    core::job_actor::extend<caf::reacts_to<facts_learned>, caf::reacts_to<caf::atom_value>>;

struct version_job_state {
  static inline const char* name = "version-job";
  version_job_state() = default;

  void end() {
    run.succeed(json::value(version_value(*facts->get())));
    self->quit();
  }

  version_job_actor::pointer self = nullptr;
  engine::job_run run;
  std::shared_ptr<shared_facts> facts;
};

version_job_actor::behavior_type
run_version_job(version_job_actor::stateful_pointer<version_job_state> self,
                const std::shared_ptr<engine::job_run>& run,
                const std::shared_ptr<shared_facts>& facts) {
  auto& state = self->state;
  state.self = self;
  state.run = std::move(*run);
  state.facts = facts;
  version_job_actor me{self};
  if (facts->when_learned([me] { caf::anon_send(me, facts_learned{}); }))
    state.end();
  else
    caf::delayed_anon_send(me, limits::facts_learned, caf::atom("late"));
  return {
      [self](const core::job_cancel& cancel) {
        self->state.run.fail(errc::unavailable, "version: " + cancel.reason);
        self->quit();
      },
      [](const core::job_credit&) {},
      [](core::job_input&) {},
      [](core::job_socket&) {},
      [](core::describe) {
        return core::facts{{{"waits for", "a look at the machine"}}};
      },
      [self](facts_learned) { self->state.end(); },
      [self](caf::atom_value) { self->state.end(); },
  };
}

using info_job_actor =
    core::job_actor::extend<caf::reacts_to<descriptors_counted>, caf::reacts_to<facts_learned>,
                            caf::reacts_to<caf::atom_value>>;

/// Collects what is different each time, from whoever answers in time; what is missing then is 0:
/// `info` is what people run when something hangs.
struct info_job_state {
  static inline const char* name = "info-job";
  info_job_state() = default;

  void init(info_job_actor::stateful_pointer<info_job_state> me, engine::job_run asked,
            const builtin_services& services);
  void count_containers(const containers::published_list& all);
  void got_one();
  void end();

  info_job_actor::stateful_pointer<info_job_state> self = nullptr;
  engine::job_run run;
  std::shared_ptr<shared_facts> facts;
  info_figures figures;
  int missing = 3;
};

void info_job_state::init(info_job_actor::stateful_pointer<info_job_state> me,
                          engine::job_run asked, const builtin_services& services) {
  self = me;
  run = std::move(asked);
  facts = services.facts;
  figures.now = std::chrono::system_clock::now();
  figures.images = services.images ? services.images->get()->images().size() : 0;
  if (services.containers)
    count_containers(*services.containers->all());
  figures.actors = services.scheduler ? services.scheduler->registry().size() : 0;
  info_job_actor handle{self};
  auto learned =
      services.facts->when_learned([handle] { caf::anon_send(handle, facts_learned{}); });
  caf::delayed_anon_send(handle, learned ? limits::describe : limits::facts_learned,
                         caf::atom("late"));
  self->request(services.hub, limits::describe, events::count_subscribers{})
      .then(
          [this](std::uint64_t count) {
            figures.listeners = count;
            got_one();
          },
          [this](const caf::error&) { got_one(); });
  if (!services.pool->ask("count descriptors", info_job_actor{self},
                          [] { return descriptors_counted{host::open_fd_count()}; }))
    got_one();
}

void info_job_state::count_containers(const containers::published_list& all) {
  using container::container_status;
  for (const auto& one : all) {
    const auto status = one->view.state.status;
    ++(status == container_status::running  ? figures.running
       : status == container_status::paused ? figures.paused
                                            : figures.stopped);
  }
}

void info_job_state::got_one() {
  if (--missing == 0)
    end();
}

void info_job_state::end() {
  run.succeed(json::value(info_value(*facts->get(), figures)));
  self->quit();
}

info_job_actor::behavior_type run_info_job(info_job_actor::stateful_pointer<info_job_state> self,
                                           const std::shared_ptr<engine::job_run>& run,
                                           const builtin_services& services) {
  self->state.init(self, std::move(*run), services);
  return {
      [self](const core::job_cancel& cancel) {
        self->state.run.fail(errc::unavailable, "info: " + cancel.reason);
        self->quit();
      },
      [](const core::job_credit&) {},
      [](core::job_input&) {},
      [](core::job_socket&) {},
      [self](core::describe) {
        return core::facts{{{"answers missing", std::to_string(self->state.missing)}}};
      },
      [self](const descriptors_counted& counted) {
        self->state.figures.descriptors = counted.count;
        self->state.got_one();
      },
      [self](facts_learned) { self->state.got_one(); },
      [self](caf::atom_value) { self->state.end(); },
  };
}

} // namespace

result<void> add_system_jobs(engine::job_table& table, const builtin_services& services) {
  auto facts = services.facts;
  auto added = table.add("ping", engine::job_function{[](engine::job_run& run) { run.succeed(); }});
  if (added)
    added = table.add(
        "version", engine::job_handler{[facts](caf::local_actor* engine, engine::job_run run) {
          return runtime::spawn(engine, run_version_job,
                                std::make_shared<engine::job_run>(std::move(run)), facts);
        }});
  if (added)
    added = table.add(
        "info", engine::job_handler{[services](caf::local_actor* engine, engine::job_run run) {
          return runtime::spawn(engine, run_info_job,
                                std::make_shared<engine::job_run>(std::move(run)), services);
        }});
  return added;
}

} // namespace gantry::jobs
