#include "tests/protocol/api/operation_fixture.hpp"

#include <boost/json/parse.hpp>

#include <catch2/catch.hpp>

#include <string>
#include <utility>

using namespace gantry;
using namespace gantry::api;
using namespace gantry::api::test;

namespace {

// What becomes of a job's answer, which is JSON.
http::response answer_json(std::string_view method, std::string_view target,
                           std::string_view output) {
  decltype(job::reply::output) parsed;
  if (!output.empty())
    parsed = boost::json::parse(output);
  return answer(method, target, std::move(parsed));
}

std::string body(std::string_view method, std::string_view target, std::string_view output) {
  return answer_json(method, target, output).body;
}

http::response failed_answer(std::string_view method, std::string_view target, errc kind,
                             std::string text) {
  routed r{method, target};
  job::reply reply;
  reply.status = job::status_error;
  reply.kind = kind;
  reply.error = std::move(text);
  return api_of_test().make_response(r.found, std::move(reply));
}

// {"os":"linux","architecture":"amd64"}
#define LINUX_AMD64 "%7B%22os%22%3A%22linux%22%2C%22architecture%22%3A%22amd64%22%7D"

template <std::size_t N>
void check_jobs(const operation_row (&rows)[N]) {
  for (const auto& r : rows) {
    INFO(r.method << " " << r.target);
    CHECK(job_of(r.method, r.target) == r.expected);
  }
}

} // namespace

TEST_CASE("image operations: reading requests become jobs", "[api][images]") {
  const operation_row rows[] = {
      {"GET", "/images/json?digests=1", "images() all=0 shared-size=0 manifests=0"},
      {"GET", "/images/json?all=1&shared-size=1&manifests=1",
       "images() all=1 shared-size=1 manifests=1"},
      {"GET", "/v1.46/images/json?manifests=1", "images() all=0 shared-size=0"},
      {"GET", "/v1.41/images/json?all=1&shared-size=1", "images() all=1"},
      {"GET", "/v1.40/images/json?filter=bb", R"(images() all=0 filters={"reference":["bb"]})"},
      {"GET", "/v1.41/images/json?filter=bb", "images() all=0"},
      {"GET", "/images/json?filters=%7B%22dangling%22%3A%5B%22zz%22%5D%7D",
       "invalid_parameter: invalid filter 'dangling=[zz]'"},
      {"GET", "/images/json?filters=%7B%22bad%22%3A%5B%22x%22%5D%7D",
       "invalid_parameter: invalid filter 'bad'"},
      {"GET", "/images/json?filters=x", "invalid_parameter: invalid filter"},
      {"GET", "/images/127.0.0.1:5599/bb:v1/json",
       "image_inspect(127.0.0.1:5599/bb:v1) manifests=0"},
      {"GET", "/images/bb/json?platform=" LINUX_AMD64,
       R"(image_inspect(bb) platform={"os":"linux","architecture":"amd64"} manifests=0)"},
      {"GET", "/images/bb/json?platform=%7B%22os%22%3A%22linux%22%7D",
       "invalid_parameter: both OS and Architecture must be provided"},
      {"GET", "/images/bb/json?platform=%7B%22variant%22%3A%22v7%22%7D",
       "invalid_parameter: optional platform fields provided, but OS and Architecture are missing"},
      {"GET", "/images/bb/json?platform=x",
       "invalid_parameter: failed to parse platform: invalid character 'x' looking for beginning "
       "of value"},
      {"GET", "/images/bb/json?platform=1",
       "invalid_parameter: failed to parse platform: expected an object"},
      {"GET", "/images/bb/json?manifests=1&platform=%7B%7D",
       "invalid_parameter: conflicting options: manifests and platform options cannot both be set"},
      {"GET", "/v1.48/images/bb/json?platform=x", "image_inspect(bb) manifests=0"},
      {"GET", "/images/a/b:c/history", "image_history(a/b:c)"},
      {"GET", "/images/bb/history?platform=" LINUX_AMD64,
       R"(image_history(bb) platform={"os":"linux","architecture":"amd64"})"},
      {"GET", "/images/bb/history?platform=x",
       "invalid_parameter: failed to parse platform: invalid character 'x' looking for beginning "
       "of value"},
      {"GET", "/v1.47/images/bb/history?platform=x", "image_history(bb)"},
  };
  check_jobs(rows);
}

