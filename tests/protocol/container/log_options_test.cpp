#include "protocol/container/log_options.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::container;

namespace {

log_config json_file(string_map options) { return {"json-file", std::move(options)}; }

std::string error_of(string_map options) {
  auto parsed = parse_log_options(json_file(std::move(options)));
  REQUIRE_FALSE(parsed.has_value());
  return parsed.error().message;
}

} // namespace

TEST_CASE("log_options: the daemon's options fill in those of the same driver",
          "[protocol][container]") {
  const log_config daemon{"json-file", string_map{{"max-size", "1m"}, {"max-file", "2"}}};
  log_config none;
  merge_log_config(none, daemon);
  CHECK(none == daemon);
  auto own = json_file({{"max-size", "9m"}});
  merge_log_config(own, daemon);
  CHECK(own == json_file({{"max-size", "9m"}, {"max-file", "2"}}));
  log_config other{"local", {}};
  merge_log_config(other, daemon);
  CHECK(other == log_config{"local", string_map{}});
}

TEST_CASE("log_options: the driver has to be there", "[protocol][container]") {
  const std::set<std::string> drivers{"json-file", "local"};
  CHECK(check_log_config(json_file({{"tag", "t"}, {"mode", "blocking"}}), drivers).has_value());
  CHECK(check_log_config({"none", string_map{{"x", "y"}}}, drivers).has_value());
  CHECK(check_log_config({"syslog", {}}, drivers).error().message ==
        "error looking up logging plugin syslog: plugin \"syslog\" not found");
}

TEST_CASE("log_options: values", "[protocol][container]") {
  CHECK(*parse_log_options(json_file({})) == log_options{});
  auto o = *parse_log_options(json_file({{"max-size", "10m"},
                                         {"max-file", "3"},
                                         {"compress", "true"},
                                         {"mode", "non-blocking"},
                                         {"max-buffer-size", "4m"},
                                         {"labels", "a,b"},
                                         {"labels-regex", "^c"},
                                         {"env", "D"},
                                         {"env-regex", "E"},
                                         {"tag", "{{.Name}}"}}));
  CHECK(o.max_size == 10'000'000);
  CHECK(o.max_files == 3);
  CHECK(o.compress);
  CHECK(o.non_blocking);
  CHECK(o.max_buffer_size == 4 << 20);
  CHECK(o.labels == "a,b");
  CHECK(o.labels_regex == "^c");
  CHECK(o.env == "D");
  CHECK(o.env_regex == "E");
  CHECK(o.tag == "{{.Name}}");
}

TEST_CASE("log_options: values that make no sense", "[protocol][container]") {
  CHECK(error_of({{"max-size", "x"}}) == "invalid size: 'x'");
  CHECK(error_of({{"max-size", "0"}}) == "max-size must be a positive number");
  CHECK(error_of({{"max-file", "x"}}) == "strconv.Atoi: parsing \"x\": invalid syntax");
  CHECK(error_of({{"max-file", "0"}}) == "max-file cannot be less than 1");
  CHECK(error_of({{"compress", "x"}}) == "strconv.ParseBool: parsing \"x\": invalid syntax");
  CHECK(error_of({{"compress", "1"}, {"max-file", "1"}}) ==
        "compress cannot be true when max-file is less than 2 or max-size is not set");
}

TEST_CASE("log_options: sizes", "[protocol][container]") {
  for (auto [text, size] : {std::pair<const char*, std::int64_t>{"1", 1},
                            {"32", 32},
                            {"32b", 32},
                            {"32B", 32},
                            {"32k", 32768},
                            {"32KB", 32768},
                            {"32 kib", 32768},
                            {"32.5kB", 33280},
                            {"32MiB", 33554432},
                            {"1g", 1073741824},
                            {"1T", 1099511627776},
                            {"1p", 1125899906842624}}) {
    INFO(text);
    CHECK(*parse_size(text, 1024) == size);
  }
  CHECK(*parse_size("1.5k", 1000) == 1500);
  auto error = [](const char* text) { return parse_size(text, 1000).error().message; };
  CHECK(error("") == "invalid size: ''");
  CHECK(error("hello") == "invalid size: 'hello'");
  CHECK(error("-32") == "invalid size: '-32'");
  CHECK(error("32 x") == "invalid suffix: 'x'");
  CHECK(error("32kx") == "invalid suffix: 'kx'");
  CHECK(error("32bb") == "invalid suffix: 'bb'");
  CHECK(error("1.2.3k") == "strconv.ParseFloat: parsing \"1.2.3\": invalid syntax");
  CHECK(error("9999999999p") == "invalid size: '9999999999p'");
}
