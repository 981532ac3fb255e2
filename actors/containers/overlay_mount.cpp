#include "actors/containers/overlay_mount.hpp"

#include "actors/containers/mount_table.hpp"
#include "actors/host/errno_text.hpp"
#include "actors/host/unique_fd.hpp"
#include "actors/store/tree_removal.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

namespace gantry::containers {
namespace {

namespace fs = std::filesystem;

/// How long a mount that is in use is tried again before it is detached: processes that have just
/// been killed, and people who look around.
constexpr std::chrono::milliseconds patience{200};
constexpr std::chrono::milliseconds between_tries{10};

// What directories are called in the options of a mount.
class directory_names {
public:
  explicit directory_names(bool by_descriptor) : by_descriptor_(by_descriptor) {}

  result<std::string> name(const fs::path& directory) {
    if (!by_descriptor_)
      return directory.native();
    host::unique_fd fd{::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!fd)
      return host::errno_error("open", directory.native(), errno);
    open_.push_back(std::move(fd));
    return "/proc/self/fd/" + std::to_string(open_.back().get());
  }

private:
  bool by_descriptor_;
  std::vector<host::unique_fd> open_;
};

result<std::string> directory_options(const overlay& what, directory_names& names) {
  std::string out = "lowerdir=";
  for (const auto& lower : what.lowers) {
    auto name = names.name(lower);
    if (!name)
      return name;
    out.append(&lower == &what.lowers.front() ? "" : ":").append(*name);
  }
  if (what.upper.empty())
    return out;
  auto upper = names.name(what.upper);
  if (!upper)
    return upper;
  auto work = names.name(what.work);
  if (!work)
    return work;
  return out + ",upperdir=" + *upper + ",workdir=" + *work;
}

// No sign in any of them means something to overlayfs.
bool are_plain(const overlay& what) {
  const auto plain = [](const fs::path& path) {
    return path.native().find_first_of(":,\\") == std::string::npos;
  };
  return plain(what.upper) && plain(what.work) &&
         std::all_of(what.lowers.begin(), what.lowers.end(), plain);
}

std::string behaviour_options(const overlay& what) {
  std::string out = ",index=off,metacopy=off,redirect_dir=nofollow";
  if (what.user_xattr)
    out += ",userxattr";
  return out;
}

// What a mount that was not durable leaves behind: the kernel would not mount it again, since a
// crash might have come meanwhile. Who chose that has accepted it.
result<void> forget_volatile(const overlay& what) {
  return store::remove_tree(what.work / "work" / "incompat");
}

} // namespace

result<void> mount_overlay_blocking(const overlay& what, const fs::path& place) {
  const auto behaviour = behaviour_options(what);
  constexpr std::string_view not_durable = ",volatile";
  const auto most = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) - 1;
  const auto fits = [&](const std::string& directories) {
    return directories.size() + behaviour.size() + not_durable.size() <= most;
  };

  directory_names by_path{false};
  directory_names by_descriptor{true};
  auto directories = directory_options(what, by_path);
  if (!are_plain(what) || !fits(*directories))
    directories = directory_options(what, by_descriptor);
  if (!directories)
    return directories.error();
  if (!fits(*directories))
    return api_error{errc::system,
                     "mount: " + std::to_string(what.lowers.size()) + " layers are too many"};

  auto options = *directories + behaviour;
  if (!what.upper.empty()) {
    if (auto forgotten = forget_volatile(what); !forgotten)
      return forgotten.error();
    if (!what.durable) {
      if (::mount("overlay", place.c_str(), "overlay", 0, (options + ",volatile").c_str()) == 0)
        return {};
      if (errno != EINVAL) // which older kernels say
        return host::errno_error("mount", place.native(), errno);
    }
  }
  if (::mount("overlay", place.c_str(), "overlay", 0, options.c_str()) != 0)
    return host::errno_error("mount", place.native(), errno);
  return {};
}

result<void> unmount_blocking(const fs::path& place) {
  using clock = std::chrono::steady_clock;
  const auto end = clock::now() + patience;
  while (is_mounted(place)) {
    const bool last = clock::now() >= end;
    if (::umount2(place.c_str(), UMOUNT_NOFOLLOW | (last ? MNT_DETACH : 0)) == 0)
      continue;
    if (errno != EBUSY || last)
      return host::errno_error("unmount", place.native(), errno);
    std::this_thread::sleep_for(between_tries);
  }
  return {};
}

result<void> make_private_blocking(const fs::path& directory) {
  const auto mount = find_mount_of(directory.native());
  if (!mount)
    return mount.error();
  if (mount->propagation != container::mount_propagation::shared)
    return {};
  // With what is mounted below already, should that be of a daemon that did not do this.
  if (::mount(directory.c_str(), directory.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
    return host::errno_error("mount", directory.native(), errno);
  if (::mount(nullptr, directory.c_str(), nullptr, MS_PRIVATE | MS_REC, nullptr) != 0)
    return host::errno_error("mount", directory.native(), errno);
  return {};
}

} // namespace gantry::containers
