#pragma once

#include "actors/store/metadata.hpp"
#include "actors/store/sqlite.hpp"
#include "protocol/error.hpp"
#include "protocol/oci/image_config.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::store {

/// All rows of `gantry.db` that could be read.
struct metadata {
  std::vector<image_row> images;         ///< by id
  std::vector<layer_info> layers;        ///< by diff id
  std::vector<reference_row> references; ///< by name
  std::vector<std::string> set_aside;    ///< a warning for each row that could not be read
};

/// What is kept of the images: the tables of `gantry.db` and every statement on them. Blocking; for
/// one thread at a time. Changes belong to a transaction (`change`); what is not committed is not
/// there. Tables of containers, volumes and networks join these by further steps of the schema.
class metadata_db {
public:
  /// Opens or makes the database and brings its schema up to date. Errors: as `sqlite::failure`;
  /// conflict if a newer program made it: `... was made by a newer version (schema 9, known up to
  /// 2)`.
  static result<metadata_db> open(const std::filesystem::path& file);

  metadata_db(metadata_db&&) noexcept;
  metadata_db& operator=(metadata_db&&) noexcept;
  ~metadata_db();

  /// Reads everything. A row that makes no sense goes to the table `set_aside`, with what hangs on
  /// it, and a warning.
  result<metadata> load();

  /// Begins a transaction. `purpose` begins the texts of its own failures.
  result<sqlite::transaction> change(std::string purpose);

  /// Adds a layer. Errors: as SQLite's.
  result<void> add_layer(const layer_info& layer);
  /// Forgets a layer that no image has any more.
  result<void> remove_layer(const oci::digest& diff_id);

  /// Adds an image; its layers and its parent are there. `config` gives the columns that are only
  /// for people who look into the database.
  result<void> add_image(const image_row& image, const oci::image_config& config);
  /// Forgets an image and all its names; its children have no parent then.
  result<void> remove_image(const oci::digest& id);
  /// Notes when it last got a name.
  result<void> set_tagged(const oci::digest& id, timestamp when);

  /// Gives a name to an image, taking it away from the one that has it.
  result<void> set_reference(const oci::reference& name, const oci::digest& image);
  /// Forgets a name.
  result<void> remove_reference(const oci::reference& name);

  /// Forgets an image and all its names, and notes in `set_aside` what was known of it and why it
  /// cannot be used, for a person to look at.
  result<void> set_aside_image(const oci::digest& id, std::string_view reason);

private:
  struct statements;
  struct bad_row;
  class reader;
  metadata_db(sqlite::database db, std::unique_ptr<statements> prepared);
  result<void> set_aside(const bad_row& row);

  sqlite::database db_;
  std::unique_ptr<statements> prepared_; // destroyed before the database
};

} // namespace gantry::store
