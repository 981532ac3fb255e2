#include "actors/containers/file_copy.hpp"

#include "actors/host/unique_fd.hpp"
#include "actors/store/file_steps.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <vector>

namespace gantry::containers {
namespace {

using host::unique_fd;
using store::file_error;

// A path that leads to what is in an open directory, itself included, and not through what is
// there.
std::string path_of(int directory) { return "/proc/self/fd/" + std::to_string(directory); }
std::string path_of(const file_place& place) { return path_of(place.directory) + '/' + place.name; }

// --- extended attributes ----------------------------------------------------------------------

struct xattr_calls {
  decltype(&::listxattr) list;
  decltype(&::getxattr) get;
  decltype(&::setxattr) set;
};

// Of a file itself, and of what a path of /proc/self/fd leads to.
constexpr xattr_calls of_file{::llistxattr, ::lgetxattr, ::lsetxattr};
constexpr xattr_calls of_descriptor{::listxattr, ::getxattr, ::setxattr};

// `call(buffer, size)`: the value with as much room as it needs. False with errno.
template <class Call>
bool read_value(std::vector<char>& into, Call&& call) {
  for (;;) {
    const auto size = call(nullptr, std::size_t{0});
    if (size < 0)
      return false;
    into.resize(static_cast<std::size_t>(size));
    if (size == 0)
      return true;
    const auto got = call(into.data(), into.size());
    if (got >= 0) {
      into.resize(static_cast<std::size_t>(got));
      return true;
    }
    if (errno != ERANGE) // it has grown meanwhile
      return false;
  }
}

bool is_overlays_own(std::string_view name) {
  return name.starts_with("trusted.overlay.") || name.starts_with("user.overlay.");
}

result<void> copy_xattrs(const std::string& from, const std::string& to, const xattr_calls& calls) {
  std::vector<char> names;
  if (!read_value(names, [&](char* buffer, std::size_t size) {
        return calls.list(from.c_str(), buffer, size);
      }))
    return errno == ENOTSUP ? result<void>{} : file_error("listxattr", errno);
  std::vector<char> value;
  for (std::string_view rest{names.data(), names.size()}; !rest.empty();) {
    const auto* name = rest.data(); // ends with a zero
    const std::string_view text{name};
    rest.remove_prefix(text.size() + 1);
    if (is_overlays_own(text))
      continue;
    if (!read_value(value, [&](char* buffer, std::size_t size) {
          return calls.get(from.c_str(), name, buffer, size);
        }))
      continue; // gone meanwhile
    if (calls.set(to.c_str(), name, value.data(), value.size(), 0) != 0 && errno != ENOTSUP)
      return file_error("setxattr", errno);
  }
  return {};
}

// --- contents ---------------------------------------------------------------------------------

// Copies [at, end), which are not a hole. False with errno.
bool copy_range(int from, int to, off_t at, off_t end) {
  while (at < end) {
    auto in = at;
    auto out = at;
    auto n = ::copy_file_range(from, &in, to, &out, static_cast<std::size_t>(end - at), 0);
    if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS)) {
      in = at;
      if (::lseek(to, at, SEEK_SET) < 0)
        return false;
      n = ::sendfile(to, from, &in, static_cast<std::size_t>(end - at));
    }
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return false;
    if (n == 0) // it has become shorter meanwhile
      return true;
    at += n;
  }
  return true;
}

bool copy_contents(int from, int to, off_t size) {
  if (size == 0 || ::ioctl(to, FICLONE, from) == 0)
    return true;
  for (off_t at = 0; at < size;) {
    auto begin = ::lseek(from, at, SEEK_DATA);
    if (begin < 0 && errno == ENXIO) // nothing but a hole comes
      break;
    auto end = begin < 0 ? size : ::lseek(from, begin, SEEK_HOLE);
    if (begin < 0)
      begin = at;
    if (end < 0)
      end = size;
    if (!copy_range(from, to, begin, end))
      return false;
    at = end;
  }
  return ::ftruncate(to, size) == 0;
}

result<void> make_file(const file_place& from, const file_place& to, const struct stat& facts) {
  const unique_fd in{
      ::openat(from.directory, from.name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)};
  if (!in)
    return file_error("open", errno);
  const unique_fd out{::openat(to.directory, to.name.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
  if (!out)
    return file_error("create", errno);
  if (!copy_contents(in.get(), out.get(), facts.st_size))
    return file_error("copy", errno);
  return {};
}

result<void> make(const file_place& from, const file_place& to, const struct stat& facts) {
  switch (facts.st_mode & S_IFMT) {
  case S_IFREG:
    return make_file(from, to, facts);
  case S_IFLNK:
    if (::symlinkat(read_link(from).c_str(), to.directory, to.name.c_str()) != 0)
      return file_error("symlink", errno);
    return {};
  default:
    if (::mknodat(to.directory, to.name.c_str(), facts.st_mode, facts.st_rdev) != 0)
      return file_error("mknod", errno);
    return {};
  }
}

} // namespace

std::string read_link(const file_place& link) {
  std::array<char, PATH_MAX> target;
  const auto n = ::readlinkat(link.directory, link.name.c_str(), target.data(), target.size());
  return n < 0 ? std::string{} : std::string{target.data(), static_cast<std::size_t>(n)};
}

result<void> copy_file(const file_place& from, const file_place& to, const struct stat& facts) {
  if (auto made = make(from, to, facts); !made)
    return made;
  const auto* name = to.name.c_str();
  // In this order: a new owner costs the bits of setuid and file capabilities.
  if (::fchownat(to.directory, name, facts.st_uid, facts.st_gid, AT_SYMLINK_NOFOLLOW) != 0)
    return file_error("chown", errno);
  if (auto copied = copy_xattrs(path_of(from), path_of(to), of_file); !copied)
    return copied;
  if (!S_ISLNK(facts.st_mode) && ::fchmodat(to.directory, name, facts.st_mode & 07777, 0) != 0)
    return file_error("chmod", errno);
  const timespec times[] = {facts.st_atim, facts.st_mtim};
  if (::utimensat(to.directory, name, times, AT_SYMLINK_NOFOLLOW) != 0)
    return file_error("utimens", errno);
  return {};
}

result<void> copy_facts(int from, int to, const struct stat& facts) {
  if (::fchown(to, facts.st_uid, facts.st_gid) != 0)
    return file_error("chown", errno);
  if (auto copied = copy_xattrs(path_of(from), path_of(to), of_descriptor); !copied)
    return copied;
  if (::fchmod(to, facts.st_mode & 07777) != 0)
    return file_error("chmod", errno);
  const timespec times[] = {facts.st_atim, facts.st_mtim};
  if (::futimens(to, times) != 0)
    return file_error("utimens", errno);
  return {};
}

} // namespace gantry::containers
