// What tar entries make of a tree, above all entries that no honest layer has.
#include "tests/actors/store/layer_support.hpp"

#include <fcntl.h>

#include <functional>
#include <map>
#include <vector>

using namespace gantry;
using namespace gantry::test;
using store::whiteout_form;
namespace fs = std::filesystem;

namespace {

// All that is below `root`: path -> what it is.
std::map<std::string, std::string> tree_of(const fs::path& root) {
  std::map<std::string, std::string> found;
  for (const auto& item : fs::recursive_directory_iterator{root}) {
    const auto path = item.path().lexically_relative(root).string();
    const auto s = status_of(item.path());
    if (S_ISLNK(s.st_mode))
      found[path] = "-> " + fs::read_symlink(item.path()).string();
    else if (S_ISDIR(s.st_mode))
      found[path] = "dir";
    else if (S_ISREG(s.st_mode))
      found[path] = shell_output("cat '" + item.path().string() + "'");
    else if (S_ISCHR(s.st_mode) && s.st_rdev == 0)
      found[path] = "gone";
    else
      found[path] = S_ISCHR(s.st_mode) ? "chr" : S_ISBLK(s.st_mode) ? "blk" : "fifo";
  }
  return found;
}

// A layer beside which there is something to be damaged.
struct sandbox {
  sandbox() {
    fs::create_directories(dir.file("victim/dir"));
    dir.write("victim/file", "precious");
    dir.write("victim/dir/file", "precious");
    // So that time and mode are seen to change as well.
    shell("touch -h -d 2001-01-01 '" + dir.path() + "'/victim '" + dir.path() + "'/victim/file '" +
          dir.path() + "'/victim/dir '" + dir.path() + "'/victim/dir/file");
  }
  std::string victim() const {
    return shell_output("cd '" + dir.path() +
                        "' && find victim -printf '%p %y %m %U %T@ %n %s\\n' | sort && cat "
                        "victim/file victim/dir/file && ls -A '" +
                        dir.path() + "' | sort");
  }
  // The message of an import, empty if it went well. The tar of what went well comes out again.
  std::string import(const std::string& entries, whiteout_form form = whiteout_form::overlay) {
    fs::create_directories(layer());
    fs::remove_all(layer());
    const auto tar = tar_of(entries);
    const auto made = import_layer(layer(), tar, form);
    if (!made.has_value())
      return made.error().message;
    const auto rebuilt = export_to_string(layer(), made->diff_id);
    INFO((rebuilt.has_value() ? "" : rebuilt.error().message));
    REQUIRE(rebuilt.has_value());
    CHECK((*rebuilt == tar));
    tree_size = made->tree_size;
    skipped = made->skipped_entries;
    skipped_xattrs = made->skipped_xattrs;
    return {};
  }
  std::string layer() const { return dir.file("layer"); }
  fs::path in(const std::string& name) const { return dir.file("layer/diff/" + name); }

  memory_dir dir;
  std::uint64_t tree_size = 0;
  std::uint64_t skipped = 0;
  std::uint64_t skipped_xattrs = 0;
};

std::string file(std::string_view path, std::string_view contents = "evil") {
  return entry('0', path, {}, contents);
}
std::string directory(std::string_view path, unsigned mode = 0755) {
  return entry('5', path, {}, {}, mode);
}
std::string soft_link(std::string_view path, std::string_view target) {
  return entry('2', path, target);
}
std::string hard_link(std::string_view path, std::string_view target) {
  return entry('1', path, target);
}
// An entry after a pax header with one record.
std::string with_pax(std::string_view key, std::string_view value, const std::string& member) {
  std::string record;
  stream::append_pax_record(record, key, value);
  return entry('x', "PaxHeaders/x", {}, record) + member;
}

} // namespace

