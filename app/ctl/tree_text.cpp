#include "app/ctl/text.hpp"
#include "app/ctl/views.hpp"

#include <limits>

namespace gantry::ctl {

namespace {

struct strokes {
  std::string_view branch, last, bar, space;
};
constexpr strokes box{"├─ ", "└─ ", "│  ", "   "};
constexpr strokes ascii{"|- ", "`- ", "|  ", "   "};

void add_below(std::vector<tree_line>& out, const std::vector<inspect::tree_node>& nodes,
               const std::string& lead, const strokes& with) {
  for (const auto& node : nodes) {
    const bool last = &node == &nodes.back();
    out.push_back({lead + std::string{last ? with.last : with.branch}, &node.actor});
    add_below(out, node.children, lead + std::string{last ? with.space : with.bar}, with);
  }
}

} // namespace

std::vector<tree_line> tree_lines(const std::vector<inspect::tree_node>& roots, bool utf8) {
  std::vector<tree_line> out;
  for (const auto& root : roots) {
    out.push_back({"", &root.actor});
    add_below(out, root.children, "", utf8 ? box : ascii);
  }
  return out;
}

std::string tree_text(const std::vector<inspect::tree_node>& roots, const paper& on) {
  std::string out;
  for (const auto& [lead, actor] : tree_lines(roots, on.utf8)) {
    const auto& a = *actor;
    auto line = lead + std::to_string(a.id) + ' ' + printable(a.name, on.utf8);
    std::string more = a.state;
    if (!a.message.empty())
      more += ": " + doing(a);
    if (a.mailbox > 0)
      more += ", " + counted(a.mailbox, "message") + " waiting";
    more = " [" + printable(more, on.utf8) + ']';
    const auto width = on.width.value_or(std::numeric_limits<std::size_t>::max());
    line = cut(line, width, on.utf8);
    more = cut(more, width - display_width(line), on.utf8);
    out += line + tinted(more, tint_of_state(a.state), on) + '\n';
  }
  return out;
}

const inspect::tree_node* find_node(const std::vector<inspect::tree_node>& nodes,
                                    std::uint64_t id) {
  for (const auto& node : nodes) {
    if (node.actor.id == id)
      return &node;
    if (const auto* below = find_node(node.children, id))
      return below;
  }
  return nullptr;
}

} // namespace gantry::ctl
