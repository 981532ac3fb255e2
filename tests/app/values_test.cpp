#include "app/values.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::app;

namespace {

/// Text in; normal form or error text out.
struct text_case {
  std::string in;
  std::string out;
};

void check_good(text_check check, const std::vector<text_case>& cases) {
  for (const auto& each : cases) {
    INFO("input: " << each.in);
    auto got = check(each.in);
    REQUIRE(got.has_value());
    CHECK(*got == each.out);
  }
}

void check_bad(text_check check, const std::vector<text_case>& cases) {
  for (const auto& each : cases) {
    INFO("input: " << each.in);
    auto got = check(each.in);
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error() == api_error{errc::invalid_parameter, each.out});
  }
}

} // namespace

TEST_CASE("values: truth values are Go's words (F1)", "[app]") {
  for (const char* word : {"1", "t", "T", "TRUE", "true", "True"})
    CHECK(parse_bool(word) == true);
  for (const char* word : {"0", "f", "F", "FALSE", "false", "False"})
    CHECK(parse_bool(word) == false);
  for (const char* word : {"", "yes", "no", "on", "tRUE", "2", " true", "true "})
    CHECK(parse_bool(word) == std::nullopt);
}

TEST_CASE("values: numbers are whole, decimal and fit 64 bits", "[app]") {
  CHECK(parse_integer("0") == 0);
  CHECK(parse_integer("-12") == -12);
  CHECK(parse_integer("+7") == 7);
  CHECK(parse_integer("9223372036854775807") == INT64_MAX);
  for (const char* word : {"", "+", "-", "1.5", "0x10", "12a", " 1", "+-1", "9223372036854775808"})
    CHECK(parse_integer(word) == std::nullopt);
}

TEST_CASE("values: sizes take binary units", "[app]") {
  struct {
    const char* in;
    std::int64_t out;
  } good[] = {{"0", 0},
              {"64", 64},
              {"64b", 64},
              {"1k", 1024},
              {"1K", 1024},
              {"64m", 67108864},
              {"64MiB", 67108864},
              {"64 MB", 67108864},
              {"1.5g", 1610612736},
              {"2T", std::int64_t{2} << 40},
              {"1pb", std::int64_t{1} << 50}};
  for (const auto& each : good) {
    INFO(each.in);
    auto got = parse_bytes(each.in);
    REQUIRE(got.has_value());
    CHECK(got->bytes == each.out);
  }
  for (const char* word : {"", "1z", "-1", "m", "1 k b", "1kk", "1ib", " 1", "1  k", "inf", "1e3",
                           "9223372036854775808", "8192p", "1.2.3"}) {
    INFO(word);
    auto got = parse_bytes(word);
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().message == "invalid size: '" + std::string(word) + "'");
  }
}

TEST_CASE("values: ulimits", "[app]") {
  CHECK(*parse_ulimit("nofile=1024:2048") == std::pair(std::string("nofile"), ulimit{1024, 2048}));
  CHECK(*parse_ulimit("core=0") == std::pair(std::string("core"), ulimit{0, 0}));
  CHECK(*parse_ulimit("core=5:-1") == std::pair(std::string("core"), ulimit{5, -1}));
  CHECK(*parse_ulimit("core=-1") == std::pair(std::string("core"), ulimit{-1, -1}));
  std::pair<const char*, const char*> bad[] = {
      {"foo", "invalid ulimit argument: foo"},
      {"nofile=", "invalid ulimit argument: nofile="},
      {"nofile=1:2:3", "invalid ulimit argument: nofile=1:2:3"},
      {"nofile=x", "invalid ulimit argument: nofile=x"},
      {"files=1", "invalid ulimit type: files"},
      {"nofile=-2", "invalid ulimit nofile: the smallest value is -1 (unlimited)"},
      {"nofile=2:1", "ulimit soft limit must be less than or equal to hard limit: 2 > 1"},
      {"nofile=-1:1", "ulimit soft limit must be less than or equal to hard limit: -1 > 1"}};
  for (auto [in, text] : bad) {
    auto got = parse_ulimit(in);
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().message == text);
  }
}

TEST_CASE("values: address pools", "[app]") {
  CHECK(*parse_address_pool("base=10.10.0.0/16,size=24") == address_pool{"10.10.0.0/16", 24});
  CHECK(*parse_address_pool("size=64,base=fd00::/48") == address_pool{"fd00::/48", 64});
  std::pair<const char*, const char*> bad[] = {
      {"x", "invalid field 'x' must be a key=value pair"},
      {"base=10.0.0.0/8", "both base and size are needed"},
      {"base=10.0.0.0/8,size=x", "invalid size value: x"},
      {"base=10.0.0.0/8,size=9,size=9", "unexpected key 'size' in 'size=9'"},
      {"base=10.0.0.0/8,bits=9", "unexpected key 'bits' in 'bits=9'"},
      {"base=10.0.0.0/8,size=7",
       "invalid size 7 for the pool 10.0.0.0/8: must be between 8 and 32"},
      {"base=10.0.0.0,size=7",
       "invalid base pool \"10.0.0.0\": must be an address with a prefix length"}};
  for (auto [in, text] : bad) {
    auto got = parse_address_pool(in);
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().message == text);
  }
}

