#include "actors/containers/root_mount.hpp"

#include "actors/containers/overlay_mount.hpp"
#include "actors/store/file_steps.hpp"
#include "actors/store/image_catalog.hpp"
#include "actors/store/paths.hpp"

#include <cstddef>
#include <cstdio>
#include <map>
#include <mutex>
#include <utility>

namespace gantry::containers {

namespace fs = std::filesystem;

root_layers layers_of(const store::layer_files& files, const store::image_facts& image) {
  root_layers out;
  out.driver = files.driver();
  out.user_xattr = files.whiteouts() == store::whiteout_form::overlay_user;
  for (const auto& layer : image.layers)
    out.trees.push_back(
        store::paths::diff_of(files.where().layer(layer->driver, layer->diff_id.hex())));
  return out;
}

/// Who needs a root to be mounted. While somebody changes that or the mount, it is locked.
struct borrowed_root::use {
  std::mutex mutex;
  std::size_t borrowers = 0;
  /// It stays when they are done: a run of the container has it, or did when a daemon died.
  bool stays = false;

  /// The one for a place; all that ask at a time have the same. Mounts are the process's own, and
  /// so is what is known of them.
  static std::shared_ptr<use> of(const fs::path& place) {
    static std::mutex mutex;
    static std::map<fs::path, std::weak_ptr<use>> all;
    const std::lock_guard lock{mutex};
    std::erase_if(all, [](const auto& known) { return known.second.expired(); });
    auto& known = all[place];
    auto shared = known.lock();
    if (!shared)
      known = shared = std::make_shared<use>();
    return shared;
  }
};

namespace {

/// False if it was mounted already.
result<bool> mount_locked(const container_paths& paths, const root_layers& layers,
                          const root_mount_options& options) {
  if (layers.driver == store::layer_driver::copy || is_mounted(paths.merged()))
    return false;
  overlay what{.lowers = {layers.trees.rbegin(), layers.trees.rend()},
               .upper = paths.upper(),
               .work = paths.work(),
               .user_xattr = layers.user_xattr,
               .durable = options.durable};
  what.lowers.insert(what.lowers.begin(), paths.init());
  if (auto mounted = mount_overlay_blocking(what, paths.merged()); !mounted)
    return api_error{mounted.error().kind,
                     "mount root of container " + paths.id() + ": " + mounted.error().message};
  return true;
}

} // namespace

result<bool> mount_root_blocking(const container_paths& paths, const root_layers& layers,
                                 const root_mount_options& options) {
  const auto use = borrowed_root::use::of(paths.merged());
  const std::lock_guard lock{use->mutex};
  auto mounted = mount_locked(paths, layers, options);
  if (mounted)
    use->stays = true;
  return mounted;
}

result<void> unmount_container_blocking(const container_paths& paths, borrowers them) {
  result<void> outcome;
  const auto unmount = [&outcome](const fs::path& place) {
    if (auto gone = unmount_blocking(place); !gone && outcome)
      outcome = std::move(gone);
  };
  {
    const auto use = borrowed_root::use::of(paths.merged());
    const std::lock_guard lock{use->mutex};
    use->stays = false;
    if (use->borrowers == 0 || them == borrowers::lose)
      unmount(paths.merged());
  }
  unmount(paths.shm());
  auto names = store::names_in(paths.mounts());
  if (!names)
    return outcome ? names.error() : outcome;
  for (const auto& name : *names)
    unmount(paths.mounts() / name);
  // Places for mounts are made anew. What is still mounted cannot be removed so.
  for (const auto& name : *names)
    (void)std::remove((paths.mounts() / name).c_str());
  return outcome;
}

// -- borrowed -------------------------------------------------------------------------------------

borrowed_root::borrowed_root(fs::path path, std::shared_ptr<use> shared)
    : path_(std::move(path)), use_(std::move(shared)) {}

borrowed_root::borrowed_root(borrowed_root&& other) noexcept
    : path_(std::move(other.path_)), use_(std::exchange(other.use_, nullptr)) {}

borrowed_root::~borrowed_root() { (void)give_back_blocking(); }

result<borrowed_root> borrowed_root::borrow_blocking(const container_paths& paths,
                                                     const root_layers& layers,
                                                     const root_mount_options& options) {
  auto shared = use::of(paths.merged());
  const std::lock_guard lock{shared->mutex};
  const auto mounted = mount_locked(paths, layers, options);
  if (!mounted)
    return mounted.error();
  if (!*mounted && shared->borrowers == 0)
    shared->stays = true;
  ++shared->borrowers;
  return borrowed_root{paths.merged(), shared};
}

result<void> borrowed_root::give_back_blocking() {
  const auto use = std::exchange(use_, nullptr);
  if (!use)
    return {};
  const std::lock_guard lock{use->mutex};
  if (--use->borrowers != 0 || use->stays)
    return {};
  return unmount_blocking(path_);
}

result<void> with_root_blocking(const container_paths& paths, const root_layers& layers,
                                const std::function<result<void>(const fs::path& root)>& work,
                                const root_mount_options& options) {
  auto root = borrowed_root::borrow_blocking(paths, layers, options);
  if (!root)
    return root.error();
  auto done = work(root->path());
  if (auto gone = root->give_back_blocking(); !gone && done)
    return gone;
  return done;
}

} // namespace gantry::containers
