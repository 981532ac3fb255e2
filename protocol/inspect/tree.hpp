#pragma once

#include "protocol/inspect/model.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <vector>

namespace gantry::inspect {

/// An actor with those that it has spawned.
struct tree_node {
  actor_view actor;
  std::vector<tree_node> children; ///< the oldest first: by id
};

/// No tree is deeper: what lies deeper stands at this depth, below the same ancestor.
inline constexpr std::size_t max_tree_depth = 64;

/// The actors by their parents, each once, roots by id. Roots are those without a parent, those
/// whose parent is not in the list (it has ended), and one of each circle, which only a file made
/// by hand can hold.
std::vector<tree_node> make_tree(std::vector<actor_view> actors);

/// Each node as the actor's members with its `children`.
boost::json::array to_json(const std::vector<tree_node>& nodes, boost::json::storage_ptr memory);

} // namespace gantry::inspect
