#include "tests/actors/jobs/job_fixture.hpp"

#include "actors/jobs/image_reference.hpp"

#include <boost/json/array.hpp>
#include <catch2/catch.hpp>

#include <string>
#include <utility>

using namespace gantry;
using test::job_fixture;

TEST_CASE_METHOD(job_fixture, "lists: empty and never null", "[actors][jobs]") {
  for (auto name : {"containers", "images", "networks", "volumes"}) {
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
  CHECK(error("images", "filters", R"({"before":["x"]})") ==
        std::pair{errc::not_found, std::string{"No such image: x:latest"}});
  CHECK(error("images", "filters", R"({"since":["X"]})").first == errc::invalid_parameter);
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
      {"image_inspect", "nosuch", "No such image: nosuch:latest"},
      {"image_inspect", "docker.io/library/a:1", "No such image: a:1"},
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

TEST_CASE_METHOD(job_fixture, "inspect: 1.2.0 sees the image's name as it gave it",
                 "[actors][jobs]") {
  job::env raw;
  raw.set_bool("raw", false);
  auto reply = run("image_inspect", {"No/Such"}, raw);
  CHECK(reply.kind == errc::not_found);
  CHECK(reply.error == "No such image: No/Such");
}

TEST_CASE_METHOD(job_fixture, "inspect: wants exactly one argument", "[actors][jobs]") {
  for (auto name : {"container_inspect", "image_inspect", "network_inspect", "volume_inspect"}) {
    auto reply = run(name);
    CHECK(reply.error == std::string{"usage: "} + name + " NAME");
    CHECK(reply.kind == errc::invalid_parameter);
    CHECK(run(name, {"a", "b"}).status == job::status_error);
  }
}

TEST_CASE("image reference: is shown in its familiar form", "[actors][jobs]") {
  const std::string hex(64, 'a');
  const std::pair<std::string, std::string> rows[] = {
      {"busybox", "busybox:latest"},
      {"busybox:1.36", "busybox:1.36"},
      {"library/busybox", "busybox:latest"},
      {"docker.io/library/busybox", "busybox:latest"},
      {"index.docker.io/me/app", "me/app:latest"},
      {"docker.io/library/a/b", "library/a/b:latest"},
      {"localhost/app", "localhost/app:latest"},
      {"localhost:5000/app:x", "localhost:5000/app:x"},
      {"[::1]:5000/app", "[::1]:5000/app:latest"},
      {"Reg/app", "Reg/app:latest"},
      {"ghcr.io/a/b__c", "ghcr.io/a/b__c:latest"},
      {"a@sha256:" + hex, "a@sha256:" + hex},
      {"a:t@sha256:" + hex, "a:t@sha256:" + hex},
      {hex, "sha256:" + hex},
      {"sha256:" + hex, "sha256:" + hex},
      {"abcdef", "abcdef:latest"},
  };
  for (const auto& [given, familiar] : rows) {
    CAPTURE(given);
    auto name = jobs::familiar_image_name(given);
    REQUIRE(name.has_value());
    CHECK(*name == familiar);
  }
}

TEST_CASE("image reference: says what is wrong", "[actors][jobs]") {
  const std::pair<std::string, std::string> rows[] = {
      {"", "invalid reference format"},
      {":tag", "invalid reference format"},
      {"a b", "invalid reference format"},
      {"a/", "invalid reference format"},
      {"a..b", "invalid reference format"},
      {"a:" + std::string(129, 't'), "invalid reference format"},
      {"a@sha256:12", "invalid reference format"},
      {"https://x/y", "invalid reference format"},
      {"Foo", "invalid reference format: repository name (library/Foo) must be lowercase"},
      {"me/Foo:T", "invalid reference format: repository name (me/Foo) must be lowercase"},
      {"a@sha256:" + std::string(63, 'a'), "invalid checksum digest length"},
      {"a@md5:" + std::string(32, 'a'), "unsupported digest algorithm"},
      {std::string(250, 'a'), "repository name must not be more than 255 characters"},
  };
  for (const auto& [given, text] : rows) {
    CAPTURE(given);
    auto name = jobs::familiar_image_name(given);
    REQUIRE(!name);
    CHECK(name.error() == api_error{errc::invalid_parameter, text});
  }
}
