#pragma once

#include "protocol/container/stats.hpp"
#include "protocol/container/stats_files.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace gantry::containers {

/// Where it is read what a container uses: its cgroups, found by the process that runs in it, and
/// /proc. Its places are looked up once for each run. Blocks; for one thread at a time.
class stats_source {
public:
  /// `id`: the container's. `root`: the tree whose proc/ and mounts are read.
  explicit stats_source(std::string id, std::string root = "/");

  /// What there is now of the run whose first process is `pid`. None if that has ended: no such
  /// process, or it is not in cgroups that are called by the container's id.
  std::optional<container::stats_sample> read_blocking(std::int64_t pid);

  /// The same in few figures, from few files. A limit of more memory than the machine has is none.
  std::optional<container::cgroup_use> read_use_blocking(std::int64_t pid);

private:
  void find_places(std::int64_t pid);
  std::string in_proc(std::string_view what) const;
  std::string read_cgroup_file(std::string_view controller, std::string_view file) const;

  std::string id_;
  std::string root_;
  std::int64_t pid_ = 0;                                    // whose places these are
  std::map<std::string, std::string, std::less<>> cgroups_; // directories by controller
  bool version_2_ = false;
  bool own_network_ = false; // it is not the host's
  std::uint64_t total_memory_ = 0;
};

} // namespace gantry::containers
