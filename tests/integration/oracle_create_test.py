"""Beside dockerd: what becomes of a request for a container, each field in turn."""

import pytest

MIB = 1 << 20


def body(config=None, **host):
    """A request for a container with these members of Config and of HostConfig."""
    return {"Image": "bb:1", "Cmd": ["true"], "HostConfig": {"NetworkMode": "none", **host},
            **(config or {})}


#: Members of Config, one after the other.
CONFIGS = [
    {}, {"Hostname": "h"}, {"Hostname": "h.example.org"}, {"Domainname": "example.org"},
    {"Hostname": "a_b"}, {"Hostname": "x" * 64}, {"User": "bob"}, {"User": "1000:33"},
    {"User": "nobody-there"}, {"AttachStdin": True, "AttachStdout": True, "AttachStderr": True},
    {"ExposedPorts": {"80/tcp": {}, "53/udp": {}}}, {"ExposedPorts": {"80": {}}},
    {"ExposedPorts": {"x/tcp": {}}}, {"Tty": True}, {"OpenStdin": True}, {"StdinOnce": True},
    {"Env": ["A=1", "B"]}, {"Env": ["=x"]}, {"Env": []}, {"Env": [""]}, {"Env": ["PATH=/sbin"]},
    {"Cmd": []}, {"Cmd": None}, {"Cmd": "true"}, {"Cmd": ["echo", "a b"]}, {"Cmd": [""]},
    {"Entrypoint": ["echo"]}, {"Entrypoint": "echo"}, {"Entrypoint": []}, {"Entrypoint": [""]},
    {"Entrypoint": [""], "Cmd": None}, {"Entrypoint": ["echo"], "Cmd": None},
    {"Healthcheck": {"Test": ["CMD", "true"]}}, {"Healthcheck": {"Test": ["NONE"]}},
    {"Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 10**9, "Timeout": 2 * 10**9,
                     "StartPeriod": 3 * 10**9, "Retries": 4}},
    {"Healthcheck": {"Test": []}}, {"Healthcheck": {}}, {"Healthcheck": {"Test": ["X"]}},
    {"Healthcheck": {"Test": ["CMD", "true"], "Interval": 1000}},
    {"Healthcheck": {"Test": ["CMD", "true"], "Timeout": 1000}},
    {"Healthcheck": {"Test": ["CMD", "true"], "StartPeriod": 1000}},
    {"Healthcheck": {"Test": ["CMD", "true"], "Retries": -1}},
    {"Healthcheck": {"Test": ["CMD", "true"], "Interval": -1}},
    {"Image": "nosuch"}, {"Image": "nosuch:1"}, {"Image": "UPPER"}, {"Image": ""},
    {"Image": "bb:1@sha256:" + "0" * 64}, {"Volumes": {"/v": {}}}, {"Volumes": {"v": {}}},
    {"Volumes": {"/": {}}}, {"WorkingDir": "/w/d/"}, {"WorkingDir": "w"}, {"WorkingDir": "/../a"},
    {"NetworkDisabled": True}, {"MacAddress": "02:42:ac:11:00:05"}, {"MacAddress": "x"},
    {"OnBuild": ["RUN true"]}, {"Labels": {"a": "b", "c": ""}}, {"Labels": {"": "x"}},
    {"StopSignal": "SIGINT"}, {"StopSignal": "10"}, {"StopSignal": "FOO"}, {"StopTimeout": 3},
    {"StopTimeout": -1}, {"Shell": ["sh", "-c"]}, {"ArgsEscaped": True}, {"Unknown": 1},
]

