#pragma once

#include "app/ctl/command_line.hpp"
#include "app/ctl/source.hpp"

namespace gantry::ctl {

/// `gantryctl top`: on a terminal until a key ends it, else (or with --batch) as text. The exit
/// status; mistakes are told on stderr.
int run_top(const invocation& how, const environment& env);

} // namespace gantry::ctl
