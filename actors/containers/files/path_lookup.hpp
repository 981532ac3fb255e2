#pragma once

#include "actors/host/unique_fd.hpp"
#include "protocol/container/path_stat.hpp"
#include "protocol/error.hpp"

#include <string>

namespace gantry::containers {

/// What is at a path in a container.
struct found_path {
  host::unique_fd directory; ///< in which it is, or which it is
  std::string name;          ///< in `directory`; empty: the directory itself
  container::path_stat facts;
};

/// Finds it below an open root; no link leads out of that. `container` is what the client calls the
/// container. Errors: not_found `Could not find the file /x in container web`; of the file system,
/// `lstat /f/: not a directory`.
result<found_path> look_up_blocking(int root, const std::string& path,
                                    const std::string& container);

/// Where a path leads to in the container when every link in it is followed: absolute, without
/// links and `..`. What is not there is no link.
std::string resolve_links_blocking(int root, const std::string& path);

/// How a missing file is told of.
api_error no_such_file(const std::string& path, const std::string& container);

} // namespace gantry::containers
