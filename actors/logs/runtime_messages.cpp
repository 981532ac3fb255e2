#include "actors/logs/runtime_messages.hpp"

#include "actors/host/tree_reader.hpp"
#include "actors/logs/json_record.hpp"

#include <utility>

namespace gantry::logs {

namespace {

/// crun's words about a program that cannot be run in runc's; all others as they are.
std::string in_known_words(std::string said) {
  constexpr std::string_view known = "unable to start container process: exec: ";
  constexpr std::string_view missing = "executable file `";
  constexpr std::string_view where = "` not found";
  // The latter for a directory.
  if (said == "open executable: Permission denied" ||
      said == "open executable: Operation not permitted")
    return std::string{known} + "permission denied";
  const auto end = said.find(where);
  if (!said.starts_with(missing) || end == std::string::npos)
    return said;
  const auto name = said.substr(missing.size(), end - missing.size());
  auto text = std::string{known}.append(1, '"').append(name).append("\": ");
  if (name.find('/') == std::string::npos)
    return text.append("executable file not found in $PATH");
  return text.append("stat ").append(name).append(": no such file or directory");
}

} // namespace

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
  return in_known_words(std::move(last));
}

} // namespace gantry::logs
