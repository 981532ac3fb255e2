#pragma once

#include "protocol/error.hpp"

#include <string>
#include <string_view>

namespace gantry::jobs {

/// The name by which an image is spoken of: `docker.io/` and `library/` left out, `:latest` put in
/// where there is neither tag nor digest; `sha256:HEX` for an image's whole id. Errors:
/// invalid_parameter `invalid reference format`, `invalid reference format: repository name (NAME)
/// must be lowercase`, and what is wrong with a digest (section 4).
result<std::string> familiar_image_name(std::string_view reference);

} // namespace gantry::jobs
