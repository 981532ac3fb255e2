#pragma once

#include "protocol/container/json_fields.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

// Inside of protocol/container: the parts of an OCI runtime spec 1.0.2 that Gantry fills in, member
// by member as the specification names them, and how they are written.
namespace gantry::container::oci_spec {

using strings = std::vector<std::string>;

struct box {
  std::uint32_t height = 0;
  std::uint32_t width = 0;
};

struct user {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> additional_gids{};
};

struct capabilities {
  strings bounding{};
  strings effective{};
  strings permitted{};
};

struct rlimit {
  std::string type;
  std::uint64_t hard = 0;
  std::uint64_t soft = 0;
};

struct process {
  bool terminal = false;
  std::optional<box> console_size{};
  oci_spec::user user{};
  strings args{};
  strings env{};
  std::string cwd;
  oci_spec::capabilities capabilities{};
  std::vector<rlimit> rlimits{};
  bool no_new_privileges = false;
  std::string apparmor_profile;
  std::int64_t oom_score_adj = 0;
};

struct root {
  std::string path;
  bool readonly = false;
};

struct mount {
  std::string destination;
  std::string type;
  std::string source;
  strings options{};
};

struct device {
  std::string path;
  std::string type;
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::uint32_t file_mode = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

struct device_cgroup {
  bool allow = false;
  std::string type{};
  std::optional<std::int64_t> major{};
  std::optional<std::int64_t> minor{};
  std::string access;
};

struct memory {
  std::optional<std::int64_t> limit{};
  std::optional<std::int64_t> reservation{};
  std::optional<std::int64_t> swap{};
  std::optional<std::int64_t> swappiness{};
  bool disable_oom_killer = false;

  friend bool operator==(const memory&, const memory&) = default;
};

struct cpu {
  std::int64_t shares = 0;
  std::int64_t quota = 0;
  std::int64_t period = 0;
  std::int64_t realtime_runtime = 0;
  std::int64_t realtime_period = 0;
  std::string cpus;
  std::string mems;

  friend bool operator==(const cpu&, const cpu&) = default;
};

struct pids {
  std::int64_t limit = 0;
};

struct weight_device {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::uint16_t weight = 0;

  friend bool operator==(const weight_device&, const weight_device&) = default;
};

struct throttle_device {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::uint64_t rate = 0;

  friend bool operator==(const throttle_device&, const throttle_device&) = default;
};

struct block_io {
  std::uint16_t weight = 0;
  std::vector<oci_spec::weight_device> weight_device{};
  std::vector<throttle_device> throttle_read_bps_device{};
  std::vector<throttle_device> throttle_write_bps_device{};
  std::vector<throttle_device> throttle_read_iops_device{};
  std::vector<throttle_device> throttle_write_iops_device{};

