#include "protocol/api/events.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::api;

namespace {

event container_event(std::string action = "start") {
  return {"container",
          std::move(action),
          "abcdef0123456789",
          {{"image", "docker.io/library/busybox:1.36"}, {"name", "web"}, {"tier", "front"}},
          "local",
          from_unix_time(1'700'000'000, 42)};
}

event image_event() {
  return {"image", "pull", "bb:v1", {{"name", "bb"}}, "local", from_unix_time(1'700'000'000)};
}

event network_event() {
  return {"network", "connect",
          "net0123", {{"name", "lan"}, {"type", "bridge"}},
          "local",   from_unix_time(1'700'000'000)};
}

std::string text(const event& e, event_shape shape = event_shape::today) {
  std::string out;
  append_event(out, e, shape);
  return out;
}

bool passes(std::string_view json, const event& e) {
  auto f = filters::parse(json);
  INFO(json);
  REQUIRE(f.has_value());
  return matches(*f, e);
}

} // namespace

TEST_CASE("events: today's container events carry the older members too", "[api][events]") {
  CHECK(text(container_event()) ==
        R"({"status":"start","id":"abcdef0123456789","from":"docker.io/library/busybox:1.36",)"
        R"("Type":"container","Action":"start","Actor":{"ID":"abcdef0123456789","Attributes":)"
        R"({"image":"docker.io/library/busybox:1.36","name":"web","tier":"front"}},)"
        R"("scope":"local","time":1700000000,"timeNano":1700000000000000042})"
        "\n");
}

TEST_CASE("events: image events have status and id, others neither", "[api][events]") {
  CHECK(text(image_event()) ==
        R"({"status":"pull","id":"bb:v1","Type":"image","Action":"pull",)"
        R"("Actor":{"ID":"bb:v1","Attributes":{"name":"bb"}},"scope":"local",)"
        R"("time":1700000000,"timeNano":1700000000000000000})"
        "\n");
  CHECK(text(network_event()) == R"({"Type":"network","Action":"connect","Actor":{"ID":"net0123",)"
                                 R"("Attributes":{"name":"lan","type":"bridge"}},"scope":"local",)"
                                 R"("time":1700000000,"timeNano":1700000000000000000})"
                                 "\n");
}

TEST_CASE("events: 1.2.0 wrote four members and nothing between objects (K-6, W12)",
          "[api][events]") {
  CHECK(text(container_event(), event_shape::v1_2) ==
        R"({"status":"start","id":"abcdef0123456789","from":"docker.io/library/busybox:1.36",)"
        R"("time":1700000000})");
  CHECK(text(image_event(), event_shape::v1_2) ==
        R"({"status":"pull","id":"bb:v1","time":1700000000})");
  CHECK(is_shown(container_event(), event_shape::v1_2));
  CHECK(is_shown(image_event(), event_shape::v1_2));
  CHECK_FALSE(is_shown(network_event(), event_shape::v1_2));
  CHECK(is_shown(network_event(), event_shape::today));
}

TEST_CASE("events: shapes have words", "[api][events]") {
  CHECK(parse_event_shape(to_string(event_shape::v1_2)) == event_shape::v1_2);
  CHECK(parse_event_shape(to_string(event_shape::today)) == event_shape::today);
  CHECK(parse_event_shape("") == event_shape::today);
}

TEST_CASE("events: type and scope match exactly, unknown keys not at all", "[api][events]") {
  CHECK(passes("", container_event()));
  CHECK(passes(R"({"zz":["x"]})", container_event()));
  CHECK(passes(R"({"type":["image","container"]})", container_event()));
  CHECK_FALSE(passes(R"({"type":["contain"]})", container_event()));
  CHECK(passes(R"({"scope":["local"]})", container_event()));
  CHECK_FALSE(passes(R"({"scope":["swarm"]})", container_event()));
}

TEST_CASE("events: actions match exactly unless an open one is asked for", "[api][events]") {
  CHECK(passes(R"({"event":["start"]})", container_event()));
  CHECK_FALSE(passes(R"({"event":["sta"]})", container_event()));
  CHECK_FALSE(passes(R"({"event":["exec"]})", container_event("exec_create: ls")));
  CHECK(passes(R"({"event":["exec_create: ls"]})", container_event("exec_create: ls")));
  CHECK_FALSE(passes(R"({"event":["exec_create: l"]})", container_event("exec_create: ls")));
  CHECK(passes(R"({"event":["exec_create"]})", container_event("exec_create: ls")));
  CHECK(passes(R"({"event":["health_status"]})", container_event("health_status: healthy")));
  CHECK(passes(R"({"event":["exec_start","sta"]})", container_event("start")));
}

TEST_CASE("events: objects match by the beginning of id or name", "[api][events]") {
  CHECK(passes(R"({"container":["abc"]})", container_event()));
  CHECK(passes(R"({"container":["we"]})", container_event()));
  CHECK_FALSE(passes(R"({"container":["eb"]})", container_event()));
  CHECK(passes(R"({"network":["lan"]})", network_event()));
  CHECK_FALSE(passes(R"({"network":["wan"]})", network_event()));
  CHECK_FALSE(passes(R"({"container":["web"],"network":["lan"]})", container_event()));
}

TEST_CASE("events: images match with and without their tag", "[api][events]") {
  CHECK(passes(R"({"image":["docker.io/library/busybox:1.36"]})", container_event()));
  CHECK(passes(R"({"image":["busybox"]})", container_event()));
  CHECK_FALSE(passes(R"({"image":["busy"]})", container_event()));
  CHECK(passes(R"({"image":["bb"]})", image_event()));
  CHECK(passes(R"({"image":["bb:v1"]})", image_event()));
  CHECK_FALSE(passes(R"({"image":["bb:v2"]})", image_event()));
  auto ported = image_event();
  ported.actor = "127.0.0.1:5599/bb";
  ported.attributes["name"] = "127.0.0.1:5599/bb";
  CHECK(passes(R"({"image":["127.0.0.1:5599/bb"]})", ported));
  CHECK_FALSE(passes(R"({"image":["127.0.0.1"]})", ported));
}

TEST_CASE("events: labels are ANDed", "[api][events]") {
  CHECK(passes(R"({"label":["tier=front"]})", container_event()));
  CHECK(passes(R"({"label":["tier","name=web"]})", container_event()));
  CHECK_FALSE(passes(R"({"label":["tier","zone"]})", container_event()));
}

TEST_CASE("events: a range is open where nothing was said", "[api][events]") {
  auto now = from_unix_time(1000);
  CHECK(parse_event_range("", "", now).value() == event_range{});
  auto range = parse_event_range("10.5", "1m", now).value();
  CHECK(range.since == from_unix_time(10, 500'000'000));
  CHECK(range.until == from_unix_time(940));
  CHECK(parse_event_range("5", "5", now).has_value());
}

TEST_CASE("events: a range that ends before it begins is refused", "[api][events]") {
  auto range = parse_event_range("10", "5", {});
  REQUIRE(range.has_error());
  CHECK(range.error() ==
        api_error{errc::invalid_parameter, "`since` time (10) cannot be after `until` time (5)"});
  CHECK(parse_event_range("abc", "", {}).error() ==
        api_error{errc::invalid_parameter, "strconv.ParseInt: parsing \"abc\": invalid syntax"});
}

TEST_CASE("events: 1.2.0 took garbage and 0 for open (W13)", "[api][events]") {
  CHECK(parse_legacy_event_range("0", "x") == event_range{});
  CHECK(parse_legacy_event_range("", "1.5") == event_range{});
  CHECK(parse_legacy_event_range("10", " 5 ") ==
        event_range{from_unix_time(10), from_unix_time(5)});
}
