#include "protocol/container/mount_point.hpp"

#include <catch2/catch.hpp>

using namespace gantry;
using namespace gantry::container;

namespace {

mount_point bind(const std::string& text, const std::string& driver = {}) {
  auto mount = parse_bind(text, driver);
  if (!mount)
    FAIL(mount.error().message);
  return *mount;
}

std::string bind_error(const std::string& text) {
  auto mount = parse_bind(text, {});
  REQUIRE_FALSE(mount.has_value());
  CHECK(mount.error().kind == errc::invalid_parameter);
  return mount.error().message;
}

mount_request request(const std::string& type, const std::string& source) {
  mount_request r;
  r.type = type;
  r.source = source;
  r.target = "/x";
  return r;
}

std::string mount_error(const mount_request& r, const path_probe& probe = {}) {
  auto mount = parse_mount(r, probe);
  REQUIRE_FALSE(mount.has_value());
  const auto prefix = "invalid mount config for type \"" + r.type + "\": ";
  REQUIRE(mount.error().message.substr(0, prefix.size()) == prefix);
  return mount.error().message.substr(prefix.size());
}

container_config with_volumes(std::set<std::string> volumes) {
  container_config config;
  config.volumes = std::move(volumes);
  return config;
}

result<std::vector<mount_point>> nobody(const std::string& name) {
  return api_error{errc::not_found, "No such container: " + name};
}

mount_point& at(std::vector<mount_point>& mounts, std::string_view destination) {
  const auto found = std::find_if(mounts.begin(), mounts.end(), [destination](const auto& mount) {
    return mount.destination == destination;
  });
  REQUIRE(found != mounts.end());
  return *found;
}

} // namespace

TEST_CASE("mount_point: a directory of the host", "[protocol][container]") {
  auto mount = bind("/a/../b/:/c//d/:ro,rslave,z");
  CHECK(mount.type == "bind");
  CHECK(mount.source == "/b");
  CHECK(mount.destination == "/c/d");
  CHECK_FALSE(mount.read_write);
  CHECK(mount.propagation == "rslave");
  CHECK(mount.mode == "ro,rslave,z");
  CHECK(mount.create_source);
  CHECK_FALSE(mount.copy_up);
  CHECK(bind("/a:/b").propagation == "rprivate");
  CHECK(bind("/a:/b:").mode.empty());
}

TEST_CASE("mount_point: a named volume", "[protocol][container]") {
  auto mount = bind("data:/d", "nfs");
  CHECK(mount.type == "volume");
  CHECK(mount.name == "data");
  CHECK(mount.driver == "nfs");
  CHECK(mount.source.empty());
  CHECK(mount.copy_up);
  CHECK(mount.read_write);
  CHECK(mount.propagation.empty());
  CHECK_FALSE(is_anonymous(mount));
  CHECK_FALSE(mount.create_source);
  CHECK_FALSE(bind("data:/d:nocopy").copy_up);
}

TEST_CASE("mount_point: a volume without a name", "[protocol][container]") {
  auto mount = bind("/d");
  CHECK(mount.type == "volume");
  CHECK(mount.destination == "/d");
  CHECK(is_anonymous(mount));
  CHECK_FALSE(is_anonymous(bind("/a:/b")));
}

TEST_CASE("mount_point: a volume that was made", "[protocol][container]") {
  auto local = bind("data:/d");
  use_volume(local, "data", "local", "/v/data/_data");
  CHECK(local.mode == "z");
  CHECK(local.source == "/v/data/_data");
  auto other = bind("data:/d");
  use_volume(other, "data", "nfs", "/n");
  CHECK(other.mode.empty());
  CHECK(other.driver == "nfs");
  auto with_mode = bind("data:/d:ro");
  use_volume(with_mode, "data", "local", "/v");
  CHECK(with_mode.mode == "ro");
  auto mounts = collect_mounts({}, with_volumes({"/d"}), {}, nobody);
  auto& of_config = at(*mounts, "/d");
  use_volume(of_config, std::string(64, 'a'), "local", "/v");
  CHECK(of_config.mode.empty());
  CHECK(is_anonymous(of_config));
}

TEST_CASE("mount_point: what is no bind", "[protocol][container]") {
  for (const char* text : {"/x:rw", "a:b:c:d", ":/x", "", "a:ro"})
    CHECK(bind_error(text) == std::string{"invalid volume specification: '"} + text + "'");
  for (const char* mode : {"xx", "rw,ro", "z,Z", "rw,", ",rw", "rw,,z", "shared,slave", "RO"})
    CHECK(bind_error(std::string{"/a:/b:"} + mode) == std::string{"invalid mode: "} + mode);
  CHECK(bind_error("v:/") ==
        "invalid volume specification: 'v:/': invalid mount config for type \"volume\": invalid "
        "specification: destination can't be '/'");
  CHECK(bind_error("/a:/b/..") ==
        "invalid volume specification: '/a:/b/..': invalid mount config for type \"bind\": invalid "
        "specification: destination can't be '/'");
}

