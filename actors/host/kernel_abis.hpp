#pragma once

namespace gantry::host {

/// Ways into the kernel beside the native one of amd64. Source: syscall(2), Linux's
/// CONFIG_IA32_EMULATION and CONFIG_X86_X32_ABI.
struct kernel_abis {
  bool ia32 = false; ///< `int $0x80`, as programs of 32 bits call
  bool x32 = false;  ///< numbers with bit 30 set
};

/// Tries them, each in a child process of its own, since a filter over this process may end who
/// does so. Blocking, for about a millisecond. On other architectures there is none.
kernel_abis probe_kernel_abis();

} // namespace gantry::host
