#pragma once

#include "actors/store/image_catalog.hpp"
#include "tests/actors/store/store_fixture.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gantry::test {

/// The digest whose hex digits begin so; the rest is zeros.
inline oci::digest hex_digest(std::string front) {
  front.resize(64, '0');
  return oci::digest::from_hex(front).value();
}

/// Makes the content of a catalog line by line.
class catalog_builder {
public:
  void layer(const std::string& content, std::uint64_t size) {
    layers_[content] = std::make_shared<const store::layer_info>(layer_of(content, size));
  }
  /// An image; layers that are not there yet get 100 bytes.
  oci::image_config& add(const oci::digest& id, const std::vector<std::string>& layers,
                         const std::vector<std::string>& names = {},
                         const oci::digest& parent = {}) {
    auto config = std::make_shared<oci::image_config>();
    config->created = oci::parse_instant("2024-01-01T00:00:00Z").value();
    auto facts = std::make_shared<store::image_facts>();
    facts->row.id = id;
    facts->row.parent = parent;
    for (const auto& text : layers) {
      if (layers_.count(text) == 0)
        layer(text, 100);
      facts->layers.push_back(layers_[text]);
      facts->row.layers.push_back(facts->layers.back()->diff_id);
    }
    config->diff_ids = facts->row.layers;
    facts->chain_ids = oci::chain_ids(facts->row.layers);
    facts->config = config;
    content.images[id] = facts;
    for (const auto& text : names) {
      auto name = store::kept_form(name_of(text));
      content.references[name.str()] = {name, id};
    }
    return *config;
  }

  store::catalog_content content;

private:
  std::map<std::string, std::shared_ptr<const store::layer_info>> layers_;
};

} // namespace gantry::test