TEST_CASE("image operations: changing requests become jobs", "[api][images]") {
  const operation_row rows[] = {
      {"POST", "/images/bb:1/tag?repo=docker.io%2Flibrary%2Fx&tag=v",
       "image_tag(bb:1) repo=docker.io/library/x tag=v"},
      {"POST", "/images/bb/tag", "image_tag(bb)"},
      {"DELETE", "/images/bb", "image_delete(bb) force=0 noprune=0"},
      {"DELETE", "/images/a/b@sha256:0?force=1&noprune=yes",
       "image_delete(a/b@sha256:0) force=1 noprune=1"},
      {"DELETE", "/images/%20", "invalid_parameter: image name cannot be blank"},
      {"DELETE", "/images/bb?platforms=" LINUX_AMD64 "&platforms=" LINUX_AMD64,
       R"(image_delete(bb) force=0 noprune=0 platforms=["{\"os\":\"linux\",)"
       R"(\"architecture\":\"amd64\"}","{\"os\":\"linux\",\"architecture\":\"amd64\"}"])"},
      {"DELETE", "/images/bb?platforms=x",
       "invalid_parameter: failed to parse platform: invalid character 'x' looking for beginning "
       "of value"},
      {"DELETE", "/v1.49/images/bb?platforms=x", "image_delete(bb) force=0 noprune=0"},
      {"POST", "/images/prune", "image_prune()"},
      {"POST", "/v1.41/images/prune?filters=%7B%22until%22%3A%7B%221h%22%3Atrue%7D%7D",
       R"(image_prune() filters={"until":["1h"]})"},
      {"POST", "/images/prune?filters=%7B%22label!%22%3A%5B%22a%22%5D%7D",
       R"(image_prune() filters={"label!":["a"]})"},
      {"POST", "/images/prune?filters=%7B%22reference%22%3A%5B%22x%22%5D%7D",
       "invalid_parameter: invalid filter 'reference'"},
      {"POST", "/images/prune?filters=%7B%22dangling%22%3A%5B%22x%22%5D%7D",
       "invalid_parameter: invalid filter 'dangling=[x]'"},
      {"POST", "/images/prune?filters=%7B%22until%22%3A%5B%221h%22%2C%222h%22%5D%7D",
       "invalid_parameter: more than one until filter specified"},
  };
  check_jobs(rows);
}

TEST_CASE("image operations: archives become jobs", "[api][images]") {
  const operation_row rows[] = {
      {"GET", "/images/get?names=a&names=b:1", "image_save(a, b:1)"},
      {"GET", "/images/get", "image_save()"},
      {"GET", "/images/localhost:5000/a/get", "image_save(localhost:5000/a)"},
      {"GET", "/images/a/get?platform=" LINUX_AMD64,
       R"(image_save(a) platforms=["{\"os\":\"linux\",\"architecture\":\"amd64\"}"])"},
      {"GET", "/images/get?names=a&platform=" LINUX_AMD64 "&platform=" LINUX_AMD64,
       "invalid_parameter: multiple platform parameters not supported"},
      {"GET", "/v1.47/images/get?names=a&platform=x", "image_save(a)"},
      {"POST", "/images/load", "image_load() quiet=1"},
      {"POST", "/images/load?quiet=0", "image_load() quiet=0"},
      {"POST", "/images/load?quiet", "image_load() quiet=0"},
      {"POST", "/images/load?quiet=1&platform=" LINUX_AMD64,
       R"(image_load() quiet=1 platforms=["{\"os\":\"linux\",\"architecture\":\"amd64\"}"])"},
      {"POST", "/images/load?platform=%7B%22os%22%3A%22linux%22%7D",
       "invalid_parameter: both OS and Architecture must be provided"},
      {"POST", "/images/create?fromSrc=-&repo=a%3A1&message=m&changes=CMD+a&changes=USER+b",
       R"(image_import() fromSrc=- repo=a:1 message=m changes=["CMD a","USER b"])"},
      {"POST", "/images/create?fromSrc=http%3A%2F%2Fh%2Ft&repo=a&tag=1&platform=linux%2Farm64",
       "image_import() fromSrc=http://h/t repo=a tag=1 platform=linux/arm64"},
      {"POST", "/v1.31/images/create?fromSrc=-&platform=x", "image_import() fromSrc=-"},
      {"POST", "/images/create", "image_import()"},
      {"POST", "/images/create?fromImage=bb&tag=1",
       "not_implemented: ImageCreate with fromImage (pull) is not implemented by this daemon"},
  };
  check_jobs(rows);
}

