#pragma once

#include "actors/image/image_services.hpp"
#include "actors/jobs/image_builtins.hpp"
#include "tests/actors/jobs/job_fixture.hpp"
#include "tests/actors/store/store_fixture.hpp"

#include <boost/json/parse.hpp>

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace gantry::test {

/// The builtin jobs and those about images, with a store in a fresh directory. First `files` is
/// filled, then `open` starts the store; the jobs are run after that.
class image_job_fixture : public job_fixture {
public:
  ~image_job_fixture() {
    if (opened_) // a released handle is not sent to
      caf::anon_send_exit(images.store, caf::exit_reason::kill);
  }

  void open() {
    files.close();
    auto opened = store::image_store::open(files.root(), [this] { return now; });
    REQUIRE(opened);
    images.catalog = std::make_shared<image::shared_catalog>();
    auto layers = store::layer_files::open(files.where().tmp(), store::layer_driver::copy);
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
    jobs::add_image_jobs(table, images, *services.pool).value();
    engine::engine_options options;
    options.log_jobs = false;
    caf::anon_send_exit(engine, caf::exit_reason::kill);
    engine = runtime::spawn(sys, engine::run_engine, std::move(table), options);
  }

  /// Returns when the store has done what it was told before.
  void wait_for_store() {
    REQUIRE(image::ask_store_blocking(images.store, "wait",
                                      [](store::image_store&) { return result<void>{}; }));
  }

  /// The kind and the text of a job's failure.
  std::pair<errc, std::string> failure(std::string name, std::vector<std::string> args = {},
                                       job::env environment = {}) {
    auto reply = run(std::move(name), std::move(args), std::move(environment));
    CHECK(reply.status == job::status_error);
    return {reply.kind, reply.error};
  }

  /// What was published since the last call.
  std::vector<store::image_event> take_events() {
    std::lock_guard guard{mutex_};
    return std::exchange(events_, {});
  }

  store_fixture files;
  image::image_services images;
  store::timestamp now{std::chrono::seconds{1'700'000'000}};

private:
  std::mutex mutex_;
  std::vector<store::image_event> events_;
  bool opened_ = false;
};

} // namespace gantry::test
