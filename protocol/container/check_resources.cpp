#include "protocol/container/create_checks.hpp"

#include "protocol/container/values.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace gantry::container {

namespace {

using detail::invalid;
using detail::items;

constexpr std::int64_t smallest_memory = 6 << 20; // what a container needs to start at all
constexpr unsigned largest_cpu = 8192;

// Puts 0 (or none) in the place of what the kernel cannot do, and says so.
template <class T>
void discard_unless(bool able, T& value, const char* warning, warning_list& warnings) {
  if (able || value == T{})
    return;
  warnings.emplace_back(warning);
  value = T{};
}

template <class T>
void discard_devices_unless(bool able, nullable_list<T>& list, const char* warning,
                            warning_list& warnings) {
  if (able || !list || list->empty())
    return;
  warnings.emplace_back(warning);
  list->clear();
}

result<void> check_swap(container_resources& r, const host_abilities& host, bool update,
                        warning_list& warnings) {
  if (r.memory > 0 && !host.memory_limit) {
    warnings.emplace_back("Your kernel does not support memory limit capabilities or the cgroup is "
                          "not mounted. Limitation discarded.");
    r.memory = 0;
    r.memory_swap = -1;
  }
  if (r.memory > 0 && r.memory_swap != -1 && !host.swap_limit) {
    warnings.emplace_back("Your kernel does not support swap limit capabilities or the cgroup is "
                          "not mounted. Memory limited without swap.");
    r.memory_swap = -1;
  }
  if (r.memory > 0 && r.memory_swap > 0 && r.memory_swap < r.memory)
    return invalid("Minimum memoryswap limit should be larger than memory limit, see usage");
  if (r.memory == 0 && r.memory_swap > 0 && !update)
    return invalid("You should always set the Memory limit when using Memoryswap limit, see usage");
  return {};
}

result<void> check_memory(container_resources& r, const host_abilities& host, bool update,
                          warning_list& warnings) {
  if (r.memory_swappiness == -1)
    r.memory_swappiness.reset();
  if (r.memory != 0 && r.memory < smallest_memory)
    return invalid("Minimum memory limit allowed is 6MB");
  if (auto swap = check_swap(r, host, update, warnings); !swap)
    return swap;
  discard_unless(host.memory_swappiness, r.memory_swappiness,
                 "Your kernel does not support memory swappiness capabilities or the cgroup is not "
                 "mounted. Memory swappiness discarded.",
                 warnings);
  if (r.memory_swappiness && (*r.memory_swappiness < 0 || *r.memory_swappiness > 100))
    return invalid("Invalid value: " + std::to_string(*r.memory_swappiness) +
                   ", valid memory swappiness range is 0-100");
  if (r.memory_reservation > 0)
    discard_unless(host.memory_reservation, r.memory_reservation,
                   "Your kernel does not support memory soft limit capabilities or the cgroup is "
                   "not mounted. Limitation discarded.",
                   warnings);
  if (r.memory_reservation > 0 && r.memory_reservation < smallest_memory)
    return invalid("Minimum memory reservation allowed is 6MB");
  if (r.memory > 0 && r.memory_reservation > r.memory)
    return invalid("Minimum memory limit can not be less than memory reservation limit, see usage");
  return {};
}

void check_oom_and_pids(container_resources& r, const host_abilities& host,
                        warning_list& warnings) {
  if (r.oom_kill_disable && !host.oom_kill_disable) {
    if (*r.oom_kill_disable)
      warnings.emplace_back(
          "Your kernel does not support OomKillDisable. OomKillDisable discarded.");
    r.oom_kill_disable.reset();
  }
  if (r.oom_kill_disable.value_or(false) && r.memory == 0)
    warnings.emplace_back("OOM killer is disabled for the container, but no memory limit is set, "
                          "this can result in the system running out of resources.");
  if (r.pids_limit && !host.pids_limit) {
    if (*r.pids_limit > 0)
      warnings.emplace_back("Your kernel does not support PIDs limit capabilities or the cgroup is "
                            "not mounted. PIDs limit discarded.");
    r.pids_limit.reset();
  }
}

result<void> check_kernel_memory(const container_resources& r, warning_list& warnings) {
  if (r.kernel_memory > 0 && r.kernel_memory < smallest_memory)
    return invalid("Minimum kernel memory limit allowed is 6MB");
  // NOTE: kernels since 5.4 have no such limits any more.
  if (r.kernel_memory > 0)
    warnings.emplace_back("Specifying a kernel memory limit is deprecated and will be removed in a "
                          "future release.");
  if (r.kernel_memory_tcp > 0)
    warnings.emplace_back("A limit for the kernel's TCP memory is not supported. Limitation "
                          "discarded.");
  return {};
}

result<void> check_nano_cpus(const container_resources& r, const host_abilities& host) {
  constexpr std::int64_t one_cpu = 1'000'000'000;
  if (r.nano_cpus > 0 && r.cpu_period > 0)
    return invalid("Conflicting options: Nano CPUs and CPU Period cannot both be set");
  if (r.nano_cpus > 0 && r.cpu_quota > 0)
    return invalid("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  if (r.nano_cpus > 0 && !host.cpu_cfs)
    return invalid("NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or "
                   "the cgroup is not mounted");
  if (r.nano_cpus < 0 || r.nano_cpus > host.cpus * one_cpu) {
    auto cpus = std::to_string(host.cpus);
    return invalid("range of CPUs is from 0.01 to " + cpus + ".00, as there are only " + cpus +
                   " CPUs available");
  }
  return {};
}

result<void> check_cpu(container_resources& r, const host_abilities& host, warning_list& warnings) {
  if (auto nano = check_nano_cpus(r, host); !nano)
    return nano;
  if (r.cpu_shares > 0)
    discard_unless(host.cpu_shares, r.cpu_shares,
                   "Your kernel does not support CPU shares or the cgroup is not mounted. Shares "
                   "discarded.",
                   warnings);
  if ((r.cpu_period != 0 || r.cpu_quota != 0) && !host.cpu_cfs) {
    warnings.emplace_back("Your kernel does not support CPU CFS scheduler. CPU period/quota "
                          "discarded.");
    r.cpu_period = 0;
    r.cpu_quota = 0;
  }
  if (r.cpu_period != 0 && (r.cpu_period < 1000 || r.cpu_period > 1'000'000))
    return invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. "
                   "1000000)");
  if (r.cpu_quota > 0 && r.cpu_quota < 1000)
    return invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  if (r.cpu_percent > 0)
    discard_unless(false, r.cpu_percent, "linux does not support CPU percent. Percent discarded.",
                   warnings);
  discard_unless(false, r.cpu_count, "linux does not support CPU count. Count discarded.",
                 warnings);
  return {};
}

result<void> check_cpuset(container_resources& r, const host_abilities& host,
                          warning_list& warnings) {
  if ((!r.cpuset_cpus.empty() || !r.cpuset_mems.empty()) && !host.cpuset) {
    warnings.emplace_back(
        "Your kernel does not support cpuset or the cgroup is not mounted. Cpuset "
        "discarded.");
    r.cpuset_cpus.clear();
    r.cpuset_mems.clear();
  }
  auto cpus = is_cpuset_available(r.cpuset_cpus, host.cpuset_cpus);
  if (!cpus)
    return invalid("Invalid value " + r.cpuset_cpus + " for cpuset cpus: " + cpus.error().message);
  if (!*cpus)
    return invalid("Requested CPUs are not available - requested " + r.cpuset_cpus +
                   ", available: " + host.cpuset_cpus);
  auto mems = is_cpuset_available(r.cpuset_mems, host.cpuset_mems);
  if (!mems)
    return invalid("Invalid value " + r.cpuset_mems + " for cpuset mems: " + mems.error().message);
  if (!*mems)
    return invalid("Requested memory nodes are not available - requested " + r.cpuset_mems +
                   ", available: " + host.cpuset_mems);
  return {};
}

result<void> check_blkio(container_resources& r, const host_abilities& host,
                         warning_list& warnings) {
  discard_unless(host.blkio_weight, r.blkio_weight,
                 "Your kernel does not support Block I/O weight or the cgroup is not mounted. "
                 "Weight discarded.",
                 warnings);
  if (r.blkio_weight > 0 && (r.blkio_weight < 10 || r.blkio_weight > 1000))
    return invalid("Range of blkio weight is from 10 to 1000");
  if (r.io_maximum_bandwidth != 0 || r.io_maximum_iops != 0)
    return invalid(
        "Invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO "
        "IOps");
  discard_devices_unless(
      host.blkio_weight_device, r.blkio_weight_device,
      "Your kernel does not support Block I/O weight_device or the cgroup is not "
      "mounted. Weight-device discarded.",
      warnings);
  discard_devices_unless(host.blkio_read_bps, r.blkio_device_read_bps,
                         "Your kernel does not support BPS Block I/O read limit or the cgroup is "
                         "not mounted. Block I/O BPS read limit discarded.",
                         warnings);
  discard_devices_unless(host.blkio_write_bps, r.blkio_device_write_bps,
                         "Your kernel does not support BPS Block I/O write limit or the cgroup is "
                         "not mounted. Block I/O BPS write limit discarded.",
                         warnings);
  discard_devices_unless(host.blkio_read_iops, r.blkio_device_read_iops,
                         "Your kernel does not support IOPS Block read limit or the cgroup is not "
                         "mounted. Block I/O IOPS read limit discarded.",
                         warnings);
  discard_devices_unless(host.blkio_write_iops, r.blkio_device_write_iops,
                         "Your kernel does not support IOPS Block write limit or the cgroup is not "
                         "mounted. Block I/O IOPS write limit discarded.",
                         warnings);
  return {};
}

struct cpu_range {
  unsigned first = 0;
  unsigned last = 0;
};

std::optional<unsigned> to_number(std::string_view text) noexcept {
  unsigned number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return number;
}

// `0-2,4`
result<std::vector<cpu_range>> parse_ranges(std::string_view text) {
  const auto whole = text;
  std::vector<cpu_range> ranges;
  while (!text.empty() || ranges.empty()) {
    const auto comma = text.find(',');
    const auto part = text.substr(0, comma);
    const auto dash = part.find('-');
    const auto first = to_number(part.substr(0, dash));
    const auto last = dash == part.npos ? first : to_number(part.substr(dash + 1));
    if (!first || !last || *last < *first || comma + 1 == text.size())
      return invalid("invalid format: " + std::string{whole});
    if (*last > largest_cpu)
      return invalid("value of out range, maximum is " + std::to_string(largest_cpu));
    ranges.push_back({*first, *last});
    text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
  }
  return ranges;
}

} // namespace

