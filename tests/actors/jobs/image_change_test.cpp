#include "tests/actors/jobs/image_job_fixture.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <catch2/catch.hpp>

#include <filesystem>
#include <future>
#include <string>
#include <utility>

using namespace gantry;
using test::id_of;
using test::image_job_fixture;
using test::layer_of;
using test::text_of;

namespace {

using error = std::pair<errc, std::string>;
using attributes = std::map<std::string, std::string>;

std::string chain_of(const std::vector<std::string>& layers) {
  std::vector<oci::digest> ids;
  for (const auto& layer : layers)
    ids.push_back(test::digest_of(layer));
  return oci::chain_ids(ids).back().str();
}

/// Keeps the store busy until it goes.
class busy_store {
public:
  explicit busy_store(image_job_fixture& f) {
    auto wait = end_.get_future().share();
    image::tell_store(
        f.images.store, "be busy",
        [wait](store::image_store&) {
          wait.wait();
          return result<void>{};
        },
        [](const result<void>&) {});
  }
  busy_store(const busy_store&) = delete;
  busy_store& operator=(const busy_store&) = delete;
  ~busy_store() { end_.set_value(); }

private:
  std::promise<void> end_;
};

} // namespace

TEST_CASE_METHOD(image_job_fixture, "image_tag: gives one more name", "[actors][jobs][images]") {
  auto id = files.put({{"a"}, "2024-01-01T00:00:00Z", {{"k", "v"}}}, {"bb"});
  open();
  auto reply = run("image_tag", {"bb"}, {{"repo", "docker.io/library/x"}, {"tag", "v"}});
  CHECK(reply.status == 0);
  CHECK(std::holds_alternative<std::monostate>(reply.output));
  auto image = value("image_inspect", {"x:v"});
  CHECK(id_of(image) == id.str());
  CHECK(image.at("RepoTags") == boost::json::array{"bb:latest", "x:v"});
  CHECK(image.at("Metadata").at("LastTagTime") == "2023-11-14T22:13:20Z");
  CHECK(take_events() == std::vector<store::image_event>{
                             {"tag", id.str(), attributes{{"k", "v"}, {"name", "x:v"}}}});
}

TEST_CASE_METHOD(image_job_fixture, "image_tag: a tag in the repository counts, or the default",
                 "[actors][jobs][images]") {
  auto id = files.put({{"a"}}, {"bb"});
  auto other = files.put({{"b"}}, {"moved"});
  open();
  CHECK(run("image_tag", {"bb"}, {{"repo", "y:2"}}).status == 0);
  CHECK(run("image_tag", {id.str()}, {{"repo", "moved"}}).status == 0);
  CHECK(id_of(value("image_inspect", {"y:2"})) == id.str());
  CHECK(id_of(value("image_inspect", {"moved"})) == id.str());
  CHECK(value("image_inspect", {other.str()}).at("RepoTags") == boost::json::array{});
}

TEST_CASE_METHOD(image_job_fixture, "image_tag: what cannot be a name", "[actors][jobs][images]") {
  files.put({{"a"}}, {"bb"});
  open();
  auto tag = [this](std::string source, std::string repo, std::string name = {}) {
    return failure("image_tag", {std::move(source)}, {{"repo", repo}, {"tag", name}});
  };
  CHECK(tag("nosuch", "x") == error{errc::not_found, "No such image: nosuch:latest"});
  CHECK(tag("bb", "") == error{errc::invalid_parameter, "invalid reference format"});
  CHECK(tag("bb", "X") ==
        error{errc::invalid_parameter,
              "invalid reference format: repository name (library/X) must be lowercase"});
  CHECK(tag("bb", "x", "a b") == error{errc::invalid_parameter, "invalid tag format"});
  CHECK(tag("bb", "sha256").second ==
        "refusing to create an ambiguous tag using digest algorithm as name");
  CHECK(tag("bb", "x@sha256:" + std::string(64, '0')).first == errc::invalid_parameter);
  CHECK(failure("image_tag").second == "usage: image_tag NAME");
  CHECK(failure("image_tag", {"No/Such"}, {{"repo", "x"}, {"shape", "1.2"}}) ==
        error{errc::not_found, "No such image: No/Such"});
  CHECK(take_events().empty());
}

