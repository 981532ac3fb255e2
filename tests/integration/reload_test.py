"""SIGHUP: what changes at once, what waits for a restart, what is refused."""

import json
import shutil
import signal
import socket
import ssl

from daemon import wait_until
from wire import Wire, ask


def reload(daemon, config):
    """Writes the configuration and waits until the daemon has taken it."""
    count = daemon.log().count("Reloaded the configuration")
    daemon.write_config(config)
    daemon.send(signal.SIGHUP)
    daemon.wait_for_count("Reloaded the configuration", count + 1)


def info(daemon):
    return json.loads(ask(daemon.unix(), "/info").body)


def test_log_level(make_daemon):
    daemon = make_daemon().start()
    ask(daemon.unix())
    assert "level=debug" not in daemon.log()
    reload(daemon, {"log-level": "debug"})
    ask(daemon.unix(), "/_ping?now=1")
    daemon.wait_for_log(r'level=debug msg="GET /_ping\?now=1"')
    reload(daemon, {})
    ask(daemon.unix(), "/_ping?later=1")
    assert ask(daemon.unix()).body == b"OK"
    assert "later=1" not in daemon.log()
    reload(daemon, {"debug": True})
    ask(daemon.unix(), "/_ping?again=1")
    daemon.wait_for_log("again=1")


def test_labels_are_shown_by_info(make_daemon):
    daemon = make_daemon(config={"labels": ["a=1"]}).start()
    assert info(daemon)["Labels"] == ["a=1"]
    reload(daemon, {"labels": ["b=2", "c=3"]})
    assert info(daemon)["Labels"] == ["b=2", "c=3"]
    reload(daemon, {"debug": True})
    assert info(daemon)["Labels"] == []
    assert info(daemon)["Debug"] is True


def test_what_containers_get_follows_the_reload(make_daemon, docker, busybox_archive):
    daemon = make_daemon(config={"default-shm-size": "32m", "default-ulimits": {
        "nofile": {"Name": "nofile", "Hard": 200, "Soft": 100}}}).start()
    assert docker(daemon.unix(), "load", "-i", busybox_archive).returncode == 0

    def made():
        name = docker(daemon.unix(), "create", "--network", "none", "bb:1", "true").stdout.strip()
        host = json.loads(ask(daemon.unix(), f"/containers/{name}/json").body)["HostConfig"]
        return host["ShmSize"], host["IpcMode"], host["Runtime"]
    limit = {"Name": "nofile", "Hard": 200, "Soft": 100}

    def limits(*flags):
        name = docker(daemon.unix(), "create", "--network", "none", *flags, "bb:1", "true").stdout.strip()
        return json.loads(ask(daemon.unix(), f"/containers/{name}/json").body)["HostConfig"]["Ulimits"]
    assert made()[:2] == (32 << 20, "private") and limits() == [limit]
    core = {"Name": "core", "Hard": 0, "Soft": 0}
    assert limits("--ulimit", "nofile=9:10", "--ulimit", "core=0") == \
        [core, {**limit, "Hard": 10, "Soft": 9}]
    reload(daemon, {"default-shm-size": "48m", "default-ipc-mode": "shareable",
                    "default-runtime": "mine", "runtimes": {"mine": {"path": shutil.which("runc")}}})
    wait_until(lambda: made() == (48 << 20, "shareable", "mine"), made)
    assert info(daemon)["DefaultRuntime"] == "mine"
    assert "mine" in info(daemon)["Runtimes"]
    reload(daemon, {})
    wait_until(lambda: made()[:2] == (64 << 20, "private"), made)
    assert limits() == [limit] # as with dockerd, that waits for a restart
    assert info(daemon)["DefaultRuntime"] != "mine"


def test_the_debug_routes_wait_for_a_restart(daemon):
    reload(daemon, {"debug": True})
    daemon.wait_for_log("level=warning.*the debug routes stay as they are until the next start")
    assert ask(daemon.unix(), "/debug/vars").status == 404


