#pragma once

#include "actors/host/unique_fd.hpp"
#include "actors/store/image_catalog.hpp"
#include "actors/store/metadata_db.hpp"
#include "actors/store/paths.hpp"
#include "actors/store/trash.hpp"
#include "protocol/error.hpp"

#include <string>
#include <vector>

namespace gantry::store {

/// Makes the directories of the store that are missing and takes possession of `tmp`: as long as
/// the descriptor (or a copy of it) is open, nobody else gets it. Errors: unavailable `data root
/// 'ROOT' is used by another daemon`; what the file system says.
result<host::unique_fd> occupy(const paths& where);

/// What is there after all that a crash left half done was taken away.
struct recovered_state {
  catalog_content content;
  std::vector<std::string> warnings; ///< what was set aside, and why; for the log
};

/// Makes the database and the files agree: images whose config or one of whose layers is missing or
/// damaged are set aside with their names; layers and whatever is in `tmp` that the database does
/// not name go to the trash, such blobs at once. Reads every config and looks for every layer, but
/// reads none. To be done before anything else, by who has occupied the place; doing it again finds
/// nothing. Errors: what SQLite and the file system say; what cannot be read because the disk fails
/// is not taken for missing.
result<recovered_state> recover(const paths& where, metadata_db& db, trash& bin);

} // namespace gantry::store
