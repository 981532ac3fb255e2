#include "protocol/mux/repeat.hpp"

#include "protocol/text.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

namespace gantry::mux {

namespace {

constexpr std::size_t max_count = 1000; // RE2 and Go refuse larger counts

bool is_word(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

void insert_word(byte_set& set) {
  set.insert('0', '9');
  set.insert('a', 'z');
  set.insert('A', 'Z');
  set.insert('_');
}

/// Inserts what `\c` stands for. False if it is none of the simple escapes.
bool insert_escape(byte_set& set, unsigned char c) {
  if (c == 'd')
    set.insert('0', '9');
  else if (c == 'w')
    insert_word(set);
  else if (c > ' ' && c < 0x7f && !is_word(c))
    set.insert(c);
  else
    return false;
  return true;
}

/// Takes a bracket expression (without the opening bracket) off the front of `s`.
std::optional<byte_set> take_class(std::string_view& s) {
  byte_set set;
  const bool negated = s.starts_with('^');
  if (negated)
    s.remove_prefix(1);
  if (s.empty() || s[0] == ']')
    return std::nullopt; // a literal bracket, or nothing
  for (bool first = true;; first = false) {
    if (s.empty())
      return std::nullopt;
    const auto c = static_cast<unsigned char>(s[0]);
    s.remove_prefix(1);
    if (c == ']')
      break;
    if (c >= 0x80 || (c == '[' && s.starts_with(':')))
      return std::nullopt;
    if (c == '\\') {
      if (s.empty() || !insert_escape(set, static_cast<unsigned char>(s[0])))
        return std::nullopt;
      s.remove_prefix(1);
      if (s.starts_with('-') && !s.starts_with("-]"))
        return std::nullopt; // a range from an escape
      continue;
    }
    if (c == '-' && !first && !s.starts_with(']'))
      return std::nullopt;
    if (s.size() >= 2 && s[0] == '-' && s[1] != ']') {
      const auto last = static_cast<unsigned char>(s[1]);
      if (last >= 0x80 || last == '\\' || last == '[' || last < c)
        return std::nullopt;
      set.insert(c, last);
      s.remove_prefix(2);
      continue;
    }
    set.insert(c);
  }
  if (negated)
    set.invert();
  return set;
}

std::optional<byte_set> take_atom(std::string_view& s) {
  if (s.empty())
    return std::nullopt;
  const char c = s[0];
  s.remove_prefix(1);
  byte_set set;
  switch (c) {
  case '.':
    set.insert('\n');
    set.invert();
    return set;
  case '[':
    return take_class(s);
  case '\\':
    if (s.empty() || !insert_escape(set, static_cast<unsigned char>(s[0])))
      return std::nullopt;
    s.remove_prefix(1);
    return set;
  default:
    return std::nullopt;
  }
}

/// Reads a decimal number off the front of `s`.
bool take_count(std::string_view& s, std::size_t& n) {
  if (s.size() >= 2 && s[0] == '0' && is_digit(s[1]))
    return false; // not a count for the engine either
  const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), n);
  if (error != std::errc{} || n > max_count)
    return false;
  s.remove_prefix(static_cast<std::size_t>(end - s.data()));
  return true;
}

bool parse_quantifier(std::string_view s, repeat& r) {
  r.min = r.max = 1;
  if (s.empty())
    return true;
  if (s == "*" || s == "?")
    r.min = 0;
  if (s == "*" || s == "+")
    r.max = repeat::unlimited;
  if (s == "*" || s == "+" || s == "?")
    return true;
  if (s.size() < 3 || s.front() != '{' || s.back() != '}' || !is_digit(s[1]))
    return false;
  s = s.substr(1, s.size() - 2);
  if (!take_count(s, r.min))
    return false;
  r.max = r.min;
  if (s.empty())
    return true;
  if (s[0] != ',')
    return false;
  s.remove_prefix(1);
  r.max = repeat::unlimited;
  return s.empty() || (is_digit(s[0]) && take_count(s, r.max) && s.empty() && r.max >= r.min);
}

} // namespace

int byte_set::sole_absentee() const noexcept {
  int found = -1;
  for (std::size_t i = 0; i < bits_.size(); ++i) {
    if (const int absent = std::popcount(~bits_[i]); absent == 0)
      continue;
    else if (absent > 1 || found >= 0)
      return -1;
    found = static_cast<int>(i * 64) + std::countr_one(bits_[i]);
  }
  return found;
}

std::size_t repeat::run(std::string_view text) const noexcept {
  const std::size_t limit = std::min(max, text.size());
  if (limit == 0)
    return 0; // memchr must not see the null pointer of an empty view
  if (stop >= 0) {
    const void* at = std::memchr(text.data(), stop, limit);
    return at ? static_cast<std::size_t>(static_cast<const char*>(at) - text.data()) : limit;
  }
  std::size_t n = 0;
  while (n < limit && set.contains(text[n]))
    ++n;
  return n;
}

std::optional<repeat> parse_repeat(std::string_view regexp) {
  auto set = take_atom(regexp);
  repeat r;
  if (!set || !parse_quantifier(regexp, r))
    return std::nullopt;
  // Beyond ASCII the engine counts code points, we bytes: the same only where the count is free.
  if (!set->ascii_only() && !(r.max == repeat::unlimited && r.min <= 1))
    return std::nullopt;
  r.set = *set;
  r.stop = set->sole_absentee();
  return r;
}

bool may_match_slash(std::string_view regexp) {
  while (!regexp.empty()) {
    const char c = regexp[0];
    if (c == '[' || c == '\\' || c == '.') {
      const auto set = take_atom(regexp);
      if (!set || set->contains('/'))
        return true;
      continue;
    }
    // Groups, alternation, counts and plain text add no slash; flags do not either.
    if (c == '/')
      return true;
    regexp.remove_prefix(1);
  }
  return false;
}

} // namespace gantry::mux