#: Members of HostConfig, one after the other.
HOST_CONFIGS = [
    {"NetworkMode": "none"}, {"NetworkMode": "host"}, {"NetworkMode": "container:nosuch"},
    {"NetworkMode": "container:"}, {"ContainerIDFile": "/x"},
    {"LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "3"}}},
    {"LogConfig": {"Type": "json-file", "Config": {"nosuch": "1"}}},
    {"LogConfig": {"Type": "json-file", "Config": {"max-size": "x"}}},
    {"LogConfig": {"Type": "json-file", "Config": {"max-file": "0"}}},
    {"LogConfig": {"Type": "json-file", "Config": {"mode": "non-blocking",
                                                   "max-buffer-size": "1m"}}},
    {"LogConfig": {"Type": "json-file", "Config": {"mode": "nosuch"}}},
    {"LogConfig": {"Type": "local", "Config": {}}}, {"LogConfig": {"Type": "none"}},
    {"LogConfig": {"Type": "none", "Config": {"a": "b"}}},
    {"LogConfig": {"Type": "", "Config": None}},
    {"RestartPolicy": {"Name": "always"}}, {"RestartPolicy": {"Name": "unless-stopped"}},
    {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}},
    {"RestartPolicy": {"Name": "no"}}, {"RestartPolicy": {"Name": ""}},
    {"RestartPolicy": {"Name": "nosuch"}}, {"RestartPolicy": {"Name": "always",
                                                              "MaximumRetryCount": 3}},
    {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": -1}},
    {"AutoRemove": True}, {"AutoRemove": True, "RestartPolicy": {"Name": "always"}},
    {"VolumeDriver": "local"}, {"VolumesFrom": []}, {"VolumesFrom": ["nosuch"]},
    {"VolumesFrom": ["nosuch:rx"]}, {"ConsoleSize": [10, 20]}, {"CapAdd": ["NET_ADMIN"]},
    {"CapAdd": ["CAP_NET_ADMIN", "net_raw"]}, {"CapAdd": ["ALL"]}, {"CapAdd": ["NOSUCH"]},
    {"CapDrop": ["ALL"]}, {"CapDrop": ["NOSUCH"]}, {"CapDrop": ["MKNOD"]}, {"CapAdd": []},
    {"CgroupnsMode": "host"}, {"CgroupnsMode": "private"}, {"CgroupnsMode": "nosuch"},
    {"Dns": ["10.0.0.1"], "DnsOptions": ["ndots:2"], "DnsSearch": ["example.org"]},
    {"Dns": ["nosuch"]}, {"ExtraHosts": ["h:10.0.0.1"]}, {"ExtraHosts": ["h"]},
    {"ExtraHosts": ["h:x"]}, {"GroupAdd": ["33", "extra"]}, {"IpcMode": "host"},
    {"IpcMode": "shareable"}, {"IpcMode": "none"}, {"IpcMode": "private"}, {"IpcMode": "nosuch"},
    {"IpcMode": "container:nosuch"}, {"Cgroup": "nosuch"}, {"Links": ["nosuch:b"]}, {"Links": []},
    {"OomScoreAdj": 500}, {"OomScoreAdj": 1001}, {"OomScoreAdj": -1001}, {"PidMode": "host"},
    {"PidMode": "container:nosuch"}, {"PidMode": "nosuch"}, {"Privileged": True},
    {"PublishAllPorts": True}, {"ReadonlyRootfs": True}, {"SecurityOpt": ["no-new-privileges"]},
    {"SecurityOpt": ["no-new-privileges:true", "seccomp=unconfined"]},
    {"SecurityOpt": ["nosuch"]}, {"SecurityOpt": ["nosuch=1"]}, {"SecurityOpt": ["seccomp={"]},
    {"SecurityOpt": ["label=disable"]}, {"SecurityOpt": ["apparmor=unconfined"]},
    {"StorageOpt": {"size": "1g"}}, {"StorageOpt": {"nosuch": "1"}}, {"StorageOpt": {}},
    {"UTSMode": "host"}, {"UTSMode": "nosuch"}, {"UsernsMode": "host"}, {"UsernsMode": "nosuch"},
    {"ShmSize": MIB}, {"ShmSize": -1}, {"ShmSize": 0}, {"Sysctls": {"net.core.somaxconn": "100"}},
    {"Sysctls": {"kernel.nosuch": "1"}}, {"Runtime": "runc"}, {"Runtime": "nosuch"},
    {"Runtime": ""}, {"Isolation": "default"}, {"Isolation": "hyperv"},
    {"MaskedPaths": []}, {"MaskedPaths": ["/proc/kcore"]}, {"ReadonlyPaths": []},
    {"ReadonlyPaths": ["/proc/sys"]}, {"Init": True}, {"Init": False}, {"Init": None},
    {"PortBindings": {"80/tcp": [{"HostPort": "18080"}]}}, {"PortBindings": {"x/tcp": [{}]}},
    {"PortBindings": {"80/tcp": [{"HostPort": "x"}]}}, {"PortBindings": {}},
]

#: Members of HostConfig that the kernel's limits are set by.
RESOURCES = [
    {"CpuShares": 512}, {"CpuShares": -1}, {"CpuShares": 1}, {"Memory": 64 * MIB}, {"Memory": MIB},
    {"Memory": -1}, {"NanoCpus": 10**9}, {"NanoCpus": 10**12}, {"NanoCpus": 1}, {"NanoCpus": -1},
    {"NanoCpus": 10**9, "CpuPeriod": 100000}, {"NanoCpus": 10**9, "CpuQuota": 100000},
    {"CgroupParent": "/parent"}, {"CgroupParent": "system.slice"}, {"BlkioWeight": 300},
    {"BlkioWeight": 5}, {"BlkioWeight": 1001}, {"BlkioWeightDevice": []},
    {"BlkioWeightDevice": [{"Path": "/dev/null", "Weight": 300}]},
    {"BlkioWeightDevice": [{"Path": "/dev/null", "Weight": 3}]},
    {"BlkioDeviceReadBps": [{"Path": "/dev/null", "Rate": MIB}]},
    {"BlkioDeviceWriteIOps": [{"Path": "/dev/null", "Rate": 100}]},
    {"CpuPeriod": 100000}, {"CpuPeriod": 100}, {"CpuPeriod": 2000000}, {"CpuPeriod": -1},
    {"CpuQuota": 50000}, {"CpuQuota": 10}, {"CpuQuota": -1}, {"CpuRealtimePeriod": 1000000},
    {"CpuRealtimePeriod": 100, "CpuRealtimeRuntime": 200}, {"CpusetCpus": "0"},
    {"CpusetCpus": "0-1"}, {"CpusetCpus": "99"}, {"CpusetCpus": "x"}, {"CpusetMems": "0"},
    {"CpusetMems": "99"}, {"CpusetMems": "x"},
    {"Devices": [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x",
                  "CgroupPermissions": "rwm"}]},
    {"Devices": []}, {"Devices": None}, {"DeviceCgroupRules": ["c 1:3 rwm"]},
    {"DeviceCgroupRules": ["x"]}, {"DeviceRequests": []},
    {"DeviceRequests": [{"Driver": "nosuch", "Count": -1, "Capabilities": [["gpu"]]}]},
    {"KernelMemory": 64 * MIB}, {"KernelMemoryTCP": 64 * MIB},
    {"MemoryReservation": 32 * MIB}, {"MemoryReservation": MIB},
    {"Memory": 64 * MIB, "MemoryReservation": 128 * MIB}, {"MemorySwap": 64 * MIB},
    {"Memory": 64 * MIB, "MemorySwap": 128 * MIB}, {"Memory": 64 * MIB, "MemorySwap": 32 * MIB},
    {"Memory": 64 * MIB, "MemorySwap": -1}, {"MemorySwap": -1}, {"MemorySwappiness": 50},
    {"MemorySwappiness": 101}, {"MemorySwappiness": -1}, {"MemorySwappiness": -2},
    {"OomKillDisable": True}, {"OomKillDisable": False},
    {"OomKillDisable": True, "Memory": 64 * MIB}, {"PidsLimit": 100}, {"PidsLimit": 0},
    {"PidsLimit": -1}, {"Ulimits": [{"Name": "nofile", "Soft": 100, "Hard": 200}]},
    {"Ulimits": [{"Name": "nosuch", "Soft": 1, "Hard": 1}]},
    {"Ulimits": [{"Name": "nofile", "Soft": 300, "Hard": 200}]},
    {"CpuCount": 1}, {"CpuPercent": 10}, {"IOMaximumIOps": 10}, {"IOMaximumBandwidth": 10},
]

