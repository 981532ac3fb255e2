#pragma once

#include "actors/containers/shared_containers.hpp"
#include "actors/containers/stats_source.hpp"
#include "protocol/inspect/model.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace gantry::metrics {

/// A container as it is published, and what its cgroups say now.
struct container_reading {
  inspect::container_view view; ///< without its actor; by its name without the slash
  std::uint64_t oom_kills = 0;  ///< in its cgroup, since that was made
};

/// Reads what containers use. Asks no actor: who they are is published, and the rest is in files of
/// the kernel. For one thread.
class container_readings {
public:
  /// Gives all containers; never null.
  using list_source = std::function<std::shared_ptr<const containers::published_list>()>;

  /// `root`: the tree whose proc/ and mounts are read.
  explicit container_readings(list_source all, std::string root = "/");

  /// All containers, newest first. Those that do not run have no figures.
  std::vector<container_reading> read();

private:
  using sources = std::map<std::string, containers::stats_source, std::less<>>;

  list_source all_;
  std::string root_;
  sources known_; // of those that ran when they were read last, by id
};

} // namespace gantry::metrics
