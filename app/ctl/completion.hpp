#pragma once

#include <string>
#include <string_view>

namespace gantry::ctl {

/// The script that has a shell complete the words of gantryctl: commands, flags and those values
/// that are one of a few, from the table of commands; kinds and ids of actors are asked of the
/// daemon. `shell` is `bash`, `zsh` or `fish`.
std::string completion_for(std::string_view shell);

} // namespace gantry::ctl
