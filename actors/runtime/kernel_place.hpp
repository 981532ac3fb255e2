#pragma once

#include <sys/types.h>

#include <string>

namespace gantry::runtime {

/// The kernel function in which a thread of this process waits (`futex_wait_queue`), or "" if it
/// runs or the kernel does not tell. Reads proc; does not wait for the thread.
std::string wait_channel(pid_t tid);

/// Where in the kernel a thread of this process is: its kernel stack, innermost function first and
/// ` < ` between them, if that may be read, else its `wait_channel`.
std::string kernel_place(pid_t tid);

} // namespace gantry::runtime
