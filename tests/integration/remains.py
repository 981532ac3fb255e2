"""What a daemon's containers leave on the machine, and what is to be left when they are gone."""

import os
from pathlib import Path

from daemon import wait_until


def monitors_of(daemon):
    """Pids of the gantry-monitors of this daemon."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if len(words) > 1 and words[1].startswith(str(daemon.directory).encode() + b"/"):
            found.append(int(pid))
    return found


def mounts_of(daemon):
    """The places in this daemon's directories on which something is mounted."""
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [p for p in places if p.startswith(f"{daemon.directory}/")]


def control_groups_of(ids):
    """Directories of control groups with the name of one of these containers."""
    return [path for path, names, _ in os.walk("/sys/fs/cgroup") for name in names if name in ids]


def names_below(path):
    return sorted(os.listdir(path)) if path.exists() else []


def remains(daemon, ids=()):
    """All that there is of containers, whether the daemon knows of it or not."""
    return {
        "monitors": monitors_of(daemon),
        "mounts": mounts_of(daemon),
        "control groups": control_groups_of(set(ids)),
        "directories": names_below(daemon.directory / "data" / "containers"),
        "run directories": names_below(daemon.directory / "x" / "containers"),
        "execs": names_below(daemon.directory / "x" / "execs"),
        "of the runtime": [n for place in (daemon.directory / "x").glob("runtime/*/")
                           for n in os.listdir(place)],
        "half made": names_below(daemon.directory / "data" / "tmp"),
    }


def wait_for_nothing_left(daemon, ids=()):
    wait_until(lambda: not any(remains(daemon, ids).values()), lambda: remains(daemon, ids))


def descriptors(daemon):
    """How many the daemon has open."""
    return len(os.listdir(f"/proc/{daemon.pid()}/fd"))


def threads(daemon):
    return len(os.listdir(f"/proc/{daemon.pid()}/task"))