TEST_CASE("layer_unpacker: nothing outside is touched, whatever entries say", "[actors][store]") {
  sandbox box;
  fs::create_directory(box.layer());
  const auto before = box.victim();
  const auto victim = box.dir.file("victim");
  const std::string up = "../../../../../../../../..";
  struct attack {
    const char* name;
    std::string entries;
    const char* refused; // part of the message; null: is unpacked, inside
  };
  const attack attacks[] = {
      {"dot-dot", file("../victim/file"), "outside of the layer"},
      {"dot-dot from the layer", file("../../victim/file"), "outside of the layer"},
      {"dot-dot in the middle", file("a/../../../victim/file"), "outside of the layer"},
      {"dot-dot after a directory", directory("a") + file("a/../../x"), "outside of the layer"},
      {"dot-dot directory", directory("../victim/new"), "outside of the layer"},
      {"dot-dot alone", directory("..", 0777), "outside of the layer"},
      {"dot-dot link", soft_link("../victim/link", "x"), "outside of the layer"},
      {"absolute path", file(victim + "/file"), nullptr},
      {"absolute dot-dot", file("/../../.." + victim + "/file"), nullptr},
      {"absolute directory", directory(victim, 0777), nullptr},
      {"doubled slashes", file("//" + victim + "//file"), nullptr},
      {"link out, then through it", soft_link("l", victim) + file("l/file"), "failed to unpack"},
      {"relative link out", soft_link("l", "../../victim") + file("l/file"), "failed to unpack"},
      {"far link out", soft_link("l", up + victim) + file("l/file"), "failed to unpack"},
      {"link to a file outside, then the file", soft_link("f", victim + "/file") + file("f"),
       nullptr},
      {"link to a directory outside, then the directory",
       soft_link("d", victim) + directory("d", 0777), nullptr},
      {"link to a directory, then below it", soft_link("d", victim) + directory("d/dir", 0777),
       "failed to unpack"},
      {"chain of links", soft_link("a", victim) + soft_link("b", "a") + file("b/file"),
       "failed to unpack"},
      {"link in a link's directory",
       directory("x") + soft_link("x/up", "..") + soft_link("x/out", "up/../../victim") +
           file("x/out/file"),
       "failed to unpack"},
      {"link to /proc", soft_link("p", "/proc/self/root") + file("p" + victim + "/file"),
       "failed to unpack"},
      {"link to a descriptor", soft_link("p", "/proc/self/cwd") + file("p/x"), "failed to unpack"},
      {"directory becomes a link",
       directory("d") + file("d/file", "mine") + soft_link("d", victim) + file("d/file"),
       "failed to unpack"},
      {"link becomes a directory", soft_link("d", victim) + directory("d") + file("d/file"),
       nullptr},
      {"file becomes a link, then a file", file("f") + soft_link("f", victim + "/file") + file("f"),
       nullptr},
      {"hard link out", hard_link("h", victim + "/file"), "failed to unpack"},
      {"hard link out by dot-dot", hard_link("h", "../../victim/file"), "outside of the layer"},
      {"hard link out by a link", soft_link("l", victim) + hard_link("h", "l/file") + file("h"),
       "failed to unpack"},
      {"hard link to a link, then written to",
       soft_link("l", victim + "/file") + hard_link("h", "l") + file("h"), nullptr},
      {"hard link into a linked directory",
       soft_link("l", victim) + file("f") + hard_link("l/new", "f"), "failed to unpack"},
      {"hard link to the root", hard_link("h", "/"), "a hard link to the root"},
      {"hard link to a directory", directory("d") + hard_link("h", "d"),
       "a hard link to the directory"},
      {"hard link to nothing", hard_link("h", "none"), "No such file or directory"},
      {"hard link at the root", file("f") + hard_link(".", "f"),
       "the root of a layer is a directory"},
      {"file at the root", file("."), "the root of a layer is a directory"},
      {"link at the root", soft_link("/", victim), "the root of a layer is a directory"},
      {"file at the root by dot-dot", file("a/.."), "the root of a layer is a directory"},
      {"whiteout out by a link", soft_link("l", victim) + file("l/.wh.file", ""),
       "failed to unpack"},
      {"whiteout of dot-dot", file(".wh...", ""), "not a valid whiteout name"},
      {"whiteout of dot", file("a/.wh..", ""), "not a valid whiteout name"},
      {"whiteout of nothing", file(".wh.", ""), "not a valid whiteout name"},
      {"whiteout outside", file("../victim/.wh.file", ""), "outside of the layer"},
      {"opaque outside", file("../victim/.wh..wh..opq", ""), "outside of the layer"},
      {"opaque by a link", soft_link("l", victim) + file("l/.wh..wh..opq", ""), "failed to unpack"},
      {"whiteout that is a link", soft_link(".wh.x", victim + "/file") + file("x"), nullptr},
      {"device of the root's disk", entry('4', "dev", {}, {}, 0666) + file("dev"), nullptr},
      {"fifo, then a file", entry('6', "pipe") + file("pipe"), nullptr},
      {"name with NUL", with_pax("path", std::string_view{"f\0/../../victim/file", 20}, file("x")),
       nullptr},
      {"pax path up", with_pax("path", "../victim/file", file("x")), "outside of the layer"},
      {"pax link path up", with_pax("linkpath", "../../victim/file", hard_link("h", "x")),
       "outside of the layer"},
      {"GNU long name up", entry('L', "././@LongLink", {}, "../victim/file\0") + file("x"),
       "outside of the layer"},
      {"component too long", file(std::string(256, 'n')), "File name too long"},
      {"path too long", file("d/" + std::string(5000, '/') + "f"), nullptr},
      {"whiteout too long", file(".wh." + std::string(256, 'n'), ""), "File name too long"},
      {"link target too long", soft_link("l", std::string(5000, 't')), "File name too long"},
      {"file below a file", file("f") + file("f/x"), "Not a directory"},
      {"link to itself", soft_link("l", "l") + file("l/x"), "symbolic links"},
      {"user id without change", with_pax("uid", "4294967295", file("f")), "no such user"},
      {"negative group id", with_pax("gid", "-1", file("f")), "no such user"},
  };
  for (const auto& [name, entries, refused] : attacks) {
    CAPTURE(name);
    const auto message = box.import(entries);
    if (refused == nullptr)
      CHECK(message == "");
    else
      CHECK_THAT(message, Catch::Contains(refused));
    CHECK(box.victim() == before);
  }
}

