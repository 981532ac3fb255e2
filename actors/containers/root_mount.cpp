#include "actors/containers/root_mount.hpp"

#include "actors/containers/overlay_mount.hpp"
#include "actors/store/file_steps.hpp"
#include "actors/store/image_catalog.hpp"
#include "actors/store/paths.hpp"

#include <cstdio>
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

result<bool> mount_root_blocking(const container_paths& paths, const root_layers& layers,
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

result<void> unmount_container_blocking(const container_paths& paths) {
  std::vector<fs::path> places{paths.merged(), paths.shm()};
  auto names = store::names_in(paths.mounts());
  if (!names)
    return names.error();
  for (const auto& name : *names)
    places.push_back(paths.mounts() / name);
  result<void> outcome;
  for (const auto& place : places)
    if (auto gone = unmount_blocking(place); !gone && outcome)
      outcome = std::move(gone);
  // Places for mounts are made anew. What is still mounted cannot be removed so.
  for (const auto& name : *names)
    (void)std::remove((paths.mounts() / name).c_str());
  return outcome;
}

result<void> with_root_blocking(const container_paths& paths, const root_layers& layers,
                                const std::function<result<void>(const fs::path& root)>& work,
                                const root_mount_options& options) {
  const auto mounted = mount_root_blocking(paths, layers, options);
  if (!mounted)
    return mounted.error();
  auto done = work(paths.merged());
  if (*mounted)
    if (auto gone = unmount_blocking(paths.merged()); !gone && done)
      return gone;
  return done;
}

} // namespace gantry::containers
