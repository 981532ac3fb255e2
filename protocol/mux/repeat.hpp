#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace gantry::mux {

/// A set of bytes.
class byte_set {
public:
  constexpr bool contains(char c) const noexcept {
    const auto u = static_cast<unsigned char>(c);
    return (bits_[u >> 6] >> (u & 63) & 1) != 0;
  }
  constexpr void insert(unsigned char c) noexcept { bits_[c >> 6] |= std::uint64_t{1} << (c & 63); }
  constexpr void insert(unsigned char first, unsigned char last) noexcept {
    for (unsigned c = first; c <= last; ++c)
      insert(static_cast<unsigned char>(c));
  }
  constexpr void invert() noexcept {
    for (auto& word : bits_)
      word = ~word;
  }
  constexpr bool ascii_only() const noexcept { return bits_[2] == 0 && bits_[3] == 0; }
  /// The only byte that is not in the set, or -1 if it is not one.
  int sole_absentee() const noexcept;

private:
  std::array<std::uint64_t, 4> bits_{};
};

/// A regular expression that is one character class and a greedy repetition: `[^/]+`, `.*`,
/// `[0-9]{3}`. Nearly all variables are of that kind; they are matched here, without a program.
struct repeat {
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  byte_set set;
  std::size_t min = 1;
  std::size_t max = 1;
  int stop = -1; ///< the sole byte not in `set`, if there is one: the search for it is quick

  /// How many bytes at the start of `text` belong to the set, at most `max`.
  std::size_t run(std::string_view text) const noexcept;
  /// True if the expression matches all of `text`.
  bool matches(std::string_view text) const noexcept {
    return text.size() >= min && text.size() <= max && run(text) == text.size();
  }
};

/// The `repeat` that means the same as `regexp` on well-formed UTF-8, or none if it is another kind
/// of expression (or malformed: the judgement is left to the real engine).
std::optional<repeat> parse_repeat(std::string_view regexp);

/// True unless no text with a `/` in it can match. May err on the side of true.
bool may_match_slash(std::string_view regexp);

} // namespace gantry::mux
