#pragma once

#include "protocol/oci/load_plan.hpp"

// Inside of protocol/oci: what the kinds of archives have in common.
namespace gantry::oci::detail {

inline api_error invalid_archive(std::string text) {
  return {errc::invalid_parameter, std::move(text)};
}

/// The layer at `path`; nothing (null) if there is none. Errors: as `resolve_archive_path`, and
/// `archive/tar: invalid tar header` for what is there but is no layer.
struct located_layer {
  std::string path;
  const archive_layer* layer = nullptr;
};
result<located_layer> locate_layer(const archive_view& view, std::string_view path);

/// Layer number `index` of an image, which has to have that diff id. Errors: as `locate_layer`,
/// `open PATH: no such file or directory`, `invalid diffID for layer N: ...`.
result<planned_layer> plan_layer(const archive_view& view, const load_options& options,
                                 std::string_view path, const digest& diff_id, std::size_t index);

/// Refuses images of another system. `os` may be "".
result<void> check_os(std::string_view os);

/// Adds a name; those that dockerd passes over are passed over. Errors: `invalid tag "x"`, those of
/// `parse_reference`.
result<void> add_tag(planned_image& image, const std::string& name);

result<load_plan> plan_docker_archive(const archive_view& view, const load_options& options,
                                      const std::string& manifest);
result<load_plan> plan_oci_layout(const archive_view& view, const load_options& options,
                                  const std::string& index);
result<load_plan> plan_legacy_archive(const archive_view& view);

} // namespace gantry::oci::detail
