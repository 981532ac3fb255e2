#pragma once

#include "actors/image/load_archive.hpp"
#include "actors/image/save_archive.hpp"
#include "actors/runtime/system.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/store/image_store.hpp"
#include "protocol/oci/image_config.hpp"
#include "protocol/stream/tar_writer.hpp"
#include "tests/actors/store/result_text.hpp"
#include "tests/support/temp_dir.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::test {

/// A small layer: one directory, and files with those contents.
inline std::string layer_tar(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string tar = stream::tar_header({.path = "etc/",
                                        .type = stream::tar_type::directory,
                                        .size = 0,
                                        .mode = 0755,
                                        .modified = 1,
                                        .link = {}});
  for (const auto& [path, contents] : files)
    tar += stream::tar_file({.path = path,
                             .type = stream::tar_type::file,
                             .size = contents.size(),
                             .mode = 0644,
                             .modified = 1'000'000'000,
                             .link = {}},
                            contents);
  tar += stream::tar_end();
  return tar;
}

/// The config of an image with those layers.
inline std::string config_with(const std::vector<std::string>& tars, std::string comment = {},
                               std::map<std::string, std::string> labels = {},
                               std::string architecture = "amd64", std::string os = "linux") {
  oci::image_config config;
  config.architecture = std::move(architecture);
  config.os = std::move(os);
  config.created = oci::parse_instant("2024-01-01T00:00:00Z").value();
  config.comment = std::move(comment);
  config.config.emplace();
  if (!labels.empty())
    config.config->labels = std::move(labels);
  config.rootfs_type = "layers";
  for (const auto& tar : tars)
    config.diff_ids.push_back(oci::sha256_of(tar));
  return oci::write_image_config(config);
}

/// An archive of images, entry by entry.
class archive_builder {
public:
  archive_builder& file(std::string_view path, std::string_view contents) {
    bytes_ += stream::tar_file({.path = path,
                                .type = stream::tar_type::file,
                                .size = contents.size(),
                                .mode = 0644,
                                .modified = 0,
                                .link = {}},
                               contents);
    return *this;
  }
  archive_builder& entry(char type, std::string_view path, std::string_view link = {}) {
    bytes_ += stream::tar_header({.path = path,
                                  .type = stream::tar_type{type},
                                  .size = 0,
                                  .mode = 0755,
                                  .modified = 0,
                                  .link = link});
    return *this;
  }
  std::string str() const { return bytes_ + std::string{stream::tar_end()}; }

private:
  std::string bytes_;
};

inline std::string quoted_list(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts)
    out += (out.empty() ? "\"" : ",\"") + text + '"';
  return '[' + out + ']';
}

inline std::string blob_of(const std::string& bytes) {
  return "blobs/sha256/" + std::string{oci::sha256_of(bytes).hex()};
}

/// One image as dockerd saves it today, without what only OCI tools read.
inline std::string docker_archive(const std::string& config, const std::vector<std::string>& tars,
                                  const std::vector<std::string>& names) {
  archive_builder archive;
  std::vector<std::string> paths;
  std::set<std::string> written;
  for (const auto& tar : tars) {
    paths.push_back(blob_of(tar));
    if (written.insert(paths.back()).second)
      archive.file(paths.back(), tar);
  }
  archive.file(blob_of(config), config);
  archive.file("manifest.json", R"([{"Config":")" + blob_of(config) + R"(","RepoTags":)" +
                                    (names.empty() ? "null" : quoted_list(names)) +
                                    R"(,"Layers":)" + quoted_list(paths) + "}]");
  return archive.str();
}

/// What a filter program makes of bytes (`gzip -c`).
inline std::string filtered(const temp_dir& dir, const std::string& bytes,
                            const std::string& program) {
  const auto in = dir.write("filter-in", bytes);
  REQUIRE(std::system((program + " < " + in + " > " + dir.file("filter-out")).c_str()) == 0);
  return dir.read("filter-out");
}

