#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// Bytes and texts, without a locale: letters, digits and white space are those of ASCII.
namespace gantry {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_alpha(char c) noexcept { return is_lower(c) || is_upper(c); }
constexpr bool is_alnum(char c) noexcept { return is_alpha(c) || is_digit(c); }
/// True for a space, a tab and the bytes that end lines or pages.
constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

constexpr char to_lower(char c) noexcept { return is_upper(c) ? static_cast<char>(c | 0x20) : c; }
constexpr char to_upper(char c) noexcept { return is_lower(c) ? static_cast<char>(c & ~0x20) : c; }

/// `text` with its letters made small, or large.
std::string lower(std::string_view text);
std::string upper(std::string_view text);

/// `text` without white space around it.
std::string_view trim_space(std::string_view text) noexcept;

/// Length of the well-formed UTF-8 sequence at the front of `text` (RFC 3629: no surrogates,
/// nothing overlong or beyond U+10FFFF); 0 if there is none.
std::size_t utf8_sequence(std::string_view text) noexcept;

/// `text` in double quotes, with Go's escapes (`%q`), for error texts.
std::string quoted(std::string_view text);

} // namespace gantry