TEST_CASE("image operations: requests of the 1.2.0 era (R5-R25, R38)", "[api][images]") {
  const operation_row rows[] = {
      {"GET", "/v1.14/images/json", "images() all=0"},
      {"GET", "/v1.14/images/json?filter=b*&all=1",
       R"(images() all=1 filters={"reference":["b*"]})"},
      {"GET", "/v1.14/images/json?filters=%7B%22dangling%22%3A%5B%22TRUE%22%5D%7D",
       R"(images() all=0 filters={"dangling":["true"]})"},
      {"GET", "/v1.14/images/json?filters=%7B%22dangling%22%3A%5B%22zz%22%5D%2C%22x%22%3A%5B%5D%7D",
       "images() all=0"},
      {"GET", "/v1.14/images/json?filters=x", "invalid_parameter: invalid filter"},
      {"GET", "/v1.11/images/bb/json?platform=x", "image_inspect(bb) shape=1.2"},
      {"GET", "/v1.14/images/bb/history", "image_history(bb) shape=1.2"},
      {"GET", "/v1.14/images/bb/get", "image_save(bb) shape=1.2"},
      {"POST", "/v1.14/images/load?quiet=0", "image_load() shape=1.2 quiet=1"},
      {"POST", "/v1.14/images/create?fromSrc=-&repo=a&tag=b&changes=x&platform=y",
       "image_import() shape=1.2 fromSrc=- repo=a tag=b"},
      {"POST", "/v1.14/images/bb/tag?repo=a&tag=b&force=1", "image_tag(bb) shape=1.2 repo=a tag=b"},
      {"POST", "/v1.14/images/bb/tag", "system: Repository name can't be empty"},
      {"DELETE", "/v1.14/images/bb?force=1", "image_delete(bb) shape=1.2 force=1 noprune=0"},
  };
  check_jobs(rows);
}

TEST_CASE("image operations: a listing is shown by version", "[api][images]") {
  constexpr std::string_view rows =
      R"([{"Id":"sha256:1","RepoDigests":[],"RepoTags":["a:1"],"Size":7},)"
      R"({"Id":"sha256:2","RepoDigests":["a@sha256:9"],"RepoTags":[],"Size":8},)"
      R"({"Id":"sha256:3","RepoDigests":[],"RepoTags":[],"Size":9}])";
  CHECK(body("GET", "/images/json", rows) == std::string{rows} + '\n');
  CHECK(body("GET", "/v1.44/images/json", rows) == std::string{rows} + '\n');
  CHECK(body("GET", "/v1.43/images/json", rows) ==
        R"([{"Id":"sha256:1","RepoDigests":[],"RepoTags":["a:1"],"Size":7,"VirtualSize":7},)"
        R"({"Id":"sha256:2","RepoDigests":["a@sha256:9"],"RepoTags":[],"Size":8,"VirtualSize":8},)"
        R"({"Id":"sha256:3","RepoDigests":[],"RepoTags":[],"Size":9,"VirtualSize":9}])"
        "\n");
  CHECK(
      body("GET", "/v1.42/images/json", rows) ==
      R"([{"Id":"sha256:1","RepoDigests":null,"RepoTags":["a:1"],"Size":7,"VirtualSize":7},)"
      R"({"Id":"sha256:2","RepoDigests":["a@sha256:9"],"RepoTags":null,"Size":8,"VirtualSize":8},)"
      R"({"Id":"sha256:3","RepoDigests":["<none>@<none>"],"RepoTags":["<none>:<none>"],)"
      R"("Size":9,"VirtualSize":9}])"
      "\n");
  CHECK(body("GET", "/images/json", {}) == "[]\n");
  CHECK(body("GET", "/v1.14/images/json", {}) == "[]");
}

TEST_CASE("image operations: disk usage shows images by version", "[api][images]") {
  constexpr std::string_view usage =
      R"({"LayersSize":7,"Images":[{"RepoDigests":[],"RepoTags":[],"Size":7}]})";
  CHECK(body("GET", "/system/df", usage) ==
        R"({"LayersSize":7,"Images":[{"RepoDigests":[],"RepoTags":[],"Size":7}],)"
        R"("Containers":null,"Volumes":null,"BuildCache":null})"
        "\n");
  CHECK(body("GET", "/v1.42/system/df", usage) ==
        R"({"LayersSize":7,"Images":[{"RepoDigests":["<none>@<none>"],)"
        R"("RepoTags":["<none>:<none>"],"Size":7,"VirtualSize":7}],)"
        R"("Containers":null,"Volumes":null,"BuildCache":null})"
        "\n");
}

