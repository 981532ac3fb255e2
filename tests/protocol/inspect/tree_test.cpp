#include "protocol/inspect/tree.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include <string>
#include <utility>

namespace {

using namespace gantry::inspect;

/// Each of `pairs` is an id and a parent.
std::vector<actor_view> with_parents(std::vector<std::pair<std::uint64_t, std::uint64_t>> pairs) {
  std::vector<actor_view> actors;
  for (const auto& [id, parent] : pairs) {
    actors.emplace_back();
    actors.back().id = id;
    actors.back().parent = parent;
  }
  return actors;
}

std::string drawn(const std::vector<tree_node>& nodes) {
  std::string out;
  for (const auto& node : nodes) {
    out += (out.empty() ? "" : " ") + std::to_string(node.actor.id);
    if (!node.children.empty())
      out += '(' + drawn(node.children) + ')';
  }
  return out;
}

std::string tree_of(std::vector<std::pair<std::uint64_t, std::uint64_t>> pairs) {
  return drawn(make_tree(with_parents(std::move(pairs))));
}

} // namespace

TEST_CASE("tree: children stand below their parents, by id", "[protocol][inspect]") {
  CHECK(tree_of({}).empty());
  CHECK(tree_of({{5, 2}, {1, 0}, {3, 1}, {2, 1}, {4, 0}}) == "1(2(5) 3) 4");
}

TEST_CASE("tree: whose parent has ended is a root", "[protocol][inspect]") {
  CHECK(tree_of({{1, 0}, {7, 6}, {8, 7}}) == "1 7(8)");
}

TEST_CASE("tree: circles are cut, nobody is lost or told twice", "[protocol][inspect]") {
  CHECK(tree_of({{3, 3}}) == "3");
  CHECK(tree_of({{2, 3}, {3, 2}, {4, 3}}) == "2(3(4))");
  CHECK(tree_of({{1, 0}, {2, 1}, {2, 1}}) == "1(2 2)");
}

TEST_CASE("tree: has a bound on its depth", "[protocol][inspect]") {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> chain;
  for (std::uint64_t i = 1; i <= 100000; ++i)
    chain.emplace_back(i, i - 1);
  const auto nodes = make_tree(with_parents(chain));
  std::size_t depth = 1;
  std::size_t seen = 1;
  const auto* level = &nodes.at(0).children;
  while (!level->empty()) {
    ++depth;
    seen += level->size();
    level = &level->front().children;
  }
  CHECK(depth == max_tree_depth + 1);
  CHECK(seen == 100000);
}

TEST_CASE("tree: as JSON a node is its actor with children", "[protocol][inspect]") {
  const auto text = boost::json::serialize(to_json(make_tree(with_parents({{1, 0}, {2, 1}})), {}));
  CHECK(text.starts_with(R"([{"id":1,"parent":0,"kind":"")"));
  CHECK(text.find(R"("children":[{"id":2,"parent":1)") != text.npos);
  CHECK(text.ends_with(R"("children":[]}]}])"));
}
