#include "protocol/container/path_stat.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::container;

TEST_CASE("path_stat: a path is taken apart as dockerd does", "[container][files]") {
  struct row {
    const char* path;
    container_path expected;
    const char* text;
  };
  const row rows[] = {
      {"/d/f", {"/d", "f", "f"}, "/d/f"},
      {"d/f", {"/d", "f", "f"}, "/d/f"},
      {"/f", {"/", "f", "f"}, "/f"},
      {"/d/f/", {"/d/f", "", "f"}, "/d/f/"},
      {"/d/f//", {"/d/f", "", "f"}, "/d/f/"},
      {"/d/.", {"/d", "", "."}, "/d/."},
      {"/d/./", {"/d", "", "."}, "/d/."},
      {"/", {"/", "", "/"}, "/"},
      {".", {"/", "", "/"}, "/"},
      {"..", {"/", "", "/"}, "/"},
      {"/../../etc/../d", {"/", "d", "d"}, "/d"},
      {"/d/..", {"/", "", "/"}, "/"},
      {"//d///f", {"/d", "f", "f"}, "/d/f"},
  };
  for (const auto& r : rows) {
    INFO(r.path);
    const auto parsed = parse_container_path(r.path);
    CHECK(parsed == r.expected);
    CHECK(parsed.text() == r.text);
  }
}

TEST_CASE("path_stat: modes as Go counts them", "[container][files]") {
  CHECK(go_file_mode(040755) == 2147484141U);
  CHECK(go_file_mode(041777) == 2148532735U);
  CHECK(go_file_mode(0104755) == 8389101U);
  CHECK(go_file_mode(0102644) == (1U << 22 | 0644U));
  CHECK(go_file_mode(0120777) == 134218239U);
  CHECK(go_file_mode(020644) == 69206436U);
  CHECK(go_file_mode(060644) == (1U << 26 | 0644U));
  CHECK(go_file_mode(010644) == 33554852U);
  CHECK(go_file_mode(0140755) == (1U << 24 | 0755U));
  CHECK(go_file_mode(0100644) == 420U);
}

// Bytes that dockerd 20.10 sent.
TEST_CASE("path_stat: its JSON", "[container][files]") {
  CHECK(to_json({.name = "d",
                 .size = 4096,
                 .mode = 040755,
                 .modified = {1795356701, 948941519, 0},
                 .link_target = {}}) ==
        R"({"name":"d","size":4096,"mode":2147484141,)"
        R"("mtime":"2026-11-22T14:11:41.948941519Z","linkTarget":""})");
  CHECK(to_json({.name = "l",
                 .size = 1,
                 .mode = 0120777,
                 .modified = {1577934245, 0, 0},
                 .link_target = "/d/f"}) ==
        R"({"name":"l","size":1,"mode":134218239,)"
        R"("mtime":"2020-01-02T03:04:05Z","linkTarget":"/d/f"})");
}
