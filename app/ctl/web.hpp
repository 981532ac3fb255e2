#pragma once

#include "app/ctl/command_line.hpp"
#include "app/ctl/source.hpp"

namespace gantry::ctl {

/// `gantryctl web`: prints an address and serves the daemon's page there until SIGINT or SIGTERM.
/// The exit status.
int run_web(const invocation& how, const environment& env);

} // namespace gantry::ctl