TEST_CASE("layer_unpacker: a path of many short components is refused, not followed",
          "[actors][store]") {
  sandbox box;
  std::string path;
  for (int i = 0; i < 3000; ++i)
    path += "d/";
  CHECK_THAT(box.import(file(path + "f")), Catch::Contains("File name too long"));
  std::string deep;
  for (int i = 0; i < 1500; ++i)
    deep += "d/";
  CHECK(box.import(file(deep + "f")) == "");
}

TEST_CASE("layer_unpacker: links inside the layer are followed inside", "[actors][store]") {
  sandbox box;
  REQUIRE(box.import(directory("real") + soft_link("abs", "/real") + soft_link("rel", "real") +
                     file("abs/a", "1") + file("rel/b", "2") + soft_link("up", "../../../real") +
                     file("up/c", "3") + hard_link("d", "abs/a")) == "");
  CHECK(tree_of(box.in("")) == std::map<std::string, std::string>{{"abs", "-> /real"},
                                                                  {"d", "1"},
                                                                  {"real", "dir"},
                                                                  {"real/a", "1"},
                                                                  {"real/b", "2"},
                                                                  {"real/c", "3"},
                                                                  {"rel", "-> real"},
                                                                  {"up", "-> ../../../real"}});
}

TEST_CASE("layer_unpacker: missing directories are made", "[actors][store]") {
  sandbox box;
  const auto mask = ::umask(077);
  const auto message = box.import(file("a/b/c", "x"));
  ::umask(mask);
  REQUIRE(message == "");
  for (const char* name : {"a", "a/b"}) {
    const auto s = status_of(box.in(name));
    CHECK((s.st_mode & 07777) == 0755);
    CHECK(s.st_uid == ::geteuid());
  }
  CHECK((status_of(box.in("a/b/c")).st_mode & 07777) == 0644);
}

