#include "tests/actors/jobs/image_job_fixture.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <catch2/catch.hpp>

#include <string>
#include <utility>

using namespace gantry;
using test::id_of;
using test::image_job_fixture;
using test::text_of;

namespace json = boost::json;

namespace {

job::env filtered(std::string_view filters) {
  job::env environment;
  environment.set("filters", std::string{filters});
  return environment;
}

/// Three images: `bb` of one layer, `app` on top of it, and one without name.
class three_images : public image_job_fixture {
public:
  three_images() {
    bb = files.put({{"a"}, "2024-01-01T00:00:00Z"}, {"bb:1", "localhost:5000/x/bb:1"});
    app = files.put({{"a", "b", "c"}, "2024-02-01T00:00:00Z", {{"k", "v"}}}, {"app"});
    nameless = files.put({{"d"}, "2023-01-01T00:00:00Z"});
    open();
  }

  /// First letters of the ids, in the order of the listing.
  std::vector<std::string> listed(std::string_view filters) {
    std::vector<std::string> ids;
    auto rows = value("images", {}, filtered(filters));
    for (const auto& row : rows.as_array())
      ids.push_back(id_of(row));
    return ids;
  }

  oci::digest bb, app, nameless;
};

using names = std::vector<std::string>;

} // namespace

TEST_CASE_METHOD(three_images, "images: rows of API 1.50, newest first", "[actors][jobs][images]") {
  CHECK(text_of(value("images")) ==
        R"([{"Containers":-1,"Created":1706745600,"Id":")" + app.str() +
            R"(","Labels":{"k":"v"},"ParentId":"","RepoDigests":[],"RepoTags":["app:latest"],)"
            R"("SharedSize":-1,"Size":300},{"Containers":-1,"Created":1704067200,"Id":")" +
            bb.str() +
            R"(","Labels":null,"ParentId":"","RepoDigests":[],)"
            R"("RepoTags":["bb:1","localhost:5000/x/bb:1"],"SharedSize":-1,"Size":100},)"
            R"({"Containers":-1,"Created":1672531200,"Id":")" +
            nameless.str() +
            R"(","Labels":null,"ParentId":"","RepoDigests":[],"RepoTags":[],"SharedSize":-1,)"
            R"("Size":100}])");
}

TEST_CASE_METHOD(three_images, "images: shared sizes when they are asked for",
                 "[actors][jobs][images]") {
  job::env environment;
  environment.set_bool("shared-size", true);
  auto rows = value("images", {}, environment).as_array();
  CHECK(rows.at(0).at("SharedSize") == 100);
  CHECK(rows.at(1).at("SharedSize") == 100);
  CHECK(rows.at(2).at("SharedSize") == 0);
}

TEST_CASE_METHOD(three_images, "images: filters", "[actors][jobs][images]") {
  CHECK(listed(R"({"dangling":["true"]})") == names{nameless.str()});
  CHECK(listed(R"({"dangling":["0"]})") == names{app.str(), bb.str()});
  CHECK(listed(R"({"label":["k=v"]})") == names{app.str()});
  CHECK(listed(R"({"label":["k","x"]})").empty());
  CHECK(listed(R"({"reference":["b*"]})") == names{bb.str()});
  CHECK(listed(R"({"before":["app"]})") == names{bb.str(), nameless.str()});
  CHECK(listed(R"({"since":["bb:1"]})") == names{app.str()});
  CHECK(listed(R"({"until":["2023-06-01"]})") == names{nameless.str()});
  CHECK(listed(R"({"until":["1h"]})") == names{nameless.str()}); // `now` is in November 2023
}

