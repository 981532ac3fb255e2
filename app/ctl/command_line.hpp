#pragma once

#include "app/ctl/commands.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gantry::ctl {

/// Exit statuses.
enum exit_status : int {
  exit_done = 0,
  exit_failed = 1,
  exit_usage = 2,
  exit_no_actor = 3, ///< there is no actor of that id
};

/// A command with its flags, checked as far as the table tells.
struct invocation {
  const command_spec* command = nullptr;
  std::string operand;                                    ///< the first; "" if none was given
  std::vector<std::string> operands;                      ///< all of them
  std::map<std::string, std::string, std::less<>> values; ///< by long name; "" for truth values

  bool has(std::string_view flag) const { return values.contains(flag); }
  /// Its value, or `otherwise`.
  std::string get(std::string_view flag, std::string_view otherwise = {}) const;
  /// Only for flags with durations or numbers; those were checked.
  std::chrono::nanoseconds duration(std::string_view flag,
                                    std::chrono::nanoseconds otherwise) const;
  std::optional<std::uint64_t> number(std::string_view flag) const;
};

/// Something to print instead of running a command.
struct printed {
  std::string out; ///< for stdout
  std::string err; ///< for stderr
  int status = exit_done;
};

/// Reads the words after the program's name: flags as the GNU tools have them, before a command or
/// behind it; `--help`, `--version`. Each mistake is told with a hint where to read on.
std::variant<invocation, printed> read_command_line(std::span<const std::string> words);

/// The help for all, or for one command.
std::string help_text();
std::string help_text(const command_spec& command);

/// `gantryctl 0.1.0`
std::string version_line();

} // namespace gantry::ctl