TEST_CASE("layer_unpacker: a later entry replaces an earlier one", "[actors][store]") {
  sandbox box;
  using tree = std::map<std::string, std::string>;
  SECTION("file by file") {
    REQUIRE(box.import(file("f", "first") + file("f", "second") + file("f", "3")) == "");
    CHECK(tree_of(box.in("")) == tree{{"f", "3"}});
    CHECK(box.tree_size == 1);
  }
  SECTION("a link to what is replaced keeps it") {
    REQUIRE(box.import(file("f", "first") + hard_link("g", "f") + file("f", "second")) == "");
    CHECK(tree_of(box.in("")) == tree{{"f", "second"}, {"g", "first"}});
    CHECK(box.tree_size == 11);
  }
  SECTION("a hard link by a file, and again") {
    REQUIRE(box.import(file("f", "first") + hard_link("g", "f") + file("g", "second") +
                       hard_link("f", "g") + file("f", "third")) == "");
    CHECK(tree_of(box.in("")) == tree{{"f", "third"}, {"g", "second"}});
  }
  SECTION("directory by directory keeps what is in it") {
    REQUIRE(box.import(directory("d") + file("d/f", "x") + directory("d", 0700)) == "");
    CHECK(tree_of(box.in("")) == tree{{"d", "dir"}, {"d/f", "x"}});
    CHECK((status_of(box.in("d")).st_mode & 07777) == 0700);
  }
  SECTION("directory by file and back") {
    REQUIRE(box.import(directory("d") + file("d/f", "one") + file("d/e/g", "two") + file("d", "x") +
                       directory("d") + file("d/f", "three")) == "");
    CHECK(tree_of(box.in("")) == tree{{"d", "dir"}, {"d/f", "three"}});
    CHECK(box.tree_size == 5);
  }
  SECTION("directory by a link, and files through the link") {
    REQUIRE(box.import(directory("e") + directory("d") + file("d/f", "one") + soft_link("d", "e") +
                       file("d/f", "two") + file("e/f", "three") + file("d/f", "four")) == "");
    CHECK(tree_of(box.in("")) == tree{{"d", "-> e"}, {"e", "dir"}, {"e/f", "four"}});
  }
  SECTION("link by another directory, then the same name") {
    REQUIRE(box.import(directory("a") + directory("b") + soft_link("l", "a") + file("l/f", "one") +
                       soft_link("l", "b") + file("l/f", "two") + directory("l") +
                       file("l/f", "three")) == "");
    CHECK(tree_of(box.in("")) == tree{{"a", "dir"},
                                      {"a/f", "one"},
                                      {"b", "dir"},
                                      {"b/f", "two"},
                                      {"l", "dir"},
                                      {"l/f", "three"}});
  }
  SECTION("a hard link to itself changes nothing") {
    REQUIRE(box.import(file("f", "x") + hard_link("f", "f") + hard_link("./f", "/f")) == "");
    CHECK(tree_of(box.in("")) == tree{{"f", "x"}});
  }
  SECTION("every kind by every other") {
    const std::vector<std::string> kinds = {file("x", "c"), directory("x"), soft_link("x", "t"),
                                            hard_link("x", "other"), entry('6', "x")};
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      for (std::size_t j = 0; j < kinds.size(); ++j) {
        CAPTURE(i, j);
        CHECK(box.import(file("other", "o") + kinds[i] + kinds[j] + kinds[i]) == "");
      }
    }
  }
}

TEST_CASE("layer_unpacker: only what was replaced is kept aside", "[actors][store]") {
  sandbox box;
  REQUIRE(box.import(file("f", "first") + file("f", "second")) == "");
  CHECK(box.dir.read("layer/replaced/0") == "first");
  CHECK_FALSE(box.dir.has("layer/replaced/1"));
  CHECK_FALSE(box.dir.has("layer/replaced/waiting"));
  REQUIRE(box.import(file("f", "first") + file("g", "second") + file("e", "") + file("e", "x")) ==
          "");
  CHECK_FALSE(box.dir.has("layer/replaced"));
}

