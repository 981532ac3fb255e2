#include "protocol/oci/image_config.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gantry;
using namespace gantry::oci;

namespace {

const std::string diff_a = "sha256:" + std::string(64, 'a');
const std::string diff_b = "sha256:" + std::string(64, 'b');

// As dockerd writes one: members sorted, those of the inner objects in Docker's order.
const std::string docker_config =
    R"({"architecture":"amd64","author":"me","comment":"c","config":{"Hostname":"h","Domainname":"",)"
    R"("User":"u","AttachStdin":false,"AttachStdout":true,"AttachStderr":false,)"
    R"("ExposedPorts":{"80/tcp":{},"90/udp":{}},"Tty":false,"OpenStdin":true,"StdinOnce":false,)"
    R"("Env":["PATH=/bin","A=\u003c\u0026\u003e"],"Cmd":["sh"],)"
    R"("Healthcheck":{"Test":["CMD-SHELL","x"],"Interval":5000000000,"Retries":3},)"
    R"("ArgsEscaped":true,"Image":"sha256:x","Volumes":{"/data":{}},"WorkingDir":"/w",)"
    R"("Entrypoint":null,"OnBuild":[],"Labels":{"a":"1","b":""},"StopSignal":"SIGINT",)"
    R"("StopTimeout":0,"Shell":["/bin/bash","-c"]},"container":"c0",)"
    R"("container_config":{"Hostname":"","Domainname":"","User":"","AttachStdin":false,)"
    R"("AttachStdout":false,"AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,)"
    R"("Env":null,"Cmd":null,"Image":"","Volumes":null,"WorkingDir":"","Entrypoint":null,)"
    R"("OnBuild":null,"Labels":null},"created":"2014-08-20T10:00:00.5+02:00",)"
    R"("docker_version":"20.10.24","history":[{"created":"2014-08-20T08:00:00Z",)"
    R"("created_by":"/bin/sh -c x","author":"me","comment":"k"},{"created_by":"y",)"
    R"("empty_layer":true}],"os":"linux","os.features":["f"],"os.version":"10","parent":"sha256:p",)"
    R"("rootfs":{"type":"layers","diff_ids":[")" +
    diff_a + R"(",")" + diff_b + R"("]},"variant":"v1"})";

std::string config_error(std::string_view bytes) {
  auto config = parse_image_config(bytes);
  return config ? "parsed" : config.error().message;
}

} // namespace

TEST_CASE("image_config: what dockerd wrote comes out as it was", "[protocol][oci]") {
  auto config = parse_image_config(docker_config);
  REQUIRE(config.has_value());
  CHECK(write_image_config(*config) == docker_config);
}

TEST_CASE("image_config: every field", "[protocol][oci]") {
  auto c = *parse_image_config(docker_config);
  CHECK(c.created->seconds == 1408521600);
  CHECK(c.created->offset_minutes == 120);
  CHECK(c.author == "me");
  CHECK(c.comment == "c");
  CHECK(c.architecture == "amd64");
  CHECK(c.variant == "v1");
  CHECK(c.os == "linux");
  CHECK(c.os_version == "10");
  CHECK(c.os_features == std::vector<std::string>{"f"});
  CHECK(c.docker_version == "20.10.24");
  CHECK(c.container == "c0");
  CHECK(c.parent == "sha256:p");
  CHECK(c.rootfs_type == "layers");
  REQUIRE(c.diff_ids.size() == 2);
  CHECK(c.diff_ids[1].str() == diff_b);
  REQUIRE(c.history.size() == 2);
  CHECK(c.history[0].created->seconds == 1408521600);
  CHECK(c.history[0].created_by == "/bin/sh -c x");
  CHECK(c.history[1].empty_layer);
  CHECK_FALSE(c.history[1].created);
  const auto& r = *c.config;
  CHECK(r.user == "u");
  CHECK(r.attach_stdout);
  CHECK(r.open_stdin);
  CHECK(*r.exposed_ports == std::set<std::string>{"80/tcp", "90/udp"});
  CHECK(r.env->at(1) == "A=<&>");
  CHECK(r.healthcheck->interval == 5000000000);
  CHECK(r.healthcheck->retries == 3);
  CHECK(r.args_escaped);
  CHECK_FALSE(r.entrypoint);
  CHECK(r.on_build->empty());
  CHECK(r.labels->at("a") == "1");
  CHECK(*r.stop_timeout == 0);
  CHECK(*r.shell == std::vector<std::string>{"/bin/bash", "-c"});
}

