#pragma once

#include "protocol/mux/pattern.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::mux {

/// A position in the order of trying.
using rank = std::uint32_t;

/// Several ascending lists of ranks, read as one.
class candidates {
public:
  /// Adds a list, which must stay where it is. No rank may be in two lists.
  void add(const std::vector<rank>& list);
  /// Takes the smallest rank not taken yet. False if there is none.
  bool next(rank& out) noexcept;

private:
  struct cursor {
    const rank* at;
    const rank* end;
  };
  cursor* begin() noexcept { return more_.empty() ? few_.data() : more_.data(); }

  std::size_t size_ = 0;
  std::array<cursor, 12> few_;
  std::vector<cursor> more_;
};

/// A map from texts, made for few entries, short texts and quick misses.
template <class T>
class text_map {
public:
  const T* find(std::string_view key) const noexcept {
    const auto it = std::lower_bound(entries_.begin(), entries_.end(), key, less);
    return it != entries_.end() && it->first == key ? &it->second : nullptr;
  }
  /// The entry for the key, made if it was not there.
  T& operator[](std::string_view key) {
    const auto it = std::lower_bound(entries_.begin(), entries_.end(), key, less);
    if (it != entries_.end() && it->first == key)
      return it->second;
    return entries_.emplace(it, std::string{key}, T{})->second;
  }

private:
  static bool less(const std::pair<std::string, T>& entry, std::string_view key) noexcept {
    if (entry.first.size() != key.size())
      return entry.first.size() < key.size();
    return std::memcmp(entry.first.data(), key.data(), key.size()) < 0;
  }

  std::vector<std::pair<std::string, T>> entries_; ///< by length, then by bytes
};

/// Finds the routes worth trying for a path: all that match, and few that do not.
///
/// A tree with a level for each segment of the templates. A segment of literal text is looked up;
/// one with variables that cannot match a `/` is an edge with a cheap test. Where a variable can,
/// the rest of the template is out of reach of the tree: such a route waits at the node, sorted by
/// the last segment of its template if that is literal text (`/images/{name:.*}/json`).
class route_index {
public:
  route_index();

  /// Adds a route. Ranks must ascend.
  void add(const pattern& path, rank r);
  /// Adds a route that does not look at the path.
  void add_for_all(rank r);
  /// Adds to `out` what may match.
  void find(std::string_view path, candidates& out) const;

private:
  struct edge {
    std::string segment; ///< the segment of the template, as written
    std::string prefix;  ///< its literal text before the first variable
    byte_set next;       ///< what may follow that
    bool next_matters = false;
    std::size_t target = 0;
  };
  struct node {
    text_map<std::size_t> literals;
    std::vector<edge> edges;
    std::vector<rank> here;             ///< templates that end here
    std::vector<rank> open;             ///< templates that go on out of reach
    text_map<std::vector<rank>> closed; ///< as `open`, but with this last segment
  };
  struct segment;

  std::size_t follow(std::size_t from, const segment& s);
  void visit(const node& n, std::string_view rest, std::string_view last, candidates& out) const;
  void enter(const node& n, bool at_end, std::string_view rest, std::string_view last,
             candidates& out) const;

  std::vector<node> nodes_;
  std::vector<rank> all_; ///< for subjects that are no paths (`*`)
};

} // namespace gantry::mux
