#pragma once

namespace gantry::host {

/// Gives back what only the start of a program needs: unmaps the pages of its own and its
/// libraries' files that were read since (symbols, relocations, code that runs once), and returns
/// free heap to the kernel. They stay in the page cache, and whoever needs one again finds it by a
/// minor fault. Data are left alone, they are the program's own; so is code while a debugger is
/// attached, for it may hold breakpoints. Any thread; a few dozen system calls.
void release_startup_memory();

} // namespace gantry::host