#: Members of HostConfig and Config that files come by. `{shared}` is a directory on this machine.
MOUNTS = [
    {"Binds": ["{shared}/directory:/d"]}, {"Binds": ["{shared}/directory:/d:ro"]},
    {"Binds": ["{shared}/directory:/d:rw,rprivate"]}, {"Binds": ["{shared}/directory:/d:x"]},
    {"Binds": ["{shared}/file:/f:z"]}, {"Binds": ["{shared}/nosuch:/d"]}, {"Binds": ["named:/d"]},
    {"Binds": ["named:/d:nocopy"]}, {"Binds": ["named:/d:ro"]}, {"Binds": ["/anonymous"]},
    {"Binds": [":/d"]}, {"Binds": ["a:b:c:d"]}, {"Binds": ["/a:b"]}, {"Binds": ["/a:/"]},
    {"Binds": ["/a:ro"]}, {"Binds": ["n:/d"]}, {"Binds": ["a b:/d"]}, {"Binds": []},
    {"Binds": ["{shared}/directory:/d", "named:/d"]}, {"Binds": ["/a:/b:shared,slave"]},
    {"Binds": ["named:/d:shared"]}, {"Binds": [""]},
    {"Tmpfs": {"/t": ""}}, {"Tmpfs": {"/t": "size=1m,mode=700"}}, {"Tmpfs": {"/t": "nosuch=1"}},
    {"Tmpfs": {"t": ""}}, {"Tmpfs": {"/": ""}}, {"Tmpfs": {"/d": ""}, "Binds": ["named:/d"]},
    {"Mounts": [{"Type": "bind", "Source": "{shared}/directory", "Target": "/d"}]},
    {"Mounts": [{"Type": "bind", "Source": "{shared}/directory", "Target": "/d", "ReadOnly": True,
                 "BindOptions": {"Propagation": "rprivate", "NonRecursive": True}}]},
    {"Mounts": [{"Type": "bind", "Source": "{shared}/nosuch", "Target": "/d"}]},
    {"Mounts": [{"Type": "bind", "Source": "relative", "Target": "/d"}]},
    {"Mounts": [{"Type": "bind", "Target": "/d"}]},
    {"Mounts": [{"Type": "bind", "Source": "{shared}/directory"}]},
    {"Mounts": [{"Type": "bind", "Source": "{shared}/directory", "Target": "d"}]},
    {"Mounts": [{"Type": "bind", "Source": "{shared}/directory", "Target": "/"}]},
    {"Mounts": [{"Type": "bind", "Source": "{shared}/directory", "Target": "/d",
                 "BindOptions": {"Propagation": "nosuch"}}]},
    {"Mounts": [{"Type": "bind", "Source": "{shared}/directory", "Target": "/d",
                 "VolumeOptions": {}}]},
    {"Mounts": [{"Type": "volume", "Source": "named", "Target": "/d"}]},
    {"Mounts": [{"Type": "volume", "Target": "/d"}]},
    {"Mounts": [{"Type": "volume", "Target": "/d", "ReadOnly": True}]},
    {"Mounts": [{"Type": "volume", "Source": "labelled", "Target": "/d", "ReadOnly": True,
                 "VolumeOptions": {"NoCopy": True, "Labels": {"a": "b"},
                                   "DriverConfig": {"Name": "local", "Options": {}}}}]},
    {"Mounts": [{"Type": "volume", "Source": "n", "Target": "/d"}]},
    {"Mounts": [{"Type": "tmpfs", "Target": "/t"}]},
    {"Mounts": [{"Type": "tmpfs", "Target": "/t",
                 "TmpfsOptions": {"SizeBytes": MIB, "Mode": 448}}]},
    {"Mounts": [{"Type": "tmpfs", "Source": "/x", "Target": "/t"}]},
    {"Mounts": [{"Type": "nosuch", "Target": "/t"}]}, {"Mounts": [{}]}, {"Mounts": []},
    {"Mounts": [{"Type": "npipe", "Source": "x", "Target": "/t"}]},
    {"Mounts": [{"Type": "tmpfs", "Target": "/t"}, {"Type": "tmpfs", "Target": "/t"}]},
]

