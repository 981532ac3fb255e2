#include "tests/actors/jobs/image_job_fixture.hpp"

#include "actors/containers/container_services.hpp"
#include "actors/jobs/volume_jobs.hpp"
#include "protocol/api/json.hpp"

#include <caf/exit_reason.hpp>

namespace gantry::test {

std::string text_of(const boost::json::value& v) {
  std::string text;
  api::append_json(text, v);
  return text;
}

std::string id_of(const boost::json::value& image) {
  return std::string{image.at("Id").as_string().c_str()};
}

image_job_fixture::image_job_fixture() = default;

image_job_fixture::~image_job_fixture() {
  if (opened_) // a released handle is not sent to
    kill_store();
}

void image_job_fixture::open() {
  files.close();
  auto opened = store::image_store::open(files.root(), [this] { return now; });
  REQUIRE(opened);
  images.catalog = std::make_shared<image::shared_catalog>();
  auto layers = store::layer_files::open(files.where(), store::layer_driver::copy);
  REQUIRE(layers);
  images.layers = std::make_shared<const store::layer_files>(std::move(*layers));
  images.streams = services.pool;
  images.publish = [this](const store::image_event& event) {
    std::lock_guard guard{mutex_};
    events_.push_back(event);
  };
  images.host.architecture = "amd64";
  images.host.os = "linux";
  images.now = [this] { return now; };
  images.store = image::spawn_image_store(sys, images.catalog, *services.pool);
  caf::anon_send(images.store, image::store_opened{std::move(*opened)});
  opened_ = true;
  wait_for_store();
  services.images = images.catalog;
  engine::job_table table;
  jobs::add_builtin_jobs(table, services).value();
  jobs::add_image_jobs(table, images).value();
  containers::container_services none;
  none.images = images;
  jobs::add_disk_usage_job(table, none).value();
  start_engine(std::move(table));
}

void image_job_fixture::kill_store() { caf::anon_send_exit(images.store, caf::exit_reason::kill); }

void image_job_fixture::wait_for_store() {
  REQUIRE(image::ask_store_blocking(images.store, "wait",
                                    [](store::image_store&) { return result<void>{}; }));
}

std::pair<errc, std::string>
image_job_fixture::failure(std::string name, std::vector<std::string> args, job::env environment) {
  auto reply = run(std::move(name), std::move(args), std::move(environment));
  CHECK(reply.status == job::status_error);
  return {reply.kind, reply.error};
}

std::vector<store::image_event> image_job_fixture::take_events() {
  std::lock_guard guard{mutex_};
  return std::exchange(events_, {});
}

} // namespace gantry::test
