#include "protocol/monitor/fields.hpp"

namespace gantry::monitor {

void append_field(std::string& out, std::string_view key, std::string_view value) {
  out.append(key);
  out += '=';
  for (char c : value) {
    if (c == '\\' || c == '\n') {
      out += '\\';
      c = c == '\n' ? 'n' : c;
    }
    out += c;
  }
  out += '\n';
}

bool next_field(std::string_view& text, std::string_view& key, std::string& value) {
  while (!text.empty() && text.front() == '\n')
    text.remove_prefix(1);
  auto end = text.find('\n');
  if (end == std::string_view::npos)
    return false;
  auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  key = line.substr(0, line.find('='));
  line.remove_prefix(key.size() < line.size() ? key.size() + 1 : line.size());
  value.clear();
  for (std::size_t i = 0; i < line.size(); ++i) {
    char c = line[i];
    if (c == '\\' && i + 1 < line.size()) {
      c = line[++i];
      c = c == 'n' ? '\n' : c;
    }
    value += c;
  }
  return true;
}

} // namespace gantry::monitor
