#include "actors/containers/container_host.hpp"

#include "actors/containers/mount_table.hpp"
#include "actors/host/cgroup_facts.hpp"
#include "actors/host/children.hpp"
#include "actors/host/kernel_abis.hpp"
#include "actors/host/process_cgroups.hpp"
#include "actors/host/system_facts.hpp"
#include "actors/host/tree_reader.hpp"

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>

namespace gantry::containers {
namespace {

using mounts_list = std::vector<mount_entry>;

// --- what create checks -----------------------------------------------------------------------

// The first of these files that says something.
std::string first_word(std::initializer_list<std::string> paths) {
  for (const auto& path : paths)
    if (auto word = host::read_word(path); !word.empty())
      return word;
  return {};
}

void find_v1_abilities(container::host_abilities& out, const std::string& root,
                       const mounts_list& mounts) {
  const auto has = [&](const char* controller, const char* file) {
    const auto* mount = find_cgroup_mount(mounts, controller);
    return mount != nullptr && host::exists(host::below(root, mount->point) + '/' + file);
  };
  out.cpu_realtime = has("cpu", "cpu.rt_period_us");
  out.blkio_weight_device =
      has("blkio", "blkio.weight_device") || has("blkio", "blkio.bfq.weight_device");
  out.blkio_read_bps = has("blkio", "blkio.throttle.read_bps_device");
  out.blkio_write_bps = has("blkio", "blkio.throttle.write_bps_device");
  out.blkio_read_iops = has("blkio", "blkio.throttle.read_iops_device");
  out.blkio_write_iops = has("blkio", "blkio.throttle.write_iops_device");
}

void find_cpusets(container::host_abilities& out, const std::string& root,
                  const mounts_list& mounts) {
  const auto* mount = find_cgroup_mount(mounts, out.cgroup_v2 ? "" : "cpuset");
  const auto base = mount == nullptr ? std::string{} : host::below(root, mount->point);
  out.cpuset_cpus =
      first_word({base + "/cpuset.cpus.effective", base + "/cpuset.effective_cpus",
                  base + "/cpuset.cpus", host::below(root, "sys/devices/system/cpu/online")});
  out.cpuset_mems =
      first_word({base + "/cpuset.mems.effective", base + "/cpuset.effective_mems",
                  base + "/cpuset.mems", host::below(root, "sys/devices/system/node/online")});
}

container::host_abilities find_abilities(const std::string& root, const mounts_list& mounts) {
  const auto cgroups = host::read_cgroup_facts(root);
  container::host_abilities out;
  out.cgroup_v2 = cgroups.version == 2;
  out.memory_limit = cgroups.memory_limit;
  out.swap_limit = cgroups.swap_limit;
  out.memory_reservation = cgroups.memory_reservation;
  out.memory_swappiness = cgroups.memory_swappiness;
  out.oom_kill_disable = cgroups.oom_kill_disable;
  out.pids_limit = cgroups.pids_limit;
  out.cpu_shares = cgroups.cpu_shares;
  out.cpu_cfs = cgroups.cpu_cfs_period && cgroups.cpu_cfs_quota;
  out.cpuset = cgroups.cpuset;
  out.blkio_weight = cgroups.blkio_weight;
  if (out.cgroup_v2) {
    out.cpu_realtime = false;
    // The controller `io` has all of them.
    out.blkio_weight_device = out.blkio_read_bps = out.blkio_write_bps = out.blkio_read_iops =
        out.blkio_write_iops = cgroups.blkio_weight;
  } else {
    find_v1_abilities(out, root, mounts);
  }
  const auto security = host::read_security_facts(root);
  out.cgroup_namespaces = security.cgroup_namespaces;
  out.apparmor = security.apparmor;
  out.ipv4_forwarding = host::read_word(host::below(root, "proc/sys/net/ipv4/ip_forward")) == "1";
  out.cpus = host::usable_cpus();
  find_cpusets(out, root, mounts);
  return out;
}

// --- this process -----------------------------------------------------------------------------

// What this process holds and may give away: a runtime cannot give what is not permitted to it.
container::capability_set own_capabilities() {
  const auto status = host::read_text("/proc/self/status");
  const auto read = [&](std::string_view key) {
    std::uint64_t bits = 0;
    std::string_view rest = status;
    while (!rest.empty()) {
      auto line = host::next_line(rest);
      if (!line.starts_with(key))
        continue;
      line = host::trim_blanks(line.substr(key.size()));
      std::from_chars(line.data(), line.data() + line.size(), bits, 16);
      break;
    }
    return container::capability_set{bits};
  };
  return read("CapBnd:") & read("CapPrm:");
}

struct limit_name {
  const char* name;
  int resource;
};

constexpr std::array<limit_name, 16> limit_names{{
    {"as", RLIMIT_AS},
    {"core", RLIMIT_CORE},
    {"cpu", RLIMIT_CPU},
    {"data", RLIMIT_DATA},
    {"fsize", RLIMIT_FSIZE},
    {"locks", RLIMIT_LOCKS},
    {"memlock", RLIMIT_MEMLOCK},
    {"msgqueue", RLIMIT_MSGQUEUE},
    {"nice", RLIMIT_NICE},
    {"nofile", RLIMIT_NOFILE},
    {"nproc", RLIMIT_NPROC},
    {"rss", RLIMIT_RSS},
    {"rtprio", RLIMIT_RTPRIO},
    {"rttime", RLIMIT_RTTIME},
    {"sigpending", RLIMIT_SIGPENDING},
    {"stack", RLIMIT_STACK},
}};

std::map<std::string, std::uint64_t> own_highest_limits(container::capability_set held,
                                                        const std::string& root) {
  std::map<std::string, std::uint64_t> out;
  if (held.has(CAP_SYS_RESOURCE)) {
    // The one that even its holder cannot pass.
    const auto word = host::read_word(host::below(root, "proc/sys/fs/nr_open"));
    std::uint64_t most = 0;
    if (std::from_chars(word.data(), word.data() + word.size(), most).ec == std::errc{})
      out["nofile"] = most;
    return out;
  }
  for (const auto& [name, resource] : limit_names) {
    rlimit limit{};
    if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &limit) == 0 &&
        limit.rlim_max != RLIM_INFINITY)
      out[name] = limit.rlim_max;
  }
  return out;
}

