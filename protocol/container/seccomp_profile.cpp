#include "protocol/container/seccomp.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

// Which system calls a container may make. Rules, from the outcome of Docker's profile:
//  - what acts on the caller's own processes, memory, files and sockets is allowed;
//  - what needs a capability in the kernel is allowed to those who have it;
//  - what reaches past namespaces, is rarely used and has a record of holes is refused: io_uring,
//    userfaultfd, keyrings, new namespaces, sockets of the families AF_ALG and AF_VSOCK;
//  - a call that libc falls back from (clone3) is answered with ENOSYS, all others with EPERM.
// Names that a machine's libseccomp does not know are passed over by the runtime.
namespace gantry::container {
namespace {

// Names are divided by blanks.
constexpr std::string_view always =
    // files by name
    "access chdir chmod chown chown32 creat faccessat faccessat2 fchmodat fchmodat2 fchownat "
    "fstatat64 futimesat getcwd getxattr getxattrat lchown lchown32 lgetxattr link linkat "
    "listmount listxattr listxattrat llistxattr lremovexattr lsetxattr lstat lstat64 mkdir "
    "mkdirat mknod mknodat name_to_handle_at newfstatat open openat openat2 readlink "
    "readlinkat removexattr removexattrat rename renameat renameat2 rmdir setxattr "
    "setxattrat stat stat64 statfs statfs64 statmount statx symlink symlinkat truncate "
    "truncate64 umask unlink unlinkat utime utimensat utimensat_time64 utimes "
    // open files
    "_llseek cachestat close close_range copy_file_range dup dup2 dup3 fadvise64 "
    "fadvise64_64 fallocate fanotify_mark fchdir fchmod fchown fchown32 fcntl fcntl64 "
    "fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatfs "
    "fstatfs64 fsync ftruncate ftruncate64 getdents getdents64 inotify_add_watch "
    "inotify_init inotify_init1 inotify_rm_watch ioctl lseek memfd_create memfd_secret pipe "
    "pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readv sendfile "
    "sendfile64 splice sync sync_file_range syncfs tee vmsplice write writev "
    // waiting
    "_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 "
    "epoll_wait epoll_wait_old eventfd eventfd2 io_cancel io_destroy io_getevents "
    "io_pgetevents io_pgetevents_time64 io_setup io_submit poll ppoll ppoll_time64 pselect6 "
    "pselect6_time64 select signalfd signalfd4 "
    // memory
    "brk madvise map_shadow_stack membarrier mincore mlock mlock2 mlockall mmap mmap2 "
    "mprotect mremap mseal msync munlock munlockall munmap process_mrelease remap_file_pages "
    // processes and threads
    "execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait "
    "futex_waitv futex_wake get_robust_list get_thread_area getcpu getpgid getpgrp getpid "
    "getppid getpriority getrlimit getrusage getsid gettid ioprio_get ioprio_set pidfd_open "
    "pidfd_send_signal prctl prlimit64 restart_syscall riscv_hwprobe rseq "
    "sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr "
    "sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 "
    "sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield "
    "set_robust_list set_thread_area set_tid_address setpgid setpriority setrlimit setsid "
    "times ugetrlimit uretprobe vfork wait4 waitid waitpid "
    // signals
    "alarm kill pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn "
    "rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack "
    "sigprocmask sigreturn tgkill tkill "
    // who it is and what it may
    "capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 "
    "getresgid getresgid32 getresuid getresuid32 getuid getuid32 landlock_add_rule "
    "landlock_create_ruleset landlock_restrict_self seccomp setfsgid setfsgid32 setfsuid "
    "setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid "
    "setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32 "
    // time
    "adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime "
    "clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep "
    "setitimer time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 "
    "timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 "
    "timerfd_settime timerfd_settime64 "
    // network
    "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom "
    "recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown "
    "socketcall socketpair "
    // System V and POSIX IPC
    "ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend "
    "mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop "
    "semtimedop semtimedop_time64 shmat shmctl shmdt shmget "
    // the system
    "getrandom sysinfo uname ";

// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET: none of them may be set.
constexpr std::uint64_t new_namespaces = 0x7e020000;

constexpr std::uint32_t no_such_call = 38; // ENOSYS

constexpr std::uint64_t af_alg = 38;   // the kernel's ciphers: of no use to containers
constexpr std::uint64_t af_vsock = 40; // reaches the hypervisor past network namespaces

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end != 0)
      out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

seccomp_rule allow(std::string_view names) {
  seccomp_rule rule;
  rule.call.names = words(names);
  rule.call.action = "SCMP_ACT_ALLOW";
  return rule;
}

seccomp_rule allow_with(std::string_view capability, std::string_view names) {
  auto rule = allow(names);
  rule.includes.caps = words(capability);
  return rule;
}

seccomp_rule allow_on(std::string_view arches, std::string_view names) {
  auto rule = allow(names);
  rule.includes.arches = words(arches);
  return rule;
}

seccomp_rule allow_if(std::string_view name, std::uint32_t index, std::string_view op,
                      std::uint64_t value) {
  auto rule = allow(name);
  rule.call.args.push_back({.index = index, .value = value, .op = std::string{op}});
  return rule;
}

// Without CAP_SYS_ADMIN: clone of anything but namespaces. The flags are its first argument, on
// s390 its second.
std::vector<seccomp_rule> processes_without_namespaces() {
  auto clone = allow_if("clone", 0, "SCMP_CMP_MASKED_EQ", new_namespaces);
  clone.excludes = {.caps = {"CAP_SYS_ADMIN"}, .arches = {"s390", "s390x"}};
  auto clone_s390 = allow_if("clone", 1, "SCMP_CMP_MASKED_EQ", new_namespaces);
  clone_s390.includes.arches = {"s390", "s390x"};
  clone_s390.excludes.caps = {"CAP_SYS_ADMIN"};
  // The flags of clone3 are in memory, where no filter can see them.
  seccomp_rule clone3;
  clone3.call = {.names = {"clone3"}, .action = "SCMP_ACT_ERRNO", .errno_ret = no_such_call};
  clone3.excludes.caps = {"CAP_SYS_ADMIN"};
  return {std::move(clone), std::move(clone_s390), std::move(clone3)};
}

seccomp_profile make() {
  seccomp_profile out;
  out.default_action = "SCMP_ACT_ERRNO";
  out.default_errno_ret = 1; // EPERM
  out.arch_map = {
      {"SCMP_ARCH_X86_64", {"SCMP_ARCH_X86", "SCMP_ARCH_X32"}},
      {"SCMP_ARCH_AARCH64", {"SCMP_ARCH_ARM"}},
      {"SCMP_ARCH_MIPS64", {"SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64N32"}},
      {"SCMP_ARCH_MIPSEL64", {"SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64N32"}},
      {"SCMP_ARCH_S390X", {"SCMP_ARCH_S390"}},
      {"SCMP_ARCH_RISCV64", {}},
      {"SCMP_ARCH_LOONGARCH64", {}},
  };

  auto& rules = out.syscalls;
  const auto add = [&](std::initializer_list<seccomp_rule> more) {
    rules.insert(rules.end(), more);
  };
  rules.push_back(allow(always));

  // Before 4.8 a tracer could slip past a filter (the filter ran before the tracer).
  auto trace = allow("process_vm_readv process_vm_writev ptrace");
  trace.includes.min_kernel = kernel_version{4, 8};
  rules.push_back(std::move(trace));

  add({
      allow_if("socket", 0, "SCMP_CMP_LT", af_alg),
      allow_if("socket", 0, "SCMP_CMP_EQ", af_alg + 1),
      allow_if("socket", 0, "SCMP_CMP_GT", af_vsock),
      // PER_LINUX, PER_LINUX32, each alone and with UNAME26; and the question which it is.
      allow_if("personality", 0, "SCMP_CMP_EQ", 0),
      allow_if("personality", 0, "SCMP_CMP_EQ", 8),
      allow_if("personality", 0, "SCMP_CMP_EQ", 0x20000),
      allow_if("personality", 0, "SCMP_CMP_EQ", 0x20008),
      allow_if("personality", 0, "SCMP_CMP_EQ", 0xffffffff),

      allow_on("ppc64le", "sync_file_range2 swapcontext"),
      allow_on("arm arm64", "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint "
                            "cacheflush set_tls"),
      allow_on("amd64 x32", "arch_prctl"),
      allow_on("amd64 x32 x86", "modify_ldt"),
      allow_on("s390 s390x", "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr"),
      allow_on("riscv64", "riscv_flush_icache"),

      allow_with("CAP_DAC_READ_SEARCH", "open_by_handle_at"),
      allow_with("CAP_SYS_ADMIN",
                 "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie "
                 "lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount mount_setattr "
                 "move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname "
                 "sethostname setns syslog umount umount2 unshare"),
      allow_with("CAP_SYS_BOOT", "reboot"),
      allow_with("CAP_SYS_CHROOT", "chroot"),
      allow_with("CAP_SYS_MODULE", "delete_module finit_module init_module"),
      allow_with("CAP_SYS_PACCT", "acct"),
      allow_with("CAP_SYS_PTRACE",
                 "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace"),
      allow_with("CAP_SYS_RAWIO", "ioperm iopl"),
      allow_with("CAP_SYS_TIME", "clock_settime clock_settime64 settimeofday stime"),
      allow_with("CAP_SYS_TTY_CONFIG", "vhangup"),
      allow_with("CAP_SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
      allow_with("CAP_SYSLOG", "syslog"),
      allow_with("CAP_BPF", "bpf"),
      allow_with("CAP_PERFMON", "perf_event_open"),
  });
  for (auto& rule : processes_without_namespaces())
    rules.push_back(std::move(rule));
  return out;
}

} // namespace

const seccomp_profile& default_seccomp_profile() {
  static const seccomp_profile profile = make();
  return profile;
}

} // namespace gantry::container
