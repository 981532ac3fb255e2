#pragma once

#include "app/ctl/command_line.hpp"
#include "app/ctl/event_reader.hpp"
#include "app/ctl/source.hpp"

#include <string>
#include <string_view>

namespace gantry::ctl {

/// `gantryctl events`: prints what happens until it is ended. The exit status.
int follow_events(const invocation& how, const environment& env);

/// An event for people, behind the time at which it came: `spawned job 12, parent 3`, `ended
/// connection 9: exit_reason::kill`, `stall: handler of router 12 for 6s, run_job, request 77`,
/// `17 events lost`. What it does not know it shows as it came.
std::string event_text(const server_event& event);

/// The same for scripts, one JSON object: its data with `event`, its name, before it.
std::string event_json(const server_event& event);

} // namespace gantry::ctl
