#include "actors/containers/host_directories.hpp"

#include <sys/stat.h>

#include <cerrno>

namespace gantry::containers {

int make_missing_directories(const std::filesystem::path& path, mode_t mode) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) == 0)
    return 0;
  if (errno != ENOENT)
    return errno;
  if (path.has_relative_path())
    if (const int error = make_missing_directories(path.parent_path(), mode); error != 0)
      return error;
  if (::mkdir(path.c_str(), mode) == 0)
    return ::chmod(path.c_str(), mode) == 0 ? 0 : errno;
  return errno == EEXIST ? 0 : errno; // somebody else was faster
}

} // namespace gantry::containers
