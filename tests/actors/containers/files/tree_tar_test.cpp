#include "actors/containers/files/tree_tar.hpp"

#include "tests/actors/containers/files/files_support.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>

using namespace gantry;
using namespace gantry::containers;
using namespace gantry::test;
namespace fs = std::filesystem;

namespace {

/// The entries of a tar, `TYPE name [-> link] [content]`; checks its form.
std::vector<std::string> entries_of(const std::string& tar) {
  std::vector<std::string> out;
  REQUIRE(tar.size() % 512 == 0);
  std::size_t at = 0;
  const auto field = [&](std::size_t offset, std::size_t size) {
    const auto text = tar.substr(at + offset, size);
    return text.substr(0, text.find('\0'));
  };
  while (tar[at] != '\0') {
    REQUIRE(field(257, 6) == "ustar");
    const auto size = std::stoul(field(124, 12), nullptr, 8);
    auto text = std::string{tar[at + 156]} + ' ' + field(0, 100);
    if (const auto link = field(157, 100); !link.empty())
      text += " -> " + link;
    if (size != 0)
      text += " [" + tar.substr(at + 512, size) + ']';
    out.push_back(std::move(text));
    at += 512 + (size + 511) / 512 * 512;
  }
  CHECK(tar.size() - at == 1024);
  return out;
}

std::vector<std::string> entries_of(const fs::path& top, tree_tar_options how) {
  tree_tar tar{open_directory(top), std::move(how)};
  return entries_of(bytes_of(tar));
}

using lines = std::vector<std::string>;

} // namespace

TEST_CASE("tree_tar: names are in order and called as asked for", "[actors][containers][files]") {
  temp_dir dir;
  put_file(dir.file("t/b"), "2");
  put_file(dir.file("t/a/x"), "1");
  put_file(dir.file("t/a b"), "3");
  CHECK(entries_of(dir.file("t"), {.top = "data"}) ==
        lines{"5 data/", "5 data/a/", "0 data/a/x [1]", "0 data/a b [3]", "0 data/b [2]"});
  CHECK(entries_of(dir.file("t"), {.top = {}}) ==
        lines{"5 a/", "0 a/x [1]", "0 a b [3]", "0 b [2]"});
  CHECK(entries_of(dir.file("t"), {.top = "."}) ==
        lines{"5 ./", "5 ./a/", "0 ./a/x [1]", "0 ./a b [3]", "0 ./b [2]"});
  CHECK(entries_of(dir.file("t"), {.top = "/"}) ==
        lines{"5 /", "5 /a/", "0 /a/x [1]", "0 /a b [3]", "0 /b [2]"});
  CHECK(entries_of(dir.file("t"), {.top = "other", .only = "b"}) == lines{"0 other [2]"});
}

TEST_CASE("tree_tar: an empty tree is an empty tar", "[actors][containers][files]") {
  temp_dir dir;
  fs::create_directory(dir.file("t"));
  CHECK(entries_of(dir.file("t"), {.top = {}}).empty());
}

