#include "protocol/metrics/exposition.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>

namespace gantry::metrics {

namespace {

/// In a line of HELP a line break and a backslash are escaped; in the value of a label quotes too.
void append_escaped(std::string& out, std::string_view text, bool in_quotes) {
  for (char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (in_quotes && c == '"'))
      out += '\\';
    out += c;
  }
}

std::string_view word_of(family::kind what) noexcept {
  constexpr std::array<std::string_view, 3> words{"counter", "gauge", "histogram"};
  return words[static_cast<std::size_t>(what)];
}

} // namespace

std::string number(double value) {
  if (std::isnan(value))
    return "NaN";
  if (std::isinf(value))
    return value < 0 ? "-Inf" : "+Inf";
  // Where Go's programs write them without an exponent too, which people look for: `le="0.0005"`.
  const auto size = std::abs(value);
  const bool is_plain = size == 0 || (size >= 1e-4 && size < 1e21);
  std::array<char, 32> text; // neither form takes more than 24
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value,
                    is_plain ? std::chars_format::fixed : std::chars_format::scientific)
          .ptr;
  return {text.data(), end};
}

family::family(kind what, std::string name, std::string_view help)
    : kind_(what), name_(std::move(name)), help_(help) {}

void family::line(std::string_view suffix, const labels& of, std::string_view value,
                  std::string_view bound) {
  lines_.append(name_).append(suffix);
  char before = '{';
  const auto put = [&](std::string_view name, std::string_view text) {
    lines_ += before;
    before = ',';
    lines_.append(name).append("=\"");
    append_escaped(lines_, text, true);
    lines_ += '"';
  };
  for (const auto& [name, text] : of)
    put(name, text);
  if (!bound.empty())
    put("le", bound);
  if (before == ',')
    lines_ += '}';
  lines_.append(" ").append(value).append("\n");
}

void family::add(const labels& of, std::span<const double> bounds,
                 std::span<const std::uint64_t> counts, double sum) {
  std::uint64_t up_to = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    up_to += counts[i];
    line("_bucket", of, std::to_string(up_to), number(bounds[i]));
  }
  const auto all = std::to_string(up_to + counts[bounds.size()]);
  line("_bucket", of, all, "+Inf");
  line("_sum", of, number(sum));
  line("_count", of, all);
}

void family::write(std::string& out) const {
  if (lines_.empty())
    return;
  out.append("# HELP ").append(name_).append(" ");
  append_escaped(out, help_, false);
  out.append("\n# TYPE ").append(name_).append(" ").append(word_of(kind_)).append("\n");
  out.append(lines_);
}

family& exposition::counter(std::string_view name, std::string_view help) {
  return of(family::kind::counter, name, help);
}

family& exposition::gauge(std::string_view name, std::string_view help) {
  return of(family::kind::gauge, name, help);
}

family& exposition::histogram(std::string_view name, std::string_view help) {
  return of(family::kind::histogram, name, help);
}

family& exposition::of(family::kind what, std::string_view name, std::string_view help) {
  auto found = families_.find(name);
  if (found == families_.end())
    found = families_.try_emplace(std::string{name}, what, std::string{name}, help).first;
  return found->second;
}

std::string exposition::text() const {
  std::string out;
  for (const auto& [name, each] : families_)
    each.write(out);
  return out;
}

} // namespace gantry::metrics
