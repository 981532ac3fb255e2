#include "actors/volumes/shared_volumes.hpp"

#include <utility>

namespace gantry::volumes {

void shared_volumes::put(published_volume_ptr moment) {
  std::lock_guard guard{mutex_};
  auto& place = volumes_[moment->record.name];
  place = std::move(moment);
  list_ = nullptr;
}

void shared_volumes::remove(const std::string& name) {
  std::lock_guard guard{mutex_};
  volumes_.erase(name);
  list_ = nullptr;
}

published_volume_ptr shared_volumes::find(std::string_view name) const {
  std::lock_guard guard{mutex_};
  const auto found = volumes_.find(name);
  return found == volumes_.end() ? nullptr : found->second;
}

std::shared_ptr<const volume_list> shared_volumes::all() const {
  std::lock_guard guard{mutex_};
  if (!list_) {
    auto list = std::make_shared<volume_list>();
    list->reserve(volumes_.size());
    for (const auto& [name, moment] : volumes_)
      list->push_back(moment);
    list_ = std::move(list);
  }
  return list_;
}

} // namespace gantry::volumes
