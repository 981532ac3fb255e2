#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// The one table behind the command line, its help, the completions and the check of the manual.
namespace gantry::ctl {

/// What a flag or an operand takes; for completion and checks.
enum class value_kind : std::uint8_t {
  none, ///< it is there or not
  text,
  number,
  duration, ///< `10m`
  file,
  host,
  actor,   ///< an id
  kind,    ///< of actors
  state,   ///< of actors
  order,   ///< of actors, maybe with a `-` before it
  level,   ///< of the log
  shell,   ///< with completions
  command, ///< of this table
};

/// The words of which such a value is one; none: it is not one of a few.
std::span<const std::string_view> words_of(value_kind kind) noexcept;

struct flag_spec {
  std::string_view name; ///< without dashes
  char letter;           ///< or 0
  value_kind value;
  std::string_view placeholder; ///< `ADDR`; empty: it takes no value
  std::string_view help;
};

/// An operand. Only the last may be left out.
struct operand_spec {
  std::string_view placeholder; ///< empty: there is none
  value_kind value = value_kind::none;
  bool required = true;
  bool many = false; ///< several of them may be given
};

struct command_spec {
  std::string_view name;
  std::string_view help; ///< one line
  operand_spec operand;
  std::span<const flag_spec> flags; ///< besides those that all have
  bool needs_daemon = false;        ///< a dump will not do
};

/// In the order of the help.
std::span<const command_spec> commands() noexcept;

/// The flags that come before a command or behind it.
std::span<const flag_spec> common_flags() noexcept;

/// The command of that name, or nullptr.
const command_spec* find_command(std::string_view name) noexcept;

/// `-H, --host`, `    --file`.
std::string flag_title(const flag_spec& flag);

} // namespace gantry::ctl
