#include "protocol/oci/archive_view.hpp"

#include <catch2/catch.hpp>

#include <cstdio>
#include <string>

using namespace gantry;
using namespace gantry::oci;

namespace {

using namespace std::string_literals;

// The header of an empty file, of the kind before ustar: no magic, so the checksum alone tells.
std::string v7_header(const std::string& name) {
  std::string block(512, '\0');
  block.replace(0, name.size(), name);
  block.replace(100, 8, "0000644\0"s);
  block.replace(124, 12, "00000000000\0"s);
  block.replace(148, 8, "        ");
  unsigned sum = 0;
  for (char c : block)
    sum += static_cast<unsigned char>(c);
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  block.replace(148, 7, std::string{text, 7});
  return block;
}

} // namespace

TEST_CASE("archive_view: paths stay inside", "[protocol][oci]") {
  struct row {
    const char* path;
    const char* clean;
  };
  const row rows[] = {
      {"", ""},       {".", ""},           {"/", ""},          {"a", "a"},
      {"a/b", "a/b"}, {"./a/./b/", "a/b"}, {"/a//b", "a/b"},   {"a/../b", "b"},
      {"../a", "a"},  {"../../../a", "a"}, {"/../a/..", ""},   {"a/b/../../..", ""},
      {"...", "..."}, {"a/..b", "a/..b"},  {"..\\a", "..\\a"}, {"a/../../etc/passwd", "etc/passwd"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.path);
    CHECK(clean_archive_path(r.path) == r.clean);
  }
}

TEST_CASE("archive_view: links are followed and stay inside", "[protocol][oci]") {
  archive_view view;
  view.links = {{"a/layer.tar", "../b/layer.tar"},
                {"c", "/b"},
                {"up", "../../../b"},
                {"loop", "loop"},
                {"l1", "l2/x"},
                {"l2", "l1"},
                {"d/e", "f"},
                {"d/f", "./g/h"},
                {"out", "/../../etc"},
                {"b/back", "../c/layer.tar"}};
  struct row {
    const char* path;
    const char* resolved;
  };
  const row rows[] = {
      {"a/layer.tar", "b/layer.tar"},
      {"c/layer.tar", "b/layer.tar"},
      {"up/x", "b/x"},
      {"d/e/i", "d/g/h/i"},
      {"out/passwd", "etc/passwd"},
      {"c/back", "b/layer.tar"},
      {"none/x", "none/x"},
      {"a/../c/y", "b/y"},
      {"/c", "b"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.path);
    CHECK(resolve_archive_path(view, r.path).value() == r.resolved);
  }
  for (const char* path : {"loop", "loop/x", "l1", "l2"}) {
    CAPTURE(path);
    CHECK(resolve_archive_path(view, path).error().message == "too many links in "s + path);
  }
}

TEST_CASE("archive_view: the bytes say what an entry is", "[protocol][oci]") {
  auto role = [](std::string_view path, std::string_view head, std::int64_t size = 100) {
    return role_of(path, head, size);
  };
  const auto header = v7_header("file");
  CHECK(role("blobs/sha256/x", header, 1024) == entry_role::layer);
  CHECK(role("blobs/sha256/x", v7_header("{}"), 1024) == entry_role::layer);
  CHECK(role("blobs/sha256/x", std::string(1024, '\0'), 1024) == entry_role::layer);
  auto broken = header;
  broken[0] = 'F';
  CHECK(role("blobs/sha256/x", broken, 1024) == entry_role::other);
  CHECK(role("x", "\x1f\x8b\x08\x00"s) == entry_role::layer);
  CHECK(role("x", "BZh91AY") == entry_role::layer);
  CHECK(role("x", "\xfd"
                  "7zXZ\0\0"s) == entry_role::layer);
  CHECK(role("x", "\x28\xb5\x2f\xfd") == entry_role::layer);
  CHECK(role("x", "\x5a\x2a\x4d\x18") == entry_role::layer);
  CHECK(role("a/layer.tar", "", 0) == entry_role::layer);
  CHECK(role("blobs/sha256/x", " {\"a\":1}") == entry_role::document);
  CHECK(role("manifest.json", "[]") == entry_role::document);
  CHECK(role("manifest.json", "null") == entry_role::document);
  CHECK(role("repositories", "") == entry_role::document);
  CHECK(role("a/json", "x") == entry_role::document);
  CHECK(role("a/VERSION", "1.0") == entry_role::other);
  CHECK(role("bin/sh", "\x7f"
                       "ELF") == entry_role::other);
  CHECK(role("x", "{", max_document_size + 1) == entry_role::other);
}

TEST_CASE("archive_view: folders of the topmost level", "[protocol][oci]") {
  archive_view view;
  note_folder(view, "manifest.json", false);
  note_folder(view, "./a/json", false);
  note_folder(view, "b/", true);
  note_folder(view, "../c/d/", true);
  note_folder(view, "./", true);
  CHECK(view.folders == std::set<std::string, std::less<>>{"a", "b", "c"});
}

TEST_CASE("archive_view: documents", "[protocol][oci]") {
  archive_view view;
  view.documents["a/json"] = "{}";
  view.links["b"] = "a";
  CHECK(**find_document(view, "/b/../a/./json") == "{}");
  CHECK(**find_document(view, "b/json") == "{}");
  CHECK(find_document(view, "./c").error().message == "open c: no such file or directory");
  view.others.insert("c");
  CHECK(find_document(view, "./c").error().message == "c is not JSON");
}
