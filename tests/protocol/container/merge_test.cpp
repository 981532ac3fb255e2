#include "protocol/container/merge.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::container;

namespace {

using words = std::vector<std::string>;

container_config image() {
  container_config c;
  c.user = "u";
  c.exposed_ports = {{"80/tcp"}};
  c.env = {{"A=1", "B=2"}};
  c.cmd = {{"sh"}};
  c.entrypoint = {{"/init"}};
  c.labels = {{{"x", "image"}, {"y", "image"}}};
  c.volumes = {{"/data"}};
  c.working_dir = "/w";
  c.stop_signal = "INT";
  c.stop_timeout = 9;
  c.shell = {{"/bin/bash"}};
  c.on_build = {{"RUN x"}};
  c.healthcheck = oci::healthcheck{{{"CMD", "a"}}, 1, 2, 3, 4, 5};
  return c;
}

// What comes of Entrypoint and Cmd; `-` for null.
std::string merged_command(string_list entrypoint, string_list cmd) {
  container_config c;
  c.entrypoint = std::move(entrypoint);
  c.cmd = std::move(cmd);
  merge_image_config(c, image());
  auto command = resolve_command(c);
  return command ? shown_command(*command) : command.error().message;
}

} // namespace

TEST_CASE("merge: what is left open is the image's", "[protocol][container]") {
  container_config c;
  merge_image_config(c, image());
  auto expected = image();
  expected.shell.reset();
  expected.on_build.reset();
  expected.stop_timeout.reset();
  CHECK(c == expected);
}

TEST_CASE("merge: what is said stays, maps and lists are joined", "[protocol][container]") {
  container_config c;
  c.user = "me";
  c.exposed_ports = {{"90/udp"}};
  c.env = {{"B=mine", "C=3", "A"}};
  c.labels = {{{"x", "mine"}}};
  c.volumes = {{"/mine"}};
  c.working_dir = "/mine";
  c.stop_signal = "TERM";
  c.healthcheck.emplace().interval = 7;
  merge_image_config(c, image());
  CHECK(c.user == "me");
  CHECK(c.exposed_ports == std::set<std::string>{"80/tcp", "90/udp"});
  CHECK(c.env == words{"B=mine", "C=3", "A"});
  CHECK(c.labels == string_map{{"x", "mine"}, {"y", "image"}});
  CHECK(c.volumes == std::set<std::string>{"/data", "/mine"});
  CHECK(c.working_dir == "/mine");
  CHECK(c.stop_signal == "TERM");
  CHECK(c.healthcheck == oci::healthcheck{{{"CMD", "a"}}, 7, 2, 3, 4, 5});
}

TEST_CASE("merge: a health check can be switched off", "[protocol][container]") {
  container_config c;
  c.healthcheck.emplace().test = {{"NONE"}};
  merge_image_config(c, image());
  CHECK(c.healthcheck->test == words{"NONE"});
}

TEST_CASE("merge: there are labels afterwards, if only none", "[protocol][container]") {
  container_config c;
  merge_image_config(c, {});
  CHECK(c.labels == string_map{});
}

TEST_CASE("merge: Entrypoint and Cmd", "[protocol][container]") {
  const string_list null;
  const string_list none{words{}};
  CHECK(merged_command(null, null) == "/init sh");
  CHECK(merged_command(null, none) == "/init sh");
  CHECK(merged_command(null, {{"a"}}) == "/init a");
  CHECK(merged_command(none, null) == "sh");
  CHECK(merged_command(none, {{"a"}}) == "a");
  CHECK(merged_command({{"e"}}, null) == "e");
  CHECK(merged_command({{"e"}}, {{"a", "b c"}}) == "e a 'b c'");
  CHECK(merged_command({{""}}, {{"a"}}) == "a");
  CHECK(merged_command({{""}}, null) == "no command specified");
}

TEST_CASE("merge: a reset entrypoint is shown as null", "[protocol][container]") {
  container_config c;
  c.entrypoint = {{""}};
  c.cmd = {{"a"}};
  CHECK(*resolve_command(c) == command_line{"a", {}});
  CHECK_FALSE(c.entrypoint);
}

TEST_CASE("merge: default limits", "[protocol][container]") {
  nullable_list<ulimit> none;
  merge_ulimits(none, {});
  CHECK_FALSE(none);
  merge_ulimits(none, {{"nofile", 2, 1}});
  CHECK(none == std::vector<ulimit>{{"nofile", 2, 1}});
  nullable_list<ulimit> own{{{"nofile", 9, 9}}};
  merge_ulimits(own, {{"nofile", 2, 1}, {"core", 0, 0}});
  CHECK(own == std::vector<ulimit>{{"nofile", 9, 9}, {"core", 0, 0}});
}