#: Whole requests that say nothing of a container: path, body.
REQUESTS = [
    ("", {}), ("", None), ("", []), ("", {"HostConfig": {}}), ("", {"Image": 1}),
    ("", {"Image": "bb:1", "HostConfig": 1}), ("", {"Image": "bb:1", "Env": "A=1"}),
    ("?name=a", body()), ("?name=-a", body()), ("?name=a%20b", body()), ("?name=/slash", body()),
    ("?name=a/b", body()), ("?name=other", body()), ("?name=/other", body()),
    ("?name=ab.c_d-e", body()),
    ("?platform=linux/arm64", body()), ("?platform=nosuch/x/y/z", body()),
    ("", {**body(), "NetworkingConfig": {"EndpointsConfig": {"none": {}}}}),
    ("", {**body(), "NetworkingConfig": {"EndpointsConfig": {"none": None}}}),
    ("", {**body(), "NetworkingConfig": {"EndpointsConfig": {}}}),
    ("", body({"Hostname": "h"}, NetworkMode="container:other")),
    ("", body(NetworkMode="container:other", Dns=["10.0.0.1"])),
    ("", body(NetworkMode="container:other", ExtraHosts=["a:10.0.0.1"])),
    ("", body(NetworkMode="container:other", PortBindings={"80/tcp": [{}]})),
    ("", body({"ExposedPorts": {"80/tcp": {}}}, NetworkMode="container:other")),
    ("", body(NetworkMode="container:other", PublishAllPorts=True)),
    ("", body(NetworkMode="container:other", Links=["other:d"])),
    ("", body(NetworkMode="container:other")),
    ("", body(NetworkMode="host", Links=["other:d"])),
    ("", body({"Hostname": "h"}, NetworkMode="host")),
    ("", body({"Hostname": "h"}, UTSMode="host")),
    ("", body(IpcMode="container:other")), ("", body(PidMode="container:other")),
    ("", body(VolumesFrom=["other"])), ("", body(VolumesFrom=["other:ro"])),
    ("", body(VolumesFrom=["other:x"])),
    ("", body(NetworkMode="host", PortBindings={"80/tcp": [{"HostPort": "80"}]})),
]


def filled(value, shared):
    """With the directory in place of `{shared}`."""
    if isinstance(value, dict):
        return {k: filled(v, shared) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(v, shared) for v in value]
    return value.replace("{shared}", str(shared)) if isinstance(value, str) else value


def made_and_shown(pair, numbered):
    """The reply to a request, and then what is shown of the container."""
    number, request = numbered
    name = f"new{number}"
    path = f"/containers/create?name={name}"
    if pair.say("POST", path, request, name=name) == (201, 201):
        pair.say("GET", f"/containers/{name}/json", of=request)


@pytest.mark.parametrize("table", [CONFIGS, HOST_CONFIGS, RESOURCES, MOUNTS],
                         ids=["config", "host config", "resources", "mounts"])
def test_each_member(pair, both_daemons, table):
    requests = [body(members) if table is CONFIGS else body(**members)
                for members in filled(table, both_daemons[1])]
    pair.at_once(lambda numbered: made_and_shown(pair, numbered), enumerate(requests))


def test_requests(pair):
    pair.say("POST", "/containers/create?name=other", body(Binds=["/v"]), name="other")
    path = "/containers/create"
    pair.at_once(lambda asked: pair.say("POST", path + asked[0], asked[1]), REQUESTS)
