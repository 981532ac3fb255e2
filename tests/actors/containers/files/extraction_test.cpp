#include "actors/containers/files/extraction.hpp"

#include "protocol/stream/tar_writer.hpp"
#include "tests/actors/containers/files/files_support.hpp"

#include <sys/stat.h>

using namespace gantry;
using namespace gantry::containers;
using namespace gantry::test;
using stream::tar_type;
namespace fs = std::filesystem;

namespace {

std::string packed_file(const std::string& path, const std::string& content) {
  return stream::tar_file({.path = path, .mode = 0640, .link = {}, .uid = 7, .gid = 8}, content);
}

std::string packed(const std::string& path, tar_type type, const std::string& link = {}) {
  return stream::tar_header({.path = path, .type = type, .mode = 0755, .link = link});
}

struct extraction_place : container_place {
  extraction_place() {
    const auto tree = add_layer();
    put_file(tree / "d/sub/old", "old");
    put_file(tree / "d/f", "old");
    fs::create_symlink("/d/sub", tree / "d/link");
    put_file(tree / "etc/passwd", "root:x:0:0::/:/bin/sh\nme:x:12:34::/:/bin/sh\n");
    create(*this);
  }

  /// The error of unpacking `entries` in `path`, or "".
  std::string unpack(const std::string& path, const std::string& entries, bool keep_kinds = false,
                     bool as_user = false) {
    auto tar = entries + std::string{stream::tar_end()};
    const auto done =
        extract_blocking(files_of_place(*this, mounts_), {path, "web", keep_kinds, as_user},
                         [&tar]() -> result<std::string> {
                           auto piece = tar.substr(0, 700);
                           tar.erase(0, piece.size());
                           return piece;
                         });
    CHECK(mounts().empty());
    return done ? std::string{}
                : std::string{to_string(done.error().kind)} + ": " + done.error().message;
  }

  fs::path upper(const std::string& path) const { return paths.upper() / path; }

  std::vector<container::mount_point> mounts_;
};

} // namespace

TEST_CASE("extraction: entries come with owner, mode and what is missing above",
          "[actors][containers][files][root]") {
  extraction_place place;
  CHECK(place.unpack("/d", packed_file("new", "1") + packed_file("x/y/z", "2")).empty());
  CHECK(text_of(place.upper("d/new")) == "1");
  CHECK(text_of(place.upper("d/x/y/z")) == "2");
  struct stat facts {};
  REQUIRE(::stat(place.upper("d/new").c_str(), &facts) == 0);
  CHECK(facts.st_uid == 7);
  CHECK(facts.st_gid == 8);
  CHECK((facts.st_mode & 07777) == 0640);
  REQUIRE(::stat(place.upper("d/x").c_str(), &facts) == 0);
  CHECK(facts.st_uid == 0);
  CHECK((facts.st_mode & 07777) == 0755);
}

TEST_CASE("extraction: everything can be its user's", "[actors][containers][files][root]") {
  extraction_place place;
  place.config.user = "me";
  CHECK(place.unpack("/d", packed_file("new", "1"), false, true).empty());
  struct stat facts {};
  REQUIRE(::stat(place.upper("d/new").c_str(), &facts) == 0);
  CHECK(facts.st_uid == 12);
  CHECK(facts.st_gid == 34);
}

TEST_CASE("extraction: where it goes", "[actors][containers][files][root]") {
  extraction_place place;
  CHECK(place.unpack("/nope", packed_file("f", "1")) ==
        "not_found: Could not find the file /nope in container web");
  CHECK(place.unpack("/d/f", packed_file("f", "1")) ==
        "invalid_parameter: extraction point is not a directory");
  CHECK(place.unpack("/d/link", packed_file("via", "1")).empty());
  CHECK(text_of(place.upper("d/sub/via")) == "1");
  CHECK(place.unpack("/", packed("./", tar_type::directory) + packed_file("./top", "1")).empty());
  CHECK(text_of(place.upper("top")) == "1");
}

TEST_CASE("extraction: what gives way to what", "[actors][containers][files][root]") {
  extraction_place place;
  CHECK(place.unpack("/d", packed_file("sub", "1"), true) ==
        "system: cannot overwrite directory \"/d/sub\" with non-directory \"/d\"");
  CHECK(place.unpack("/d", packed("f/", tar_type::directory), true) ==
        "system: cannot overwrite non-directory \"/d/f\" with directory \"/d\"");
  CHECK(place.unpack("/d", packed_file("f", "new"), true).empty());
  CHECK(text_of(place.upper("d/f")) == "new");
  CHECK(place.unpack("/d", packed_file("sub", "1")).empty());
  CHECK(text_of(place.upper("d/sub")) == "1");
  CHECK(place.unpack("/d", packed("f", tar_type::directory)).empty());
  CHECK(fs::is_directory(place.upper("d/f")));
}

TEST_CASE("extraction: nothing leads out", "[actors][containers][files][root]") {
  extraction_place place;
  put_file(place.file("victim/f"), "precious");
  const auto victim = place.file("victim");
  CHECK(place.unpack("/d", packed_file("../../esc", "1")) ==
        "invalid_parameter: \"../../esc\" is outside of \"/d\"");
  CHECK(place.unpack("/d", packed("hl", tar_type::hard_link, "../../x")) ==
        "invalid_parameter: failed to unpack 'hl': \"../../x\" is outside of \"/d\"");
  CHECK(place.unpack("/d", packed("out", tar_type::symbolic_link, victim) +
                               packed_file("out/f", "evil")) ==
        "system: failed to unpack 'out/f': open: No such file or directory");
  CHECK(text_of(victim + "/f") == "precious");
  CHECK(text_of(place.upper(victim.substr(1) + "/f")).empty());
  CHECK(place
            .unpack("/d", packed("up", tar_type::symbolic_link, "../../../../../../../..") +
                              packed_file("up/here", "1"))
            .empty());
  CHECK(text_of(place.upper("here")) == "1");
}

TEST_CASE("extraction: names of whiteouts are names", "[actors][containers][files][root]") {
  extraction_place place;
  CHECK(place.unpack("/d", packed_file(".wh.f", "1") + packed_file(".wh..wh..opq", "2")).empty());
  CHECK(text_of(place.upper("d/.wh.f")) == "1");
  CHECK_FALSE(fs::exists(place.upper("d/f")));
}

TEST_CASE("extraction: read-only places are refused", "[actors][containers][files][root]") {
  extraction_place place;
  fs::create_directories(place.file("vol"));
  place.mounts_ = {mount_of(place.file("vol"), "/vol", false)};
  CHECK(place.unpack("/vol", packed_file("f", "1")) ==
        "invalid_parameter: mounted volume is marked read-only");
  place.host_config.readonly_rootfs = true;
  CHECK(place.unpack("/d", packed_file("f", "1")) ==
        "invalid_parameter: container rootfs is marked read-only");
  place.mounts_ = {mount_of(place.file("vol"), "/vol")};
  CHECK(place.unpack("/vol", packed_file("f", "1")).empty());
  CHECK(place.read("vol/f") == "1");
}

TEST_CASE("extraction: a broken tar", "[actors][containers][files][root]") {
  extraction_place place;
  CHECK(place.unpack("/d", "this is no tar at all") ==
        "invalid_parameter: archive/tar: invalid tar header");
  CHECK(place.unpack("/d", packed_file("f", std::string(3000, 'x')).substr(0, 1000))
            .starts_with("invalid_parameter: "));
}
