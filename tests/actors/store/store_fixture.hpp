#pragma once

#include "actors/store/image_store.hpp"
#include "protocol/oci/image_config.hpp"
#include "tests/actors/store/result_text.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace gantry::test {

/// A fresh directory in memory, where syncing costs nothing; in `/tmp` if there is no `/dev/shm`.
class shm_dir {
public:
  shm_dir() {
    for (std::string name : {"/dev/shm/gantry-XXXXXX", "/tmp/gantry-XXXXXX"})
      if (::mkdtemp(name.data()) != nullptr) {
        path_ = name;
        return;
      }
    throw std::runtime_error("cannot make a temporary directory");
  }
  shm_dir(shm_dir&&) = delete;
  ~shm_dir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  /// `PATH/NAME`
  std::string file(const std::string& name) const { return path_ + '/' + name; }

private:
  std::string path_;
};

/// A digest that is as good as any.
inline oci::digest digest_of(const std::string& text) { return oci::sha256_of(text); }

/// The layer whose tar would be `text`.
inline store::layer_info layer_of(const std::string& text, std::uint64_t size = 100) {
  return {digest_of(text), "copy", size + 1024, size};
}

inline oci::reference name_of(const std::string& text) {
  return oci::parse_reference(text).value().with_default_tag();
}

/// How an image for a test is made.
struct image_spec {
  std::vector<std::string> layers; ///< contents, base to top
  std::string created = "2024-01-01T00:00:00Z";
  std::map<std::string, std::string> labels = {};
  std::string comment = {}; ///< makes otherwise equal images differ
};

inline std::string config_of(const image_spec& spec) {
  oci::image_config config;
  config.architecture = "amd64";
  config.os = "linux";
  if (!spec.created.empty())
    config.created = oci::parse_instant(spec.created).value();
  config.comment = spec.comment;
  config.config.emplace();
  if (!spec.labels.empty())
    config.config->labels = spec.labels;
  config.rootfs_type = "layers";
  for (const auto& layer : spec.layers)
    config.diff_ids.push_back(digest_of(layer));
  return oci::write_image_config(config);
}

/// Deletes what the store has taken away, as the owner of its trash does; the first failure.
inline std::string empty_trash(const store::image_store& of) {
  store::trash_removal removal{of.bin()};
  auto failures = removal.go_on([] { return false; }).failures;
  return failures.empty() ? std::string{} : failures.front();
}

/// A store in a fresh directory.
class store_fixture {
public:
  store_fixture() { reopen(); }
  explicit store_fixture(const std::filesystem::path& root) : root_(root) { reopen(); }

  /// Ends the store, if there is one, and opens it anew: what a restart of the daemon does.
  void reopen() {
    store_.reset();
    auto opened = store::image_store::open(root_, [this] { return now; });
    REQUIRE(opened);
    store_ = std::move(*opened);
    REQUIRE(empty_trash(*store_) == "");
  }
  void close() { store_.reset(); }

  store::image_store& store() { return *store_; }
  const store::image_catalog& catalog() {
    catalog_ = store_->catalog();
    return *catalog_;
  }
  const std::filesystem::path& root() const { return root_; }
  store::paths where() const { return store::paths{root_}; }

  /// A directory below `tmp` as an import of the layer would leave it.
  std::filesystem::path prepare_layer(const std::string& content) const {
    auto path = root_ / "tmp" / ("layer-" + std::string{digest_of(content).short_id()});
    std::filesystem::create_directories(path / "diff");
    std::ofstream{path / "diff" / "file"} << content;
    std::ofstream{path / "record"} << "record of " << content;
    return path;
  }

  /// Brings an image with its layers and its names; returns its id.
  oci::digest put(const image_spec& spec, const std::vector<std::string>& names = {},
                  const oci::digest& parent = {}) {
    auto work = store_->begin_lease();
    for (const auto& layer : spec.layers)
      if (!store_->hold_layer(work, digest_of(layer)))
        REQUIRE(store_->add_layer(work, prepare_layer(layer), layer_of(layer)));
    store::new_image image{config_of(spec), {}, parent};
    for (const auto& name : names)
      image.references.push_back(name_of(name));
    auto outcome = store_->put_image(image);
    REQUIRE(outcome);
    store_->end_lease(work);
    return outcome->id;
  }

  /// All files and directories of the store but the database's, relative to the root.
  std::set<std::string> files() const {
    std::set<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{root_}) {
      auto path = std::filesystem::relative(entry.path(), root_).string();
      if (!path.starts_with("gantry.db"))
        found.insert(path);
    }
    return found;
  }

  /// The same for blobs, layers (not what is in them), and what is in `tmp`; not for the trash.
  std::set<std::string> things() const {
    std::set<std::string> found;
    for (const auto& path : files())
      if (path.starts_with("blobs/sha256/") || path.starts_with("tmp/") ||
          (path.starts_with("layers/") && std::count(path.begin(), path.end(), '/') == 2))
        found.insert(path);
    return found;
  }

  store::timestamp now{std::chrono::seconds{1'700'000'000}};

private:
  temp_dir directory_;
  std::filesystem::path root_ = std::filesystem::path{directory_.path()} / "root";
  std::unique_ptr<store::image_store> store_;
  std::shared_ptr<const store::image_catalog> catalog_;
};

} // namespace gantry::test
