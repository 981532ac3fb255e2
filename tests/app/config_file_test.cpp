#include "app/config_file.hpp"
#include "app/options.hpp"

#include "app/option_table.hpp"
#include "tests/support/temp_dir.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <utility>

using namespace gantry;
using namespace gantry::app;

TEST_CASE("config_file: nothing is an empty object", "[app]") {
  for (const char* text : {"", " \n\t", "{}", " { } \n", "\xef\xbb\xbf{}", "\xef\xbb\xbf"}) {
    auto got = parse_config(text);
    REQUIRE(got.has_value());
    CHECK(got->values == settings{});
    CHECK(got->given.empty());
  }
}

TEST_CASE("config_file: reads every kind of value", "[app]") {
  auto got = parse_config(R"({
    "debug": true,
    "icc": false,
    "mtu": 1450,
    "log-level": "warn",
    "log-format": "json",
    "data-root": "/data",
    "hosts": ["unix:///run/x.sock", "tcp://:2375"],
    "labels": ["a=1", "b=2"],
    "log-opts": {"max-size": "10m", "max-file": "3"},
    "default-shm-size": "128M",
    "default-ulimits": {"nofile": {"Name": "nofile", "Hard": 64000, "Soft": 1000}, "core": {"soft": 7}},
    "runtimes": {"kata": {"path": "/opt/kata", "runtimeArgs": ["--debug"]}},
    "default-address-pools": [{"base": "10.10.0.0/16", "size": 24}],
    "registry-mirrors": ["https://mirror"],
    "insecure-allow-unauthenticated-tcp": true,
    "shutdown-timeout": -1,
    "tlsverify": null
  })");
  REQUIRE(got.has_value());
  settings want;
  want.debug = true;
  want.icc = false;
  want.mtu = 1450;
  want.log_level = log::level::warn;
  want.format = log_format::json;
  want.data_root = "/data";
  want.hosts = {"unix:///run/x.sock", "tcp://127.0.0.1:2375"};
  want.labels = {"a=1", "b=2"};
  want.log_opts = {{"max-size", "10m"}, {"max-file", "3"}};
  want.default_shm_size = {128 << 20};
  want.default_ulimits = {{"nofile", {1000, 64000}}, {"core", {7, 7}}};
  want.runtimes = {{"kata", {"/opt/kata", {"--debug"}}}};
  want.default_address_pools = {{"10.10.0.0/16", 24}};
  want.registry_mirrors = {"https://mirror/"};
  want.insecure_allow_unauthenticated_tcp = true;
  want.shutdown_timeout = -1;
  CHECK(got->values == want);
  CHECK(got->given.count("debug") == 1);
  CHECK(got->given.count("tlsverify") == 0);
  CHECK(got->given.size() == 16);
  CHECK(got->warnings.empty());
  CHECK(parse_config(R"({"default-shm-size": 4096})")->values.default_shm_size.bytes == 4096);
}

