#include "actors/store/schema.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>

namespace gantry::store {

namespace {

/// `Gnty`, in the header of the file.
constexpr std::int32_t application_id = 0x476e7479;

/// The steps from an empty file to the schema of today; PRAGMA user_version counts those done.
/// A step that was released is never changed. Times are nanoseconds since 1970, UTC; `created` is
/// in seconds, for it may be the year 1.
constexpr std::array migrations{
    R"sql(
CREATE TABLE layers(            -- a layer whose files are under layers/DRIVER/
  key INTEGER PRIMARY KEY,
  diff_id TEXT NOT NULL UNIQUE, -- sha256:HEX of its uncompressed tar
  driver TEXT NOT NULL,
  tar_size INTEGER NOT NULL,
  size INTEGER NOT NULL         -- of the files in it
) STRICT;
CREATE TABLE images(
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,      -- sha256:HEX of its config, which is a blob
  parent INTEGER REFERENCES images(key) ON DELETE SET NULL,
  created INTEGER,              -- from the config, for people: what counts is in the blob
  os TEXT NOT NULL,
  architecture TEXT NOT NULL,
  variant TEXT NOT NULL,
  tagged INTEGER,
  loaded INTEGER NOT NULL
) STRICT;
CREATE INDEX images_by_parent ON images(parent) WHERE parent IS NOT NULL;
CREATE TABLE image_layers(
  image INTEGER NOT NULL REFERENCES images(key) ON DELETE CASCADE,
  position INTEGER NOT NULL,    -- 0 is the base
  layer INTEGER NOT NULL REFERENCES layers(key),
  PRIMARY KEY(image, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX image_layers_by_layer ON image_layers(layer);
CREATE TABLE image_references(
  key INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,    -- docker.io/library/busybox:latest, or with @sha256:HEX
  image INTEGER NOT NULL REFERENCES images(key) ON DELETE CASCADE
) STRICT;
CREATE INDEX image_references_by_image ON image_references(image);
CREATE TABLE set_aside(         -- what could not be used, for people
  key INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  content TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
)sql",
    R"sql(
CREATE TABLE containers(
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,      -- 64 digits
  name TEXT NOT NULL UNIQUE,    -- /web
  definition TEXT NOT NULL,     -- JSON: what it was made as
  state TEXT NOT NULL,          -- JSON: where it stands
  restart_count INTEGER NOT NULL,
  stopped_by_hand INTEGER NOT NULL
) STRICT;
CREATE TABLE volumes(
  key INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created INTEGER NOT NULL,
  definition TEXT NOT NULL      -- JSON: labels, driver options
) STRICT;
)sql",
    R"sql(
ALTER TABLE volumes ADD COLUMN made_for TEXT; -- container that nobody has kept yet
CREATE INDEX volumes_by_made_for ON volumes(made_for) WHERE made_for IS NOT NULL;
ALTER TABLE containers ADD COLUMN discards_volumes INTEGER NOT NULL DEFAULT 0;
)sql",
};

result<void> migrate(sqlite::database& db, const std::string& file) {
  std::string purpose = "set up database '" + file + "'";
  auto change = sqlite::transaction::begin(db, purpose);
  if (!change)
    return change.error();
  auto version = db.integer("PRAGMA user_version", purpose);
  if (!version)
    return version.error();
  auto known = static_cast<std::int64_t>(migrations.size());
  if (*version > known)
    return api_error{errc::conflict,
                     "database '" + file + "' was made by a newer version (schema " +
                         std::to_string(*version) + ", known up to " + std::to_string(known) + ")"};
  if (*version < 0)
    return api_error{errc::system,
                     "database '" + file + "' has the schema version " + std::to_string(*version)};
  if (*version == known)
    return {};
  for (auto step = *version; step < known; ++step)
    if (auto done = db.execute(migrations[static_cast<std::size_t>(step)], purpose); !done)
      return done.error();
  std::string note = "PRAGMA user_version = " + std::to_string(known);
  if (auto done = db.execute(note.c_str(), purpose); !done)
    return done.error();
  return change->commit();
}

} // namespace

result<sqlite::database> open_metadata(const std::filesystem::path& file) {
  auto db = sqlite::database::open(file, application_id);
  if (!db)
    return db.error();
  if (auto done = migrate(*db, file.string()); !done)
    return done.error();
  return db;
}

result<void> set_aside(sqlite::database& db, const unusable_row& row) {
  auto noted = db.prepare("INSERT INTO set_aside(kind, name, content, reason, at) "
                          "VALUES(?, ?, ?, ?, ?)",
                          "set aside what cannot be used");
  if (!noted)
    return noted.error();
  const std::chrono::nanoseconds now = std::chrono::system_clock::now().time_since_epoch();
  return noted->bind(1, row.kind)
      .bind(2, row.name)
      .bind(3, row.content)
      .bind(4, row.reason)
      .bind(5, std::int64_t{now.count()})
      .run();
}

} // namespace gantry::store
