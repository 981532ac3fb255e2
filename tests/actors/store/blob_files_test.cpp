#include "actors/store/blob_files.hpp"

#include "tests/actors/store/result_text.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

using namespace gantry;
using namespace gantry::store;

namespace {

/// Blobs below a fresh directory.
struct place {
  explicit place(const std::string& root) : where(root), blobs(where) {
    std::filesystem::create_directories(where.blobs());
    std::filesystem::create_directories(where.tmp());
  }
  bool tmp_is_empty() const { return std::filesystem::is_empty(where.tmp()); }

  paths where;
  blob_files blobs;
};

} // namespace

TEST_CASE("blob files: what was put is read back by its digest", "[actors][store]") {
  test::temp_dir dir;
  place at{dir.path()};
  auto id = at.blobs.put("hello");
  REQUIRE(id);
  CHECK(id->str() == "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  CHECK(at.blobs.read(*id, 5).value() == "hello");
  CHECK(at.blobs.has(*id));
  CHECK(at.blobs.put("hello").value() == *id);
  CHECK(at.tmp_is_empty());
  struct stat facts {};
  REQUIRE(::stat(at.where.blob(id->hex()).c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);

  auto empty = at.blobs.put("");
  REQUIRE(empty);
  CHECK(at.blobs.read(*empty, 5).value() == "");
}

TEST_CASE("blob files: missing, damaged and too large contents are told apart", "[actors][store]") {
  test::temp_dir dir;
  place at{dir.path()};
  auto id = at.blobs.put("hello").value();
  auto missing = oci::sha256_of("x");
  CHECK(at.blobs.read(missing, 5).error() ==
        api_error{errc::not_found, "blob " + missing.str() + " is not there"});
  CHECK(at.blobs.read(id, 4).error() ==
        api_error{errc::not_found, "blob " + id.str() + " is too large"});
  dir.write("blobs/sha256/" + std::string{id.hex()}, "hallo");
  CHECK(at.blobs.read(id, 5).error() ==
        api_error{errc::not_found, "blob " + id.str() + " is damaged: its content has the digest " +
                                       oci::sha256_of("hallo").str()});
  dir.write("blobs/sha256/" + std::string{id.hex()}, "hell");
  CHECK_FALSE(at.blobs.read(id, 5));
}

TEST_CASE("blob files: a failing file system is no missing blob", "[actors][store]") {
  test::temp_dir dir;
  place at{dir.path()};
  auto id = oci::sha256_of("hello");
  std::filesystem::create_symlink("loop", at.where.blob(id.hex()));
  auto read = at.blobs.read(id, 5);
  REQUIRE_FALSE(read);
  CHECK(read.error().kind == errc::system);
}

TEST_CASE("blob files: the list has the blobs and nothing else", "[actors][store]") {
  test::temp_dir dir;
  place at{dir.path()};
  CHECK(at.blobs.list().value().empty());
  auto a = at.blobs.put("a").value();
  auto b = at.blobs.put("b").value();
  dir.write("blobs/sha256/README", "x");
  auto found = at.blobs.list().value();
  std::sort(found.begin(), found.end());
  CHECK(found == std::vector{std::min(a, b), std::max(a, b)});
  CHECK(at.blobs.remove(a));
  CHECK(at.blobs.remove(a));
  CHECK(at.blobs.list().value() == std::vector{b});
}

TEST_CASE("blob files: a full disk is told in dockerd's words and leaves nothing",
          "[actors][store][root]") {
  test::temp_dir dir;
  std::filesystem::create_directories(dir.file("disk"));
  REQUIRE(::mount("tmpfs", dir.file("disk").c_str(), "tmpfs", 0, "size=64k") == 0);
  {
    place at{dir.file("disk")};
    auto fits = at.blobs.put("small");
    auto full = at.blobs.put(std::string(128 * 1024, 'x'));
    CHECK(fits);
    REQUIRE_FALSE(full);
    CHECK(full.error().kind == errc::system);
    CHECK_THAT(full.error().message, Catch::Matchers::StartsWith("write '") &&
                                         Catch::Matchers::EndsWith("': no space left on device"));
    CHECK(at.tmp_is_empty());
    CHECK(at.blobs.list().value().size() == 1);
    CHECK(at.blobs.put("small, too"));
  }
  CHECK(::umount(dir.file("disk").c_str()) == 0);
}
