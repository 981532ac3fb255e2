#include "actors/containers/registry_actor.hpp"

#include "actors/runtime/actor.hpp"
#include "actors/runtime/worker_pool.hpp"

#include <utility>

namespace gantry::containers {

namespace {

/// More than that wait for nothing good.
constexpr std::size_t most_changes_waiting = 10'000;

using batch = std::vector<registry_write_ptr>;

/// Writes all of them in one commit, or, if that fails, each for itself: one that cannot be kept
/// does not hurt the others.
void write_blocking(registry& to, const batch& writes) {
  std::vector<registry_change> all;
  for (auto& w : writes)
    all.insert(all.end(), w->changes.begin(), w->changes.end());
  auto together = to.apply(all);
  for (auto& w : writes)
    w->kept.tell(together || writes.size() == 1 ? together : to.apply(w->changes));
}

struct registry_state {
  static inline const char* name = "container-registry";
  registry_state() = default;

  void take(registry_write_ptr write) {
    if (waiting.size() >= most_changes_waiting)
      return write->kept.tell(
          api_error{errc::unavailable, "too much waits for the registry of containers"});
    waiting.push_back(std::move(write));
    next();
  }

  void next() {
    if (!opened || writing || waiting.empty())
      return;
    auto writes = std::make_shared<batch>(std::exchange(waiting, {}));
    writing = pool->ask("keep containers", registry_actor{self}, [writes, to = opened] {
      write_blocking(*to, *writes);
      return caf::atom("over");
    });
    if (writing)
      return;
    for (auto& w : *writes)
      w->kept.tell(api_error{errc::unavailable, "too much work is waiting; try again later"});
  }

  void on_over() {
    writing = false;
    ++commits;
    next();
  }

  core::facts describe() const {
    return {{{"state", !opened   ? "being opened"
                       : writing ? "writing"
                                 : "idle"},
             {"writes waiting", std::to_string(waiting.size())},
             {"commits", std::to_string(commits)}}};
  }

  registry_actor::pointer self = nullptr;
  runtime::worker_pool* pool = nullptr;
  std::shared_ptr<registry> opened;
  batch waiting;
  bool writing = false;
  std::uint64_t commits = 0;
};

registry_actor::behavior_type run_registry(registry_actor::stateful_pointer<registry_state> self,
                                           runtime::worker_pool* pool) {
  self->state.self = self;
  self->state.pool = pool;
  return {
      [self](const registry_opened& given) {
        self->state.opened = given.opened;
        self->state.next();
      },
      [self](const registry_write_ptr& write) { self->state.take(write); },
      [self](caf::atom_value) { self->state.on_over(); },
      [self](core::describe) { return self->state.describe(); },
  };
}

} // namespace

registry_actor spawn_registry(caf::actor_system& sys, runtime::worker_pool& pool) {
  return runtime::spawn(sys, run_registry, &pool);
}

} // namespace gantry::containers
