#include "actors/host/process_cgroups.hpp"

#include "actors/host/tree_reader.hpp"

namespace gantry::host {

bool has_controller(std::string_view list, std::string_view name) noexcept {
  for (;;) {
    const auto end = list.find(',');
    if (list.substr(0, end) == name)
      return true;
    if (end == list.npos)
      return false;
    list.remove_prefix(end + 1);
  }
}

std::vector<process_cgroup> parse_process_cgroups(std::string_view text) {
  std::vector<process_cgroup> out;
  while (!text.empty()) {
    const auto line = next_line(text); // NUMBER:CONTROLLERS:PATH
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos)
      continue;
    out.push_back({std::string{line.substr(first + 1, second - first - 1)},
                   std::string{line.substr(second + 1)}});
  }
  return out;
}

} // namespace gantry::host