namespace {

constexpr std::string_view inspected =
    R"({"Id":"sha256:1","RepoTags":["a:1"],"RepoDigests":[],"Parent":"sha256:0","Comment":"c",)"
    R"("Container":"","ContainerConfig":{"Hostname":"h"},"DockerVersion":"","Author":"",)"
    R"("Config":{"Hostname":"h","Domainname":"","User":"u","AttachStdin":false,)"
    R"("AttachStdout":true,"AttachStderr":false,"ExposedPorts":{"80/tcp":{}},"Tty":true,)"
    R"("OpenStdin":false,"StdinOnce":false,"Env":["A=1"],"Cmd":["sh"],"ArgsEscaped":true,)"
    R"("Image":"sha256:9","Volumes":null,"WorkingDir":"/w","Entrypoint":[],"OnBuild":null,)"
    R"("Labels":{},"StopSignal":"SIGINT","StopTimeout":3},"Architecture":"amd64","Os":"linux",)"
    R"("Size":7,"RootFS":{"Type":"layers"}})";

} // namespace

TEST_CASE("image operations: an image is shown by version", "[api][images]") {
  const std::string front =
      R"({"Id":"sha256:1","RepoTags":["a:1"],"RepoDigests":[],"Parent":"sha256:0","Comment":"c",)";
  const std::string container = R"("Container":"","ContainerConfig":{"Hostname":"h"},)";
  const std::string middle = R"("DockerVersion":"","Author":"","Config":)";
  const std::string config =
      R"({"ArgsEscaped":true,"Cmd":["sh"],"Entrypoint":null,"Env":["A=1"],)"
      R"("ExposedPorts":{"80/tcp":{}},"Labels":null,"OnBuild":null,"StopSignal":"SIGINT",)"
      R"("User":"u","Volumes":null,"WorkingDir":"/w"})";
  const std::string old_config =
      R"({"ArgsEscaped":true,"AttachStderr":false,"AttachStdin":false,"AttachStdout":false,)"
      R"("Cmd":["sh"],"Domainname":"","Entrypoint":null,"Env":["A=1"],)"
      R"("ExposedPorts":{"80/tcp":{}},"Hostname":"","Image":"","Labels":null,"OnBuild":null,)"
      R"("OpenStdin":false,"StdinOnce":false,"StopSignal":"SIGINT","Tty":false,"User":"u",)"
      R"("Volumes":null,"WorkingDir":"/w"})";
  const std::string size = R"(,"Architecture":"amd64","Os":"linux","Size":7,)";
  const std::string end = R"("RootFS":{"Type":"layers"}})"
                          "\n";
  CHECK(body("GET", "/images/a/json", inspected) == front + middle + config + size + end);
  CHECK(body("GET", "/v1.49/images/a/json", inspected) == front + middle + old_config + size + end);
  CHECK(body("GET", "/v1.44/images/a/json", inspected) ==
        front + container + middle + old_config + size + end);
  CHECK(body("GET", "/v1.43/images/a/json", inspected) ==
        front + R"("Created":"0001-01-01T00:00:00Z",)" + container + middle + old_config + size +
            R"("VirtualSize":7,)" + end);
}

TEST_CASE("image operations: an image without config shows an empty one", "[api][images]") {
  CHECK(body("GET", "/images/a/json", R"({"Id":"x","Config":null})") ==
        R"({"Id":"x","Config":{"Cmd":null,"Entrypoint":null,"Env":null,"Labels":null,)"
        R"("OnBuild":null,"User":"","Volumes":null,"WorkingDir":""}})"
        "\n");
}

TEST_CASE("image operations: 1.2.0 lists images in its own way (R5, B1)", "[api][images]") {
  constexpr std::string_view rows =
      R"([{"Containers":-1,"Created":5,"Id":"sha256:1","Labels":{},"ParentId":"sha256:0",)"
      R"("RepoDigests":[],"RepoTags":["a:1","h:5/b:2"],"SharedSize":-1,"Size":7},)"
      R"({"Created":4,"Id":"sha256:2","ParentId":"","RepoDigests":[],"RepoTags":[],"Size":8}])";
  CHECK(body("GET", "/v1.14/images/json", rows) ==
        R"([{"Created":5,"Id":"1","ParentId":"0","RepoTags":["a:1","h:5/b:2"],"Size":7,)"
        R"("VirtualSize":7})"
        "\n"
        R"(,{"Created":4,"Id":"2","ParentId":"","RepoTags":["\u003cnone\u003e:\u003cnone\u003e"],)"
        R"("Size":8,"VirtualSize":8})"
        "\n]");
  auto before_1_7 = body("GET", "/v1.6/images/json", rows);
  auto parsed = boost::json::parse(before_1_7).as_array();
  REQUIRE(parsed.size() == 3);
  CHECK(parsed[0].at("Repository") == "a");
  CHECK(parsed[1].at("Repository") == "h:5/b");
  CHECK(parsed[1].at("Tag") == "2");
  CHECK(parsed[2].at("Repository") == "<none>");
  CHECK(parsed[2].at("Tag") == "<none>");
}

