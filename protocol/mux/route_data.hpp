#pragma once

#include "protocol/mux/pattern.hpp"
#include "protocol/mux/router.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gantry::mux {

/// What a route hands down to the router below it, and a router to the routes it makes.
struct route_settings {
  bool strict_slash = false;
  bool encoded = false;
  std::shared_ptr<const pattern> host; ///< the template in force: the last one set
  std::shared_ptr<const pattern> path; ///< with the parents' templates in front
  std::vector<std::shared_ptr<const pattern>> queries;
  std::string build_scheme;
  build_vars_function build_vars;
};

/// One `headers` or `headers_regexp` pair.
struct header_rule {
  std::string name;
  std::string value;                     ///< without `regex`: wanted value, "" for any
  std::shared_ptr<const re2::RE2> regex; ///< to be found in the value
};

using named_routes = std::map<std::string, route*, std::less<>>;

/// The inside of a route.
struct route_data {
  route_settings settings;
  std::shared_ptr<named_routes> names; ///< of the whole tree
  std::size_t id = 0;
  std::string name;
  std::optional<api_error> error;
  bool build_only = false;
  std::optional<payload_id> payload;
  // This route's own matchers; those of its parents are theirs.
  std::vector<std::shared_ptr<const pattern>> paths;
  std::vector<std::shared_ptr<const pattern>> hosts;
  std::vector<std::shared_ptr<const pattern>> queries;
  std::vector<std::vector<std::string>> methods;
  std::vector<std::vector<std::string>> schemes;
  std::vector<header_rule> headers;
  std::vector<matcher_function> matchers;
  std::unique_ptr<router> child;
};

/// The inside of a router.
struct router_data {
  route_settings settings;
  std::shared_ptr<named_routes> names;
  bool is_root = true;
  bool skip_clean = false;
  std::optional<payload_id> not_found;
  std::optional<payload_id> method_not_allowed;
  std::vector<std::unique_ptr<route>> routes;
};

} // namespace gantry::mux
