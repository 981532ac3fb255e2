#include "protocol/oci/history.hpp"

#include <algorithm>
#include <cstddef>

namespace gantry::oci {

result<void> check_history(const image_config& image) {
  const auto made = std::count_if(image.history.begin(), image.history.end(),
                                  [](const history_entry& step) { return !step.empty_layer; });
  if (static_cast<std::size_t>(made) > image.diff_ids.size())
    return api_error{errc::invalid_parameter, "too many non-empty layers in History section"};
  return {};
}

} // namespace gantry::oci
