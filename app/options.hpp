#pragma once

#include "app/settings.hpp"

#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace gantry::app {

/// What the flags alone say.
struct command_line {
  settings values;                          ///< defaults, overwritten by the flags given
  std::set<std::string, std::less<>> given; ///< configuration keys of the flags given
  std::string config_file{default_config_file};
  bool config_file_given = false;    ///< then it must exist
  bool validate_only = false;        ///< --validate
  std::vector<std::string> warnings; ///< about old spellings, whole lines for stderr
};

/// Something to print instead of a run of the daemon.
struct print_and_exit {
  std::string out; ///< for stdout
  std::string err; ///< for stderr
  int status = 0;  ///< exit status
};

/// Reads the words after the program's name.
///
/// Flags are written as today (`--name value`, `--name=value`, `-n value`, bundled short flags) and
/// as in 1.2.0 (F1, F2: `-name` for the old names, quotes around `=value`). Truth values are Go's
/// words. Every mistake is told on stderr with a hint and ends with status 1, as dockerd does today
/// (1.2.0: 2). `--help` and `--version` end with 0.
std::variant<command_line, print_and_exit> parse_flags(std::span<const std::string> args);

/// Settings ready for use.
struct configuration {
  settings values;
  std::vector<std::string> warnings; ///< whole lines for the log
};

/// Flags and the text of the configuration file put together, completed and validated. Pure.
result<configuration> combine(const command_line& flags, std::string_view file_text,
                              const environment& env);

/// The same with the file read from disk: an absent file is fine unless it was asked for by name.
/// The directories' paths are absolute then, and the data root's has no links in it. Used at the
/// start and again for each reload. Blocking.
result<configuration> configure(const command_line& flags, const environment& env);

/// What `main` is to do.
struct run {
  command_line flags; ///< kept for reloads
  configuration config;
};
using outcome = std::variant<run, print_and_exit>;

/// `parse_flags`, `configure` and `--validate`. `args` without the program's name. Blocking.
outcome start(std::span<const std::string> args, const environment& env);

/// `Gantry version V, build COMMIT`, without newline.
std::string version_line();

/// The text of `--help`, laid out for 80 columns.
std::string help_text();

} // namespace gantry::app
