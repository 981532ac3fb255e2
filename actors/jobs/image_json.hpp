#pragma once

#include "actors/store/image_catalog.hpp"
#include "actors/store/image_list.hpp"
#include "actors/store/image_removal.hpp"
#include "actors/store/paths.hpp"
#include "protocol/error.hpp"
#include "protocol/oci/manifest.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <cstdint>
#include <string_view>
#include <vector>

/// Images as Engine API 1.50 shows them; what older versions show differently is
/// protocol/api/image_payloads.hpp's business.
namespace gantry::jobs {

/// What a listing counts of each image only if it is asked to; -1: it was not.
struct summary_counts {
  bool shared_size = false;     ///< show how much other images have too
  std::int64_t containers = -1; ///< made from it
};

/// A row of ImageList.
boost::json::object image_summary(const store::listed_image& listed, const summary_counts& counts);

/// ImageInspect. With Container, ContainerConfig and the whole Config, which old versions show; an
/// image without a Config has null. `host` stands in for what the config does not say; `driver`
/// for that of the layers if there is none; `where` is where they are.
boost::json::object image_details(const store::image& image, const oci::platform& host,
                                  std::string_view driver, const store::paths& where);

/// ImageHistory, newest step first. Errors: system `too many non-empty layers in History section`.
result<boost::json::array> image_history(const store::image_catalog& catalog,
                                         const store::image& image);

/// The items of ImageDelete: `{"Untagged": ...}`, `{"Deleted": ...}`.
boost::json::array removal_items(const std::vector<store::removal_record>& records);

} // namespace gantry::jobs
