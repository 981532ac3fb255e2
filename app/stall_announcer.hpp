#pragma once

#include "actors/events/events_hub.hpp"
#include "actors/jobs/daemon_facts.hpp"
#include "actors/runtime/history.hpp"

#include <memory>
#include <mutex>

namespace gantry::app {

/// Tells the daemon's clients of stalls, by events `daemon stall ID (what=worker, ...)`: one when a
/// stall has become grave and one, with `over=true`, when it is over. Any thread.
class stall_announcer {
public:
  /// From here on, to that hub, for the daemon of which these are the facts.
  void begin(events::hub_actor hub, std::shared_ptr<const jobs::shared_facts> facts);
  /// From here on nobody is told.
  void end();

  void tell(const runtime::stall& s) const;

private:
  mutable std::mutex mutex_;
  events::hub_actor hub_;
  std::shared_ptr<const jobs::shared_facts> facts_;
};

} // namespace gantry::app
