#include "protocol/volume/volume_filter.hpp"

#include "protocol/container/values.hpp"

#include <array>
#include <map>
#include <string>
#include <utility>

namespace gantry::volume {

namespace {

using label_map = std::map<std::string, std::string, std::less<>>;

label_map labels_of(const volume_record& volume) {
  if (!volume.labels)
    return {};
  return {volume.labels->begin(), volume.labels->end()};
}

} // namespace

result<list_filter> list_filter::read(api::filters filters) {
  auto dangling = filters.boolean("dangling");
  if (!dangling)
    return dangling.error();
  list_filter filter;
  filter.dangling_ = *dangling;
  filter.filters_ = std::move(filters);
  return filter;
}

bool list_filter::matches(const volume_record& volume, bool in_use) const {
  return (!dangling_ || *dangling_ != in_use) && filters_.match_exact("driver", local_driver) &&
         filters_.match_regex("name", volume.name) &&
         filters_.match_labels("label", labels_of(volume));
}

result<prune_filter> prune_filter::read(api::filters filters, api::api_version version) {
  constexpr std::array<std::string_view, 3> known{"all", "label", "label!"};
  if (auto keys = filters.allow_only(known); !keys)
    return keys.error();
  prune_filter filter;
  filter.all_ = version < api::api_version{1, 42};
  if (const auto values = filters.values("all"); !values.empty()) {
    const auto all = container::detail::parse_bool(values.front());
    if (values.size() > 1 || !all) {
      std::string text;
      for (const auto& value : values)
        text.append(text.empty() ? "" : " ").append(value);
      return invalid("invalid filter 'all=[" + text + "]'");
    }
    filter.all_ = filter.all_ || *all;
  }
  filter.filters_ = std::move(filters);
  return filter;
}

bool prune_filter::matches(const volume_record& volume) const {
  if (volume.options && !volume.options->empty())
    return false;
  const auto labels = labels_of(volume);
  if (!all_ && !labels.contains(anonymous_label))
    return false;
  return filters_.match_labels("label", labels) &&
         !(filters_.contains("label!") && filters_.match_labels("label!", labels));
}

} // namespace gantry::volume
