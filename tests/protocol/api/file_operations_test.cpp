#include "tests/protocol/api/operation_fixture.hpp"

#include <boost/json/object.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace gantry;
using namespace gantry::api;
using test::answer;
using test::api_of_test;
using test::has;
using test::header;
using test::job_of;
using test::routed;

namespace {

constexpr std::string_view json_body = "Content-Type: application/json\r\n";

} // namespace

TEST_CASE("files: requests about paths", "[api][files]") {
  struct row {
    const char* method;
    const char* target;
    const char* expected;
  };
  const row rows[] = {
      {"HEAD", "/containers/web/archive?path=%2Fd%2F", "container_path(web) path=/d/"},
      {"GET", "/v1.41/containers/web/archive?path=/d", "container_archive(web) path=/d"},
      {"PUT", "/containers/web/archive?path=/d&noOverwriteDirNonDir=true",
       "container_extract(web) path=/d noOverwriteDirNonDir=1 copyUIDGID=0"},
      {"PUT", "/containers/web/archive?path=/d&copyUIDGID=1",
       "container_extract(web) path=/d noOverwriteDirNonDir=0 copyUIDGID=1"},
      {"HEAD", "/containers/web/archive", "invalid_parameter: bad parameter: pathcannot be empty"},
      {"GET",
       "/containers/web/archive?path=", "invalid_parameter: bad parameter: pathcannot be empty"},
      {"GET", "/containers/web/export", "container_export(web)"},
      {"GET", "/containers/web/changes", "container_changes(web)"},
      {"GET", "/v1.14/containers/web/changes", "container_changes(web)"},
  };
  for (const auto& r : rows) {
    INFO(r.target);
    CHECK(job_of(r.method, r.target) == r.expected);
  }
  CHECK(job_of("POST", "/v1.14/containers/web/copy", json_body, R"({"Resource":"etc/x"})") ==
        "container_archive(web) path=etc/x");
  CHECK(job_of("POST", "/v1.14/containers/web/copy", json_body, R"({"Resource":""})") ==
        "system: Path cannot be empty");
}

TEST_CASE("files: commits", "[api][files]") {
  CHECK(job_of("POST", "/commit?container=web&repo=r&tag=t&comment=c&author=a") ==
        "commit(web) repo=r tag=t comment=c author=a pause=1");
  CHECK(job_of("POST", "/commit?container=web&pause=0") == "commit(web) pause=0");
  CHECK(job_of("POST", "/commit?container=web&pause=") == "commit(web) pause=1");
  CHECK(job_of("POST", "/v1.12/commit?container=web") == "commit(web) pause=0 shape=1.2");
  CHECK(job_of("POST", "/v1.13/commit?container=web") == "commit(web) pause=1 shape=1.2");
  CHECK(job_of("POST", "/commit?container=web&changes=CMD+x&changes=USER+u") ==
        R"(commit(web) pause=1 changes=["CMD x","USER u"])");
  CHECK(job_of("POST", "/commit?container=web", json_body, R"({"User":"u"})") ==
        R"(commit(web) pause=1 config={"User":"u"})");
}

TEST_CASE("files: facts of a path go to a header", "[api][files]") {
  const std::string facts = R"({"name":"f"})";
  const auto told = answer("HEAD", "/containers/web/archive?path=/f", facts);
  CHECK(told.status == 200);
  CHECK(header(told, "X-Docker-Container-Path-Stat") == "eyJuYW1lIjoiZiJ9");
  CHECK(told.body.empty());

  const routed tar{"GET", "/containers/web/archive?path=/f"};
  const auto begun = api_of_test().stream_head(tar.found, "application/x-tar", facts);
  CHECK(header(begun, "X-Docker-Container-Path-Stat") == "eyJuYW1lIjoiZiJ9");
  CHECK(header(begun, "Content-Type") == "application/x-tar");

  const routed other{"GET", "/containers/web/export"};
  CHECK_FALSE(
      has(api_of_test().stream_head(other.found, "x", "y"), "X-Docker-Container-Path-Stat"));
}

TEST_CASE("files: an unpacked tar is answered by nothing, a commit by 201", "[api][files]") {
  const auto unpacked = answer("PUT", "/containers/web/archive?path=/", {});
  CHECK(unpacked.status == 200);
  CHECK(unpacked.body.empty());
  CHECK_FALSE(has(unpacked, "Content-Type"));

  const auto made =
      answer("POST", "/commit?container=web", boost::json::object{{"Id", "sha256:1"}});
  CHECK(made.status == 201);
  CHECK(made.body == "{\"Id\":\"sha256:1\"}\n");

  CHECK(answer("GET", "/containers/web/changes", boost::json::value(nullptr)).body == "null\n");
}
