"""What differs between this daemon and the dockerd 20.10 that serves as oracle, and why.

The daemon speaks today's API with the texts of today's dockerd, 28. Nothing stands here that has no
reason; what differs beyond it is a defect of ours.
"""

from beside import ABSENT, Known, Wording

#: Texts that have changed since 20.10: what it said, and what 28 says.
TODAY = [
    Wording(r"^Config cannot be empty", "config cannot be empty"),
    Wording(r"^Range of CPUs", "range of CPUs"),
    Wording(r"^Invalid (network mode|signal|filter)", r"invalid \1"),
    Wording(r"^No command specified", "no command specified"),
    Wording(r"^Unknown runtime specified ", "unknown or invalid runtime name: "),
    Wording(r"""^Invalid isolation: "(.*)" - linux""", r"invalid isolation (\1): linux"),
    Wording(r"^Invalid QoS settings: linux does not support configuration of maximum (\w+)",
            r"invalid option: QoS maximum \1 configuration is not supported on linux"),
    Wording(r"^(invalid reference format: repository name) must be lowercase",
            r"\1 (library/UPPER) must be lowercase"),
    Wording(r"^(maximum retry count cannot be negative)", r"invalid restart policy: \1"),
    Wording(r"^maximum retry count cannot be used with restart policy '.*'",
            "invalid restart policy: maximum retry count can only be used with 'on-failure'"),
    Wording(r"^invalid restart policy '(.*)'",
            r"invalid restart policy: unknown policy '\1'; use one of 'no', 'always', "
            "'on-failure', or 'unless-stopped'"),
    Wording(r"^no EndpointSettings for (.*)",
            r"invalid config for network \1: EndpointsConfig is nil"),
    Wording(r"^EOF$", "invalid JSON: got EOF while reading request body"),
    Wording(r"^json: cannot unmarshal (\w+) into Go struct field ContainerConfigWrapper",
            r"invalid JSON: json: cannot unmarshal \1 into Go struct field CreateRequest"),
    Wording(r"The linux daemon does not support signal 18446744073709551615$",
            "the linux daemon does not support signal -1"),
    Wording(r"The linux daemon does not support", "the linux daemon does not support"),
    Wording(r"\bCannot kill container", "cannot kill container"),
    Wording(r"\bContainer (\S+) is not running", r"container \1 is not running"),
    Wording(r"^You cannot remove a running container <(\w+)>.*",
            r'cannot remove container "/\1": container is running: stop the container before '
            "removing or force remove"),
    Wording(r"^You cannot remove a paused container <(\w+)>.*",
            r'cannot remove container "/\1": container is paused and must be unpaused first: '
            "unpause and then stop the container before removing or force remove"),
    Wording(r"Error: Exec command", "exec command"),
    Wording(r"^no such container nosuch$", "No such container: nosuch"),
    Wording(r"^invalid filter 'status=(\w+)'$",
            r"invalid filter 'status=\1': invalid value for state (\1): must be one of created, "
            "running, paused, restarting, removing, exited, dead"),
    Wording(r"^Unrecognised filter value for health: (\w+)",
            r"invalid filter 'health=\1': invalid value for health (\1): must be one of none, "
            "starting, healthy, unhealthy"),
    Wording(r"^json: cannot unmarshal (\w+) into Go value of type runconfig.ContainerConfigWrapper",
            r"invalid JSON: json: cannot unmarshal \1 into Go value of type container.CreateRequest"),
    Wording(r"^(image .* was found but) does not match the specified platform: wanted (\S+), "
            r"actual: (\S+)$", r"\1 its platform (\3) does not match the specified platform (\2)"),
    Wording(r"^json: cannot unmarshal (\w+) into Go struct field VolumeCreateBody",
            r"invalid JSON: json: cannot unmarshal \1 into Go struct field CreateOptions"),
    Wording(r"^json: cannot unmarshal (\w+) into Go struct field ExecConfig",
            r"invalid JSON: json: cannot unmarshal \1 into Go struct field ExecOptions"),
    Wording(r"^json: cannot unmarshal (\w+) into Go struct field UpdateConfig",
            r"invalid JSON: json: cannot unmarshal \1 into Go struct field UpdateConfig"),
    Wording(r"^(invalid character 'x' looking for beginning of value|json: cannot unmarshal \w+ "
            r"into Go value of type map\[string\](map\[string\])?bool)$", "invalid filter"),
    # Here no shim stands between the daemon and the runtime.
    Wording(r"failed to create shim task: (OCI runtime create failed: )", r"\1"),
    Wording(r"(?s)runc did not terminate successfully: exit status 1: (.*)\n: unknown$", r"\1"),
]

