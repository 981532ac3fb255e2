#include "tests/actors/jobs/job_fixture.hpp"

#include <boost/json/array.hpp>
#include <catch2/catch.hpp>

#include <string>
#include <utility>

using namespace gantry;
using test::job_fixture;

TEST_CASE_METHOD(job_fixture, "lists: empty and never null", "[actors][jobs]") {
  for (auto name : {"containers", "networks", "volumes"}) {
    CAPTURE(name);
    CHECK(value(name) == boost::json::array{});
  }
}

TEST_CASE_METHOD(job_fixture, "lists: an object to start from has to exist", "[actors][jobs]") {
  auto error = [this](std::string job, std::string key, std::string text) {
    auto reply = run(std::move(job), {}, {{key, text}});
    return std::pair{reply.kind, reply.error};
  };
  CHECK(error("containers", "since", "x") ==
        std::pair{errc::system, std::string{"Could not find container with name or id x"}});
  CHECK(error("containers", "before", "x") ==
        std::pair{errc::system, std::string{"Could not find container with name or id x"}});
  CHECK(error("containers", "filters", R"({"since":["x"]})") ==
        std::pair{errc::not_found, std::string{"No such container: x"}});
  CHECK(error("containers", "filters", R"({"before":["x"]})") ==
        std::pair{errc::not_found, std::string{"No such container: x"}});
  CHECK(run("containers", {}, {{"filters", R"({"status":["exited"]})"}}).status == 0);
}

TEST_CASE_METHOD(job_fixture, "inspect: what is not there is named in known words",
                 "[actors][jobs]") {
  struct row {
    const char* job;
    const char* argument;
    const char* error;
  };
  const row rows[] = {
      {"container_inspect", "web", "No such container: web"},
      {"network_inspect", "n1", "network n1 not found"},
      {"volume_inspect", "v1", "get v1: no such volume"},
  };
  for (const auto& r : rows) {
    CAPTURE(r.job, r.argument);
    auto reply = run(r.job, {r.argument});
    CHECK(reply.status == job::status_error);
    CHECK(reply.kind == errc::not_found);
    CHECK(reply.error == r.error);
  }
}

TEST_CASE_METHOD(job_fixture, "inspect: wants exactly one argument", "[actors][jobs]") {
  for (auto name : {"container_inspect", "network_inspect", "volume_inspect"}) {
    auto reply = run(name);
    CHECK(reply.error == std::string{"usage: "} + name + " NAME");
    CHECK(reply.kind == errc::invalid_parameter);
    CHECK(run(name, {"a", "b"}).status == job::status_error);
  }
}
