#pragma once

#include "app/ctl/command_line.hpp"
#include "app/ctl/source.hpp"

namespace gantry::ctl {

/// `gantryctl trace`: prints what was done for a request, or an actor's messages as it handles
/// them, until it is ended, the time is over or there were enough of them; the trace ends with it.
/// The exit status.
int trace(const invocation& how, const environment& env);

/// `gantryctl kill`, `pause` and `resume`: all the actors that are named, also if one of them
/// cannot be. The exit status: that of a failure before that of an actor that is not there.
int change_actors(const invocation& how, const environment& env);

} // namespace gantry::ctl
