#include "actors/jobs/volume_jobs.hpp"

#include "actors/store/trash.hpp"
#include "actors/volumes/opening.hpp"
#include "tests/actors/jobs/container_job_fixture.hpp"
#include "tests/actors/jobs/image_job_fixture.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <catch2/catch.hpp>

#include <filesystem>

using namespace gantry;
using test::text_of;

namespace {

namespace json = boost::json;

/// The jobs about volumes, with volumes on the disk.
class volume_job_fixture : public test::container_job_fixture {
public:
  volume_job_fixture() {
    given.images.streams = given.pool;
    given.volumes.actor =
        volumes::spawn_volumes(sys, {given.pool, given.pool, given.volumes.all, given.publish});
    std::filesystem::create_directories(given.data_root / "trash");
    volumes::open_blocking(given.volumes, given.data_root,
                           std::make_shared<store::trash>(given.data_root / "trash"), {})
        .value();
    engine::job_table table;
    jobs::add_volume_jobs(table, given).value();
    start_engine(std::move(table));
  }
  ~volume_job_fixture() {
    caf::anon_send_exit(given.volumes.actor, caf::exit_reason::user_shutdown);
  }

  json::value make(const std::string& body) { return value("volume_create", {}, {{"body", body}}); }
  std::string names(const std::string& filters = {}) {
    const auto listed = value("volumes", {}, {{"filters", filters}});
    std::string text;
    for (const auto& one : listed.as_array())
      text += (text.empty() ? "" : " ") + std::string{one.at("Name").as_string().c_str()};
    return text;
  }
  /// The container has the volume from here on.
  void use(const std::string& container, const std::string& name) {
    auto told = std::make_shared<std::promise<void>>();
    auto request = std::make_shared<volumes::use_volumes>();
    request->container = container;
    request->wanted.push_back({{name, {}, {}, {}}});
    request->answer = {"the volumes",
                       [told](const result<volumes::volume_list>&) { told->set_value(); }};
    caf::anon_send(given.volumes.actor, std::move(request));
    told->get_future().wait();
  }
  std::string prune(const std::string& filters = {}, const std::string& version = {}) {
    return text_of(value("volume_prune", {}, {{"filters", filters}, {"version", version}}));
  }
};

} // namespace

TEST_CASE_METHOD(volume_job_fixture, "volumes: made, shown, removed", "[actors][jobs][volumes]") {
  CHECK(value("volumes") == json::array{});
  auto made = make(R"({"Name":"v1","Labels":{"k":"v"}})");
  CHECK(made.at("Mountpoint") == dir.file("data/volumes/v1/_data").c_str());
  CHECK(made.at("Labels") == json::object{{"k", "v"}});
  CHECK(make(R"({"Name":"v1"})") == made);
  CHECK(value("volume_inspect", {"v1"}) == made);
  CHECK(value("volumes") == json::array{made});
  CHECK(take_events() == std::vector<std::string>{"volume create driver=local"});
  CHECK(outcome("volume_remove", {"v1"}) == "ok");
  CHECK(value("volumes") == json::array{});
}

TEST_CASE_METHOD(volume_job_fixture, "volumes: what is not there", "[actors][jobs][volumes]") {
  job::env force;
  force.set_bool("force", true);
  CHECK(outcome("volume_inspect", {"x1"}) == "not_found: get x1: no such volume");
  CHECK(outcome("volume_remove", {"x1"}) == "not_found: get x1: no such volume");
  CHECK(outcome("volume_remove", {"x1"}, force) == "ok");
  CHECK(outcome("volume_remove", {""}) == "not_found: get: no such volume");
  CHECK(outcome("volume_inspect") == "invalid_parameter: usage: volume_inspect NAME");
  CHECK(outcome("volume_remove") == "invalid_parameter: usage: volume_remove NAME");
  CHECK(
      outcome("volume_create", {}, {{"body", "{"}}).starts_with("invalid_parameter: invalid JSON"));
}

TEST_CASE_METHOD(volume_job_fixture, "volumes: in use", "[actors][jobs][volumes]") {
  const std::string web(64, 'a');
  make(R"({"Name":"v1"})");
  use(web, "v2");
  job::env force;
  force.set_bool("force", true);
  CHECK(outcome("volume_remove", {"v2"}, force) ==
        "conflict: remove v2: volume is in use - [" + web + "]");
  CHECK(names(R"({"dangling":["true"]})") == "v1");
  CHECK(names(R"({"dangling":["false"]})") == "v2");
  CHECK(names(R"({"name":["v"]})") == "v1 v2");
  CHECK(outcome("volumes", {}, {{"filters", "x"}}) == "invalid_parameter: invalid filter");
}

TEST_CASE_METHOD(volume_job_fixture, "volume_prune: what nobody named and nobody uses",
                 "[actors][jobs][volumes]") {
  const std::string anonymous{make("").at("Name").as_string().c_str()};
  make(R"({"Name":"named"})");
  make(R"({"Name":"mounted","DriverOpts":{"type":"tmpfs","device":"tmpfs"}})");
  use(std::string(64, 'a'), "used");
  dir.write("data/volumes/" + anonymous + "/_data/file", "four");
  take_events();
  CHECK(prune() == R"({"VolumesDeleted":[")" + anonymous + R"("],"SpaceReclaimed":4})");
  CHECK(take_events() ==
        std::vector<std::string>{"volume destroy driver=local", "volume prune reclaimed=4"});
  CHECK(prune() == R"({"VolumesDeleted":[],"SpaceReclaimed":0})");
  CHECK(prune({}, "1.41") == R"({"VolumesDeleted":["named"],"SpaceReclaimed":0})");
  CHECK(names() == "mounted used");
  CHECK(outcome("volume_prune", {}, {{"filters", R"({"until":["1h"]})"}}) ==
        "invalid_parameter: invalid filter 'until'");
}

TEST_CASE_METHOD(volume_job_fixture, "disk_usage: volumes with their size and their containers",
                 "[actors][jobs][volumes]") {
  make(R"({"Name":"mounted","DriverOpts":{"type":"tmpfs","device":"tmpfs"}})");
  use(std::string(64, 'a'), "v1");
  use(std::string(64, 'b'), "v1");
  make(R"({"Name":"v2"})");
  dir.write("data/volumes/v1/_data/sub/file", "four");
  std::filesystem::remove_all(dir.file("data/volumes/v2/_data"));
  job::env types;
  types.set_list("types", {"volume"});
  const auto rows = value("disk_usage", {}, types).at("Volumes").as_array();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].at("UsageData") == json::object{{"RefCount", 2}, {"Size", 4}});
  CHECK(rows[1].at("UsageData") == json::object{{"RefCount", 0}, {"Size", -1}});
}
