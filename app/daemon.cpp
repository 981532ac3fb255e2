#include "app/daemon.hpp"

#include "actors/core/limits.hpp"
#include "actors/engine/engine_actor.hpp"
#include "actors/events/events_hub.hpp"
#include "actors/host/sd_notify.hpp"
#include "actors/host/startup_memory.hpp"
#include "actors/inspect/actors.hpp"
#include "actors/inspect/heap.hpp"
#include "actors/inspect/patrol.hpp"
#include "actors/jobs/builtins.hpp"
#include "actors/jobs/container_create.hpp"
#include "actors/jobs/container_jobs.hpp"
#include "actors/jobs/daemon_facts.hpp"
#include "actors/jobs/image_builtins.hpp"
#include "actors/jobs/image_jobs.hpp"
#include "actors/jobs/network_jobs.hpp"
#include "actors/jobs/volume_jobs.hpp"
#include "actors/metrics/container_readings.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/runtime/system.hpp"
#include "actors/runtime/watchdog.hpp"
#include "actors/runtime/worker_pool.hpp"
#include "actors/server/activation.hpp"
#include "actors/server/serveapi.hpp"
#include "app/containers.hpp"
#include "app/daemon_event.hpp"
#include "app/images.hpp"
#include "app/inspection.hpp"
#include "app/metrics.hpp"
#include "app/reload.hpp"
#include "app/stall_announcer.hpp"
#include "app/supervisor.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

