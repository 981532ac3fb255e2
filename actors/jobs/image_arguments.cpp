#include "actors/jobs/image_arguments.hpp"

#include "protocol/api/platform.hpp"
#include "protocol/oci/image_platform.hpp"

#include <chrono>
#include <utility>

namespace gantry::jobs {

namespace {

constexpr std::string_view conflict_today = "conflict: ";

} // namespace

bool asks_as_1_2(const job::env& environment) noexcept { return environment.get("shape") == "1.2"; }

api_error error_of_1_2(api_error error, const std::string& name) {
  if (error.kind == errc::not_found || error.kind == errc::invalid_parameter)
    return {errc::not_found, "No such image: " + name};
  if (error.message.starts_with(conflict_today))
    error.message.replace(0, conflict_today.size(), "Conflict, ");
  return error;
}

result<store::found_image> find_image(const store::image_catalog& catalog, const std::string& name,
                                      const job::env& environment) {
  auto found = catalog.resolve(name);
  if (!found)
    return asks_as_1_2(environment) ? error_of_1_2(found.error(), name) : found.error();
  if (const auto& platform = environment.get("platform"); !platform.empty())
    if (auto checked = check_platform(*found->what, name, platform); !checked)
      return checked.error();
  return found;
}

result<void> check_platform(const store::image& image, const std::string& name,
                            std::string_view platform_json) {
  auto parsed = api::parse_json_platform(platform_json);
  if (!parsed)
    return parsed.error();
  if (!*parsed)
    return {};
  const auto actual = oci::platform_of(image.config());
  if (oci::runs_on(actual, **parsed))
    return {};
  return oci::other_platform(name, actual, **parsed);
}

result<oci::instant> read_until(const std::string& text, api::timestamp now) {
  auto read = api::parse_time(text, now);
  if (!read)
    return api_error{errc::invalid_parameter,
                     "failed to parse value as time or duration: \"" + text + "\""};
  auto seconds = std::chrono::floor<std::chrono::seconds>(*read);
  return oci::instant{seconds.time_since_epoch().count(),
                      static_cast<std::int32_t>((*read - seconds).count()), 0};
}

} // namespace gantry::jobs
