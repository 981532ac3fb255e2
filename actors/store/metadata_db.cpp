#include "actors/store/metadata_db.hpp"

#include "actors/store/schema.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

namespace gantry::store {

namespace {

constexpr const char* set_aside_purpose = "set aside what cannot be used";

std::int64_t now() { return std::chrono::system_clock::now().time_since_epoch().count(); }

timestamp to_time(std::int64_t nanoseconds) {
  return timestamp{std::chrono::nanoseconds{nanoseconds}};
}

std::int64_t to_integer(timestamp t) { return t.time_since_epoch().count(); }

/// It becomes part of a path.
bool is_driver_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

result<oci::digest> read_digest(std::string_view text) {
  auto id = oci::digest::parse(text);
  if (id && id->algorithm() != "sha256")
    return api_error{errc::system, "unsupported digest algorithm"};
  return id;
}

} // namespace

struct metadata_db::statements {
  sqlite::statement add_layer;
  sqlite::statement remove_layer;
  sqlite::statement add_image;
  sqlite::statement add_image_layer;
  sqlite::statement remove_image;
  sqlite::statement set_tagged;
  sqlite::statement set_reference;
  sqlite::statement remove_reference;
  sqlite::statement set_aside_image;
  sqlite::statement set_aside_row;

  static result<std::unique_ptr<statements>> prepare(sqlite::database& db);
};

result<std::unique_ptr<metadata_db::statements>>
metadata_db::statements::prepare(sqlite::database& db) {
  struct source {
    const char* sql;
    const char* purpose;
  };
  static constexpr std::array<source, 10> sources{{
      {"INSERT INTO layers(diff_id, driver, tar_size, size) VALUES(?, ?, ?, ?)", "add the layer"},
      {"DELETE FROM layers WHERE diff_id = ?", "remove the layer"},
      {"INSERT INTO images(id, parent, created, os, architecture, variant, tagged, loaded)"
       " VALUES(?, (SELECT key FROM images WHERE id = ?), ?, ?, ?, ?, ?, ?)",
       "add the image"},
      {"INSERT INTO image_layers(image, position, layer)"
       " VALUES(?, ?, (SELECT key FROM layers WHERE diff_id = ?))",
       "add the layers of the image"},
      {"DELETE FROM images WHERE id = ?", "remove the image"},
      {"UPDATE images SET tagged = ? WHERE id = ?", "note the time of the tag"},
      {"INSERT INTO image_references(name, image) VALUES(?, (SELECT key FROM images WHERE id = ?))"
       " ON CONFLICT(name) DO UPDATE SET image = excluded.image",
       "add the reference"},
      {"DELETE FROM image_references WHERE name = ?", "remove the reference"},
      {"INSERT INTO set_aside(kind, name, content, reason, at) SELECT 'image', i.id,"
       " 'references: ' || coalesce((SELECT group_concat(name, ' ') FROM image_references"
       "   WHERE image = i.key), '')"
       " || ', parent: ' || coalesce((SELECT id FROM images WHERE key = i.parent), '')"
       " || ', layers: ' || coalesce((SELECT group_concat(diff_id, ' ') FROM"
       "   (SELECT diff_id FROM image_layers JOIN layers ON key = layer WHERE image = i.key"
       "    ORDER BY position)), ''), ?, ? FROM images i WHERE i.id = ?",
       set_aside_purpose},
      {"INSERT INTO set_aside(kind, name, content, reason, at) VALUES(?, ?, ?, ?, ?)",
       set_aside_purpose},
  }};
  std::vector<sqlite::statement> made;
  made.reserve(sources.size());
  for (const auto& [sql, purpose] : sources) {
    auto prepared = db.prepare(sql, purpose);
    if (!prepared)
      return prepared.error();
    made.push_back(std::move(*prepared));
  }
  return std::unique_ptr<statements>{
      new statements{std::move(made[0]), std::move(made[1]), std::move(made[2]), std::move(made[3]),
                     std::move(made[4]), std::move(made[5]), std::move(made[6]), std::move(made[7]),
                     std::move(made[8]), std::move(made[9])}};
}

metadata_db::metadata_db(sqlite::database db, std::unique_ptr<statements> prepared)
    : db_(std::move(db)), prepared_(std::move(prepared)) {}
metadata_db::metadata_db(metadata_db&&) noexcept = default;
metadata_db& metadata_db::operator=(metadata_db&&) noexcept = default;
metadata_db::~metadata_db() = default;

result<metadata_db> metadata_db::open(const std::filesystem::path& file) {
  auto db = open_metadata(file);
  if (!db)
    return db.error();
  auto prepared = statements::prepare(*db);
  if (!prepared)
    return prepared.error();
  return metadata_db{std::move(*db), std::move(*prepared)};
}

result<sqlite::transaction> metadata_db::change(std::string purpose) {
  return sqlite::transaction::begin(db_, std::move(purpose));
}

result<void> metadata_db::add_layer(const layer_info& layer) {
  return prepared_->add_layer.bind(1, layer.diff_id.str())
      .bind(2, layer.driver)
      .bind(3, static_cast<std::int64_t>(layer.tar_size))
      .bind(4, static_cast<std::int64_t>(layer.size))
      .run();
}

result<void> metadata_db::remove_layer(const oci::digest& diff_id) {
  return prepared_->remove_layer.bind(1, diff_id.str()).run();
}

result<void> metadata_db::add_image(const image_row& image, const oci::image_config& config) {
  std::optional<std::int64_t> tagged;
  if (image.tagged)
    tagged = to_integer(*image.tagged);
  std::optional<std::int64_t> created;
  if (config.created)
    created = config.created->seconds;
  auto added = prepared_->add_image.bind(1, image.id.str())
                   .bind(2, image.parent.str())
                   .bind(3, created)
                   .bind(4, config.os)
                   .bind(5, config.architecture)
                   .bind(6, config.variant)
                   .bind(7, tagged)
                   .bind(8, to_integer(image.loaded))
                   .run();
  if (!added)
    return added;
  auto key = db_.last_key();
  std::int64_t position = 0;
  for (const auto& layer : image.layers)
    if (auto done =
            prepared_->add_image_layer.bind(1, key).bind(2, position++).bind(3, layer.str()).run();
        !done)
      return done;
  return {};
}

result<void> metadata_db::remove_image(const oci::digest& id) {
  return prepared_->remove_image.bind(1, id.str()).run();
}

result<void> metadata_db::set_tagged(const oci::digest& id, timestamp when) {
  return prepared_->set_tagged.bind(1, to_integer(when)).bind(2, id.str()).run();
}

result<void> metadata_db::set_reference(const oci::reference& name, const oci::digest& image) {
  return prepared_->set_reference.bind(1, name.str()).bind(2, image.str()).run();
}

result<void> metadata_db::remove_reference(const oci::reference& name) {
  return prepared_->remove_reference.bind(1, name.str()).run();
}

result<void> metadata_db::set_aside_image(const oci::digest& id, std::string_view reason) {
  auto noted = prepared_->set_aside_image.bind(1, reason).bind(2, now()).bind(3, id.str()).run();
  return noted ? remove_image(id) : noted;
}

// -- reading ------------------------------------------------------------------

/// A row that makes no sense.
struct metadata_db::bad_row {
  const char* table;
  const char* kind;
  std::int64_t key;
  std::string name;
  std::string content;
  std::string reason;
};

/// Reads the tables one after the other; each needs what was read before.
class metadata_db::reader {
public:
  explicit reader(sqlite::database& db) : db_(db) {}

