#include "actors/containers/kept_layers.hpp"

#include "protocol/oci/digest.hpp"

namespace gantry::containers {

result<root_layers> kept_layers(const store::layer_files& files,
                                const std::vector<std::string>& diff_ids) {
  root_layers layers;
  layers.driver = files.driver();
  layers.user_xattr = files.whiteouts() == store::whiteout_form::overlay_user;
  for (auto& text : diff_ids) {
    auto id = oci::digest::parse(text);
    if (!id)
      return id.error();
    layers.trees.push_back(
        store::paths::diff_of(files.where().layer(to_string(files.driver()), id->hex())));
  }
  return layers;
}

} // namespace gantry::containers
