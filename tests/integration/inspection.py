"""What the tests of the inspection share: its socket, `gantryctl`, and the page in a browser."""

import json
import os
import re
import subprocess
from pathlib import Path

from daemon import PATIENCE, ROOT, clean_environment, gantryd
from wire import Wire

GANTRYCTL = os.environ.get("GANTRYCTL", str(Path(gantryd()).with_name("gantryctl")))
WEB = ROOT / "tests/web"
#: With the proxies and authorities that fetching from npm may need.
INHERITED = dict(os.environ)


def inspected(daemon):
    """Its address, as `gantryctl -H` takes it."""
    return f"unix://{daemon.directory}/x/inspect.sock"


def get(daemon, page, patience=PATIENCE):
    """A page's JSON."""
    with Wire(inspected(daemon), patience) as wire:
        return json.loads(wire.ask(page).body)


class Site:
    """A running `gantryctl web`."""

    def __init__(self, process):
        self.process = process
        self.address = process.stdout.readline().strip()
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/#token=([0-9a-f]{64})", self.address)
        assert found, f"{self.address} {process.stderr.read() if not self.address else ''}"
        self.port = int(found[1])
        self.token = found[2]

    def wire(self):
        return Wire(f"tcp://127.0.0.1:{self.port}")

    def request(self, wire, target, method="GET", headers=(), body=b"", host=None):
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host or f'127.0.0.1:{self.port}'}", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        wire.send("\r\n".join([*lines, "", ""]).encode() + body)

    def ask(self, target, method="GET", headers=(), body=b"", host=None):
        with self.wire() as wire:
            self.request(wire, target, method, headers, body, host)
            return wire.read_response(method)

    def login(self, token=None):
        body = json.dumps({"token": token or self.token}).encode()
        return self.ask("/session", "POST", body=body)

    def session(self):
        """The header that lets through."""
        answer = self.login()
        assert answer.status == 200, answer.text()
        return f"Authorization: Bearer {json.loads(answer.body)['session']}"

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def looked_at(script, *words):
    """What is wrong with a page, as that script of tests/web has seen it in a browser; needs the
    fixture `browser`."""
    done = subprocess.run(["node", str(WEB / script), *map(str, words)],
                          env=clean_environment(HOME=INHERITED.get("HOME", "/")), text=True,
                          check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=PATIENCE * 6)
    return done.stdout if done.returncode != 0 else ""
