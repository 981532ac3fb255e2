#include "actors/containers/container_paths.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::containers;

namespace {

const std::string id(64, 'a');

} // namespace

TEST_CASE("container_paths: where things are", "[actors][containers]") {
  const container_paths paths{"/var/lib/gantry/", "/run/gantry", id};
  CHECK(paths.merged() == "/var/lib/gantry/containers/" + id + "/merged");
  CHECK(paths.config() == "/run/gantry/containers/" + id + "/bundle/config.json");
  CHECK(paths.runtime_root("crun") == "/run/gantry/runtime/crun");
  CHECK(paths.log_file(monitor::log_driver::json_file).filename() == id + "-json.log");
  CHECK(paths.log_file(monitor::log_driver::local) ==
        "/var/lib/gantry/containers/" + id + "/local-logs/container.log");
  CHECK(paths.log_file(monitor::log_driver::none).empty());
}
