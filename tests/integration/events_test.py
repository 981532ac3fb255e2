"""The stream of events: several subscribers, slow ones, times and filters."""

import json
import signal
import time
from urllib.parse import quote

from daemon import wait_until
from wire import Wire, ask


class Subscriber(Wire):
    """An open stream of events."""

    def __init__(self, daemon, query=""):
        super().__init__(daemon.unix())
        self.lines = b""
        self.send(f"GET /events{query} HTTP/1.1\r\nHost: d\r\n\r\n".encode())
        head = self.read_head()
        assert (head.status, head.header("Content-Type")) == (200, "application/json")

    def next(self):
        """The next event; a chunk may hold several and the end of none."""
        while b"\n" not in self.lines:
            chunk = self.read_chunk()
            if not chunk:
                raise EOFError("the stream has ended")
            self.lines += chunk
        line, _, self.lines = self.lines.partition(b"\n")
        return json.loads(line)


def make_events(daemon, count):
    """Reloads, one after the other: pending signals of one kind are one."""
    for _ in range(count):
        before = daemon.log().count("Reloaded the configuration")
        daemon.send(signal.SIGHUP)
        daemon.wait_for_count("Reloaded the configuration", before + 1)


RELOADS = "?filters=" + quote('{"event":["reload"]}')


def test_all_subscribers_see_the_same(daemon):
    wires = [Subscriber(daemon, RELOADS) for _ in range(50)]
    make_events(daemon, 5)
    seen = [[wire.next() for _ in range(5)] for wire in wires]
    assert all(each == seen[0] for each in seen)
    times = [e["timeNano"] for e in seen[0]]
    assert times == sorted(times) and len(set(times)) == 5
    for event in seen[0]:
        assert event["time"] == event["timeNano"] // 10**9
    for wire in wires:
        wire.socket.close()
    daemon.wait_for_no_connections()


def test_one_that_reads_nothing_delays_nobody(make_daemon):
    """Its events pile up only so far; then it is told how many it has lost."""
    count = 1400  # more than the daemon keeps
    # Large events fill the sockets' buffers soon.
    daemon = make_daemon(config={"labels": ["large=" + "x" * 20000]}).start()
    slow = Subscriber(daemon, RELOADS)
    quick = Subscriber(daemon, RELOADS)
    for _ in range(count):
        begin = time.monotonic()
        make_events(daemon, 1)
        assert quick.next()["Action"] == "reload"
        assert time.monotonic() - begin < 5
    seen, lost = 0, 0
    while seen + lost < count:
        event = slow.next()
        if event["Action"] == "reload":
            seen += 1
        else:
            assert event["Action"] == "events-lost"
            lost += int(event["Actor"]["Attributes"]["count"])
    assert seen + lost == count and lost > 0
    # It has caught up.
    make_events(daemon, 1)
    assert slow.next()["Action"] == quick.next()["Action"] == "reload"
    slow.socket.close()
    quick.socket.close()


def test_one_that_reads_nothing_does_not_hold_up_the_end(make_daemon):
    """Sections 2 and 5: the limits of the shutdown are 5 s for jobs and 10 s for what follows."""
    daemon = make_daemon(config={"labels": ["large=" + "x" * 20000]}).start()
    stuck = Subscriber(daemon, RELOADS)
    for _ in range(60):
        make_events(daemon, 1)
    begin = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - begin < 20
    stuck.socket.close()


def test_since_and_until(daemon):
    make_events(daemon, 3)
    answer = ask(daemon.unix(), f"/events{RELOADS}&since=0&until={time.time():.9f}")
    assert answer.status == 200
    events = [json.loads(line) for line in answer.text().splitlines()]
    assert [e["Action"] for e in events] == ["reload"] * 3
    second = events[1]
    stamp = f"{second['time']}.{second['timeNano'] % 10**9:09d}"
    later = ask(daemon.unix(), f"/events{RELOADS}&since={stamp}&until={time.time():.9f}")
    assert [json.loads(line) for line in later.text().splitlines()] == events[1:]
    earlier = ask(daemon.unix(), f"/events{RELOADS}&since=0&until={stamp}")
    assert [json.loads(line) for line in earlier.text().splitlines()] == events[:2]


def test_until_in_the_future_ends_by_itself(daemon):
    until = time.time() + 1
    with Wire(daemon.unix()) as wire:
        answer = wire.ask(f"/events{RELOADS}&until={until:.3f}")
        assert (answer.status, answer.body) == (200, b"")
        assert time.time() >= until - 0.05
        assert wire.ask().body == b"OK"  # the connection lives on


def test_life_of_the_daemon_is_seen(daemon):
    wire = Subscriber(daemon, "?since=0&filters=" + quote('{"type":["daemon"]}'))
    assert wire.next()["Action"] == "start"
    make_events(daemon, 1)
    assert wire.next()["Action"] == "reload"
    daemon.send(signal.SIGTERM)
    assert wire.next()["Action"] == "shutdown"
    assert wire.read_chunk() == b""
    assert daemon.wait() == 0


def test_old_clients_get_objects_without_separators(daemon):
    make_events(daemon, 2)
    answer = ask(daemon.unix(), f"/v1.14/events?since=1&until={int(time.time()) + 1}")
    assert answer.status == 200
    assert b"}\n" not in answer.body


def test_subscribers_that_leave_are_forgotten(daemon):
    before = daemon.sockets()
    for _ in range(5):
        wires = [Subscriber(daemon) for _ in range(40)]
        for wire in wires:
            wire.socket.close()
    wait_until(lambda: daemon.sockets() <= before, "subscribers stay")
    daemon.wait_for_no_connections()
    make_events(daemon, 1)
