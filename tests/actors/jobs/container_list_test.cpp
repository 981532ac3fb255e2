#include "tests/actors/jobs/container_job_fixture.hpp"
#include "tests/actors/store/catalog_builder.hpp"

#include <boost/json/parse.hpp>

using namespace gantry;
using container::container_status;

namespace {

/// Containers that were made one after the other, the last of them newest.
class list_fixture : public test::container_job_fixture {
public:
  void make(char digit, const std::string& name, container_status status,
            const std::string& image = "bb:1", const std::string& image_id = "sha256:1") {
    auto view = container::make_view(digit, name);
    view.created.seconds += made_++;
    view.state.status = status;
    view.image_id = image_id;
    auto config = *view.config;
    config.image = image;
    view.config = std::make_shared<const container::container_config>(std::move(config));
    add(std::move(view));
  }

  /// The names of a list, in its order.
  std::string names(job::env environment) {
    std::string shown;
    auto rows = boost::json::parse(text("containers", {}, std::move(environment)));
    for (const auto& row : rows.get_array())
      shown.append(row.at("Names").at(0).as_string().c_str()).append(" ");
    return shown;
  }

  std::string images() {
    std::string shown;
    auto rows = boost::json::parse(text("containers", {}, {{"all", "1"}}));
    for (const auto& row : rows.get_array())
      shown.append(row.at("Image").as_string().c_str()).append(" ");
    return shown;
  }

private:
  std::int64_t made_ = 0;
};

} // namespace

TEST_CASE_METHOD(list_fixture, "container list: empty and never null", "[actors][containers]") {
  CHECK(text("containers") == "[]");
  CHECK(text("containers", {}, {{"all", "1"}}) == "[]");
}

TEST_CASE_METHOD(list_fixture, "container list: shows what was asked for, newest first",
                 "[actors][containers]") {
  make('a', "one", container_status::running);
  make('b', "two", container_status::exited);
  make('c', "three", container_status::paused);
  make('d', "four", container_status::created);
  CHECK(names({}) == "/three /one ");
  CHECK(names({{"all", "1"}}) == "/four /three /two /one ");
  CHECK(names({{"limit", "2"}}) == "/four /three ");
  CHECK(names({{"limit", "-1"}}) == "/three /one ");
  CHECK(names({{"filters", R"({"status":["exited","created"]})"}}) == "/four /two ");
  CHECK(names({{"filters", R"({"name":["^/?t"]})"}, {"all", "1"}}) == "/three /two ");
  CHECK(names({{"filters", R"({"before":["three"]})"}, {"all", "1"}}) == "/two /one ");
  CHECK(names({{"filters", R"({"since":["two"]})"}, {"all", "1"}}) == "/four /three ");
  CHECK(names({{"before", "four"}, {"since", "one"}}) == "/three /two ");
}

TEST_CASE_METHOD(list_fixture, "container list: a container to start from has to exist",
                 "[actors][containers]") {
  for (auto key : {"since", "before"}) {
    CHECK(outcome("containers", {}, {{key, "x"}}) ==
          "system: Could not find container with name or id x");
    auto filters = std::string{"{\""} + key + "\":[\"x\"]}";
    CHECK(outcome("containers", {}, {{"filters", filters}}) == "not_found: No such container: x");
  }
  CHECK(outcome("containers", {}, {{"filters", "x"}}) == "invalid_parameter: invalid filter");
}

TEST_CASE_METHOD(list_fixture, "container list: an image is named while the name means it",
                 "[actors][containers]") {
  test::catalog_builder catalog;
  const auto old = test::hex_digest("aa").str();
  const auto now = test::hex_digest("bb").str();
  catalog.add(test::hex_digest("bb"), {"l"}, {"bb:1", "cc:latest"});
  given.images.catalog->put(std::make_shared<const store::image_catalog>(catalog.content));
  make('a', "one", container_status::exited, "bb:1", now);
  make('b', "two", container_status::exited, "bb:1", old);
  make('c', "three", container_status::exited, "cc", now);
  make('d', "four", container_status::exited, "gone", now);
  make('e', "five", container_status::exited, now, now);
  make('f', "six", container_status::exited, "bb", now);
  // The id of the image begins with `bb`.
  CHECK(images() == "bb " + now + " " + now + " cc " + old + " bb:1 ");
}

