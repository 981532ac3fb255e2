#include "actors/jobs/builtins.hpp"

#include "actors/inspect/actors.hpp"
#include "actors/inspect/cpu_profile.hpp"
#include "actors/inspect/heap.hpp"
#include "actors/inspect/pprof.hpp"
#include "actors/inspect/vars.hpp"
#include "actors/jobs/pool_job.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace gantry::jobs {

using profile_ptr = std::shared_ptr<inspect::cpu_profile>;

/// INTERNAL: the CPU profile runs, or why it does not.
struct profile_started {
  std::shared_ptr<result<profile_ptr>> outcome;
};

/// INTERNAL: its time is over.
struct profile_over {};

/// INTERNAL: the profile itself.
struct profile_read {
  std::shared_ptr<result<std::string>> outcome;
};

} // namespace gantry::jobs

GANTRY_LOCAL_MESSAGE(gantry::jobs::profile_started)
GANTRY_LOCAL_MESSAGE(gantry::jobs::profile_over)
GANTRY_LOCAL_MESSAGE(gantry::jobs::profile_read)

namespace gantry::jobs {

namespace {

constexpr std::chrono::seconds profile_default{30};
constexpr std::chrono::seconds profile_most{300};

std::vector<runtime::actor_snapshot> living_actors(const builtin_services& services) {
  if (!services.scheduler)
    return {};
  return services.scheduler->registry().snapshot();
}

std::vector<runtime::stall> stalls(const builtin_services& services) {
  if (!services.scheduler)
    return {};
  return services.scheduler->registry().history().stalls.all();
}

// -- profile --------------------------------------------------------------------------------------

using profile_job_actor =
    core::job_actor::extend<caf::reacts_to<profile_started>, caf::reacts_to<profile_over>,
                            caf::reacts_to<profile_read>>;

std::chrono::seconds profile_length(const job::env& environment) {
  auto seconds = std::chrono::seconds{environment.get_int("seconds")};
  return seconds.count() <= 0 ? profile_default : std::min(seconds, profile_most);
}

/// Takes a CPU profile. Starting and reading it are work for the pool; in between a delayed message
/// is under way and nothing else. Asked to end, it answers with what there is by then.
struct profile_job_state {
  static inline const char* name = "profile-job";
  profile_job_state() = default;

  void init(profile_job_actor::stateful_pointer<profile_job_state> me, engine::job_run asked,
            runtime::worker_pool& workers);
  void on_started(result<profile_ptr>& outcome);
  void on_cancel();
  void collect();
  void end(result<job_output> outcome);

