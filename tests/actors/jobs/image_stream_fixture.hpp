#pragma once

#include "actors/engine/engine_actor.hpp"
#include "tests/actors/image/image_fixture.hpp"
#include "tests/support/sends.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace gantry::test {

/// What a client of a job that streams has seen, and what it sends.
struct stream_client {
  std::mutex mutex;
  std::condition_variable changed;
  std::string input;
  std::size_t given = 0;
  std::string input_error; ///< how its body ends, if not well
  bool silent = false;     ///< sends nothing, and no end
  bool takes = true;       ///< takes what it gets

  std::string output;
  std::string content_type; ///< empty until the answer has begun
  std::optional<job::reply> reply;
  caf::strong_actor_ptr job;
  bool asked = false;

  /// Waits until the condition holds; it is asked while `mutex` is locked.
  void wait(const std::function<bool()>& condition);
  void wait_for_end();
};

/// The jobs of images that stream, in an engine, with a store in a fresh directory.
class image_stream_fixture : public image_fixture {
public:
  image_stream_fixture();
  ~image_stream_fixture();

  core::request_id start(job::request what, const std::shared_ptr<stream_client>& client);

  /// Runs a job with that input to its end.
  std::shared_ptr<stream_client> run(std::string name, std::vector<std::string> args,
                                     job::env environment, std::string input = {});

  core::engine_actor engine;
};

/// An image with one layer, its archive, and its id.
struct sample_image {
  std::string tar =
      layer_tar({{"etc/os-release", "ID=test\n"}, {"big", std::string(500'000, 'b')}});
  std::string config = config_with({tar});
  std::string archive = docker_archive(config, {tar}, {"bb:latest"});
  std::string id = oci::sha256_of(config).str();
};

} // namespace gantry::test