TEST_CASE_METHOD(three_images, "images: filters that cannot be", "[actors][jobs][images]") {
  auto error = [this](std::string_view filters) {
    return failure("images", {}, filtered(filters));
  };
  CHECK(error(R"({"before":["x"]})") ==
        std::pair{errc::not_found, std::string{"No such image: x:latest"}});
  CHECK(error(R"({"since":["X"]})").first == errc::invalid_parameter);
  CHECK(error(R"({"until":["x"]})") ==
        std::pair{errc::invalid_parameter,
                  std::string{"failed to parse value as time or duration: \"x\""}});
  CHECK(error(R"({"reference":["["]})") ==
        std::pair{errc::invalid_parameter, std::string{"syntax error in pattern"}});
  CHECK(error(R"({"dangling":["x"]})").first == errc::invalid_parameter);
  CHECK(error("x") == std::pair{errc::invalid_parameter, std::string{"invalid filter"}});
}

TEST_CASE_METHOD(image_job_fixture, "images: none is an empty list", "[actors][jobs][images]") {
  open();
  CHECK(value("images") == json::array{});
  job::env types;
  types.set_list("types", {"image", "container"});
  CHECK(text_of(value("disk_usage", {}, types)) ==
        R"({"LayersSize":0,"Images":[],"Containers":[]})");
}

TEST_CASE_METHOD(three_images, "disk_usage: layers count once", "[actors][jobs][images]") {
  job::env types;
  types.set_list("types", {"image"});
  auto usage = value("disk_usage", {}, types);
  CHECK(usage.at("LayersSize") == 400);
  const auto& rows = usage.at("Images").as_array();
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].at("SharedSize") == 100);
  CHECK(rows[0].at("Containers") == 0);
  types = {};
  types.set_list("types", {"volume"});
  CHECK(text_of(value("disk_usage", {}, types)) == R"({"LayersSize":0,"Volumes":[]})");
  types.set_list("types", {"container", "image", "volume", "build-cache"});
  CHECK(value("disk_usage", {}, types).as_object().size() == 5);
}

TEST_CASE_METHOD(three_images, "info: counts the images", "[actors][jobs][images]") {
  CHECK(value("info").at("Images") == 3);
}

TEST_CASE_METHOD(three_images, "image_inspect: finds by name, id and part of it",
                 "[actors][jobs][images]") {
  for (const auto& name : {std::string{"bb:1"}, std::string{"docker.io/library/bb:1"}, bb.str(),
                           std::string{bb.hex()}, std::string{bb.short_id()}}) {
    CAPTURE(name);
    auto image = value("image_inspect", {name});
    CHECK(id_of(image) == bb.str());
    CHECK(image.at("RepoTags") == json::array{"bb:1", "localhost:5000/x/bb:1"});
    CHECK(image.at("RootFS").at("Layers").as_array().size() == 1);
    CHECK(image.at("GraphDriver") == json::parse(R"({"Data":null,"Name":"copy"})"));
  }
}

TEST_CASE_METHOD(three_images, "image_inspect, image_history: what is not there",
                 "[actors][jobs][images]") {
  for (auto job : {"image_inspect", "image_history"}) {
    CAPTURE(job);
    CHECK(failure(job, {"nosuch"}) ==
          std::pair{errc::not_found, std::string{"No such image: nosuch:latest"}});
    CHECK(failure(job, {"docker.io/library/a:1"}).second == "No such image: a:1");
    CHECK(failure(job, {""}) ==
          std::pair{errc::invalid_parameter, std::string{"invalid reference format"}});
    CHECK(failure(job, {"Foo"}).first == errc::invalid_parameter);
    CHECK(failure(job, {}) ==
          std::pair{errc::invalid_parameter, std::string{"usage: "} + job + " NAME"});
    CHECK(failure(job, {"a", "b"}).first == errc::invalid_parameter);
    job::env shape{{"shape", "1.2"}};
    CHECK(failure(job, {"nosuch"}, shape).second == "No such image: nosuch");
    CHECK(failure(job, {"No/Such"}, shape) ==
          std::pair{errc::not_found, std::string{"No such image: No/Such"}});
  }
}

TEST_CASE_METHOD(three_images, "image_inspect, image_history: the platform has to fit",
                 "[actors][jobs][images]") {
  job::env same{{"platform", R"({"os":"linux","architecture":"amd64"})"}};
  job::env other{{"platform", R"({"os":"linux","architecture":"arm64","variant":"v8"})"}};
  job::env broken{{"platform", "[]"}};
  for (auto job : {"image_inspect", "image_history"}) {
    CAPTURE(job);
    CHECK(run(job, {"app"}, same).status == 0);
    CHECK(failure(job, {"app"}, other) ==
          std::pair{errc::not_found,
                    std::string{"image with reference app was found but its platform (linux/amd64) "
                                "does not match the specified platform (linux/arm64/v8)"}});
    CHECK(failure(job, {"app"}, broken).first == errc::invalid_parameter);
  }
}

TEST_CASE_METHOD(image_job_fixture, "readers: see a change as soon as it is answered",
                 "[actors][jobs][images]") {
  files.put({{"a"}}, {"bb"});
  open();
  for (int i = 0; i < 20; ++i) {
    auto tag = std::to_string(i);
    REQUIRE(run("image_tag", {"bb"}, {{"repo", "x"}, {"tag", tag}}).status == 0);
    CHECK(run("image_inspect", {"x:" + tag}).status == 0);
  }
}
