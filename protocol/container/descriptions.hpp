#pragma once

#include "protocol/container/config.hpp"
#include "protocol/container/container_view.hpp"
#include "protocol/container/json_fields.hpp"

// Inside of protocol/container: the JSON members of what clients send and see, in Docker's order.
namespace gantry::container::detail {

template <>
struct description<oci::healthcheck> {
  using h = oci::healthcheck;
  static constexpr std::string_view type_name = "v1.HealthcheckConfig";
  static constexpr std::tuple fields{
      field{"Test", &h::test, shown::if_set},
      field{"Interval", &h::interval, shown::if_set},
      field{"Timeout", &h::timeout, shown::if_set},
      field{"StartPeriod", &h::start_period, shown::if_set},
      field{"StartInterval", &h::start_interval, shown::if_set},
      field{"Retries", &h::retries, shown::if_set},
  };
};

template <>
struct description<container_config> {
  using c = container_config;
  static constexpr std::string_view type_name = "container.Config";
  static constexpr std::tuple fields{
      field{"Hostname", &c::hostname},
      field{"Domainname", &c::domainname},
      field{"User", &c::user},
      field{"AttachStdin", &c::attach_stdin},
      field{"AttachStdout", &c::attach_stdout},
      field{"AttachStderr", &c::attach_stderr},
      field{"ExposedPorts", &c::exposed_ports, shown::if_set},
      field{"Tty", &c::tty},
      field{"OpenStdin", &c::open_stdin},
      field{"StdinOnce", &c::stdin_once},
      field{"Env", &c::env},
      command_field{"Cmd", &c::cmd},
      field{"Healthcheck", &c::healthcheck, shown::if_set},
      field{"ArgsEscaped", &c::args_escaped, shown::if_set},
      field{"Image", &c::image},
      field{"Volumes", &c::volumes},
      field{"WorkingDir", &c::working_dir},
      command_field{"Entrypoint", &c::entrypoint},
      field{"NetworkDisabled", &c::network_disabled, shown::if_set},
      field{"MacAddress", &c::mac_address, shown::if_set},
      field{"OnBuild", &c::on_build},
      field{"Labels", &c::labels},
      field{"StopSignal", &c::stop_signal, shown::if_set},
      field{"StopTimeout", &c::stop_timeout, shown::if_set},
      command_field{"Shell", &c::shell, shown::if_set},
  };
};

template <>
struct description<log_config> {
  static constexpr std::string_view type_name = "container.LogConfig";
  static constexpr std::tuple fields{
      field{"Type", &log_config::type},
      field{"Config", &log_config::config},
  };
};

template <>
struct description<restart_policy> {
  static constexpr std::string_view type_name = "container.RestartPolicy";
  static constexpr std::tuple fields{
      field{"Name", &restart_policy::name},
      field{"MaximumRetryCount", &restart_policy::maximum_retry_count},
  };
};

template <>
struct description<port_binding> {
  static constexpr std::string_view type_name = "nat.PortBinding";
  static constexpr std::tuple fields{
      field{"HostIp", &port_binding::host_ip},
      field{"HostPort", &port_binding::host_port},
  };
};

template <>
struct description<weight_device> {
  static constexpr std::string_view type_name = "blkiodev.WeightDevice";
  static constexpr std::tuple fields{
      field{"Path", &weight_device::path},
      field{"Weight", &weight_device::weight},
  };
};

template <>
struct description<throttle_device> {
  static constexpr std::string_view type_name = "blkiodev.ThrottleDevice";
  static constexpr std::tuple fields{
      field{"Path", &throttle_device::path},
      field{"Rate", &throttle_device::rate},
  };
};

template <>
struct description<device_mapping> {
  static constexpr std::string_view type_name = "container.DeviceMapping";
  static constexpr std::tuple fields{
      field{"PathOnHost", &device_mapping::path_on_host},
      field{"PathInContainer", &device_mapping::path_in_container},
      field{"CgroupPermissions", &device_mapping::cgroup_permissions},
  };
};

template <>
struct description<device_request> {
  static constexpr std::string_view type_name = "container.DeviceRequest";
  static constexpr std::tuple fields{
      field{"Driver", &device_request::driver},
      field{"Count", &device_request::count},
      field{"DeviceIDs", &device_request::device_ids},
      field{"Capabilities", &device_request::capabilities},
      field{"Options", &device_request::options},
  };
};

template <>
struct description<ulimit> {
  static constexpr std::string_view type_name = "units.Ulimit";
  static constexpr std::tuple fields{
      field{"Name", &ulimit::name},
      field{"Hard", &ulimit::hard},
      field{"Soft", &ulimit::soft},
  };
};

template <>
struct description<container_resources> {
  using r = container_resources;
  static constexpr std::string_view type_name = "container.Resources";
  static constexpr std::tuple fields{
      field{"CpuShares", &r::cpu_shares},
      field{"Memory", &r::memory},
      field{"NanoCpus", &r::nano_cpus},
      field{"CgroupParent", &r::cgroup_parent},
      field{"BlkioWeight", &r::blkio_weight},
      field{"BlkioWeightDevice", &r::blkio_weight_device},
      field{"BlkioDeviceReadBps", &r::blkio_device_read_bps},
      field{"BlkioDeviceWriteBps", &r::blkio_device_write_bps},
      field{"BlkioDeviceReadIOps", &r::blkio_device_read_iops},
      field{"BlkioDeviceWriteIOps", &r::blkio_device_write_iops},
      field{"CpuPeriod", &r::cpu_period},
      field{"CpuQuota", &r::cpu_quota},
      field{"CpuRealtimePeriod", &r::cpu_realtime_period},
      field{"CpuRealtimeRuntime", &r::cpu_realtime_runtime},
      field{"CpusetCpus", &r::cpuset_cpus},
      field{"CpusetMems", &r::cpuset_mems},
      field{"Devices", &r::devices},
      field{"DeviceCgroupRules", &r::device_cgroup_rules},
      field{"DeviceRequests", &r::device_requests},
      field{"KernelMemory", &r::kernel_memory, shown::if_set},
      field{"KernelMemoryTCP", &r::kernel_memory_tcp, shown::if_set},
      field{"MemoryReservation", &r::memory_reservation},
      field{"MemorySwap", &r::memory_swap},
      field{"MemorySwappiness", &r::memory_swappiness},
      field{"OomKillDisable", &r::oom_kill_disable},
      field{"PidsLimit", &r::pids_limit},
      field{"Ulimits", &r::ulimits},
      field{"CpuCount", &r::cpu_count},
      field{"CpuPercent", &r::cpu_percent},
      field{"IOMaximumIOps", &r::io_maximum_iops},
      field{"IOMaximumBandwidth", &r::io_maximum_bandwidth},
  };
};

template <>
struct description<bind_options> {
  using b = bind_options;
  static constexpr std::string_view type_name = "mount.BindOptions";
  static constexpr std::tuple fields{
      field{"Propagation", &b::propagation, shown::if_set},
      field{"NonRecursive", &b::non_recursive, shown::if_set},
      field{"CreateMountpoint", &b::create_mountpoint, shown::if_set},
      field{"ReadOnlyNonRecursive", &b::read_only_non_recursive, shown::if_set},
      field{"ReadOnlyForceRecursive", &b::read_only_force_recursive, shown::if_set},
  };
};

template <>
struct description<driver_config> {
  static constexpr std::string_view type_name = "mount.Driver";
  static constexpr std::tuple fields{
      field{"Name", &driver_config::name, shown::if_set},
      field{"Options", &driver_config::options, shown::if_set},
  };
};

template <>
struct description<volume_options> {
  using v = volume_options;
  static constexpr std::string_view type_name = "mount.VolumeOptions";
  static constexpr std::tuple fields{
      field{"NoCopy", &v::no_copy, shown::if_set},
      field{"Labels", &v::labels, shown::if_set},
      field{"Subpath", &v::subpath, shown::if_set},
      field{"DriverConfig", &v::driver_config, shown::if_set},
  };
};

template <>
struct description<image_options> {
  static constexpr std::string_view type_name = "mount.ImageOptions";
  static constexpr std::tuple fields{field{"Subpath", &image_options::subpath, shown::if_set}};
};

template <>
struct description<tmpfs_options> {
  static constexpr std::string_view type_name = "mount.TmpfsOptions";
  static constexpr std::tuple fields{
      field{"SizeBytes", &tmpfs_options::size_bytes, shown::if_set},
      field{"Mode", &tmpfs_options::mode, shown::if_set},
      field{"Options", &tmpfs_options::options, shown::if_set},
  };
};

template <>
struct description<cluster_options> {
  static constexpr std::string_view type_name = "mount.ClusterOptions";
  static constexpr std::tuple<> fields{};
};

template <>
struct description<mount_request> {
  using m = mount_request;
  static constexpr std::string_view type_name = "mount.Mount";
  static constexpr std::tuple fields{
      field{"Type", &m::type, shown::if_set},
      field{"Source", &m::source, shown::if_set},
      field{"Target", &m::target, shown::if_set},
      field{"ReadOnly", &m::read_only, shown::if_set},
      field{"Consistency", &m::consistency, shown::if_set},
      field{"BindOptions", &m::bind_options, shown::if_set},
      field{"VolumeOptions", &m::volume_options, shown::if_set},
      field{"ImageOptions", &m::image_options, shown::if_set},
      field{"TmpfsOptions", &m::tmpfs_options, shown::if_set},
      field{"ClusterOptions", &m::cluster_options, shown::if_set},
  };
};

template <>
struct description<health_result> {
  static constexpr std::string_view type_name = "container.HealthcheckResult";
  static constexpr std::tuple fields{
      field{"Start", &health_result::start},
      field{"End", &health_result::end},
      field{"ExitCode", &health_result::exit_code},
      field{"Output", &health_result::output},
  };
};

template <>
struct description<health_view> {
  static constexpr std::string_view type_name = "container.Health";
  static constexpr std::tuple fields{
      field{"Status", &health_view::status},
      field{"FailingStreak", &health_view::failing_streak},
      field{"Log", &health_view::log},
  };
};

template <>
struct description<mount_point> {
  using m = mount_point;
  static constexpr std::string_view type_name = "container.MountPoint";
  static constexpr std::tuple fields{
      field{"Type", &m::type, shown::if_set},
      field{"Name", &m::name, shown::if_set},
      field{"Source", &m::source},
      field{"Destination", &m::destination},
      field{"Driver", &m::driver, shown::if_set},
      field{"Mode", &m::mode},
      field{"RW", &m::read_write},
      field{"Propagation", &m::propagation},
      field{"CopyUp", &m::copy_up, shown::never},
      field{"CreateSource", &m::create_source, shown::never},
      field{"Spec", &m::spec, shown::never},
  };
};

template <>
struct description<host_config> {
  using h = host_config;
  static constexpr std::string_view type_name = "container.HostConfig";
  static constexpr std::tuple fields{
      field{"Binds", &h::binds},
      field{"ContainerIDFile", &h::container_id_file},
      field{"LogConfig", &h::log_config},
      field{"NetworkMode", &h::network_mode},
      field{"PortBindings", &h::port_bindings},
      field{"RestartPolicy", &h::restart_policy},
      field{"AutoRemove", &h::auto_remove},
      field{"VolumeDriver", &h::volume_driver},
      field{"VolumesFrom", &h::volumes_from},
      field{"ConsoleSize", &h::console_size},
      field{"Annotations", &h::annotations, shown::if_set},
      command_field{"CapAdd", &h::cap_add},
      command_field{"CapDrop", &h::cap_drop},
      field{"CgroupnsMode", &h::cgroupns_mode},
      field{"Dns", &h::dns},
      field{"DnsOptions", &h::dns_options},
      field{"DnsSearch", &h::dns_search},
      field{"ExtraHosts", &h::extra_hosts},
      field{"GroupAdd", &h::group_add},
      field{"IpcMode", &h::ipc_mode},
      field{"Cgroup", &h::cgroup},
      field{"Links", &h::links},
      field{"OomScoreAdj", &h::oom_score_adj},
      field{"PidMode", &h::pid_mode},
      field{"Privileged", &h::privileged},
      field{"PublishAllPorts", &h::publish_all_ports},
      field{"ReadonlyRootfs", &h::readonly_rootfs},
      field{"SecurityOpt", &h::security_opt},
      field{"StorageOpt", &h::storage_opt, shown::if_set},
      field{"Tmpfs", &h::tmpfs, shown::if_set},
      field{"UTSMode", &h::uts_mode},
      field{"UsernsMode", &h::userns_mode},
      field{"ShmSize", &h::shm_size},
      field{"Sysctls", &h::sysctls, shown::if_set},
      field{"Runtime", &h::runtime, shown::if_set},
      field{"Isolation", &h::isolation},
      embedded_field{&h::resources},
      field{"Mounts", &h::mounts, shown::if_set},
      field{"MaskedPaths", &h::masked_paths},
      field{"ReadonlyPaths", &h::readonly_paths},
      field{"Init", &h::init, shown::if_set},
  };
};

template <>
struct description<endpoint_ipam> {
  static constexpr std::string_view type_name = "network.EndpointIPAMConfig";
  static constexpr std::tuple fields{
      field{"IPv4Address", &endpoint_ipam::ipv4_address, shown::if_set},
      field{"IPv6Address", &endpoint_ipam::ipv6_address, shown::if_set},
      field{"LinkLocalIPs", &endpoint_ipam::link_local_ips, shown::if_set},
  };
};

template <>
struct description<endpoint_settings> {
  using e = endpoint_settings;
  static constexpr std::string_view type_name = "network.EndpointSettings";
  static constexpr std::tuple fields{
      field{"IPAMConfig", &e::ipam_config},
      field{"Links", &e::links},
      field{"Aliases", &e::aliases},
      field{"MacAddress", &e::mac_address},
      field{"DriverOpts", &e::driver_opts},
      field{"GwPriority", &e::gw_priority},
      field{"NetworkID", &e::network_id},
      field{"EndpointID", &e::endpoint_id},
      field{"Gateway", &e::gateway},
      field{"IPAddress", &e::ip_address},
      field{"IPPrefixLen", &e::ip_prefix_len},
      field{"IPv6Gateway", &e::ipv6_gateway},
      field{"GlobalIPv6Address", &e::global_ipv6_address},
      field{"GlobalIPv6PrefixLen", &e::global_ipv6_prefix_len},
      field{"DNSNames", &e::dns_names},
  };
};

template <>
struct description<networking_config> {
  static constexpr std::string_view type_name = "network.NetworkingConfig";
  static constexpr std::tuple fields{field{"EndpointsConfig", &networking_config::endpoints}};
};

} // namespace gantry::container::detail
