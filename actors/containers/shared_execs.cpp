#include "actors/containers/shared_execs.hpp"

#include <utility>

namespace gantry::containers {

void shared_execs::forget_old(container_part& part, clock::time_point now) {
  while (!part.ended.empty()) {
    const auto oldest = execs_.find(part.ended.front());
    if (oldest != execs_.end()) {
      if (part.ended.size() <= limits::execs_ended &&
          now - oldest->second.ended < limits::exec_forgotten)
        return;
      execs_.erase(oldest);
    }
    part.ended.pop_front();
  }
}

result<void> shared_execs::add(exec_ptr moment, caf::strong_actor_ptr actor) {
  const std::lock_guard guard{mutex_};
  auto& part = containers_[moment->container_id];
  forget_old(part, now_());
  if (part.open.size() >= limits::execs_open)
    return api_error{errc::unavailable, "container " + moment->container_id + " has " +
                                            std::to_string(part.open.size()) +
                                            " execs that have not ended; no more are taken"};
  part.open.push_back(moment->id);
  auto id = moment->id;
  execs_.insert_or_assign(std::move(id), place{std::move(moment), std::move(actor), {}});
  return {};
}

void shared_execs::renew(exec_ptr moment) {
  const std::lock_guard guard{mutex_};
  const auto found = execs_.find(moment->id);
  if (found == execs_.end())
    return;
  if (moment->exit_code && found->second.actor) {
    found->second.actor = nullptr;
    found->second.ended = now_();
    auto& part = containers_[moment->container_id];
    std::erase(part.open, moment->id);
    part.ended.push_back(moment->id);
    forget_old(part, found->second.ended);
  }
  // Its own end may have been what was one too many.
  if (const auto still = execs_.find(moment->id); still != execs_.end())
    still->second.moment = std::move(moment);
}

void shared_execs::forget(const std::string& id) {
  const std::lock_guard guard{mutex_};
  const auto found = execs_.find(id);
  if (found == execs_.end())
    return;
  if (const auto part = containers_.find(found->second.moment->container_id);
      part != containers_.end()) {
    std::erase(part->second.open, id);
    std::erase(part->second.ended, id);
  }
  execs_.erase(found);
}

std::vector<caf::strong_actor_ptr> shared_execs::forget_container(const std::string& container) {
  std::vector<caf::strong_actor_ptr> actors;
  const std::lock_guard guard{mutex_};
  const auto part = containers_.find(container);
  if (part == containers_.end())
    return actors;
  for (const auto& id : part->second.open)
    if (const auto at = execs_.find(id); at != execs_.end()) {
      actors.push_back(std::move(at->second.actor));
      execs_.erase(at);
    }
  for (const auto& id : part->second.ended)
    execs_.erase(id);
  containers_.erase(part);
  return actors;
}

result<shared_execs::known> shared_execs::find(const std::string& id) const {
  const std::lock_guard guard{mutex_};
  const auto found = execs_.find(id);
  const auto now = now_();
  if (found == execs_.end() ||
      (!found->second.actor && now - found->second.ended >= limits::exec_forgotten))
    return api_error{errc::not_found, "No such exec instance: " + id};
  const auto& at = found->second;
  return known{at.moment, at.actor, !at.actor && now - at.ended >= limits::exec_removable};
}

std::vector<std::string> shared_execs::open_in(const std::string& container) const {
  const std::lock_guard guard{mutex_};
  const auto part = containers_.find(container);
  return part == containers_.end() ? std::vector<std::string>{} : part->second.open;
}

std::vector<caf::strong_actor_ptr> shared_execs::actors_in(const std::string& container) const {
  std::vector<caf::strong_actor_ptr> actors;
  const std::lock_guard guard{mutex_};
  if (const auto part = containers_.find(container); part != containers_.end())
    for (const auto& id : part->second.open)
      if (const auto at = execs_.find(id); at != execs_.end())
        actors.push_back(at->second.actor);
  return actors;
}

std::vector<caf::strong_actor_ptr> shared_execs::actors() const {
  std::vector<caf::strong_actor_ptr> actors;
  const std::lock_guard guard{mutex_};
  for (const auto& [id, at] : execs_)
    if (at.actor)
      actors.push_back(at.actor);
  return actors;
}

} // namespace gantry::containers
