#include "actors/containers/files/tree_changes.hpp"

#include "tests/actors/containers/files/files_support.hpp"

#include <sys/stat.h>

#include <cstdlib>

using namespace gantry;
using namespace gantry::containers;
using namespace gantry::test;
namespace fs = std::filesystem;

namespace {

/// What `shell` does in the root of a container, as lines `K path`.
std::string changes_by(container_place& place, const std::string& shell) {
  create(place);
  const auto changed =
      with_root_blocking(place.paths, place.layers, [&](const fs::path& root) -> result<void> {
        const auto command = "cd '" + root.native() + "' && " + shell;
        REQUIRE(std::system(command.c_str()) == 0);
        return {};
      });
  REQUIRE(changed.has_value());
  auto lower = lower_tree_blocking(files_of_place(place));
  INFO((lower ? "" : lower.error().message));
  REQUIRE(lower.has_value());
  const auto upper = open_directory(place.paths.upper());
  const auto changes = tree_changes_blocking(upper.get(), lower->root());
  REQUIRE(changes.has_value());
  std::string out;
  for (const auto& one : *changes)
    out += std::to_string(static_cast<int>(one.kind)) + ' ' + one.path + '\n';
  CHECK(place.mounts().empty());
  return out;
}

struct image_of_two : container_place {
  image_of_two() {
    const auto base = add_layer();
    put_file(base / "etc/passwd");
    put_file(base / "etc/deep/er/conf");
    put_file(base / "bin/sh");
    put_file(base / "old");
    const auto top = add_layer();
    put_file(top / "etc/group");
    REQUIRE(::mknod((top / "old").c_str(), S_IFCHR, 0) == 0);
  }
};

} // namespace

TEST_CASE("tree_changes: a new container has none", "[actors][containers][files][root]") {
  image_of_two place;
  CHECK(changes_by(place, "true").empty());
}

TEST_CASE("tree_changes: added, changed and removed", "[actors][containers][files][root]") {
  image_of_two place;
  CHECK(changes_by(place, "echo 1 > new; mkdir -p srv/a; touch srv/a/b; rm etc/passwd; "
                          "chmod 700 bin; echo longer > etc/deep/er/conf; touch etc/dot.a") ==
        "0 /bin\n0 /etc\n0 /etc/deep\n0 /etc/deep/er\n0 /etc/deep/er/conf\n1 /etc/dot.a\n"
        "2 /etc/passwd\n1 /new\n1 /srv\n1 /srv/a\n1 /srv/a/b\n");
}

TEST_CASE("tree_changes: what is the same again is no change",
          "[actors][containers][files][root]") {
  image_of_two place;
  CHECK(changes_by(place, "chmod 600 etc/group; chmod 644 etc/group; touch x; rm x").empty());
}

TEST_CASE("tree_changes: a directory that was made anew", "[actors][containers][files][root]") {
  image_of_two place;
  CHECK(changes_by(place, "rm -r etc/deep; mkdir -p etc/deep/new; touch etc/deep/new/f") ==
        "0 /etc\n0 /etc/deep\n2 /etc/deep/er\n1 /etc/deep/new\n1 /etc/deep/new/f\n");
}

TEST_CASE("tree_changes: a directory goes as a whole", "[actors][containers][files][root]") {
  image_of_two place;
  CHECK(changes_by(place, "rm -r etc") == "2 /etc\n");
}

TEST_CASE("tree_changes: files and directories in each other's place",
          "[actors][containers][files][root]") {
  image_of_two place;
  CHECK(changes_by(place, "rm -r etc; echo 1 > etc; rm bin/sh; mkdir bin/sh; touch bin/sh/f") ==
        "0 /bin\n0 /bin/sh\n1 /bin/sh/f\n0 /etc\n");
}

TEST_CASE("tree_changes: what an image took away is new again",
          "[actors][containers][files][root]") {
  image_of_two place;
  CHECK(changes_by(place, "echo 1 > old") == "1 /old\n");
}

TEST_CASE("tree_changes: an image without layers", "[actors][containers][files][root]") {
  container_place place;
  CHECK(changes_by(place, "touch f; chmod 600 .dockerenv") == "0 /.dockerenv\n1 /f\n");
}
