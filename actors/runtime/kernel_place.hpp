#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace gantry::runtime {

/// The kernel function in which a thread of this process waits (`futex_wait_queue`), or "" if it
/// runs or the kernel does not tell. Reads proc; does not wait for the thread.
std::string wait_channel(pid_t tid);

/// Whether a thread of this process waits for descriptors in epoll_wait(2), as far as the kernel
/// tells.
bool waits_for_descriptors(pid_t tid);

/// Where in the kernel a thread of this process is: its kernel stack, innermost function first and
/// ` < ` between them, if that may be read, else its `wait_channel`.
std::string kernel_place(pid_t tid);

/// How often a thread of this process was put on a processor: the same number twice means that it
/// has not run in between. 0 if the kernel does not tell. Reads proc.
std::uint64_t times_scheduled(pid_t tid);

} // namespace gantry::runtime