TEST_CASE_METHOD(image_job_fixture, "image_delete: a name, then the image with its files",
                 "[actors][jobs][images]") {
  auto id = files.put({{"a", "b"}, "2024-01-01T00:00:00Z", {{"k", "v"}}}, {"bb:1", "bb:2"});
  open();
  CHECK(text_of(value("image_delete", {"bb:1"})) == R"([{"Untagged":"bb:1"}])");
  CHECK(take_events() == std::vector<store::image_event>{
                             {"untag", id.str(), attributes{{"k", "v"}, {"name", id.str()}}}});
  CHECK(text_of(value("image_delete", {"bb:2"})) ==
        R"([{"Untagged":"bb:2"},{"Deleted":")" + id.str() + R"("},{"Deleted":")" +
            chain_of({"a", "b"}) + R"("},{"Deleted":")" + chain_of({"a"}) + R"("}])");
  auto events = take_events();
  REQUIRE(events.size() == 2);
  CHECK(events[0].action == "untag");
  CHECK(events[1] == store::image_event{"delete", id.str(), attributes{{"name", id.str()}}});
  CHECK(files.things().empty()); // nothing is left when it is answered
  CHECK(failure("image_delete", {"bb:2"}) == error{errc::not_found, "No such image: bb:2"});
}

TEST_CASE_METHOD(image_job_fixture, "image_delete: what is refused", "[actors][jobs][images]") {
  auto id = files.put({{"a"}}, {"bb", "x"});
  files.put({{"a", "b"}}, {}, id);
  open();
  auto short_id = std::string{id.short_id()};
  CHECK(failure("image_delete", {id.str()}) ==
        error{errc::conflict, "conflict: unable to delete " + short_id +
                                  " (cannot be forced) - image has dependent child images"});
  job::env shape{{"shape", "1.2"}};
  CHECK(failure("image_delete", {short_id}, shape) ==
        error{errc::conflict, "Conflict, unable to delete " + short_id +
                                  " (cannot be forced) - image has dependent child images"});
  CHECK(failure("image_delete", {"nosuch"}, shape) ==
        error{errc::not_found, "No such image: nosuch"});
  CHECK(failure("image_delete", {" "}) ==
        error{errc::invalid_parameter, "image name cannot be blank"});
  CHECK(failure("image_delete") == error{errc::invalid_parameter, "usage: image_delete NAME"});
  CHECK(take_events().empty());
}

TEST_CASE_METHOD(image_job_fixture, "image_delete: force and noprune", "[actors][jobs][images]") {
  auto parent = files.put({{"a"}});
  auto id = files.put({{"a", "b"}}, {"one", "two"}, parent);
  open();
  CHECK(failure("image_delete", {id.str()}).second ==
        "conflict: unable to delete " + std::string{id.short_id()} +
            " (must be forced) - image is referenced in multiple repositories");
  job::env both;
  both.set_bool("force", true);
  both.set_bool("noprune", true);
  CHECK(value("image_delete", {id.str()}, both).as_array().size() == 4);
  CHECK(run("image_inspect", {parent.str()}).status == 0);
  CHECK(value("image_delete", {parent.str()}).as_array().size() == 2);
  CHECK(value("images", {}, {{"all", "1"}}) == boost::json::array{});
}

TEST_CASE_METHOD(image_job_fixture, "image_delete: only of the platform that is meant",
                 "[actors][jobs][images]") {
  files.put({{"a"}}, {"bb"});
  open();
  auto with = [](std::vector<std::string> platforms) {
    job::env environment;
    environment.set_list("platforms", platforms);
    return environment;
  };
  std::string amd64 = R"({"os":"linux","architecture":"amd64"})";
  std::string arm64 = R"({"os":"linux","architecture":"arm64"})";
  CHECK(failure("image_delete", {"bb"}, with({amd64, arm64})) ==
        error{errc::invalid_parameter, "multiple platforms are not supported"});
  CHECK(failure("image_delete", {"bb"}, with({arm64})) ==
        error{errc::not_found, "image with reference bb was found but its platform (linux/amd64) "
                               "does not match the specified platform (linux/arm64)"});
  CHECK(failure("image_delete", {"no"}, with({arm64})).second == "No such image: no:latest");
  CHECK(run("image_delete", {"bb"}, with({amd64})).status == 0);
}

TEST_CASE_METHOD(image_job_fixture, "image_prune: takes what has no tag",
                 "[actors][jobs][images]") {
  files.put({{"a"}}, {"bb"});
  auto old = files.put({{"b"}, "2023-01-01T00:00:00Z"});
  open();
  CHECK(text_of(value("image_prune")) == R"({"ImagesDeleted":[{"Deleted":")" + old.str() +
                                             R"("},{"Deleted":")" + chain_of({"b"}) +
                                             R"("}],"SpaceReclaimed":100})");
  auto events = take_events();
  REQUIRE(events.size() == 2);
  CHECK(events[0].action == "delete");
  CHECK(events[1] == store::image_event{"prune", "", attributes{{"reclaimed", "100"}}});
  // Twice in a row, as fast as it goes.
  for (int i = 0; i < 20; ++i)
    CHECK(text_of(value("image_prune")) == R"({"ImagesDeleted":null,"SpaceReclaimed":0})");
}

