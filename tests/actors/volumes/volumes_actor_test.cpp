#include "actors/volumes/volumes_actor.hpp"

#include "actors/host/mounts.hpp"
#include "actors/store/trash.hpp"
#include "actors/volumes/opening.hpp"
#include "actors/volumes/volume_store.hpp"
#include "tests/actors/containers/live_fixture.hpp"
#include "tests/support/temp_dir.hpp"

#include <caf/exit_reason.hpp>
#include <catch2/catch.hpp>

#include <mutex>

using namespace gantry;
using namespace gantry::volumes;

namespace {

const std::string web(64, 'a');
const std::string db(64, 'b');

volume::volume_request request_of(std::string name, container::nullable_map options = {}) {
  return {std::move(name), {}, std::move(options), {}};
}

const container::string_map tmpfs{{"type", "tmpfs"}, {"device", "tmpfs"}, {"o", "size=64k"}};

/// The volumes of a daemon that can be started again and again.
class volumes_fixture : public test::live_fixture {
public:
  volumes_fixture() { std::filesystem::create_directories(dir.file("trash")); }
  ~volumes_fixture() {
    stop();
    for (const auto& one : *services.all->all())
      static_cast<void>(host::detach_mounts(one->directory));
  }

  void spawn() {
    services = {};
    services.actor = spawn_volumes(sys, {&pool, &pool, services.all, [this](const api::event& e) {
                                           std::lock_guard guard{mutex_};
                                           events_.push_back(e.action + " " + e.actor);
                                         }});
  }
  void start(std::vector<volume_user> users = {}) {
    spawn();
    open_blocking(services, dir.path(), std::make_shared<store::trash>(dir.file("trash")),
                  std::move(users))
        .value();
  }
  void stop() {
    if (services.actor)
      caf::anon_send_exit(services.actor, caf::exit_reason::user_shutdown);
    services.actor = nullptr;
  }

  /// The names that were given, or the error.
  std::string use(const std::string& container, std::vector<wanted_volume> wanted) {
    test::answer<result<volume_list>> told;
    auto request = std::make_shared<use_volumes>();
    request->container = container;
    request->wanted = std::move(wanted);
    request->answer = {"the volumes", told.teller()};
    caf::anon_send(services.actor, std::move(request));
    auto given = told.get();
    if (!given)
      return text_of(given.error());
    std::string text;
    for (const auto& one : *given)
      text += (text.empty() ? "" : " ") + one->record.name;
    return text;
  }
  std::string use(const std::string& container, const std::string& name) {
    return use(container, {{request_of(name)}});
  }
  std::string release(const std::string& container, std::vector<std::string> discard = {}) {
    return ask<release_volumes>([&](release_volumes& r) {
      r.container = container;
      r.discard = std::move(discard);
    });
  }
  std::string remove(const std::string& name) {
    return ask<remove_volume>([&](remove_volume& r) { r.name = name; });
  }
  std::string mount(const std::string& container, const std::string& name) {
    return ask<mount_volume>([&](mount_volume& r) {
      r.container = container;
      r.name = name;
    });
  }
  std::string unmount(const std::string& container) {
    return ask<unmount_volumes>([&](unmount_volumes& r) { r.container = container; });
  }

  std::string names() const {
    std::string text;
    for (const auto& one : *services.all->all())
      text += (text.empty() ? "" : " ") + one->record.name;
    return text;
  }
  std::vector<std::string> users_of(const std::string& name) const {
    return services.all->find(name)->users;
  }
  bool is_mounted(const std::string& name) const {
    return host::is_mounted(volume_paths{dir.path()}.data(name));
  }
  std::string take_events() {
    std::lock_guard guard{mutex_};
    std::string text;
    for (const auto& e : std::exchange(events_, {}))
      text += (text.empty() ? "" : ", ") + e;
    return text;
  }

  test::temp_dir dir;
  volume_services services;

private:
  static std::string text_of(const api_error& e) {
    return std::string{to_string(e.kind)} + ": " + e.message;
  }
  template <class Request, class Fill>
  std::string ask(Fill fill) {
    test::answer<result<void>> told;
    auto request = std::make_shared<Request>();
    fill(*request);
    request->answer = {"the volumes", told.teller()};
    caf::anon_send(services.actor, std::move(request));
    auto how = told.get();
    return how ? "ok" : text_of(how.error());
  }

