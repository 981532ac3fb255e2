#pragma once

#include "actors/containers/files/file_view.hpp"
#include "actors/image/archive_reader.hpp"
#include "protocol/error.hpp"

#include <string>

namespace gantry::containers {

/// A tar to be unpacked in a container (Engine API PutContainerArchive).
struct extract_request {
  std::string path;        ///< the directory that it goes into; links are followed
  std::string container;   ///< what the client calls the container
  bool keep_kinds = false; ///< a directory is not to give way to anything else, nor the reverse
  bool as_user = false;    ///< all is to belong to the user of the container's processes
};

/// Unpacks it, packed or not, as it comes. What was made before an error stays. Blocking. Errors:
/// not_found `Could not find the file /x in container web`; invalid_parameter `extraction point is
/// not a directory`, those of `check_writable`, of the tar; of `tar`; system for what the file
/// system says, and `cannot overwrite directory "/a/x" with non-directory "/a"`.
result<void> extract_blocking(const files_of_container& container, const extract_request& request,
                              image::byte_source tar);

} // namespace gantry::containers
