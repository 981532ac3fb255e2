#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Aligned columns for people. Pure.
namespace gantry::ctl {

/// What is printed on.
struct paper {
  std::optional<std::size_t> width = std::nullopt; ///< columns; none: lines may be of any length
  bool colour = false;
  bool utf8 = true;
};

/// What a cell is to look like where there are colours.
enum class tint : std::uint8_t { plain, good, warning, bad, faint, heading, chosen };

/// The codes (ECMA-48, SGR) that begin a tint; "" for plain.
std::string_view begin_tint(tint t) noexcept;
/// The code that ends any tint.
inline constexpr std::string_view end_tint = "\x1b[0m";

/// `text` in a tint, if there are colours.
std::string tinted(std::string_view text, tint t, const paper& on);

struct cell {
  cell() = default;
  cell(std::string t, tint c = tint::plain) : text(std::move(t)), colour(c) {} // NOLINT: `{"1"}`
  cell(std::string_view t, tint c = tint::plain) : text(t), colour(c) {}       // NOLINT
  cell(const char* t, tint c = tint::plain) : text(t), colour(c) {}            // NOLINT

  std::string text;
  tint colour = tint::plain;
};

enum class side : std::uint8_t { left, right };

struct column {
  std::string title;
  side align = side::left;
  std::size_t least = 0; ///< width, whatever the cells
};

/// Rows below titles, two spaces between columns, each as wide as its widest cell; texts are made
/// printable; what does not fit on the paper is cut off at its edge.
class table {
public:
  explicit table(std::vector<column> columns) : columns_(std::move(columns)) {}

  /// As many cells as columns, or fewer.
  void add(std::vector<cell> row);
  bool empty() const noexcept { return rows_.empty(); }

  /// The line of titles, then one per row, each without its line break.
  std::vector<std::string> lines(const paper& on) const;
  /// The same as one text.
  std::string text(const paper& on) const;

private:
  std::vector<column> columns_;
  std::vector<std::vector<cell>> rows_;
};

/// Appends each line with its line break.
std::string joined(const std::vector<std::string>& lines);

} // namespace gantry::ctl