  std::mutex mutex_;
  std::vector<std::string> events_;
};

} // namespace

TEST_CASE_METHOD(volumes_fixture, "volumes: made once, and kept", "[actors][volumes]") {
  start();
  CHECK(use("", "v1") == "v1");
  CHECK(use("", "v1") == "v1");
  CHECK(take_events() == "create v1");
  auto labelled = request_of("v1");
  labelled.labels = container::string_map{{"k", "v"}};
  CHECK(use("", {{labelled}}) == "v1");
  CHECK_FALSE(services.all->find("v1")->record.labels);
  CHECK(dir.has("volumes/v1/_data"));
  stop();
  start();
  CHECK(names() == "v1");
  CHECK(remove("v1") == "ok");
  CHECK(take_events() == "destroy v1");
  CHECK(names().empty());
  CHECK_FALSE(dir.has("volumes/v1"));
  CHECK(remove("v1") == "not_found: get v1: no such volume");
}

TEST_CASE_METHOD(volumes_fixture, "volumes: one that nobody named is anonymous",
                 "[actors][volumes]") {
  start();
  auto labelled = request_of("");
  labelled.labels = container::string_map{{"k", "v"}};
  const auto name = use("", {{labelled}});
  REQUIRE(name.size() == 64);
  CHECK(services.all->find(name)->record.labels ==
        container::string_map{{"com.docker.volume.anonymous", ""}, {"k", "v"}});
  CHECK(use("", "") != name);
}

TEST_CASE_METHOD(volumes_fixture, "volumes: what cannot be made leaves nothing",
                 "[actors][volumes]") {
  start();
  auto foreign = request_of("v2");
  foreign.driver = "nope";
  CHECK(use(web, {{request_of("v1")}, {foreign}}) ==
        "not_found: create v2: error looking up volume plugin nope: plugin \"nope\" not found");
  CHECK(use(web, "a") ==
        "invalid_parameter: create a: volume name is too short, names should be at least two "
        "alphanumeric characters");
  CHECK(use(web, {{request_of("v1", container::string_map{{"foo", "x"}})}}) ==
        "invalid_parameter: create v1: invalid option: \"foo\"");
  CHECK(use(web, {{request_of("v1"), true}}) == "not_found: get v1: no such volume");
  dir.write("volumes/v3", "in the way");
  CHECK(use(web, {{request_of("v1")}, {request_of("v3")}}).starts_with("conflict: create v1: "));
  CHECK(names().empty());
  CHECK_FALSE(dir.has("volumes/v1"));
  CHECK(take_events().empty());
}

TEST_CASE_METHOD(volumes_fixture, "volumes: in use until the last container is gone",
                 "[actors][volumes]") {
  start();
  CHECK(use(web, {{request_of("v1")}, {request_of("v1")}, {request_of("v2")}}) == "v1 v1 v2");
  CHECK(use(db, {{request_of("v1"), true}}) == "v1");
  CHECK(users_of("v1") == std::vector<std::string>{web, db});
  CHECK(remove("v1") == "conflict: remove v1: volume is in use - [" + web + ", " + db + "]");
  CHECK(release(web) == "ok");
  CHECK(remove("v1") == "conflict: remove v1: volume is in use - [" + db + "]");
  CHECK(remove("v2") == "ok");
  CHECK(release(db) == "ok");
  CHECK(release(db) == "ok");
  CHECK(remove("v1") == "ok");
}

TEST_CASE_METHOD(volumes_fixture, "volumes: what a container leaves goes unless others have it",
                 "[actors][volumes]") {
  start();
  const auto shared = use(web, "");
  const auto own = use(web, "");
  CHECK(use(db, {{request_of(shared), true}}) == shared);
  take_events();
  CHECK(release(web, {shared, own, "unknown"}) == "ok");
  CHECK(names() == shared);
  CHECK(take_events() == "destroy " + own);
  CHECK(release(db, {shared}) == "ok");
  CHECK(names().empty());
}

TEST_CASE_METHOD(volumes_fixture, "volumes: after a restart containers still have theirs",
                 "[actors][volumes]") {
  start();
  use(web, "v1");
  stop();
  start({{web, true, {"v1", "lost"}}, {db, false, {}}});
  CHECK(users_of("v1") == std::vector<std::string>{web});
  CHECK(remove("v1") == "conflict: remove v1: volume is in use - [" + web + "]");
  CHECK(release(web, {"v1"}) == "ok");
  CHECK(names().empty());
}

