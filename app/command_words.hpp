#pragma once

#include "protocol/error.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::app {

/// A flag that is no setting: `--help` and its like.
struct own_flag {
  std::string_view name;
  char letter;                  ///< or 0
  std::string_view placeholder; ///< empty: a truth value
  std::string_view help;        ///< empty: not shown
};
std::span<const own_flag> own_flags();

/// A flag with its value, under its one long name of today.
struct flag_word {
  std::string name;
  std::string value; ///< `true` or `false` for truth values
};

/// What stands on a command line.
struct command_words {
  std::vector<flag_word> flags;
  std::vector<std::string> rest;     ///< words that are no flags
  std::vector<std::string> warnings; ///< clause F4, and flags without effect
  bool wants_help = false;           ///< what follows was not looked at
};

/// Brings every spelling to that of today: bundled short flags (F2), Go's truth values and quotes
/// (F1), the names of 1.2.0, aliases. Errors are those of dockerd's present parser:
/// `unknown flag: --x`, `unknown shorthand flag: 'x' in -xy`, `flag needs an argument: --x`,
/// `invalid argument "x" for "-D, --debug" flag: ...`.
result<command_words> read_words(std::span<const std::string> args);

/// `-H, --host`, for messages.
std::string flag_title(std::string_view name);

} // namespace gantry::app
