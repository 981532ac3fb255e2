#include "app/containers.hpp"

#include "actors/containers/container_files.hpp"
#include "actors/containers/exec_actor.hpp"
#include "actors/containers/registry.hpp"
#include "actors/containers/runtime_trial.hpp"
#include "actors/containers/start_preparation.hpp"
#include "actors/host/programs.hpp"
#include "actors/runtime/log.hpp"
#include "actors/store/image_store.hpp"
#include "actors/volumes/opening.hpp"
#include "app/config_file.hpp"

#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>

#include <fcntl.h>
#include <sys/stat.h>

#include <climits>
#include <filesystem>
#include <future>
#include <set>
#include <utility>

namespace gantry::app {

namespace {

namespace fs = std::filesystem;
using gantry::containers::container_setup;
using gantry::containers::kept_container;
using gantry::containers::oci_runtime;

/// Docker's order of preference; the first one that works is the default.
constexpr const char* known_runtimes[] = {"crun", "runc"};

std::string own_directory() {
  std::error_code failed;
  auto self = fs::read_symlink("/proc/self/exe", failed);
  return failed ? std::string{} : self.parent_path().string();
}

/// Beside the daemon, else where packages put helpers, else on the path.
std::string find_monitor() {
  host::program_search search;
  search.path = own_directory() + ":/usr/libexec/gantry:/usr/lib/gantry:" + search.path;
  return host::find_program("gantry-monitor", search).value_or("");
}

std::string find_init_program(const settings& s) {
  if (!s.init_path.empty())
    return s.init_path;
  for (auto* name : {"docker-init", "tini-static", "tini"})
    if (auto found = host::find_program(name))
      return *found;
  return {};
}

/// The profile of `--seccomp-profile`: a file, or a word.
result<std::string> read_seccomp_profile(const std::string& profile) {
  if (profile.empty() || profile == "builtin" || profile == "unconfined")
    return profile == "builtin" ? std::string{} : profile;
  auto text = read_config(profile);
  if (!text)
    return api_error{text.error().kind,
                     "opening seccomp profile (" + profile + ") failed: " + text.error().message};
  return text;
}

void find_runtimes(container_setup& setup, const settings& s,
                   const std::string& second_cgroup_root) {
  std::map<std::string, oci_runtime> candidates;
  for (auto* name : known_runtimes)
    if (auto path = host::find_program(name))
      candidates[name] =
          gantry::containers::probe_runtime_blocking(name, *path, {}, second_cgroup_root);
  for (auto& [name, runtime] : s.runtimes)
    candidates[name] = gantry::containers::probe_runtime_blocking(name, runtime.path, runtime.args,
                                                                  second_cgroup_root);
  auto chosen = s.default_runtime;
  if (chosen.empty())
    for (auto* name : known_runtimes) {
      auto found = candidates.find(name);
      if (found == candidates.end())
        continue;
      auto works = gantry::containers::try_runtime_blocking(found->second, s.exec_root);
      if (works) {
        chosen = name;
        break;
      }
      log::write(log::level::warn, "containers", "a runtime does not work here",
                 {{"runtime", name}, {"error", works.error().message}});
    }
  if (chosen.empty())
    log::write(log::level::warn, "containers",
               "there is no OCI runtime that works: install runc or crun to run containers");
  else
    log::write(log::level::info, "containers", "runtime chosen", {{"runtime", chosen}});
  setup.create.default_runtime = chosen;
  setup.create.runtimes.clear();
  for (auto& [name, runtime] : candidates) {
    setup.create.runtimes.insert(name);
    setup.runtimes[name] = std::make_shared<const oci_runtime>(runtime);
  }
}

std::shared_ptr<const container_setup> find_setup(const settings& s,
                                                  std::shared_ptr<store::trash> bin) {
  auto setup = std::make_shared<container_setup>();
  auto host = gantry::containers::probe_container_host();
  auto daemon = host.facts;
  daemon.no_new_privileges = s.no_new_privileges;
  if (auto profile = read_seccomp_profile(s.seccomp_profile))
    daemon.seccomp_profile = std::move(*profile);
  else
    log::write(log::level::error, "containers", profile.error().message);
  for (auto& [name, limit] : s.default_ulimits)
    daemon.default_limits.push_back(
        {name, static_cast<std::uint64_t>(limit.soft), static_cast<std::uint64_t>(limit.hard)});
  auto& create = setup->create;
  create.shm_size = s.default_shm_size.bytes;
  create.ipc_mode = s.default_ipc_mode;
  create.cgroupns_mode = s.default_cgroupns_mode;
  create.default_log.type = s.log_driver;
  create.default_log.config.emplace(s.log_opts.begin(), s.log_opts.end());
  create.thermal_throttle_paths = host.facts.thermal_throttle_paths;
  create.hostname = host.hostname;
  auto& start = setup->start;
  start.init = s.init;
  start.init_program = find_init_program(s);
  start.cgroup_parent = s.cgroup_parent;
  start.dns = {s.dns, s.dns_search, s.dns_opts};
  start.host_gateway_ip = s.host_gateway_ip;
  find_runtimes(*setup, s, host.second_cgroup_root);
  setup->host = std::make_shared<const gantry::containers::container_host>(std::move(host));
  setup->daemon = std::make_shared<const container::daemon_facts>(std::move(daemon));
  setup->monitor_program = find_monitor();
  if (setup->monitor_program.empty())
    log::write(log::level::error, "containers",
               "gantry-monitor is missing: containers cannot be started");
  setup->bin = std::move(bin);
  return setup;
}

/// A daemon that was killed while it made or removed a container has left files of one that nobody
/// knows.
void remove_strays_blocking(const gantry::containers::container_services& services,
                            const std::vector<kept_container>& containers, store::trash& bin) {
  std::set<std::string> known;
  for (const auto& one : containers)
    known.insert(one.id);
  constexpr std::size_t id_size = 64;
  std::vector<std::string> strays;
  std::error_code none;
  for (const auto& found : fs::directory_iterator{services.data_root / "containers", none})
    if (auto id = found.path().filename().string(); id.size() == id_size && !known.contains(id))
      strays.push_back(std::move(id));
  for (const auto& id : strays) {
    const gantry::containers::container_paths paths{services.data_root, services.exec_root, id};
    auto gone = gantry::containers::release_container_blocking(paths);
    if (gone)
      gone = gantry::containers::remove_container_files_blocking(paths, bin);
    if (!gone)
      log::write(log::level::warn, "containers", "what a container has left is not quite gone",
                 {{"container", id}, {"error", gone.error().message}});
  }
}

/// Since when there is this data root, and with it what every daemon has from its first start.
oci::instant made_at_blocking(const fs::path& data_root) {
  struct statx facts {};
  if (::statx(AT_FDCWD, data_root.c_str(), 0, STATX_BTIME | STATX_MTIME, &facts) != 0)
    return {};
  const auto& made = (facts.stx_mask & STATX_BTIME) != 0 ? facts.stx_btime : facts.stx_mtime;
  return {made.tv_sec, static_cast<std::int32_t>(made.tv_nsec), 0};
}

/// Opens the volumes, which the containers have.
result<void> open_volumes_blocking(const gantry::containers::container_services& services,
                                   const std::vector<kept_container>& containers,
                                   const std::shared_ptr<store::trash>& bin) {
  std::vector<volumes::volume_user> users;
  for (const auto& one : containers) {
    volumes::volume_user user{one.id, container::is_running(one.life.state.status), {}};
    for (const auto& mount : one.definition.mounts)
      if (mount.type == "volume")
        user.volumes.push_back(mount.name);
    users.push_back(std::move(user));
  }
  return volumes::open_blocking(services.volumes, services.data_root, bin, std::move(users));
}

result<std::shared_ptr<store::trash>>
find_trash_blocking(const gantry::containers::container_services& services) {
  return image::ask_store_blocking(
      services.images.store, "find the trash",
      [](store::image_store& store) -> result<std::shared_ptr<store::trash>> {
        return store.bin();
      });
}

} // namespace

containers::containers(caf::actor_system& sys, const events::hub_actor& hub,
                       runtime::worker_pool& pool, const image::image_services& images,
                       const settings& s, core::stream_board* streams) {
  services_.streams = streams;
  services_.data_root = s.data_root;
  services_.exec_root = s.exec_root;
  services_.system = &sys;
  services_.pool = &pool;
  services_.registry = gantry::containers::spawn_registry(sys, pool);
  services_.images = images;
  services_.publish = [hub](api::event e) { events::tell(hub, std::move(e)); };
  services_.volumes.actor = volumes::spawn_volumes(
      sys, {&pool, images.streams, services_.volumes.all, services_.publish});
  manager_ = gantry::containers::spawn_manager(services_);
}

store::users_of_image containers::users_of_images() const {
  return [all = services_.all](const oci::digest& image) {
    std::vector<store::image_user> users;
    for (const auto& one : *all->all())
      if (one->view.image_id == image.str())
        users.push_back({one->view.id, container::is_running(one->view.state.status)});
    return users;
  };
}

std::function<result<void>(const std::string& engine_id)>
containers::opener(const settings& s) const {
  return [services = services_, manager = manager_,
          profile = s.seccomp_profile](const std::string& engine_id) -> result<void> {
    if (auto readable = read_seccomp_profile(profile); !readable)
      return readable.error();
    services.networks->set(
        network::predefined_networks(engine_id, made_at_blocking(services.data_root)));
    auto opened = gantry::containers::registry::open(services.data_root / "gantry.db");
    if (!opened)
      return opened.error();
    auto content = (*opened)->load();
    if (!content)
      return content.error();
    for (auto& warning : content->set_aside)
      log::write(log::level::warn, "containers", warning);
    caf::anon_send(services.registry,
                   gantry::containers::registry_opened{std::shared_ptr{std::move(*opened)}});
    auto kept = std::make_shared<std::vector<kept_container>>(std::move(content->containers));
    auto bin = find_trash_blocking(services);
    if (!bin)
      return bin.error();
    remove_strays_blocking(services, *kept, **bin);
    if (auto opened = open_volumes_blocking(services, *kept, *bin); !opened)
      return opened;
    auto leases = image::ask_store_blocking(
        services.images.store, "keep the layers of containers",
        [kept](store::image_store& s) -> result<std::vector<store::lease>> {
          std::vector<store::lease> all;
          for (auto& one : *kept) {
            all.push_back(s.begin_lease());
            for (auto& layer : one.definition.layers)
              if (auto id = oci::digest::parse(layer))
                s.hold_layer(all.back(), *id);
          }
          return all;
        });
    if (!leases)
      return leases.error();
    auto shown = std::make_shared<std::promise<void>>();
    auto done = shown->get_future();
    // Only the message holds the promise: if the manager has ended, the wait ends with the message.
    caf::anon_send(
        manager, gantry::containers::containers_loaded{
                     kept, std::move(*leases), [shown = std::move(shown)] { shown->set_value(); }});
    done.wait();
    gantry::containers::recover_execs_blocking(services);
    return {};
  };
}

std::function<std::string()> containers::finder(const settings& s) {
  return [s, turn = ++last_turn_, found = found_, services = services_,
          manager = manager_]() -> std::string {
    auto bin = find_trash_blocking(services);
    if (!bin)
      return {}; // the daemon ends
    auto setup = find_setup(s, std::move(*bin));
    std::lock_guard lock{found->mutex};
    if (turn > found->turn) { // else later settings were quicker
      services.setup.set(std::move(setup));
      if (std::exchange(found->turn, turn) == 0)
        caf::anon_send(manager, gantry::containers::setup_known{});
    }
    return services.setup->create.default_runtime;
  };
}

void containers::stop_blocking(std::chrono::seconds limit) {
  auto stopped = std::make_shared<std::promise<void>>();
  auto done = stopped->get_future();
  // Only the message holds the promise: if the manager has ended, the wait ends with the message.
  caf::anon_send(manager_, gantry::containers::end_containers{
                               limit, [stopped = std::move(stopped)] { stopped->set_value(); }});
  done.wait();
}

void containers::end() {
  gantry::containers::end_execs(services_);
  caf::anon_send(manager_, gantry::containers::end_containers{});
  caf::anon_send_exit(services_.registry, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(services_.volumes.actor, caf::exit_reason::user_shutdown);
}

} // namespace gantry::app
