#include "actors/host/socket_path.hpp"

#include "actors/host/errno_text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace gantry::host {
namespace {

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string through(const std::string& process, int directory, const std::string& path) {
  return "/proc/" + process + "/fd/" + std::to_string(directory) + "/" + name_of(path);
}

} // namespace

result<socket_path> socket_path::open(const char* action, const std::string& path) {
  socket_path way;
  way.path_ = path;
  std::string shown = path;
  if (path.size() >= sizeof(way.address_.sun_path)) {
    const auto slash = path.rfind('/');
    const auto directory = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    way.directory_.reset(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!way.directory_)
      return errno_error(action, path, errno);
    shown = through("self", way.directory_.get(), path);
    if (shown.size() >= sizeof(way.address_.sun_path))
      return errno_error(action, path, ENAMETOOLONG);
  }
  way.address_.sun_family = AF_UNIX;
  std::memcpy(way.address_.sun_path, shown.data(), shown.size());
  return way;
}

std::string socket_path::text() const {
  return directory_ ? through(std::to_string(::getpid()), directory_.get(), path_) : path_;
}

} // namespace gantry::host
