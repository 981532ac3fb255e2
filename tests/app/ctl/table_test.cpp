#include "app/ctl/table.hpp"

#include <catch2/catch.hpp>

using namespace gantry::ctl;

namespace {

table two_rows() {
  table t{{{"ID", side::right}, {"KIND"}, {"AGE", side::right}, {"NAME"}}};
  t.add({"1", "engine", "3m", "engine"});
  t.add({"1234", "job", "1.2ms"});
  return t;
}

} // namespace

TEST_CASE("table: columns are as wide as they have to be", "[app][ctl]") {
  CHECK(two_rows().text({}) == "  ID  KIND      AGE  NAME\n"
                               "   1  engine     3m  engine\n"
                               "1234  job     1.2ms\n");
}

TEST_CASE("table: without rows there are the titles", "[app][ctl]") {
  CHECK(table{{{"A"}, {"B"}}}.text({}) == "A  B\n");
}

TEST_CASE("table: a column may have a least width", "[app][ctl]") {
  table t{{{"A", side::right, 4}, {"B", side::left, 3}, {"C"}}};
  t.add({"1", "2", "3"});
  CHECK(t.text({}) == "   A  B    C\n   1  2    3\n");
}

TEST_CASE("table: lines end at the edge of the paper", "[app][ctl]") {
  CHECK(two_rows().text({.width = 12, .utf8 = false}) == "  ID  KIND\n"
                                                         "   1  engine\n"
                                                         "1234  job\n");
  CHECK(two_rows().text({.width = 9, .utf8 = false}) == "  ID  KI>\n"
                                                        "   1  en>\n"
                                                        "1234  job\n");
  CHECK(two_rows().text({.width = 0}) == "\n\n\n");
}

TEST_CASE("table: colours take no room", "[app][ctl]") {
  table t{{{"A"}, {"B"}}};
  t.add({cell{"x", tint::good}, "y"});
  CHECK(t.text({.colour = true}) == "\x1b[1mA\x1b[0m  \x1b[1mB\x1b[0m\n\x1b[32mx\x1b[0m  y\n");
}

TEST_CASE("table: cells are made printable before they are measured", "[app][ctl]") {
  table t{{{"A"}, {"B"}}};
  t.add({"\x1b[31m", "k\xc3\xa4se"});
  CHECK(t.text({.utf8 = false}) == "A      B\n?[31m  k?se\n");
}