TEST_CASE_METHOD(volumes_fixture, "volumes: mounted as long as a container runs that has it",
                 "[actors][volumes][root]") {
  start();
  use(web, {{request_of("vt", tmpfs)}});
  use(db, {{request_of("vt", tmpfs)}, {request_of("plain")}});
  CHECK_FALSE(is_mounted("vt"));
  CHECK(mount(web, "vt") == "ok");
  CHECK(mount(db, "vt") == "ok");
  CHECK(mount(db, "plain") == "ok");
  CHECK(is_mounted("vt"));
  CHECK_FALSE(is_mounted("plain"));
  CHECK(unmount(web) == "ok");
  CHECK(is_mounted("vt"));
  CHECK(unmount(db) == "ok");
  CHECK_FALSE(is_mounted("vt"));
  CHECK(unmount(db) == "ok");
  CHECK(mount(db, "unknown") == "not_found: get unknown: no such volume");
}

TEST_CASE_METHOD(volumes_fixture, "volumes: a mount that cannot be", "[actors][volumes][root]") {
  start();
  const container::string_map unknown{{"type", "nosuchfs"}, {"device", "dev"}, {"o", "ro,a=b"}};
  use(web, {{request_of("v1", unknown)},
            {request_of("v2", container::string_map{{"type", "tmpfs"}, {"device", ""}})}});
  CHECK(mount(web, "v1") == "system: failed to mount local volume: mount dev:" + dir.path() +
                                "/volumes/v1/_data, flags: 0x1, data: a=b: no such device");
  CHECK(mount(web, "v2") == "system: missing device in volume options");
  CHECK(unmount(web) == "ok");
  CHECK(release(web, {"v1", "v2"}) == "ok");
  CHECK(names().empty());
}

TEST_CASE_METHOD(volumes_fixture, "volumes: a bind can be read-only", "[actors][volumes][root]") {
  start();
  dir.write("mine/file", "x");
  const container::string_map bind{
      {"type", "none"}, {"device", dir.file("mine")}, {"o", "bind,ro"}};
  use(web, {{request_of("v1", bind)}});
  CHECK(mount(web, "v1") == "ok");
  CHECK(dir.read("volumes/v1/_data/file") == "x");
  CHECK_THROWS(dir.write("volumes/v1/_data/other", "x"));
  CHECK(unmount(web) == "ok");
  CHECK(release(web, {"v1"}) == "ok");
  CHECK(dir.read("mine/file") == "x");
}

TEST_CASE_METHOD(volumes_fixture, "volumes: mounts outlive the daemon with who runs",
                 "[actors][volumes][root]") {
  start();
  use(web, {{request_of("vt", tmpfs)}});
  use(db, {{request_of("vu", tmpfs)}});
  mount(web, "vt");
  mount(db, "vu");
  dir.write("volumes/vt/_data/file", "x");
  stop();
  start({{web, true, {"vt"}}, {db, false, {"vu"}}}); // the second one has ended meanwhile
  CHECK(dir.read("volumes/vt/_data/file") == "x");
  CHECK_FALSE(is_mounted("vu"));
  CHECK(mount(web, "vt") == "ok");
  CHECK(dir.has("volumes/vt/_data/file"));
  CHECK(unmount(web) == "ok");
  CHECK_FALSE(is_mounted("vt"));
}

TEST_CASE_METHOD(volumes_fixture, "volumes: a daemon that ends while it starts waits for nobody",
                 "[actors][volumes]") {
  spawn();
  caf::anon_send_exit(services.actor, caf::exit_reason::user_shutdown);
  CHECK(open_blocking(services, dir.path(), std::make_shared<store::trash>(dir.file("trash")), {})
            .has_value());
}

TEST_CASE_METHOD(volumes_fixture, "volumes: whoever asks a daemon that ends is told",
                 "[actors][volumes]") {
  start();
  auto ended = services.actor;
  stop();
  test::answer<result<void>> told;
  auto request = std::make_shared<remove_volume>();
  request->name = "v1";
  request->answer = {"the volumes", told.teller()};
  caf::anon_send(ended, std::move(request));
  CHECK(told.get().error().kind == errc::unavailable);
}
