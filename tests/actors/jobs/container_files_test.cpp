#include "tests/actors/jobs/container_job_fixture.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::test;
using container::container_status;

namespace {

constexpr const char* file_jobs[] = {"container_path",   "container_archive", "container_extract",
                                     "container_export", "container_changes", "commit"};

} // namespace

TEST_CASE_METHOD(container_job_fixture, "container_files: a container has to be there",
                 "[actors][jobs]") {
  for (const auto* name : file_jobs) {
    INFO(name);
    CHECK(outcome(name, {"web"}) == "not_found: No such container: web");
    CHECK(outcome(name) == "invalid_parameter: usage: " + std::string{name} + " NAME");
  }
}

TEST_CASE_METHOD(container_job_fixture, "container_files: what is going is not taken along",
                 "[actors][jobs]") {
  add('a', "dead", container_status::dead);
  add('b', "going", container_status::removing);
  const std::string dead(64, 'a');
  const std::string going(64, 'b');
  for (const std::string verb : {"export", "commit"}) {
    const auto name = verb == "export" ? "container_export" : verb;
    CHECK(outcome(name, {"dead"}) ==
          "conflict: You cannot " + verb + " container " + dead + " which is Dead");
    CHECK(outcome(name, {"going"}) ==
          "conflict: You cannot " + verb + " container " + going + " which is being removed");
  }
}

TEST_CASE_METHOD(container_job_fixture, "container_files: a commit's name is checked first",
                 "[actors][jobs]") {
  job::env environment;
  environment.set("repo", "BAD");
  CHECK(outcome("commit", {"web"}, environment)
            .starts_with("invalid_parameter: invalid reference format"));
}
