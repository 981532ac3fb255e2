#include "protocol/metrics/exposition.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstdint>
#include <limits>

using namespace gantry::metrics;

TEST_CASE("exposition: nothing without values", "[protocol][metrics]") {
  exposition all;
  CHECK(all.text().empty());
  all.counter("a_total", "A.");
  all.histogram("b_seconds", "B.");
  CHECK(all.text().empty());
}

TEST_CASE("exposition: families by name, values as they were added", "[protocol][metrics]") {
  exposition all;
  all.gauge("b", "How many.").add({{"kind", "z"}}, std::uint64_t{2});
  all.counter("a_total", "Ever.").add({}, std::uint64_t{7});
  all.gauge("b", "How many.").add({{"kind", "a"}, {"state", "new"}}, 0.5);
  CHECK(all.text() == "# HELP a_total Ever.\n"
                      "# TYPE a_total counter\n"
                      "a_total 7\n"
                      "# HELP b How many.\n"
                      "# TYPE b gauge\n"
                      "b{kind=\"z\"} 2\n"
                      "b{kind=\"a\",state=\"new\"} 0.5\n");
}

TEST_CASE("exposition: buckets of a histogram add up", "[protocol][metrics]") {
  exposition all;
  const std::array bounds{0.005, 1.0, 2.5};
  const std::array<std::uint64_t, 4> counts{3, 0, 2, 1};
  all.histogram("t_seconds", "Time.").add({{"what", "x"}}, bounds, counts, 12.25);
  all.histogram("t_seconds", "Time.").add({}, std::span<const double>{}, std::array{5UL}, 1);
  CHECK(all.text() == "# HELP t_seconds Time.\n"
                      "# TYPE t_seconds histogram\n"
                      "t_seconds_bucket{what=\"x\",le=\"0.005\"} 3\n"
                      "t_seconds_bucket{what=\"x\",le=\"1\"} 3\n"
                      "t_seconds_bucket{what=\"x\",le=\"2.5\"} 5\n"
                      "t_seconds_bucket{what=\"x\",le=\"+Inf\"} 6\n"
                      "t_seconds_sum{what=\"x\"} 12.25\n"
                      "t_seconds_count{what=\"x\"} 6\n"
                      "t_seconds_bucket{le=\"+Inf\"} 5\n"
                      "t_seconds_sum 1\n"
                      "t_seconds_count 5\n");
}

TEST_CASE("exposition: what would end a line or a label is escaped", "[protocol][metrics]") {
  exposition all;
  all.gauge("x", "a \\ b\nc \"d\"").add({{"p", "C:\\\"x\"\n\t{},= \xc3\xa4"}}, std::uint64_t{1});
  CHECK(all.text() == "# HELP x a \\\\ b\\nc \"d\"\n"
                      "# TYPE x gauge\n"
                      "x{p=\"C:\\\\\\\"x\\\"\\n\t{},= \xc3\xa4\"} 1\n");
}

TEST_CASE("exposition: numbers are the shortest that are read back", "[protocol][metrics]") {
  CHECK(number(0) == "0");
  CHECK(number(-1.5) == "-1.5");
  CHECK(number(0.1) == "0.1");
  CHECK(number(1024e-9) == "1.024e-06");
  CHECK(number(1234567.25) == "1234567.25");
  CHECK(number(0.0001) == "0.0001");
  CHECK(number(-0.00012345678901234567) == "-0.00012345678901234567");
  CHECK(number(0.0000999) == "9.99e-05");
  CHECK(number(25276510208) == "25276510208");
  CHECK(number(123456789012345678901.0) == "123456789012345683968");
  CHECK(number(1e21) == "1e+21");
  CHECK(number(1e300) == "1e+300");
  CHECK(number(1.0 / 3) == "0.3333333333333333");
  CHECK(number(std::numeric_limits<double>::infinity()) == "+Inf");
  CHECK(number(-std::numeric_limits<double>::infinity()) == "-Inf");
  CHECK(number(std::numeric_limits<double>::quiet_NaN()) == "NaN");
  exposition all;
  all.counter("n_total", "N.").add({}, std::numeric_limits<std::uint64_t>::max());
  CHECK(all.text().ends_with("\nn_total 18446744073709551615\n"));
}
