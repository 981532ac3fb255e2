#include "actors/containers/container_actor.hpp"
#include "actors/containers/container_services.hpp"
#include "actors/jobs/container_jobs.hpp"
#include "actors/jobs/container_limits.hpp"
#include "actors/jobs/container_lookup.hpp"
#include "actors/jobs/image_arguments.hpp"
#include "actors/jobs/pool_job.hpp"
#include "actors/jobs/prune_turn.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/log.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/store/image_list.hpp"
#include "protocol/api/filters.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace gantry::jobs {

/// A container that a prune removes, and the bytes of its own layer.
struct pruned_container {
  containers::published_ptr container;
  std::uint64_t size = 0;
};

/// INTERNAL: the containers have been measured.
struct prune_measured {
  std::shared_ptr<std::vector<pruned_container>> all;
};

/// INTERNAL: one is gone, or not.
struct prune_answer {
  std::size_t which = 0;
  std::shared_ptr<result<std::int64_t>> how;
};

} // namespace gantry::jobs

GANTRY_LOCAL_MESSAGE(gantry::jobs::prune_measured)
GANTRY_LOCAL_MESSAGE(gantry::jobs::prune_answer)

namespace gantry::jobs {

namespace {

namespace json = boost::json;
using containers::container_services;

using prune_job_actor =
    core::job_actor::extend<caf::reacts_to<prune_measured>, caf::reacts_to<prune_answer>>;

/// Which containers a prune removes.
struct prune_choice {
  std::vector<std::string> labels;     ///< every one has to be there
  std::vector<std::string> not_labels; ///< not all of them
  std::optional<oci::instant> until;   ///< made no later

  bool includes(const container::container_view& view) const {
    const auto& own = view.config->labels;
    const auto* found = own ? &*own : nullptr;
    return !container::is_running(view.state.status) && (!until || view.created <= *until) &&
           store::has_labels(found, labels) &&
           (not_labels.empty() || !store::has_labels(found, not_labels));
  }
};

result<prune_choice> read_choice(const job::env& environment, api::timestamp now) {
  auto wanted = api::filters::parse(environment.get("filters"));
  if (!wanted)
    return wanted.error();
  prune_choice choice;
  auto labels = wanted->values("label");
  choice.labels.assign(labels.begin(), labels.end());
  auto excluded = wanted->values("label!");
  choice.not_labels.assign(excluded.begin(), excluded.end());
  for (const auto& text : wanted->values("until")) {
    auto until = read_until(text, now);
    if (!until)
      return until.error();
    choice.until = *until;
  }
  return choice;
}

struct prune_job_state {
  static inline const char* name = "container-prune-job";
  using self_pointer = prune_job_actor::stateful_pointer<prune_job_state>;
  prune_job_state() = default;

  void init(self_pointer me, engine::job_run asked, const container_services& given,
            const prune_turn::place& place);
  result<void> begin(const prune_turn::place& place);
  void on_measured(std::vector<pruned_container> measured);
  void on_answer(const prune_answer& answer);
  void remove_more();
  void end();

