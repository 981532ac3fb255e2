#include "actors/store/recovery.hpp"

#include "actors/store/blob_files.hpp"
#include "actors/store/file_steps.hpp"
#include "protocol/oci/image_config.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <map>
#include <memory>
#include <set>
#include <system_error>
#include <utility>

namespace gantry::store {

namespace {

/// True if there is something of that type (S_IFDIR, S_IFREG); an error only if that cannot be
/// found out.
result<bool> is_there(const std::filesystem::path& path, mode_t type) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) == 0)
    return (facts.st_mode & S_IFMT) == type;
  if (errno == ENOENT || errno == ENOTDIR)
    return false;
  return file_error("stat", path, errno);
}

result<bool> is_layer_there(const paths& where, const layer_info& layer) {
  auto directory = where.layer(layer.driver, layer.diff_id.hex());
  auto diff = is_there(paths::diff_of(directory), S_IFDIR);
  if (!diff || !*diff)
    return diff;
  return is_there(paths::record_of(directory), S_IFREG);
}

class recovery {
public:
  recovery(const paths& where, metadata_db& db, trash& bin)
      : where_(where), db_(db), bin_(bin), blobs_(where) {}

  result<recovered_state> run() {
    auto rows = db_.load();
    if (!rows)
      return rows.error();
    state_.warnings = std::move(rows->set_aside);
    for (auto step : {&recovery::check_layers, &recovery::check_images, &recovery::write_changes})
      if (auto done = (this->*step)(*rows); !done)
        return done.error();
    forget_lost_parents();
    for (auto& row : rows->references)
      if (state_.content.images.count(row.image) != 0)
        state_.content.references.emplace(row.name.str(), std::move(row));
    for (auto step : {&recovery::sweep_tmp, &recovery::sweep_layers, &recovery::sweep_blobs})
      if (auto done = (this->*step)(); !done)
        return done.error();
    return std::move(state_);
  }

private:
  result<void> check_layers(const metadata& rows) {
    for (const auto& layer : rows.layers) {
      auto there = is_layer_there(where_, layer);
      if (!there)
        return there.error();
      if (*there)
        layers_.emplace(layer.diff_id, std::make_shared<const layer_info>(layer));
    }
    return {};
  }

  result<void> check_images(const metadata& rows) {
    for (const auto& row : rows.images) {
      auto facts = read_image(row);
      if (facts) {
        state_.content.images.emplace(row.id, std::move(*facts));
        used_layers_.insert(row.layers.begin(), row.layers.end());
      } else if (facts.error().kind == errc::not_found) {
        unusable_.emplace_back(row.id, facts.error().message);
      } else {
        return facts.error();
      }
    }
    return {};
  }

  /// What is known of an image. not_found if it cannot be used; anything else is a failing disk.
  result<std::shared_ptr<const image_facts>> read_image(const image_row& row) const {
    auto unusable = [](std::string reason) {
      return api_error{errc::not_found, std::move(reason)};
    };
    auto facts = std::make_shared<image_facts>();
    for (const auto& layer : row.layers) {
      auto found = layers_.find(layer);
      if (found == layers_.end())
        return unusable("its layer " + layer.str() + " is not there");
      facts->layers.push_back(found->second);
    }
    auto bytes = blobs_.read(row.id, oci::max_config_size);
    if (!bytes)
      return bytes.error();
    auto config = oci::parse_image_config(*bytes);
    if (!config)
      return unusable(config.error().message);
    if (config->diff_ids != row.layers)
      return unusable("its config names other layers than the database");
    facts->row = row;
    facts->chain_ids = oci::chain_ids(config->diff_ids);
    facts->config = std::make_shared<const oci::image_config>(std::move(*config));
    return std::shared_ptr<const image_facts>{std::move(facts)};
  }

