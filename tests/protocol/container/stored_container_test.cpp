#include "protocol/container/stored_container.hpp"

#include "protocol/container/create_request.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::container;

namespace {

container_definition full_definition() {
  container_definition d;
  d.created = {1700000000, 123456789, 0};
  d.path = "sh";
  d.args = {"-c", "a \"<&>\" \\u003c\n"};
  d.image_id = "sha256:1";
  d.driver = "overlay2";
  auto request = *parse_create_request(
      R"({"Image":"bb","Env":[],"Cmd":"x","Entrypoint":null,"Volumes":{},"ExposedPorts":{},)"
      R"("Healthcheck":{"Test":[]},"StopTimeout":0,"Shell":[],"Labels":{"a":""},"HostConfig":{)"
      R"("Binds":[],"Annotations":{},"StorageOpt":{},"Tmpfs":{},"Sysctls":{},"Init":false,)"
      R"("Mounts":[{"Type":"volume","Target":"/v","VolumeOptions":{"DriverConfig":{}}},)"
      R"({"Type":"tmpfs","Target":"/t","TmpfsOptions":{"Mode":1023,"Options":[["a"],[]]}},)"
      R"({"BindOptions":{},"ImageOptions":{},"ClusterOptions":{}}],"PortBindings":{"1/tcp":null,)"
      R"("2/tcp":[],"3/tcp":[{"HostPort":"3"}]},"PidsLimit":0,"MemorySwappiness":-1,)"
      R"("OomKillDisable":true,"ConsoleSize":[24,80],"KernelMemoryTCP":1,"BlkioWeight":65535,)"
      R"("BlkioDeviceReadBps":[{"Path":"/d","Rate":18446744073709551615}],"DeviceRequests":[{)"
      R"("Count":-1,"DeviceIDs":[],"Capabilities":[[],["gpu"]],"Options":{}}]},)"
      R"("NetworkingConfig":{"EndpointsConfig":{"n":{"IPAMConfig":{"LinkLocalIPs":["fe80::1"]},)"
      R"("Aliases":[],"DriverOpts":{}}}}})");
  d.config = request.config;
  d.host_config = request.host_config;
  d.endpoints["n"] = *request.networking_config.endpoints.at("n");
  auto anonymous = *parse_bind("/v", {});
  use_volume(anonymous, "abc", "local", "/volumes/abc/_data");
  d.mounts = {anonymous, *parse_bind("/s:/t:ro,rslave,z", {})};
  return d;
}

} // namespace

TEST_CASE("stored_container: a definition comes back as it was", "[protocol][container]") {
  const auto definition = full_definition();
  const auto text = write_definition(definition);
  const auto again = parse_definition(text);
  REQUIRE(again.has_value());
  CHECK(*again == definition);
  CHECK(write_definition(*again) == text);
  // What clients do not get to see, or only as null.
  CHECK(again->mounts.front().copy_up);
  CHECK(is_anonymous(again->mounts.front()));
  CHECK(again->mounts.back().create_source);
  CHECK(again->host_config.tmpfs == string_map{});
  CHECK(again->config.exposed_ports == std::set<std::string>{});
}

TEST_CASE("stored_container: one that says nothing", "[protocol][container]") {
  CHECK(*parse_definition(write_definition({})) == container_definition{});
  CHECK(*parse_definition("{}") == container_definition{});
  CHECK(*parse_definition(R"({"Newer":1,"HostConfig":{"Newer":[]}})") == container_definition{});
}

TEST_CASE("stored_container: bytes that are not UTF-8 are mended once", "[protocol][container]") {
  container_definition definition;
  definition.path = "a\xff";
  const auto again = parse_definition(write_definition(definition)).value();
  CHECK(again.path == "a\xef\xbf\xbd");
  CHECK(*parse_definition(write_definition(again)) == again);
}

TEST_CASE("stored_container: what is wrong with one", "[protocol][container]") {
  CHECK(parse_definition("").error() ==
        api_error{errc::invalid_parameter, "unexpected end of JSON input"});
  CHECK(parse_definition("[]").has_error());
  CHECK(parse_definition(R"({"Created":"x"})").error().message ==
        "parsing time \"x\": not RFC 3339");
  CHECK(parse_definition(R"({"Mounts":[{"RW":1}]})").error().message ==
        "json: cannot unmarshal number into Go struct field Container.Mounts.RW of type bool");
}