  result<void> run() {
    for (auto step : {&reader::layers, &reader::images, &reader::image_layers, &reader::references})
      if (auto done = (this->*step)(); !done)
        return done;
    drop_images_without_all_layers();
    for (auto& [key, image] : images_)
      found.images.push_back(std::move(image));
    std::sort(found.images.begin(), found.images.end(),
              [](const image_row& a, const image_row& b) { return a.id < b.id; });
    return {};
  }

  metadata found;
  std::vector<bad_row> bad;

private:
  result<void> layers() {
    return db_.each_row(
        "SELECT key, diff_id, driver, tar_size, size FROM layers ORDER BY diff_id",
        "read the layers", [this](const sqlite::statement& row) {
          auto id = read_digest(row.text(1));
          bool sane = is_driver_name(row.text(2)) && row.integer(3) >= 0 && row.integer(4) >= 0;
          if (!id || !sane) {
            bad.push_back({"layers", "layer", row.integer(0), std::string{row.text(1)},
                           "driver " + std::string{row.text(2)} + ", tar_size " +
                               std::string{row.text(3)} + ", size " + std::string{row.text(4)},
                           id ? "its driver or sizes are not possible" : id.error().message});
            return;
          }
          layers_.emplace(row.integer(0), *id);
          found.layers.push_back({*id, std::string{row.text(2)},
                                  static_cast<std::uint64_t>(row.integer(3)),
                                  static_cast<std::uint64_t>(row.integer(4))});
        });
  }

