// gantry-monitor: one small process per container and one per exec, which outlives the daemon. It
// holds the container's stdin, stdout and stderr or its terminal, writes its log, serves attached
// clients, and knows how it ended.
//
// Why not conmon: its json-file logs know no rotation while no daemon runs, it truncates a full log
// where Docker rotates it, and a slow attached client holds up the container.
//
// One thread around epoll(7). What it is told and tells: protocol/monitor. If it is killed, its
// clients see the end of the connection without `exited` and there is no exit file; the process
// lives on without outputs and has to be killed by the daemon.
#include "app/monitor/launch.hpp"

int main(int argc, char** argv) { return gantry::monitor::launch(argc, argv); }
