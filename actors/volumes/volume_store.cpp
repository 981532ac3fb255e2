#include "actors/volumes/volume_store.hpp"

#include "actors/core/times.hpp"
#include "actors/host/mounts.hpp"
#include "actors/store/file_steps.hpp"
#include "actors/store/schema.hpp"
#include "actors/store/trash.hpp"
#include "actors/store/tree_removal.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <set>
#include <utility>

namespace gantry::volumes {

namespace {

namespace fs = std::filesystem;
using store::sqlite::database;
using store::sqlite::statement;
using store::sqlite::transaction;
using volume::volume_record;

constexpr const char* load_purpose = "read the volumes";
std::int64_t to_integer(const oci::instant& t) {
  constexpr std::int64_t second = 1'000'000'000;
  return t.seconds * second + t.nanoseconds;
}

/// Makes a directory if it is not there, with these permissions whatever the process's mask is.
/// True if it was made.
result<bool> make_directory(const fs::path& path, mode_t mode) {
  auto made = store::ensure_directory(path, mode);
  if (made && *made && ::chmod(path.c_str(), mode) != 0)
    return store::file_error("chmod", path, errno);
  return made;
}

bool has_directory(const fs::path& path) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode);
}

result<bool> holds_nothing(const fs::path& directory) {
  const auto names = store::names_in(directory);
  if (!names)
    return names.error();
  return names->empty();
}

/// When a directory was last changed.
oci::instant time_of(const fs::path& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0)
    return {};
  return {facts.st_mtim.tv_sec, static_cast<std::int32_t>(facts.st_mtim.tv_nsec), 0};
}

} // namespace

struct volume_store::parts {
  database db;
  statement add;
  statement forget;
  volume_paths where;
  std::shared_ptr<store::trash> bin;

  result<void> read_rows(content& all);
  result<std::vector<std::string>> unkept();
  result<void> find_directory(const std::string& name, content& all) const;
  result<void> find_strays(content& all);
  result<void> judge_stray(const std::string& name, content& all);
  result<std::vector<fs::path>> make(const std::string& name) const;
  result<void> write(const std::vector<volume_record>& volumes, const volumes_of_creation& unkept);
  result<void> discard(const std::string& name) const;
};

volume_store::volume_store(std::unique_ptr<parts> p) : parts_(std::move(p)) {}

volume_store::~volume_store() = default;

const volume_paths& volume_store::where() const noexcept { return parts_->where; }

result<std::unique_ptr<volume_store>> volume_store::open(const fs::path& data_root,
                                                         std::shared_ptr<store::trash> bin) {
  volume_paths where{data_root};
  if (auto made = make_directory(where.root(), 0701); !made)
    return made.error();
  auto db = store::open_metadata(data_root / "gantry.db");
  if (!db)
    return db.error();
  auto add = db->prepare("INSERT INTO volumes(name, created, definition, made_for) "
                         "VALUES(?, ?, ?, ?)",
                         "add the volume");
  auto forget = db->prepare("DELETE FROM volumes WHERE name = ?", "forget the volume");
  for (auto* prepared : {&add, &forget})
    if (!*prepared)
      return prepared->error();
  return std::unique_ptr<volume_store>{new volume_store{std::make_unique<parts>(parts{
      std::move(*db), std::move(*add), std::move(*forget), std::move(where), std::move(bin)})}};
}

// -- loading --------------------------------------------------------------------------------------

result<volume_store::content> volume_store::load() {
  const auto unkept = parts_->unkept();
  if (!unkept)
    return unkept.error();
  for (const auto& name : *unkept)
    if (auto gone = remove(name); !gone)
      return gone.error();
  content all;
  if (auto read = parts_->read_rows(all); !read)
    return read.error();
  for (const auto& one : all.volumes)
    if (auto found = parts_->find_directory(one.name, all); !found)
      return found.error();
  if (auto found = parts_->find_strays(all); !found)
    return found.error();
  return all;
}

/// Volumes of containers that have not come to be.
result<std::vector<std::string>> volume_store::parts::unkept() {
  std::vector<std::string> names;
  auto read = db.each_row("SELECT name FROM volumes WHERE made_for IS NOT NULL", load_purpose,
                          [&names](const statement& row) { names.emplace_back(row.text(0)); });
  if (!read)
    return read.error();
  return names;
}

result<void> volume_store::parts::read_rows(content& all) {
  struct bad_row {
    std::string name;
    std::string content;
    std::string reason;
  };
  std::vector<bad_row> bad;
  auto read =
      db.each_row("SELECT name, created, definition FROM volumes ORDER BY key", load_purpose,
                  [&](const statement& row) {
                    volume_record one;
                    one.name = row.text(0);
                    one.created = core::instant_of(row.integer(1));
                    auto good = volume::check_name(one.name); // it becomes part of a path
                    if (good)
                      good = volume::read_definition(row.text(2), one);
                    if (good)
                      all.volumes.push_back(std::move(one));
                    else
                      bad.push_back({one.name, std::string{row.text(2)}, good.error().message});
                  });
  if (!read)
    return read;
  for (const auto& row : bad) {
    if (auto noted = store::set_aside(db, {"volume", row.name, row.content, row.reason}); !noted)
      return noted;
    if (auto gone = forget.bind(1, row.name).run(); !gone)
      return gone;
    all.warnings.push_back("volume " + row.name + " is set aside: " + row.reason);
  }
  return {};
}

