"""Two daemons asked the same: what differs between their answers, apart from what has to.

Names are the same on both sides, so a call is the same too. In the answers ids, times and paths of
the daemons' own directories are replaced by words that say what stood there.
"""

import json
import re
import shutil
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, Callable
from urllib.parse import quote

from daemon import clean_environment, run, wait_until
from wire import Wire, ask

API = "/v1.41"
ANY = object()  # any value at all
ABSENT = "(absent)"
AT_ONCE = 8
ANSWER_SECONDS = 15
TAR = "Content-Type: application/x-tar"

TIME = re.compile(r"(?!0001-)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
LONG_ID = re.compile(r"(?<!sha256:)\b[0-9a-f]{64}\b")
NETNS = re.compile(r"(/netns/)[0-9a-f]{12}\b")
AGO = re.compile(r"(?<=^Up )(\d+|Less than a|About a) (second|minute)s?\b|"
                 r"(?<=\) )(\d+|Less than a|About a) (second|minute)s? ago$")
#: Members whose values are numbers that no two daemons have in common.
NUMBERS = {"Created", "Pid", "time", "timeNano", "pid"}


#: Lists that dockerd makes of a hash table: their order says nothing.
MEMBERS_SORTED = {"Mounts": lambda mount: mount.get("Destination") or mount.get("Target", ""),
                  "Volumes": lambda volume: volume["Name"], "ContainersDeleted": str}


@dataclass(frozen=True)
class Known:
    """A difference that is meant. `call` and `at` are regular expressions that match wholly: the
    name of the call, and where in the answer; `ours` and `theirs` are the values, or ANY. `differs`
    is for two lists of different members: whether such a member may be missing in one."""
    at: str
    why: str
    ours: Any = ANY
    theirs: Any = ANY
    call: str = ".*"
    differs: Callable[[Any], bool] | None = None

    def covers(self, call, at, ours, theirs):
        return (re.fullmatch(self.at, at) and re.fullmatch(self.call, call, re.S)
                and (self.ours is ANY or self.ours == ours)
                and (self.theirs is ANY or self.theirs == theirs)
                and (self.differs is None or all(map(self.differs, [*ours, *theirs]))))


@dataclass(frozen=True)
class Wording:
    """A text of the oracle's age, a regular expression, and what today's dockerd says instead."""
    old: str
    new: str


class Side:
    """One of the two daemons. `roots`: its directories and the words that stand for them. `times`:
    whether words are to stand for times and for numbers that no two daemons have in common."""

    def __init__(self, address, roots, wordings=(), times=True):
        self.address = address
        self.times = times
        self.roots = sorted(((str(path), word) for path, word in roots.items()), reverse=True)
        self.wordings = [(re.compile(w.old), w.new) for w in wordings]
        self.names = {}  # of ids
        self.kind = threading.local()  # of the last answer

    def ask(self, method, path, body=None):
        """Status and content: JSON, JSON lines as a list, or text."""
        for known, name in list(self.names.items()):
            path = path.replace(f"<{name}>", known)
        data = b"" if body is None else json.dumps(body).encode()
        headers = [] if body is None else ["Content-Type: application/json"]
        try:
            with Wire(self.address, timeout=ANSWER_SECONDS) as wire:
                answer = wire.ask(API + path, method, headers, data)
        except (TimeoutError, EOFError) as e:
            return "no answer", type(e).__name__
        self.kind.value = answer.header("Content-Type")
        return answer.status, content(answer)

    def put(self, path, data):
        """Sends a tar."""
        return ask(self.address, API + path, "PUT", [TAR], data).status

    def post(self, path, data):
        """Sends a tar; status and content."""
        with Wire(self.address) as wire:
            head = [f"POST {API}{path} HTTP/1.1", "Host: docker", TAR,
                    f"Content-Length: {len(data)}"]
            try:
                wire.send("\r\n".join([*head, "", ""]).encode() + data)
            except BrokenPipeError:
                pass  # who knows enough answers before it has read all
            answer = wire.read_response("POST")
        return answer.status, content(answer)

    def learn(self, name, value):
        """From now on this id is `<name>`."""
        self.names[value] = name

    def plain(self, value, key=""):
        """What can be compared."""
        if isinstance(value, dict):
            return {self.text(k): self.plain(v, k) for k, v in value.items()}
        if isinstance(value, list):
            plain = [self.plain(v, key) for v in value]
            order = MEMBERS_SORTED.get(key)
            if plain and isinstance(plain[0], dict) and set(plain[0]) == {"Path", "Kind"}:
                order = itemgetter("Path")
            return sorted(plain, key=order) if order else plain
        if isinstance(value, str):
            return self.text(value)
        if self.times and key in NUMBERS and isinstance(value, int) and value > 0:
            return f"<{key}>"
        return value

    def text(self, value):
        for path, word in self.roots:
            value = value.replace(path, word)
        for known, name in list(self.names.items()):
            value = value.replace(known, f"<{name}>")
            value = value.replace(known[:12], f"<{name}, short>")
        value = AGO.sub("<some time>", value)
        value = NETNS.sub(r"\1<netns>", LONG_ID.sub("<id>", value))
        if self.times:
            value = TIME.sub("<time>", value)
        for old, new in self.wordings:
            value = old.sub(new, value)
        return value


def frames(data):
    """`[STREAM, TEXT]` of each frame of stdout and stderr; nothing if that is not what it is."""
    found, at = [], 0
    while at + 8 <= len(data):
        end = at + 8 + int.from_bytes(data[at + 4:at + 8], "big")
        if data[at] > 3 or any(data[at + 1:at + 4]) or end > len(data):
            return []
        found.append([data[at], data[at + 8:end].decode(errors="replace")])
        at = end
    return found if at == len(data) else []


def content(answer):
    """JSON, or frames, or JSON lines as a list, or text."""
    if framed := frames(answer.body):
        return framed
    text = answer.body.decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in text.splitlines()] or text
    except ValueError:
        return text