TEST_CASE("image operations: 1.2.0 shows an image in its own way (R10)", "[api][images]") {
  auto today = answer_json("GET", "/v1.14/images/a/json", inspected);
  CHECK(test::header(today, "Content-Type") == "application/json");
  auto image = boost::json::parse(today.body).as_object();
  std::string names;
  for (const auto& member : image)
    names += std::string{member.key()} + " ";
  CHECK(names == "Architecture Author Comment Config Container ContainerConfig Created "
                 "DockerVersion Id Os Parent Size ");
  CHECK(image["Id"] == "1");
  CHECK(image["Parent"] == "0");
  CHECK(image["Created"] == "0001-01-01T00:00:00Z");
  CHECK(image["Config"].at("Memory") == 0);
  CHECK(image["Config"].at("Hostname") == "h");
  CHECK(image["Config"].at("NetworkDisabled") == false);

  auto raw = answer_json("GET", "/v1.11/images/a/json", inspected);
  CHECK(test::header(raw, "Content-Type") == "application/json");
  CHECK(raw.body.ends_with("}"));
  names.clear();
  auto raw_image = boost::json::parse(raw.body).as_object();
  for (const auto& member : raw_image)
    names += std::string{member.key()} + " ";
  CHECK(names == "id parent comment created container_config config architecture os Size ");
}

TEST_CASE("image operations: history of both eras", "[api][images]") {
  constexpr std::string_view rows =
      R"([{"Comment":"c","Created":5,"CreatedBy":"x","Id":"sha256:1","Size":7,"Tags":["a:1"]},)"
      R"({"Comment":"","Created":4,"CreatedBy":"<","Id":"<missing>","Size":0,"Tags":null}])";
  CHECK(body("GET", "/images/a/history", rows) == std::string{rows} + '\n');
  CHECK(body("GET", "/v1.14/images/a/history", rows) ==
        R"([{"Created":5,"CreatedBy":"x","Id":"1","Size":7,"Tags":["a:1"]})"
        "\n"
        R"(,{"Created":4,"CreatedBy":"\u003c","Id":"\u003cmissing\u003e","Size":0,"Tags":[]})"
        "\n]");
  CHECK(body("GET", "/images/a/history", {}) == "[]\n");
}

TEST_CASE("image operations: what was removed in both eras", "[api][images]") {
  constexpr std::string_view items = R"([{"Untagged":"a:1"},{"Deleted":"sha256:1"}])";
  CHECK(body("DELETE", "/images/a", items) == std::string{items} + '\n');
  CHECK(body("DELETE", "/v1.14/images/a", items) ==
        "[{\"Untagged\":\"a:1\"}\n,{\"Deleted\":\"1\"}\n]");
  CHECK(body("POST", "/images/prune", R"({"ImagesDeleted":null,"SpaceReclaimed":0})") ==
        "{\"ImagesDeleted\":null,\"SpaceReclaimed\":0}\n");
}

TEST_CASE("image operations: a new name is answered by 201 without a body", "[api][images]") {
  for (auto target : {"/images/a/tag?repo=b", "/v1.14/images/a/tag?repo=b"}) {
    auto r = answer_json("POST", target, {});
    CHECK(r.status == 201);
    CHECK(r.body.empty());
    CHECK_FALSE(test::has(r, "Content-Type"));
  }
}

TEST_CASE("image operations: failures have the status of their era", "[api][images]") {
  auto status = [](std::string_view target, errc kind, std::string text) {
    return failed_answer("DELETE", target, kind, std::move(text)).status;
  };
  CHECK(status("/images/a", errc::not_found, "No such image: a:latest") == 404);
  CHECK(status("/images/a", errc::conflict, "conflict: unable to delete a") == 409);
  CHECK(status("/images/a", errc::invalid_parameter, "invalid reference format") == 400);
  CHECK(status("/v1.14/images/a", errc::not_found, "No such image: a") == 404);
  CHECK(status("/v1.14/images/a", errc::conflict, "Conflict, unable to delete a") == 409);
}