result<void> volume_store::parts::find_directory(const std::string& name, content& all) const {
  if (has_directory(where.data(name)))
    return {};
  if (has_directory(where.removed(name))) // its removal did not come to the commit
    return store::rename_path(where.removed(name), where.data(name));
  all.warnings.push_back("the directory of volume " + name + " was missing: it is empty now");
  auto made = make(name);
  return made ? result<void>{} : result<void>{made.error()};
}

result<void> volume_store::parts::find_strays(content& all) {
  const auto names = store::names_in(where.root());
  if (!names)
    return names.error();
  std::set<std::string_view> known;
  for (const auto& one : all.volumes)
    known.insert(one.name);
  std::vector<std::string> strays;
  for (const auto& name : *names)
    if (!known.contains(name))
      strays.push_back(name);
  for (const auto& name : strays)
    if (auto judged = judge_stray(name, all); !judged)
      return judged;
  return {};
}

result<void> volume_store::parts::judge_stray(const std::string& name, content& all) {
  const auto directory = where.directory(name);
  if (!volume::check_name(name) || !has_directory(directory)) {
    all.warnings.push_back("this is no volume: " + directory.native());
    return {};
  }
  if (has_directory(where.removed(name)))
    return discard(name);
  const bool has_data = has_directory(where.data(name));
  if (has_data)
    if (auto detached = host::detach_mounts(where.data(name)); !detached)
      return detached;
  const auto empty = holds_nothing(has_data ? where.data(name) : directory);
  if (!empty)
    return empty.error();
  if (*empty)
    return discard(name);
  if (!has_data) {
    all.warnings.push_back("this is no volume: " + directory.native());
    return {};
  }
  volume_record found;
  found.name = name;
  found.created = time_of(directory);
  if (auto added = write({found}, {}); !added)
    return added;
  all.warnings.push_back("volume " + name + " had files but no record: it has one now");
  all.volumes.push_back(std::move(found));
  return {};
}

// -- changes --------------------------------------------------------------------------------------

/// Makes the directories that are missing; returns them, outer ones first. After an error none of
/// them is there.
result<std::vector<fs::path>> volume_store::parts::make(const std::string& name) const {
  std::vector<fs::path> made;
  for (const auto& [path, mode] : {std::pair<fs::path, mode_t>{where.directory(name), 0701},
                                   std::pair<fs::path, mode_t>{where.data(name), 0755}}) {
    auto fresh = make_directory(path, mode);
    if (!fresh) {
      for (auto at = made.rbegin(); at != made.rend(); ++at)
        ::rmdir(at->c_str());
      return fresh.error();
    }
    if (*fresh)
      made.push_back(path);
  }
  return made;
}

result<void> volume_store::parts::write(const std::vector<volume_record>& volumes,
                                        const volumes_of_creation& unkept) {
  auto all = transaction::begin(db, "keep the volumes");
  if (!all)
    return all.error();
  for (const auto& one : volumes) {
    add.bind(1, one.name).bind(2, to_integer(one.created)).bind(3, volume::write_definition(one));
    if (unkept.names.contains(one.name))
      add.bind(4, unkept.container);
    else
      add.bind(4, nullptr);
    if (auto added = add.run(); !added)
      return added;
  }
  return all->commit();
}

result<void> volume_store::add(const std::vector<volume_record>& volumes,
                               const volumes_of_creation& unkept) {
  std::vector<fs::path> made;
  result<void> done;
  for (const auto& one : volumes) {
    auto directories = parts_->make(one.name);
    if (!directories) {
      done = directories.error();
      break;
    }
    made.insert(made.end(), directories->begin(), directories->end());
  }
  if (done)
    done = parts_->write(volumes, unkept);
  if (!done)
    for (auto at = made.rbegin(); at != made.rend(); ++at)
      ::rmdir(at->c_str());
  return done;
}

/// Gets rid of a directory that has no record.
result<void> volume_store::parts::discard(const std::string& name) const {
  for (const auto& place : {where.data(name), where.removed(name)})
    if (auto detached = host::detach_mounts(place); !detached)
      return detached; // else what is mounted would be deleted
  const auto directory = where.directory(name);
  if (bin->take(directory))
    return {};
  return store::remove_tree(directory); // volumes may be on another file system than the trash
}

result<void> volume_store::remove(const std::string& name) {
  const auto& where = parts_->where;
  if (auto detached = host::detach_mounts(where.data(name)); !detached)
    return detached;
  if (has_directory(where.data(name))) {
    if (auto renamed = store::rename_path(where.data(name), where.removed(name)); !renamed)
      return renamed;
    if (auto synced = store::sync_directory(where.directory(name)); !synced)
      return synced;
  }
  if (auto forgotten = parts_->forget.bind(1, name).run(); !forgotten) {
    static_cast<void>(store::rename_path(where.removed(name), where.data(name)));
    return forgotten;
  }
  // It is no volume any more; what cannot be deleted now is found at the next start.
  static_cast<void>(parts_->discard(name));
  return {};
}

} // namespace gantry::volumes
