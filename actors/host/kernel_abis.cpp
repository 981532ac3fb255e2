#include "actors/host/kernel_abis.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <initializer_list>

namespace gantry::host {

#ifdef __x86_64__

namespace {

bool call_ia32() {
  constexpr long getpid_of_ia32 = 20;
  long answer = 0;
  asm volatile("int $0x80" : "=a"(answer) : "a"(getpid_of_ia32) : "memory");
  return answer > 0;
}

bool call_x32() {
  constexpr long x32_bit = 0x40000000;
  return ::syscall(x32_bit | SYS_getpid) > 0;
}

/// False also if there can be no child.
bool works_in_a_child(bool (*call)()) {
  const pid_t child = ::fork();
  if (child < 0)
    return false;
  if (child == 0) {
    // Between fork and _exit only what is safe in a process that had threads.
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    for (int fault : {SIGSEGV, SIGSYS})
      ::signal(fault, SIG_DFL);
    ::_exit(call() ? 0 : 1);
  }
  int status = 0;
  pid_t waited = 0;
  do
    waited = ::waitpid(child, &status, 0);
  while (waited < 0 && errno == EINTR);
  return waited == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

kernel_abis probe_kernel_abis() {
  return {works_in_a_child(call_ia32), works_in_a_child(call_x32)};
}

#else

kernel_abis probe_kernel_abis() { return {}; }

#endif

} // namespace gantry::host
