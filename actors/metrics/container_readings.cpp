#include "actors/metrics/container_readings.hpp"

#include "protocol/utf8.hpp"

#include <chrono>
#include <utility>

namespace gantry::metrics {

namespace {

std::chrono::nanoseconds whole_nanoseconds(std::uint64_t n) {
  return std::chrono::nanoseconds{static_cast<std::int64_t>(n)};
}

inspect::container_view described(const container::container_view& from) {
  inspect::container_view v;
  v.id = from.id;
  v.name = from.name.substr(from.name.starts_with('/') ? 1 : 0);
  v.image = from.config->image;
  v.state = container::to_string(from.state.status);
  v.pid = from.state.pid;
  mend_utf8(v.name);
  mend_utf8(v.image);
  return v;
}

void add_use(const container::cgroup_use& use, container_reading& to) {
  auto& v = to.view;
  v.cpu = whole_nanoseconds(use.cpu);
  v.memory = use.memory;
  v.memory_limit = use.memory_limit;
  v.pids = use.pids;
  for (const auto& [resource, p] : use.pressure)
    v.pressure.push_back({resource, p.some_avg10, p.full_avg10, whole_nanoseconds(p.some_total),
                          whole_nanoseconds(p.full_total)});
  to.oom_kills = use.oom_kills;
}

} // namespace

container_readings::container_readings(list_source all, std::string root)
    : all_(std::move(all)), root_(std::move(root)) {}

std::vector<container_reading> container_readings::read() {
  const auto all = all_();
  std::vector<container_reading> readings;
  readings.reserve(all->size());
  sources running;
  for (const auto& each : *all) {
    auto& reading = readings.emplace_back(container_reading{described(each->view), 0});
    if (reading.view.pid == 0)
      continue;
    auto place = known_.extract(reading.view.id);
    auto& source = place
                       ? running.insert(std::move(place)).position->second
                       : running.try_emplace(reading.view.id, reading.view.id, root_).first->second;
    if (const auto use = source.read_use_blocking(reading.view.pid))
      add_use(*use, reading);
  }
  known_ = std::move(running);
  return readings;
}

} // namespace gantry::metrics
