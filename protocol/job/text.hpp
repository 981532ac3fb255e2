#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::job {

/// The last `n` lines of `text` exactly as 1.2.0 took them (T7): one final newline is dropped, then
/// the last `n` lines stay joined by `\n`; all of them if there are fewer, none if n <= 0. A text
/// that ends in a blank line therefore has an empty last line.
std::string_view tail(std::string_view text, int n) noexcept;

/// The last line of `text` that is not blank, without white space at its end; "" if all are blank.
/// What names a failure (K-17).
std::string_view last_line(std::string_view text) noexcept;

/// All lines of `text` without their ends (`\n` or `\r\n`). An unfinished last line counts if it
/// is not empty.
std::vector<std::string_view> split_lines(std::string_view text);

/// Cuts a stream that arrives in pieces into lines without their ends (`\n` or `\r\n`). A line of
/// more than `max_line` bytes comes in parts of that size, so memory is bounded.
class line_splitter {
public:
  explicit line_splitter(std::size_t max_line = 64 * 1024) : max_line_{max_line ? max_line : 1} {}

  /// Takes `bytes` and calls `on_line(std::string_view)` for every line that is now complete. The
  /// view is valid during the call.
  template <class F>
  void push(std::string_view bytes, F&& on_line) {
    std::string_view line;
    while (next(bytes, line))
      on_line(line);
  }

  /// The stream has ended: calls `on_line` for an unfinished line, if there is one.
  template <class F>
  void finish(F&& on_line) {
    const bool unfinished = !taken_ && !pending_.empty();
    if (pending_.ends_with('\r'))
      pending_.pop_back();
    if (unfinished)
      on_line(std::string_view{pending_});
    pending_.clear();
    taken_ = false;
  }

private:
  // Takes one line (or part) from the front of `bytes`; false if all is stored and none is ready.
  bool next(std::string_view& bytes, std::string_view& line);

  std::string pending_;
  std::size_t max_line_;
  bool taken_ = false; // pending_ was handed out and is to be dropped
};

} // namespace gantry::job
