#include "actors/containers/container_files.hpp"
#include "actors/containers/overlay_mount.hpp"
#include "actors/containers/root_mount.hpp"
#include "actors/store/trash.hpp"
#include "tests/actors/containers/files_fixture.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

using namespace gantry;
using namespace gantry::containers;
using namespace gantry::test;
using container::mount_point;
namespace fs = std::filesystem;

namespace {

void write(const fs::path& path, const std::string& content) {
  fs::create_directories(path.parent_path());
  std::ofstream{path} << content;
}

std::string read(const fs::path& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

struct stat status_at(const fs::path& path) {
  struct stat facts {};
  INFO(path);
  REQUIRE(::lstat(path.c_str(), &facts) == 0);
  return facts;
}

unsigned mode_of(const fs::path& path) { return status_at(path).st_mode & 07777u; }

/// A volume whose directory is there.
mount_point volume(const container_place& place, const std::string& name,
                   const std::string& destination) {
  mount_point out;
  out.type = "volume";
  out.copy_up = true;
  out.name = name;
  out.destination = destination;
  out.spec.type = "volume";
  out.spec.source = name;
  out.source = place.file("volumes/" + name);
  fs::create_directories(out.source);
  return out;
}

std::string create_error(const container_place& place, const std::vector<mount_point>& mounts,
                         const std::string& working_dir = {}) {
  const auto made =
      create_container_files_blocking({place.paths, place.layers, mounts, working_dir});
  return made ? std::string{} : made.error().message;
}

/// Runs `check` on the mounted root.
void look(const container_place& place, const std::function<void(const fs::path&)>& check) {
  REQUIRE(with_root_blocking(place.paths, place.layers, [&](const fs::path& root) -> result<void> {
            check(root);
            return {};
          }).has_value());
}

/// Both ways in which roots are made.
store::layer_driver any_driver() {
  return GENERATE(store::layer_driver::overlay, store::layer_driver::copy);
}

} // namespace

TEST_CASE("container_files: a new container has its directories and nothing is mounted",
          "[actors][containers][root]") {
  container_place place;
  place.layers.driver = any_driver();
  write(place.add_layer() / "etc/passwd", "root");
  write(place.add_layer() / "etc/group", "top");
  fs::permissions(place.layers.trees.back(), fs::perms{0711});
  REQUIRE(::chown(place.layers.trees.back().c_str(), 3, 4) == 0);
  create(place);
  CHECK(place.mounts().empty());
  CHECK(mode_of(place.paths.directory()) == 0710);
  CHECK(mode_of(place.paths.directory().parent_path()) == 0710);
  look(place, [&](const fs::path& root) {
    CHECK(read(root / "etc/passwd") == "root");
    CHECK(read(root / "etc/group") == "top");
    CHECK(fs::exists(root / ".dockerenv"));
    CHECK(fs::is_directory(root / "dev/shm"));
    CHECK(mode_of(root) == 0711); // as the image has it
    CHECK(status_at(root).st_uid == 3);
  });
  CHECK(place.mounts().empty());
}

TEST_CASE("container_files: what every container has is not the container's own",
          "[actors][containers][root]") {
  container_place place;
  write(place.add_layer() / "etc/hosts", "of the image");
  create(place);
  CHECK(fs::is_empty(place.paths.upper()));
  look(place, [](const fs::path& root) { CHECK(read(root / "etc/hosts") == ""); });
}

TEST_CASE("container_files: an image without layers", "[actors][containers][root]") {
  container_place place;
  place.layers.driver = any_driver();
  create(place, {}, "/work");
  look(place, [](const fs::path& root) {
    CHECK(fs::exists(root / ".dockerenv"));
    CHECK(fs::is_directory(root / "work"));
  });
}

TEST_CASE("container_files: layers are put together with the copy driver, whiteouts too",
          "[actors][containers][root]") {
  container_place place;
  place.layers.driver = store::layer_driver::copy;
  const auto base = place.add_layer();
  write(base / "a/old", "old");
  write(base / "gone", "old");
  const auto top = place.add_layer();
  write(top / "a/new", "new");
  write(top / ".wh.gone", "");
  create(place);
  look(place, [](const fs::path& root) {
    CHECK(fs::exists(root / "a/old"));
    CHECK(fs::exists(root / "a/new"));
    CHECK_FALSE(fs::exists(root / "gone"));
    CHECK_FALSE(fs::exists(root / ".wh.gone"));
  });
}

TEST_CASE("container_files: the working directory is made, and is the container's own",
          "[actors][containers][root]") {
  container_place place;
  write(place.add_layer() / "srv/file", "");
  create(place, {}, "/srv/app/data");
  CHECK(fs::is_directory(place.paths.upper() / "srv/app/data"));
  CHECK_FALSE(fs::exists(place.paths.init() / "srv"));
  CHECK(mode_of(place.paths.upper() / "srv/app/data") == 0755);
  CHECK(place.mounts().empty());

  container_place other;
  other.layers = place.layers;
  CHECK(create_error(other, {}, "/srv/file") == "Cannot mkdir: /srv/file is not a directory");
  CHECK_FALSE(fs::exists(other.paths.directory()));
  CHECK(other.mounts().empty());
  create(other, {}, "/srv");
  CHECK(fs::is_empty(other.paths.upper()));
}

TEST_CASE("container_files: fresh volumes get what the image has", "[actors][containers][root]") {
  container_place place;
  place.layers.driver = any_driver();
  const auto tree = place.add_layer();
  write(tree / "data/sub/file", "content");
  REQUIRE(::chown((tree / "data").c_str(), 5, 6) == 0);
  REQUIRE(::chmod((tree / "data").c_str(), 01750) == 0);
  REQUIRE(::chown((tree / "data/sub/file").c_str(), 7, 8) == 0);
  REQUIRE(::setxattr((tree / "data/sub/file").c_str(), "user.note", "x", 1, 0) == 0);
  fs::create_directory_symlink("/data", tree / "link");
  write(place.file("volumes/used/old"), "old");
  auto no_copy = volume(place, "nocopy", "/data");
  no_copy.copy_up = false;
  create(place,
         {volume(place, "fresh", "/data"), volume(place, "linked", "/link"),
          volume(place, "used", "/data"), volume(place, "elsewhere", "/not/there"), no_copy});
  for (const char* name : {"fresh", "linked"}) {
    CAPTURE(name);
    const fs::path at = place.file(std::string{"volumes/"} + name);
    CHECK(read(at / "sub/file") == "content");
    CHECK(mode_of(at) == 01750);
    CHECK(status_at(at).st_uid == 5);
    CHECK(status_at(at / "sub/file").st_gid == 8);
    std::array<char, 4> value{};
    CHECK(::getxattr((at / "sub/file").c_str(), "user.note", value.data(), value.size()) == 1);
  }
  CHECK_FALSE(fs::exists(place.file("volumes/used/sub")));
  CHECK(fs::is_empty(place.file("volumes/elsewhere")));
  CHECK(fs::is_empty(place.file("volumes/nocopy")));
}

TEST_CASE("container_files: a volume over a file is refused, and nothing is left",
          "[actors][containers][root]") {
  container_place place;
  place.layers.driver = any_driver();
  write(place.add_layer() / "file", "");
  CHECK(create_error(place, {volume(place, "named", "/file")}) == "source /file is not directory");
  auto anonymous = volume(place, "anonymous", "/file");
  anonymous.spec.source.clear();
  CHECK(create_error(place, {anonymous}) ==
        "cannot mount volume over existing file, file exists /file");
  CHECK_FALSE(fs::exists(place.paths.directory()));
  CHECK(place.mounts().empty());
}

TEST_CASE("container_files: a container that is there is not made again",
          "[actors][containers][root]") {
  container_place place;
  place.add_layer();
  create(place);
  write(place.paths.upper() / "mine", "x");
  const auto again = create_container_files_blocking({place.paths, place.layers, {}, {}});
  REQUIRE(again.has_error());
  CHECK(again.error().kind == errc::conflict);
  CHECK(read(place.paths.upper() / "mine") == "x");
}

TEST_CASE("container_files: a layer that is missing is no not_found",
          "[actors][containers][root]") {
  container_place place;
  place.layers.driver = any_driver();
  place.layers.trees.push_back(place.file("gone"));
  const auto made = create_container_files_blocking({place.paths, place.layers, {}, {}});
  REQUIRE(made.has_error());
  CHECK(made.error().kind == errc::system);
  CHECK_FALSE(fs::exists(place.paths.directory()));
}

TEST_CASE("container_files: a root is mounted once, and found mounted after a restart",
          "[actors][containers][root]") {
  container_place place;
  place.add_layer();
  create(place);
  const auto first = mount_root_blocking(place.paths, place.layers);
  REQUIRE(first.has_value());
  CHECK(*first);
  write(place.paths.merged() / "kept", "x");
  const auto second = mount_root_blocking(place.paths, place.layers);
  REQUIRE(second.has_value());
  CHECK_FALSE(*second);
  CHECK(place.mounts().size() == 1);
  // Who finds it mounted leaves it so.
  look(place, [](const fs::path& root) { CHECK(read(root / "kept") == "x"); });
  CHECK(place.mounts().size() == 1);
}

TEST_CASE("container_files: release takes away all mounts and can be repeated",
          "[actors][containers][root]") {
  container_place place;
  place.add_layer();
  create(place);
  REQUIRE(mount_root_blocking(place.paths, place.layers).has_value());
  write(place.paths.merged() / "kept", "x");
  write(place.paths.exit_file(), "x");
  for (int i = 0; i < 2; ++i) {
    REQUIRE(release_container_blocking(place.paths).has_value());
    CHECK(place.mounts().empty());
    CHECK_FALSE(fs::exists(place.paths.exec_directory()));
  }
  CHECK(read(place.paths.upper() / "kept") == "x");
}

TEST_CASE("container_files: removal goes by way of the trash, the volumes stay",
          "[actors][containers][root]") {
  container_place place;
  write(place.add_layer() / "data/x", "x");
  create(place, {volume(place, "v", "/data")});
  REQUIRE(mount_root_blocking(place.paths, place.layers).has_value());
  fs::create_directory(place.file("data/trash"));
  store::trash bin{place.file("data/trash")};
  for (int i = 0; i < 2; ++i) {
    const auto removed = remove_container_files_blocking(place.paths, bin);
    INFO((removed ? "" : removed.error().message));
    REQUIRE(removed.has_value());
  }
  CHECK(place.mounts().empty());
  CHECK_FALSE(fs::exists(place.paths.directory()));
  CHECK_FALSE(fs::is_empty(place.file("data/trash")));
  CHECK(fs::exists(place.file("volumes/v/x")));
  CHECK(fs::exists(place.layers.trees.front() / "data/x"));
}

TEST_CASE("container_files: sizes", "[actors][containers][root]") {
  container_place place;
  place.layers.driver = any_driver();
  write(place.add_layer() / "file", std::string(1000, 'x'));
  create(place);
  const auto measure = [&] {
    const auto sizes = measure_container_blocking(place.paths, place.layers.driver, 1000);
    REQUIRE(sizes.has_value());
    return std::pair{sizes->writable, sizes->root};
  };
  CHECK(measure() == std::pair<std::int64_t, std::int64_t>{0, 1000});
  look(place, [](const fs::path& root) {
    write(root / "new", std::string(300, 'x'));
    write(root / "d/new", std::string(20, 'x'));
  });
  CHECK(measure() == std::pair<std::int64_t, std::int64_t>{320, 1320});
  CHECK_FALSE(measure_container_blocking({place.file("data"), place.file("exec"), "gone"},
                                         place.layers.driver, 0)
                  .has_value());
}