TEST_CASE_METHOD(image_job_fixture, "image_prune: filters", "[actors][jobs][images]") {
  files.put({{"a"}, "2023-11-14T00:00:00Z"}, {"young"});
  files.put({{"b"}, "2023-01-01T00:00:00Z"}, {"old"});
  files.put({{"c"}, "2023-01-01T00:00:00Z", {{"keep", "1"}}}, {"kept"});
  open();
  auto prune = [this](std::string filters) {
    return text_of(value("image_prune", {}, {{"filters", filters}}).at("ImagesDeleted"));
  };
  CHECK(prune(R"({"dangling":["true"]})") == "null");
  CHECK(prune(R"({"dangling":["false"],"label":["keep=2"]})") == "null");
  CHECK(prune(R"({"dangling":["false"],"until":["240h"],"label!":["keep"]})")
            .starts_with(R"([{"Untagged":"old:latest"})"));
  auto refused = [this](std::string filters) {
    return failure("image_prune", {}, {{"filters", filters}}).second;
  };
  CHECK(refused(R"({"until":["1h","2h"]})") == "more than one until filter specified");
  CHECK(refused(R"({"until":["x"]})") == "failed to parse value as time or duration: \"x\"");
  CHECK(refused(R"({"dangling":["x"]})") == "invalid filter 'dangling=[x]'");
  CHECK(value("images").as_array().size() == 2);
}

TEST_CASE_METHOD(image_job_fixture, "image_prune: one at a time", "[actors][jobs][images]") {
  files.put({{"a"}});
  open();
  std::future<job::reply> first;
  {
    busy_store busy{*this};
    first = start({"image_prune", {}, {}});
    CHECK(failure("image_prune") == error{errc::conflict, "a prune operation is already running"});
  }
  CHECK(wait(std::move(first)).status == 0);
  CHECK(run("image_prune").status == 0);
}

TEST_CASE_METHOD(image_job_fixture, "image change: is made to its end if its client leaves",
                 "[actors][jobs][images]") {
  files.put({{"a"}}, {"bb"});
  open();
  {
    busy_store busy{*this};
    auto id = core::next_request_id();
    auto answer = start({"image_delete", {"bb"}, {}}, id);
    caf::anon_send(engine, core::cancel_job{id});
    auto reply = wait(std::move(answer));
    CHECK(reply.kind == errc::unavailable);
    CHECK(reply.error == "image_delete: the client has left");
    CHECK(images.catalog->get()->images().size() == 1);
  }
  wait_for_store();
  CHECK(images.catalog->get()->images().empty());
  CHECK(take_events().size() == 2);
}

TEST_CASE_METHOD(image_job_fixture, "image change: fails when the store has ended",
                 "[actors][jobs][images]") {
  files.put({{"a"}}, {"bb"});
  open();
  kill_store();
  CHECK(failure("image_delete", {"bb"}).first == errc::unavailable);
  CHECK(run("image_inspect", {"bb"}).status == 0); // reading does not need it
}

TEST_CASE_METHOD(image_job_fixture, "image jobs: a second set is refused",
                 "[actors][jobs][images]") {
  open();
  engine::job_table table;
  REQUIRE(jobs::add_image_jobs(table, images));
  CHECK(jobs::add_image_jobs(table, images).error() ==
        api_error{errc::conflict, "Can't overwrite handler for command images"});
}

TEST_CASE_METHOD(image_job_fixture, "image_delete: what containers use stays",
                 "[actors][jobs][images]") {
  auto id = files.put({{"a"}}, {"bb", "cc"});
  const std::string stopped(64, '1');
  const std::string running(64, '2');
  std::vector<store::image_user> users{{stopped, false}};
  images.users = [&](const oci::digest& image) {
    return image == id ? users : std::vector<store::image_user>{};
  };
  open();
  CHECK(run("image_delete", {"cc"}).status == 0);
  const std::string shown{id.short_id()};
  CHECK(failure("image_delete", {"bb"}) ==
        error{errc::conflict, "conflict: unable to remove repository reference \"bb\" (must force) "
                              "- container 111111111111 is using its referenced image " +
                                  shown});
  CHECK(failure("image_delete", {id.str()}) ==
        error{errc::conflict, "conflict: unable to delete " + shown +
                                  " (must be forced) - image is being used by stopped container "
                                  "111111111111"});
  users.push_back({running, true});
  job::env force;
  force.set_bool("force", true);
  CHECK(failure("image_delete", {id.str()}, force) ==
        error{errc::conflict, "conflict: unable to delete " + shown +
                                  " (cannot be forced) - image is being used by running container "
                                  "222222222222"});
  CHECK(text_of(value("image_prune", {}, {{"filters", R"({"dangling":["false"]})"}})) ==
        R"({"ImagesDeleted":null,"SpaceReclaimed":0})");
  users.clear();
  CHECK(run("image_delete", {"bb"}).status == 0);
  CHECK(images.catalog->get()->images().empty());
}