  self_pointer self = nullptr;
  engine::job_run run;
  container_services services;
  prune_turn::ptr turn;
  std::vector<pruned_container> chosen;
  std::size_t asked_for = 0; ///< of these
  std::size_t answered = 0;
  std::vector<char> removed; ///< a flag for each
};

void prune_job_state::init(self_pointer me, engine::job_run asked, const container_services& given,
                           const prune_turn::place& place) {
  self = me;
  run = std::move(asked);
  services = given;
  if (auto begun = begin(place); !begun) {
    run.fail(begun.error());
    self->quit();
  }
}

result<void> prune_job_state::begin(const prune_turn::place& place) {
  auto choice = read_choice(run.environment(), services.images.time());
  if (!choice)
    return choice.error();
  auto mine = prune_turn::take(place);
  if (!mine)
    return mine.error();
  turn = *mine;
  auto found = std::make_shared<std::vector<pruned_container>>();
  for (const auto& one : *services.all->all())
    if (choice->includes(one->view))
      found->push_back({one});
  auto measure = [found, services = services] {
    for (auto& one : *found)
      if (auto sizes = container_sizes_blocking(services, one.container->view))
        one.size = static_cast<std::uint64_t>(std::max<std::int64_t>(sizes->writable, 0));
    return prune_measured{found};
  };
  if (!services.pool->ask("measure what is pruned", prune_job_actor{self}, std::move(measure)))
    return pool_is_full(run.name());
  return {};
}

void prune_job_state::on_measured(std::vector<pruned_container> measured) {
  chosen = std::move(measured);
  removed.resize(chosen.size());
  remove_more();
}

void prune_job_state::remove_more() {
  prune_job_actor me{self};
  for (; asked_for < chosen.size() && asked_for - answered < limits::prune_width; ++asked_for) {
    const auto& id = chosen[asked_for].container->view.id;
    auto request = std::make_shared<containers::life_request>();
    request->what = containers::life_request::verb::remove;
    request->limit = limits::container_answer;
    request->answer = {
        "container " + id, [me, which = asked_for](result<std::int64_t> how) {
          caf::anon_send(
              me, prune_answer{which, std::make_shared<result<std::int64_t>>(std::move(how))});
        }};
    tell_container(*services.all, id, std::move(request));
  }
  if (answered == chosen.size())
    end();
}

void prune_job_state::on_answer(const prune_answer& answer) {
  ++answered;
  if (*answer.how)
    removed[answer.which] = 1;
  else // it runs again, say; who asked is told what has gone
    log::write(log::level::warn, "containers", "one was not pruned",
               {{"container", chosen[answer.which].container->view.id},
                {"error", answer.how->error().message}});
  remove_more();
}

void prune_job_state::end() {
  json::array deleted;
  std::uint64_t reclaimed = 0;
  for (std::size_t i = 0; i < chosen.size(); ++i)
    if (removed[i]) {
      deleted.emplace_back(chosen[i].container->view.id);
      reclaimed += chosen[i].size;
    }
  api::event e;
  e.type = "container";
  e.action = "prune";
  e.attributes.emplace("reclaimed", std::to_string(reclaimed));
  services.publish(std::move(e));
  json::object report;
  report.emplace("ContainersDeleted", deleted.empty() ? json::value{} : json::value(deleted));
  report.emplace("SpaceReclaimed", reclaimed);
  turn.reset(); // before it is answered, so that who prunes twice in a row may
  run.succeed(json::value(std::move(report)));
  self->quit();
}

prune_job_actor::behavior_type
run_prune_job(prune_job_actor::stateful_pointer<prune_job_state> self,
              const std::shared_ptr<engine::job_run>& run, const container_services& services,
              const prune_turn::place& place) {
  self->state.init(self, std::move(*run), services, place);
  return {
      [self](const core::job_cancel& cancel) {
        // What was asked for is removed, nothing else.
        self->state.run.fail(errc::unavailable, "container_prune: " + cancel.reason);
        self->quit();
      },
      [](const core::job_credit&) {},
      [](core::job_input&) {},
      [](core::job_socket&) {},
      [self](core::describe) {
        const auto& s = self->state;
        return core::facts{{{"containers", std::to_string(s.chosen.size())},
                            {"asked to go", std::to_string(s.asked_for)},
                            {"answered", std::to_string(s.answered)}}};
      },
      [self](const prune_measured& measured) { self->state.on_measured(std::move(*measured.all)); },
      [self](const prune_answer& answer) { self->state.on_answer(answer); },
  };
}

} // namespace

result<void> add_container_prune_job(engine::job_table& table, const container_services& services) {
  return table.add(
      "container_prune", engine::job_handler{[services, place = prune_turn::make_place()](
                                                 caf::local_actor* engine, engine::job_run run) {
        return runtime::spawn(engine, run_prune_job,
                              std::make_shared<engine::job_run>(std::move(run)), services, place);
      }});
}

} // namespace gantry::jobs
