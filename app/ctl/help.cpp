#include "app/ctl/command_line.hpp"

#include "protocol/text.hpp"

#include <algorithm>

namespace gantry::ctl {

namespace {

constexpr std::size_t left_column = 26; // where the right one begins

void append_row(std::string& out, std::string left, std::string_view right) {
  left.resize(std::max(left.size() + 2, left_column), ' ');
  out.append(left).append(right).append("\n");
}

void append_flags(std::string& out, std::string_view title, std::span<const flag_spec> flags) {
  if (flags.empty())
    return;
  out.append("\n").append(title).append(":\n");
  for (const auto& flag : flags) {
    auto left = "  " + flag_title(flag);
    if (!flag.placeholder.empty())
      left.append(" ").append(flag.placeholder);
    append_row(out, std::move(left), flag.help);
  }
}

std::string operand_text(const command_spec& command) {
  const auto& operand = command.operand;
  if (operand.placeholder.empty())
    return {};
  const auto name = std::string{operand.placeholder} + (operand.many ? "..." : "");
  return operand.required ? ' ' + name : " [" + name + ']';
}

} // namespace

std::string help_text() {
  std::string out = "Usage: gantryctl [FLAG]... COMMAND [FLAG]... [OPERAND]\n\n"
                    "Shows what a running gantryd consists of and what each part is doing.\n\n"
                    "Commands:\n";
  for (const auto& command : commands())
    append_row(out, "  " + std::string{command.name} + operand_text(command), command.help);
  append_flags(out, "Flags", common_flags());
  return out + "\n"
               "Without --host the daemon is the one of $GANTRY_INSPECT, else\n"
               "unix:///var/run/gantry/inspect.sock. Exit status: 0 done, 1 failed, 2 mistake on\n"
               "the command line, 3 no such actor. 'gantryctl COMMAND --help' tells more.\n";
}

std::string help_text(const command_spec& command) {
  auto out = "Usage: gantryctl " + std::string{command.name};
  if (!command.flags.empty())
    out += " [FLAG]...";
  out += operand_text(command) + "\n\n" + std::string{command.help} + ".\n";
  auto& first = out[out.find("\n\n") + 2];
  first = to_upper(first);
  const bool of_a_few = command.operand.value != value_kind::command; // those are in the help
  if (const auto words = words_of(command.operand.value); of_a_few && !words.empty()) {
    out.append("\n").append(command.operand.placeholder).append(": one of");
    for (auto word : words)
      out.append(word == words.front() ? " " : ", ").append(word);
    out += '\n';
  }
  append_flags(out, "Flags", command.flags);
  append_flags(out, "Flags of all commands", common_flags());
  const bool sorts = std::any_of(command.flags.begin(), command.flags.end(),
                                 [](const auto& f) { return f.value == value_kind::order; });
  if (sorts) {
    out += "\nSort by:";
    for (auto word : words_of(value_kind::order))
      out.append(" ").append(word);
    out += '\n';
  }
  return out;
}

} // namespace gantry::ctl
