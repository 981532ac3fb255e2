#include "actors/host/pidfile.hpp"

#include "actors/host/directory_lock.hpp"
#include "actors/host/errno_text.hpp"
#include "actors/host/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

namespace gantry::host {
namespace {

// The pid a file holds, white space around it allowed; nothing if it holds anything else.
std::optional<pid_t> read_pid(const std::string& path) {
  // NOTE: nonblocking, so that a FIFO put in the file's place cannot hold up the start or stop.
  unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  char buffer[64];
  ssize_t size = fd ? ::read(fd.get(), buffer, sizeof(buffer)) : -1;
  if (size <= 0 || size == sizeof(buffer))
    return std::nullopt;
  constexpr std::string_view space = " \t\r\n";
  std::string_view text{buffer, static_cast<std::size_t>(size)};
  auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos)
    return std::nullopt;
  text = text.substr(first, text.find_last_not_of(space) - first + 1);
  pid_t pid = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc{} || end != text.data() + text.size() || pid <= 0)
    return std::nullopt;
  return pid;
}

// True if `pid` is a process that still runs: neither a thread of another process (those have a
// directory in /proc too) nor one that is dead and only waits for its parent.
bool is_running(pid_t pid, const std::string& proc) {
  auto directory = proc + '/' + std::to_string(pid);
  struct stat info {};
  if (::stat(directory.c_str(), &info) != 0)
    return false;
  std::ifstream status{directory + "/status"};
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("State:\tZ") || line.starts_with("State:\tX"))
      return false;
    if (line.starts_with("Tgid:\t"))
      return line.substr(6) == std::to_string(pid);
  }
  return true;
}

// Removes a file unless told that it has served its purpose.
struct temporary_file {
  std::string path;
  ~temporary_file() {
    if (!path.empty())
      ::unlink(path.c_str());
  }
};

// Writes `content` to a new file beside `path` and renames it over `path`.
std::optional<api_error> replace_file(const std::string& path, std::string_view content) {
  std::string name = path + ".XXXXXX";
  unique_fd fd{::mkostemp(name.data(), O_CLOEXEC)};
  if (!fd)
    return errno_error("open", errno);
  temporary_file temporary{name};
  if (::fchmod(fd.get(), 0644) != 0)
    return errno_error("chmod", errno);
  ssize_t written = ::write(fd.get(), content.data(), content.size());
  if (written < 0)
    return errno_error("write", errno);
  if (static_cast<std::size_t>(written) != content.size())
    return errno_error("write", ENOSPC);
  // close(2) is where some file systems report that there was no room.
  if (::close(fd.release()) != 0)
    return errno_error("close", errno);
  if (::rename(name.c_str(), path.c_str()) != 0)
    return errno_error("rename", errno);
  temporary.path.clear();
  return std::nullopt;
}

} // namespace

result<pidfile> pidfile::claim(const std::string& path, pid_t pid, const std::string& proc) {
  if (path.empty())
    return pidfile{};
  auto prefix = "cannot write pid file " + path + ": ";
  // After a boot it may be gone, as /run is. If it cannot be made, opening the file will say why.
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path{path}.parent_path(), ignored);
  directory_lock lock{path};
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) {
    if (!S_ISREG(info.st_mode))
      return api_error{errc::conflict, prefix + "it is not a regular file"};
    // NOTE: our own pid is a leftover too: in a container the daemon is number 1 every time.
    if (auto holder = read_pid(path); holder && *holder != pid && is_running(*holder, proc))
      return api_error{errc::conflict,
                       "pid file found, ensure docker is not running or delete " + path};
  }
  if (auto error = replace_file(path, std::to_string(pid)))
    return api_error{error->kind, prefix + error->message};
  return pidfile{path, pid};
}

pidfile::pidfile(pidfile&& other) noexcept
    : path_(std::exchange(other.path_, {})), pid_(other.pid_) {}

pidfile& pidfile::operator=(pidfile&& other) noexcept {
  if (this != &other) {
    remove();
    path_ = std::exchange(other.path_, {});
    pid_ = other.pid_;
  }
  return *this;
}

pidfile::~pidfile() { remove(); }

void pidfile::remove() noexcept {
  if (!path_.empty() && read_pid(path_) == pid_)
    ::unlink(path_.c_str());
  path_.clear();
}

} // namespace gantry::host
