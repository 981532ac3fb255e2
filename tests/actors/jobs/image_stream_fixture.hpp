#pragma once

#include "actors/engine/engine_actor.hpp"
#include "tests/actors/image/image_fixture.hpp"
#include "tests/actors/jobs/stream_client.hpp"

#include <memory>
#include <string>

namespace gantry::test {

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
