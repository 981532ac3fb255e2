#include "actors/containers/log_setup.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <vector>

using namespace gantry;
using namespace gantry::containers;

namespace {

using text_map = std::map<std::string, std::string>;

const container_paths paths{"/data", "/exec", std::string(64, 'b')};

container::container_config config() {
  container::container_config out;
  out.image = "busybox:latest";
  out.labels = text_map{{"com.x", "1"}, {"com.y", "2\n\"q\""}, {"other", "3"}};
  out.env = std::vector<std::string>{"A=1", "AB=2", "NOTHING", "C=x=y"};
  return out;
}

std::string attributes(text_map options) {
  const auto c = config();
  const auto text =
      log_attributes({"json-file", std::move(options)},
                     {std::string(64, 'b'), "/web", "sha256:" + std::string(64, 'c'), c});
  return text ? *text : "error: " + text.error().message;
}

} // namespace

TEST_CASE("log_setup: where logs go and how large they become", "[actors][containers]") {
  const auto plain = log_files_of({"json-file", {}}, paths);
  REQUIRE(plain.has_value());
  CHECK(*plain == monitor::log_files{.driver = monitor::log_driver::json_file,
                                     .path = "/data/containers/" + paths.id() + '/' + paths.id() +
                                             "-json.log"});
  const auto small =
      log_files_of({"local", text_map{{"max-size", "1m"}, {"max-file", "2"}}}, paths);
  REQUIRE(small.has_value());
  CHECK(*small ==
        monitor::log_files{.driver = monitor::log_driver::local,
                           .path = "/data/containers/" + paths.id() + "/local-logs/container.log",
                           .max_size = 1'000'000,
                           .max_files = 2});
  const auto none = log_files_of({"none", {}}, paths);
  REQUIRE(none.has_value());
  CHECK(none->driver == monitor::log_driver::none);
  CHECK(none->path.empty());
  const auto bad = log_files_of({"json-file", text_map{{"max-file", "0"}}}, paths);
  REQUIRE(bad.has_error());
  CHECK(bad.error().message == "max-file cannot be less than 1");
}

TEST_CASE("log_setup: attributes of records", "[actors][containers]") {
  CHECK(attributes({}) == "");
  CHECK(attributes({{"labels", "com.x,gone"}, {"env", "C,NOTHING,gone"}}) ==
        R"({"C":"x=y","com.x":"1"})");
  CHECK(attributes({{"labels-regex", "^com"}}) == R"({"com.x":"1","com.y":"2\n\"q\""})");
  CHECK(attributes({{"env-regex", "A"}}) == R"({"A":"1","AB":"2"})");
  CHECK(attributes({{"env-regex", "("}}).starts_with("error: log option env-regex: "));
}

TEST_CASE("log_setup: tags", "[actors][containers]") {
  CHECK(attributes({{"tag", "plain"}}) == R"({"tag":"plain"})");
  CHECK(attributes({{"tag", "{{.Name}}/{{ .ID }}/{{.ImageName}}"}}) ==
        R"({"tag":"web/bbbbbbbbbbbb/busybox:latest"})");
  CHECK(attributes({{"tag", "{{.ImageID}} {{.DaemonName}} {{.FullName}}"}}) ==
        R"({"tag":"cccccccccccc docker /web"})");
  CHECK(attributes({{"tag", "{{.Foo}}"}}) == "error: log option tag: {{.Foo}} is not known");
  CHECK(attributes({{"tag", "x{{.ID"}}) == R"(error: log option tag: unclosed action in "x{{.ID")");
}
