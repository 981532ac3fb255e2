#include "protocol/mux/route_index.hpp"

namespace gantry::mux {

void candidates::add(const std::vector<rank>& list) {
  if (list.empty())
    return;
  const cursor c{list.data(), list.data() + list.size()};
  if (size_ < few_.size()) {
    few_[size_++] = c;
    return;
  }
  if (size_ == few_.size())
    more_.assign(few_.begin(), few_.end());
  more_.push_back(c);
  ++size_;
}

bool candidates::next(rank& out) noexcept {
  if (size_ == 0)
    return false;
  cursor* const first = begin();
  cursor* least = first;
  for (cursor* c = first + 1; c != first + size_; ++c)
    if (*c->at < *least->at)
      least = c;
  out = *least->at++;
  if (least->at == least->end)
    *least = first[--size_];
  return true;
}

/// A segment of a template.
struct route_index::segment {
  std::string text; ///< as written
  bool literal = true;
  std::string prefix;
  byte_set next;
  bool next_matters = false;

  void append(const pattern_part& variable) {
    if (literal) {
      literal = false;
      prefix = text;
      if (variable.simple && variable.simple->min > 0) {
        next = variable.simple->set;
        next_matters = true;
      }
    }
    // Braces keep it apart from literal text: a literal has none.
    text += "{" + variable.text + "}";
  }
};

route_index::route_index() : nodes_(1) {}

void route_index::add_for_all(rank r) {
  nodes_[0].open.push_back(r);
  all_.push_back(r);
}

void route_index::add(const pattern& path, rank r) {
  all_.push_back(r);
  const auto parts = path.parts();
  // The segments, without the empty one in front of the first slash. `reached` is false if a
  // variable goes beyond its segment, which then is the last one here.
  std::vector<segment> segments;
  bool reached = !parts.empty();
  for (const auto& part : parts) {
    if (part.is_variable) {
      const bool beyond = part.simple ? part.simple->set.contains('/') : may_match_slash(part.text);
      if (beyond || segments.empty()) {
        reached = false;
        break;
      }
      segments.back().append(part);
      continue;
    }
    std::string_view text = part.text;
    while (!text.empty()) {
      if (text[0] == '/') {
        segments.emplace_back();
        text.remove_prefix(1);
      }
      const std::size_t n = std::min(text.find('/'), text.size());
      if (segments.empty())
        segments.emplace_back();
      segments.back().text += text.substr(0, n);
      text.remove_prefix(n);
    }
  }
  if (path.kind() == pattern_kind::prefix)
    reached = false;
  if (!reached && !segments.empty())
    segments.pop_back();

  std::size_t at = 0;
  for (const auto& s : segments)
    at = follow(at, s);
  if (reached) {
    nodes_[at].here.push_back(r);
    if (path.strict_slash())
      nodes_[follow(at, segment{})].here.push_back(r);
    return;
  }
  const pattern_part* last = parts.empty() ? nullptr : &parts.back();
  const std::size_t slash = last && !last->is_variable ? last->text.rfind('/') : std::string::npos;
  if (path.kind() == pattern_kind::prefix || slash == std::string::npos) {
    nodes_[at].open.push_back(r);
    return;
  }
  const std::string_view key = std::string_view{last->text}.substr(slash + 1);
  nodes_[at].closed[key].push_back(r);
  if (path.strict_slash() && !key.empty())
    nodes_[at].closed[""].push_back(r);
}

/// The node for the next segment, made if it was not there.
std::size_t route_index::follow(std::size_t from, const segment& s) {
  std::size_t* target = nullptr;
  if (s.literal) {
    target = &nodes_[from].literals[s.text];
  } else {
    auto& edges = nodes_[from].edges;
    auto it = std::find_if(edges.begin(), edges.end(),
                           [&s](const edge& e) { return e.segment == s.text; });
    if (it == edges.end())
      it = edges.insert(it, edge{s.text, s.prefix, s.next, s.next_matters, 0});
    target = &it->target;
  }
  if (*target == 0) { // nothing leads back to the root
    *target = nodes_.size();
    const std::size_t made = *target;
    nodes_.emplace_back();
    return made;
  }
  return *target;
}

void route_index::find(std::string_view path, candidates& out) const {
  if (!path.starts_with('/')) {
    out.add(all_);
    return;
  }
  visit(nodes_[0], path.substr(1), path.substr(path.rfind('/') + 1), out);
}

/// `rest` begins with the segment to be looked at here; `last` is the last one of the path.
void route_index::visit(const node& n, std::string_view rest, std::string_view last,
                        candidates& out) const {
  out.add(n.open);
  if (const auto* closed = n.closed.find(last))
    out.add(*closed);
  const std::size_t slash = rest.find('/');
  const bool at_end = slash == std::string_view::npos;
  const std::string_view here = rest.substr(0, slash);
  rest = at_end ? std::string_view{} : rest.substr(slash + 1);
  if (const auto* target = n.literals.find(here))
    enter(nodes_[*target], at_end, rest, last, out);
  for (const auto& e : n.edges) {
    if (!here.starts_with(e.prefix))
      continue;
    if (e.next_matters &&
        (here.size() == e.prefix.size() || !e.next.contains(here[e.prefix.size()])))
      continue;
    enter(nodes_[e.target], at_end, rest, last, out);
  }
}

/// Goes on at a node that the segment leading to it was the end of the path for, or not.
void route_index::enter(const node& n, bool at_end, std::string_view rest, std::string_view last,
                        candidates& out) const {
  if (at_end)
    out.add(n.here);
  else
    visit(n, rest, last, out);
}

} // namespace gantry::mux
