#include "tests/actors/jobs/image_stream_fixture.hpp"

using namespace gantry;
using test::image_stream_fixture;

TEST_CASE_METHOD(image_stream_fixture, "image_import: 16.3 its input becomes an image",
                 "[actors][jobs]") {
  const test::sample_image sample;
  job::env environment{{"fromSrc", "-"},
                       {"repo", "made"},
                       {"tag", "1"},
                       {"message", "from hand"},
                       {"platform", "linux/arm64"}};
  environment.set_list("changes", {"CMD /bin/x", "USER me"});
  auto client = run("image_import", {}, environment, sample.tar);
  CHECK(client->reply->status == job::status_ok);
  CHECK(client->content_type == "application/json");
  const auto found = catalog();
  REQUIRE(found->images().size() == 1);
  const auto& image = found->images().front();
  CHECK(client->output == R"({"status":")" + image.id().str() + "\"}\r\n");
  CHECK(image.references.front().familiar() == "made:1");
  CHECK(image.config().comment == "from hand");
  CHECK(image.config().architecture == "arm64");
  CHECK(image.config().config->user == "me");
}

TEST_CASE_METHOD(image_stream_fixture, "image_import: 16.3 errors before output are real ones",
                 "[actors][jobs]") {
  job::env environment{{"fromSrc", "-"}};
  environment.set_list("changes", {"FROM x"});
  auto client = run("image_import", {}, environment, "");
  CHECK(client->content_type.empty());
  CHECK(client->reply->kind == errc::invalid_parameter);
  CHECK(client->reply->error == "from is not a valid change command");
  client = run("image_import", {}, {{"fromSrc", "-"}}, std::string(3000, 'x'));
  CHECK(client->content_type.empty());
  CHECK(client->reply->kind == errc::invalid_parameter);
  client = run("image_import", {}, {{"fromSrc", "ftp://host/x"}});
  CHECK(client->reply->error == "Get \"ftp://host/x\": unsupported protocol scheme \"ftp\"");
  CHECK(things().empty());
}

TEST_CASE_METHOD(image_stream_fixture, "image_import: 1.2.0 is told the id as it knew ids",
                 "[actors][jobs]") {
  const test::sample_image sample;
  auto client = run("image_import", {}, {{"fromSrc", "-"}, {"shape", "1.2"}}, sample.tar);
  CHECK(client->reply->status == job::status_ok);
  const auto found = catalog();
  REQUIRE(found->images().size() == 1);
  CHECK(client->output ==
        R"({"status":")" + std::string{found->images().front().id().hex()} + "\"}\r\n");
}
