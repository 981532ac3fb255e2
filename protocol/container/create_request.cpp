#include "protocol/container/create_request.hpp"

#include "protocol/container/descriptions.hpp"
#include "protocol/container/request_body.hpp"

namespace gantry::container {

result<create_request> parse_create_request(std::string_view body) {
  const auto json = detail::parse_body(body);
  if (!json)
    return json.error();
  constexpr std::string_view type = "container.CreateRequest";
  const bool is_object = json->is_object() || json->is_null();
  detail::decoder d{is_object ? "CreateRequest" : type};
  create_request request;
  bool has_config = false;
  d.object(*json, type, [&](std::string_view name, const boost::json::value& member) {
    if (name == "hostconfig")
      detail::read(d, member, request.host_config);
    else if (name == "networkingconfig")
      detail::read(d, member, request.networking_config);
    else if (detail::read_member(d, name, member, request.config))
      has_config = true; // NOTE: even as null
  });
  if (d.failed())
    return detail::invalid_json(d.error().message);
  if (!has_config)
    return api_error{errc::invalid_parameter,
                     "config cannot be empty in order to create a container"};
  if (request.host_config.network_mode.empty())
    request.host_config.network_mode = "default";
  return request;
}

} // namespace gantry::container
