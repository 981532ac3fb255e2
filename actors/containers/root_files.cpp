#include "actors/containers/root_files.hpp"

#include "actors/containers/file_copy.hpp"
#include "actors/host/unique_fd.hpp"
#include "actors/store/file_steps.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <string_view>
#include <utility>
#include <vector>

namespace gantry::containers {
namespace {

using host::unique_fd;
using store::confined_root;

constexpr std::size_t largest_file = std::size_t{16} << 20;
/// As many links in a path as the kernel follows.
constexpr int most_links = 40;

std::vector<std::string> components(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    const auto part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(part.size() + 1, path.size()));
    if (!part.empty() && part != ".")
      out.emplace_back(part);
  }
  return out;
}

/// Where a link in `directory` leads to, below the root.
std::string linked_path(std::string_view directory, const std::string& target) {
  return target.starts_with('/') ? target : joined(directory, target);
}

result<std::string> read_all(int fd, const std::string& path) {
  std::string out;
  std::array<char, 16384> buffer;
  for (;;) {
    const auto n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return store::file_error("read", path, errno);
    if (n == 0)
      return out;
    out.append(buffer.data(), static_cast<std::size_t>(n));
    if (out.size() > largest_file)
      return api_error{errc::system, "'" + path + "' in the container is larger than 16 MiB"};
  }
}

bool is_missing(const api_error& error) { return error.kind == errc::not_found; }

// --- what every container has -----------------------------------------------------------------

constexpr std::array<const char*, 4> common_directories{"dev/pts", "dev/shm", "proc", "sys"};
constexpr std::array<const char*, 5> common_files{"etc/resolv.conf", "etc/hosts", "etc/hostname",
                                                  "dev/console", ".dockerenv"};

/// The directory of that name in `parent`, made if it is missing; a file or link gives way.
result<unique_fd> own_directory(int parent, const char* name) {
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  unique_fd fd{::openat(parent, name, flags)};
  if (fd)
    return fd;
  if (errno != ENOENT && ::unlinkat(parent, name, 0) != 0)
    return store::file_error("remove", name, errno);
  if (::mkdirat(parent, name, 0755) != 0)
    return store::file_error("mkdir", name, errno);
  fd.reset(::openat(parent, name, flags));
  if (!fd || ::fchmod(fd.get(), 0755) != 0)
    return store::file_error("open", name, errno);
  return fd;
}

result<unique_fd> own_directories(int root, const std::vector<std::string>& names) {
  unique_fd at = host::duplicate(root);
  for (const auto& name : names) {
    auto next = own_directory(at.get(), name.c_str());
    if (!next)
      return next;
    at = std::move(*next);
  }
  return at;
}

/// An empty file, in the place of whatever file is there.
result<void> own_file(int parent, const char* name) {
  if (::unlinkat(parent, name, 0) != 0 && errno != ENOENT && errno != EISDIR)
    return store::file_error("remove", name, errno);
  const unique_fd fd{::openat(parent, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0755)};
  // NOTE: an image may have a directory there; mounting a file on it then fails, as with dockerd.
  if (!fd && errno == EISDIR)
    return {};
  if (!fd || ::fchmod(fd.get(), 0755) != 0)
    return store::file_error("create", name, errno);
  return {};
}

} // namespace

result<confined_root> open_root(const std::filesystem::path& root) {
  unique_fd fd{::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd)
    return store::file_error("open", root, errno);
  return confined_root{std::move(fd)};
}

result<std::string> read_root_file(confined_root& root, const std::string& path) {
  auto at = path;
  for (int links = 0; links <= most_links; ++links) {
    const auto slash = at.rfind('/');
    const auto directory = slash == at.npos ? std::string{} : at.substr(0, slash);
    const auto name = at.substr(slash + 1);
    const auto place = root.open_directory(directory);
    if (!place)
      return std::string{};
    // NOTE: an image may have a device there, for which it means something to be opened.
    const unique_fd found{::openat(place->fd, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
    struct stat facts {};
    if (!found || ::fstat(found.get(), &facts) != 0)
      return errno == ENOENT ? result<std::string>{std::string{}}
                             : store::file_error("open", path, errno);
    if (S_ISLNK(facts.st_mode)) {
      at = linked_path(place->path, read_link({place->fd, name}));
      continue;
    }
    if (!S_ISREG(facts.st_mode))
      return std::string{};
    const auto again = "/proc/self/fd/" + std::to_string(found.get());
    const unique_fd file{::open(again.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file)
      return store::file_error("open", path, errno);
    return read_all(file.get(), path);
  }
  return store::file_error("open", path, ELOOP);
}

result<bool> make_root_directory(confined_root& root, const std::string& path) {
  const auto parts = components(path);
  std::deque<std::string> left{parts.begin(), parts.end()};
  std::string done; // without links
  bool made = false;
  for (int links = 0; !left.empty();) {
    const auto name = std::move(left.front());
    left.pop_front();
    const auto next = joined(done, name);
    const auto there = root.open_directory(next);
    if (there) {
      done = there->path;
      continue;
    }
    if (!is_missing(there.error()))
      return api_error{errc::system, "Cannot mkdir: " + path + " is not a directory"};
    const auto parent = root.open_directory(done);
    if (!parent)
      return parent.error();
    const int directory = parent->fd;
    if (::mkdirat(directory, name.c_str(), 0755) == 0) {
      if (::fchmodat(directory, name.c_str(), 0755, 0) != 0)
        return store::file_error("chmod", path, errno);
      root.forget();
      done = next;
      made = true;
      continue;
    }
    // It is a link to what is not there.
    const int error = errno;
    const auto target = error == EEXIST ? read_link({directory, name}) : std::string{};
    if (target.empty() || ++links > most_links)
      return store::file_error("mkdir", path, target.empty() ? error : ELOOP);
    const auto way = components(target);
    left.insert(left.begin(), way.begin(), way.end());
    if (target.starts_with('/'))
      done.clear();
  }
  return made;
}

result<void> make_common_files(int root) {
  for (const auto* path : common_directories)
    if (auto made = own_directories(root, components(path)); !made)
      return made.error();
  for (const auto* path : common_files) {
    auto names = components(path);
    const auto name = std::move(names.back());
    names.pop_back();
    const auto parent = own_directories(root, names);
    if (!parent)
      return parent.error();
    if (auto made = own_file(parent->get(), name.c_str()); !made)
      return made;
  }
  const auto etc = own_directory(root, "etc");
  if (!etc)
    return etc.error();
  ::unlinkat(etc->get(), "mtab", 0);
  if (::symlinkat("/proc/mounts", etc->get(), "mtab") != 0 && errno != EEXIST)
    return store::file_error("symlink", "etc/mtab", errno);
  return {};
}

} // namespace gantry::containers
