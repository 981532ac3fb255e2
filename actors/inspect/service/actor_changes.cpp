#include "actors/inspect/service/actor_changes.hpp"

#include "actors/runtime/actor.hpp"
#include "actors/runtime/scheduler.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/behavior.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/message_id.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace gantry::inspect {

namespace {

/// Lets go of a handle, and ends. The last handle of an actor takes its state with it, which has to
/// be on a thread that runs actors.
struct pallbearer_state {
  static inline const char* name = "pallbearer";
  pallbearer_state() = default;
};

caf::behavior run_pallbearer(caf::stateful_actor<pallbearer_state>*, const caf::strong_actor_ptr&) {
  return {};
}

} // namespace

bool is_essential(const runtime::actor_snapshot& actor) noexcept {
  static constexpr auto ways_in =
      std::to_array<std::string_view>({"serveapi", "listener", "router"});
  return actor.parent == 0 ||
         std::find(ways_in.begin(), ways_in.end(), actor.kind) != ways_in.end();
}

bool kill_actor(runtime::scheduler& scheduler, std::uint64_t id) {
  auto whom = scheduler.registry().handle(id);
  if (!whom)
    return false;
  whom->enqueue(nullptr, caf::make_message_id(caf::message_priority::high),
                caf::make_message(caf::exit_msg{whom->address(), caf::exit_reason::kill}), nullptr);
  scheduler.unpause(id);
  runtime::spawn(scheduler.system(), run_pallbearer, std::move(whom));
  return true;
}

runtime::actor_registry::tracing timed_traces::begin(std::uint64_t actor, time_point now) {
  using tracing = runtime::actor_registry::tracing;
  const auto begun = scheduler_.registry().begin_trace(actor);
  forget(actor);
  if (begun == tracing::begun) {
    std::erase_if(traces_, [this](const trace& t) {
      const auto found = scheduler_.registry().find(t.actor);
      return !found || !found->traced;
    });
    traces_.push_back({actor, now + length});
  }
  return begun;
}

bool timed_traces::end(std::uint64_t actor) {
  forget(actor);
  return scheduler_.registry().end_trace(actor);
}

timed_traces::time_point timed_traces::deadline() const noexcept {
  auto next = time_point::max();
  for (const auto& t : traces_)
    next = std::min(next, t.until);
  return next;
}

void timed_traces::look(time_point now) {
  std::erase_if(traces_, [this, now](const trace& t) {
    if (now < t.until)
      return false;
    scheduler_.registry().end_trace(t.actor);
    return true;
  });
}

void timed_traces::forget(std::uint64_t actor) {
  std::erase_if(traces_, [actor](const trace& t) { return t.actor == actor; });
}

} // namespace gantry::inspect
