"""A gantryd of the test's own: its directories, its log, its end."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: Seconds that anything may take on a busy machine under a sanitizer.
PATIENCE = 30.0

#: Sanitizers have status codes and files of their own; their words go to the daemon's log.
SANITIZER_WORDS = re.compile(
    r"ERROR: (Address|Leak|Thread)Sanitizer|runtime error:|WARNING: ThreadSanitizer")


def gantryd():
    """Path of the daemon under test."""
    return str(Path(os.environ.get("GANTRYD", ROOT / "build/debug/bin/gantryd")).resolve())


def wait_until(condition, what, patience=PATIENCE):
    """Polls until `condition()` is true and returns what it returned."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {patience:g} s: {what() if callable(what) else what}")
        time.sleep(0.01)


def clean_environment(**extra):
    """The environment for a child: nothing that points it elsewhere or makes it trust others."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("DOCKER_", "LISTEN_", "NOTIFY_", "COMPOSE_", "SSL_CERT_"))
           and not k.upper().endswith(("_PROXY", "_CA_BUNDLE", "_EXTRA_CA_CERTS"))}
    env.update(LC_ALL="C.UTF-8", **extra)
    return env


class Daemon:
    """A daemon in a directory of its own; `start` may follow an end again and again.

    `hosts` are the addresses it serves: `unix` is a socket in the directory, all else goes to -H as
    it is; an empty list leaves it to the daemon. `config` is the content of its daemon.json.
    `prefix` are the words before the program, such as those of strace; it inherits `pass_fds`.
    """

    def __init__(self, *flags, hosts=("unix",), config=None, env=None, prefix=(), pass_fds=()):
        self.directory = Path(tempfile.mkdtemp(prefix="g-"))
        self.socket = str(self.directory / "s")
        assert len(self.socket) < 100, "TMPDIR is too long for a unix socket"
        self.pidfile = self.directory / "pid"
        self.config_file = self.directory / "daemon.json"
        self.log_file = self.directory / "log"
        self.flags = list(flags)
        self.hosts = list(hosts)
        self.prefix = list(prefix)
        self.pass_fds = pass_fds
        self.env = clean_environment(HOME=str(self.directory), **(env or {}))
        self.env.setdefault("ASAN_OPTIONS", "detect_leaks=1:abort_on_error=0:exitcode=99")
        self.env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1:exitcode=99")
        self.process = None
        self.allow_sanitizer_words = False
        self.write_config(config if config is not None else {})

    # -- start and end ----------------------------------------------------------

    def write_config(self, config):
        text = config if isinstance(config, str) else json.dumps(config)
        temporary = self.config_file.with_suffix(".new")
        temporary.write_text(text)
        temporary.rename(self.config_file)

    def command(self):
        words = [*self.prefix, gantryd(), "--config-file", str(self.config_file),
                 "--data-root", str(self.directory / "data"),
                 "--exec-root", str(self.directory / "x"), "--group", ""]
        if "--pidfile" not in self.flags:
            words += ["--pidfile", str(self.pidfile)]
        for host in self.hosts:
            words += ["-H", f"unix://{self.socket}" if host == "unix" else host]
        return words + self.flags

    def spawn(self):
        """Starts the process and does not wait for anything."""
        assert self.process is None or self.process.poll() is not None
        with open(self.log_file, "ab") as log:
            self.log_start = log.tell()
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env,
                cwd=self.directory, start_new_session=True, pass_fds=self.pass_fds)
        return self

    def start(self):
        """Starts it and waits until it serves."""
        self.spawn()
        self.wait_for_log("Daemon has completed initialization")
        for host in self.hosts:
            if not host.startswith("fd:"):
                kind, _, _ = host.partition(":")
                wait_until(lambda: f"API listen on {kind}" in self.log(), self.last_words)
        return self

    def pid(self):
        """Of the daemon itself, though a tracer may stand before it."""
        if not self.prefix:
            return self.process.pid
        return int(wait_until(self.read_pidfile, self.last_words))

    def read_pidfile(self):
        return self.pidfile.read_text() if self.pidfile.exists() else ""

    def send(self, number):
        os.kill(self.pid(), number)

    def wait(self, patience=PATIENCE):
        """The exit status; negative for a signal."""
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still runs after {patience:g} s: {self.last_words()}") from None

    def stop(self, number=signal.SIGTERM, patience=PATIENCE):
        self.send(number)
        return self.wait(patience)

    def kill(self):
        self.send(signal.SIGKILL)
        return self.wait()

    def dispose(self):
        """After the test: ends it whatever its state, looks for what sanitizers said, cleans up."""
        if self.process is not None and self.process.poll() is None:
            try:
                self.stop()
            finally:
                if self.process.poll() is None:
                    self.process.kill()
                    self.process.wait()
        words = self.whole_log()
        shutil.rmtree(self.directory, ignore_errors=True)
        if not self.allow_sanitizer_words:
            assert not SANITIZER_WORDS.search(words), words

    # -- what it shows ------------------------------------------------------------

    def whole_log(self):
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def log(self):
        """All that it wrote since its last start."""
        if not self.log_file.exists():
            return ""
        with open(self.log_file, "rb") as f:
            f.seek(self.log_start)
            return f.read().decode(errors="replace")

    def last_words(self):
        state = "" if self.process.poll() is None else f" (ended with {self.process.returncode})"
        return f"the daemon{state} wrote:\n{self.log()[-4000:]}"

    def wait_for_log(self, pattern, patience=PATIENCE):
        """The match of `pattern` in the log; fails at once if the daemon ends without it."""
        expression = re.compile(pattern)

        def look():
            ended = self.process.poll() is not None
            found = expression.search(self.log())
            assert found or not ended, f"no '{pattern}': {self.last_words()}"
            return found
        return wait_until(look, lambda: f"'{pattern}' in what {self.last_words()}", patience)

    def wait_for_count(self, words, count):
        """Waits until `words` stand in the log so many times."""
        def enough():
            seen = self.log().count(words)
            assert seen >= count or self.process.poll() is None, \
                f"'{words}' {seen} times, not {count}: {self.last_words()}"
            return seen >= count
        wait_until(enough, lambda: f"'{words}' {count} times in what {self.last_words()}")

    def bound(self, proto="tcp"):
        """`tcp://127.0.0.1:40123`: the address it serves, with the real port."""
        return self.wait_for_log(rf'API listen on ({proto}://[^\s"]+)').group(1)

    def port(self):
        return int(self.bound().rpartition(":")[2])

    def unix(self):
        return f"unix://{self.socket}"

    def sockets(self):
        """How many it has open; other descriptors come and go with its work."""
        directory = f"/proc/{self.pid()}/fd"
        count = 0
        for name in os.listdir(directory):
            try:
                count += os.readlink(f"{directory}/{name}").startswith("socket:")
            except FileNotFoundError:
                pass  # closed meanwhile
        return count

    def actors(self):
        """Kinds of all living actors, by SIGUSR1."""
        before = len(self.log())
        self.send(signal.SIGUSR1)

        def dump():
            kinds = re.findall(r"^actor \d+ \[[^]]*\]:\n(\S+)\n", self.log()[before:], re.M)
            return kinds if "engine" in kinds else None
        wait_until(dump, self.last_words)
        def is_whole():
            # It comes in several writes: nothing but lines of the log follows its last empty line.
            return re.sub(r"^time=.*\n", "", self.log()[before:], flags=re.M).endswith("\n\n")
        return wait_until(lambda: dump() if is_whole() else None, self.last_words)

    def wait_for_no_connections(self):
        wait_until(lambda: "connection" not in self.actors(), "connection actors live on")


def run(*words, env=None, patience=PATIENCE * 2, **more):
    """Runs a program to its end; what it wrote is text."""
    more.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([str(w) for w in words], env=env or clean_environment(), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=patience, **more)
