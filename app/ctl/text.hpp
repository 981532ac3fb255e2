#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Texts for people. Pure.
namespace gantry::ctl {

/// A length of time in two digits or three: `850ns`, `1.2ms`, `45s`, `3m`, `2.5h`, `12d`. What is
/// negative counts as 0, which is `0`.
std::string short_duration(std::chrono::nanoseconds d);

/// A number in at most five digits: `99999`, `100k`, `1.2M`.
std::string short_count(std::uint64_t n);

/// A number of bytes in powers of 1024, in at most five characters: `999B`, `1.2K`, `1023M`.
std::string short_bytes(std::uint64_t n);

/// `12 actors`, `1 actor`.
std::string counted(std::uint64_t n, std::string_view noun);

/// `text` as a terminal may have it: control bytes and bytes that are no UTF-8 become `?`, and so
/// does, unless `utf8`, everything beyond ASCII. Whoever chose the name of an actor does not get to
/// move the cursor.
std::string printable(std::string_view text, bool utf8);

/// Columns that a printable text takes on a terminal: combining characters take none, those of East
/// Asia two.
std::size_t display_width(std::string_view text);

/// The front of a printable text, in at most `width` columns, the last of them `…` (`utf8`) or `>`
/// if something was cut off.
std::string cut(std::string_view text, std::size_t width, bool utf8);

} // namespace gantry::ctl
