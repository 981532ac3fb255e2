#pragma once

#include "protocol/api/version.hpp"

#include <boost/json/value.hpp>

#include <string>

/// What API versions show of images, made from what the jobs say (Engine API 1.50, and the members
/// that were dropped before). Values of another shape go through as they are.
namespace gantry::api {

/// ImageList, and Images of SystemDataUsage, as version `v` of today's era shows them: VirtualSize
/// below 1.44; below 1.43 `<none>:<none>` and `<none>@<none>` for an image without names, and null
/// for a list that is empty.
boost::json::value image_list_reply(boost::json::value rows, api_version v);

/// ImageInspect as version `v` of today's era shows it: of Config the members that images have
/// (all sorted), below 1.50 also those that only containers have, empty; ContainerConfig and
/// Container below 1.45; VirtualSize and a Created that is never missing below 1.44.
boost::json::value image_reply(boost::json::value image, api_version v);

/// `images` of 1.2.0: ids without `sha256:`, `<none>:<none>` for no name; below 1.7 a row for each
/// name, with Repository and Tag.
boost::json::value legacy_image_list_reply(const boost::json::value& rows, api_version v);

/// `image_inspect` of 1.2.0, as of API 1.12.
boost::json::value legacy_image_reply(const boost::json::value& image);

/// The same below API 1.12: the names that members have in an image's own JSON.
boost::json::value raw_image_reply(const boost::json::value& image);

/// `history` of 1.2.0: no Comment, Tags are never null, ids without `sha256:`.
boost::json::value legacy_history_reply(const boost::json::value& rows);

/// `image_delete` of 1.2.0: ids without `sha256:`.
boost::json::value legacy_removal_reply(const boost::json::value& rows);

} // namespace gantry::api
