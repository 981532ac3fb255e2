#pragma once

#include "actors/containers/container_paths.hpp"
#include "actors/store/layer_files.hpp"
#include "protocol/error.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

namespace gantry::store {
struct image_facts;
}

namespace gantry::containers {

/// What a container's root is made of below its own changes.
struct root_layers {
  store::layer_driver driver = store::layer_driver::overlay;
  bool user_xattr = false; ///< overlayfs is to take `user.overlay.*` (option `userxattr`)
  /// The unpacked trees of the image's layers, base to top; may be empty. With `overlay` somebody
  /// keeps them from going as long as the container is there.
  std::vector<std::filesystem::path> trees;
};

/// The layers of an image as `files` keeps them.
root_layers layers_of(const store::layer_files& files, const store::image_facts& image);

/// How a root is mounted.
struct root_mount_options {
  /// The end of the mount waits until all is on the disk, and sync(2) in it counts. Without (Linux
  /// 5.10) a crash of the machine may leave a root in which some of the last changes are missing:
  /// for containers that go when they end.
  bool durable = true;
};

/// Mounts a container's root on `paths.merged()`: the image's layers, init/ and upper/ by
/// overlayfs. False if it was mounted already, also by an earlier daemon. With the copy driver
/// there is nothing to mount. It stays until `unmount_container_blocking`. As many layers as images
/// can have. Errors: of mount(2), `mount root of container ID: ...`.
result<bool> mount_root_blocking(const container_paths& paths, const root_layers& layers,
                                 const root_mount_options& options = {});

/// Whether those who have borrowed a root keep it.
enum class borrowers : std::uint8_t {
  keep, ///< it stays mounted for them, and is unmounted when the last of them is done
  lose, ///< it goes, and what they have of it leads nowhere
};

/// Unmounts all that is mounted for a container outside of it: its root, /dev/shm, parts of
/// volumes. Goes on after a failure; nothing mounted is none. Errors: the first one.
result<void> unmount_container_blocking(const container_paths& paths,
                                        borrowers them = borrowers::keep);

/// A container's root that is there for as long as this lives, whether the container runs or not.
/// It is the same mount for all: overlayfs must not have a container's own layer twice. So a start
/// meanwhile goes on with this mount, and an end leaves it. Any thread; the last one blocks at its
/// end.
class borrowed_root {
public:
  /// Mounts it if it is not mounted. Errors: as `mount_root_blocking`.
  static result<borrowed_root> borrow_blocking(const container_paths& paths,
                                               const root_layers& layers,
                                               const root_mount_options& options = {});
  borrowed_root(borrowed_root&&) noexcept;
  borrowed_root& operator=(borrowed_root&&) = delete;
  ~borrowed_root();

  /// Its directory.
  const std::filesystem::path& path() const noexcept { return path_; }
  /// Gives it back, as the end of this does. Errors: of the unmount.
  result<void> give_back_blocking();

private:
  struct use;
  friend result<bool> mount_root_blocking(const container_paths&, const root_layers&,
                                          const root_mount_options&);
  friend result<void> unmount_container_blocking(const container_paths&, borrowers);
  borrowed_root(std::filesystem::path path, std::shared_ptr<use> shared);

  std::filesystem::path path_;
  std::shared_ptr<use> use_; ///< null: was given back
};

/// Runs `work` on the root of a container that does not run, mounted for that time if it is not
/// mounted anyway; `root` is its directory. Errors: those of the mount and of `work`.
result<void>
with_root_blocking(const container_paths& paths, const root_layers& layers,
                   const std::function<result<void>(const std::filesystem::path& root)>& work,
                   const root_mount_options& options = {});

} // namespace gantry::containers
