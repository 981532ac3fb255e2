#include "protocol/container/commit.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::container;

namespace {

container_config running_config() {
  container_config c;
  c.hostname = "4f3a";
  c.env = {{"A=1"}};
  c.cmd = {{"sh", "-c", "sleep 1"}};
  c.labels = {{{"x", "1"}}};
  return c;
}

oci::digest layer_digest(char c) { return *oci::digest::parse("sha256:" + std::string(64, c)); }

} // namespace

TEST_CASE("commit: a body without a config is none", "[container][commit]") {
  for (const auto* body : {"", "{}", "null", R"({"HostConfig":{}})"}) {
    INFO(body);
    const auto asked = parse_commit_config(body);
    REQUIRE(asked.has_value());
    CHECK_FALSE(asked->has_value());
  }
  const auto asked = parse_commit_config(R"({"Cmd":["x"],"User":"me"})");
  REQUIRE(asked.has_value());
  REQUIRE(asked->has_value());
  CHECK((*asked)->user == "me");
  CHECK((*asked)->cmd == std::vector<std::string>{"x"});
  CHECK_FALSE(parse_commit_config("{").has_value());
  CHECK_FALSE(parse_commit_config(R"({"Cmd":7})").has_value());
}

TEST_CASE("commit: the container's config is what is changed", "[container][commit]") {
  const auto config =
      commit_config(running_config(), {}, {"CMD [\"top\"]", "LABEL y=2", "ENV B=2"});
  REQUIRE(config.has_value());
  CHECK(config->hostname == "4f3a");
  CHECK(config->cmd == std::vector<std::string>{"top"});
  CHECK(config->env == std::vector<std::string>{"A=1", "B=2"});
  CHECK(config->labels == std::map<std::string, std::string>{{"x", "1"}, {"y", "2"}});
}

TEST_CASE("commit: a config that was sent is filled up", "[container][commit]") {
  container_config sent;
  sent.user = "me";
  sent.env = {{"C=3"}};
  const auto config = commit_config(running_config(), sent, {"WORKDIR /w"});
  REQUIRE(config.has_value());
  CHECK(config->user == "me");
  CHECK(config->working_dir == "/w");
  CHECK(config->env == std::vector<std::string>{"C=3", "A=1"});
  CHECK(config->cmd == running_config().cmd);
  CHECK(config->hostname.empty());
}

TEST_CASE("commit: what is no change is refused", "[container][commit]") {
  const auto config = commit_config(running_config(), {}, {"COPY a b"});
  REQUIRE_FALSE(config.has_value());
  CHECK(config.error().kind == errc::invalid_parameter);
  CHECK(config.error().message == "copy is not a valid change command");
}

TEST_CASE("commit: the image is a step further", "[container][commit]") {
  oci::image_config parent;
  parent.architecture = "arm64";
  parent.variant = "v8";
  parent.os = "linux";
  parent.diff_ids = {layer_digest('1')};
  parent.history = {{oci::instant{1, 0, 0}, "step", {}, {}, false}};
  commit_facts facts;
  facts.container = "4f3a";
  facts.container_config = running_config();
  facts.config.user = "me";
  facts.author = "her";
  facts.comment = "why";
  facts.created = {2, 3, 0};
  facts.docker_version = "1";
  facts.layer = layer_digest('2');
  const auto image = committed_image(parent, facts);
  CHECK(image.architecture == "arm64");
  CHECK(image.variant == "v8");
  CHECK(image.author == "her");
  CHECK(image.comment.empty());
  CHECK(image.container == "4f3a");
  CHECK(image.config->user == "me");
  CHECK(image.container_config == running_config());
  CHECK(image.diff_ids == std::vector{layer_digest('1'), layer_digest('2')});
  REQUIRE(image.history.size() == 2);
  CHECK(image.history[1] ==
        oci::history_entry{oci::instant{2, 3, 0}, "sh -c sleep 1", "her", "why", false});

  facts.layer.reset();
  const auto same = committed_image(parent, facts);
  CHECK(same.diff_ids == parent.diff_ids);
  CHECK(same.history[1].empty_layer);
}
