#include "actors/containers/stats_source.hpp"

#include "actors/containers/mount_table.hpp"
#include "actors/containers/times.hpp"
#include "actors/host/process_cgroups.hpp"
#include "actors/host/tree_reader.hpp"
#include "protocol/container/stats_files.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace gantry::containers {

namespace {

/// The part of a cgroup's path up to and with the name that has the container's id: with an init of
/// its own in it, a container's first process may be in a cgroup below. Empty if there is none.
std::string cgroup_of_container(const std::string& path, const std::string& id) {
  const auto at = path.find(id);
  return at == path.npos ? std::string{} : path.substr(0, path.find('/', at));
}

/// Where that cgroup is: a mount may show a part of its hierarchy.
std::string below_mount(const std::string& root, const mount_entry& mount, std::string cgroup) {
  if (mount.root != "/" && cgroup.starts_with(mount.root + '/'))
    cgroup.erase(0, mount.root.size());
  return host::below(host::below(root, mount.point), cgroup);
}

bool same_file(const std::string& a, const std::string& b) {
  struct stat x {
  }, y{};
  return ::stat(a.c_str(), &x) == 0 && ::stat(b.c_str(), &y) == 0 && x.st_dev == y.st_dev &&
         x.st_ino == y.st_ino;
}

} // namespace

stats_source::stats_source(std::string id, std::string root)
    : id_(std::move(id)), root_(std::move(root)) {}

std::string stats_source::in_proc(std::string_view what) const {
  return host::below(host::below(root_, "proc"), what);
}

std::string stats_source::read_cgroup_file(std::string_view controller,
                                           std::string_view file) const {
  const auto at = cgroups_.find(controller);
  return at == cgroups_.end() ? std::string{} : host::read_text(host::below(at->second, file));
}

void stats_source::find_places(std::int64_t pid) {
  pid_ = pid;
  cgroups_.clear();
  const auto process = std::to_string(pid);
  const auto mounts = read_mount_table(root_);
  if (!mounts)
    return;
  const auto text = host::read_text(in_proc(process + "/cgroup"));
  for (const auto& in : host::parse_process_cgroups(text)) {
    const auto cgroup = cgroup_of_container(in.path, id_);
    std::string_view rest = in.controllers;
    const auto* mount = find_cgroup_mount(*mounts, rest.substr(0, rest.find(',')));
    if (cgroup.empty() || mount == nullptr)
      continue;
    const auto directory = below_mount(root_, *mount, cgroup);
    do {
      const auto name = rest.substr(0, rest.find(','));
      cgroups_.emplace(name, directory);
      rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    } while (!rest.empty());
  }
  version_2_ = !cgroups_.contains("cpuacct") && !cgroups_.contains("memory");
  own_network_ = !same_file(in_proc(process + "/ns/net"), in_proc("self/ns/net"));
  total_memory_ = container::total_memory(host::read_text(in_proc("meminfo")));
}

std::optional<container::stats_sample> stats_source::read_blocking(std::int64_t pid) {
  if (pid != pid_ || cgroups_.empty())
    find_places(pid);
  container::stats_sample sample;
  const auto read = [this](std::string_view controller, std::string_view file) {
    return read_cgroup_file(controller, file);
  };
  // These three belong together with the container's processor time, which is read next.
  sample.clock = std::chrono::steady_clock::now().time_since_epoch();
  sample.read = instant_now();
  container::read_system_cpu(host::read_text(in_proc("stat")), sample.cpu);
  if (!(version_2_ ? container::read_cgroup_v2(read, sample)
                   : container::read_cgroup_v1(read, sample)))
    return std::nullopt;
  auto& limit = sample.memory.limit;
  if (total_memory_ != 0)
    limit = std::min(limit, total_memory_);
  if (own_network_)
    sample.networks = container::parse_network_devices(
        host::read_text(in_proc(std::to_string(pid) + "/net/dev")));
  return sample;
}

std::optional<container::cgroup_use> stats_source::read_use_blocking(std::int64_t pid) {
  if (pid != pid_ || cgroups_.empty())
    find_places(pid);
  const auto read = [this](std::string_view controller, std::string_view file) {
    return read_cgroup_file(controller, file);
  };
  auto use = version_2_ ? container::read_use_v2(read) : container::read_use_v1(read);
  if (use && total_memory_ != 0 && use->memory_limit >= total_memory_)
    use->memory_limit = 0;
  return use;
}

} // namespace gantry::containers
