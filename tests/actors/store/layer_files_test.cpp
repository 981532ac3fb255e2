#include "actors/host/unique_fd.hpp"
#include "actors/store/file_steps.hpp"
#include "actors/store/layer_files.hpp"

#include "actors/store/trash.hpp"
#include "tests/actors/store/layer_support.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <filesystem>
#include <optional>

using namespace gantry;
using namespace gantry::store;
using namespace gantry::test;
namespace fs = std::filesystem;

TEST_CASE("layer_files: overlayfs is tried where nobody sees it", "[actors][store]") {
  const temp_dir dir;
  const auto mounts = shell_output("cat /proc/self/mountinfo");
  const auto trial = try_overlay(dir.path());
  CHECK(trial.works == trial.reason.empty());
  CHECK(fs::is_empty(dir.path()));
  CHECK(shell_output("cat /proc/self/mountinfo") == mounts);
  if (is_root()) {
    INFO(trial.reason);
    CHECK(trial.works);
    CHECK_FALSE(trial.user_xattr);
  }
}

TEST_CASE("layer_files: a path with signs that mean something to overlayfs", "[actors][store]") {
  const temp_dir dir;
  const auto plain = try_overlay(dir.path());
  for (const char* name : {"a:b", "a,b", "a\\b", "a b", "a\\:b,c=d"}) {
    CAPTURE(name);
    fs::create_directory(dir.file(name));
    CHECK(try_overlay(dir.file(name)).works == plain.works);
  }
}

TEST_CASE("layer_files: why overlayfs does not work is told", "[actors][store]") {
  const auto trial = try_overlay("/proc");
  CHECK_FALSE(trial.works);
  CHECK(trial.reason.starts_with("mkdir: "));
}

TEST_CASE("layer_files: overlayfs on overlayfs does not pass", "[actors][store][root]") {
  const temp_dir dir;
  for (const char* name : {"l", "u", "w", "m"})
    fs::create_directory(dir.file(name));
  const auto options =
      "lowerdir=" + dir.file("l") + ",upperdir=" + dir.file("u") + ",workdir=" + dir.file("w");
  if (::mount("overlay", dir.file("m").c_str(), "overlay", 0, options.c_str()) != 0) {
    WARN("needs to mount overlayfs");
    return;
  }
  const auto trial = try_overlay(dir.file("m"));
  const auto chosen = layer_files::open(paths{dir.file("m")});
  const auto wanted = layer_files::open(paths{dir.file("m")}, layer_driver::overlay);
  ::umount2(dir.file("m").c_str(), MNT_DETACH);
  CHECK_FALSE(trial.works);
  CHECK(trial.reason != "");
  REQUIRE(chosen.has_value());
  CHECK(chosen->driver() == layer_driver::copy);
  CHECK(chosen->whiteouts() == whiteout_form::literal);
  CHECK(chosen->reason() != "");
  REQUIRE(wanted.has_error());
  CHECK(wanted.error().kind == errc::unavailable);
  CHECK(wanted.error().message.starts_with("overlayfs does not work here: "));
}

TEST_CASE("layer_files: the driver that is wanted, and its form", "[actors][store]") {
  const temp_dir dir;
  const auto copy = layer_files::open(paths{dir.path()}, layer_driver::copy);
  REQUIRE(copy.has_value());
  CHECK(copy->driver() == layer_driver::copy);
  CHECK(copy->whiteouts() == whiteout_form::literal);
  CHECK(copy->reason().empty());
  CHECK((status_of(dir.file("tmp")).st_mode & 07777) == 0710);
  if (is_root()) {
    const auto overlay = layer_files::open(paths{dir.path()});
    REQUIRE(overlay.has_value());
    CHECK(overlay->driver() == layer_driver::overlay);
    CHECK(overlay->whiteouts() == whiteout_form::overlay);
  }
  CHECK(std::string{to_string(layer_driver::overlay)} == "overlay2");
  CHECK(std::string{to_string(layer_driver::copy)} == "copy");
  CHECK(layer_files::open(paths{"/proc"}).has_error());
}