result<bool> is_cpuset_available(std::string_view requested, std::string_view available) {
  if (requested.empty())
    return true;
  auto wanted = parse_ranges(requested);
  if (!wanted)
    return wanted.error();
  std::vector<cpu_range> there;
  if (auto known = parse_ranges(available))
    there = std::move(*known);
  for (const auto& range : *wanted)
    for (auto cpu = range.first; cpu <= range.last; ++cpu)
      if (std::none_of(there.begin(), there.end(),
                       [cpu](const auto& r) { return r.first <= cpu && cpu <= r.last; }))
        return false;
  return true;
}

result<void> check_device_requests(const container_resources& resources) {
  if (!resources.device_requests || resources.device_requests->empty())
    return {};
  const auto& request = resources.device_requests->front();
  std::string capabilities;
  for (const auto& all_of : items(request.capabilities)) {
    std::string names;
    for (const auto& name : all_of)
      names.append(names.empty() ? "" : " ").append(name);
    capabilities.append(capabilities.empty() ? "[" : " [").append(names).append("]");
  }
  return api_error{errc::system, "could not select device driver \"" + request.driver +
                                     "\" with capabilities: [" + capabilities + "]"};
}

result<void> check_resources(container_resources& resources, const host_abilities& host,
                             bool update, warning_list& warnings) {
  if (auto memory = check_memory(resources, host, update, warnings); !memory)
    return memory;
  if (auto kernel = check_kernel_memory(resources, warnings); !kernel)
    return kernel;
  check_oom_and_pids(resources, host, warnings);
  if (auto cpu = check_cpu(resources, host, warnings); !cpu)
    return cpu;
  if (auto cpuset = check_cpuset(resources, host, warnings); !cpuset)
    return cpuset;
  return check_blkio(resources, host, warnings);
}

} // namespace gantry::container
