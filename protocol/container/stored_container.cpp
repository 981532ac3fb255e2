#include "protocol/container/stored_container.hpp"

#include "protocol/container/descriptions.hpp"

namespace gantry::container {

namespace detail {

template <>
struct description<container_definition> {
  using c = container_definition;
  static constexpr std::string_view type_name = "Container";
  static constexpr std::tuple fields{
      field{"Created", &c::created},    field{"Path", &c::path},
      field{"Args", &c::args},          field{"Image", &c::image_id},
      field{"Driver", &c::driver},      field{"Layers", &c::layers},
      field{"Config", &c::config},      field{"HostConfig", &c::host_config},
      field{"Networks", &c::endpoints}, field{"Mounts", &c::mounts},
  };
};

} // namespace detail

std::string write_definition(const container_definition& definition) {
  std::string out;
  detail::write<detail::reader::registry>(out, definition);
  return out;
}

result<container_definition> parse_definition(std::string_view json) {
  const auto value = oci::detail::parse_json(json);
  if (!value)
    return value.error();
  container_definition definition;
  detail::decoder d{"Container"};
  detail::read(d, *value, definition);
  if (d.failed())
    return d.error();
  return definition;
}

} // namespace gantry::container
