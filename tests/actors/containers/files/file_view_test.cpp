#include "actors/containers/files/file_view.hpp"

#include "actors/containers/overlay_mount.hpp"
#include "actors/host/children.hpp"
#include "tests/actors/containers/files/files_support.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <optional>

using namespace gantry;
using namespace gantry::containers;
using namespace gantry::test;
namespace fs = std::filesystem;

namespace {

/// The content of a file below an open directory; `-` if there is none.
std::string text_at(int root, const std::string& path) {
  const host::unique_fd fd{::openat(root, path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd)
    return "-";
  std::string text(100, '\0');
  const auto n = ::read(fd.get(), text.data(), text.size());
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

bool can_write(int root, const std::string& path) {
  return host::unique_fd{::openat(root, path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)}
             .get() >= 0;
}

file_view open_view(const files_of_container& container) {
  auto view = file_view::open_blocking(container);
  INFO((view ? "" : view.error().message));
  REQUIRE(view.has_value());
  return std::move(*view);
}

struct place_with_image : container_place {
  place_with_image() {
    put_file(add_layer() / "etc/passwd", "root");
    fs::create_directories(layers.trees.back() / "data");
    fs::create_symlink("/data", layers.trees.back() / "link");
  }
};

} // namespace

TEST_CASE("file_view: a container that does not run has what would be mounted",
          "[actors][containers][files][root]") {
  place_with_image place;
  create(place);
  put_file(place.file("vol/v"), "volume");
  put_file(place.file("vol2/w"), "inner");
  put_file(place.file("file"), "bound");
  const auto container = files_of_place(
      place, {mount_of(place.file("vol"), "/data"), mount_of(place.file("vol2"), "/data/in/ner"),
              mount_of(place.file("file"), "/etc/bound"), mount_of(place.file("gone"), "/gone")});
  {
    const auto view = open_view(container);
    CHECK(text_at(view.root(), "etc/passwd") == "root");
    CHECK(text_at(view.root(), "data/v") == "volume");
    CHECK(text_at(view.root(), "data/in/ner/w") == "inner");
    CHECK(text_at(view.root(), "etc/bound") == "bound");
    CHECK(can_write(view.root(), "data/new"));
    CHECK(can_write(view.root(), "etc/new"));
    // Nobody else sees more than the root.
    CHECK(place.mounts() == std::vector<std::string>{place.paths.merged()});
  }
  CHECK(place.mounts().empty());
  CHECK(place.has("vol/new"));
  CHECK(fs::exists(place.paths.upper() / "etc/new"));
  CHECK_FALSE(fs::exists(place.paths.upper() / "data/new"));
}

TEST_CASE("file_view: places are found as the container finds them",
          "[actors][containers][files][root]") {
  place_with_image place;
  create(place);
  put_file(place.file("vol/v"), "volume");
  const auto view = open_view(files_of_place(place, {mount_of(place.file("vol"), "/link")}));
  CHECK(text_at(view.root(), "data/v") == "volume");
}

TEST_CASE("file_view: what is read-only is so", "[actors][containers][files][root]") {
  place_with_image place;
  place.layers.driver = GENERATE(store::layer_driver::overlay, store::layer_driver::copy);
  create(place);
  fs::create_directories(place.file("vol"));
  fs::create_directories(place.file("ro"));
  place.host_config.readonly_rootfs = true;
  const auto container = files_of_place(
      place, {mount_of(place.file("vol"), "/data"), mount_of(place.file("ro"), "/ro", false)});
  const auto view = open_view(container);
  CHECK_FALSE(can_write(view.root(), "etc/new"));
  CHECK_FALSE(can_write(view.root(), "ro/new"));
  CHECK(can_write(view.root(), "data/new"));
  CHECK(check_writable(container.view, "/data/x").has_value());
  CHECK(check_writable(container.view, "/database").error().message ==
        "container rootfs is marked read-only");
  CHECK(check_writable(container.view, "/ro").error().message ==
        "mounted volume is marked read-only");
}

TEST_CASE("file_view: the root alone has no mounts", "[actors][containers][files][root]") {
  place_with_image place;
  create(place);
  put_file(place.file("vol/v"), "volume");
  const auto view =
      file_view::open_root_blocking(files_of_place(place, {mount_of(place.file("vol"), "/data")}));
  REQUIRE(view.has_value());
  CHECK(text_at(view->root(), "data/v") == "-");
  CHECK(text_at(view->root(), "etc/passwd") == "root");
}

TEST_CASE("borrowed_root: a start goes on with the same mount, an end leaves it",
          "[actors][containers][files][root]") {
  place_with_image place;
  create(place);
  std::optional<borrowed_root> first{*borrowed_root::borrow_blocking(place.paths, place.layers)};
  CHECK(mount_root_blocking(place.paths, place.layers).value() == false);
  first.reset();
  CHECK(is_mounted(place.paths.merged())); // it runs
  std::optional<borrowed_root> second{*borrowed_root::borrow_blocking(place.paths, place.layers)};
  std::optional<borrowed_root> third{*borrowed_root::borrow_blocking(place.paths, place.layers)};
  REQUIRE(unmount_container_blocking(place.paths).has_value());
  CHECK(is_mounted(place.paths.merged()));
  second.reset();
  CHECK(is_mounted(place.paths.merged()));
  third.reset();
  CHECK(place.mounts().empty());
}

TEST_CASE("borrowed_root: a removal does not wait for anybody",
          "[actors][containers][files][root]") {
  place_with_image place;
  create(place);
  const auto root = borrowed_root::borrow_blocking(place.paths, place.layers);
  REQUIRE(root.has_value());
  REQUIRE(unmount_container_blocking(place.paths, borrowers::lose).has_value());
  CHECK(place.mounts().empty());
}