  /// Forgets what cannot be used, and layers that no image has.
  result<void> write_changes(const metadata& rows) {
    std::vector<oci::digest> unused;
    for (const auto& layer : rows.layers)
      if (used_layers_.count(layer.diff_id) == 0)
        unused.push_back(layer.diff_id);
    if (unusable_.empty() && unused.empty())
      return {};
    auto change = db_.change("set aside what cannot be used");
    if (!change)
      return change.error();
    for (const auto& [id, reason] : unusable_) {
      if (auto done = db_.set_aside_image(id, reason); !done)
        return done;
      state_.warnings.push_back("image '" + id.str() + "' set aside: " + reason);
    }
    for (const auto& id : unused) {
      if (auto done = db_.remove_layer(id); !done)
        return done;
      layers_.erase(id);
    }
    return change->commit();
  }

  void forget_lost_parents() {
    for (auto& [id, facts] : state_.content.images) {
      const auto& parent = facts->row.parent;
      if (parent.empty() || state_.content.images.count(parent) != 0)
        continue;
      auto orphan = std::make_shared<image_facts>(*facts);
      orphan->row.parent = {};
      facts = std::move(orphan);
    }
  }

  result<void> sweep_tmp() {
    auto names = names_in(where_.tmp());
    if (!names)
      return names.error();
    for (const auto& name : *names)
      if (auto taken = bin_.take(where_.tmp() / name); !taken)
        return taken;
    return {};
  }

  result<void> sweep_layers() {
    auto drivers = names_in(where_.layers());
    if (!drivers)
      return drivers.error();
    for (const auto& driver : *drivers) {
      auto names = names_in(where_.layers(driver));
      if (!names)
        return names.error();
      for (const auto& name : *names) {
        // Anything else than a layer is nothing of ours.
        auto id = oci::digest::from_hex(name);
        if (!id)
          continue;
        auto known = layers_.find(*id);
        if (known != layers_.end() && known->second->driver == driver)
          continue;
        if (auto taken = bin_.take(where_.layer(driver, name)); !taken)
          return taken;
      }
    }
    return {};
  }

  result<void> sweep_blobs() {
    auto found = blobs_.list();
    if (!found)
      return found.error();
    for (const auto& id : *found)
      if (state_.content.images.count(id) == 0)
        if (auto removed = blobs_.remove(id); !removed)
          return removed;
    return {};
  }

  const paths& where_;
  metadata_db& db_;
  trash& bin_;
  blob_files blobs_;
  recovered_state state_;
  std::map<oci::digest, std::shared_ptr<const layer_info>> layers_; // whose files are there
  std::set<oci::digest> used_layers_;
  std::vector<std::pair<oci::digest, std::string>> unusable_; // with the reason
};

} // namespace

result<host::unique_fd> occupy(const paths& where) {
  std::error_code error;
  std::filesystem::create_directories(where.root().parent_path(), error);
  if (error)
    return file_error("mkdir", where.root().parent_path(), error.value());
  for (const auto& [path, mode] : {std::pair{where.root(), 0710U},
                                   {where.root() / "blobs", 0700U},
                                   {where.blobs(), 0700U},
                                   {where.layers(), 0710U},
                                   {where.tmp(), 0700U},
                                   {where.trash(), 0700U}})
    if (auto made = ensure_directory(path, mode); !made)
      return made.error();
  if (auto synced = sync_directory(where.root()); !synced)
    return synced.error();
  host::unique_fd tmp{::open(where.tmp().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!tmp)
    return file_error("open", where.tmp(), errno);
  if (::flock(tmp.get(), LOCK_EX | LOCK_NB) == 0)
    return tmp;
  if (errno == EWOULDBLOCK)
    return api_error{errc::unavailable,
                     "data root '" + where.root().string() + "' is used by another daemon"};
  return file_error("lock", where.tmp(), errno);
}

result<recovered_state> recover(const paths& where, metadata_db& db, trash& bin) {
  return recovery{where, db, bin}.run();
}

} // namespace gantry::store