/// The client of a load, save or import: gives `input` in pieces, keeps what it gets.
class fake_client {
public:
  explicit fake_client(std::string input = {}, std::size_t step = 50'000)
      : input_(std::move(input)), step_(step) {}

  image::transfer_streams streams() {
    return {[this] { return read(); }, [this](std::string_view bytes) { return write(bytes); },
            [this] { return gone_.load(); }};
  }

  /// It leaves once it has given so many bytes.
  void leave_after(std::size_t bytes) { leave_after_ = bytes; }
  /// It takes no more than so many bytes.
  void take_at_most(std::size_t bytes) { most_ = bytes; }
  /// Called before each piece that it gives.
  std::function<void(std::size_t given)> on_read;

  const std::string& output() const { return output_; }

private:
  result<std::string> read() {
    if (on_read)
      on_read(given_);
    if (given_ >= leave_after_) {
      gone_ = true;
      return api_error{errc::unavailable, "the client has left"};
    }
    auto piece = input_.substr(given_, std::min(step_, leave_after_ - given_));
    given_ += piece.size();
    return piece;
  }
  result<void> write(std::string_view bytes) {
    if (output_.size() + bytes.size() > most_) {
      gone_ = true;
      return api_error{errc::unavailable, "the client has left"};
    }
    output_ += bytes;
    return {};
  }

  const std::string input_;
  const std::size_t step_;
  std::size_t given_ = 0;
  std::size_t leave_after_ = std::string::npos;
  std::size_t most_ = std::string::npos;
  std::atomic<bool> gone_{false};
  std::string output_;
};

/// A store on the disk behind its actor, with real threads.
class image_fixture {
public:
  image_fixture() : image_fixture(std::filesystem::path{}) {}
  explicit image_fixture(const std::filesystem::path& root)
      : root_(root.empty() ? std::filesystem::path{directory.path()} / "root" : root) {
    auto opened = store::image_store::open(root_);
    REQUIRE(opened);
    auto layers = store::layer_files::open(store::paths{root_}, store::layer_driver::copy);
    REQUIRE(layers);
    services.layers = std::make_shared<const store::layer_files>(std::move(*layers));
    services.catalog = std::make_shared<image::shared_catalog>();
    services.streams = &streams_;
    services.host.architecture = "amd64";
    services.host.os = "linux";
    services.version = "9.8.7";
    services.publish = [this](const store::image_event& e) {
      std::lock_guard guard{mutex_};
      events_.push_back(e);
    };
    services.store = image::spawn_image_store(sys_, services.catalog, pool_);
    caf::anon_send(services.store, image::store_opened{std::move(*opened)});
    // The catalog is there once a task was done.
    REQUIRE(image::ask_store_blocking(services.store, "wait",
                                      [](store::image_store&) { return result<void>{}; }));
  }
  ~image_fixture() {
    caf::anon_send_exit(services.store, caf::exit_reason::kill);
    streams_.stop();
    pool_.stop();
    services.store = nullptr;
  }

  /// Loads an archive; what the client was told. Fails the test if that fails.
  std::string load(const std::string& archive, const image::load_request& request = {}) {
    fake_client client{archive};
    auto done = image::load_archive(request, client.streams(), services);
    if (!done)
      FAIL(done.error().message);
    return client.output();
  }
  /// The error of a load that has to fail.
  api_error load_error(const std::string& archive, const image::load_request& request = {}) {
    fake_client client{archive};
    auto done = image::load_archive(request, client.streams(), services);
    REQUIRE_FALSE(done);
    CHECK(client.output().empty());
    return done.error();
  }
  std::string save(const std::vector<std::string>& names) {
    fake_client client;
    auto done = image::save_archive({names, {}}, client.streams(), services);
    if (!done)
      FAIL(done.error().message);
    return client.output();
  }
  std::string remove(const std::string& name) {
    auto removed = image::ask_store_blocking(services.store, "remove", [&](store::image_store& s) {
      return s.remove_image(name, {.force = true, .no_prune = false});
    });
    return removed ? "" : removed.error().message;
  }

  std::shared_ptr<const store::image_catalog> catalog() const { return services.catalog->get(); }
  /// `ID: name name` of all images.
  std::vector<std::string> images() const {
    std::vector<std::string> found;
    for (const auto& image : catalog()->images()) {
      found.push_back(image.id().str() + ':');
      for (const auto& name : image.references)
        found.back() += ' ' + name.familiar();
    }
    return found;
  }
  /// What lies below the root besides the database: `blobs/sha256/HEX`, `layers/copy/HEX`,
  /// `tmp/X`.
  std::set<std::string> things() const {
    std::set<std::string> found;
    for (const std::string folder : {"blobs/sha256", "layers/copy", "tmp"})
      if (std::filesystem::exists(root_ / folder))
        for (const auto& entry : std::filesystem::directory_iterator{root_ / folder})
          found.insert(folder + '/' + entry.path().filename().string());
    return found;
  }
  /// `ACTION NAME` of all events so far.
  std::vector<std::string> events() {
    std::lock_guard guard{mutex_};
    std::vector<std::string> texts;
    for (const auto& e : events_)
      texts.push_back(e.action + ' ' + e.attributes.at("name"));
    return texts;
  }
  const std::filesystem::path& root() const noexcept { return root_; }

  temp_dir directory;

private:
  std::filesystem::path root_;
  runtime::worker_pool pool_{1, 100};
  runtime::worker_pool streams_{4, 16};
  runtime::system_config config_;

protected:
  caf::actor_system sys_{config_};

private:
  std::mutex mutex_;
  std::vector<store::image_event> events_;

public:
  image::image_services services;
};

} // namespace gantry::test
