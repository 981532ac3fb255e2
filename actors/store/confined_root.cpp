#include "actors/store/confined_root.hpp"

#include "actors/store/file_steps.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <optional>

namespace gantry::store {

using host::unique_fd;

namespace {

unique_fd open_below(int root, const char* path, int flags, std::uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
  how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    const auto fd = ::syscall(SYS_openat2, root, path, &how, sizeof(how));
    // NOTE: openat2(2) gives up with EAGAIN if something was renamed meanwhile, anywhere.
    if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || tries == 128)
      return unique_fd{static_cast<int>(fd)};
  }
}

constexpr std::uint64_t straight = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;

// Where a descriptor is, as the kernel says.
std::optional<std::string> kernel_path_of(int fd) {
  std::array<char, PATH_MAX> buffer{};
  const auto link = "/proc/self/fd/" + std::to_string(fd);
  const auto n = ::readlink(link.c_str(), buffer.data(), buffer.size());
  if (n <= 0 || static_cast<std::size_t>(n) == buffer.size())
    return std::nullopt;
  return std::string{buffer.data(), static_cast<std::size_t>(n)};
}

} // namespace

result<confined_root::place> confined_root::open_directory(const std::string& path) {
  if (path.empty())
    return place{root_.get(), {}};
  if (last_ && path == last_asked_)
    return place{last_.get(), last_path_};
  forget();
  constexpr int flags = O_RDONLY | O_DIRECTORY;
  auto fd = open_below(root_.get(), path.c_str(), flags, straight);
  if (fd) {
    last_path_ = path;
  } else if (errno == ELOOP || errno == EXDEV) {
    fd = open_below(root_.get(), path.c_str(), flags, RESOLVE_IN_ROOT);
    if (!fd)
      return file_error("open", errno);
    auto found = path_of(fd.get());
    if (!found)
      return found.error();
    last_path_ = std::move(*found);
  } else {
    return file_error("open", errno);
  }
  last_ = std::move(fd);
  last_asked_ = path;
  return place{last_.get(), last_path_};
}

result<unique_fd> confined_root::open_inside(const std::string& path, int flags) const {
  auto fd = open_below(root_.get(), path.c_str(), flags, RESOLVE_IN_ROOT);
  if (!fd)
    return file_error("open", errno);
  return fd;
}

result<std::string> confined_root::path_of(int fd) const {
  const auto root = kernel_path_of(root_.get());
  const auto found = kernel_path_of(fd);
  if (!root || !found || !found->starts_with(*root))
    return api_error{errc::system, "/proc/self/fd cannot be read"};
  // The root of a mount namespace ends in a slash, others do not.
  const auto prefix = root->size() + (root->ends_with('/') ? 0 : 1);
  return found->substr(std::min(found->size(), prefix));
}

result<unique_fd> confined_root::open_straight(const std::string& path, int flags) const {
  auto fd = try_straight(path, flags);
  if (!fd)
    return file_error("open", errno);
  return fd;
}

unique_fd confined_root::try_straight(const std::string& path, int flags) const noexcept {
  return open_below(root_.get(), path.c_str(), flags | O_NOFOLLOW, straight);
}

void confined_root::forget() noexcept {
  last_.reset();
  last_asked_.clear();
  last_path_.clear();
}

} // namespace gantry::store
