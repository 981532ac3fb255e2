#pragma once

#include "app/settings.hpp"
#include "app/values.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The one table behind the flags, the configuration file, `--help`, conflicts and reloads.
namespace gantry::app {

/// Where in `settings` an option lives; its type decides how the option is written.
using member = std::variant<bool settings::*, std::int64_t settings::*, std::string settings::*,
                            std::vector<std::string> settings::*, string_map settings::*,
                            log::level settings::*, log_format settings::*, byte_count settings::*,
                            ulimit_map settings::*, runtime_map settings::*,
                            std::vector<address_pool> settings::*>;

/// When a changed value takes effect.
enum class effect : std::uint8_t {
  restart, ///< at the next start
  reload,  ///< on SIGHUP
};

/// One setting under all its names.
struct option_spec {
  std::string_view flag; ///< long flag without dashes
  char letter;           ///< short flag, or 0
  std::string_view key;  ///< key in the configuration file, and the name for people
  member target;
  effect when;
  std::string_view group;       ///< heading in `--help`
  std::string_view placeholder; ///< what stands for the value in `--help`
  std::string_view help;
  text_check check = nullptr; ///< for texts and each item of a list
  std::int64_t least = std::numeric_limits<std::int64_t>::min(); ///< for numbers
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

/// All of them, in the order of `--help`.
std::span<const option_spec> option_table();

/// The option with that configuration key, or nullptr.
const option_spec* find_key(std::string_view key);

bool is_boolean(const option_spec& option);

/// A number within the option's range. Errors: `invalid max concurrent downloads: -1 (...)`.
result<std::int64_t> check_range(const option_spec& option, std::int64_t value);

/// Puts the text of a flag where it belongs; lists and maps grow by it.
result<void> assign_text(settings& to, const option_spec& option, const std::string& text);

/// The value as messages show it: `true`, `[a b]`, `map[k:v]`, as dockerd prints them.
std::string show(const settings& from, const option_spec& option);

void copy_value(settings& to, const settings& from, const option_spec& option);
bool same_value(const settings& a, const settings& b, const option_spec& option);

/// Whether what the option is about - networks, registries - is still to come: it is
/// accepted, so that a configuration moves over unchanged, and whoever sets it is warned.
bool is_still_to_come(const option_spec& option);

/// A name that dockerd knows and that means nothing here: accepted with a warning, so that a
/// configuration moves over unchanged.
struct ignored_option {
  std::string_view flag; ///< without dashes; empty: none
  std::string_view key;  ///< empty: none
  bool takes_value = true;
};
std::span<const ignored_option> ignored_options();

} // namespace gantry::app