  profile_job_actor::stateful_pointer<profile_job_state> self = nullptr;
  engine::job_run run;
  runtime::worker_pool* pool = nullptr;
  std::chrono::seconds length{0};
  profile_ptr profile;    ///< while it runs
  bool cancelled = false; ///< before it ran, maybe
  enum class phase { starting, sampling, reading } now = phase::starting;
};

void profile_job_state::init(profile_job_actor::stateful_pointer<profile_job_state> me,
                             engine::job_run asked, runtime::worker_pool& workers) {
  self = me;
  run = std::move(asked);
  pool = &workers;
  length = profile_length(run.environment());
  auto started = pool->ask("start CPU profile", profile_job_actor{self}, [] {
    auto outcome = inspect::cpu_profile::start();
    return profile_started{std::make_shared<result<profile_ptr>>(
        outcome ? result<profile_ptr>{profile_ptr{std::move(*outcome)}}
                : result<profile_ptr>{outcome.error()})};
  });
  if (!started)
    end(pool_is_full(run.name()));
}

void profile_job_state::on_started(result<profile_ptr>& outcome) {
  if (!outcome)
    return end(outcome.error());
  now = phase::sampling;
  profile = std::move(*outcome);
  if (cancelled)
    return collect();
  caf::delayed_anon_send(profile_job_actor{self}, caf::timespan{length}, profile_over{});
}

void profile_job_state::on_cancel() {
  cancelled = true;
  collect();
}

void profile_job_state::collect() {
  if (now != phase::sampling)
    return;
  now = phase::reading;
  auto queued =
      pool->ask("read CPU profile", profile_job_actor{self}, [taken = std::move(profile)] {
        return profile_read{std::make_shared<result<std::string>>(taken->finish())};
      });
  if (!queued)
    end(pool_is_full(run.name()));
}

void profile_job_state::end(result<job_output> outcome) {
  if (outcome)
    run.succeed(std::move(*outcome));
  else
    run.fail(outcome.error());
  self->quit();
}

profile_job_actor::behavior_type
run_profile_job(profile_job_actor::stateful_pointer<profile_job_state> self,
                const std::shared_ptr<engine::job_run>& run, runtime::worker_pool* pool) {
  self->state.init(self, std::move(*run), *pool);
  return {
      [self](const core::job_cancel&) { self->state.on_cancel(); },
      [](const core::job_credit&) {},
      [](core::job_input&) {},
      [](core::job_socket&) {},
      [self](core::describe) {
        constexpr const char* phases[] = {"starting", "sampling", "reading"};
        return core::facts{{{"phase", phases[static_cast<int>(self->state.now)]},
                            {"length", core::duration_text(caf::timespan{self->state.length})}}};
      },
      [self](const profile_started& started) { self->state.on_started(*started.outcome); },
      [self](profile_over) { self->state.collect(); },
      [self](const profile_read& read) {
        auto& outcome = *read.outcome;
        self->state.end(outcome ? result<job_output>{job_output{std::move(*outcome)}}
                                : result<job_output>{outcome.error()});
      },
  };
}

// -- the other pages ------------------------------------------------------------------------------

std::string index_page(const builtin_services& services) {
  std::size_t stacks = 0;
  for (const auto& s : inspect::read_heap_samples().stacks)
    stacks += s.live_objects > 0 ? 1 : 0;
  auto actors = services.scheduler ? services.scheduler->registry().size() : 0;
  return inspect::pprof_index(
      {{"goroutine", actors}, {"heap", stacks}, {"threadcreate", inspect::thread_count()}});
}

using page = std::string (*)(const builtin_services&, const job::env&);

/// The pages by name; that of `profile` takes its time and is none of them.
const std::pair<std::string_view, page> pages[] = {
    {"", [](const builtin_services& s, const job::env&) { return index_page(s); }},
    {"cmdline", [](const builtin_services&,
                   const job::env&) { return inspect::pprof_cmdline(inspect::read_arguments()); }},
    {"goroutine",
     [](const builtin_services& s, const job::env& e) {
       return inspect::actor_profile(living_actors(s), stalls(s), e.get_int("debug"));
     }},
    {"heap", [](const builtin_services&,
                const job::env& e) { return inspect::heap_profile_text(e.get_int("debug")); }},
    {"symbol", [](const builtin_services&,
                  const job::env& e) { return inspect::pprof_symbols(e.get("addresses")); }},
    {"threadcreate", [](const builtin_services&,
                        const job::env& e) { return inspect::thread_profile(e.get_int("debug")); }},
};

result<job_output> pprof_page(const builtin_services& services, const job::request& what) {
  // Without an argument: the index.
  auto wanted = what.args.empty() ? std::string{} : what.args.front();
  for (const auto& [name, make] : pages)
    if (name == wanted)
      return job_output{make(services, what.environment)};
  return api_error{errc::not_found, "Unknown profile: " + wanted};
}

job_output vars_value(const builtin_services& services) {
  inspect::vars_facts facts;
  facts.arguments = inspect::read_arguments();
  facts.pool = services.pool->snapshot();
  if (services.scheduler)
    inspect::read_scheduler(facts, *services.scheduler);
  return boost::json::value(inspect::debug_vars(facts));
}

} // namespace

result<void> add_debug_jobs(engine::job_table& table, const builtin_services& services) {
  auto vars = pool_job(*services.pool, [services](const job::request&) {
    return result<job_output>{vars_value(services)};
  });
  if (auto added = table.add("debug_vars", std::move(vars)); !added)
    return added;
  auto page_job = pool_job(
      *services.pool, [services](const job::request& what) { return pprof_page(services, what); });
  auto any = [services, page_job](caf::local_actor* engine,
                                  engine::job_run run) -> core::job_actor {
    if (run.args().empty() || run.args().front() != "profile")
      return page_job(engine, std::move(run));
    return runtime::spawn(engine, run_profile_job,
                          std::make_shared<engine::job_run>(std::move(run)), services.pool);
  };
  return table.add("debug_pprof", engine::job_handler{any});
}

} // namespace gantry::jobs
