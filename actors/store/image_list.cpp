#include "actors/store/image_list.hpp"

#include <algorithm>

namespace gantry::store {

namespace {

/// The times between which `created` has to be, both outside.
struct period {
  std::optional<oci::instant> after;
  std::optional<oci::instant> before;

  bool has(const std::optional<oci::instant>& created) const {
    if (!after && !before)
      return true;
    return created && (!after || *created > *after) && (!before || *created < *before);
  }
  void end_at(const oci::instant& t) { before = before ? std::min(*before, t) : t; }
  void begin_at(const oci::instant& t) { after = after ? std::max(*after, t) : t; }
};

result<period> read_period(const image_catalog& catalog, const list_filter& filter) {
  period wanted;
  for (const auto& name : filter.before) {
    auto found = catalog.resolve(name);
    if (!found)
      return found.error();
    if (const auto& created = found->what->config().created)
      wanted.end_at(*created);
  }
  for (const auto& t : filter.until)
    wanted.end_at(t);
  for (const auto& name : filter.since) {
    auto found = catalog.resolve(name);
    if (!found)
      return found.error();
    if (const auto& created = found->what->config().created)
      wanted.begin_at(*created);
  }
  return wanted;
}

result<bool> matches_any(const std::vector<std::string>& patterns, const oci::reference& name) {
  for (const auto& pattern : patterns) {
    auto matched = oci::matches_reference(pattern, name);
    if (!matched || *matched)
      return matched;
  }
  return patterns.empty();
}

/// True if an image of which no name is left to be shown is listed nevertheless.
bool shows_nameless(const image& what, const list_filter& filter) {
  if (!filter.all && !what.children.empty())
    return false;
  return filter.dangling.value_or(true) && filter.references.empty();
}

} // namespace

bool has_labels(const std::map<std::string, std::string>* labels,
                const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [labels](const std::string& text) {
    if (labels == nullptr)
      return false;
    auto equals = text.find('=');
    auto label = labels->find(text.substr(0, equals));
    return label != labels->end() &&
           (equals == std::string::npos || label->second == text.substr(equals + 1));
  });
}

result<std::vector<listed_image>> list_images(const image_catalog& catalog,
                                              const list_filter& filter) {
  auto wanted = read_period(catalog, filter);
  if (!wanted)
    return wanted.error();
  bool only_dangling = filter.dangling.value_or(false);
  std::vector<listed_image> list;
  list.reserve(catalog.images().size());
  for (const auto& candidate : catalog.images()) {
    if (only_dangling && !candidate.children.empty())
      continue;
    if (!wanted->has(candidate.config().created) || !has_labels(candidate.labels(), filter.labels))
      continue;
    listed_image item{&candidate, {}, {}};
    for (const auto& name : candidate.references) {
      auto shown = matches_any(filter.references, name);
      if (!shown)
        return shown.error();
      if (*shown)
        (name.tag.empty() ? item.digests : item.tags).push_back(name.familiar());
    }
    bool nameless = item.tags.empty() && item.digests.empty();
    if (nameless ? shows_nameless(candidate, filter) : !(only_dangling && !item.tags.empty()))
      list.push_back(std::move(item));
  }
  std::sort(list.begin(), list.end(), [](const listed_image& a, const listed_image& b) {
    auto order = a.what->config().created <=> b.what->config().created;
    return order != 0 ? order > 0 : a.what->id() < b.what->id();
  });
  return list;
}

} // namespace gantry::store
