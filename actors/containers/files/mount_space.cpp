#include "actors/containers/files/mount_space.hpp"

#include "actors/containers/root_files.hpp"
#include "actors/store/confined_root.hpp"
#include "actors/store/file_steps.hpp"

#include <fcntl.h>
#include <linux/stat.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <future>

namespace gantry::containers {

namespace {

using host::unique_fd;
using store::confined_root;
using store::file_error;

/// Does something on a thread of its own, which may change its namespaces.
template <class Work>
auto on_own_thread(Work work) {
  return std::async(std::launch::async, std::move(work)).get();
}

bool is_mount_root(int fd) noexcept {
  struct statx facts {};
  return ::statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, 0, &facts) == 0 &&
         (facts.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

result<unique_fd> copy_of(int fd, unsigned recursive) {
  unique_fd tree{
      ::open_tree(fd, "", AT_EMPTY_PATH | recursive | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)};
  if (!tree)
    return file_error("open_tree", errno);
  return tree;
}

/// The mounts of a system call's directory are named by descriptors.
std::string name_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

result<void> make_read_only(int tree) {
  if (::mount(nullptr, name_of(tree).c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) !=
      0)
    return file_error("remount", errno);
  return {};
}

/// What is at a place in the container, which is made if nothing is.
result<unique_fd> open_place(confined_root& root, const std::string& place, bool directory) {
  auto found = root.open_inside(place, O_PATH);
  if (found || found.error().kind != errc::not_found)
    return found;
  const auto slash = place.rfind('/');
  auto made = make_root_directory(root, directory ? place : place.substr(0, slash + 1));
  if (!made)
    return made.error();
  root.forget();
  if (!directory) {
    const auto parent = root.open_directory(place.substr(0, slash + 1));
    if (!parent)
      return parent.error();
    const unique_fd file{::openat(parent->fd, place.c_str() + slash + 1,
                                  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0755)};
    if (!file && errno != EEXIST)
      return file_error("create", errno);
  }
  return root.open_inside(place, O_PATH);
}

result<void> attach(confined_root& root, const loose_mount& part) {
  struct stat facts {};
  if (::fstat(part.tree.get(), &facts) != 0)
    return file_error("stat", errno);
  const auto place = open_place(root, part.place, S_ISDIR(facts.st_mode));
  if (!place)
    return place.error();
  if (is_mount_root(place->get()))
    return {};
  if (::move_mount(part.tree.get(), "", place->get(), "",
                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
    return file_error("mount", errno);
  // What is attached in it is not to appear where it was copied from.
  if (::mount(nullptr, name_of(part.tree.get()).c_str(), nullptr, MS_PRIVATE | MS_REC, nullptr) !=
      0)
    return file_error("mount", errno);
  return part.read_only ? make_read_only(part.tree.get()) : result<void>{};
}

/// On a thread of its own.
class space_builder {
public:
  explicit space_builder(mount_space::content& what) : what_(what) {}

  result<std::pair<unique_fd, unique_fd>> run() {
    if (::unshare(CLONE_FS | CLONE_NEWNS) != 0)
      return file_error("unshare", errno);
    if (::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) != 0)
      return file_error("mount", "/", errno);
    unique_fd space{::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC)};
    if (!space)
      return file_error("open", "/proc/thread-self/ns/mnt", errno);
    auto root = mount_top();
    if (!root)
      return root.error();
    if (auto mounted = mount_parts(root->get()); !mounted)
      return mounted.error();
    leave_rest();
    return std::pair{std::move(space), std::move(*root)};
  }

private:
  /// Its root is a mount of its own, so that it can be made read-only.
  result<unique_fd> mount_top() {
    if (what_.mount_top)
      if (auto mounted = what_.mount_top(); !mounted)
        return mounted.error();
    const unique_fd top{::open(what_.top.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!top)
      return file_error("open", what_.top, errno);
    auto tree = copy_of(top.get(), 0);
    if (!tree)
      return tree.error();
    if (::move_mount(tree->get(), "", top.get(), "",
                     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0)
      return file_error("mount", what_.top, errno);
    unique_fd root{::open(what_.top.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!root)
      return file_error("open", what_.top, errno);
    return root;
  }

  result<void> mount_parts(int top) {
    confined_root root{host::duplicate(top)};
    for (const auto& part : what_.parts)
      if (auto attached = attach(root, part); !attached)
        return api_error{errc::system, "mount '" + part.place + "': " + attached.error().message};
    return what_.read_only ? make_read_only(top) : result<void>{};
  }

  /// Lets go of all other mounts, which others may want to be rid of meanwhile.
  void leave_rest() const {
    // NOTE: the root of an initramfs cannot be left; then this space is a burden for a while.
    if (::chdir(what_.top.c_str()) == 0 && ::syscall(SYS_pivot_root, ".", ".") == 0)
      (void)::umount2(".", MNT_DETACH);
  }

  mount_space::content& what_;
};

/// On a thread of its own.
result<std::vector<loose_mount>> copy_mounts(std::int32_t pid, const struct stat& expected,
                                             const std::vector<std::string>& places) {
  const api_error gone{errc::not_found, "no container runs as process " + std::to_string(pid)};
  const auto path = "/proc/" + std::to_string(pid) + "/ns/mnt";
  const unique_fd space{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!space || ::unshare(CLONE_FS) != 0 || ::setns(space.get(), CLONE_NEWNS) != 0)
    return gone;
  unique_fd top{::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  struct stat facts {};
  if (!top || ::fstat(top.get(), &facts) != 0 || facts.st_dev != expected.st_dev ||
      facts.st_ino != expected.st_ino)
    return gone;
  const confined_root root{std::move(top)};
  std::vector<loose_mount> out;
  for (const auto& place : places) {
    const auto found = root.open_inside(place, O_PATH);
    if (!found || !is_mount_root(found->get()))
      continue;
    auto tree = copy_of(found->get(), AT_RECURSIVE);
    if (!tree)
      return api_error{tree.error().kind, "mount '" + place + "': " + tree.error().message};
    out.push_back({place, std::move(*tree)});
  }
  return out;
}

} // namespace

result<mount_space> mount_space::make_blocking(content what) {
  auto made = on_own_thread([&what] { return space_builder{what}.run(); });
  if (!made)
    return made.error();
  return mount_space{std::move(made->first), std::move(made->second)};
}

result<std::vector<loose_mount>>
mounts_of_process_blocking(std::int32_t pid, const struct stat& root,
                           const std::vector<std::string>& places) {
  return on_own_thread([&] { return copy_mounts(pid, root, places); });
}

result<unique_fd> loose_copy_blocking(const std::filesystem::path& source,
                                      const std::string& part) {
  unique_fd found{::open(source.c_str(), O_PATH | O_CLOEXEC)};
  if (!found)
    return file_error("open", source, errno);
  if (!part.empty()) {
    auto inner = confined_root{std::move(found)}.open_inside(part, O_PATH);
    if (!inner)
      return inner.error();
    found = std::move(*inner);
  }
  return copy_of(found.get(), AT_RECURSIVE);
}

} // namespace gantry::containers
