#include "protocol/container/commit.hpp"

#include "protocol/container/descriptions.hpp"
#include "protocol/container/merge.hpp"
#include "protocol/container/request_body.hpp"
#include "protocol/oci/changes.hpp"

#include <utility>

namespace gantry::container {

result<std::optional<container_config>> parse_commit_config(std::string_view body) {
  if (body.empty())
    return std::optional<container_config>{};
  const auto json = detail::parse_body(body);
  if (!json)
    return json.error();
  detail::decoder d{"CreateRequest"};
  std::optional<container_config> asked;
  container_config config;
  d.object(*json, "container.CreateRequest",
           [&](std::string_view name, const boost::json::value& member) {
             if (detail::read_member(d, name, member, config))
               asked.emplace(); // NOTE: even as null
           });
  if (d.failed())
    return detail::invalid_json(d.error().message);
  if (asked)
    *asked = std::move(config);
  return asked;
}

result<container_config> commit_config(const container_config& of_container,
                                       const std::optional<container_config>& asked,
                                       const std::vector<std::string>& changes) {
  auto config = oci::apply_changes(asked ? *asked : of_container, changes);
  if (config)
    merge_image_config(*config, of_container);
  return config;
}

oci::image_config committed_image(const oci::image_config& parent, commit_facts facts) {
  std::string created_by;
  if (facts.container_config.cmd)
    for (const auto& word : *facts.container_config.cmd)
      created_by.append(&word == &facts.container_config.cmd->front() ? "" : " ").append(word);
  oci::image_config image;
  image.created = facts.created;
  image.author = facts.author;
  image.architecture = parent.architecture;
  image.variant = parent.variant;
  image.os = parent.os;
  image.os_version = parent.os_version;
  image.os_features = parent.os_features;
  image.docker_version = std::move(facts.docker_version);
  image.container = std::move(facts.container);
  image.container_config = std::move(facts.container_config);
  image.config = std::move(facts.config);
  image.rootfs_type = "layers";
  image.diff_ids = parent.diff_ids;
  if (facts.layer)
    image.diff_ids.push_back(*facts.layer);
  image.history = parent.history;
  image.history.push_back({facts.created, std::move(created_by), std::move(facts.author),
                           std::move(facts.comment), !facts.layer});
  return image;
}

} // namespace gantry::container