#: What dockerd 28 does otherwise than the oracle.
SINCE_THEN = [
    Known(r"said\.HostConfig\.RestartPolicy\.Name", "28 names the policy `no`", "no", ""),
    Known(r"container\[\d+\]\[1\]\.Attributes\.execDuration", "28 tells how long it ran",
          theirs=ABSENT, call="events"),
    Known(r"said\.HostConfig\.KernelMemory(TCP)?", "28 leaves it out when it is 0", ABSENT, 0),
    Known(r"said\.HostConfig\.MaskedPaths", "28 masks more"),
    Known(r"said\.HostConfig\.ConsoleSize\[\d\]", "from 1.42 on", 0),
    Known(r"said\.Error", "28 leaves it out when there is none", ABSENT, None, r".*/wait.*"),
    Known(r"said\.Warnings", "28 has a list", [], None, r".*/update.*"),
    Known(r"said(\.Volumes\[\d+\])?\.Labels", "28 labels anonymous volumes",
          {"com.docker.volume.anonymous": ""}, None),
    Known(r"said\.ExitCode", "28 tells programs that are not there from those that cannot be run",
          127, 126, r"GET /exec/.*"),
    Known(r"status|said.*", "28 checks the condition", call=r".*/wait\?condition=nosuch.*"),
    Known(r"status|said.*", "28 checks the signal before it looks for the container",
          call=r".*/nosuch/kill\?signal=.*|.*/0123456789ab/kill\?signal=.*"),
    Known(r"status", "28 tells that there is no such container", 404, 500,
          r".*\{\"(before|since)\": \[\"nosuch\"\]\}"),
    Known(r"status|said.*", "28 looks for the user when the exec is made",
          call=r".*/exec \{.*nobody-there.*"),
    Known(r"status|said.*", "28 checks it", call=r"POST /containers/create.*(CpuShares\": -1|"
          r"(Ipc|Pid|UTS|Userns)Mode\": \"nosuch|MacAddress\": ).*"),
    Known(r"status|said.*", "28 drops it below 1.42",
          call=r"POST /containers/create.*bind.*VolumeOptions.*"),
    Known(r"said\.message", "28 names the parameter", call=r".*/resize(\?(h=x&w=1|h=1&w=x))?"),
    Known(r"said\.message", "28 names the filter", call=r".*\{\"exited\": \[\"x\"\]\}"),
    Known(r"said\.message", "28 names the container", call=r".*/kill\?signal=(FOO|0)"),
    Known(r"type", "28 says what a log is", "application/vnd.docker.raw-stream", None,
          r".*/logs.*"),
    Known(r"container", "28 tells how long it has run, and has not made an unknown user's exec",
          call="events.*", differs=lambda x: x[0] == "die" or "<exec3>" in str(x)),
    Known(r"said\.ExecIDs", "28 has not made an unknown user's exec", []),
    Known(r"said(\[\d+\])?\.NetworkSettings\.Networks\.\w+\.(DNSNames|GwPriority)", "28 has more",
          theirs=ABSENT),
    Known(r"said\.NetworkSettings\.Sandbox(ID|Key)", "28 forgets it with the run", ""),
    Known(r"said(\[\d+\])?\.EnableIPv4", "28 has more", True, ABSENT, r"GET /networks.*"),
    Known(r"said(\[\d+\])?\.IPAM\.Config", "28 has none", None, [], r"GET /networks.*"),
    Known(r"status|said.*", "28 looks at ports before they are used",
          call=r'.*"ExposedPorts": \{"x/tcp".*'),
    Known(r"said\.message", "28 takes no body for an empty object", call=r"POST .*/one/exec"),
]

#: What is meant to be otherwise here.
MEANT = [
    Known(r"status", "what the client has got wrong is 400; 20.10 has 500 where nobody has said so",
          400, 500, r"POST /containers/create.*|.*/logs\?stdout=1&(since|until)=x|.*/resize.*|"
          r".*\?t=x|.*/kill\?signal=(-1|99)|.*/update .*\"x\".*|.*filters=.*|.*\?limit=x|"
          r"PUT .*/archive.*"),
    Known(r"said(\[\d+\])?\.GraphDriver\.Data\..*", "each has its own directories"),
    Known(r"said\.LogPath", "known from the start; dockerd sets it when the container starts",
          theirs=""),
    Known(r"said\[\d+\]\.Mounts\[\d+\]\.Source", "dockerd's list has lost it", theirs=""),
    Known(r"said\.Warnings", "what has no effect is told of", theirs=[],
          call=r"POST /containers/create.*(KernelMemoryTCP|Cgroup|CpuCount)\": .*"),
    Known(r"volume", "what a prune removes is told of, and the create of a volume only when "
          "there was none, as 28 does", call="events of volumes",
          differs=lambda x: x[0] in ("destroy", "create")),
    Known(r"volume", "dockerd mounts the volumes for each look at the files, and tells of it", [],
          call="events", differs=lambda x: x[0] in ("mount", "unmount")),
    Known(r"said\.HostConfig\.CpuCount", "has no effect, as the warning said", 0),
    Known(r"said\.NetworkSettings\.SandboxKey", "while no bridge needs it there is no mount of the "
          "namespace", theirs="<exec>/netns/<netns>"),
    Known(r"said\.NetworkSettings\.SandboxKey", "the same", theirs="<exec>/netns/default"),
    Known(r"status|said\.message", "refused before the runtime is asked, and for those that do not run",
          call=r'.*/update \{"CpuShares": -1\}'),
]

#: Defects: none of these has a reason.
OPEN = []

KNOWN = [*SINCE_THEN, *MEANT, *OPEN]