namespace gantry::app {

namespace {

/// Threads for blocking work, and how much of it may wait.
constexpr std::size_t pool_threads = 4;
constexpr std::size_t pool_queue = 1024;

/// Threads for work that waits for clients (load, save, import), and how much of it may wait.
constexpr std::size_t stream_threads = 16;
constexpr std::size_t stream_queue = 64;

runtime::system_options system_options_of(const settings& s) {
  runtime::system_options options;
  options.threads =
      s.io_threads > 0 ? static_cast<std::size_t>(s.io_threads) : runtime::default_threads();
  options.keep_spans = s.inspect_host != no_inspection;
  return options;
}

job::request serveapi_request(const settings& s) {
  job::request r;
  r.name = "serveapi";
  r.args = s.hosts;
  auto& env = r.environment;
  env.set_bool("Logging", true);
  env.set_bool("EnableCors", !s.api_cors_header.empty());
  env.set("CorsHeader", s.api_cors_header);
  env.set("Version", GANTRY_VERSION);
  env.set("SocketGroup", s.group);
  env.set_bool("Tls", s.tls);
  env.set_bool("TlsVerify", s.tls_verify);
  env.set("TlsCa", s.tls_ca_cert);
  env.set("TlsCert", s.tls_cert);
  env.set("TlsKey", s.tls_key);
  env.set_bool("BufferRequests", true);
  env.set_bool("InsecureTcp", s.insecure_allow_unauthenticated_tcp);
  env.set_int("MaxConnections", s.max_connections);
  return r;
}

api::config api_config(const settings& s) {
  api::config c;
  c.engine_version = GANTRY_VERSION;
  c.debug = s.debug;
  c.experimental = s.experimental;
  if (!s.min_api_version.empty())
    c.min_version = api::parse_version(s.min_api_version);
  return c;
}

std::string make_directory(const std::string& path) {
  std::error_code ec;
  std::filesystem::create_directories(path, ec);
  if (!ec)
    std::filesystem::permissions(path,
                                 std::filesystem::perms::owner_all |
                                     std::filesystem::perms::group_exec |
                                     std::filesystem::perms::others_exec,
                                 ec);
  return ec ? "cannot make directory '" + path + "': " + ec.message() : std::string{};
}

/// In dockerd's words, which users look for, loopback or not.
std::vector<std::string> warnings_about_hosts(const settings& s) {
  constexpr std::string_view tcp = "tcp://";
  std::vector<std::string> warnings;
  for (auto& host : s.hosts)
    if (host.starts_with(tcp) && !s.tls_verify)
      warnings.push_back("WARNING: API is accessible on http" + std::string{s.tls ? "s" : ""} +
                         "://" + host.substr(tcp.size()) + " without " +
                         (s.tls ? "TLS client verification." : "encryption.") +
                         "\n         Whoever can connect to it is root on this machine.");
  return warnings;
}

jobs::daemon_settings facts_settings(const settings& s) {
  jobs::daemon_settings f;
  f.data_root = s.data_root;
  f.labels = s.labels;
  f.debug = s.debug;
  f.experimental = s.experimental;
  f.live_restore = s.live_restore;
  f.no_new_privileges = s.no_new_privileges;
  f.seccomp_profile = s.seccomp_profile;
  if (!s.min_api_version.empty())
    f.min_api_version = api::to_string(api::parse_version(s.min_api_version));
  f.warnings = warnings_about_hosts(s);
  f.log_driver = s.log_driver;
  f.default_runtime = s.default_runtime;
  for (auto& [name, runtime] : s.runtimes)
    f.runtimes.emplace(name, runtime.path);
  f.registry_mirrors = s.registry_mirrors;
  f.insecure_registries = s.insecure_registries;
  for (auto& pool : s.default_address_pools)
    f.default_address_pools.push_back({pool.base, pool.size});
  return f;
}

jobs::build_facts build_facts_of_this() {
  jobs::build_facts build;
  build.git_commit = GANTRY_COMMIT;
  build.time = GANTRY_BUILD_TIME;
  return build;
}

/// What is known before anything was looked at.
jobs::daemon_facts initial_facts(const settings& s) {
  jobs::daemon_facts facts;
  facts.settings = facts_settings(s);
  facts.build = build_facts_of_this();
  return facts;
}

/// The part of the start that has to be over before clients are served. Blocking: runs in the
/// worker pool.
booted boot(const settings& s, inspection& inspected, metrics& measured,
            const images::open_function& open_images,
            const std::function<result<void>(const std::string&)>& open_containers) {
  booted result;
  for (auto& path : {s.data_root, s.exec_root}) {
    result.error = make_directory(path);
    if (!result.error.empty())
      return result;
  }
  // Before all that may take long or fail.
  result.error = inspected.open_blocking();
  if (result.error.empty())
    result.error = measured.open_blocking();
  if (!result.error.empty())
    return result;
  if (auto id = jobs::load_engine_id_blocking(s.data_root))
    result.engine_id = *id;
  else
    result.error = id.error().message;
  if (!result.error.empty())
    return result;
  if (auto driver = open_images(s))
    result.storage_driver = to_string(*driver);
  else
    result.error = driver.error().message;
  if (!result.error.empty())
    return result;
  if (auto opened = open_containers(result.engine_id); !opened)
    result.error = opened.error().message;
  return result;
}

/// A look at the machine with these settings, for the worker pool.
std::function<void()> look_blocking(std::shared_ptr<jobs::shared_facts> facts, const settings& s,
                                    std::function<std::string()> find_runtime) {
  return [facts = std::move(facts), s, find = std::move(find_runtime)] {
    auto chosen = find();
    auto found = jobs::read_daemon_facts_blocking(facts_settings(s), build_facts_of_this(),
                                                  facts->get()->id, ::getenv);
    found.chosen_runtime = std::move(chosen);
    facts->learn(std::move(found));
    // It is done once, after the start has given back what it needed.
    host::release_startup_memory();
  };
}

/// Whether containers are made or started in another way after a reload.
bool concerns_containers(const std::vector<std::string>& changed) {
  return std::any_of(changed.begin(), changed.end(), [](const std::string& key) {
    return key == "default-runtime" || key == "runtimes" || key == "default-ipc-mode" ||
           key == "default-shm-size";
  });
}

gantry::metrics::engine_facts engine_facts_of(const jobs::daemon_facts& known) {
  gantry::metrics::engine_facts f;
  f.version = known.build.version;
  f.commit = known.build.git_commit;
  f.build_time = known.build.time;
  f.id = known.id;
  f.architecture = known.machine.architecture;
  f.graph_driver = known.storage_driver;
  f.kernel = known.machine.kernel_version;
  f.operating_system = known.machine.operating_system;
  f.os_version = known.machine.os_version;
  f.cpus = known.machine.cpus;
  f.memory = known.machine.mem_total;
  return f;
}

} // namespace

struct daemon::parts {
  explicit parts(const configuration& config)
      : current(config.values), pool(pool_threads, pool_queue),
        streams(stream_threads, stream_queue, runtime::waits_for::clients),
        system_config(system_options_of(config.values)), system(system_config),
        facts(std::make_shared<jobs::shared_facts>(initial_facts(config.values))),
        watchdog(*runtime::scheduler::of(system), limits::held_thread,
                 {{}, [this](const runtime::stall& s) { announcer.tell(s); }, limits::grave_stall},
                 std::make_unique<inspect::daemon_patrol>(inspected_sources()),
                 limits::watch_round),
        measured(current, metric_sources()), inspected(current, inspected_sources()) {}

