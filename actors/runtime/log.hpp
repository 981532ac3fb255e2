#pragma once

#include <atomic>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The daemon's log as the code below `app/` sees it: a level check and a function pointer.
/// What becomes of a line is the business of whoever called `set_sink`.
///
///     log::write(log::level::info, "container", "started", {{"id", id}, {"pid", pid}});
///
/// Every function may be called from any thread at any time.
namespace gantry::log {

/// How much a line matters, rising. `fatal` says that the daemon ends because of it; writing the
/// line does not end it.
enum class level : std::uint8_t { debug, info, warn, error, fatal };

/// The level as a log line spells it: `debug info warning error fatal`.
std::string_view to_string(level value) noexcept;

/// The level for a word of `--log-level`: those of `to_string`, and `warn`.
std::optional<level> parse_level(std::string_view word) noexcept;

/// A key and its value, for the length of one `write`. Borrows texts; numbers are kept inside.
class field {
public:
  field(std::string_view key, std::string_view value) noexcept : key_(key), text_(value) {}
  /// A template, or else `bool` would win over `std::string_view` for a literal.
  template <std::integral Number>
  field(std::string_view key, Number value) noexcept : key_(key), literal_(true) {
    if constexpr (std::same_as<Number, bool>) {
      text_ = value ? "true" : "false";
    } else {
      auto end = std::to_chars(digits_, digits_ + sizeof digits_, value).ptr;
      size_ = static_cast<std::uint8_t>(end - digits_);
    }
  }

  std::string_view key() const noexcept { return key_; }

  /// The value as text, whatever it was.
  std::string_view value() const noexcept {
    return size_ != 0 ? std::string_view(digits_, size_) : text_;
  }

  /// Whether the value is a number or a truth value, which JSON writes without quotes.
  bool is_literal() const noexcept { return literal_; }

private:
  std::string_view key_;
  std::string_view text_;
  char digits_[24] = {};
  std::uint8_t size_ = 0;
  bool literal_ = false;
};

/// One line, for the length of a call to the sink.
struct record {
  level severity = level::info;
  std::string_view component; ///< who speaks: `engine`, `listener`; may be empty
  std::string_view text;
  std::span<const field> fields;
  /// The request for which the thread worked that wrote it, 0 if none or if a field says it. Goes
  /// behind the fields as `request`.
  std::uint64_t request = 0;
};

/// Takes a line away. Must be safe to call from several threads at once, must not throw and must
/// not wait for anything slow: it runs on the threads of the actors.
using sink = void (*)(const record&) noexcept;

/// Sends lines to `next` from now on, or with nullptr to the default, which writes `append_logfmt`
/// to stderr at once. Answers the former sink. A call of the former sink may still be under way in
/// another thread.
sink set_sink(sink next) noexcept;

/// The least severity that is written. `info` at the start.
void set_level(level least) noexcept;
level current_level() noexcept;

namespace detail {
extern std::atomic<level> least_level;
}

/// Whether a line of this severity would be written: for callers whose text costs something.
inline bool enabled(level severity) noexcept {
  return severity >= detail::least_level.load(std::memory_order_relaxed);
}

/// Writes a line if its severity is enabled. `text` is `verb object`, without final period.
void write(level severity, std::string_view component, std::string_view text,
           std::initializer_list<field> fields = {}) noexcept;

/// Appends `level=info msg="..." component=x key=value` without newline. What is not a plain word
/// is quoted as in Go's %q, so that no line can be forged from within a value.
void append_logfmt(std::string& out, const record& line);

} // namespace gantry::log