TEST_CASE("mount_point: the sources of binds in Mounts have to be there", "[protocol][container]") {
  auto nothing = [](const std::string&) -> result<bool> { return false; };
  auto locked = [](const std::string& path) -> result<bool> {
    return api_error{errc::system, "stat " + path + ": permission denied"};
  };
  auto r = request("bind", "/a");
  CHECK(mount_error(r, nothing) == "bind source path does not exist: /a");
  CHECK(mount_error(r, locked) == "stat /a: permission denied");
  CHECK_FALSE(parse_mount(r, {})->create_source);
  r.bind_options.emplace().create_mountpoint = true;
  CHECK(parse_mount(r, nothing)->create_source);
}

TEST_CASE("mount_point: options of binds that exclude each other", "[protocol][container]") {
  auto r = request("bind", "/a");
  r.bind_options.emplace().read_only_non_recursive = true;
  CHECK(mount_error(r) == "mount options conflict: !ReadOnly && BindOptions.ReadOnlyNonRecursive");
  r.read_only = true;
  CHECK(parse_mount(r, {}).has_value());
  r.bind_options->read_only_force_recursive = true;
  CHECK(mount_error(r) == "mount options conflict: ReadOnlyNonRecursive && "
                          "BindOptions.ReadOnlyForceRecursive");
}

TEST_CASE("mount_point: parts of volumes and images", "[protocol][container]") {
  auto r = request("volume", "v");
  r.volume_options.emplace();
  for (const char* inside : {"a", "a/../b", "..a", "a/b/"}) {
    r.volume_options->subpath = inside;
    CHECK(parse_mount(r, {}).has_value());
  }
  for (const char* outside : {"/a", "..", "../a", "a/../../b"}) {
    r.volume_options->subpath = outside;
    CHECK(mount_error(r) == "subpath must be a relative path within the volume");
  }
  r.source.clear();
  CHECK(mount_error(r) == "must not set Subpath when using anonymous volumes");
  CHECK(mount_error(request("image", "")) == "field Source must not be empty");
  auto image = *parse_mount(request("image", "bb"), {});
  CHECK_FALSE(image.read_write);
  CHECK(image.source == "bb");
}

TEST_CASE("mount_point: options of a tmpfs", "[protocol][container]") {
  auto r = request("tmpfs", "");
  CHECK(*tmpfs_mount_options(r) == "");
  r.read_only = true;
  auto& options = r.tmpfs_options.emplace();
  options.mode = 01770;
  options.options = {{"exec"}};
  for (auto [bytes, text] : {std::pair<std::int64_t, const char*>{1 << 30, "1g"},
                             {3 << 20, "3m"},
                             {5 << 10, "5k"},
                             {1025, "1025"}}) {
    options.size_bytes = bytes;
    CHECK(*tmpfs_mount_options(r) == "ro,mode=1770,size=" + std::string{text} + ",exec");
  }
  options.options = {{"noexec", "x"}};
  CHECK(*tmpfs_mount_options(r) == "ro,mode=1770,size=1025,noexec=x");
  options.options = {{"size"}};
  CHECK(mount_error(r) == "invalid option: size");
  options.options = {{}};
  CHECK(mount_error(r) == "invalid option array length");
}

TEST_CASE("mount_point: volumes of other containers", "[protocol][container]") {
  CHECK(parse_volumes_from("web")->container == "web");
  CHECK(parse_volumes_from("web")->read_write);
  CHECK_FALSE(parse_volumes_from("web:ro")->read_write);
  CHECK(parse_volumes_from("web:z")->read_write);
  CHECK(parse_volumes_from("").error().message ==
        "volumes-from specification cannot be an empty string");
  for (const char* mode : {"x", "nocopy", "rshared", "ro:rw"})
    CHECK(parse_volumes_from(std::string{"web:"} + mode).error().message ==
          std::string{"invalid mode: "} + mode);
}

