#include "tests/actors/jobs/container_job_fixture.hpp"

#include <boost/json/parse.hpp>

using namespace gantry;
using container::container_status;
using test::container_job_fixture;
using test::id_a;

namespace {

const std::string id_b(64, 'b');

} // namespace

TEST_CASE_METHOD(container_job_fixture, "container rename: takes the name before it asks",
                 "[actors][containers]") {
  auto web = add('a', "web");
  CHECK(outcome("container_rename", {"web"}, {{"name", "db"}}) == "ok");
  CHECK(asked_of(*web) == std::vector<std::string>{"rename /db"});
  CHECK(given.all->reserve("/db", id_b).has_error());
}

TEST_CASE_METHOD(container_job_fixture, "container rename: gives the name back if it fails",
                 "[actors][containers]") {
  auto web = add('a', "web");
  web->refusal = api_error{errc::system, "disk"};
  CHECK(outcome("container_rename", {"web"}, {{"name", "/db"}}) == "system: disk");
  CHECK(given.all->reserve("/db", id_b).has_value());
}

TEST_CASE_METHOD(container_job_fixture, "container rename: names that cannot be",
                 "[actors][containers]") {
  auto web = add('a', "web");
  add('b', "db");
  auto rename = [this](const char* old, const char* name) {
    return outcome("container_rename", {old}, {{"name", name}});
  };
  CHECK(rename("web", "") == "invalid_parameter: Neither old nor new names may be empty");
  CHECK(rename("", "x1") == "invalid_parameter: Neither old nor new names may be empty");
  CHECK(rename("nosuch", "x1") == "not_found: No such container: nosuch");
  for (auto same : {"web", "/web"})
    CHECK(rename("a", same) == "invalid_parameter: Renaming a container with the same name as its "
                               "current name");
  CHECK(rename("web", "a b") ==
        "invalid_parameter: Error when allocating new name: Invalid container name (/a b), only "
        "[a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
  CHECK(rename("web", "db") ==
        "conflict: Error when allocating new name: Conflict. The container name \"/db\" is already "
        "in use by container \"" +
            id_b +
            "\". You have to remove (or rename) that container to be able to reuse that name.");
  CHECK(asked_of(*web).empty());
}

TEST_CASE_METHOD(container_job_fixture, "container update: checks before it asks",
                 "[actors][containers]") {
  auto web = add('a', "web");
  auto update = [this](const char* name, const char* body) {
    return outcome("container_update", {name}, {{"body", body}, {"version", "1.50"}});
  };
  CHECK(update("nosuch", R"({"Memory":1})") ==
        "invalid_parameter: Minimum memory limit allowed is 6MB");
  CHECK(update("nosuch", "{}") == "not_found: No such container: nosuch");
  CHECK(update("web", R"({"Memory":"x"})").starts_with("invalid_parameter: invalid JSON: "));
  CHECK(update("web", R"({"RestartPolicy":{"Name":"x"}})")
            .starts_with("invalid_parameter: invalid restart policy: "));
  CHECK(asked_of(*web).empty());
  CHECK(value("container_update", {"web"}, {{"body", R"({"Memory":67108864})"}}) ==
        boost::json::parse(R"({"Warnings":[]})"));
  CHECK(asked_of(*web) == std::vector<std::string>{"update memory=67108864"});
  web->refusal = api_error{errc::conflict, "Cannot update container x: no"};
  CHECK(update("web", "{}") == "conflict: Cannot update container x: no");
}

TEST_CASE_METHOD(container_job_fixture, "container update: warns of what the kernel cannot do",
                 "[actors][containers]") {
  auto host = std::make_shared<containers::container_host>();
  host->abilities.pids_limit = false;
  setup.host = host;
  add('a', "web");
  auto said = value("container_update", {"web"}, {{"body", R"({"PidsLimit":7})"}});
  CHECK(said.at("Warnings").as_array().size() == 1);
}

TEST_CASE_METHOD(container_job_fixture, "container update: not of one that goes",
                 "[actors][containers]") {
  add('a', "web", container_status::dead);
  CHECK(outcome("container_update", {"web"}, {{"body", "{}"}}) ==
        "conflict: Cannot update container " + id_a +
            ": container is marked for removal and cannot be \"update\"");
}

TEST_CASE_METHOD(container_job_fixture, "container resize: sizes as terminals have them (K-31)",
                 "[actors][containers]") {
  auto web = add('a', "web");
  CHECK(outcome("container_resize", {"web"}, {{"h", "30"}, {"w", "4294967295"}}) == "ok");
  CHECK(asked_of(*web) == std::vector<std::string>{"resize 30 65535"});
  web->refusal = api_error{errc::conflict, "container x is not running"};
  CHECK(outcome("container_resize", {"web"}, {{"h", "1"}, {"w", "1"}}) ==
        "conflict: container x is not running");
  CHECK(outcome("container_resize", {"nosuch"}, {{"h", "1"}, {"w", "1"}}) ==
        "not_found: No such container: nosuch");
}
