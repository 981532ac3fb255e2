#pragma once

#include "actors/containers/container_actor.hpp"
#include "actors/containers/container_files.hpp"
#include "actors/containers/manager.hpp"
#include "actors/containers/times.hpp"
#include "actors/host/programs.hpp"
#include "actors/runtime/system.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/store/trash.hpp"
#include "tests/actors/containers/files_fixture.hpp"
#include "tests/app/monitor/container.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace gantry::test {

using namespace gantry::containers;
using verb = life_request::verb;

inline const std::string layer_hex = std::string(64, 'b');

/// Keeps what is said on other threads for the test's.
class heard {
public:
  void add(std::string text) {
    std::lock_guard guard{mutex_};
    texts_.push_back(std::move(text));
    changed_.notify_all();
  }
  std::vector<std::string> texts() const {
    std::lock_guard guard{mutex_};
    return texts_;
  }
  bool wait_for(const std::string& text) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, patience, [&] {
      return std::find(texts_.begin(), texts_.end(), text) != texts_.end();
    });
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> texts_;
};

inline std::string text_of(const result<std::int64_t>& r) {
  return r ? std::to_string(*r) : std::string{to_string(r.error().kind)} + " " + r.error().message;
}

/// A daemon's containers, without the daemon: real files, runtime and monitors.
struct daemon_of_containers {
  explicit daemon_of_containers(const container_place& place) {
    services.data_root = place.file("data");
    services.exec_root = place.path(); // sockets have short names
    std::filesystem::create_directories(services.data_root / "trash");
    std::filesystem::create_directories(services.data_root / "tmp");
    services.system = &system;
    services.pool = &pool;
    services.images.store = image::spawn_image_store(system, catalog, pool);
    services.images.catalog = catalog;
    services.images.layers = image::layer_place{std::make_shared<const store::layer_files>(
        store::layer_files::open(store::paths{services.data_root}, store::layer_driver::overlay)
            .value())};
    services.registry = spawn_registry(system, pool);
    services.publish = [this](const api::event& e) { events.add(e.action); };
    caf::anon_send(services.registry,
                   registry_opened{registry::open(services.data_root / "gantry.db").value()});
    auto setup = std::make_shared<container_setup>();
    setup->host = std::make_shared<const container_host>(probe_container_host());
    setup->daemon = std::make_shared<const gantry::container::daemon_facts>(setup->host->facts);
    setup->runtimes["runc"] = std::make_shared<const oci_runtime>(
        probe_runtime_blocking("runc", host::find_program("runc").value()));
    setup->monitor_program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "gantry-monitor";
    setup->bin = std::make_shared<store::trash>(services.data_root / "trash");
    services.setup.set(std::move(setup));
    manager = spawn_manager(services);
  }
  ~daemon_of_containers() {
    caf::anon_send(manager, end_containers{});
    for (auto& actor : {core::to_ptr(services.registry), core::to_ptr(services.images.store)})
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    manager = nullptr;
    services = {};
    pool.stop();
    system.await_actors_before_shutdown(false);
  }

  void load(std::vector<kept_container> kept) {
    std::vector<store::lease> leases(kept.size());
    heard shown;
    caf::anon_send(manager,
                   containers_loaded{std::make_shared<std::vector<kept_container>>(std::move(kept)),
                                     leases, [&shown] { shown.add("shown"); }});
    REQUIRE(shown.wait_for("shown"));
    caf::anon_send(manager, setup_known{});
  }

  /// What the container answers.
  std::string ask(life_request what) {
    auto text = std::make_shared<heard>();
    auto request = std::make_shared<life_request>(std::move(what));
    request->answer = outcome<std::int64_t>{"the container", [text](const result<std::int64_t>& r) {
                                              text->add(text_of(r));
                                              text->add("answered");
                                            }};
    core::tell(services.all->actor_of(id), life_request_ptr{request});
    REQUIRE(text->wait_for("answered"));
    return text->texts().front();
  }
  std::string ask(verb what) {
    life_request r;
    r.what = what;
    return ask(std::move(r));
  }
  /// Asks for the exit code of the next end, and is told it later.
  std::shared_ptr<heard> wait_for_end() {
    auto code = std::make_shared<heard>();
    auto request = std::make_shared<life_request>();
    request->what = verb::wait;
    request->condition = gantry::container::wait_condition::next_exit;
    request->registered = [code] { code->add("registered"); };
    request->answer = outcome<std::int64_t>{
        "the container", [code](const result<std::int64_t>& r) { code->add(text_of(r)); }};
    core::tell(services.all->actor_of(id), life_request_ptr{request});
    REQUIRE(code->wait_for("registered"));
    return code;
  }
  gantry::container::state_view state() const { return services.all->find(id).value()->view.state; }

  const std::string id = std::string(64, 'c');
  heard events;
  runtime::worker_pool pool{4, 100};
  runtime::system_config config{runtime::system_options{}};
  caf::actor_system system{config};
  std::shared_ptr<image::shared_catalog> catalog = std::make_shared<image::shared_catalog>();
  container_services services;
  manager_actor manager;
};

/// A container of busybox, whose files are there.
struct subject {
  explicit subject(std::vector<std::string> args) {
    auto tree = place.add_layer();
    place.add_busybox();
    auto layer = std::filesystem::path{place.file("data")} / "layers" / "overlay2" / layer_hex;
    std::filesystem::create_directories(layer);
    std::filesystem::copy(place.layers.trees.back(), layer / "diff",
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::copy_symlinks);
    kept.id = std::string(64, 'c');
    kept.name = "/web";
    auto& d = kept.definition;
    d.created = instant_now();
    d.path = std::move(args.front());
    d.args.assign(args.begin() + 1, args.end());
    d.driver = "overlay2";
    d.layers = {"sha256:" + layer_hex};
    d.config.env.emplace();
    d.config.env->push_back("PATH=/bin");
    d.host_config.runtime = "runc";
    d.host_config.network_mode = "none";
    d.host_config.ipc_mode = "private";
    d.host_config.shm_size = 1 << 20;
    d.host_config.log_config.type = "json-file";
    make();
  }

  void make() {
    container_paths paths{place.file("data"), place.path(), kept.id};
    root_layers layers;
    layers.trees = {std::filesystem::path{place.file("data")} / "layers" / "overlay2" / layer_hex /
                    "diff"};
    create_container_files_blocking({paths, layers, {}, {}}).value();
  }
  std::string log() const {
    return place.read("data/containers/" + kept.id + "/" + kept.id + "-json.log");
  }

  container_place place;
  kept_container kept;
};

} // namespace gantry::test
