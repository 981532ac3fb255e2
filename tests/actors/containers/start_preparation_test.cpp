#include "actors/containers/container_files.hpp"
#include "actors/containers/start_preparation.hpp"
#include "tests/actors/containers/files_fixture.hpp"

#include <catch2/catch.hpp>

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace gantry;
using namespace gantry::containers;
using namespace gantry::test;
using container::mount_point;
namespace fs = std::filesystem;

namespace {

using words = std::vector<std::string>;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

prepared_start prepare(const start_input& input) {
  auto prepared = prepare_start_blocking(input);
  INFO((prepared ? "" : prepared.error().message));
  REQUIRE(prepared.has_value());
  return std::move(*prepared);
}

/// Prepares the container of `place`, which is to run `script` in a shell, and runs it.
std::string run(const container_place& place, const std::string& script,
                std::vector<mount_point> mounts = {}) {
  auto input = place.input("/bin/sh", {"-c", script});
  input.mounts = std::move(mounts);
  return run_bundle(place, prepare(input));
}

std::string config_of(const container_place& place) {
  return place.read("containers/" + place.paths.id() + "/bundle/config.json");
}

/// Why it cannot be prepared; looks that everything was undone.
std::string refusal(const container_place& place, const start_input& input) {
  const auto prepared = prepare_start_blocking(input);
  CHECK(place.mounts().empty());
  CHECK_FALSE(fs::exists(place.paths.exec_directory()));
  if (prepared)
    return {};
  CHECK(prepared.error().kind == errc::system);
  return prepared.error().message;
}

mount_point bind_mount(const std::string& source, const std::string& destination) {
  mount_point out;
  out.type = "bind";
  out.source = source;
  out.destination = destination;
  out.propagation = "rprivate";
  out.spec.type = "bind";
  return out;
}

} // namespace

TEST_CASE("start_preparation: what was prepared runs", "[actors][containers][root]") {
  container_place place;
  place.layers.driver = GENERATE(store::layer_driver::overlay, store::layer_driver::copy);
  place.add_busybox();
  create(place);
  place.config.env = words{"GREETING=hello"};
  place.host_config.network_mode = "none";
  CHECK(run(place, "echo $GREETING; hostname; cat /etc/hostname; touch /made; pwd") ==
        "hello\nweb\nweb\n/\n");
  const bool overlay = place.layers.driver == store::layer_driver::overlay;
  CHECK(fs::exists((overlay ? place.paths.upper() : place.paths.merged()) / "made"));
  REQUIRE(release_container_blocking(place.paths).has_value());
  CHECK(place.mounts().empty());
  // And again.
  CHECK(run(place, "ls /made") == "/made\n");
}

TEST_CASE("start_preparation: a container of very many layers runs", "[actors][containers][root]") {
  container_place place;
  place.add_busybox();
  for (int i = 0; i < 124; ++i)
    std::ofstream{place.add_layer() / "number"} << i;
  create(place);
  CHECK(run(place, "cat /number") == "123");
}

