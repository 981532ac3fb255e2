#include "app/ctl/table.hpp"

#include "app/ctl/text.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace gantry::ctl {

namespace {

constexpr std::size_t gap = 2;

/// Puts cells one behind the other on a line of limited width.
class line_writer {
public:
  explicit line_writer(const paper& on)
      : on_(on), width_(on.width.value_or(std::numeric_limits<std::size_t>::max())) {}

  /// Spaces are only written once something follows them.
  void skip(std::size_t columns) noexcept { pending_ += columns; }

  void write(std::string_view text, tint colour) {
    if (text.empty() || at_ + pending_ >= width_)
      return;
    line_.append(pending_, ' ');
    at_ += std::exchange(pending_, 0);
    const auto shown = cut(text, width_ - at_, on_.utf8);
    at_ += display_width(shown);
    line_ += tinted(shown, colour, on_);
  }

  std::string line() && { return std::move(line_); }

private:
  const paper& on_;
  std::size_t width_;
  std::string line_;
  std::size_t at_ = 0;
  std::size_t pending_ = 0;
};

} // namespace

std::string_view begin_tint(tint t) noexcept {
  switch (t) {
  case tint::plain:
    break;
  case tint::good:
    return "\x1b[32m";
  case tint::warning:
    return "\x1b[33m";
  case tint::bad:
    return "\x1b[1;31m";
  case tint::faint:
    return "\x1b[2m";
  case tint::heading:
    return "\x1b[1m";
  case tint::chosen:
    return "\x1b[7m";
  }
  return {};
}

std::string tinted(std::string_view text, tint t, const paper& on) {
  std::string out{text};
  if (on.colour && t != tint::plain && !text.empty())
    out.insert(0, begin_tint(t)).append(end_tint);
  return out;
}

void table::add(std::vector<cell> row) {
  row.resize(columns_.size());
  rows_.push_back(std::move(row));
}

std::vector<std::string> table::lines(const paper& on) const {
  std::vector<std::vector<cell>> all;
  all.reserve(rows_.size() + 1);
  auto& titles = all.emplace_back();
  for (const auto& column : columns_)
    titles.emplace_back(column.title, tint::heading);
  all.insert(all.end(), rows_.begin(), rows_.end());

  std::vector<std::size_t> widths;
  for (const auto& column : columns_)
    widths.push_back(column.least);
  for (auto& row : all)
    for (std::size_t i = 0; i < widths.size(); ++i) {
      row[i].text = printable(row[i].text, on.utf8);
      widths[i] = std::max(widths[i], display_width(row[i].text));
    }

  std::vector<std::string> out;
  out.reserve(all.size());
  for (const auto& row : all) {
    line_writer line{on};
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const auto space = widths[i] - display_width(row[i].text);
      if (columns_[i].align == side::right)
        line.skip(space);
      line.write(row[i].text, row[i].colour);
      line.skip(gap + (columns_[i].align == side::left ? space : 0));
    }
    out.push_back(std::move(line).line());
  }
  return out;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines)
    out.append(line).append("\n");
  return out;
}

std::string table::text(const paper& on) const { return joined(lines(on)); }

} // namespace gantry::ctl
