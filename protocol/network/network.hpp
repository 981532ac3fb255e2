#pragma once

#include "protocol/api/filters.hpp"
#include "protocol/container/container_view.hpp"
#include "protocol/error.hpp"
#include "protocol/oci/time.hpp"

#include <boost/json/object.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Networks as clients see them. Source: Engine API 1.50, section 20.
namespace gantry::network {

/// A network.
struct network_record {
  std::string id; ///< 64 digits
  std::string name;
  std::string driver; ///< `null`, `host`
  oci::instant created;

  friend bool operator==(const network_record&, const network_record&) = default;
};

/// By name.
using network_list = std::vector<network_record>;

/// Those that every daemon has and nobody makes or removes: `host` and `none`. Their ids follow
/// from `engine_id`, so that they stay the same for as long as that does. `created`: since when
/// there is this engine.
network_list predefined_networks(std::string_view engine_id, const oci::instant& created);

/// Finds one by id, name or a prefix of ids. `scope`: only such networks; empty: any. Errors:
/// not_found `network x not found`; invalid_parameter `network x is ambiguous (2 matches found
/// based on ID prefix)`.
result<network_record> find_network(const network_list& all, std::string_view reference,
                                    std::string_view scope = {});

/// Whether a list shows the network (section 3). `filters`: what passed `api::validate`.
bool matches(const api::filters& filters, const network_record& network);

/// NetworkInspect: the network, and those of the containers that are in it now.
boost::json::object shown_network(const network_record& network,
                                  std::span<const container::container_view* const> containers);

} // namespace gantry::network
