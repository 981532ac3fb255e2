#include "actors/containers/shared_containers.hpp"

#include "protocol/container/names.hpp"

#include <algorithm>
#include <utility>

namespace gantry::containers {

result<void> shared_containers::reserve(const std::string& name, const std::string& id) {
  std::lock_guard guard{mutex_};
  auto [at, is_new] = names_.emplace(name, id);
  if (!is_new && at->second != id)
    return container::name_in_use(name, at->second);
  return {};
}

void shared_containers::release(const std::string& name, const std::string& id) {
  std::lock_guard guard{mutex_};
  if (auto at = names_.find(name); at != names_.end() && at->second == id)
    names_.erase(at);
}

void shared_containers::put(published_ptr moment, caf::strong_actor_ptr actor) {
  std::lock_guard guard{mutex_};
  auto& id = moment->view.id;
  containers_.insert_or_assign(id, place{moment, std::move(actor)});
  list_ = nullptr;
}

void shared_containers::renew(published_ptr moment) {
  std::lock_guard guard{mutex_};
  auto at = containers_.find(moment->view.id);
  if (at == containers_.end())
    return;
  at->second.moment.swap(moment);
  list_ = nullptr;
}

void shared_containers::remove(const std::string& id) {
  place gone; // destroyed after the lock
  std::lock_guard guard{mutex_};
  auto at = containers_.find(id);
  if (at == containers_.end())
    return;
  gone = std::move(at->second);
  containers_.erase(at);
  list_ = nullptr;
}

result<published_ptr> shared_containers::find(std::string_view reference) const {
  auto not_found = [&] {
    return api_error{errc::not_found, "No such container: " + std::string{reference}};
  };
  if (reference.empty())
    return not_found();
  std::lock_guard guard{mutex_};
  if (auto at = containers_.find(reference); at != containers_.end())
    return at->second.moment;
  auto name = reference.front() == '/' ? std::string{reference} : "/" + std::string{reference};
  if (auto at = names_.find(name); at != names_.end())
    if (auto named = containers_.find(at->second); named != containers_.end())
      return named->second.moment;
  auto at = containers_.lower_bound(reference);
  if (at == containers_.end() || !at->first.starts_with(reference))
    return not_found();
  if (auto next = std::next(at); next != containers_.end() && next->first.starts_with(reference))
    return api_error{errc::invalid_parameter,
                     "multiple IDs found with provided prefix: " + std::string{reference}};
  return at->second.moment;
}

caf::strong_actor_ptr shared_containers::actor_of(const std::string& id) const {
  std::lock_guard guard{mutex_};
  auto at = containers_.find(id);
  return at == containers_.end() ? nullptr : at->second.actor;
}

std::shared_ptr<const published_list> shared_containers::all() const {
  std::lock_guard guard{mutex_};
  if (!list_) {
    auto list = std::make_shared<published_list>();
    list->reserve(containers_.size());
    for (auto& [id, one] : containers_)
      list->push_back(one.moment);
    std::stable_sort(list->begin(), list->end(), [](const auto& a, const auto& b) {
      return a->view.created > b->view.created;
    });
    list_ = std::move(list);
  }
  return list_;
}

} // namespace gantry::containers
