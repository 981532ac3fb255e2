#include "protocol/container/list_filter.hpp"

#include "protocol/container/list_view.hpp"
#include "protocol/oci/changes.hpp"

#include <algorithm>
#include <charconv>

namespace gantry::container {

namespace {

// Ids that one of the given beginnings means. NOTE: one that means several means none.
std::set<std::string> ids_meant(std::span<const std::string> beginnings,
                                std::span<const container_view* const> views) {
  std::set<std::string> ids;
  for (const auto& beginning : beginnings) {
    const container_view* found = nullptr;
    bool several = false;
    for (const auto* view : views) {
      if (!view->id.starts_with(beginning))
        continue;
      several = found != nullptr;
      found = view;
      if (several)
        break;
    }
    if (found && !several)
      ids.insert(found->id);
  }
  return ids;
}

// NOTE: as the codes were checked, they are numbers, perhaps with a `+`.
bool is_code(std::string_view text, std::int64_t code) noexcept {
  if (text.starts_with('+'))
    text.remove_prefix(1);
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number == code;
}

bool is_one_of(std::span<const std::string> list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

} // namespace

std::span<const std::string> list_filter::values(std::string_view key) const noexcept {
  const auto found = values_.find(key);
  if (found == values_.end())
    return {};
  return found->second;
}

void list_filter::read_ports() {
  auto read = [this](std::string_view key, std::set<std::string>& ports) {
    for (const auto& value : values(key))
      if (auto range = oci::exposed_ports(value))
        ports.insert(range->begin(), range->end());
  };
  read("publish", published_);
  read("expose", exposed_);
}

bool list_filter::matches(const container_view& view) const {
  if (values_.empty())
    return true;
  return matches_names(view) && matches_labels(view) && matches_state(view) &&
         matches_volume(view) && matches_network(view) && matches_ports(view);
}

bool list_filter::matches_names(const container_view& view) const {
  std::string_view name = view.name;
  if (name.starts_with('/'))
    name.remove_prefix(1);
  if (has("name") && !match_regex_("name", view.name) && !match_regex_("name", name))
    return false;
  return !has("id") || match_regex_("id", view.id);
}

bool list_filter::matches_labels(const container_view& view) const {
  const auto wanted = values("label");
  const auto& labels = view.config->labels;
  return std::all_of(wanted.begin(), wanted.end(), [&labels](const std::string& text) {
    const auto equals = text.find('=');
    if (!labels)
      return false;
    const auto found = labels->find(text.substr(0, equals));
    return found != labels->end() &&
           (equals == text.npos || found->second == text.substr(equals + 1));
  });
}

bool list_filter::matches_state(const container_view& view) const {
  const auto& state = view.state;
  if (has("is-task") && values("is-task").size() == 1 &&
      (values("is-task").front() == "1" || values("is-task").front() == "true"))
    return false; // no container here belongs to a task
  if (const auto codes = values("exited"); !codes.empty()) {
    const bool ended = !is_running(state.status) && state.started_at != oci::zero_instant;
    const bool wanted = std::any_of(codes.begin(), codes.end(), [&state](const std::string& code) {
      return is_code(code, state.exit_code);
    });
    if (!ended || !wanted)
      return false;
  }
  if (has("status") && !match_regex_("status", to_string(state.status)))
    return false;
  std::string_view health = "none";
  if (state.health)
    health = state.health->status;
  const auto healths = values("health");
  return healths.empty() || is_one_of(healths, health);
}

bool list_filter::matches_volume(const container_view& view) const {
  const auto wanted = values("volume");
  if (!has("volume"))
    return true;
  return std::any_of(view.mounts.begin(), view.mounts.end(), [&wanted](const mount_point& mount) {
    return is_one_of(wanted, mount.destination) ||
           is_one_of(wanted, mount.name.empty() ? mount.source : mount.name);
  });
}

bool list_filter::matches_network(const container_view& view) const {
  if (!has("network"))
    return true;
  const auto& networks = view.network.networks;
  const auto wanted = values("network");
  return std::any_of(wanted.begin(), wanted.end(), [&networks](const std::string& text) {
    return networks.contains(text) ||
           std::any_of(networks.begin(), networks.end(), [&text](const auto& network) {
             return network.second.network_id.starts_with(text);
           });
  });
}

bool list_filter::matches_ports(const container_view& view) const {
  if (values("publish").empty() && values("expose").empty())
    return true;
  const auto ports = listed_ports(view.network.ports);
  return std::any_of(ports.begin(), ports.end(), [this](const listed_port& port) {
    return published_.contains(std::to_string(port.public_port) + '/' + port.type) ||
           exposed_.contains(std::to_string(port.private_port) + '/' + port.type);
  });
}

std::vector<const container_view*>
select_containers(std::span<const container_view* const> newest_first, const list_query& query) {
  const auto& filter = query.filter;
  const bool all = query.all || query.limit > 0 || filter.wants_all();
  const auto ids = ids_meant(filter.values("id"), newest_first);
  bool skipping = query.before.has_value();
  std::vector<const container_view*> chosen;
  for (const auto* view : newest_first) {
    if (skipping) {
      skipping = view->id != *query.before;
      continue;
    }
    if (query.since && view->id == *query.since)
      break;
    if (query.limit > 0 && chosen.size() == query.limit)
      break;
    if (!all && !is_running(view->state.status))
      continue;
    if (filter.has("id") && !ids.contains(view->id))
      continue;
    if (query.ancestors && !query.ancestors->contains(view->image_id))
      continue;
    if (filter.matches(*view))
      chosen.push_back(view);
  }
  return chosen;
}

} // namespace gantry::container
