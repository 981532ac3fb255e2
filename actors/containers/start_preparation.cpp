#include "actors/containers/start_preparation.hpp"

#include "actors/containers/container_files.hpp"
#include "actors/containers/host_devices.hpp"
#include "actors/containers/host_directories.hpp"
#include "actors/containers/log_setup.hpp"
#include "actors/containers/monitor_launch.hpp"
#include "actors/containers/overlay_mount.hpp"
#include "actors/containers/process_files.hpp"
#include "actors/containers/root_files.hpp"
#include "actors/containers/start_mounts.hpp"
#include "actors/host/errno_text.hpp"
#include "actors/host/unique_fd.hpp"
#include "actors/store/file_steps.hpp"
#include "actors/store/tree_removal.hpp"
#include "protocol/container/log_options.hpp"
#include "protocol/container/modes.hpp"
#include "protocol/container/process_spec.hpp"
#include "protocol/container/runtime_spec.hpp"
#include "protocol/container/user_database.hpp"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

namespace gantry::containers {
namespace {

namespace fs = std::filesystem;
using container::container_of_mode;

result<void> make_directories(const fs::path& path, mode_t mode) {
  const int error = make_missing_directories(path, mode);
  return error == 0 ? result<void>{} : store::file_error("mkdir", path, error);
}

/// A file of the host, however long it is; empty if it cannot be read.
std::string read_host_file(const char* path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string namespace_path(std::int32_t pid, const char* name) {
  return "/proc/" + std::to_string(pid) + "/ns/" + name;
}

/// Each of them the container's, else the operator's.
dns_settings chosen_dns(const container::host_config& config, const dns_settings& of_all) {
  const auto choose = [](const container::string_list& own, const std::vector<std::string>& all) {
    return own && !own->empty() ? *own : all;
  };
  return {choose(config.dns, of_all.servers), choose(config.dns_search, of_all.search),
          choose(config.dns_options, of_all.options)};
}

/// Makes one start ready, step by step.
class preparation {
public:
  explicit preparation(const start_input& input)
      : in_(input), paths_(input.paths), config_(*input.config), host_(*input.host_config) {}

  result<prepared_start> run() {
    using step = result<void> (preparation::*)();
    for (const step next :
         {&preparation::check_donors, &preparation::check_drivers,
          &preparation::make_exec_directory, &preparation::use_root, &preparation::write_name_files,
          &preparation::mount_shm, &preparation::find_mounts, &preparation::find_devices,
          &preparation::write_spec, &preparation::set_up_log})
      if (auto done = (this->*next)(); !done)
        return done.error();
    set_up_monitor();
    return std::move(out_);
  }

private:
  /// What is to be shared with somebody must not come out private.
  result<void> check_donors() {
    const std::pair<const std::string&, bool> modes[] = {
        {host_.network_mode, in_.network.has_value()},
        {host_.ipc_mode, in_.ipc.has_value()},
        {host_.pid_mode, in_.pid_donor > 0},
    };
    for (const auto& [mode, there] : modes)
      if (container_of_mode(mode) && !there)
        return api_error{errc::system, mode + " shares its namespace, but it is not running"};
    return {};
  }

  result<void> check_drivers() { return container::check_device_requests(host_.resources); }

  result<void> make_exec_directory() {
    if (auto removed = store::remove_tree(paths_.exec_directory()); !removed)
      return removed;
    if (auto made = make_directories(paths_.exec_directory().parent_path(), 0711); !made)
      return made;
    if (auto made = make_directories(paths_.bundle(), 0700); !made)
      return made;
    return make_directories(paths_.runtime_root(in_.runtime->name), 0700);
  }

  result<void> use_root() {
    const auto mounted = mount_root_blocking(paths_, in_.layers, {.durable = !host_.auto_remove});
    if (!mounted)
      return mounted.error();
    auto root = open_root(paths_.merged());
    if (!root)
      return root.error();
    if (auto found = find_user(*root); !found)
      return found;
    if (config_.working_dir.empty())
      return {};
    const auto made = make_root_directory(*root, config_.working_dir);
    return made ? result<void>{} : result<void>{made.error()};
  }

  result<void> find_user(store::confined_root& root) {
    auto user = find_root_user(root, config_.user, host_.group_add);
    if (!user)
      return user.error();
    facts_.user = out_.user = std::move(*user);
    return {};
  }

  // --- files with names -----------------------------------------------------------------------

  result<void> write_name_files() {
    if (in_.network) {
      out_.files = in_.network->files;
      return {};
    }
    out_.files.hostname = paths_.hostname();
    if (auto written = write_file(paths_.hostname(), config_.hostname + '\n', 0644); !written)
      return written;
    if (config_.network_disabled)
      return {};
    out_.files.hosts = paths_.hosts();
    out_.files.resolv_conf = paths_.resolv_conf();
    const auto hosts = hosts_file();
    if (!hosts)
      return hosts.error();
    if (auto written = write_file(paths_.hosts(), *hosts, 0644); !written)
      return written;
    return write_file(paths_.resolv_conf(), resolv_conf_file(), 0644);
  }

  bool has_hosts_network() const { return host_.network_mode == "host"; }

  result<std::string> hosts_file() const {
    auto extra = parse_extra_hosts(host_.extra_hosts.value_or(std::vector<std::string>{}),
                                   in_.settings.host_gateway_ip);
    if (!extra)
      return extra.error();
    extra->insert(extra->end(), in_.link_hosts.begin(), in_.link_hosts.end());
    if (has_hosts_network() && extra->empty())
      return read_host_file("/etc/hosts");
    return hosts_text(*extra, in_.addresses, config_.hostname, config_.domainname);
  }

  std::string resolv_conf_file() const {
    const auto dns = chosen_dns(host_, in_.settings.dns);
    if (has_hosts_network() && dns.empty())
      return read_host_file("/etc/resolv.conf");
    const bool ipv6 = std::any_of(in_.addresses.begin(), in_.addresses.end(),
                                  [](const auto& a) { return a.find(':') != std::string::npos; });
    return resolv_conf_text(host_resolv_conf(), dns, ipv6);
  }

  // --- mounts and devices ---------------------------------------------------------------------

  result<void> mount_shm() {
    if (in_.ipc)
      facts_.shm_directory = in_.ipc->shm_directory;
    if (host_.ipc_mode != "shareable")
      return {};
    facts_.shm_directory = out_.shm_directory = paths_.shm();
    if (auto made = store::ensure_directory(paths_.shm(), 0700); !made)
      return made.error();
    if (is_mounted(paths_.shm()))
      return {};
    const auto options = "mode=1777,size=" + std::to_string(host_.shm_size);
    if (::mount("shm", paths_.shm().c_str(), "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV,
                options.c_str()) != 0)
      return host::errno_error("mount", paths_.shm().native(), errno);
    return {};
  }

  result<void> find_mounts() {
    auto mounts = prepare_mounts_blocking(in_);
    if (!mounts)
      return mounts.error();
    facts_.mounts = std::move(*mounts);
    return {};
  }

  result<void> find_devices() {
    if (host_.privileged)
      facts_.host_devices = find_all_devices_blocking();
    if (host_.resources.devices)
      for (const auto& mapping : *host_.resources.devices) {
        auto found = find_devices_blocking(mapping);
        if (!found)
          return found.error();
        facts_.devices.insert(facts_.devices.end(), std::make_move_iterator(found->begin()),
                              std::make_move_iterator(found->end()));
      }
    facts_.block_devices = find_block_devices_blocking(host_.resources);
    return {};
  }

  // --- for the runtime and the monitor --------------------------------------------------------

  result<void> find_init() {
    if (!host_.init.value_or(in_.settings.init) || !container::has_own_pid_namespace(host_))
      return {};
    if (in_.settings.init_program.empty())
      return api_error{errc::system,
                       "there is no init program on this host: docker-init and tini are not found"};
    facts_.init_program = in_.settings.init_program;
    return {};
  }

  result<void> write_spec() {
    if (auto found = find_init(); !found)
      return found;
    facts_.id = paths_.id();
    facts_.rootfs = paths_.merged();
    facts_.hostname = host_.uts_mode == "host" ? in_.host->hostname : config_.hostname;
    const auto& parent = host_.resources.cgroup_parent;
    facts_.cgroups_path = container::container_cgroups_path(
        parent.empty() ? in_.settings.cgroup_parent : parent, paths_.id(), false);
    facts_.path = in_.path;
    facts_.args = in_.args;
    facts_.link_environment = in_.link_environment;
    facts_.hosts_file = out_.files.hosts;
    facts_.hostname_file = out_.files.hostname;
    facts_.resolv_conf_file = out_.files.resolv_conf;
    facts_.namespaces.network =
        in_.network ? namespace_path(in_.network->pid, "net") : in_.network_namespace;
    if (in_.pid_donor > 0)
      facts_.namespaces.pid = namespace_path(in_.pid_donor, "pid");
    if (in_.ipc)
      facts_.namespaces.ipc = namespace_path(in_.ipc->pid, "ipc");
    const auto spec = container::build_runtime_spec({config_, host_, *in_.daemon, facts_});
    if (!spec)
      return spec.error();
    return write_file(paths_.config(), *spec, 0600);
  }

  result<void> set_up_log() {
    auto files = log_files_of(host_.log_config, paths_);
    if (!files)
      return files.error();
    auto attributes =
        log_attributes(host_.log_config, {paths_.id(), in_.name, in_.image_id, config_});
    if (!attributes)
      return attributes.error();
    out_.monitor.log = std::move(*files);
    out_.monitor.log_attrs = std::move(*attributes);
    if (const auto options = container::parse_log_options(host_.log_config);
        options && options->compress)
      out_.warnings.emplace_back("log option compress has no effect: old log files stay as they "
                                 "are");
    if (out_.monitor.log.driver == monitor::log_driver::local)
      if (auto made = store::ensure_directory(fs::path{out_.monitor.log.path}.parent_path(), 0700);
          !made)
        return made.error();
    return {};
  }

  void set_up_monitor() {
    auto& m = out_.monitor;
    m.mode = monitor::settings::work::create_container;
    m.id = paths_.id();
    const auto root = paths_.runtime_root(in_.runtime->name);
    set_runtime(m, *in_.runtime, root);
    m.runtime_deadline = in_.settings.runtime_deadline;
    m.bundle = paths_.bundle();
    m.pid_file = paths_.pid_file();
    m.runtime_log = paths_.runtime_log();
    m.exit_file = paths_.exit_file();
    m.control_socket = paths_.control_socket();
    m.tty = config_.tty;
    if (config_.tty)
      m.console_socket = paths_.console_socket();
    m.open_stdin = config_.open_stdin;
    m.stdin_once = config_.stdin_once;
    const auto size = [](std::uint32_t value) {
      return static_cast<std::uint16_t>(
          std::min<std::uint32_t>(value, std::numeric_limits<std::uint16_t>::max()));
    };
    m.rows = size(host_.console_size[0]);
    m.columns = size(host_.console_size[1]);
    m.join_cgroups = in_.host->join_cgroups;
    m.cgroup_root = in_.host->cgroup_root;
    if (in_.runtime->opens_fifo)
      m.start_fifo = root / paths_.id() / "exec.fifo";
  }

  const start_input& in_;
  const container_paths& paths_;
  const container::container_config& config_;
  const container::host_config& host_;
  container::spec_facts facts_;
  prepared_start out_;
};

} // namespace

result<prepared_start> prepare_start_blocking(const start_input& input) {
  auto ready = preparation{input}.run();
  if (ready)
    return ready;
  (void)release_container_blocking(input.paths);
  // Whatever it is about: what the caller asked for was the start of a container that is there.
  return api_error{errc::system, ready.error().message};
}

} // namespace gantry::containers