// --- what specs are made of -------------------------------------------------------------------

// `6.1.0-18-amd64`
container::kernel_version parse_version(std::string_view text) {
  container::kernel_version out;
  const auto* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, out.major);
  if (major.ec == std::errc{} && major.ptr != end && *major.ptr == '.')
    std::from_chars(major.ptr + 1, end, out.minor);
  return out;
}

// Directories cpuN/thermal_throttle, by N.
std::vector<std::string> find_thermal_throttles(const std::string& root) {
  const std::string base = "/sys/devices/system/cpu/cpu";
  // `0-3` or `0`: those that may ever be.
  const auto possible = host::read_word(host::below(root, "sys/devices/system/cpu/possible"));
  const auto last = possible.substr(possible.find_last_of("-,") + 1);
  unsigned highest = 0;
  std::from_chars(last.data(), last.data() + last.size(), highest);
  std::vector<std::string> out;
  for (unsigned n = 0; n <= highest; ++n) {
    auto path = base + std::to_string(n) + "/thermal_throttle";
    if (host::exists(host::below(root, path)))
      out.push_back(std::move(path));
  }
  return out;
}

container::daemon_facts find_facts(const std::string& root, const host::system_facts& machine,
                                   int cgroup_version) {
  container::daemon_facts out;
  out.cgroup_version = cgroup_version;
  out.capabilities = own_capabilities();
  out.highest_limits = own_highest_limits(out.capabilities, root);
  out.architecture = machine.go_architecture;
  out.kernel = parse_version(machine.kernel_version);
  const auto security = host::read_security_facts(root);
  out.seccomp = security.seccomp;
  out.apparmor = security.apparmor;
  if (machine.go_architecture == "amd64") {
    const auto abis = host::probe_kernel_abis();
    if (!abis.ia32)
      out.absent_architectures.emplace_back("SCMP_ARCH_X86");
    if (!abis.x32)
      out.absent_architectures.emplace_back("SCMP_ARCH_X32");
  }
  out.ping_group_range = host::exists(host::below(root, "proc/sys/net/ipv4/ping_group_range"));
  out.unprivileged_port_start =
      host::exists(host::below(root, "proc/sys/net/ipv4/ip_unprivileged_port_start"));
  out.thermal_throttle_paths = find_thermal_throttles(root);
  return out;
}

