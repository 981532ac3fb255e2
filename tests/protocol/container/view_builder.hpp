#pragma once

#include "protocol/container/container_view.hpp"

#include <memory>
#include <string>

namespace gantry::container {

/// A container that has never run: id of 64 times `digit`, the name, `sh -c 'a b'` of `bb:1`.
inline container_view make_view(char digit, const std::string& name) {
  container_view view;
  view.id = std::string(64, digit);
  view.created = {1700000000, 5000, 0};
  view.path = "sh";
  view.args = {"-c", "a b"};
  view.image_id = "sha256:1";
  view.name = "/" + name;
  view.driver = "overlay2";
  container_config config;
  config.hostname = view.id.substr(0, 12);
  config.image = "bb:1";
  config.cmd = {{"sh", "-c", "a b"}};
  config.labels = {{{"a", "<b>&"}}};
  view.config = std::make_shared<const container_config>(std::move(config));
  host_config host;
  host.network_mode = "none";
  view.host_config = std::make_shared<const host_config>(std::move(host));
  view.network.networks["none"] = {};
  return view;
}

} // namespace gantry::container
