#pragma once

#include "app/ctl/command_line.hpp"
#include "app/ctl/source.hpp"

#include <string_view>

namespace gantry::ctl {

/// Runs a command with stdin, stdout and stderr. The exit status.
int run(const invocation& how, const environment& env);

/// Runs what the words after the program's name say.
int run(std::span<const std::string> words, const environment& env);

/// Tells on stderr why it failed, unless it is only that nobody reads stdout any more; the exit
/// status.
int tell_failure(const api_error& error);

} // namespace gantry::ctl