TEST_CASE("image_config: OCI's is read too", "[protocol][oci]") {
  auto c = parse_image_config(
      R"({"created":"2020-01-01T00:00:00Z","architecture":"arm64","variant":"v8","os":"linux",)"
      R"("config":{"Env":["A=b"],"Cmd":["x"],"Labels":{"l":"m"}},"rootfs":{"type":"layers",)"
      R"("diff_ids":[]},"history":[{"created_by":"x","comment":"buildkit.dockerfile.v0"}]})");
  REQUIRE(c.has_value());
  CHECK(c->architecture == "arm64");
  CHECK(c->diff_ids.empty());
  CHECK(c->container_config == run_config{});
  CHECK(c->config->labels->at("l") == "m");
}

TEST_CASE("image_config: unknown members, null and other letters are let through",
          "[protocol][oci]") {
  auto c = parse_image_config(
      R"({"ARCHITECTURE":"amd64","Os":"linux","x":{"deep":[1,{"a":null}]},"author":null,)"
      R"("created":null,"config":{"env":null,"CMD":"echo hi","entrypoint":[null,"x"],)"
      R"("Healthcheck":null,"StopTimeout":null,"PortSpecs":["1"]},"container_config":null,)"
      R"("history":null,"rootfs":{"Type":"layers","Diff_IDs":null}})");
  REQUIRE(c.has_value());
  CHECK(c->architecture == "amd64");
  CHECK_FALSE(c->created);
  CHECK_FALSE(c->config->env);
  CHECK(*c->config->cmd == std::vector<std::string>{"echo hi"});
  CHECK(*c->config->entrypoint == std::vector<std::string>{"", "x"});
  CHECK_FALSE(c->config->healthcheck);
  CHECK_FALSE(c->config->stop_timeout);
  CHECK_FALSE(parse_image_config(R"({"rootfs":{},"config":null})")->config);
}

TEST_CASE("image_config: bytes that are not UTF-8 become U+FFFD", "[protocol][oci]") {
  auto c = parse_image_config(
      "{\"rootfs\":{},\"author\":\"a\xff\",\"config\":{\"Labels\":{\"\xfe\":\"\xc3\xa4\"}}}");
  REQUIRE(c.has_value());
  CHECK(c->author == "a\xef\xbf\xbd");
  CHECK(c->config->labels->at("\xef\xbf\xbd") == "\xc3\xa4");
}

TEST_CASE("image_config: what is wrong is named", "[protocol][oci]") {
  struct row {
    std::string text;
    std::string error;
  };
  const std::string field = "json: cannot unmarshal ";
  const row rows[] = {
      {"", "unexpected end of JSON input"},
      {"{", "unexpected end of JSON input"},
      {"{}", "invalid image JSON, no RootFS key"},
      {"null", "invalid image JSON, no RootFS key"},
      {R"({"rootfs":null})", "invalid image JSON, no RootFS key"},
      {"[]", field + "array into Go value of type Image"},
      {"{} x", "invalid character 'x' in JSON at byte 3"},
      {R"({"author":1})", field + "number into Go struct field Image.author of type string"},
      {R"({"os":{}})", field + "object into Go struct field Image.os of type string"},
      {R"({"config":"x"})",
       field + "string into Go struct field Image.config of type container.Config"},
      {R"({"config":{"Env":"x"}})",
       field + "string into Go struct field Image.config.Env of type []string"},
      {R"({"config":{"Env":[1]}})",
       field + "number into Go struct field Image.config.Env of type string"},
      {R"({"config":{"Tty":"x"}})",
       field + "string into Go struct field Image.config.Tty of type bool"},
      {R"({"config":{"Volumes":[]}})",
       field + "array into Go struct field Image.config.Volumes of type map[string]struct {}"},
      {R"({"config":{"Volumes":{"/a":1}}})",
       field + "number into Go struct field Image.config.Volumes of type struct {}"},
      {R"({"config":{"Labels":{"a":1}}})",
       field + "number into Go struct field Image.config.Labels of type string"},
      {R"({"config":{"StopTimeout":1.5}})",
       field + "number into Go struct field Image.config.StopTimeout of type int64"},
      {R"({"config":{"StopTimeout":99999999999999999999}})",
       field + "number into Go struct field Image.config.StopTimeout of type int64"},
      {R"({"config":{"Healthcheck":[]}})",
       field + "array into Go struct field Image.config.Healthcheck of type v1.HealthcheckConfig"},
      {R"({"created":5})", field + "number into Go struct field Image.created of type time.Time"},
      {R"({"created":"now"})", "parsing time \"now\": not RFC 3339"},
      {R"({"history":{}})",
       field + "object into Go struct field Image.history of type []v1.History"},
      {R"({"history":[1]})",
       field + "number into Go struct field Image.history of type v1.History"},
      {R"({"rootfs":[]})", field + "array into Go struct field Image.rootfs of type image.RootFS"},
      {R"({"rootfs":{"diff_ids":["x"]}})",
       "invalid image JSON, diff id \"x\": invalid checksum digest format"},
      {R"({"rootfs":{"diff_ids":[null]}})",
       "invalid image JSON, diff id \"\": invalid checksum digest format"},
      {std::string(max_config_size + 1, ' '), "image config is too large: 8388609 bytes"},
      {std::string(1000, '['), "exceeded max depth"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.text.substr(0, 100));
    CHECK(config_error(r.text) == r.error);
  }
}

