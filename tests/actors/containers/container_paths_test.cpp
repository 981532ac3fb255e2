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

TEST_CASE("container_paths: an exec root that is too long for sockets is refused",
          "[actors][containers]") {
  const container_paths longest{"/d", "/" + std::string(17, 'x'), id};
  CHECK(longest.control_socket().native().size() == 107);
  CHECK(longest.control_socket().native().size() == longest.console_socket().native().size());
  CHECK(longest.check_sockets().has_value());
  CHECK(container_paths{"/d", "/var/run/gantry", id}.check_sockets().has_value());
  const auto refused = container_paths{"/d", "/" + std::string(18, 'x'), id}.check_sockets();
  REQUIRE(refused.has_error());
  CHECK(refused.error().kind == errc::invalid_parameter);
  CHECK(refused.error().message ==
        "exec root '/xxxxxxxxxxxxxxxxxx' is too long: it has 19 bytes, and with more than 18 there "
        "is no room for a container's sockets");
}
