#include "actors/host/directory_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <thread>

namespace gantry::host {

std::string parent_directory(const std::string& path) {
  auto slash = path.find_last_of('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

directory_lock::directory_lock(const std::string& file, std::chrono::milliseconds patience)
    : directory_(::open(parent_directory(file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (!directory_)
    return;
  // flock(2) knows no timeout, hence the polling; holders keep it for less than a millisecond.
  auto until = std::chrono::steady_clock::now() + patience;
  while (!(held_ = ::flock(directory_.get(), LOCK_EX | LOCK_NB) == 0)) {
    if (errno == EINTR)
      continue;
    if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() >= until)
      return;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

} // namespace gantry::host