TEST_CASE("start_preparation: what the monitor is told", "[actors][containers][root]") {
  container_place place;
  place.add_busybox();
  create(place);
  place.config.tty = true;
  place.config.open_stdin = true;
  place.config.stdin_once = true;
  place.host_config.console_size = {24, 100'000};
  place.host_config.log_config = {"local",
                                  container::string_map{{"max-file", "3"}, {"compress", "true"}}};
  place.config.labels = container::string_map{{"a", "b"}};
  auto input = place.input("/bin/sh", {});
  auto runtime = *input.runtime;
  runtime.args = {"--debug"};
  runtime.opens_fifo = true;
  runtime.without_mount = "/sys/fs/cgroup/unified";
  input.runtime = std::make_shared<const oci_runtime>(runtime);
  const auto prepared = prepare(input);
  const auto& m = prepared.monitor;
  const auto& id = place.paths.id();
  CHECK(m.mode == monitor::settings::work::create_container);
  CHECK(m.id == id);
  CHECK(m.runtime == "/usr/sbin/runc");
  CHECK(m.runtime_args ==
        std::vector<std::string>{"--debug", "--root", place.file("runtime/runc")});
  CHECK(m.without_mount == "/sys/fs/cgroup/unified");
  CHECK(m.bundle == place.file("containers/" + id + "/bundle"));
  CHECK(m.exit_file == place.paths.exit_file());
  CHECK(m.control_socket == place.paths.control_socket());
  CHECK(m.console_socket == place.paths.console_socket());
  CHECK(m.tty);
  CHECK(m.open_stdin);
  CHECK(m.stdin_once);
  CHECK(m.rows == 24);
  CHECK(m.columns == 65535);
  CHECK(m.start_fifo == place.file("runtime/runc/" + id + "/exec.fifo"));
  CHECK(m.log.driver == monitor::log_driver::local);
  CHECK(m.log.max_files == 3);
  CHECK(fs::is_directory(place.paths.directory() / "local-logs"));
  CHECK(prepared.warnings.size() == 1);
  CHECK(prepared.files.hosts == place.paths.hosts());
  struct stat facts {};
  REQUIRE(::stat(place.paths.config().c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0600);
  REQUIRE(::stat(place.paths.exec_directory().c_str(), &facts) == 0);
  CHECK((facts.st_mode & 07777) == 0700);
  // What the monitor reads is what was meant.
  const auto read_back = monitor::decode_settings(monitor::encode(m));
  REQUIRE(read_back.has_value());
  CHECK(*read_back == m);
}

TEST_CASE("start_preparation: without a terminal, and with crun", "[actors][containers][root]") {
  container_place place;
  place.add_busybox();
  create(place);
  auto input = place.input("/bin/sh", {});
  auto runtime = *input.runtime;
  runtime.name = "crun";
  runtime.opens_fifo = false;
  input.runtime = std::make_shared<const oci_runtime>(runtime);
  const auto prepared = prepare(input);
  CHECK(prepared.monitor.console_socket.empty());
  CHECK(prepared.monitor.start_fifo.empty());
  CHECK(prepared.monitor.rows == 0);
  CHECK(fs::is_directory(place.file("runtime/crun")));
}

TEST_CASE("start_preparation: users are looked up in the root and nowhere else",
          "[actors][containers][root]") {
  container_place place;
  place.add_busybox();
  const auto tree = place.add_layer();
  fs::create_directories(tree / "etc");
  fs::create_directories(tree / "usr");
  std::ofstream{tree / "usr/passwd"} << "root:x:0:0::/root:/bin/sh\nweb:x:33:34::/srv:/bin/sh\n";
  std::ofstream{tree / "etc/group"} << "web:x:34:\nmore:x:77:web\n";
  create(place);
  place.config.user = "web";

  SECTION("through a link that stays inside") {
    fs::create_symlink("/usr/passwd", tree / "etc/passwd");
    const auto prepared = prepare(place.input("/bin/id", {}));
    CHECK(prepared.user.uid == 33);
    CHECK(prepared.user.home == "/srv");
    CHECK(contains(run_bundle(place, prepared), "uid=33(web) gid=34(web) groups=34(web),77(more)"));
  }
  SECTION("not through one that leads outside") {
    place.write("outside", "web:x:1:1::/:/bin/sh\n");
    fs::create_symlink(place.file("outside"), tree / "etc/passwd");
    CHECK(refusal(place, place.input("/bin/id", {})) ==
          "unable to find user web: no matching entries in passwd file");
  }
  SECTION("by number there need be no files") {
    place.config.user = "1234:5678";
    place.host_config.group_add = words{"more"};
    const auto prepared = prepare(place.input("/bin/id", {}));
    CHECK(prepared.user.uid == 1234);
    CHECK(prepared.user.gid == 5678);
    CHECK(prepared.user.additional_gids == std::vector<std::uint32_t>{5678, 77});
  }
}

TEST_CASE("start_preparation: what fails late leaves no mount", "[actors][containers][root]") {
  container_place place;
  place.add_busybox();
  create(place);
  place.host_config.ipc_mode = "shareable";

  SECTION("a device that is missing") {
    place.host_config.resources.devices =
        std::vector<container::device_mapping>{{"/dev/not-there", "/dev/x", "rwm"}};
    CHECK(refusal(place, place.input("/bin/sh", {})) ==
          "error gathering device information while adding custom device \"/dev/not-there\": no "
          "such file or directory");
  }
  SECTION("a capability that there is not") {
    place.host_config.cap_add = words{"NOTHING"};
    CHECK(contains(refusal(place, place.input("/bin/sh", {})), "invalid CapAdd"));
  }
  SECTION("an option of the log") {
    place.host_config.log_config.config = container::string_map{{"max-size", "much"}};
    CHECK(refusal(place, place.input("/bin/sh", {})) == "invalid size: 'much'");
  }
  SECTION("a block device that is missing") {
    place.host_config.resources.blkio_device_read_bps =
        std::vector<container::throttle_device>{{"/dev/not-there", 1000}};
    CHECK(refusal(place, place.input("/bin/sh", {})) ==
          "stat /dev/not-there: no such file or directory");
  }
  SECTION("an init program that there is not") {
    place.host_config.init = true;
    CHECK(contains(refusal(place, place.input("/bin/sh", {})), "no init program"));
  }
  SECTION("a container that does not run and is to share") {
    place.host_config.pid_mode = "container:abc";
    CHECK(contains(refusal(place, place.input("/bin/sh", {})), "container:abc"));
  }
  SECTION("a working directory that cannot be") {
    place.config.working_dir = "/bin/sh/x";
    CHECK(refusal(place, place.input("/bin/sh", {})) ==
          "Cannot mkdir: /bin/sh/x is not a directory");
  }
  SECTION("a layer that is gone") {
    auto input = place.input("/bin/sh", {});
    input.layers.trees.push_back(place.file("gone"));
    CHECK(contains(refusal(place, input), "mount root of container"));
  }
}

TEST_CASE("start_preparation: the working directory is made", "[actors][containers][root]") {
  container_place place;
  place.add_busybox();
  create(place);
  place.config.working_dir = "/srv/app";
  place.config.user = "1000";
  CHECK(run(place, "pwd; stat -c '%u %a' .") == "/srv/app\n0 755\n");
}

TEST_CASE("start_preparation: files with names", "[actors][containers][root]") {
  container_place place;
  place.add_busybox();
  create(place);
  auto& host = place.host_config;
  const auto files = [&](const start_input& input) {
    const auto prepared = prepare(input);
    const auto base = "data/containers/" + place.paths.id();
    return std::pair{place.read(base + "/hosts"), place.read(base + "/resolv.conf")};
  };

  SECTION("the host's in its network") {
    const auto [hosts, resolv_conf] = files(place.input("/bin/sh", {}));
    std::ifstream of_host{"/etc/hosts"};
    CHECK(hosts == std::string{std::istreambuf_iterator<char>{of_host}, {}});
    CHECK(contains(run(place, "cat /etc/hosts"), hosts));
  }
  SECTION("its own in another one") {
    host.network_mode = "none";
    host.extra_hosts = words{"db:10.0.0.5"};
    host.dns = words{"10.9.9.9"};
    auto input = place.input("/bin/sh", {"-c", "cat /etc/hosts /etc/resolv.conf"});
    input.link_hosts = {{"172.17.0.3", "alias linked"}};
    input.addresses = {"172.17.0.2"};
    input.settings.dns.search = {"of.all"};
    input.settings.dns.servers = {"10.1.1.1"};
    const auto [hosts, resolv_conf] = files(input);
    CHECK(contains(hosts, "127.0.0.1\tlocalhost\n"));
    CHECK(contains(hosts, "10.0.0.5\tdb\n172.17.0.3\talias linked\n172.17.0.2\tweb\n"));
    CHECK(contains(resolv_conf, "search of.all\nnameserver 10.9.9.9\n"));
    CHECK_FALSE(contains(resolv_conf, "10.1.1.1"));
    CHECK(run_bundle(place, prepare(input)) == hosts + resolv_conf);
  }
  SECTION("in the host's network with names of its own") {
    host.extra_hosts = words{"db:10.0.0.5"};
    CHECK(contains(files(place.input("/bin/sh", {})).first, "::1\tlocalhost ip6-localhost"));
  }
  SECTION("those of whose network it shares") {
    host.network_mode = "container:abc";
    auto input = place.input("/bin/sh", {"-c", "cat /etc/hosts /etc/hostname"});
    input.network = network_donor{::getpid(),
                                  {place.write("their/hostname", "theirs\n"),
                                   place.write("their/hosts", "their hosts\n"),
                                   place.write("their/resolv.conf", "")}};
    const auto prepared = prepare(input);
    CHECK(prepared.files == input.network->files);
    CHECK_FALSE(fs::exists(place.paths.hosts()));
    CHECK(contains(config_of(place), "/proc/" + std::to_string(::getpid()) + "/ns/net"));
    CHECK(run_bundle(place, prepared) == "their hosts\ntheirs\n");
  }
  SECTION("none without a network") {
    host.network_mode = "none";
    place.config.network_disabled = true;
    const auto prepared = prepare(place.input("/bin/sh", {}));
    CHECK(prepared.files.hosts.empty());
    CHECK_FALSE(contains(config_of(place), "/etc/hosts"));
    CHECK(contains(config_of(place), "/etc/hostname"));
  }
}

TEST_CASE("start_preparation: a device that needs a driver is refused", "[actors][containers]") {
  container_place place;
  create(place);
  place.host_config.resources.device_requests.emplace();
  auto& request = place.host_config.resources.device_requests->emplace_back();
  request.capabilities = {{"gpu"}};
  CHECK(refusal(place, place.input("/bin/true", {})) ==
        "could not select device driver \"\" with capabilities: [[gpu]]");
}

TEST_CASE("start_preparation: /dev/shm can be shared", "[actors][containers][root]") {
  container_place place;
  place.add_busybox();
  create(place);
  place.host_config.ipc_mode = "shareable";
  place.host_config.shm_size = 1 << 20;
  auto input = place.input("/bin/sh", {"-c", "echo here > /dev/shm/x"});
  const auto prepared = prepare(input);
  CHECK(prepared.shm_directory == place.paths.shm());
  CHECK(run_bundle(place, prepared) == "");
  CHECK(place.read("data/containers/" + place.paths.id() + "/shm/x") == "here\n");

  container_place other;
  other.layers = place.layers;
  create(other);
  other.host_config.ipc_mode = "container:abc";
  auto joins = other.input("/bin/sh", {"-c", "cat /dev/shm/x"});
  joins.ipc = ipc_donor{::getpid(), prepared.shm_directory};
  CHECK(run_bundle(other, prepare(joins)) == "here\n");
}

TEST_CASE("start_preparation: a container that goes when it ends need not be durable",
          "[actors][containers][root]") {
  container_place place;
  place.add_busybox();
  create(place);
  place.host_config.auto_remove = true;
  CHECK(run(place, "grep -c volatile /proc/mounts") == "1\n");
}

TEST_CASE("start_preparation: sources of binds", "[actors][containers][root]") {
  container_place place;
  place.add_busybox();
  create(place);
  auto made = bind_mount(place.file("made/by/start"), "/made");
  made.create_source = true;
  place.write("file", "a file\n");
  auto file = bind_mount(place.file("file"), "/file");
  file.create_source = true;
  CHECK(run(place, "stat -c '%u %a' /made; cat /file; touch /made/x", {made, file}) ==
        "0 755\na file\n");
  CHECK(place.has("made/by/start/x"));
  REQUIRE(release_container_blocking(place.paths).has_value());

  auto impossible = bind_mount("/proc/self/none/x", "/x");
  impossible.create_source = true;
  auto input = place.input("/bin/sh", {});
  input.mounts = {impossible};
  CHECK(contains(refusal(place, input),
                 "error while creating mount source path '/proc/self/none/x': mkdir "
                 "/proc/self/none/x: no such file or directory"));
  auto missing = bind_mount(place.file("missing"), "/x");
  input.mounts = {missing};
  prepare(input); // it is for the runtime to say
  CHECK_FALSE(place.has("missing"));
}

TEST_CASE("start_preparation: read-only binds are so all the way down",
          "[actors][containers][root]") {
  container_place place;
  place.add_busybox();
  create(place);
  fs::create_directories(place.file("host/inner"));
  REQUIRE(::mount("inner", place.file("host/inner").c_str(), "tmpfs", 0, nullptr) == 0);
  auto mount = bind_mount(place.file("host"), "/host");
  mount.read_write = false;
  CHECK(contains(run(place, "touch /host/inner/x || true", {mount}), "Read-only file system"));
}

TEST_CASE("start_preparation: how the source's mount spreads is looked up",
          "[actors][containers][root]") {
  container_place place;
  place.add_busybox();
  create(place);
  fs::create_directories(place.file("shared/d"));
  auto input = place.input("/bin/sh", {});
  auto mount = bind_mount(place.file("shared/d"), "/d");
  mount.propagation = "rshared";
  mount.spec.bind_options.emplace().propagation = "rshared";
  input.mounts = {mount};
  CHECK(contains(refusal(place, input), "but it is not a shared mount"));
  REQUIRE(::mount("x", place.file("shared").c_str(), "tmpfs", 0, nullptr) == 0);
  REQUIRE(::mount(nullptr, place.file("shared").c_str(), nullptr, MS_SHARED, nullptr) == 0);
  fs::create_directories(place.file("shared/d"));
  prepare(input);
  CHECK(contains(config_of(place), "\"rootfsPropagation\":\"shared\""));
}

TEST_CASE("start_preparation: parts of volumes, without a way out of them",
          "[actors][containers][root]") {
  container_place place;
  place.add_busybox();
  create(place);
  place.write("volume/real/file", "inside\n");
  fs::create_directory_symlink("/real", place.file("volume/link"));
  fs::create_directory_symlink(place.file("outside"), place.file("volume/out"));
  place.write("outside/secret", "secret");
  const auto part_of_volume = [&](const std::string& part) {
    mount_point out;
    out.type = "volume";
    out.name = "v";
    out.source = place.file("volume");
    // In the container a file cannot be mounted where a directory is already.
    out.destination = part.ends_with("/file") ? "/part-file" : "/part";
    out.spec.type = "volume";
    out.spec.volume_options.emplace().subpath = part;
    return out;
  };
  CHECK(run(place, "cat /part/file", {part_of_volume("real")}) == "inside\n");
  REQUIRE(release_container_blocking(place.paths).has_value());
  CHECK(run(place, "cat /part/file", {part_of_volume("link")}) == "inside\n");
  REQUIRE(release_container_blocking(place.paths).has_value());
  CHECK(run(place, "cat /part-file", {part_of_volume("real/file")}) == "inside\n");
  REQUIRE(release_container_blocking(place.paths).has_value());
  CHECK(place.mounts().empty());
  CHECK(place.read("volume/real/file") == "inside\n");

  for (const char* part : {"out", "gone"}) {
    CAPTURE(part);
    auto input = place.input("/bin/sh", {});
    input.mounts = {part_of_volume("real"), part_of_volume(part)};
    CHECK(contains(refusal(place, input),
                   "cannot access path " + place.file("volume/") + part + ": "));
  }
}

TEST_CASE("start_preparation: what replaces a part later is not what is mounted",
          "[actors][containers][root]") {
  container_place place;
  place.add_busybox();
  create(place);
  place.write("volume/part/file", "inside\n");
  place.write("outside/file", "outside\n");
  mount_point mount;
  mount.type = "volume";
  mount.source = place.file("volume");
  mount.destination = "/part";
  mount.spec.type = "volume";
  mount.spec.volume_options.emplace().subpath = "part";
  auto input = place.input("/bin/cat", {"/part/file"});
  input.mounts = {mount};
  const auto prepared = prepare(input);
  fs::rename(place.file("volume/part"), place.file("volume/old"));
  fs::create_directory_symlink(place.file("outside"), place.file("volume/part"));
  CHECK(run_bundle(place, prepared) == "inside\n");
}

TEST_CASE("start_preparation: images can be mounted", "[actors][containers][root]") {
  container_place place;
  place.add_busybox();
  create(place);
  place.write("image/0/d/a", "base\n");
  place.write("image/1/d/b", "top\n");
  mount_point mount;
  mount.type = "image";
  mount.source = "other:latest";
  mount.destination = "/image";
  mount.spec.type = "image";
  const auto say = [&](int layers, const std::string& part, const std::string& script) {
    auto input = place.input("/bin/sh", {"-c", script});
    mount.spec.image_options.emplace().subpath = part;
    input.mounts = {mount};
    auto& image = input.image_mounts["/image"];
    for (int i = 0; i < layers; ++i)
      image.trees.emplace_back(place.file("image/" + std::to_string(i)));
    auto said = run_bundle(place, prepare(input));
    REQUIRE(release_container_blocking(place.paths).has_value());
    CHECK(place.mounts().empty());
    return said;
  };
  CHECK(say(2, "", "cat /image/d/a /image/d/b") == "base\ntop\n");
  CHECK(say(1, "", "ls /image/d") == "a\n");
  CHECK(say(2, "d", "cat /image/b") == "top\n");
  CHECK(say(0, "", "ls /image") == "");
  CHECK(contains(say(2, "", "touch /image/x || true"), "Read-only file system"));
}

TEST_CASE("start_preparation: devices", "[actors][containers][root]") {
  container_place place;
  place.add_busybox();
  create(place);
  place.host_config.resources.devices =
      std::vector<container::device_mapping>{{"/dev/zero", "/dev/mine", "r"}};
  CHECK(run(place, "stat -c '%F %t %T' /dev/mine") == "character special file 1 5\n");
}