def without(these, those):
    """The members of `these` that have no like in `those`, one for one."""
    left = list(these)
    for member in those:
        if member in left:
            left.remove(member)
    return left


def differences(ours, theirs, at=""):
    """Yields (where, ours, theirs)."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(set(ours) | set(theirs)):
            yield from differences(ours.get(key, ABSENT), theirs.get(key, ABSENT),
                                   f"{at}.{key}" if at else key)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for number, (one, other) in enumerate(zip(ours, theirs)):
            yield from differences(one, other, f"{at}[{number}]")
    elif isinstance(ours, list) and isinstance(theirs, list):
        yield at, without(ours, theirs), without(theirs, ours)
    elif ours != theirs or isinstance(ours, bool) != isinstance(theirs, bool):
        yield at, ours, theirs


class Oracle:
    """Debian's dockerd, without networks, in directories of its own."""

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="o-"))
        self.process = None

    def unix(self):
        return f"unix://{self.directory}/s"

    def start(self):
        at = self.directory
        (at / "daemon.json").write_text("{}")
        with open(at / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["dockerd", "--config-file", at / "daemon.json", "-H", self.unix(),
                 "-p", at / "pid", "--data-root", at / "data", "--exec-root", at / "x",
                 "--bridge", "none", "--iptables=false", "--ip-forward=false"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env=clean_environment(HOME=str(at)))
        wait_until(lambda: self.process.poll() is not None or run(
            "docker", "-H", self.unix(), "version").returncode == 0, self.last_words, patience=90)
        assert self.process.poll() is None, self.last_words()

    def last_words(self):
        return (self.directory / "log").read_text(errors="replace")[-4000:]

    def remove_containers(self):
        left = run("docker", "-H", self.unix(), "ps", "-aq").stdout.split()
        if left:
            run("docker", "-H", self.unix(), "rm", "-f", "-v", *left)

    def dispose(self):
        if self.process is not None:
            if self.process.poll() is None:
                self.remove_containers()
            self.process.terminate()
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        for mount in reversed([m for m in mounts if m.startswith(f"{self.directory}/")]):
            run("umount", "-l", mount)
        shutil.rmtree(self.directory, ignore_errors=True)


class Pair:
    """Ours and theirs, and what is known to differ between them."""

    def __init__(self, ours, theirs, known):
        self.sides = (ours, theirs)
        self.known = known
        self.found = []
        self.threads = ThreadPoolExecutor(2 * AT_ONCE)

    def both(self, work):
        """What `work(SIDE)` gives for each, done at the same time."""
        return list(self.threads.map(work, self.sides))

    def at_once(self, work, items):
        """`work(ITEM)` for each, several at the same time: dockerd waits for the disk a lot."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            list(threads.map(work, items))

    def compare(self, call, ours, theirs):
        """Remembers the differences between two answers that nobody expects."""
        for at, one, other in differences(ours, theirs):
            if not any(k.covers(call, at, one, other) for k in self.known):
                one, other = json.dumps(one), json.dumps(other)
                self.found.append(f"{call}: {at}: ours {one}, theirs {other}")

    def say(self, method, path, body=None, name=None, of=""):
        """One call to both; the pair of statuses. `of` says more of what is asked
        about."""
        def work(side):
            status, said = side.ask(method, path, body)
            if name and status == 201 and isinstance(said, dict):
                side.learn(name, said["Id"])
            return {"status": status, "type": side.kind.value, "said": side.plain(said)}
        ours, theirs = self.both(work)
        shown = "" if not (body or of) else " " + json.dumps(body or of)
        self.compare(f"{method} {path}{shown}", ours, theirs)
        return ours["status"], theirs["status"]

    def wait_until(self, path, good):
        """Until `good(STATUS, CONTENT)` of both."""
        self.both(lambda side: wait_until(lambda: good(*side.ask("GET", path)), path))

    def events(self, since, kind=None):
        """For each side all events since then, by type: action, of whom, attributes. Those of
        volumes come in no order when there are several."""
        filters = quote(json.dumps({"type": [kind]} if kind else {}))

        def work(side):
            said = side.ask("GET", f"/events?since={since:.9f}&until={time.time():.9f}"
                                   f"&filters={filters}")[1]
            said = [said] if isinstance(said, dict) else said  # there is but one
            of = {}
            for e in said:
                of.setdefault(e["Type"], []).append(side.plain([e["Action"], e["Actor"]]))
            of.get("volume", []).sort(key=json.dumps)
            return of
        return self.both(work)

    def forget(self):
        """Removes all containers and volumes, and gives what was found."""
        def work(side):
            ids = [one["Id"] for one in side.ask("GET", "/containers/json?all=1")[1]]
            paths = [f"/containers/{x}?force=1&v=1" for x in ids]
            list(self.threads.map(lambda path: side.ask("DELETE", path), paths))
            for one in side.ask("GET", "/volumes")[1]["Volumes"] or []:
                side.ask("DELETE", f"/volumes/{one['Name']}?force=1")
            side.names.clear()
        for side in self.sides:
            work(side)
        found, self.found = sorted(self.found), []
        return found
