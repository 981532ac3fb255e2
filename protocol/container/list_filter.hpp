#pragma once

#include "protocol/container/container_view.hpp"

#include <concepts>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::container {

/// Filters of a request that have been checked: `api::filters`, of which this folder knows no more
/// than it needs.
template <class F>
concept filter_values = requires(const F& f, std::string_view text) {
  { f.contains(text) } -> std::convertible_to<bool>;
  { f.values(text) } -> std::convertible_to<std::span<const std::string>>;
  { f.match_regex(text, text) } -> std::convertible_to<bool>;
};

/// Which containers `GET /containers/json` shows (section 3). Values of one key are ORed, but for
/// labels; keys are ANDed.
class list_filter {
public:
  list_filter() = default;

  /// Takes what passed `api::validate`.
  template <filter_values F>
  explicit list_filter(F filters);

  /// True if the filter names a status: then stopped containers are shown, too.
  bool wants_all() const noexcept { return !values("status").empty(); }

  /// What `ancestor` names, and `before` and `since`: for the caller to look up.
  std::span<const std::string> values(std::string_view key) const noexcept;
  bool has(std::string_view key) const noexcept { return values_.contains(key); }

  /// True if the container is one of those. Says nothing of ancestor, before, since.
  bool matches(const container_view& view) const;

private:
  static constexpr std::string_view keys[] = {
      "ancestor", "before", "exited",  "expose",  "health", "id",     "is-task", "isolation",
      "label",    "name",   "network", "publish", "since",  "status", "volume"};

  bool matches_names(const container_view& view) const;
  bool matches_labels(const container_view& view) const;
  bool matches_state(const container_view& view) const;
  bool matches_volume(const container_view& view) const;
  bool matches_network(const container_view& view) const;
  bool matches_ports(const container_view& view) const;
  void read_ports();

  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::function<bool(std::string_view key, std::string_view text)> match_regex_;
  std::set<std::string> published_; // `80/tcp`
  std::set<std::string> exposed_;
};

/// A request for a list.
struct list_query {
  bool all = false;      ///< stopped containers, too
  std::size_t limit = 0; ///< at most so many, stopped ones too; 0: no limit
  list_filter filter;
  std::optional<std::string> before; ///< id: only those made before it
  std::optional<std::string> since;  ///< id: only those made after it
  /// Ids of the images of `ancestor` and of those made from them; none: not asked for.
  std::optional<std::set<std::string>> ancestors;
};

/// What a list shows of all containers, which are given and returned newest first.
std::vector<const container_view*>
select_containers(std::span<const container_view* const> newest_first, const list_query& query);

template <filter_values F>
list_filter::list_filter(F filters) {
  for (auto key : keys)
    if (filters.contains(key)) {
      std::span<const std::string> list = filters.values(key);
      values_.emplace(key, std::vector<std::string>(list.begin(), list.end()));
    }
  match_regex_ = [filters = std::move(filters)](std::string_view key, std::string_view text) {
    return filters.match_regex(key, text);
  };
  read_ports();
}

} // namespace gantry::container