TEST_CASE("layer_unpacker: whiteouts in overlayfs' form", "[actors][store][root]") {
  if (!is_root()) {
    WARN("needs root for trusted extended attributes");
    return;
  }
  sandbox box;
  const auto opaque = [&](const char* name) {
    return xattr_of(box.in(name), "trusted.overlay.opaque");
  };
  SECTION("of names and of a directory's contents") {
    REQUIRE(box.import(file(".wh.a", "") + directory("d") + file("d/.wh.b", "") + directory("o") +
                       file("o/.wh..wh..opq", "") + file("o/new", "n") +
                       file(".wh..wh.plnk/1.2", "x") + file(".wh..wh.aufs", "y")) == "");
    CHECK(is_whiteout(box.in("a")));
    CHECK(is_whiteout(box.in("d/b")));
    CHECK(opaque("o") == "y");
    CHECK(opaque("d") == "(none)");
    CHECK(tree_of(box.in("")).size() == 5);
    CHECK(box.skipped == 2);
  }
  SECTION("speak of the layers below, not of this one") {
    REQUIRE(box.import(file("a", "x") + file(".wh.a", "") + directory("d") + file("d/f", "y") +
                       file(".wh.d", "") + file(".wh.e", "") + directory("e") + file(".wh.g", "") +
                       file("g/h", "z") + file(".wh.i", "") + file("i", "j")) == "");
    CHECK(tree_of(box.in("")) == std::map<std::string, std::string>{{"a", "x"},
                                                                    {"d", "dir"},
                                                                    {"d/f", "y"},
                                                                    {"e", "dir"},
                                                                    {"g", "dir"},
                                                                    {"g/h", "z"},
                                                                    {"i", "j"}});
    CHECK(opaque("d") == "y");
    CHECK(opaque("e") == "y");
    CHECK(opaque("g") == "y");
  }
  SECTION("of the root's contents") {
    REQUIRE(box.import(file(".wh..wh..opq", "")) == "");
    CHECK(opaque("") == "y");
  }
  SECTION("with contents: the tar keeps them") {
    REQUIRE(box.import(file(".wh.a", "what is this")) == "");
    CHECK(is_whiteout(box.in("a")));
  }
  SECTION("for overlayfs with userxattr") {
    REQUIRE(box.import(directory("o") + file("o/.wh..wh..opq", ""), whiteout_form::overlay_user) ==
            "");
    CHECK(xattr_of(box.in("o"), "user.overlay.opaque") == "y");
    CHECK(opaque("o") == "(none)");
  }
}

TEST_CASE("layer_unpacker: whiteouts as they are", "[actors][store]") {
  sandbox box;
  REQUIRE(box.import(file(".wh.a", "") + file("o/.wh..wh..opq", "") + file(".wh..wh.aufs", "x"),
                     whiteout_form::literal) == "");
  CHECK(tree_of(box.in("")) ==
        std::map<std::string, std::string>{
            {".wh..wh.aufs", "x"}, {".wh.a", ""}, {"o", "dir"}, {"o/.wh..wh..opq", ""}});
}

TEST_CASE("layer_unpacker: owner, mode, times and devices", "[actors][store][root]") {
  if (!is_root()) {
    WARN("needs root for devices and other owners");
    return;
  }
  sandbox box;
  const std::string uid = "100123";
  std::string device = entry('3', "null", {}, {}, 0666);
  device.replace(329, 8, std::string("0000001\0", 8));
  device.replace(337, 8, std::string("0000003\0", 8));
  // The checksum, of the header with blanks in its place.
  device.replace(148, 8, "        ");
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i)
    sum += static_cast<unsigned char>(device[i]);
  std::array<char, 8> digits{};
  std::snprintf(digits.data(), digits.size(), "%06o", sum);
  device.replace(148, 8, digits.data(), 8);

  std::string times;
  stream::append_pax_record(times, "mtime", "1234567890.987654321");
  stream::append_pax_record(times, "uid", uid);
  stream::append_pax_record(times, "gid", "7");
  const auto header = entry('x', "x", {}, times);
  REQUIRE(box.import(header + directory("d", 01777) + header + entry('0', "d/f", {}, "abc", 06755) +
                     header + soft_link("d/l", "nowhere") + device + header +
                     entry('5', ".", {}, {}, 0750)) == "");
  for (const char* name : {"d", "d/f", "d/l", ""}) {
    CAPTURE(name);
    const auto s = status_of(box.in(name));
    CHECK(s.st_uid == 100123);
    CHECK(s.st_gid == 7);
    CHECK(s.st_mtim.tv_sec == 1234567890);
    CHECK(s.st_mtim.tv_nsec == 987654321);
  }
  CHECK((status_of(box.in("d")).st_mode & 07777) == 01777);
  CHECK((status_of(box.in("d/f")).st_mode & 07777) == 06755);
  CHECK((status_of(box.in("")).st_mode & 07777) == 0750);
  const auto null = status_of(box.in("null"));
  CHECK(S_ISCHR(null.st_mode));
  CHECK(null.st_rdev == makedev(1, 3));
  CHECK((null.st_mode & 07777) == 0666);
}

