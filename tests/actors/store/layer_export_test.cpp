#include "tests/actors/store/layer_support.hpp"

#include <filesystem>

using namespace gantry;
using namespace gantry::test;
namespace fs = std::filesystem;

namespace {

// A layer that was imported whole.
struct imported {
  imported() {
    const auto tar = tar_of(entry('5', "d") + entry('0', "d/first", {}, "hello") +
                            entry('0', "d/second", {}, "world") + entry('0', "empty"));
    const auto made = import_layer(layer(), tar);
    REQUIRE(made.has_value());
    diff_id = made->diff_id;
    REQUIRE(message() == "");
  }
  std::string layer() const { return dir.file("layer"); }
  // What the export fails with, without `layer sha256:...: `.
  std::string message() const {
    const auto rebuilt = export_to_string(layer(), diff_id);
    if (rebuilt.has_value())
      return {};
    const auto prefix = "layer " + diff_id.str() + ": ";
    REQUIRE(rebuilt.error().kind == errc::system);
    REQUIRE(rebuilt.error().message.starts_with(prefix));
    return rebuilt.error().message.substr(prefix.size());
  }

  temp_dir dir;
  oci::digest diff_id;
};

} // namespace

TEST_CASE("layer_export: a file that changed is named or seen", "[actors][store]") {
  imported made;
  SECTION("longer") {
    made.dir.write("layer/diff/d/second", "worldwide");
    CHECK(made.message() == "file 'd/second' has 9 bytes, not 5");
  }
  SECTION("shorter") {
    made.dir.write("layer/diff/d/first", "h");
    CHECK(made.message() == "file 'd/first' has 1 bytes, not 5");
  }
  SECTION("other bytes") {
    made.dir.write("layer/diff/d/first", "HELLO");
    CHECK_THAT(made.message(), Catch::Matches("the files in it were changed: its tar has digest "
                                              "sha256:[0-9a-f]{64} now"));
  }
  SECTION("gone") {
    fs::remove(made.dir.file("layer/diff/d/second"));
    CHECK(made.message() == "file 'd/second': open: No such file or directory");
  }
  SECTION("a directory") {
    fs::remove(made.dir.file("layer/diff/d/first"));
    fs::create_directory(made.dir.file("layer/diff/d/first"));
    CHECK(made.message() == "'d/first' is no file");
  }
  SECTION("a fifo does not hold us up") {
    fs::remove(made.dir.file("layer/diff/d/first"));
    REQUIRE(::mkfifo(made.dir.file("layer/diff/d/first").c_str(), 0600) == 0);
    CHECK(made.message() == "'d/first' is no file");
  }
  SECTION("what the record does not refer to does not matter") {
    made.dir.write("layer/diff/empty", "x");
    made.dir.write("layer/diff/new", "y");
    CHECK(made.message() == "");
  }
}

TEST_CASE("layer_export: links in the tree are not followed", "[actors][store]") {
  imported made;
  made.dir.write("secret/first", "hello");
  SECTION("a file") {
    fs::remove(made.dir.file("layer/diff/d/first"));
    fs::create_symlink(made.dir.file("secret/first"), made.dir.file("layer/diff/d/first"));
    CHECK(made.message() == "file 'd/first': open: Too many levels of symbolic links");
  }
  SECTION("a directory") {
    made.dir.write("secret/second", "world");
    fs::remove_all(made.dir.file("layer/diff/d"));
    fs::create_symlink(made.dir.file("secret"), made.dir.file("layer/diff/d"));
    CHECK(made.message() != "");
  }
}

TEST_CASE("layer_export: a damaged record is told", "[actors][store]") {
  imported made;
  const auto record = made.dir.read("layer/record");
  made.dir.write("layer/record", std::string_view{record}.substr(0, record.size() - 1));
  CHECK(made.message() == "record '" + made.layer() + "/record' is truncated");
}

TEST_CASE("layer_export: what is not there", "[actors][store]") {
  imported made;
  fs::remove(made.dir.file("layer/record"));
  CHECK(export_to_string(made.layer(), made.diff_id).error().kind == errc::not_found);
  CHECK(export_to_string(made.dir.file("none"), made.diff_id).error().kind == errc::not_found);
}

TEST_CASE("layer_export: the sink's error ends it", "[actors][store]") {
  imported made;
  int calls = 0;
  const auto done =
      store::export_layer(made.layer(), made.diff_id, [&](std::string_view) -> result<void> {
        if (++calls == 2)
          return api_error{errc::unavailable, "client is gone"};
        return {};
      });
  REQUIRE(done.has_error());
  CHECK(done.error() == api_error{errc::unavailable, "client is gone"});
  CHECK(calls == 2);
}