  friend bool operator==(const block_io&, const block_io&) = default;
};

struct resources {
  std::vector<device_cgroup> devices{};
  std::optional<oci_spec::memory> memory{};
  std::optional<oci_spec::cpu> cpu{};
  std::optional<oci_spec::pids> pids{};
  std::optional<oci_spec::block_io> block_io{};
};

struct namespace_entry {
  std::string type;
  std::string path;
};

} // namespace gantry::container::oci_spec

namespace gantry::container::detail {

template <>
struct description<oci_spec::box> {
  static constexpr std::tuple fields{
      field{"height", &oci_spec::box::height},
      field{"width", &oci_spec::box::width},
  };
};

template <>
struct description<oci_spec::user> {
  static constexpr std::tuple fields{
      field{"uid", &oci_spec::user::uid},
      field{"gid", &oci_spec::user::gid},
      field{"additionalGids", &oci_spec::user::additional_gids},
  };
};

template <>
struct description<oci_spec::capabilities> {
  static constexpr std::tuple fields{
      field{"bounding", &oci_spec::capabilities::bounding, shown::if_set},
      field{"effective", &oci_spec::capabilities::effective, shown::if_set},
      field{"permitted", &oci_spec::capabilities::permitted, shown::if_set},
  };
};

template <>
struct description<oci_spec::rlimit> {
  static constexpr std::tuple fields{
      field{"type", &oci_spec::rlimit::type},
      field{"hard", &oci_spec::rlimit::hard},
      field{"soft", &oci_spec::rlimit::soft},
  };
};

template <>
struct description<oci_spec::process> {
  static constexpr std::tuple fields{
      field{"terminal", &oci_spec::process::terminal, shown::if_set},
      field{"consoleSize", &oci_spec::process::console_size, shown::if_set},
      field{"user", &oci_spec::process::user},
      field{"args", &oci_spec::process::args},
      field{"env", &oci_spec::process::env},
      field{"cwd", &oci_spec::process::cwd},
      field{"capabilities", &oci_spec::process::capabilities},
      field{"rlimits", &oci_spec::process::rlimits, shown::if_set},
      field{"noNewPrivileges", &oci_spec::process::no_new_privileges, shown::if_set},
      field{"apparmorProfile", &oci_spec::process::apparmor_profile, shown::if_set},
      field{"oomScoreAdj", &oci_spec::process::oom_score_adj},
  };
};

template <>
struct description<oci_spec::root> {
  static constexpr std::tuple fields{
      field{"path", &oci_spec::root::path},
      field{"readonly", &oci_spec::root::readonly, shown::if_set},
  };
};

template <>
struct description<oci_spec::mount> {
  static constexpr std::tuple fields{
      field{"destination", &oci_spec::mount::destination},
      field{"type", &oci_spec::mount::type},
      field{"source", &oci_spec::mount::source},
      field{"options", &oci_spec::mount::options},
  };
};

template <>
struct description<oci_spec::device> {
  static constexpr std::tuple fields{
      field{"path", &oci_spec::device::path},
      field{"type", &oci_spec::device::type},
      field{"major", &oci_spec::device::major},
      field{"minor", &oci_spec::device::minor},
      field{"fileMode", &oci_spec::device::file_mode},
      field{"uid", &oci_spec::device::uid},
      field{"gid", &oci_spec::device::gid},
  };
};

template <>
struct description<oci_spec::device_cgroup> {
  static constexpr std::tuple fields{
      field{"allow", &oci_spec::device_cgroup::allow},
      field{"type", &oci_spec::device_cgroup::type, shown::if_set},
      field{"major", &oci_spec::device_cgroup::major, shown::if_set},
      field{"minor", &oci_spec::device_cgroup::minor, shown::if_set},
      field{"access", &oci_spec::device_cgroup::access},
  };
};

template <>
struct description<oci_spec::memory> {
  static constexpr std::tuple fields{
      field{"limit", &oci_spec::memory::limit, shown::if_set},
      field{"reservation", &oci_spec::memory::reservation, shown::if_set},
      field{"swap", &oci_spec::memory::swap, shown::if_set},
      field{"swappiness", &oci_spec::memory::swappiness, shown::if_set},
      field{"disableOOMKiller", &oci_spec::memory::disable_oom_killer, shown::if_set},
  };
};

template <>
struct description<oci_spec::cpu> {
  static constexpr std::tuple fields{
      field{"shares", &oci_spec::cpu::shares, shown::if_set},
      field{"quota", &oci_spec::cpu::quota, shown::if_set},
      field{"period", &oci_spec::cpu::period, shown::if_set},
      field{"realtimeRuntime", &oci_spec::cpu::realtime_runtime, shown::if_set},
      field{"realtimePeriod", &oci_spec::cpu::realtime_period, shown::if_set},
      field{"cpus", &oci_spec::cpu::cpus, shown::if_set},
      field{"mems", &oci_spec::cpu::mems, shown::if_set},
  };
};

template <>
struct description<oci_spec::pids> {
  static constexpr std::tuple fields{field{"limit", &oci_spec::pids::limit}};
};

template <>
struct description<oci_spec::weight_device> {
  static constexpr std::tuple fields{
      field{"major", &oci_spec::weight_device::major},
      field{"minor", &oci_spec::weight_device::minor},
      field{"weight", &oci_spec::weight_device::weight},
  };
};

template <>
struct description<oci_spec::throttle_device> {
  static constexpr std::tuple fields{
      field{"major", &oci_spec::throttle_device::major},
      field{"minor", &oci_spec::throttle_device::minor},
      field{"rate", &oci_spec::throttle_device::rate},
  };
};

template <>
struct description<oci_spec::block_io> {
  using block_io = oci_spec::block_io;
  static constexpr std::tuple fields{
      field{"weight", &block_io::weight, shown::if_set},
      field{"weightDevice", &block_io::weight_device, shown::if_set},
      field{"throttleReadBpsDevice", &block_io::throttle_read_bps_device, shown::if_set},
      field{"throttleWriteBpsDevice", &block_io::throttle_write_bps_device, shown::if_set},
      field{"throttleReadIOPSDevice", &block_io::throttle_read_iops_device, shown::if_set},
      field{"throttleWriteIOPSDevice", &block_io::throttle_write_iops_device, shown::if_set},
  };
};

template <>
struct description<oci_spec::resources> {
  static constexpr std::tuple fields{
      field{"devices", &oci_spec::resources::devices, shown::if_set},
      field{"memory", &oci_spec::resources::memory, shown::if_set},
      field{"cpu", &oci_spec::resources::cpu, shown::if_set},
      field{"pids", &oci_spec::resources::pids, shown::if_set},
      field{"blockIO", &oci_spec::resources::block_io, shown::if_set},
  };
};

template <>
struct description<oci_spec::namespace_entry> {
  static constexpr std::tuple fields{
      field{"type", &oci_spec::namespace_entry::type},
      field{"path", &oci_spec::namespace_entry::path, shown::if_set},
  };
};

} // namespace gantry::container::detail
