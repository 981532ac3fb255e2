#include "tests/actors/jobs/job_fixture.hpp"

#include <boost/json/array.hpp>
#include <catch2/catch.hpp>

#include <string>
#include <utility>

using namespace gantry;
using test::job_fixture;

TEST_CASE_METHOD(job_fixture, "lists: empty and never null", "[actors][jobs]") {
  for (auto name : {"networks", "volumes"}) {
    CAPTURE(name);
    CHECK(value(name) == boost::json::array{});
  }
}

TEST_CASE_METHOD(job_fixture, "inspect: what is not there is named in known words",
                 "[actors][jobs]") {
  struct row {
    const char* job;
    const char* argument;
    const char* error;
  };
  const row rows[] = {
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
  for (auto name : {"network_inspect", "volume_inspect"}) {
    auto reply = run(name);
    CHECK(reply.error == std::string{"usage: "} + name + " NAME");
    CHECK(reply.kind == errc::invalid_parameter);
    CHECK(run(name, {"a", "b"}).status == job::status_error);
  }
}
