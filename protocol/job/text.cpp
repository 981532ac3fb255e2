#include "protocol/job/text.hpp"

#include <algorithm>

namespace gantry::job {
namespace {

constexpr std::string_view blanks = " \t\n\v\f\r";

std::string_view without_cr(std::string_view line) {
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

} // namespace

std::string_view tail(std::string_view text, int n) noexcept {
  if (n <= 0)
    return {};
  if (text.ends_with('\n'))
    text.remove_suffix(1);
  std::size_t end = text.size();
  for (;;) {
    const auto newline = end == 0 ? std::string_view::npos : text.rfind('\n', end - 1);
    if (newline == std::string_view::npos)
      return text;
    if (--n == 0)
      return text.substr(newline + 1);
    end = newline;
  }
}

std::string_view last_line(std::string_view text) noexcept {
  const auto last = text.find_last_not_of(blanks);
  if (last == std::string_view::npos)
    return {};
  text = text.substr(0, last + 1);
  return text.substr(text.rfind('\n') + 1); // npos + 1 == 0
}

std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(without_cr(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool line_splitter::next(std::string_view& bytes, std::string_view& line) {
  if (taken_) {
    pending_.clear();
    taken_ = false;
  }
  const auto room = max_line_ - pending_.size();
  const auto newline = bytes.substr(0, room + 1).find('\n');
  if (newline != std::string_view::npos) {
    line = bytes.substr(0, newline);
    bytes.remove_prefix(newline + 1);
    if (!pending_.empty()) {
      pending_.append(line);
      line = pending_;
      taken_ = true;
    }
    line = without_cr(line);
    return true;
  }
  // No end of line in sight: a full part goes out once it is known that more of the line follows.
  const auto part = bytes.substr(0, room);
  pending_.append(part);
  bytes.remove_prefix(part.size());
  if (bytes.empty())
    return false;
  line = pending_;
  taken_ = true;
  return true;
}

} // namespace gantry::job
