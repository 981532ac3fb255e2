#include "tests/actors/jobs/image_stream_fixture.hpp"

using namespace gantry;
using test::image_stream_fixture;

TEST_CASE_METHOD(image_stream_fixture, "image_load: 16.2 loads its input, quietly unless asked",
                 "[actors][jobs]") {
  const test::sample_image sample;
  auto client = run("image_load", {}, {}, sample.archive);
  CHECK(client->reply->status == job::status_ok);
  CHECK(client->content_type == "application/json");
  CHECK(client->output == "{\"stream\":\"Loaded image: bb:latest\\n\"}\r\n");
  CHECK(images() == std::vector<std::string>{sample.id + ": bb:latest"});
  CHECK(events() == std::vector<std::string>{"load " + sample.id});

  remove("bb:latest");
  job::env loud;
  loud.set_bool("quiet", false);
  client = run("image_load", {}, loud, sample.archive);
  CHECK(client->output.starts_with(R"({"status":"Loading layer","progressDetail":{"current":)"));
}

TEST_CASE_METHOD(image_stream_fixture, "image_load: 16.2 errors are messages of the stream",
                 "[actors][jobs]") {
  const test::sample_image sample;
  auto client = run("image_load", {}, {}, std::string(2000, 'x'));
  CHECK(client->reply->status == job::status_ok);
  CHECK(client->output == R"({"errorDetail":{"message":"archive/tar: invalid tar header"},)"
                          "\"error\":\"archive/tar: invalid tar header\"}\r\n");
  // A body that breaks off.
  client = std::make_shared<test::stream_client>();
  client->input = sample.archive.substr(0, 100'000);
  client->input_error = "unexpected EOF";
  start({"image_load", {}, {}}, client);
  client->wait_for_end();
  CHECK(client->output.find(R"("error":"unexpected EOF"})") != std::string::npos);
  CHECK(things().empty());
}

TEST_CASE_METHOD(image_stream_fixture, "image_load: a platform, and what is wrong with it",
                 "[actors][jobs]") {
  const test::sample_image sample;
  job::env environment;
  environment.set_list("platforms", {R"({"os":"linux","architecture":"arm64"})"});
  auto client = run("image_load", {}, environment, sample.archive);
  CHECK(client->reply->status == job::status_ok);
  CHECK(images().empty());
  environment.set_list("platforms", {"a/b/c/d"});
  client = run("image_load", {}, environment, sample.archive);
  CHECK(client->reply->kind == errc::invalid_parameter);
  CHECK(client->output.empty());
}

TEST_CASE_METHOD(image_stream_fixture, "image_load: cancelled in the middle it leaves nothing",
                 "[actors][jobs]") {
  const test::sample_image sample;
  auto client = std::make_shared<test::stream_client>();
  client->silent = true;
  auto id = start({"image_load", {}, {}}, client);
  client->wait([&] { return client->asked; });
  caf::anon_send(engine, core::cancel_job{id});
  client->wait_for_end();
  CHECK(client->reply->kind == errc::unavailable);
  services.streams->stop(); // waits for its thread
  CHECK(things().empty());
}

TEST_CASE_METHOD(image_stream_fixture, "image_load: R23, 1.2.0 says nothing, and fails by status",
                 "[actors][jobs]") {
  const test::sample_image sample;
  job::env legacy;
  legacy.set("shape", "1.2");
  legacy.set_bool("quiet", false);
  auto client = run("image_load", {}, legacy, sample.archive);
  CHECK(client->reply->status == job::status_ok);
  CHECK(client->output.empty());
  CHECK(images() == std::vector<std::string>{sample.id + ": bb:latest"});
  client = run("image_load", {}, legacy, std::string(2000, 'x'));
  CHECK(client->reply->status == job::status_error);
  CHECK(client->reply->error == "archive/tar: invalid tar header");
  CHECK(client->output.empty());
}
