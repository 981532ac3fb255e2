#include "protocol/oci/image_platform.hpp"

#include <string>

namespace gantry::oci {

platform platform_of(const image_config& image) {
  platform p;
  p.architecture = image.architecture;
  p.os = image.os;
  p.variant = image.variant;
  return p;
}

bool runs_on(const platform& image, const platform& wanted) {
  const auto fit = fitness(image, wanted);
  return fit > 1 || (fit == 1 && wanted.architecture == "arm" && image.variant <= wanted.variant);
}

api_error other_platform(std::string_view name, const platform& image, const platform& wanted) {
  return {errc::not_found, "image with reference " + std::string{name} +
                               " was found but its platform (" + to_string(image) +
                               ") does not match the specified platform (" + to_string(wanted) +
                               ")"};
}

} // namespace gantry::oci
