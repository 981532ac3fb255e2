#include "protocol/container/update.hpp"

#include "protocol/container/create_checks.hpp"
#include "protocol/container/descriptions.hpp"
#include "protocol/container/request_body.hpp"

#include <algorithm>
#include <utility>

namespace gantry::container {

namespace detail {

template <>
struct description<update_request> {
  static constexpr std::string_view type_name = "container.UpdateConfig";
  static constexpr std::tuple fields{
      embedded_field{&update_request::resources},
      field{"RestartPolicy", &update_request::restart_policy},
  };
};

} // namespace detail

namespace {

api_error conflict(const char* text) { return {errc::conflict, text}; }

// NOTE: NanoCpus is a period and a quota of its own; the two ways to say it do not mix.
result<void> check_cpu(const container_resources& own, const container_resources& wanted) {
  if (wanted.nano_cpus > 0 && own.cpu_period > 0)
    return conflict("Conflicting options: Nano CPUs cannot be updated as CPU Period has already "
                    "been set");
  if (wanted.nano_cpus > 0 && own.cpu_quota > 0)
    return conflict("Conflicting options: Nano CPUs cannot be updated as CPU Quota has already "
                    "been set");
  if (wanted.cpu_period > 0 && own.nano_cpus > 0)
    return conflict("Conflicting options: CPU Period cannot be updated as NanoCPUs has already "
                    "been set");
  if (wanted.cpu_quota > 0 && own.nano_cpus > 0)
    return conflict("Conflicting options: CPU Quota cannot be updated as NanoCPUs has already "
                    "been set");
  return {};
}

template <class T>
void replace_if_set(T& own, const T& wanted) {
  if (wanted != T{})
    own = wanted;
}

} // namespace

result<update_request> parse_update_request(std::string_view body, api::api_version v) {
  const auto json = detail::parse_body(body);
  if (!json)
    return json.error();
  update_request request;
  detail::decoder d{"UpdateConfig"};
  detail::read(d, *json, request);
  if (d.failed())
    return detail::invalid_json(d.error().message);
  auto& r = request.resources;
  // NOTE: runtimes know it as unsigned, and refuse what becomes of it in words of their own.
  if (auto shares = check_cpu_shares(r); !shares)
    return shares.error();
  if (v < api::api_version{1, 40})
    r.pids_limit.reset();
  else if (r.pids_limit)
    r.pids_limit = std::max<std::int64_t>(*r.pids_limit, 0);
  r.blkio_weight_device.reset();
  for (auto* list : {&r.blkio_device_read_bps, &r.blkio_device_write_bps, &r.blkio_device_read_iops,
                     &r.blkio_device_write_iops})
    list->reset();
  return request;
}

result<void> apply_update(host_config& config, const update_request& request) {
  auto& own = config.resources;
  const auto& wanted = request.resources;
  const auto& policy = request.restart_policy;
  if (auto cpu = check_cpu(own, wanted); !cpu)
    return cpu;
  // NOTE: a swap limit of -1 is smaller than any memory, too, and has to be said again.
  if (wanted.memory != 0 && wanted.memory > own.memory_swap && wanted.memory_swap == 0)
    return conflict("Memory limit should be smaller than already set memoryswap limit, update the "
                    "memoryswap at the same time");
  if (!policy.name.empty() && policy.name != "no" && config.auto_remove)
    return conflict("Restart policy cannot be updated because AutoRemove is enabled for the "
                    "container");

  replace_if_set(own.blkio_weight, wanted.blkio_weight);
  replace_if_set(own.cpu_shares, wanted.cpu_shares);
  replace_if_set(own.nano_cpus, wanted.nano_cpus);
  replace_if_set(own.cpu_period, wanted.cpu_period);
  replace_if_set(own.cpu_quota, wanted.cpu_quota);
  replace_if_set(own.cpuset_cpus, wanted.cpuset_cpus);
  replace_if_set(own.cpuset_mems, wanted.cpuset_mems);
  replace_if_set(own.memory, wanted.memory);
  replace_if_set(own.memory_swap, wanted.memory_swap);
  replace_if_set(own.memory_reservation, wanted.memory_reservation);
  replace_if_set(own.cpu_realtime_period, wanted.cpu_realtime_period);
  replace_if_set(own.cpu_realtime_runtime, wanted.cpu_realtime_runtime);
  replace_if_set(own.pids_limit, wanted.pids_limit);
  if (!policy.name.empty())
    config.restart_policy = policy;
  return {};
}

} // namespace gantry::container
