#include "protocol/container/resolve_mounts.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::container;

namespace {

resolved_mount resolved(const mount_point& mount, bool recursive_read_only = true) {
  return resolve_mounts({mount}, {}, recursive_read_only).value().at(0);
}

resolved_mount resolved_bind(const std::string& text) { return resolved(*parse_bind(text, {})); }

mount_request bind_request() {
  mount_request request;
  request.type = "bind";
  request.source = "/s";
  request.target = "/t";
  request.read_only = true;
  request.bind_options.emplace();
  return request;
}

} // namespace

TEST_CASE("resolve_mounts: binds", "[protocol][container]") {
  const auto plain = resolved_bind("/s/:/t");
  CHECK(plain.type == "bind");
  CHECK(plain.source == "/s");
  CHECK(plain.destination == "/t");
  CHECK_FALSE(plain.read_only);
  CHECK_FALSE(plain.non_recursive);
  CHECK(plain.propagation == "rprivate");
  CHECK(plain.optional_propagation);
  CHECK(resolved_bind("/s:/t:ro").read_only);
  CHECK(resolved_bind("/s:/t:rslave").propagation == "rslave");
  CHECK_FALSE(resolved_bind("/s:/t:rslave").optional_propagation);
  auto request = bind_request();
  request.bind_options->non_recursive = true;
  CHECK(resolved(*parse_mount(request, {})).non_recursive);
}

TEST_CASE("resolve_mounts: how far read-only goes", "[protocol][container]") {
  auto request = bind_request();
  auto recursive = [&request](bool host_can) {
    const auto mounts = resolve_mounts({*parse_mount(request, {})}, {}, host_can);
    return mounts ? (mounts->at(0).recursive_read_only ? "all" : "one") : mounts.error().message;
  };
  CHECK(recursive(true) == "all");
  CHECK(recursive(false) == "one");
  request.bind_options->read_only_non_recursive = true;
  CHECK(recursive(true) == "one");
  request.bind_options->read_only_non_recursive = false;
  request.bind_options->read_only_force_recursive = true;
  CHECK(recursive(true) == "all");
  CHECK(recursive(false) == "recursively read-only mounts are not supported by this host: /t");
}

TEST_CASE("resolve_mounts: volumes", "[protocol][container]") {
  auto mount = *parse_bind("v:/t:ro", {});
  use_volume(mount, "v", "local", "/volumes/v/_data");
  const auto volume = resolved(mount);
  CHECK(volume.type == "bind");
  CHECK(volume.source == "/volumes/v/_data");
  CHECK(volume.read_only);
  CHECK(volume.propagation.empty());
}

TEST_CASE("resolve_mounts: tmpfs of Mounts, then those of HostConfig.Tmpfs",
          "[protocol][container]") {
  mount_request request;
  request.type = "tmpfs";
  request.target = "/t";
  request.tmpfs_options.emplace().size_bytes = 1 << 20;
  host_config host;
  host.tmpfs = {{{"/run/", "size=1k"}, {"/a", ""}}};
  const auto mounts = resolve_mounts({*parse_mount(request, {})}, host, true).value();
  REQUIRE(mounts.size() == 3);
  for (const auto& mount : mounts)
    CHECK(mount.type == "tmpfs");
  CHECK(mounts[0].destination == "/t");
  CHECK(mounts[0].tmpfs_options == "size=1m");
  CHECK(mounts[1].destination == "/a");
  CHECK(mounts[2].destination == "/run");
  CHECK(mounts[2].tmpfs_options == "size=1k");
  request.tmpfs_options->options = {{"size"}};
  mount_point bad;
  bad.type = "tmpfs";
  bad.spec = request;
  CHECK(resolve_mounts({bad}, {}, true).error() ==
        api_error{errc::invalid_parameter, "invalid option: size"});
}