TEST_CASE("layer_unpacker: extended attributes", "[actors][store][root]") {
  if (!is_root()) {
    WARN("needs root for capabilities");
    return;
  }
  sandbox box;
  // CAP_NET_RAW, permitted and effective (capabilities(7), version 2).
  const std::string capability("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
  // user::rw-, user:1000:r--, group::r--, mask::r--, other::--- (acl(5)).
  std::string acl("\2\0\0\0", 4);
  acl += std::string("\1\0\6\0\xff\xff\xff\xff", 8) + std::string("\2\0\4\0\xe8\3\0\0", 8) +
         std::string("\4\0\4\0\xff\xff\xff\xff", 8) + std::string("\x10\0\4\0\xff\xff\xff\xff", 8) +
         std::string("\x20\0\0\0\xff\xff\xff\xff", 8);
  std::string records;
  stream::append_pax_record(records, "SCHILY.xattr.security.capability", capability);
  stream::append_pax_record(records, "SCHILY.xattr.user.note", "hello");
  stream::append_pax_record(records, "SCHILY.xattr.system.posix_acl_access", acl);
  stream::append_pax_record(records, "SCHILY.xattr.trusted.overlay.redirect", "/etc");
  stream::append_pax_record(records, "SCHILY.xattr.user.overlay.opaque", "y");
  std::string on_directory;
  stream::append_pax_record(on_directory, "SCHILY.xattr.trusted.overlay.opaque", "y");
  stream::append_pax_record(on_directory, "SCHILY.xattr.user.note", "dir");
  std::string on_link;
  stream::append_pax_record(on_link, "SCHILY.xattr.trusted.note", "link");
  stream::append_pax_record(on_link, "SCHILY.xattr.user.refused", "by the kernel");
  REQUIRE(box.import(entry('x', "x", {}, records) + entry('0', "f", {}, "abc", 0640) +
                     entry('x', "x", {}, on_directory) + directory("d") +
                     entry('x', "x", {}, on_link) + soft_link("l", "f")) == "");
  CHECK(xattr_of(box.in("f"), "security.capability") == capability);
  CHECK(xattr_of(box.in("f"), "user.note") == "hello");
  CHECK(xattr_of(box.in("f"), "system.posix_acl_access") == acl);
  CHECK(xattr_of(box.in("f"), "trusted.overlay.redirect") == "(none)");
  CHECK(xattr_of(box.in("f"), "user.overlay.opaque") == "(none)");
  CHECK(xattr_of(box.in("d"), "trusted.overlay.opaque") == "(none)");
  CHECK(xattr_of(box.in("d"), "user.note") == "dir");
  CHECK(xattr_of(box.in("l"), "trusted.note") == "link");
  CHECK(box.skipped_xattrs == 4);
}

TEST_CASE("layer_unpacker: a full disk is told in dockerd's words", "[actors][store][root]") {
  if (!is_root()) {
    WARN("needs root to mount a small file system");
    return;
  }
  const temp_dir dir;
  fs::create_directory(dir.file("small"));
  shell("mount -t tmpfs -o size=1m none '" + dir.file("small") + "'");
  const auto made =
      import_layer(dir.file("small/layer"), tar_of(file("big/file", std::string(3'000'000, 'x'))));
  shell("umount -l '" + dir.file("small") + "'");
  REQUIRE(made.has_error());
  CHECK(made.error().message == "failed to unpack 'big/file': write: no space left on device");
}