TEST_CASE("values: runtimes", "[app]") {
  CHECK(*parse_runtime("kata=/opt/kata") ==
        std::pair(std::string("kata"), oci_runtime{"/opt/kata", {}}));
  CHECK(parse_runtime("foo").error().message == "invalid runtime argument: foo");
  CHECK(parse_runtime("runc=/bin/runc").error().message == "runtime name 'runc' is reserved");
  CHECK(parse_runtime("=/bin/runc").error().message == "a runtime needs a name");
  CHECK(parse_runtime("x=").error().message == "runtime 'x' needs a path");
}

TEST_CASE("values: hosts come out in normal form (2.2)", "[app]") {
  check_good(check_host, {{"", "unix:///var/run/docker.sock"},
                          {"unix:///x", "unix:///x"},
                          {" tcp://:2375 ", "tcp://127.0.0.1:2375"},
                          {":2375", "tcp://127.0.0.1:2375"}});
  CHECK_FALSE(check_host("foo://bar").has_value());
}

TEST_CASE("values: where to be inspected", "[app]") {
  check_good(check_inspect_host, {{"none", "none"},
                                  {"unix:///run/i.sock", "unix:///run/i.sock"},
                                  {" tcp://127.0.0.1:1 ", "tcp://127.0.0.1:1"},
                                  {"127.0.0.1:1", "tcp://127.0.0.1:1"}});
  for (const char* wrong : {"", "unix://", "fd://", "fd://x", "foo://bar"})
    CHECK_FALSE(check_inspect_host(wrong).has_value());
}

TEST_CASE("values: addresses and networks", "[app]") {
  check_good(check_ip, {{" 8.8.8.8 ", "8.8.8.8"}, {"::1", "::1"}});
  check_bad(check_ip, {{"", " is not an ip address"},
                       {"xyz", "xyz is not an ip address"},
                       {"1.2.3", "1.2.3 is not an ip address"},
                       {"1.2.3.4.5", "1.2.3.4.5 is not an ip address"}});
  check_good(check_optional_ip, {{"", ""}, {"1.2.3.4", "1.2.3.4"}});
  check_good(check_cidr,
             {{"", ""}, {"172.17.0.1/16", "172.17.0.1/16"}, {"fd00::1/64", "fd00::1/64"}});
  check_bad(check_cidr, {{"1.2.3.4", "invalid CIDR address: 1.2.3.4"},
                         {"1.2.3.4/33", "invalid CIDR address: 1.2.3.4/33"},
                         {"1.2.3.4/", "invalid CIDR address: 1.2.3.4/"},
                         {"1.2.3.4/-1", "invalid CIDR address: 1.2.3.4/-1"},
                         {"x/8", "invalid CIDR address: x/8"}});
}

TEST_CASE("values: search domains", "[app]") {
  check_good(check_domain,
             {{".", "."}, {"example.com", "example.com"}, {" a.b. ", "a.b."}, {"x", "x"}});
  for (const char* bad : {"", "a b", "a..b", "-a.com", "a-.com", "1.2", "a_b.c", ".a"})
    check_bad(check_domain, {{bad, std::string(bad) + " is not a valid domain"}});
  CHECK_FALSE(check_domain(std::string(300, 'a')).has_value());
}

TEST_CASE("values: pairs, registries and words", "[app]") {
  check_good(check_pair, {{"a=b", "a=b"}, {"a=", "a="}, {"a=b=c", "a=b=c"}});
  check_bad(check_pair, {{"foo", "bad attribute format: foo"}, {"=b", "bad attribute format: =b"}});
  check_good(check_mirror, {{"https://m", "https://m/"}, {"http://m:5000/", "http://m:5000/"}});
  check_bad(
      check_mirror,
      {{"foo", "invalid mirror: unsupported scheme \"\" in \"foo\""},
       {"ftp://x", "invalid mirror: unsupported scheme \"ftp\" in \"ftp://x\""},
       {"http://u:p@x", "invalid mirror: username/password not allowed in URI"},
       {"http://x/y", "invalid mirror: path, query, or fragment at end of the URI \"http://x/y\""},
       {"http://", "invalid mirror: \"http://\" is not a valid URI"}});
  check_good(check_registry,
             {{"r:5000", "r:5000"}, {"http://r", "r"}, {"10.0.0.0/8", "10.0.0.0/8"}});
  check_bad(check_registry,
            {{"ftp://r", "insecure registry ftp://r should not contain '://'"},
             {"-r", "invalid index name (-r). Cannot be empty, or begin or end with a hyphen"}});
  CHECK(check_ipc_mode("private").has_value());
  CHECK_FALSE(check_ipc_mode("host").has_value());
  CHECK(check_cgroupns_mode("host").has_value());
  CHECK(check_cgroupns_mode("").has_value());
  CHECK_FALSE(check_cgroupns_mode("x").has_value());
  CHECK(check_api_version("1.24").has_value());
  for (const char* bad : {"1", "1.", ".1", "v1.2", "1.2.3"})
    CHECK_FALSE(check_api_version(bad).has_value());
  CHECK_FALSE(check_not_empty("").has_value());
}

TEST_CASE("values: where metrics are served", "[app]") {
  check_good(check_metrics_addr, {{"", ""},
                                  {" 127.0.0.1:9323 ", "127.0.0.1:9323"},
                                  {":9323", "0.0.0.0:9323"},
                                  {"[::1]:0", "[::1]:0"},
                                  {"localhost:9323", "localhost:9323"}});
  for (const std::string wrong : {"9323", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "[::1]",
                                  "tcp://127.0.0.1:9323", "unix:///x", "x y:1"})
    CHECK(check_metrics_addr(wrong).error().message ==
          "invalid metrics address: " + wrong + " (HOST:PORT)");
}