  inspect::sources inspected_sources() {
    inspect::sources from;
    from.scheduler = runtime::scheduler::of(system);
    from.pools = {&pool, &streams};
    from.jobs = &running_jobs;
    from.connections = &connections;
    from.streams = &open_streams;
    from.requests = &requests;
    from.version = GANTRY_VERSION;
    from.daemon_id = [known = facts] { return known->get()->id; };
    from.containers = [readings = new_container_readings()] {
      std::vector<inspect::container_view> views;
      for (auto& each : readings->read())
        views.push_back(std::move(each.view));
      return views;
    };
    return from;
  }

  gantry::metrics::sources metric_sources() {
    gantry::metrics::sources from;
    from.system = inspected_sources();
    from.pools = {{"work", &pool}, {"streams", &streams}};
    from.engine = [known = facts] { return engine_facts_of(*known->get()); };
    from.containers = [readings = new_container_readings()] { return readings->read(); };
    return from;
  }

  /// Each service has its own. They are asked once the containers are there.
  std::shared_ptr<gantry::metrics::container_readings> new_container_readings() {
    return std::make_shared<gantry::metrics::container_readings>(
        [this] { return containers->all().all->all(); });
  }

  settings current;
  core::job_board running_jobs;
  core::connection_board connections;
  core::stream_board open_streams;
  core::request_log requests;
  runtime::worker_pool pool;
  runtime::worker_pool streams;
  runtime::system_config system_config;
  caf::actor_system system;
  std::shared_ptr<jobs::shared_facts> facts;
  stall_announcer announcer;
  runtime::watchdog watchdog;
  events::hub_actor hub;
  std::optional<app::images> images;
  std::optional<app::containers> containers;
  server::activation_actor activation;
  core::engine_actor engine;
  supervisor_actor supervisor;
  bool shutting_down = false;
  metrics measured;
  inspection inspected; ///< goes first: it shows how the others come apart
};

daemon::daemon(const configuration& config, host::socket_activation activated,
               std::function<void(const std::string& error)> on_end)
    : parts_(std::make_unique<parts>(config)) {
  auto& p = *parts_;
  for (auto& warning : config.warnings)
    log::write(log::level::warn, "daemon", warning);
  if (p.current.debug)
    inspect::start_heap_sampling();
  p.hub = runtime::spawn(p.system, events::run_hub, events::hub_options{});
  p.announcer.begin(p.hub, p.facts);
  p.images.emplace(p.system, p.hub, p.pool, p.streams);
  p.containers.emplace(p.system, p.hub, p.pool, p.images->services(), p.current, &p.open_streams);
  auto notify = [pool = &p.pool, notifier = host::sd_notifier{std::getenv("NOTIFY_SOCKET")}] {
    if (notifier.wanted())
      pool->submit("sd_notify READY=1", [notifier] {
        if (auto sent = notifier.ready(); !sent)
          log::write(log::level::warn, "daemon", "could not tell the init system",
                     {{"error", sent.error().message}});
      });
    return std::string{};
  };
  p.activation = runtime::spawn(p.system, server::run_activation, server::ready_notifier{notify});

  engine::job_table jobs;
  server::server_services services;
  services.pool = &p.pool;
  services.activation = p.activation;
  services.activated = std::make_shared<const host::socket_activation>(std::move(activated));
  services.api = api_config(p.current);
  services.connections = &p.connections;
  services.requests = p.current.inspect_host == no_inspection ? nullptr : &p.requests;
  // A name that is registered twice is a mistake in this program.
  server::add_server_jobs(jobs, std::move(services)).value();
  jobs::add_builtin_jobs(jobs, {&p.pool, p.facts, p.hub, runtime::scheduler::of(p.system),
                                p.images->services().catalog, p.containers->all().all})
      .value();
  auto image_services = p.images->services();
  image_services.users = p.containers->users_of_images();
  jobs::add_image_jobs(jobs, image_services).value();
  jobs::add_image_stream_jobs(jobs, p.images->services()).value();
  jobs::add_container_create_job(jobs, p.containers->all(), p.containers->manager()).value();
  jobs::add_container_jobs(jobs, p.containers->all()).value();
  jobs::add_network_jobs(jobs, p.containers->all()).value();
  jobs::add_volume_jobs(jobs, p.containers->all()).value();

  engine::engine_options how;
  how.board = &p.running_jobs;
  how.streams = &p.open_streams;
  p.engine = runtime::spawn(p.system, engine::run_engine, std::move(jobs), how);
  p.supervisor = runtime::spawn(p.system, run_supervisor, p.engine, p.hub,
                                serveapi_request(p.current), end_notifier{std::move(on_end)});
  p.pool.ask("boot", p.supervisor,
             [s = p.current, facts = p.facts, hub = p.hub, pool = &p.pool, inspected = &p.inspected,
              measured = &p.measured, open_images = p.images->opener(),
              open_containers = p.containers->opener(p.current),
              find = p.containers->finder(p.current)] {
               auto result = boot(s, *inspected, *measured, open_images, open_containers);
               if (!result.error.empty())
                 return result;
               facts->learn_boot(result.engine_id, result.storage_driver);
               events::tell(hub, daemon_event("start", result.engine_id, {}));
               // Trying runtimes and asking programs for their versions takes a while; only those
               // who want to know wait for it.
               pool->submit("look at the machine", look_blocking(facts, s, find));
               return result;
             });
}

daemon::~daemon() {
  auto& p = *parts_;
  p.announcer.end();
  runtime::scheduler::of(p.system)->end_pauses();
  if (p.shutting_down && !p.current.live_restore)
    p.containers->stop_blocking(std::chrono::seconds{p.current.shutdown_timeout});
  for (auto& actor : {core::to_ptr(p.supervisor), core::to_ptr(p.engine),
                      core::to_ptr(p.activation), core::to_ptr(p.hub)})
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  p.containers->end();
  p.images->end();
  p.streams.stop();
  p.pool.stop();
  p.system.await_actors_before_shutdown(false);
}

void daemon::shut_down() {
  auto& p = *parts_;
  if (std::exchange(p.shutting_down, true))
    return;
  runtime::scheduler::of(p.system)->end_pauses(); // nobody waits for a paused actor
  caf::anon_send(p.supervisor, stop_daemon{daemon_event("shutdown", p.facts->get()->id, {})});
}

void daemon::reload(const settings& wanted) {
  auto& p = *parts_;
  auto plan = plan_reload(p.current, wanted);
  p.current = plan.next;
  log::set_level(p.current.effective_level());
  p.facts->reload(facts_settings(p.current));
  if (plan.reread_certificates)
    reread_certificates();
  if (concerns_containers(plan.applied))
    // After the first look, which has the settings of the start.
    p.facts->when_learned([pool = &p.pool, look = look_blocking(p.facts, p.current,
                                                                p.containers->finder(p.current))] {
      pool->submit("look at the machine again", look);
    });
  std::string applied;
  for (auto& key : plan.applied)
    applied += (applied.empty() ? "" : " ") + key;
  log::write(log::level::info, "daemon", "Reloaded the configuration",
             {{"changed", applied.empty() ? "nothing" : applied}});
  for (auto& key : plan.need_restart)
    log::write(log::level::warn, "daemon", "a changed setting waits for the next start",
               {{"key", key}});
  if (std::find(plan.applied.begin(), plan.applied.end(), "debug") != plan.applied.end())
    log::write(log::level::warn, "daemon",
               "the debug routes stay as they are until the next start");
  std::map<std::string, std::string, std::less<>> attributes;
  for (auto& [key, value] : reload_attributes(p.current))
    attributes.emplace(key, value);
  events::tell(p.hub, daemon_event("reload", p.facts->get()->id, std::move(attributes)));
}

void daemon::reread_certificates() {
  auto& p = *parts_;
  caf::anon_send(p.activation, server::reload_listeners{});
  p.pool.submit("tls of the inspection",
                [inspected = &p.inspected] { inspected->reload_tls_blocking(); });
}

std::string daemon::dump() const {
  auto& registry = runtime::scheduler::of(parts_->system)->registry();
  return inspect::actor_dump(registry.snapshot(), registry.history().stalls.all());
}

} // namespace gantry::app