TEST_CASE_METHOD(list_fixture, "container list: containers of an image and of those made from it",
                 "[actors][containers]") {
  test::catalog_builder catalog;
  const auto base = test::hex_digest("aa");
  const auto child = test::hex_digest("bb");
  catalog.add(base, {"l"}, {"base:latest"});
  catalog.add(child, {"l", "m"}, {"child:latest"}, base);
  catalog.add(test::hex_digest("cc"), {"n"}, {"other:latest"});
  given.images.catalog->put(std::make_shared<const store::image_catalog>(catalog.content));
  make('a', "one", container_status::running, "base", base.str());
  make('b', "two", container_status::running, "child", child.str());
  make('c', "three", container_status::running, "other", test::hex_digest("cc").str());
  CHECK(names({{"filters", R"({"ancestor":["base"]})"}}) == "/two /one ");
  CHECK(names({{"filters", R"({"ancestor":["child"]})"}}) == "/two ");
  CHECK(names({{"filters", R"({"ancestor":["child","other"]})"}}) == "/three /two ");
  CHECK(names({{"filters", R"({"ancestor":["nosuch"]})"}}).empty());
}

TEST_CASE_METHOD(list_fixture, "container list: is written as the version has it",
                 "[actors][containers]") {
  auto view = container::make_view('a', "web");
  auto host = *view.host_config;
  host.annotations = {{{"k", "v"}}};
  view.host_config = std::make_shared<const container::host_config>(std::move(host));
  add(std::move(view));
  auto host_config = [this](const char* version) {
    auto rows = boost::json::parse(text("containers", {}, {{"all", "1"}, {"version", version}}));
    return rows.at(0).at("HostConfig").as_object().contains("Annotations");
  };
  CHECK(host_config("1.46"));
  CHECK_FALSE(host_config("1.45"));
}

TEST_CASE_METHOD(list_fixture, "container inspect: finds by id, name and part of an id",
                 "[actors][containers]") {
  make('a', "web", container_status::exited);
  for (auto name : {"web", "/web", "a", "aaaa"}) {
    CAPTURE(name);
    auto shown = boost::json::parse(text("container_inspect", {name}));
    CHECK(shown.at("Name") == "/web");
    CHECK_FALSE(shown.as_object().contains("SizeRw"));
  }
  CHECK(outcome("container_inspect", {"db"}) == "not_found: No such container: db");
  CHECK(outcome("container_inspect") == "invalid_parameter: usage: container_inspect NAME");
  CHECK(outcome("container_inspect", {"a", "b"}) ==
        "invalid_parameter: usage: container_inspect NAME");
}

TEST_CASE_METHOD(list_fixture, "container sizes: are measured when asked for",
                 "[actors][containers]") {
  std::filesystem::create_directories(dir.file("store"));
  auto layers =
      store::layer_files::open(store::paths{dir.file("store")}, store::layer_driver::copy);
  REQUIRE(layers);
  given.images.layers.set(std::make_shared<const store::layer_files>(std::move(*layers)));
  make('a', "web", container_status::exited);
  const std::string id(64, 'a');
  dir.write("data/containers/" + id + "/merged/file", std::string(5000, 'x'));
  dir.write("data/containers/" + id + "/base-size", "2000");
  auto shown = boost::json::parse(text("container_inspect", {"web"}, {{"size", "1"}}));
  CHECK(shown.at("SizeRw") == 3000);
  CHECK(shown.at("SizeRootFs") == 3000);
  auto rows = boost::json::parse(text("containers", {}, {{"size", "1"}, {"all", "1"}}));
  CHECK(rows.at(0).at("SizeRw") == 3000);
}
