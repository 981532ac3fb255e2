#include "protocol/volume/volume.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::volume;

namespace {

std::string error_of(const result<void>& r) { return r ? "" : r.error().message; }

container::nullable_map options(container::string_map map) { return map; }

} // namespace

TEST_CASE("volume: names that can be, and what is said of others", "[protocol][volume]") {
  for (auto name : {"ab", "v1", "A.b_c-d", "0x", "x.."})
    CHECK(check_name(name).has_value());
  CHECK(error_of(check_name("a")) ==
        "volume name is too short, names should be at least two alphanumeric characters");
  for (auto name : {"a b", "../x", "", "/etc", ".x", "-x", "a/b", "v\xc3\xa9"})
    CHECK(error_of(check_name(name))
              .find("includes invalid characters for a local volume name, "
                    "only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you "
                    "intended to pass a host directory, use absolute path") != std::string::npos);
  CHECK(error_of(check_name("v\"x")).starts_with("\"v\\\"x\" includes"));
  CHECK(check_name("a b").error().kind == errc::invalid_parameter);
}

TEST_CASE("volume: there is one driver", "[protocol][volume]") {
  CHECK(check_driver("").has_value());
  CHECK(check_driver("local").has_value());
  auto other = check_driver("nope");
  REQUIRE_FALSE(other.has_value());
  CHECK(failure_of("create", "v2", other.error()) ==
        api_error{errc::not_found,
                  "create v2: error looking up volume plugin nope: plugin \"nope\" not found"});
}

TEST_CASE("volume: options of the local driver", "[protocol][volume]") {
  CHECK(check_options({}).has_value());
  CHECK(check_options(options({})).has_value());
  CHECK(check_options(options({{"type", "tmpfs"}, {"device", "tmpfs"}, {"o", "size=1m"}}))
            .has_value());
  CHECK(check_options(options({{"size", "0"}})).has_value());
  const std::pair<container::string_map, const char*> bad[] = {
      {{{"foo", "x"}}, "invalid option: \"foo\""},
      {{{"type", "tmpfs"}}, "missing required option: \"device\""},
      {{{"o", "size=1m"}}, "missing required option: \"device\""},
      {{{"device", "tmpfs"}}, "missing required option: \"type\""},
      {{{"size", "1m"}}, "quota size requested but no quota support"},
      {{{"size", "1.5 GiB"}}, "quota size requested but no quota support"},
      {{{"size", "xx"}}, "invalid size: 'xx'"},
      {{{"size", "1x"}}, "invalid size: '1x'"},
  };
  for (const auto& [given, text] : bad) {
    CAPTURE(text);
    CHECK(error_of(check_options(given)) == text);
  }
}

TEST_CASE("volume: something is mounted if type or device say so", "[protocol][volume]") {
  volume_record v{"v1", {}, {}, {}};
  CHECK_FALSE(needs_mount(v));
  v.options = options({{"size", "0"}, {"device", ""}});
  CHECK_FALSE(needs_mount(v));
  v.options = options({{"type", "tmpfs"}, {"device", "tmpfs"}});
  CHECK(needs_mount(v));
}

TEST_CASE("volume: what is kept reads back as it was, null apart from empty",
          "[protocol][volume]") {
  const container::nullable_map maps[] = {std::nullopt, container::string_map{},
                                          container::string_map{{"k", "<v>\"\n"}, {"", ""}}};
  for (const auto& labels : maps)
    for (const auto& given : maps) {
      volume_record v{"v1", {5, 6, 0}, labels, given};
      volume_record back{"v1", {5, 6, 0}, {}, {}};
      REQUIRE(read_definition(write_definition(v), back).has_value());
      CHECK(back == v);
    }
  volume_record v;
  CHECK(read_definition("{}", v).has_value());
  CHECK_FALSE(read_definition("{", v).has_value());
  CHECK_FALSE(read_definition(R"({"Labels":5})", v).has_value());
}

TEST_CASE("volume: as clients see it", "[protocol][volume]") {
  volume_record v{"v1", {1'700'000'000, 123, 0}, options({{"k", "v"}}), {}};
  CHECK(boost::json::serialize(shown_volume(v, "/d/volumes/v1/_data")) ==
        R"({"CreatedAt":"2023-11-14T22:13:20Z","Driver":"local","Labels":{"k":"v"},)"
        R"("Mountpoint":"/d/volumes/v1/_data","Name":"v1","Options":null,"Scope":"local"})");
  v.labels.reset();
  v.options.emplace();
  CHECK(boost::json::serialize(shown_volume(v, "/d", volume_usage{2, -1})) ==
        R"({"CreatedAt":"2023-11-14T22:13:20Z","Driver":"local","Labels":null,"Mountpoint":"/d",)"
        R"("Name":"v1","Options":{},"Scope":"local","UsageData":{"RefCount":2,"Size":-1}})");
}

TEST_CASE("volume: errors without a name have none", "[protocol][volume]") {
  CHECK(no_such_volume("x") == api_error{errc::not_found, "get x: no such volume"});
  CHECK(no_such_volume("").message == "get: no such volume");
}
