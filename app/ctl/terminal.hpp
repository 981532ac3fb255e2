#pragma once

#include "app/ctl/table.hpp"
#include "protocol/error.hpp"

#include <termios.h>

#include <cstddef>
#include <string_view>

namespace gantry::ctl {

/// Columns and lines.
struct terminal_size {
  std::size_t columns = 80;
  std::size_t lines = 24;
};

/// What stdout is: the width of its terminal, unless lines are not to be cut; colours on a terminal
/// that has them, without NO_COLOR; UTF-8 if the locale has it, which `setlocale` has to have been
/// called for.
paper paper_of_stdout(bool no_trunc);

/// True if both stdin and stdout are terminals.
bool has_terminal() noexcept;

terminal_size size_of_terminal() noexcept;

/// Writes all of it to stdout. Errors: unavailable if nobody reads it any more, else system with
/// why: `write: No space left on device`.
result<void> print(std::string_view text);

/// The terminal of stdin and stdout in raw mode, with its alternate screen and no cursor, for as
/// long as it lives; then as it was.
class raw_terminal {
public:
  raw_terminal();
  ~raw_terminal();
  raw_terminal(raw_terminal&&) = delete;

  /// As it was before, or in raw mode again: while the program is stopped.
  void leave() noexcept;
  void enter() noexcept;

private:
  termios before_{};
  bool in_ = false;
};

} // namespace gantry::ctl