  result<void> images() {
    return db_.each_row("SELECT i.key, i.id, p.id, i.tagged, i.loaded FROM images i"
                        " LEFT JOIN images p ON p.key = i.parent",
                        "read the images", [this](const sqlite::statement& row) {
                          auto id = read_digest(row.text(1));
                          if (!id) {
                            bad.push_back({"images", "image", row.integer(0),
                                           std::string{row.text(1)}, "", id.error().message});
                            return;
                          }
                          image_row image;
                          image.id = std::move(*id);
                          // One that cannot be read is set aside itself.
                          if (auto parent = read_digest(row.text(2)))
                            image.parent = std::move(*parent);
                          if (!row.is_null(3))
                            image.tagged = to_time(row.integer(3));
                          image.loaded = to_time(row.integer(4));
                          images_.emplace(row.integer(0), std::move(image));
                        });
  }

  result<void> image_layers() {
    return db_.each_row("SELECT image, position, layer FROM image_layers ORDER BY image, position",
                        "read the layers of the images", [this](const sqlite::statement& row) {
                          auto image = images_.find(row.integer(0));
                          if (image == images_.end())
                            return;
                          auto layer = layers_.find(row.integer(2));
                          auto& list = image->second.layers;
                          if (layer == layers_.end())
                            faults_.emplace(row.integer(0), "one of its layers cannot be read");
                          else if (row.integer(1) != static_cast<std::int64_t>(list.size()))
                            faults_.emplace(row.integer(0), "its layers are not numbered in order");
                          else
                            list.push_back(layer->second);
                        });
  }

  void drop_images_without_all_layers() {
    for (const auto& [key, reason] : faults_) {
      auto image = images_.find(key);
      bad.push_back({"images", "image", key, image->second.id.str(), "", reason});
      std::erase_if(found.references,
                    [&](const reference_row& r) { return r.image == image->second.id; });
      images_.erase(image);
    }
  }

  result<void> references() {
    return db_.each_row(
        "SELECT key, name, image FROM image_references ORDER BY name", "read the references",
        [this](const sqlite::statement& row) {
          auto image = images_.find(row.integer(2));
          if (image == images_.end())
            return;
          auto name = oci::parse_reference(row.text(1));
          // Exactly one of tag and digest, in the full form.
          if (!name || name->str() != row.text(1) || name->tag.empty() == name->content.empty()) {
            bad.push_back({"image_references", "reference", row.integer(0),
                           std::string{row.text(1)}, "image " + image->second.id.str(),
                           name ? "not a full name" : name.error().message});
            return;
          }
          found.references.push_back({std::move(*name), image->second.id});
        });
  }

  sqlite::database& db_;
  std::unordered_map<std::int64_t, oci::digest> layers_;
  std::unordered_map<std::int64_t, image_row> images_;
  std::unordered_map<std::int64_t, std::string> faults_; // by key of the image
};

result<void> metadata_db::set_aside(const bad_row& row) {
  // The name of an image may be nonsense, but it is what the row has.
  if (row.table == std::string_view{"images"}) {
    auto noted =
        prepared_->set_aside_image.bind(1, row.reason).bind(2, now()).bind(3, row.name).run();
    if (!noted)
      return noted;
  } else {
    auto noted = prepared_->set_aside_row.bind(1, row.kind)
                     .bind(2, row.name)
                     .bind(3, row.content)
                     .bind(4, row.reason)
                     .bind(5, now())
                     .run();
    if (!noted)
      return noted;
  }
  auto sql = "DELETE FROM " + std::string{row.table} + " WHERE key = " + std::to_string(row.key);
  return db_.execute(sql.c_str(), set_aside_purpose);
}

result<metadata> metadata_db::load() {
  auto change = this->change("read the database");
  if (!change)
    return change.error();
  reader rows{db_};
  if (auto done = rows.run(); !done)
    return done.error();
  // Images first: layers go only when no image has them.
  std::stable_partition(rows.bad.begin(), rows.bad.end(),
                        [](const bad_row& row) { return row.table == std::string_view{"images"}; });
  for (const auto& row : rows.bad) {
    if (auto done = set_aside(row); !done)
      return done.error();
    rows.found.set_aside.push_back(std::string{row.kind} + " '" + row.name +
                                   "' set aside: " + row.reason);
  }
  if (auto done = change->commit(); !done)
    return done.error();
  return std::move(rows.found);
}

} // namespace gantry::store
