#pragma once

#include <string>
#include <string_view>

namespace gantry::host {

/// `ROOT/RELATIVE`, whether or not `root` ends in a slash or `relative` begins with one.
std::string below(const std::string& root, std::string_view relative);

/// The content of a small file, at most 1 MiB of it; empty if it cannot be read.
std::string read_text(const std::string& path);

/// The same without white space at the end, as kernel files have it.
std::string read_word(const std::string& path);

/// True if something is at `path`.
bool exists(const std::string& path);

/// The next line of `text`, which is removed from it together with its line break.
std::string_view next_line(std::string_view& text);

/// `text` without blanks, tabs and carriage returns at either end.
std::string_view trim_blanks(std::string_view text);

} // namespace gantry::host
