#include "protocol/container/detach_keys.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::container;
using namespace std::string_literals;

TEST_CASE("detach_keys: lists of keys as bytes", "[container]") {
  CHECK(parse_detach_keys("").value() == "\x10\x11");
  CHECK(parse_detach_keys("ctrl-p,ctrl-q").value() == default_detach_keys);
  CHECK(parse_detach_keys("a").value() == "a");
  CHECK(parse_detach_keys("ctrl-@,ctrl-a,ctrl-z,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_,Q").value() ==
        "\x00\x01\x1a\x1b\x1c\x1d\x1e\x1f"
        "Q"s);
  for (const auto* wrong : {"ctrl-", "ctrl-A", "ctrl-ab", "ctrl-1", "ab", ",", "a,", ",a", "a,,b",
                            "DEL", "CTRL-a", " a", "\xc3\xa9"}) {
    INFO(wrong);
    CHECK(parse_detach_keys(wrong).error() ==
          api_error{errc::invalid_parameter,
                    "Invalid detach keys (" + std::string{wrong} + ") provided"});
  }
}

TEST_CASE("detach_keys: found wherever the input is cut", "[container]") {
  struct row {
    std::string keys;
    std::string input;
    std::string passed;
    bool found;
  };
  const std::vector<row> rows{
      {"\x10\x11", "ls\n", "ls\n", false},
      {"\x10\x11", "ls\n\x10\x11rest", "ls\n", true},
      {"\x10\x11", "\x10\x11", "", true},
      {"\x10\x11", "a\x10z\x11", "a\x10z\x11", false},
      {"\x10\x11", "\x10\x10\x11x", "\x10\x10\x11x", false}, // as dockerd
      {"\x10\x11", "\x10\x10\x10\x11x", "\x10\x10", true},
      {"\x10\x11", "x\x10", "x\x10", false}, // given out at the end
      {"q", "wqe", "w", true},
      {"aab", "aaab", "aaab", false},
      {"", "\x10\x11", "\x10\x11", false},
  };
  for (const auto& r : rows) {
    for (std::size_t cut = 0; cut <= r.input.size(); ++cut) {
      INFO(r.input << " cut at " << cut);
      detach_key_filter filter{r.keys};
      std::string out;
      bool found = filter.take(std::string_view{r.input}.substr(0, cut), out);
      found = found || filter.take(std::string_view{r.input}.substr(cut), out);
      if (!found)
        filter.finish(out);
      CHECK(found == r.found);
      CHECK(out == r.passed);
    }
  }
}

TEST_CASE("detach_keys: what may be their beginning is held back", "[container]") {
  detach_key_filter filter{std::string{default_detach_keys}};
  std::string out;
  CHECK_FALSE(filter.take("a\x10", out));
  CHECK(out == "a");
  CHECK_FALSE(filter.take("b", out));
  CHECK(out == "a\x10"
               "b");
}
