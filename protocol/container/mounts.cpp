#include "protocol/container/mounts.hpp"

#include "protocol/container/modes.hpp"
#include "protocol/container/oci_spec.hpp"
#include "protocol/container/process_spec.hpp"
#include "protocol/container/values.hpp"
#include "protocol/oci/shell_words.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace gantry::container {
namespace {

using detail::invalid;
using oci_spec::mount;

// What every container has, unless the user mounts something in its place.
std::vector<mount> default_mounts(const host_config& host, const spec_facts& facts,
                                  bool writable_cgroups) {
  std::vector<mount> out{
      {"/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}},
      {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
      {"/dev/pts",
       "devpts",
       "devpts",
       {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
      {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}},
      // The runtime makes of it what the version of control groups needs.
      {"/sys/fs/cgroup", "cgroup", "cgroup", {"ro", "nosuid", "noexec", "nodev"}},
      {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
  };
  for (auto& m : out) {
    if ((m.destination == "/sys" && host.privileged) ||
        (m.destination == "/sys/fs/cgroup" && writable_cgroups))
      std::erase(m.options, "ro");
  }
  if (host.ipc_mode.empty() || host.ipc_mode == "private")
    out.push_back(
        {"/dev/shm",
         "tmpfs",
         "shm",
         {"nosuid", "noexec", "nodev", "mode=1777", "size=" + std::to_string(host.shm_size)}});
  if (!facts.init_program.empty() && has_own_pid_namespace(host))
    out.push_back({std::string{init_destination}, "bind", facts.init_program, {"bind", "ro"}});
  return out;
}

// What the daemon itself mounts among the user's.
std::vector<mount> daemon_mounts(const host_config& host, const spec_facts& facts) {
  std::vector<mount> out;
  if (host.ipc_mode == "host")
    out.push_back({"/dev/shm", "bind", "/dev/shm", {"rbind", "rprivate"}});
  else if (host.ipc_mode == "shareable" || container_of_mode(host.ipc_mode)) // crun wants the flags
    out.push_back({"/dev/shm",
                   "bind",
                   facts.shm_directory,
                   {"rbind", "rprivate", "nosuid", "noexec", "nodev"}});

  const std::pair<std::string_view, const std::string&> files[] = {
      {"/etc/resolv.conf", facts.resolv_conf_file},
      {"/etc/hostname", facts.hostname_file},
      {"/etc/hosts", facts.hosts_file},
  };
  for (const auto& [destination, source] : files) {
    if (source.empty())
      continue;
    mount file{std::string{destination}, "bind", source, {"rbind"}};
    if (host.readonly_rootfs)
      file.options.emplace_back("ro");
    file.options.emplace_back("rprivate");
    out.push_back(std::move(file));
  }
  return out;
}

result<mount> user_mount(const resolved_mount& from) {
  if (from.type == "tmpfs") {
    auto options = merge_tmpfs_options(from.tmpfs_options);
    if (!options)
      return options.error();
    return mount{from.destination, "tmpfs", "tmpfs", std::move(*options)};
  }
  mount out{from.destination, "bind", from.source, {from.non_recursive ? "bind" : "rbind"}};
  if (from.read_only)
    out.options.emplace_back(from.recursive_read_only && !from.non_recursive ? "rro" : "ro");
  if (!from.propagation.empty())
    out.options.push_back(from.propagation);
  return out;
}

std::size_t depth(const mount& m) {
  return m.destination == "/" ? 0 : std::count(m.destination.begin(), m.destination.end(), '/');
}

// Options of which the last counts, by the bit of mount(2) that they set or clear.
struct mount_flag {
  std::string_view name;
  std::string_view bit;
};

constexpr std::array<mount_flag, 34> mount_flags{{
    {"ro", "rdonly"},
    {"rw", "rdonly"},
    {"suid", "nosuid"},
    {"nosuid", "nosuid"},
    {"dev", "nodev"},
    {"nodev", "nodev"},
    {"exec", "noexec"},
    {"noexec", "noexec"},
    {"sync", "synchronous"},
    {"async", "synchronous"},
    {"dirsync", "dirsync"},
    {"remount", "remount"},
    {"mand", "mandlock"},
    {"nomand", "mandlock"},
    {"atime", "noatime"},
    {"noatime", "noatime"},
    {"diratime", "nodiratime"},
    {"nodiratime", "nodiratime"},
    {"bind", "bind"},
    {"rbind", "rbind"},
    {"relatime", "relatime"},
    {"norelatime", "relatime"},
    {"strictatime", "strictatime"},
    {"nostrictatime", "strictatime"},
    {"private", "propagation"},
    {"rprivate", "propagation"},
    {"shared", "propagation"},
    {"rshared", "propagation"},
    {"slave", "propagation"},
    {"rslave", "propagation"},
    {"unbindable", "propagation"},
    {"runbindable", "propagation"},
    {"nolazytime", "lazytime"},
    {"lazytime", "lazytime"},
}};

constexpr std::array<std::string_view, 7> tmpfs_values{"gid",       "mode", "mpol", "nr_blocks",
                                                       "nr_inodes", "size", "uid"};

// Which of its kind an option is: those of one kind exclude each other. Nothing for an unknown one.
std::string_view kind_of(std::string_view option) {
  const auto flag = std::find_if(mount_flags.begin(), mount_flags.end(),
                                 [&](const mount_flag& f) { return f.name == option; });
  if (flag != mount_flags.end())
    return flag->bit;
  const auto equals = option.find('=');
  const auto name = option.substr(0, equals);
  const bool known = equals != option.npos && std::find(tmpfs_values.begin(), tmpfs_values.end(),
                                                        name) != tmpfs_values.end();
  return known ? name : std::string_view{};
}

api_error invalid_tmpfs_option(std::string_view option) {
  const auto equals = option.find('=');
  auto text = "invalid tmpfs option [" + oci::quote(option.substr(0, equals));
  if (equals != option.npos)
    text += ' ' + oci::quote(option.substr(equals + 1));
  return invalid(text + ']');
}

} // namespace

result<std::vector<std::string>> merge_tmpfs_options(std::string_view user) {
  std::string all = "noexec,nosuid,nodev,rprivate";
  if (!user.empty())
    all.append(",").append(user);

  std::vector<std::string> out; // from the last to the first
  std::set<std::string_view> seen;
  std::string_view rest = all;
  for (bool more = true; more;) {
    const auto comma = rest.rfind(',');
    more = comma != rest.npos;
    const auto option = more ? rest.substr(comma + 1) : rest;
    rest = rest.substr(0, more ? comma : 0);
    if (option == "defaults")
      continue;
    const auto kind = kind_of(option);
    if (kind.empty())
      return invalid_tmpfs_option(option);
    if (seen.insert(kind).second)
      out.emplace_back(option);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

result<std::vector<mount>> container_mounts(const host_config& host, const spec_facts& facts,
                                            bool writable_cgroups) {
  std::vector<mount> later;
  std::set<std::string> taken; // by the user
  for (const auto& from : facts.mounts) {
    auto made = user_mount(from);
    if (!made)
      return made.error();
    taken.insert(made->destination);
    later.push_back(std::move(*made));
  }
  for (auto& made : daemon_mounts(host, facts)) {
    if (!taken.contains(made.destination))
      later.push_back(std::move(made));
  }
  std::stable_sort(later.begin(), later.end(),
                   [](const mount& a, const mount& b) { return depth(a) < depth(b); });

  std::vector<mount> out;
  const bool own_dev = taken.contains("/dev"); // whoever mounts /dev has all of it in there
  for (auto& made : default_mounts(host, facts, writable_cgroups)) {
    if (!taken.contains(made.destination) && !(own_dev && made.destination.starts_with("/dev/")))
      out.push_back(std::move(made));
  }
  out.insert(out.end(), std::make_move_iterator(later.begin()),
             std::make_move_iterator(later.end()));
  return out;
}

result<std::string> rootfs_propagation(const std::vector<resolved_mount>& mounts) {
  bool shared = false;
  bool slave = false;
  for (const auto& m : mounts) {
    const bool wants_shared = m.propagation == "shared" || m.propagation == "rshared";
    const bool wants_slave = m.propagation == "slave" || m.propagation == "rslave";
    const bool spreads = wants_shared ? m.source_propagation == mount_propagation::shared
                                      : m.source_propagation != mount_propagation::none;
    if (!(wants_shared || wants_slave) || (!spreads && m.optional_propagation))
      continue;
    if (!spreads)
      return invalid("path " + m.source + " is mounted on " + m.source_mount_point +
                     " but it is not a " + (wants_shared ? "shared" : "shared or slave") +
                     " mount");
    (wants_shared ? shared : slave) = true;
  }
  return std::string{shared ? "shared" : slave ? "rslave" : ""};
}

} // namespace gantry::container
