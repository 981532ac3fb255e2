#pragma once

#include "protocol/api/version.hpp"
#include "protocol/container/container_view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::container {

/// A port as lists show it.
struct listed_port {
  std::string ip; ///< on the host; empty: not published
  std::uint16_t private_port = 0;
  std::uint16_t public_port = 0; ///< 0: not published
  std::string type;              ///< `tcp`, `udp`, `sctp`

  friend bool operator==(const listed_port&, const listed_port&) = default;
};

/// The ports of a container's network settings, by port.
std::vector<listed_port> listed_ports(const port_map& ports);

/// A container in `GET /containers/json`, written once for each moment of it: what depends on the
/// request is put in between. Source: Engine API 1.50 ContainerList, section 12.1.
class list_entry {
public:
  explicit list_entry(const container_view& view);

  /// Appends the entry as version `v` shows it at the time `now`. `image`: what to show as Image,
  /// the name in Config or, once that means something else, the image's id.
  void append(std::string& out, std::string_view image, const oci::instant& now, api::api_version v,
              const std::optional<container_sizes>& sizes = {}) const;

private:
  std::string identity_;    // up to and with `"Image":`
  std::string middle_;      // from ImageID to Ports
  std::string labels_;      // Labels, State, `"Status":`
  std::string annotations_; // of HostConfig, not below 1.46
  std::string host_;        // HostConfig up to NetworkMode
  std::string networks_;    // NetworkSettings and Mounts
  state_view state_;
};

} // namespace gantry::container
