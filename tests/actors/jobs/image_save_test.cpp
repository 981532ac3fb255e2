#include "tests/actors/jobs/image_stream_fixture.hpp"

using namespace gantry;
using test::image_stream_fixture;

TEST_CASE_METHOD(image_stream_fixture, "image_save: 16.1 writes an archive that loads as the same",
                 "[actors][jobs]") {
  const test::sample_image sample;
  load(sample.archive);
  auto saved = run("image_save", {"bb"}, {});
  CHECK(saved->reply->status == job::status_ok);
  CHECK(saved->content_type == "application/x-tar");
  CHECK(events().back() == "save " + sample.id);
  remove("bb");
  REQUIRE(images().empty());
  auto loaded = run("image_load", {}, {}, saved->output);
  CHECK(images() == std::vector<std::string>{sample.id + ": bb:latest"});
  CHECK(run("image_save", {sample.id, "bb:latest"}, {})->output == saved->output);
}

TEST_CASE_METHOD(image_stream_fixture, "image_save: 16.1 what is missing is a proper error",
                 "[actors][jobs]") {
  auto client = run("image_save", {"nosuch"}, {});
  CHECK(client->content_type.empty());
  CHECK(client->reply->kind == errc::not_found);
  CHECK(client->reply->error == "No such image: nosuch");
  job::env environment;
  environment.set_list("platforms", {"linux/amd64", "linux/arm64"});
  client = run("image_save", {"nosuch"}, environment);
  CHECK(client->reply->kind == errc::invalid_parameter);
  CHECK(client->reply->error == "multiple platforms are not supported");
}

TEST_CASE_METHOD(image_stream_fixture, "image_save: a client that takes nothing can be left",
                 "[actors][jobs]") {
  std::string tar = test::layer_tar({{"big", std::string(5'000'000, 'b')}});
  load(test::docker_archive(test::config_with({tar}), {tar}, {"big:1"}));
  auto client = std::make_shared<test::stream_client>();
  client->takes = false;
  auto id = start({"image_save", {"big:1"}, {}}, client);
  client->wait([&] { return client->output.size() >= limits::stream_window; });
  CHECK(client->output.size() < 2'000'000);
  caf::anon_send(engine, core::cancel_job{id});
  client->wait_for_end();
  services.streams->stop();
  remove("big:1");
  CHECK(things().empty()); // its lease has ended
}
