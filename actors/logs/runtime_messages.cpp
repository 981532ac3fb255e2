#include "actors/logs/runtime_messages.hpp"

#include "actors/host/tree_reader.hpp"
#include "actors/logs/json_record.hpp"

#include <utility>

namespace gantry::logs {

std::string last_runtime_error(std::string_view messages) {
  std::string last;
  bool is_error = false;
  while (!messages.empty()) {
    const auto line = host::next_line(messages);
    auto message = json_text_member(line, "msg");
    const auto level = json_text_member(line, "level");
    const bool error = level == "error" || level == "fatal" || level == "panic";
    if (message.empty() || (is_error && !error))
      continue;
    last = std::move(message);
    is_error = error;
  }
  return last;
}

} // namespace gantry::logs