TEST_CASE("layer_files: fresh directories, and all on the disk", "[actors][store]") {
  const temp_dir dir;
  const auto files = layer_files::open(paths{dir.path()}, layer_driver::copy);
  REQUIRE(files.has_value());
  const auto barrier = files->barrier();
  REQUIRE(barrier.has_value());
  const auto a = files->prepare();
  const auto b = files->prepare();
  REQUIRE(a.has_value());
  REQUIRE(b.has_value());
  CHECK(*a != *b);
  CHECK(a->parent_path() == dir.file("tmp"));
  CHECK((status_of(*a).st_mode & 07777) == 0700);
  CHECK(barrier->flush().has_value());
  CHECK(barrier->flush().has_value());
  CHECK(write_barrier::open(dir.file("none")).error().kind == errc::not_found);
}

TEST_CASE("layer_files: layers are spread over the disk, where it can be told to",
          "[actors][store]") {
  const temp_dir dir;
  fs::create_directory(dir.file("plain"));
  // The attribute T of a directory; nothing if this file system has none.
  const auto top_flag = [](const std::string& path) -> std::optional<bool> {
    const host::unique_fd fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    unsigned flags = 0;
    if (::ioctl(fd.get(), FS_IOC_GETFLAGS, &flags) != 0)
      return std::nullopt;
    return (flags & FS_TOPDIR_FL) != 0;
  };
  const bool told = spread_subdirectories(dir.file("plain"));
  CHECK(top_flag(dir.file("plain")).value_or(false) == told);
  const auto files = layer_files::open(paths{dir.path()}, layer_driver::copy);
  REQUIRE(files.has_value());
  CHECK(top_flag(dir.file("tmp")).value_or(false) == told);
  const auto layer = files->prepare();
  REQUIRE(layer.has_value());
  CHECK_FALSE(top_flag(layer->string()).value_or(false));
  CHECK_FALSE(spread_subdirectories(dir.file("none")));
  CHECK_FALSE(spread_subdirectories("/proc"));
}

TEST_CASE("layer_files: imported whiteouts hide what they should from overlayfs",
          "[actors][store][root]") {
  const temp_dir dir;
  const auto trial = try_overlay(dir.path());
  if (!trial.works || trial.user_xattr) {
    WARN("needs overlayfs: " << trial.reason);
    return;
  }
  const auto below = tar_of(entry('5', "d") + entry('0', "d/old", {}, "1") + entry('5', "e") +
                            entry('0', "e/gone", {}, "2") + entry('0', "e/stays", {}, "3") +
                            entry('0', "f", {}, "4"));
  const auto above =
      tar_of(entry('5', "d") + entry('0', "d/.wh..wh..opq") + entry('0', "d/new", {}, "5") +
             entry('0', "e/.wh.gone") + entry('0', ".wh.f") + entry('0', "g", {}, "6"));
  REQUIRE(import_layer(dir.file("below"), below).has_value());
  REQUIRE(import_layer(dir.file("above"), above).has_value());
  fs::create_directory(dir.file("merged"));
  const auto options = "lowerdir=" + dir.file("above/diff") + ":" + dir.file("below/diff");
  REQUIRE(::mount("overlay", dir.file("merged").c_str(), "overlay", MS_RDONLY, options.c_str()) ==
          0);
  const auto seen = shell_output("cd '" + dir.file("merged") + "' && find . | sort");
  ::umount2(dir.file("merged").c_str(), MNT_DETACH);
  CHECK(seen == ".\n./d\n./d/new\n./e\n./e/stays\n./g\n");
}

TEST_CASE("layer_files: what is not needed goes at once if it is little, else to the trash",
          "[actors][store]") {
  const temp_dir dir;
  const paths where{dir.path()};
  fs::create_directory(where.trash());
  const auto bin = std::make_shared<trash>(where.trash());
  const auto files = layer_files::open(where, layer_driver::copy, bin);
  REQUIRE(files.has_value());
  const auto little = files->prepare();
  REQUIRE(little.has_value());
  fs::create_directories(*little / "diff" / "etc");
  CHECK(files->discard(*little).has_value());
  CHECK_FALSE(fs::exists(*little));
  const auto much = files->prepare();
  REQUIRE(much.has_value());
  for (int i = 0; i < 20'000; ++i)
    fs::create_directory(*much / std::to_string(i));
  CHECK(files->discard(*much).has_value());
  CHECK_FALSE(fs::exists(*much));
  CHECK(bin->look().value().size() == 1);

  const auto alone = layer_files::open(where, layer_driver::copy);
  REQUIRE(alone.has_value());
  const auto all = alone->prepare();
  REQUIRE(all.has_value());
  fs::create_directories(*all / "diff");
  CHECK(alone->discard(*all).has_value());
  CHECK_FALSE(fs::exists(*all));
}
