#include "app/stall_announcer.hpp"

#include "actors/core/messages.hpp"
#include "app/daemon_event.hpp"
#include "protocol/utf8.hpp"

#include <functional>
#include <map>
#include <string>
#include <utility>

namespace gantry::app {

void stall_announcer::begin(events::hub_actor hub,
                            std::shared_ptr<const jobs::shared_facts> facts) {
  std::lock_guard guard{mutex_};
  hub_ = std::move(hub);
  facts_ = std::move(facts);
}

void stall_announcer::end() { begin({}, {}); }

void stall_announcer::tell(const runtime::stall& s) const {
  std::lock_guard guard{mutex_};
  if (!hub_)
    return;
  std::map<std::string, std::string, std::less<>> attributes{
      {"what", std::string{runtime::to_string(s.what)}},
      {"kind", s.kind},
      {"message", s.message},
      {"duration", core::duration_text(caf::timespan{s.duration})},
      {"over", s.over ? "true" : "false"}};
  if (s.actor != 0)
    attributes.emplace("actor", std::to_string(s.actor));
  if (s.request != 0)
    attributes.emplace("request", std::to_string(s.request));
  if (!s.where.empty())
    attributes.emplace("where", s.where);
  for (auto& [name, value] : attributes)
    mend_utf8(value);
  events::tell(hub_, daemon_event("stall", facts_->get()->id, std::move(attributes)));
}

} // namespace gantry::app