TEST_CASE("config_file: refuses with the name and the reason", "[app]") {
  std::pair<const char*, const char*> cases[] = {
      // Unknown, all at once, in dockerd's words.
      {R"({"a":1,"debug":"x","b":2})",
       "the following directives don't match any configuration option: a, b"},
      {R"({"Debug":true})", "the following directives don't match any configuration option: Debug"},
      {R"({"authorization-plugins":["x"]})",
       "the following directives don't match any configuration option: authorization-plugins"},
      // Types.
      {R"({"debug":"x"})", "invalid value for \"debug\": expected a boolean, got a string"},
      {R"({"mtu":"12"})", "invalid value for \"mtu\": expected a whole number, got a string"},
      {R"({"mtu":1.5})", "invalid value for \"mtu\": expected a whole number, got a number"},
      {R"({"mtu":18446744073709551615})",
       "invalid value for \"mtu\": expected a whole number, got a number"},
      {R"({"group":1})", "invalid value for \"group\": expected a string, got a number"},
      {R"({"group":"a\u0000b"})", "invalid value for \"group\": a null character is not allowed"},
      {R"({"labels":"x"})",
       "invalid value for \"labels\": expected an array of strings, got a string"},
      {R"({"labels":["a=b",1]})",
       "invalid value for \"labels\": item 2: expected a string, got a number"},
      {R"({"log-opts":[]})", "invalid value for \"log-opts\": expected an object, got an array"},
      {R"({"log-opts":{"a":1}})",
       "invalid value for \"log-opts\": \"a\": expected a string, got a number"},
      {R"({"log-level":true})",
       "invalid value for \"log-level\": expected a string, got a boolean"},
      {R"({"default-shm-size":[]})",
       "invalid value for \"default-shm-size\": expected a size such as \"64m\", got an array"},
      {R"({"default-shm-size":-1})",
       "invalid value for \"default-shm-size\": expected a size such as \"64m\", got a number"},
      {R"({"default-address-pools":{}})",
       "invalid value for \"default-address-pools\": expected an array of objects, got an object"},
      // Values.
      {R"({"labels":["x"]})", "invalid value for \"labels\": item 1: bad attribute format: x"},
      {R"({"log-level":"silly"})",
       "invalid value for \"log-level\": unable to parse logging level: silly"},
      {R"({"log-format":"xml"})", "invalid value for \"log-format\": invalid log format: xml"},
      {R"({"max-concurrent-downloads":-1})", "invalid value for \"max-concurrent-downloads\": "
                                             "invalid max concurrent downloads: -1 (allowed: "
                                             "0 to 1000)"},
      {R"({"default-shm-size":"1z"})",
       "invalid value for \"default-shm-size\": invalid size: '1z'"},
      {R"({"dns":["x"]})", "invalid value for \"dns\": item 1: x is not an ip address"},
      {R"({"hosts":["foo://x"]})",
       "invalid value for \"hosts\": item 1: Invalid bind address protocol: foo://x"},
      {R"({"runtimes":{"runc":{"path":"x"}}})",
       "invalid value for \"runtimes\": \"runc\": runtime name 'runc' is reserved"},
      {R"({"runtimes":{"x":{}}})",
       "invalid value for \"runtimes\": \"x\": runtime 'x' needs a path"},
      {R"({"runtimes":{"x":{"runtimeType":"y"}}})",
       "invalid value for \"runtimes\": \"x\": unknown key \"runtimeType\""},
      {R"({"runtimes":{"x":{"path":1}}})",
       "invalid value for \"runtimes\": \"x\": \"path\": expected a string, got a number"},
      {R"({"default-ulimits":{"nofile":{"Name":"core","Hard":1}}})",
       "invalid value for \"default-ulimits\": \"nofile\": the name is \"core\" inside"},
      {R"({"default-ulimits":{"nofile":{}}})",
       "invalid value for \"default-ulimits\": \"nofile\": neither \"Soft\" nor \"Hard\" is given"},
      {R"({"default-ulimits":{"nofile":{"Soft":2,"Hard":1}}})",
       "invalid value for \"default-ulimits\": \"nofile\": ulimit soft limit must be less than or "
       "equal "
       "to hard limit: 2 > 1"},
      {R"({"default-ulimits":{"nofile":1}})",
       "invalid value for \"default-ulimits\": \"nofile\": expected an object, got a number"},
      {R"({"default-address-pools":[{"base":"x","size":1}]})",
       "invalid value for \"default-address-pools\": item 1: invalid base pool \"x\": must be an "
       "address "
       "with a prefix length"},
      {R"({"default-address-pools":[{"size":"1"}]})",
       "invalid value for \"default-address-pools\": item 1: \"size\": expected a whole number, "
       "got a "
       "string"},
      {R"({"graph":"/a","data-root":"/b"})",
       "\"graph\" and \"data-root\" are the same: give only one"},
  };
  for (auto [text, message] : cases) {
    INFO(text);
    auto got = parse_config(text);
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error() == api_error{errc::invalid_parameter, message});
  }
}

