#pragma once

#include <cstdint>
#include <string_view>

// What becomes of each member of a create request (Engine API 1.24 to 1.51): nothing is dropped in
// silence.
namespace gantry::container {

enum class treatment : std::uint8_t {
  honoured, // it does what Docker says it does
  shown,    // it is for clients only: kept, and shown by inspect
  warned,   // it is dropped, and a warning says so
  refused,  // a value other than the default is an error
};

struct member_treatment {
  std::string_view name;
  treatment what;
  std::string_view how;         // which part of it, where, under which condition
  std::string_view sample = {}; // a HostConfig that is warned about or refused
};

using enum treatment;

// "start": the value is checked when the container is started, as by dockerd, by the runtime spec
// or the runtime.
inline constexpr member_treatment host_members[] = {
    {"Binds", honoured, "mount_point"},
    {"ContainerIDFile", shown, "written by the client"},
    {"LogConfig", honoured, "log_options; values checked at start"},
    {"NetworkMode", honoured,
     "none, host, container:X; others with a warning until networks exist"},
    {"PortBindings", warned, "until networks exist, and on the host's network",
     R"({"PortBindings":{"80/tcp":[{"HostPort":"80"}]}})"},
    {"RestartPolicy", honoured, "by the container"},
    {"AutoRemove", honoured, "by the container; not below 1.25"},
    {"VolumeDriver", honoured, "for Binds and the volumes of Config; a warning for Mounts"},
    {"VolumesFrom", honoured, "mount_point"},
    {"ConsoleSize", honoured, "first size of the terminal, from 1.42"},
    {"Annotations", honoured, "of the runtime spec, from 1.43"},
    {"CapAdd", honoured, "refused if unknown or not the daemon's to give"},
    {"CapDrop", honoured, "refused if unknown"},
    {"CgroupnsMode", honoured, "a warning if the kernel has no such namespaces"},
    {"Dns", honoured, "/etc/resolv.conf"},
    {"DnsOptions", honoured, "/etc/resolv.conf"},
    {"DnsSearch", honoured, "/etc/resolv.conf"},
    {"ExtraHosts", honoured, "/etc/hosts"},
    {"GroupAdd", honoured, "start"},
    {"IpcMode", honoured, "start"},
    {"Cgroup", warned, "cgroups of other containers are not shared", R"({"Cgroup":"x"})"},
    {"Links", warned, "until networks exist", R"({"Links":["a:b"]})"},
    {"OomScoreAdj", honoured, "start"},
    {"PidMode", honoured, "start"},
    {"Privileged", honoured, "all that the daemon itself may do"},
    {"PublishAllPorts", warned, "until networks exist", R"({"PublishAllPorts":true})"},
    {"ReadonlyRootfs", honoured, "start"},
    {"SecurityOpt", honoured, "security_options; SELinux labels have no effect without SELinux"},
    {"StorageOpt", refused, "a size needs project quotas", R"({"StorageOpt":{"size":"1G"}})"},
    {"Tmpfs", honoured, "options checked at start"},
    {"UTSMode", honoured, "start"},
    {"UsernsMode", honoured, "only the host's user namespace"},
    {"ShmSize", honoured, "start"},
    {"Sysctls", honoured, "checked by the runtime at start"},
    {"Runtime", honoured, "refused if there is none of that name"},
    {"Isolation", refused, "Windows", R"({"Isolation":"hyperv"})"},
    {"CpuShares", honoured, "a warning if the kernel cannot"},
    {"Memory", honoured, "a warning if the kernel cannot"},
    {"NanoCpus", honoured, "refused if the kernel cannot"},
    {"CgroupParent", honoured, "start"},
    {"BlkioWeight", honoured, "a warning if the kernel cannot"},
    {"BlkioWeightDevice", honoured, "a warning if the kernel cannot"},
    {"BlkioDeviceReadBps", honoured, "a warning if the kernel cannot"},
    {"BlkioDeviceWriteBps", honoured, "a warning if the kernel cannot"},
    {"BlkioDeviceReadIOps", honoured, "a warning if the kernel cannot"},
    {"BlkioDeviceWriteIOps", honoured, "a warning if the kernel cannot"},
    {"CpuPeriod", honoured, "a warning if the kernel cannot"},
    {"CpuQuota", honoured, "a warning if the kernel cannot"},
    {"CpuRealtimePeriod", honoured, "refused if the kernel cannot"},
    {"CpuRealtimeRuntime", honoured, "refused if the kernel cannot"},
    {"CpusetCpus", honoured, "refused if there are no such CPUs"},
    {"CpusetMems", honoured, "refused if there are no such nodes"},
    {"Devices", honoured, "start"},
    {"DeviceCgroupRules", honoured, "start"},
    {"DeviceRequests", refused, "start: there are no device drivers",
     R"({"DeviceRequests":[{"Count":1}]})"},
    {"KernelMemory", warned, "Linux 5.4 has no such limit any more; from 1.42 it is none",
     R"({"KernelMemory":9000000})"},
    {"KernelMemoryTCP", warned, "Linux 5.4 has no such limit any more",
     R"({"KernelMemoryTCP":9000000})"},
    {"MemoryReservation", honoured, "a warning if the kernel cannot"},
    {"MemorySwap", honoured, "a warning if the kernel cannot"},
    {"MemorySwappiness", honoured, "a warning if the kernel cannot"},
    {"OomKillDisable", honoured, "a warning if the kernel cannot"},
    {"PidsLimit", honoured, "a warning if the kernel cannot"},
    {"Ulimits", honoured, "start; refused beyond what the daemon may set"},
    {"CpuCount", warned, "Windows", R"({"CpuCount":1})"},
    {"CpuPercent", warned, "Windows", R"({"CpuPercent":1})"},
    {"IOMaximumIOps", refused, "Windows", R"({"IOMaximumIOps":1})"},
    {"IOMaximumBandwidth", refused, "Windows", R"({"IOMaximumBandwidth":1})"},
    {"Mounts", honoured, "bind, volume, tmpfs, image; npipe and cluster are refused"},
    {"MaskedPaths", honoured, "start"},
    {"ReadonlyPaths", honoured, "start"},
    {"Init", honoured, "start"},
};

inline constexpr member_treatment config_members[] = {
    {"Hostname", honoured, "start"},
    {"Domainname", honoured, "start"},
    {"User", honoured, "start"},
    {"AttachStdin", shown, "clients attach by themselves"},
    {"AttachStdout", shown, "clients attach by themselves"},
    {"AttachStderr", shown, "clients attach by themselves"},
    {"ExposedPorts", honoured, "shown; published by PublishAllPorts"},
    {"Tty", honoured, "start"},
    {"OpenStdin", honoured, "start"},
    {"StdinOnce", honoured, "by attach"},
    {"Env", honoured, "start"},
    {"Cmd", honoured, "merge"},
    {"Healthcheck", honoured, "by the container; StartInterval from 1.44"},
    {"ArgsEscaped", shown, "Windows"},
    {"Image", honoured, "create"},
    {"Volumes", honoured, "mount_point"},
    {"WorkingDir", honoured, "start"},
    {"Entrypoint", honoured, "merge"},
    {"NetworkDisabled", honoured, "start: only the loopback interface"},
    {"MacAddress", honoured, "goes to the endpoint; a warning from 1.44"},
    {"OnBuild", shown, "commit keeps it"},
    {"Labels", honoured, "filters"},
    {"StopSignal", honoured, "stop"},
    {"StopTimeout", honoured, "stop"},
    {"Shell", honoured, "health checks"},
};

} // namespace gantry::container
