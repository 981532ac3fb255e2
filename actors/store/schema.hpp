#pragma once

#include "actors/store/sqlite.hpp"
#include "protocol/error.hpp"

#include <filesystem>

namespace gantry::store {

/// Opens or makes the database of all metadata and brings its schema up to date. Each of its users
/// has a connection of its own. Errors: as `sqlite::failure`; conflict if a newer program made it:
/// `database 'FILE' was made by a newer version (schema 9, known up to 2)`.
result<sqlite::database> open_metadata(const std::filesystem::path& file);

} // namespace gantry::store
