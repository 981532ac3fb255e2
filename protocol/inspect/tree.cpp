#include "protocol/inspect/tree.hpp"

#include "protocol/inspect/json.hpp"

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <utility>

namespace gantry::inspect {

namespace {

/// Puts nodes together; each actor is used once.
class tree_maker {
public:
  explicit tree_maker(std::vector<actor_view> actors);

  std::vector<tree_node> roots();

private:
  using place = std::size_t;

  bool is_root(place at) const {
    const auto& actor = actors_[at];
    return actor.parent == actor.id || !place_of_.contains(actor.parent);
  }
  tree_node make(place at, std::size_t depth);
  void add_all_below(place at, std::vector<tree_node>& to);

  std::vector<actor_view> actors_;
  std::unordered_map<std::uint64_t, place> place_of_;
  std::vector<std::vector<place>> children_;
  std::vector<bool> used_;
};

tree_maker::tree_maker(std::vector<actor_view> actors)
    : actors_{std::move(actors)}, children_(actors_.size()), used_(actors_.size()) {
  std::stable_sort(actors_.begin(), actors_.end(),
                   [](const auto& a, const auto& b) { return a.id < b.id; });
  for (place at = 0; at < actors_.size(); ++at)
    place_of_.emplace(actors_[at].id, at);
  for (place at = 0; at < actors_.size(); ++at)
    if (!is_root(at))
      children_[place_of_.find(actors_[at].parent)->second].push_back(at);
}

tree_node tree_maker::make(place at, std::size_t depth) {
  used_[at] = true;
  tree_node node;
  if (depth + 1 < max_tree_depth) {
    for (auto child : children_[at])
      if (!used_[child])
        node.children.push_back(make(child, depth + 1));
  } else {
    add_all_below(at, node.children);
  }
  node.actor = std::move(actors_[at]);
  return node;
}

void tree_maker::add_all_below(place at, std::vector<tree_node>& to) {
  std::vector<place> pending{at};
  while (!pending.empty()) {
    const auto next = pending.back();
    pending.pop_back();
    for (auto child : children_[next]) {
      if (used_[child])
        continue;
      used_[child] = true;
      pending.push_back(child);
      to.push_back({std::move(actors_[child]), {}});
    }
  }
  std::sort(to.begin(), to.end(),
            [](const auto& a, const auto& b) { return a.actor.id < b.actor.id; });
}

std::vector<tree_node> tree_maker::roots() {
  std::vector<tree_node> nodes;
  std::vector<place> tops;
  for (place at = 0; at < actors_.size(); ++at)
    if (is_root(at))
      tops.push_back(at);
  for (auto top : tops)
    nodes.push_back(make(top, 0));
  for (place at = 0; at < actors_.size(); ++at) // what is left stands in circles
    if (!used_[at])
      nodes.push_back(make(at, 0));
  return nodes;
}

} // namespace

std::vector<tree_node> make_tree(std::vector<actor_view> actors) {
  return tree_maker{std::move(actors)}.roots();
}

boost::json::array to_json(const std::vector<tree_node>& nodes, boost::json::storage_ptr memory) {
  boost::json::array out(memory);
  out.reserve(nodes.size());
  for (const auto& node : nodes) {
    auto members = to_json(node.actor, memory);
    members.emplace("children", to_json(node.children, memory));
    out.push_back(std::move(members));
  }
  return out;
}

} // namespace gantry::inspect