TEST_CASE("mount_point: Mounts over Binds over VolumesFrom over the image's volumes",
          "[protocol][container]") {
  auto theirs = [](const std::string& name) -> result<std::vector<mount_point>> {
    CHECK(name == "web");
    auto volume = *parse_bind("v:/a:nocopy", {});
    use_volume(volume, "v", "local", "/v");
    return std::vector{volume, *parse_bind("/h:/b", {}), *parse_bind("/h:/c", {}),
                       *parse_bind("/h:/d", {})};
  };
  host_config host;
  host.volumes_from = {{"web:ro"}};
  host.binds = {{"/mine:/b", "mine:/m"}};
  auto request_c = request("volume", "c");
  request_c.target = "/c/";
  host.mounts = {{request_c}};
  host.tmpfs = {{{"/t", ""}}};
  auto mounts = collect_mounts(host, with_volumes({"/a", "/t", "/e/", "/m"}), {}, theirs);
  REQUIRE(mounts.has_value());
  std::vector<std::string> destinations;
  for (const auto& mount : *mounts)
    destinations.push_back(mount.destination + "=" +
                           (mount.source.empty() ? mount.name : mount.source));
  CHECK(destinations ==
        std::vector<std::string>{"/a=/v", "/b=/mine", "/c=c", "/d=/h", "/e=", "/m=mine"});
  CHECK_FALSE(at(*mounts, "/a").read_write);
  CHECK_FALSE(at(*mounts, "/a").copy_up);
  CHECK(at(*mounts, "/a").mode.empty());
  CHECK(at(*mounts, "/b").read_write);
  CHECK_FALSE(at(*mounts, "/d").create_source);
  CHECK(at(*mounts, "/e").copy_up);
}

TEST_CASE("mount_point: a place can be taken once", "[protocol][container]") {
  auto error = [](const host_config& host) {
    auto mounts = collect_mounts(host, {}, {}, nobody);
    REQUIRE_FALSE(mounts.has_value());
    CHECK(mounts.error().kind == errc::invalid_parameter);
    return mounts.error().message;
  };
  host_config host;
  host.binds = {{"a:/x", "b:/x/"}};
  CHECK(error(host) == "Duplicate mount point: /x");
  host.binds = {{"a:/x"}};
  host.tmpfs = {{{"/x", ""}}};
  CHECK(error(host) == "Duplicate mount point: /x");
  host.tmpfs.reset();
  host.mounts = {{request("volume", "v")}};
  CHECK(error(host) == "Duplicate mount point: /x");
  host = {};
  host.volumes_from = {{"gone"}};
  CHECK(error(host) == "No such container: gone");
}

TEST_CASE("mount_point: old clients mean the one mount when they say read-only",
          "[protocol][container]") {
  host_config host;
  host.binds = {{"/a:/x:ro", "/a:/y", "v:/z:ro"}};
  auto mounts =
      collect_mounts(host, {}, {.read_only_non_recursive = true, .data_root = {}}, nobody);
  REQUIRE(mounts.has_value());
  CHECK(at(*mounts, "/x").spec.bind_options->read_only_non_recursive);
  CHECK_FALSE(at(*mounts, "/y").spec.bind_options);
  CHECK_FALSE(at(*mounts, "/z").spec.bind_options);
}

TEST_CASE("mount_point: binds let go of what the daemon unmounts", "[protocol][container]") {
  const mount_rules rules{.read_only_non_recursive = false, .data_root = "/var/lib/gantry"};
  auto propagation = [&rules](const char* bind) {
    host_config host;
    host.binds = {{bind}};
    auto mounts = collect_mounts(host, {}, rules, nobody);
    return mounts ? mounts->front().propagation : mounts.error().message;
  };
  for (const char* source : {"/", "/var", "/var/lib/gantry", "/var/lib/gantry/volumes/v"})
    CHECK(propagation((source + std::string{":/x"}).c_str()) == "rslave");
  for (const char* source : {"/vara", "/var/lib/gantry2", "/var/lib/gan", "/tmp"})
    CHECK(propagation((source + std::string{":/x"}).c_str()) == "rprivate");
  CHECK(propagation("/:/x:rshared") == "rshared");
  CHECK(propagation("/:/x:rslave") == "rslave");
  CHECK(propagation("/:/x:shared") ==
        "invalid mount config: must use either propagation mode \"rslave\" or \"rshared\" when "
        "mount source is within the daemon root, daemon root: \"/var/lib/gantry\", bind mount "
        "source: \"/\", propagation: \"shared\"");
  CHECK(propagation("v:/x") == "");
}

TEST_CASE("mount_point: clean paths", "[protocol][container]") {
  for (auto [path, clean] : {std::pair{"/", "/"},
                             {"//a//b/", "/a/b"},
                             {"/a/./b/..", "/a"},
                             {"/../a", "/a"},
                             {"", "."},
                             {"a/", "a"},
                             {"/..", "/"}})
    CHECK(clean_path(path) == clean);
}
