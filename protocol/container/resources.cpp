#include "protocol/container/resources.hpp"

#include "protocol/container/oci_spec.hpp"
#include "protocol/container/values.hpp"

#include <utility>

namespace gantry::container {
namespace {

using detail::items;

std::optional<std::int64_t> unless_zero(std::int64_t value) {
  return value == 0 ? std::nullopt : std::optional{value};
}

template <class T>
std::optional<T> unless_default(T value) {
  return value == T{} ? std::nullopt : std::optional{std::move(value)};
}

oci_spec::memory memory_of(const container_resources& r, int cgroup_version) {
  oci_spec::memory out{
      .limit = unless_zero(r.memory),
      .reservation = unless_zero(r.memory_reservation),
      .swap = unless_zero(r.memory_swap),
  };
  if (cgroup_version == 1) {
    if (r.memory_swappiness && *r.memory_swappiness >= 0) // -1: the kernel's
      out.swappiness = r.memory_swappiness;
    out.disable_oom_killer = r.oom_kill_disable.value_or(false);
  }
  return out;
}

oci_spec::cpu cpu_of(const container_resources& r, int cgroup_version) {
  oci_spec::cpu out{
      .shares = r.cpu_shares,
      .quota = r.cpu_quota,
      .period = r.cpu_period,
      .cpus = r.cpuset_cpus,
      .mems = r.cpuset_mems,
  };
  if (r.nano_cpus > 0) {
    constexpr std::int64_t period = 100'000;          // microseconds
    constexpr std::int64_t whole_cpu = 1'000'000'000; // nano CPUs
    out.period = period;
    // In two parts: the product of all CPUs of a large machine and the period may not fit.
    out.quota = r.nano_cpus / whole_cpu * period + r.nano_cpus % whole_cpu * period / whole_cpu;
  }
  if (cgroup_version == 1) {
    out.realtime_runtime = r.cpu_realtime_runtime;
    out.realtime_period = r.cpu_realtime_period;
  }
  return out;
}

using block_devices = std::map<std::string, device_number>;

result<device_number> find_block_device(const block_devices& devices, const std::string& path) {
  const auto at = devices.find(path);
  if (at == devices.end())
    return api_error{errc::not_found, "stat " + path + ": no such file or directory"};
  return at->second;
}

result<std::vector<oci_spec::throttle_device>>
throttles_of(const nullable_list<throttle_device>& list, const block_devices& devices) {
  std::vector<oci_spec::throttle_device> out;
  if (!list)
    return out;
  for (const auto& [path, rate] : *list) {
    const auto number = find_block_device(devices, path);
    if (!number)
      return number.error();
    out.push_back({number->major, number->minor, rate});
  }
  return out;
}

result<oci_spec::block_io> block_io_of(const container_resources& r, const block_devices& devices) {
  oci_spec::block_io out{.weight = r.blkio_weight};
  if (r.blkio_weight_device) {
    for (const auto& [path, weight] : *r.blkio_weight_device) {
      const auto number = find_block_device(devices, path);
      if (!number)
        return number.error();
      out.weight_device.push_back({number->major, number->minor, weight});
    }
  }
  const std::pair<const nullable_list<throttle_device>*, std::vector<oci_spec::throttle_device>*>
      throttles[] = {
          {&r.blkio_device_read_bps, &out.throttle_read_bps_device},
          {&r.blkio_device_write_bps, &out.throttle_write_bps_device},
          {&r.blkio_device_read_iops, &out.throttle_read_iops_device},
          {&r.blkio_device_write_iops, &out.throttle_write_iops_device},
      };
  for (const auto& [from, to] : throttles) {
    auto limits = throttles_of(*from, devices);
    if (!limits)
      return limits.error();
    *to = std::move(*limits);
  }
  return out;
}

// NOTE: what is left out means all. runc takes -1 for it, crun writes that down as it is, which the
// kernel refuses.
oci_spec::device_cgroup to_spec(const device_rule& rule) {
  oci_spec::device_cgroup out{.allow = rule.allow, .access = rule.access};
  const bool all = rule.type == 'a' && rule.major == rule.any && rule.minor == rule.any;
  if (!all)
    out.type = rule.type;
  if (rule.major != device_rule::any)
    out.major = rule.major;
  if (rule.minor != device_rule::any)
    out.minor = rule.minor;
  return out;
}

// Docker's order: its own, those of --device, those of --device-cgroup-rule.
result<std::vector<oci_spec::device_cgroup>> devices_of(const host_config& host,
                                                        const spec_facts& facts) {
  std::vector<oci_spec::device_cgroup> out;
  if (host.privileged) {
    out.push_back(to_spec({}));
    return out;
  }
  for (const auto& rule : default_device_rules())
    out.push_back(to_spec(rule));
  for (const auto& device : facts.devices) {
    if (device.type != 'p' && !device.permissions.empty()) // fifos are under no control
      out.push_back(to_spec({.type = device.type,
                             .major = device.number.major,
                             .minor = device.number.minor,
                             .access = device.permissions}));
  }
  for (const auto& text : items(host.resources.device_cgroup_rules)) {
    const auto rule = parse_device_rule(text);
    if (!rule)
      return rule.error();
    out.push_back(to_spec(*rule));
  }
  return out;
}

std::string text_of(const oci_spec::resources& resources) {
  std::string out;
  detail::write(out, resources);
  return out;
}

} // namespace

result<std::string> resources_json(const host_config& host, const daemon_facts& daemon,
                                   const spec_facts& facts) {
  const auto& r = host.resources;
  oci_spec::resources out;
  auto devices = devices_of(host, facts);
  if (!devices)
    return devices.error();
  out.devices = std::move(*devices);
  auto block_io = block_io_of(r, facts.block_devices);
  if (!block_io)
    return block_io.error();
  out.block_io = unless_default(std::move(*block_io));

  auto memory = memory_of(r, daemon.cgroup_version);
  if (memory.swap && *memory.swap < 0) // a new control group has no limit
    memory.swap.reset();
  out.memory = unless_default(memory);
  out.cpu = unless_default(cpu_of(r, daemon.cgroup_version));
  if (r.pids_limit && *r.pids_limit > 0)
    out.pids = oci_spec::pids{*r.pids_limit};
  return text_of(out);
}

std::string update_json(const container_resources& resources, const daemon_facts& daemon) {
  oci_spec::resources out;
  auto memory = memory_of(resources, daemon.cgroup_version);
  memory.disable_oom_killer = false; // not among what can be changed
  out.memory = unless_default(memory);
  out.cpu = unless_default(cpu_of(resources, daemon.cgroup_version));
  if (resources.pids_limit)
    out.pids = oci_spec::pids{*resources.pids_limit > 0 ? *resources.pids_limit : -1};
  if (resources.blkio_weight != 0)
    out.block_io = oci_spec::block_io{.weight = resources.blkio_weight};
  return text_of(out);
}

} // namespace gantry::container