def test_what_waits_for_a_restart_is_named(make_daemon):
    daemon = make_daemon(config={}).start()
    reload(daemon, {"mtu": 1400, "labels": ["a=1"], "log-format": "json"})
    daemon.wait_for_log("changed=labels")
    for key in ("mtu", "log-format"):
        daemon.wait_for_log(f"waits for the next start.*key={key}")
    assert "key=labels" not in daemon.log()
    # And is named again as long as it waits, not applied by the way.
    reload(daemon, {"mtu": 1400})
    daemon.wait_for_count("key=mtu", 2)
    assert daemon.log().count("key=mtu") == 2


def test_a_bad_file_changes_nothing(make_daemon):
    daemon = make_daemon(config={"labels": ["a=1"]}).start()
    for bad, words in (("{", "daemon.json"), ('{"nosuch": 1}', "nosuch"),
                       ('{"log-level": "loud"}', "loud"),
                       ('{"labels": ["a=1", "a=2"]}', "a=")):
        before = daemon.log().count("keeps the configuration it has")
        daemon.write_config(bad)
        daemon.send(signal.SIGHUP)
        daemon.wait_for_count("keeps the configuration it has", before + 1)
        assert words in daemon.log().rpartition("keeps the configuration it has")[2]
    assert ask(daemon.unix()).body == b"OK"
    assert info(daemon)["Labels"] == ["a=1"]
    assert "Reloaded the configuration" not in daemon.log()


def test_flags_stay_in_force(make_daemon):
    daemon = make_daemon("--label", "a=1").start()
    reload(daemon, {"log-level": "debug"})
    assert info(daemon)["Labels"] == ["a=1"]
    daemon.write_config({"labels": ["b=2"]})
    daemon.send(signal.SIGHUP)
    daemon.wait_for_log("keeps the configuration it has.*specified both as a flag")


def served_serial(daemon):
    tls = ssl.create_default_context()
    tls.check_hostname = False
    tls.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", daemon.port()), 30) as sock:
        with tls.wrap_socket(sock) as secured:
            return secured.getpeercert(binary_form=True), Wire(secured).ask().status


def test_certificates(make_daemon, authority, tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"

    def install(name):
        for target, source in ((cert, authority.cert(name)), (key, authority.key(name))):
            new = target.with_suffix(".new")
            new.write_text(open(source).read())
            new.rename(target)
    authority.issue("next")
    install("server")
    daemon = make_daemon("--tls", f"--tlscert={cert}", f"--tlskey={key}",
                         hosts=("unix", "tcp://127.0.0.1:0")).start()
    first, status = served_serial(daemon)
    assert status == 200
    tls = ssl.create_default_context(cafile=authority.ca)
    sock = socket.create_connection(("127.0.0.1", daemon.port()), 30)
    living = Wire(tls.wrap_socket(sock, server_hostname="localhost"))
    assert living.ask().body == b"OK"

    install("next")
    assert served_serial(daemon)[0] == first
    daemon.send(signal.SIGHUP)
    daemon.wait_for_log("has read the TLS certificates again")
    second, status = served_serial(daemon)
    assert second != first and status == 200
    assert living.ask().body == b"OK"  # who is connected stays so
    living.socket.close()

    cert.write_text("broken")
    daemon.send(signal.SIGHUP)
    daemon.wait_for_log("level=error.*keeps the TLS certificates it has.*cert.pem")
    assert served_serial(daemon)[0] == second


def test_reloads_under_load(make_daemon):
    daemon = make_daemon().start()
    with Wire(daemon.unix()) as wire:
        for i in range(30):
            daemon.write_config({"labels": [f"n={i}"]})
            daemon.send(signal.SIGHUP)
            for _ in range(10):
                assert wire.ask().body == b"OK"
    reload(daemon, {"labels": ["n=last"]})
    assert info(daemon)["Labels"] == ["n=last"]
