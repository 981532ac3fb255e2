"""What /proc says about a process and its descendants: processor time, memory, identity."""

import os
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on: proc(5) counts it as number 3."""
    text = Path(f"/proc/{pid}/stat").read_text()
    return text[text.rindex(")") + 2:].split()


def identity(pid: int) -> tuple[int, str] | None:
    """A pid and its start time, which together are never reused; None for one that has ended."""
    try:
        fields = _stat(pid)
    except OSError:
        return None
    return None if fields[0] in "ZX" else (pid, fields[19])


def tree(root: int) -> list[int]:
    """`root` and everything it has started that still lives, parents first."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = _stat(int(entry))
            except OSError:
                continue
            if fields[0] not in "ZX":
                children.setdefault(int(fields[1]), []).append(int(entry))
    found = [root] if identity(root) else []
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def mentioning(words: list[str]) -> list[int]:
    """The processes that have one of `words` in their command line."""
    wanted = [word.encode() for word in words]
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                line = Path(f"/proc/{entry}/cmdline").read_bytes()
            except OSError:
                continue
            if any(word in line for word in wanted):
                found.append(int(entry))
    return found


def tie(pids: list[int], processors: set[int]) -> None:
    """All their threads run there only, and those that they start later."""
    for pid in pids:
        for thread in os.listdir(f"/proc/{pid}/task"):
            os.sched_setaffinity(int(thread), processors)


# Below, a process that ends while it is looked at counts for nothing: servers run short-lived ones.

def cpu_seconds(pids: list[int]) -> dict[int, float]:
    """User and system time of each process, all threads, living and ended."""
    used = {}
    for pid in pids:
        try:
            fields = _stat(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue
        used[pid] = (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
    return used


def run_time_us(pids: list[int]) -> dict[int, float]:
    """Time on a processor of each process's living threads, finer than a tick."""
    used = {}
    for pid in pids:
        try:
            tasks = list(Path(f"/proc/{pid}/task").iterdir())
        except (FileNotFoundError, ProcessLookupError):
            continue
        used[pid] = 0.0
        for task in tasks:
            try:
                used[pid] += int((task / "schedstat").read_text().split()[0]) / 1000
            except (FileNotFoundError, ProcessLookupError):
                continue
    return used


def growth(before: dict[int, float], after: dict[int, float]) -> float:
    """What the processes in `after` have used since `before`."""
    return sum(max(0.0, now - before.get(pid, 0.0)) for pid, now in after.items())


def pss_kib(pids: list[int]) -> int:
    """Proportional set size: private pages, and a fair share of those that others map too."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def machine_busy_seconds() -> float:
    """Processor time that anybody has used since boot, with what a hypervisor took (/proc/stat)."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND
