#include "actors/jobs/info.hpp"

#include "protocol/api/version.hpp"

#include <boost/json/array.hpp>

#include <cstdio>
#include <string_view>
#include <utility>

namespace gantry::jobs {

namespace {

namespace json = boost::json;

json::array strings(const std::vector<std::string>& values) {
  return json::array(values.begin(), values.end());
}

json::object component(const host::program& p) {
  return {{"Name", p.name},
          {"Version", p.version.version},
          {"Details", json::object{{"GitCommit", p.version.commit}}}};
}

const host::program* find_runtime(const daemon_facts& facts, std::string_view name) {
  for (const auto& r : facts.runtimes)
    if (r.name == name)
      return &r;
  return nullptr;
}

json::array driver_status(const daemon_facts& facts) {
  return {json::array{"Backing Filesystem", facts.storage.backing_filesystem}};
}

json::object runtimes(const daemon_facts& facts) {
  json::object all;
  for (const auto& r : facts.runtimes)
    all.emplace(r.name, json::object{{"path", r.path}});
  for (const auto& [name, path] : facts.settings.runtimes)
    all.insert_or_assign(name, json::object{{"path", path}});
  return all;
}

json::object index_config(std::string_view name, json::array mirrors, bool official) {
  return {{"Name", name},
          {"Mirrors", std::move(mirrors)},
          {"Secure", official},
          {"Official", official}};
}

json::object registry_config(const daemon_settings& settings) {
  json::array mirrors;
  for (const auto& m : settings.registry_mirrors)
    mirrors.push_back(json::value(m.ends_with('/') ? m : m + '/'));
  json::array networks;
  json::object indexes;
  for (const auto& registry : settings.insecure_registries) {
    if (registry.find('/') != std::string::npos)
      networks.push_back(json::value(registry));
    else
      indexes.emplace(registry, index_config(registry, {}, false));
  }
  for (std::string_view own : {"::1/128", "127.0.0.0/8"})
    networks.push_back(json::value(own));
  indexes.insert_or_assign("docker.io", index_config("docker.io", mirrors, true));
  return {{"InsecureRegistryCIDRs", std::move(networks)},
          {"IndexConfigs", std::move(indexes)},
          {"Mirrors", std::move(mirrors)}};
}

/// What confines containers; not what else this machine could do: they get no profile of AppArmor
/// and no label of SELinux.
json::array security_options(const daemon_facts& facts) {
  json::array options;
  const auto& profile = facts.settings.seccomp_profile;
  if (facts.security.seccomp)
    options.emplace_back("name=seccomp,profile=" + (profile.empty() ? "builtin" : profile));
  if (facts.security.cgroup_namespaces)
    options.emplace_back("name=cgroupns");
  if (facts.settings.no_new_privileges)
    options.emplace_back("name=no-new-privileges");
  return options;
}

json::array address_pools(const daemon_settings& settings) {
  json::array pools;
  for (const auto& p : settings.default_address_pools)
    pools.push_back(json::object{{"Base", p.base}, {"Size", p.size}});
  return pools;
}

json::array warnings(const daemon_facts& facts) {
  json::array all;
  auto check = [&all](bool fine, std::string_view text) {
    if (!fine)
      all.emplace_back(text);
  };
  const auto& c = facts.cgroups;
  check(c.memory_limit, "WARNING: No memory limit support");
  check(c.swap_limit, "WARNING: No swap limit support");
  check(c.oom_kill_disable || c.version == 2, "WARNING: No oom kill disable support");
  check(c.cpu_cfs_quota, "WARNING: No cpu cfs quota support");
  check(c.cpu_cfs_period, "WARNING: No cpu cfs period support");
  check(c.cpu_shares, "WARNING: No cpu shares support");
  check(c.cpuset, "WARNING: No cpuset support");
  check(facts.machine.ipv4_forwarding, "WARNING: IPv4 forwarding is disabled");
  for (const auto& w : facts.settings.warnings)
    all.emplace_back(w);
  return all;
}

} // namespace

std::string rfc3339(api::timestamp t) {
  auto day = std::chrono::floor<std::chrono::days>(t);
  std::chrono::year_month_day date{day};
  std::chrono::hh_mm_ss time{t - day};
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%09d",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  std::string result = text;
  result.erase(result.find_last_not_of('0') + 1);
  if (result.back() == '.')
    result.pop_back();
  return result += 'Z';
}

json::object version_value(const daemon_facts& facts) {
  const auto& build = facts.build;
  auto api = api::to_string(api::newest_version);
  const auto& oldest = facts.settings.min_api_version;
  // Clients print it; there is no Go here.
  constexpr std::string_view compiler = "none (C++20, g++ " __VERSION__ ")";
  json::array components;
  components.push_back(json::object{
      {"Name", "Engine"},
      {"Version", build.version},
      {"Details", json::object{{"ApiVersion", api},
                               {"Arch", facts.machine.go_architecture},
                               {"BuildTime", build.time},
                               {"Experimental", facts.settings.experimental ? "true" : "false"},
                               {"GitCommit", build.git_commit},
                               {"GoVersion", compiler},
                               {"KernelVersion", facts.machine.kernel_version},
                               {"MinAPIVersion", oldest},
                               {"Os", "linux"}}}});
  for (const auto& r : facts.runtimes)
    components.push_back(component(r));
  if (facts.monitor)
    components.push_back(component(*facts.monitor));
  if (facts.init)
    components.push_back(component(*facts.init));
  json::object all{{"Platform", json::object{{"Name", "Gantry"}}},
                   {"Components", std::move(components)},
                   {"Version", build.version},
                   {"ApiVersion", api},
                   {"MinAPIVersion", oldest},
                   {"GitCommit", build.git_commit},
                   {"GoVersion", compiler},
                   {"Os", "linux"},
                   {"Arch", facts.machine.go_architecture},
                   {"KernelVersion", facts.machine.kernel_version}};
  if (facts.settings.experimental)
    all.emplace("Experimental", true);
  all.emplace("BuildTime", build.time);
  return all;
}

json::object info_value(const daemon_facts& facts, const info_figures& figures) {
  const auto& c = facts.cgroups;
  const auto& m = facts.machine;
  const auto& s = facts.settings;
  auto runtime = facts.default_runtime();
  const auto* found = find_runtime(facts, runtime);
  auto commit = [](std::string_view id) { return json::object{{"ID", id}}; };
  json::object all{{"ID", facts.id},
                   {"Containers", figures.running + figures.paused + figures.stopped},
                   {"ContainersRunning", figures.running},
                   {"ContainersPaused", figures.paused},
                   {"ContainersStopped", figures.stopped},
                   {"Images", figures.images},
                   {"Driver", facts.storage_driver},
                   {"DriverStatus", driver_status(facts)},
                   // NOTE: Authorization is null and not [] where there is none, as in dockerd.
                   {"Plugins", json::object{{"Volume", json::array{"local"}},
                                            {"Network", json::array{"bridge", "host", "null"}},
                                            {"Authorization", nullptr},
                                            {"Log", json::array{"json-file", "local"}}}},
                   {"MemoryLimit", c.memory_limit},
                   {"SwapLimit", c.swap_limit},
                   {"CpuCfsPeriod", c.cpu_cfs_period},
                   {"CpuCfsQuota", c.cpu_cfs_quota},
                   {"CPUShares", c.cpu_shares},
                   {"CPUSet", c.cpuset},
                   {"PidsLimit", c.pids_limit},
                   {"IPv4Forwarding", m.ipv4_forwarding},
                   {"Debug", s.debug},
                   {"NFd", figures.descriptors},
                   {"OomKillDisable", c.oom_kill_disable},
                   {"NGoroutines", figures.actors},
                   {"SystemTime", rfc3339(figures.now)},
                   {"LoggingDriver", s.log_driver},
                   {"CgroupDriver", c.driver},
                   {"CgroupVersion", std::to_string(c.version)},
                   {"NEventsListener", figures.listeners},
                   {"KernelVersion", m.kernel_version},
                   {"OperatingSystem", m.operating_system},
                   {"OSVersion", m.os_version},
                   {"OSType", "linux"},
                   {"Architecture", m.architecture},
                   {"IndexServerAddress", "https://index.docker.io/v1/"},
                   {"RegistryConfig", registry_config(s)},
                   {"NCPU", m.cpus},
                   {"MemTotal", m.mem_total},
                   {"GenericResources", nullptr},
                   {"DockerRootDir", s.data_root},
                   {"HttpProxy", host::mask_credentials(facts.proxies.http)},
                   {"HttpsProxy", host::mask_credentials(facts.proxies.https)},
                   {"NoProxy", facts.proxies.no_proxy},
                   {"Name", m.hostname},
                   {"Labels", strings(s.labels)},
                   {"ExperimentalBuild", s.experimental},
                   {"ServerVersion", facts.build.version},
                   {"Runtimes", runtimes(facts)},
                   {"DefaultRuntime", runtime},
                   {"Swarm", json::object{{"NodeID", ""},
                                          {"NodeAddr", ""},
                                          {"LocalNodeState", "inactive"},
                                          {"ControlAvailable", false},
                                          {"Error", ""},
                                          {"RemoteManagers", nullptr}}},
                   {"LiveRestoreEnabled", s.live_restore},
                   {"Isolation", ""},
                   {"InitBinary", facts.init ? facts.init->name : ""},
                   {"ContainerdCommit", commit("")},
                   {"RuncCommit", commit(found ? found->version.commit : "")},
                   {"InitCommit", commit(facts.init ? facts.init->version.commit : "")},
                   {"SecurityOptions", security_options(facts)}};
  if (!s.default_address_pools.empty())
    all.emplace("DefaultAddressPools", address_pools(s));
  all.emplace("CDISpecDirs", json::array());
  all.emplace("Warnings", warnings(facts));
  return all;
}

} // namespace gantry::jobs