TEST_CASE("image_config: chain ids", "[protocol][oci]") {
  CHECK(chain_ids({}).empty());
  auto a = *digest::parse(diff_a);
  auto b = *digest::parse(diff_b);
  auto chain = chain_ids({a, b, a});
  REQUIRE(chain.size() == 3);
  CHECK(chain[0] == a);
  CHECK(chain[1] == sha256_of(diff_a + " " + diff_b));
  CHECK(chain[2] == sha256_of(chain[1].str() + " " + diff_a));
}

TEST_CASE("image_config: that of an imported image", "[protocol][oci]") {
  import_options options;
  options.architecture = "amd64";
  options.os = "linux";
  options.docker_version = "28.2.2";
  options.comment = "Imported from -";
  options.created = *parse_instant("2024-01-02T03:04:05.06Z");
  options.diff_id = *digest::parse(diff_a);
  options.config.cmd.emplace({std::string{"sh"}});
  CHECK(write_image_config(imported_image(options)) ==
        R"({"architecture":"amd64","comment":"Imported from -","config":{"Hostname":"",)"
        R"("Domainname":"","User":"","AttachStdin":false,"AttachStdout":false,)"
        R"("AttachStderr":false,"Tty":false,"OpenStdin":false,"StdinOnce":false,"Env":null,)"
        R"("Cmd":["sh"],"Image":"","Volumes":null,"WorkingDir":"","Entrypoint":null,)"
        R"("OnBuild":null,"Labels":null},"container_config":{"Hostname":"","Domainname":"",)"
        R"("User":"","AttachStdin":false,"AttachStdout":false,"AttachStderr":false,"Tty":false,)"
        R"("OpenStdin":false,"StdinOnce":false,"Env":null,"Cmd":null,"Image":"","Volumes":null,)"
        R"("WorkingDir":"","Entrypoint":null,"OnBuild":null,"Labels":null},)"
        R"("created":"2024-01-02T03:04:05.06Z","docker_version":"28.2.2",)"
        R"("history":[{"created":"2024-01-02T03:04:05.06Z","comment":"Imported from -"}],)"
        R"("os":"linux","rootfs":{"type":"layers","diff_ids":[")" +
            diff_a + R"("]}})");
}

TEST_CASE("image_config: version 1 becomes one of today", "[protocol][oci]") {
  auto a = *digest::parse(diff_a);
  history_entry step;
  step.created_by = "x";
  auto kept = convert_v1_config(
      R"({ "id" : "i", "parent":"p", "Size": 5, "zz": [1.50, "<é>"] , "docker_version":"1.9.0",)"
      R"( "config":{"Cmd" : null, "b":1e3}, "os":"linux", "layer_id":"x","throwaway":true })",
      {a}, {step});
  REQUIRE(kept.has_value());
  CHECK(*kept == R"({"config":{"Cmd":null,"b":1e3},"docker_version":"1.9.0",)"
                 R"("history":[{"created_by":"x"}],"os":"linux","rootfs":{"type":"layers",)"
                 R"("diff_ids":[")" +
                     diff_a + R"("]},"zz":[1.50,"\u003cé\u003e"]})");
  // Older ones are written anew, with what Docker knows and nothing else.
  auto anew =
      convert_v1_config(R"({"id":"i","docker_version":"1.8.2","zz":1,"author":"me"})", {a}, {step});
  REQUIRE(anew.has_value());
  auto parsed = *parse_image_config(*anew);
  CHECK(parsed.author == "me");
  CHECK(parsed.diff_ids.size() == 1);
  CHECK(anew->find("zz") == std::string::npos);
  CHECK(anew->find("container_config") != std::string::npos);
  CHECK(convert_v1_config("[", {}, {}).error().message == "unexpected end of JSON input");
}

TEST_CASE("image_config: the step of version 1", "[protocol][oci]") {
  auto v1 = *parse_v1_config(
      R"({"created":"2014-08-20T10:00:00Z","author":"a","comment":"c","container_config":{"Cmd":["/bin/sh","-c","x y"]}})");
  auto step = v1_history(v1);
  CHECK(step.created_by == "/bin/sh -c x y");
  CHECK(step.author == "a");
  CHECK(step.comment == "c");
  CHECK(step.created == v1.created);
  CHECK_FALSE(step.empty_layer);
}
