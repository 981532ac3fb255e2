#pragma once

#include <map>
#include <string>

/// Files of cgroups and of /proc, for what reads a container's use of the machine.
namespace gantry::test {

using text_files = std::map<std::string, std::string>;

/// Cgroups of version 1 as Linux 6.18 has them: `CONTROLLER/FILE`. A container with --pids-limit 50
/// and --cpus 0.1 that writes a file and reads it.
inline text_files v1_files() {
  return {
      {"cpuacct/cpuacct.usage", "658512312\n"},
      {"cpuacct/cpuacct.usage_percpu", "346227709 312379817 \n"},
      {"cpuacct/cpuacct.stat", "user 2\nsystem 63\n"},
      {"cpu/cpu.stat", "nr_periods 66\nnr_throttled 64\nthrottled_time 2471257559\n"
                       "nr_bursts 0\nburst_time 0\n"},
      {"pids/pids.current", "2\n"},
      {"pids/pids.max", "50\n"},
      {"memory/memory.usage_in_bytes", "23236608\n"},
      {"memory/memory.max_usage_in_bytes", "23572480\n"},
      {"memory/memory.failcnt", "7\n"},
      {"memory/memory.limit_in_bytes", "9223372036854771712\n"},
      {"memory/memory.stat",
       "cache 20971520\nrss 679936\nrss_huge 0\nshmem 0\nmapped_file 0\ndirty 0\nwriteback 0\n"
       "workingset_refault_anon 0\nworkingset_refault_file 0\nswap 0\nswapcached 0\n"
       "pgpgin 32412\npgpgout 32226\npgfault 34547\npgmajfault 0\ninactive_anon 630784\n"
       "active_anon 0\ninactive_file 20971520\nactive_file 0\nunevictable 0\n"
       "hierarchical_memory_limit 9223372036854771712\n"
       "hierarchical_memsw_limit 9223372036854771712\n"
       "total_cache 20971520\ntotal_rss 679936\ntotal_rss_huge 0\ntotal_shmem 0\n"
       "total_mapped_file 0\ntotal_dirty 0\ntotal_writeback 0\n"
       "total_workingset_refault_anon 0\ntotal_workingset_refault_file 0\ntotal_swap 0\n"
       "total_swapcached 0\ntotal_pgpgin 32412\ntotal_pgpgout 32226\ntotal_pgfault 34548\n"
       "total_pgmajfault 0\ntotal_inactive_anon 630784\ntotal_active_anon 0\n"
       "total_inactive_file 20971521\ntotal_active_file 0\ntotal_unevictable 0\n"},
      {"blkio/blkio.bfq.io_service_bytes_recursive", "Total 0\n"},
      {"blkio/blkio.bfq.io_serviced_recursive", "Total 0\n"},
      {"blkio/blkio.throttle.io_service_bytes_recursive",
       "254:0 Read 1195376640\n254:0 Write 1195614208\n254:0 Sync 3586367488\n254:0 Async 0\n"
       "254:0 Discard 1195376640\n254:0 Total 3586367488\nTotal 3586367488\n"},
      {"blkio/blkio.throttle.io_serviced_recursive",
       "254:0 Read 1700\n254:0 Write 400\n254:0 Sync 2157\n254:0 Async 0\n254:0 Discard 57\n"
       "254:0 Total 2157\nTotal 2157\n"},
  };
}

/// A cgroup of version 2, as Documentation/admin-guide/cgroup-v2.rst of Linux 6.1 says it is:
/// `FILE`.
inline text_files v2_files() {
  return {
      {"cpu.stat", "usage_usec 123456\nuser_usec 100000\nsystem_usec 23456\n"
                   "core_sched.force_idle_usec 0\nnr_periods 10\nnr_throttled 3\n"
                   "throttled_usec 4500\nnr_bursts 0\nburst_usec 0\n"},
      {"memory.current", "4194304\n"},
      {"memory.max", "max\n"},
      {"memory.events", "low 0\nhigh 0\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n"},
      {"memory.stat",
       "anon 811008\nfile 3108864\nkernel 262144\nkernel_stack 32768\npagetables 61440\n"
       "sec_pagetables 0\npercpu 0\nsock 0\nvmalloc 0\nshmem 0\nzswap 0\nzswapped 0\n"
       "file_mapped 1892352\nfile_dirty 0\nfile_writeback 0\nswapcached 0\nanon_thp 0\n"
       "file_thp 0\nshmem_thp 0\ninactive_anon 806912\nactive_anon 4096\n"
       "inactive_file 1253376\nactive_file 1855488\nunevictable 0\nslab_reclaimable 184\n"
       "slab_unreclaimable 262256\nslab 262440\nworkingset_refault_anon 1\n"
       "workingset_refault_file 20\nworkingset_activate_anon 0\nworkingset_activate_file 3\n"
       "workingset_restore_anon 0\nworkingset_restore_file 0\nworkingset_nodereclaim 0\n"
       "pgscan 421\npgsteal 400\npgscan_kswapd 421\npgscan_direct 0\npgsteal_kswapd 400\n"
       "pgsteal_direct 0\npgfault 10626\npgmajfault 5\npgrefill 71\npgactivate 330\n"
       "pgdeactivate 0\npglazyfree 0\npglazyfreed 0\nthp_fault_alloc 0\n"
       "thp_collapse_alloc 0\n"},
      {"io.stat", "8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0\n"
                  "8:0 rbytes=90430464 wbytes=299008000 rios=8950 wios=1252 dbytes=50331648 "
                  "dios=3021\n"},
      {"pids.current", "5\n"},
      {"pids.max", "max\n"},
  };
}

inline const std::string proc_stat =
    "cpu  6743161 2366557 1067622 1791217 35311 0 38273 617244 0 0\n"
    "cpu0 3352986 1185810 534835 913514 19876 0 16781 305823 0 0\n"
    "cpu1 3390174 1180746 532787 877703 15435 0 21492 311420 0 0\n"
    "intr 79084007 0 0\nctxt 208495523\n";

inline const std::string network_devices =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop "
    "fifo colls carrier compressed\n"
    "    lo:     100       1    0    0    0     0          0         0      100       1    0    0  "
    "  "
    "0     0       0          0\n"
    " tunl0:       0       0    0    0    0     0          0         0        0       0    0    0  "
    "  "
    "0     0       0          0\n"
    "  eth0: 2490257   14406    1    2    3     4          5         6  2795987    9571    7    8  "
    "  "
    "9    10      11         12\n"
    "eth1:5 6 0 0 0 0 0 0 7 8 0 0 0 0 0 0\n";

} // namespace gantry::test