TEST_CASE("config_file: syntax errors and doubles are told with their place", "[app]") {
  std::pair<const char*, const char*> cases[] = {
      {"{", "line 1, column 2: unexpected end of the file"},
      {"{\n  \"debug\": tru\n}\n", "line 2, column 12: syntax error"},
      {"{\n  \"debug\": true,\n}\n", "line 3, column 1: "},
      {"{\"debug\" true}", "line 1, column 10: "},
      {"nonsense", "line 1, column 1: syntax error"},
      {"{\"debug\":true} x", "line 1, column 16: nothing may follow the configuration"},
      {"{\"debug\":true}\n{}", "line 2, column 1: nothing may follow the configuration"},
      {"{\"debug\":true,\n \"debug\":false}", "line 2, column 8: the key \"debug\" is given twice"},
      {"{\"debug\":true,\"deb\\u0075g\":false}", "the key \"debug\" is given twice"},
      {"{\"log-opts\":{\"a\":\"1\",\"a\":\"2\"}}", "the key \"a\" is given twice"},
      {"{\"\":1,\"\":2}", "the key \"\" is given twice"},
      {"[]", "the configuration must be a JSON object"},
      {"null", "the configuration must be a JSON object"},
      {"12", "the configuration must be a JSON object"},
      {"\"x\"", "the configuration must be a JSON object"},
      {"{\"labels\":[\"\xff=1\"]}", "line 1, column "},
  };
  for (auto [text, message] : cases) {
    INFO(text);
    auto got = parse_config(text);
    REQUIRE_FALSE(got.has_value());
    CHECK_THAT(got.error().message, Catch::Contains(message));
    CHECK_THAT(got.error().message, Catch::StartsWith("line "));
  }
  CHECK_FALSE(parse_config(std::string(1000, '[')).has_value());
  CHECK_FALSE(parse_config("{\"a\":" + std::string(1000, '[')).has_value());
}

TEST_CASE("config_file: the same key in two objects is no double", "[app]") {
  CHECK(parse_config(R"({"log-opts":{"debug":"1"},"debug":true})").has_value());
  CHECK(
      parse_config(
          R"({"default-address-pools":[{"base":"10.0.0.0/8","size":9},{"base":"11.0.0.0/8","size":9}]})")
          .has_value());
}

TEST_CASE("config_file: dockerd's keys without a meaning here are accepted with a warning",
          "[app]") {
  auto got = parse_config(R"({"features":{"buildkit":true},"containerd":"/x","graph":"/g"})");
  REQUIRE(got.has_value());
  CHECK(got->values.data_root == "/g");
  CHECK(got->given == std::set<std::string, std::less<>>{"data-root"});
  CHECK(got->warnings ==
        std::vector<std::string>{
            "the configuration key \"features\" has no effect here",
            "the configuration key \"containerd\" has no effect here",
            "The \"graph\" config file option is deprecated. Please use \"data-root\" instead."});
}

TEST_CASE("config_file: every option of the table can be written as a key", "[app]") {
  for (const option_spec& option : option_table()) {
    INFO(option.key);
    // An object is wrong for all but the maps, and null is right for all.
    auto got = parse_config("{\"" + std::string(option.key) + "\": null}");
    REQUIRE(got.has_value());
    CHECK(got->values == settings{});
    CHECK_FALSE(parse_config("{\"" + std::string(option.key) + "\": [[]]}").has_value());
  }
}

TEST_CASE("config_file: reading from disk", "[app]") {
  test::temp_dir dir;
  auto file = dir.write("daemon.json", "{\"debug\": true}");
  CHECK(*read_config(file) == "{\"debug\": true}");
  auto absent = read_config(dir.file("absent"));
  REQUIRE_FALSE(absent.has_value());
  CHECK(absent.error().kind == errc::not_found);
  CHECK_THAT(absent.error().message, Catch::Contains("No such file or directory"));
  CHECK(read_config("/").error().message == "read '/': Is a directory");
  auto large = dir.write("large", std::string(max_config_size + 1, ' '));
  CHECK_THAT(read_config(large).error().message, Catch::EndsWith("larger than 1 MiB"));
}

TEST_CASE("config_file: the example that is shipped is accepted without a warning", "[app]") {
  auto text = read_config(GANTRY_TEST_DATA "/../../app/config/daemon.json.example");
  REQUIRE(text.has_value());
  auto got = combine({}, *text, {});
  REQUIRE(got.has_value());
  CHECK(got->warnings.empty());
}
