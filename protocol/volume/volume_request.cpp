#include "protocol/volume/volume_request.hpp"

#include "protocol/container/request_body.hpp"
#include "protocol/oci/json_reader.hpp"

namespace gantry::volume {

result<volume_request> parse_volume_request(std::string_view body) {
  volume_request request;
  if (body.empty())
    return request;
  const auto value = container::detail::parse_body(body);
  if (!value)
    return value.error();
  constexpr std::string_view type = "volume.CreateOptions";
  const bool is_object = value->is_object() || value->is_null();
  oci::detail::decoder d{is_object ? "CreateOptions" : type};
  d.object(*value, type, [&](std::string_view name, const boost::json::value& member) {
    if (name == "name")
      d.read(member, request.name);
    else if (name == "driver")
      d.read(member, request.driver);
    else if (name == "driveropts")
      d.read(member, request.options);
    else if (name == "labels")
      d.read(member, request.labels);
  });
  if (d.failed())
    return container::detail::invalid_json(d.error().message);
  return request;
}

} // namespace gantry::volume
