#include "actors/store/confined_root.hpp"
#include "tests/actors/store/layer_support.hpp"

#include <fcntl.h>

#include <filesystem>

using namespace gantry;
using namespace gantry::test;
using gantry::store::confined_root;
namespace fs = std::filesystem;

namespace {

struct tree {
  tree() {
    fs::create_directories(dir.file("outside"));
    fs::create_directories(dir.file("root/a/b"));
    fs::create_directories(dir.file("root/outside"));
    dir.write("root/a/file", "inside");
    dir.write("outside/file", "outside");
  }
  confined_root open() const {
    return confined_root{
        host::unique_fd{::open(dir.file("root").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)}};
  }
  // Where `path` leads, `!` if nowhere.
  std::string at(const std::string& path) const {
    auto root = open();
    const auto found = root.open_directory(path);
    return found.has_value() ? std::string{found->path} : "!";
  }
  void link(const std::string& target, const std::string& name) const {
    fs::create_symlink(target, dir.file("root/" + name));
  }
  temp_dir dir;
};

} // namespace

TEST_CASE("confined_root: directories are found by their names", "[actors][store]") {
  const tree t;
  CHECK(t.at("") == "");
  CHECK(t.at("a") == "a");
  CHECK(t.at("a/b") == "a/b");
  CHECK(t.at("none") == "!");
  CHECK(t.at("a/file") == "!");
  CHECK(t.at("a/file/x") == "!");
}

TEST_CASE("confined_root: links lead nowhere but into the root", "[actors][store]") {
  const tree t;
  t.link("/outside", "absolute");
  t.link("../outside", "up");
  t.link("../../../../../../outside", "far-up");
  t.link(t.dir.file("outside"), "host");
  t.link("a/b", "relative");
  t.link("/", "slash");
  t.link("loop", "loop");
  t.link("/proc/self/root", "magic");
  CHECK(t.at("absolute") == "outside");
  CHECK(t.at("up") == "outside");
  CHECK(t.at("far-up") == "outside");
  CHECK(t.at("host") == "!");
  CHECK(t.at("relative") == "a/b");
  CHECK(t.at("slash") == "");
  CHECK(t.at("slash/a") == "a");
  CHECK(t.at("slash/../..") == "");
  CHECK(t.at("loop") == "!");
  CHECK(t.at("magic") == "!");
}

TEST_CASE("confined_root: the last directory is remembered until told", "[actors][store]") {
  const tree t;
  auto root = t.open();
  const auto first = root.open_directory("a/b");
  REQUIRE(first.has_value());
  const int fd = first->fd;
  CHECK(root.open_directory("a/b")->fd == fd);
  fs::remove(t.dir.file("root/a/b"));
  CHECK(root.open_directory("a/b").has_value());
  root.forget();
  CHECK(root.open_directory("a/b").has_error());
}

TEST_CASE("confined_root: straight means no link at all", "[actors][store]") {
  const tree t;
  t.link("a", "link");
  t.link("file", "a/link");
  const auto root = t.open();
  CHECK(root.open_straight("a/file", O_RDONLY).has_value());
  CHECK(root.open_straight("link/file", O_RDONLY).has_error());
  CHECK(root.open_straight("a/link", O_RDONLY).has_error());
  CHECK(root.open_straight("../outside/file", O_RDONLY).has_error());
  CHECK(root.open_straight("/etc/passwd", O_RDONLY).has_error());
  CHECK(root.open_straight(".", O_RDONLY | O_DIRECTORY).has_value());
}

TEST_CASE("confined_root: files are opened inside, whatever links say", "[actors][store]") {
  const tree t;
  t.link("/a/file", "absolute");
  t.link("../../../a/file", "far-up");
  t.link(t.dir.file("outside/file"), "host");
  const auto root = t.open();
  const auto path_of = [&root](const std::string& path, int flags = O_PATH) {
    const auto found = root.open_inside(path, flags);
    return found.has_value() ? root.path_of(found->get()).value() : std::string{"!"};
  };
  CHECK(path_of("/a/file") == "a/file");
  CHECK(path_of("absolute") == "a/file");
  CHECK(path_of("far-up") == "a/file");
  CHECK(path_of("a/../../../a/b") == "a/b");
  CHECK(path_of("host") == "!");
  CHECK(path_of("host", O_PATH | O_NOFOLLOW) == "host");
  CHECK(path_of("/") == "");
  CHECK_FALSE(
      root.path_of(host::unique_fd{::open(t.dir.path().c_str(), O_PATH)}.get()).has_value());
}

TEST_CASE("confined_root: the whole machine can be one", "[actors][store]") {
  confined_root root{host::unique_fd{::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)}};
  const auto found = root.open_inside("/proc/../etc", O_PATH);
  REQUIRE(found.has_value());
  CHECK(root.path_of(found->get()).value() == "etc");
}
