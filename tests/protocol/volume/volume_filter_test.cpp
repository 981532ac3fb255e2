#include "protocol/volume/volume_filter.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::volume;

namespace {

volume_record named(std::string name, container::nullable_map labels = {}) {
  return {std::move(name), {}, std::move(labels), {}};
}

list_filter listing(std::string_view json) {
  return list_filter::read(api::filters::parse(json).value()).value();
}

prune_filter pruning(std::string_view json, api::api_version version = {1, 42}) {
  return prune_filter::read(api::filters::parse(json).value(), version).value();
}

std::string prune_error(std::string_view json) {
  auto filter = prune_filter::read(api::filters::parse(json).value(), {1, 42});
  return filter ? "" : filter.error().message;
}

const container::string_map anonymous{{std::string{anonymous_label}, ""}};

} // namespace

TEST_CASE("volume list: all that is asked for has to fit", "[protocol][volume]") {
  const auto web = named("web-data", container::string_map{{"tier", "web"}});
  CHECK(listing("").matches(web, false));
  CHECK(listing(R"({"name":["data"]})").matches(web, true));
  CHECK(listing(R"({"name":["^web-"]})").matches(web, true));
  CHECK_FALSE(listing(R"({"name":["^data"]})").matches(web, true));
  CHECK(listing(R"({"driver":["local"]})").matches(web, true));
  CHECK_FALSE(listing(R"({"driver":["loc"]})").matches(web, true));
  CHECK(listing(R"({"label":["tier","tier=web"]})").matches(web, true));
  CHECK_FALSE(listing(R"({"label":["tier=db"]})").matches(web, true));
  CHECK(listing(R"({"dangling":["true"]})").matches(web, false));
  CHECK_FALSE(listing(R"({"dangling":["1"]})").matches(web, true));
  CHECK(listing(R"({"dangling":["false"]})").matches(web, true));
  CHECK_FALSE(listing(R"({"dangling":["false"]})").matches(web, false));
  CHECK_FALSE(listing(R"({"label":["x"]})").matches(named("other"), false));
}

TEST_CASE("volume prune: from 1.42 on only what nobody named", "[protocol][volume]") {
  CHECK_FALSE(pruning("").matches(named("x1")));
  CHECK(pruning("").matches(named("x1", anonymous)));
  CHECK(pruning("", {1, 41}).matches(named("x1")));
  CHECK(pruning(R"({"all":["true"]})").matches(named("x1")));
  CHECK(pruning(R"({"all":["T"]})").matches(named("x1")));
  CHECK_FALSE(pruning(R"({"all":["0"]})").matches(named("x1")));
  CHECK(pruning(R"({"all":["false"]})", {1, 41}).matches(named("x1")));
}

TEST_CASE("volume prune: labels that have to be there, and that must not", "[protocol][volume]") {
  const auto kept = named("x1", container::string_map{{"keep", "yes"}});
  CHECK(pruning(R"({"all":["1"],"label":["keep"]})").matches(kept));
  CHECK_FALSE(pruning(R"({"all":["1"],"label":["keep=no"]})").matches(kept));
  CHECK_FALSE(pruning(R"({"all":["1"],"label!":["keep"]})").matches(kept));
  CHECK(pruning(R"({"all":["1"],"label!":["keep","other"]})").matches(kept));
}

TEST_CASE("volume prune: never those with options", "[protocol][volume]") {
  auto mounted = named("x1", anonymous);
  mounted.options = container::string_map{{"type", "nfs"}};
  CHECK_FALSE(pruning(R"({"all":["1"]})").matches(mounted));
  mounted.options = container::string_map{};
  CHECK(pruning("").matches(mounted));
}

TEST_CASE("volume prune: filters that cannot be", "[protocol][volume]") {
  CHECK(prune_error(R"({"foo":["x"]})") == "invalid filter 'foo'");
  CHECK(prune_error(R"({"all":["x"]})") == "invalid filter 'all=[x]'");
  CHECK(prune_error(R"({"all":["0","1"]})") == "invalid filter 'all=[0 1]'");
}