TEST_CASE("tree_tar: links, devices and pipes", "[actors][containers][files][root]") {
  temp_dir dir;
  put_file(dir.file("t/f"), "1");
  fs::create_hard_link(dir.file("t/f"), dir.file("t/z"));
  fs::create_symlink("/nowhere", dir.file("t/l"));
  REQUIRE(::mkfifo(dir.file("t/p").c_str(), 0600) == 0);
  REQUIRE(::mknod(dir.file("t/n").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0);
  const host::unique_fd socket{::socket(AF_UNIX, SOCK_STREAM, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, dir.file("t/s").c_str(), sizeof(address.sun_path) - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  CHECK(entries_of(dir.file("t"), {.top = "t"}) ==
        lines{"5 t/", "0 t/f [1]", "2 t/l -> /nowhere", "3 t/n", "6 t/p", "1 t/z -> t/f"});
}

TEST_CASE("tree_tar: owners, times and modes with the type", "[actors][containers][files][root]") {
  temp_dir dir;
  put_file(dir.file("t/f"));
  REQUIRE(::chown(dir.file("t/f").c_str(), 5, 6) == 0);
  REQUIRE(::chmod(dir.file("t/f").c_str(), 04755) == 0);
  const timespec times[] = {{0, 0}, {1577934245, 999}};
  REQUIRE(::utimensat(AT_FDCWD, dir.file("t/f").c_str(), times, 0) == 0);
  tree_tar tar{open_directory(dir.file("t")), {.top = "f", .only = "f"}};
  const auto bytes = bytes_of(tar);
  CHECK(bytes.substr(100, 7) == "0104755");
  CHECK(bytes.substr(108, 7) == "0000005");
  CHECK(bytes.substr(116, 7) == "0000006");
  CHECK(bytes.substr(136, 11) == "13603256645");
}

TEST_CASE("tree_tar: what overlayfs means becomes a whiteout",
          "[actors][containers][files][root]") {
  temp_dir dir;
  fs::create_directories(dir.file("t/d"));
  REQUIRE(::mknod(dir.file("t/d/gone").c_str(), S_IFCHR, 0) == 0);
  REQUIRE(::mknod(dir.file("t/top").c_str(), S_IFCHR, 0) == 0);
  REQUIRE(::setxattr(dir.file("t/d").c_str(), "trusted.overlay.opaque", "y", 1, 0) == 0);
  CHECK(entries_of(dir.file("t"), {.top = {}, .whiteouts = store::whiteout_form::overlay}) ==
        lines{"5 d/", "0 d/.wh..wh..opq", "0 d/.wh.gone", "0 .wh.top"});
  CHECK(entries_of(dir.file("t"), {.top = {}}) == lines{"5 d/", "3 d/gone", "3 top"});
}

TEST_CASE("tree_tar: a file that becomes shorter ends in zeros", "[actors][containers][files]") {
  temp_dir dir;
  const std::size_t size = 400'000;
  put_file(dir.file("t/f"), std::string(size, 'x'));
  tree_tar tar{open_directory(dir.file("t")), {.top = {}}};
  auto head = tar.next();
  REQUIRE(head.has_value());
  std::string bytes{*head};
  fs::resize_file(dir.file("t/f"), 1000);
  bytes += bytes_of(tar);
  const auto entries = entries_of(bytes);
  REQUIRE(entries.size() == 1);
  CHECK(
      (entries.front() == "0 f [" + std::string(1000, 'x') + std::string(size - 1000, '\0') + "]"));
}

TEST_CASE("tree_tar: what goes while it is made is left out", "[actors][containers][files]") {
  temp_dir dir;
  // More headers than are handed out at a time.
  for (int i = 0; i < 300; ++i)
    fs::create_directories(dir.file("t/" + std::to_string(1000 + i)));
  put_file(dir.file("t/z/f"));
  tree_tar tar{open_directory(dir.file("t")), {.top = {}}};
  auto head = tar.next();
  REQUIRE(head.has_value());
  std::string bytes{*head};
  fs::remove_all(dir.file("t/z"));
  fs::create_symlink("/etc", dir.file("t/z"));
  bytes += bytes_of(tar);
  const auto entries = entries_of(bytes);
  CHECK(entries.size() == 301);
  CHECK(entries.back() == "2 z -> /etc");
}

TEST_CASE("tree_tar: deep trees take few descriptors", "[actors][containers][files]") {
  temp_dir dir;
  std::string path = dir.file("t");
  for (int i = 0; i < 900; ++i)
    path += "/d";
  fs::create_directories(path);
  tree_tar tar{open_directory(dir.file("t")), {.top = {}}};
  std::size_t entries = 0;
  const auto bytes = bytes_of(tar);
  for (std::size_t at = 0; (at = bytes.find("ustar", at)) != std::string::npos; ++at)
    ++entries;
  CHECK(entries >= 900);
}
