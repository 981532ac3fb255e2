#pragma once

#include "actors/store/sqlite.hpp"
#include "protocol/error.hpp"

#include <filesystem>
#include <string_view>

namespace gantry::store {

/// Opens or makes the database of all metadata and brings its schema up to date. Each of its users
/// has a connection of its own. Errors: as `sqlite::failure`; conflict if a newer program made it:
/// `database 'FILE' was made by a newer version (schema 9, known up to 2)`.
result<sqlite::database> open_metadata(const std::filesystem::path& file);

/// Something in the database that cannot be used.
struct unusable_row {
  std::string_view kind; ///< `container`, `volume`
  std::string_view name;
  std::string_view content;
  std::string_view reason;
};

/// Notes it in the table `set_aside`, for people. Errors: as SQLite's.
result<void> set_aside(sqlite::database& db, const unusable_row& row);

} // namespace gantry::store