// --- cgroups of monitors ----------------------------------------------------------------------

// With version 2 the root of what the daemon sees may be one in which no process can be, so there
// is a cgroup beside the daemon's.
std::string v2_monitor_cgroup(const std::string& base) {
  auto directory = base + "/gantry-monitors";
  ::mkdir(directory.c_str(), 0755);
  return directory;
}

std::vector<std::string> cgroups_to_join(const std::string& root, const mounts_list& mounts) {
  std::vector<std::string> out;
  const auto text = host::read_text(host::below(root, "proc/self/cgroup"));
  for (const auto& in : host::parse_process_cgroups(text)) {
    const auto* mount =
        find_cgroup_mount(mounts, in.controllers.substr(0, in.controllers.find(',')));
    if (mount == nullptr || in.path == mount->root)
      continue;
    const auto base = host::below(root, mount->point);
    auto file = (in.controllers.empty() ? v2_monitor_cgroup(base) : base) + "/cgroup.procs";
    if (::access(file.c_str(), W_OK) == 0)
      out.push_back(std::move(file));
  }
  return out;
}

std::string find_second_cgroup_root(const std::string& root, const mounts_list& mounts) {
  const auto* v2 = find_cgroup_mount(mounts, "");
  if (v2 == nullptr ||
      host::read_word(host::below(root, v2->point + "/cgroup.controllers")).empty())
    return {};
  return v2->point;
}

} // namespace

container_host probe_container_host(const std::string& root) {
  const auto table = read_mount_table(root);
  const auto& mounts = table ? *table : mounts_list{};
  const auto machine = host::read_system_facts(root);
  container_host out;
  out.abilities = find_abilities(root, mounts);
  out.facts = find_facts(root, machine, out.abilities.cgroup_v2 ? 2 : 1);
  out.abilities.capabilities = out.facts.capabilities;
  out.hostname = machine.hostname;
  out.join_cgroups = cgroups_to_join(root, mounts);
  if (!out.abilities.cgroup_v2)
    out.second_cgroup_root = find_second_cgroup_root(root, mounts);
  return out;
}

oci_runtime probe_runtime_blocking(std::string name, std::string path,
                                   std::vector<std::string> args,
                                   const std::string& second_cgroup_root,
                                   std::chrono::milliseconds deadline) {
  oci_runtime out{.name = std::move(name), .path = std::move(path), .args = std::move(args)};
  const auto ask = [&](const char* what) {
    host::child_command command;
    command.argv = {out.path, what};
    command.deadline = deadline;
    const auto answer = host::run_child(command);
    return answer && answer->exit.success() ? answer->out : std::string{};
  };
  const auto version = ask("--version");
  out.opens_fifo = version.starts_with("runc version ");
  // NOTE: crun knew it before it could say so.
  constexpr std::string_view crun = "crun version ";
  constexpr container::kernel_version known_since{1, 8};
  const bool is_crun = version.starts_with(crun);
  if (is_crun)
    out.without_mount = second_cgroup_root;
  out.recursive_read_only =
      (is_crun && parse_version(std::string_view{version}.substr(crun.size())) >= known_since) ||
      ask("features").find("\"rro\"") != std::string::npos;
  return out;
}

} // namespace gantry::containers
