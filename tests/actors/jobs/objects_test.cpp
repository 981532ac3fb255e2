#include "tests/actors/jobs/job_fixture.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <catch2/catch.hpp>

#include <string>
#include <utility>

using namespace gantry;
using test::job_fixture;

TEST_CASE_METHOD(job_fixture, "lists: empty and never null", "[actors][jobs]") {
  CHECK(value("networks") == boost::json::array{});
}

TEST_CASE_METHOD(job_fixture, "prune: there is nothing that could go", "[actors][jobs]") {
  CHECK(value("network_prune") == boost::json::object{{"NetworksDeleted", nullptr}});
  CHECK(value("build_prune") ==
        boost::json::object{{"CachesDeleted", nullptr}, {"SpaceReclaimed", 0}});
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
  auto reply = run("network_inspect");
  CHECK(reply.error == "usage: network_inspect NAME");
  CHECK(reply.kind == errc::invalid_parameter);
  CHECK(run("network_inspect", {"a", "b"}).status == job::status_error);
}
