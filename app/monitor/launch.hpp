#pragma once

namespace gantry::monitor {

/// The program: `gantry-monitor SETTINGS` (a file, see `settings`; `-` is standard input, which
/// else may be a sealed copy of the runtime, to be run in its place). Starts
/// the monitor as a process of its own, apart from ours in session, group, descriptors and signals,
/// and parent of nothing that we have; waits until the runtime has made the process or failed to;
/// writes a launch reply to standard output. Exit code: 0 if there is a process, 1 if not, 2 for
/// a wrong command line.
int launch(int argc, char** argv);

} // namespace gantry::monitor
