"""Flags, the configuration file and addresses: what is refused, and in which words."""

import json
import re

import pytest

from daemon import clean_environment, gantryd, run
from wire import ask


def gantry(*words):
    return run(gantryd(), *words, env=clean_environment(HOME="/nonexistent"))


def test_help_and_version():
    done = gantry("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for flag in ("--host", "--data-root", "--tlsverify", "--config-file", "--pidfile", "--validate",
                 "--insecure-allow-unauthenticated-tcp"):
        assert flag in done.stdout
    done = gantry("--version")
    assert done.returncode == 0
    assert re.fullmatch(r"Gantry version \S+, build \S+\n", done.stdout)
    assert gantry("-v").stdout == done.stdout


@pytest.mark.parametrize("words, text", [
    (["--nosuch"], "nosuch"), (["--log-level", "loud"], "loud"), (["-H"], "needs an argument"),
    (["--io-threads", "many"], "many"), (["-H", "nonsense://x"], "nonsense"),
    (["--label", "novalue"], "novalue"), (["--tls=perhaps"], "perhaps"),
    (["--min-api-version", "x"], "x"), (["word"], "accepts no arguments")], ids=lambda x: str(x))
def test_a_bad_flag_is_told_on_stderr(words, text):
    done = gantry(*words)
    assert (done.returncode, done.stdout) == (1, "")
    assert text in done.stderr
    assert "--help" in done.stderr


def test_a_flag_and_the_file_for_the_same_thing(make_daemon):
    daemon = make_daemon("--label", "a=1", "--debug", config={"labels": ["b=2"], "debug": False})
    assert daemon.spawn().wait() == 1
    assert ("the following directives are specified both as a flag and in the configuration file: "
            in daemon.log())
    for words in (r"labels: \(from flag: \[?a=1\]?, from file: \[?b=2\]?\)",
                  r"debug: \(from flag: true, from file: false\)"):
        assert re.search(words, daemon.log()), daemon.log()


@pytest.mark.parametrize("config, text", [
    ({"nosuch": 1, "alsonot": 2}, "alsonot.*nosuch|nosuch.*alsonot"), ("{", "daemon.json"),
    ({"labels": "a=1"}, "labels"), ({"debug": "yes"}, "debug"), ("[]", "daemon.json"),
    ({"log-level": "loud"}, "loud"), ({"labels": ["a=1", "a=2"]}, "a=1|a=2|label")],
    ids=lambda x: str(x))
def test_a_bad_file_is_told(make_daemon, config, text):
    daemon = make_daemon(config=config)
    assert daemon.spawn().wait() == 1
    assert re.search(text, daemon.log()), daemon.log()


def test_a_file_asked_for_must_exist():
    done = gantry("--config-file", "/nonexistent/daemon.json")
    assert done.returncode == 1
    assert "/nonexistent/daemon.json" in done.stderr


def test_validate(tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text('{"debug": true}')
    bad.write_text('{"nosuch": true}')
    done = gantry("--validate", "--config-file", good)
    assert (done.returncode, done.stdout) == (0, "configuration OK\n")
    done = gantry("--validate", "--config-file", bad)
    assert (done.returncode, done.stdout) == (1, "")
    assert "nosuch" in done.stderr


@pytest.mark.parametrize("words, text", [
    (["--log-driver", "nosuch"], 'logging plugin nosuch: plugin "nosuch" not found'),
    (["--exec-opt", "native.cgroupdriver=systemd"], "cgroupdriver option systemd not supported"),
    (["--userns-remap", "default"], "userns-remap is not supported"),
    (["--min-api-version", "1.51"], "maximum supported API version is 1.50: 1.51")],
    ids=lambda x: x[0])
def test_what_the_daemon_cannot_do_is_refused(words, text):
    done = gantry("--validate", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert text in done.stderr


def test_a_seccomp_profile_that_cannot_be_read_ends_the_start(make_daemon):
    """And is not quietly replaced by another."""
    daemon = make_daemon("--seccomp-profile", "/nonexistent/p.json")
    assert daemon.spawn().wait() == 1
    assert re.search(r"level=fatal.*opening seccomp profile \(/nonexistent/p.json\) failed: "
                     ".*No such file", daemon.log()), daemon.log()


def test_what_is_still_to_come_is_warned_about(make_daemon):
    daemon = make_daemon("--mtu", "1400").start()
    daemon.wait_for_log(r'level=warning msg="the setting \\"mtu\\" has no effect yet"')


def test_the_oom_score(make_daemon):
    daemon = make_daemon("--oom-score-adjust", "300").start()
    with open(f"/proc/{daemon.pid()}/oom_score_adj") as f:
        assert f.read() == "300\n"


def test_name_servers_for_all_containers(make_daemon, docker, busybox_archive):
    daemon = make_daemon("--dns", "192.0.2.1", "--dns-search", "lab", config={
        "dns-opts": ["ndots:3"]}).start()
    assert docker(daemon.unix(), "load", "-i", busybox_archive).returncode == 0

    def resolver(*words):
        done = docker(daemon.unix(), "run", "--rm", *words, "bb:1", "cat", "/etc/resolv.conf")
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()
    assert {"nameserver 192.0.2.1", "search lab", "options ndots:3"} <= set(
        resolver("--network", "host"))
    assert {"nameserver 192.0.2.2", "search lab"} <= set(
        resolver("--network", "none", "--dns", "192.0.2.2"))


def test_an_exec_root_may_have_any_length(make_daemon, docker, busybox_archive, tmp_path):
    daemon = make_daemon("--exec-root", tmp_path / ("x" * 150)).start()
    assert docker(daemon.unix(), "load", "-i", busybox_archive).returncode == 0
    run = docker(daemon.unix(), "run", "--name", "here", "-dt", "--network", "none", "bb:1", "cat")
    assert run.returncode == 0, run.stderr
    for words in (), ("-t",):
        done = docker(daemon.unix(), "exec", *words, "here", "echo", "ok")
        assert (done.returncode, done.stdout.split()) == (0, ["ok"]), done.stderr
    daemon.kill()
    daemon.start()
    stopped = docker(daemon.unix(), "rm", "-f", "here")
    assert (stopped.returncode, stopped.stdout) == (0, "here\n"), stopped.stderr


def test_the_oldest_version_is_what_the_flag_says(make_daemon):
    daemon = make_daemon("--min-api-version", "1.44").start()
    assert json.loads(ask(daemon.unix(), "/version").body)["MinAPIVersion"] == "1.44"
    assert ask(daemon.unix(), "/v1.43/_ping").status == 400
    assert ask(daemon.unix(), "/v1.44/_ping").status == 200


def test_info_warns_of_tcp_without_verification(make_daemon, authority):
    daemon = make_daemon(hosts=("unix", "tcp://127.0.0.1:0")).start()
    [warning] = json.loads(ask(daemon.unix(), "/info").body)["Warnings"]
    assert warning.startswith("WARNING: API is accessible on http://127.0.0.1:0 without encryption.")
    daemon = make_daemon("--tls", f"--tlscert={authority.cert('server')}",
                         f"--tlskey={authority.key('server')}",
                         hosts=("unix", "tcp://127.0.0.1:0")).start()
    [warning] = json.loads(ask(daemon.unix(), "/info").body)["Warnings"]
    assert "on https://127.0.0.1:0 without TLS client verification." in warning


def test_hosts_from_the_file(make_daemon):
    daemon = make_daemon(hosts=[])
    daemon.write_config({"hosts": [daemon.unix(), "tcp://127.0.0.1:0"]})
    daemon.start()
    daemon.wait_for_log("API listen on tcp")
    assert ask(daemon.unix()).body == b"OK"
    assert ask(daemon.bound()).body == b"OK"


def test_flags_as_in_1_2_0(make_daemon):
    daemon = make_daemon("-D", "-api-enable-cors").start()
    answer = ask(daemon.unix(), "/v1.14/_ping")
    assert answer.header("Access-Control-Allow-Origin") == "*"
    daemon.wait_for_log("level=debug")


# -- addresses ------------------------------------------------------------------------------------


def test_ipv6_loopback(make_daemon):
    daemon = make_daemon(hosts=["tcp://[::1]:0", "tcp://localhost:0"]).start()
    six = daemon.wait_for_log(r"API listen on (tcp://\[::1\]:\d+)").group(1)
    four = daemon.wait_for_log(r"API listen on (tcp://127\.0\.0\.1:\d+)").group(1)
    assert ask(six).body == b"OK"
    assert ask(four).body == b"OK"


@pytest.mark.parametrize("host", ["tcp://0.0.0.0:0", "tcp://[::]:0"])
def test_plain_tcp_for_everybody_is_refused(make_daemon, authority, host):
    tls = ["--tls", f"--tlscert={authority.cert('server')}", f"--tlskey={authority.key('server')}"]
    for flags in ([], tls):  # TLS alone lets in whoever comes
        daemon = make_daemon(*flags, hosts=[host]).spawn()
        assert daemon.wait() == 1
        assert re.search(r"level=fatal.*refusing to listen on .* without --tlsverify.*"
                         "--insecure-allow-unauthenticated-tcp", daemon.log()), daemon.log()


def test_tcp_for_everybody_with_client_certificates(make_daemon, authority):
    daemon = make_daemon("--tlsverify", f"--tlscacert={authority.ca}",
                         f"--tlscert={authority.cert('server')}",
                         f"--tlskey={authority.key('server')}", hosts=["tcp://0.0.0.0:0"]).start()
    done = run("curl", "-s", "--cacert", authority.ca, "--cert", authority.cert("client"), "--key",
               authority.key("client"), f"https://127.0.0.1:{daemon.port()}/_ping")
    assert (done.returncode, done.stdout) == (0, "OK"), done.stderr


def test_plain_tcp_for_everybody_by_the_flag_that_names_the_danger(make_daemon):
    """In a network of its own, where nobody else is."""
    daemon = make_daemon("--insecure-allow-unauthenticated-tcp", hosts=["tcp://0.0.0.0:0"],
                         prefix=["unshare", "--net", "sh", "-c",
                                 'ip link set lo up && exec "$@"', "sh"]).start()
    assert "level=warning" in daemon.log() and "DON'T BIND" in daemon.log()
    done = run("nsenter", f"--net=/proc/{daemon.pid()}/ns/net", "curl", "-s",
               f"http://127.0.0.1:{daemon.port()}/_ping")
    assert (done.returncode, done.stdout) == (0, "OK"), done.stderr


@pytest.mark.parametrize("host, text", [
    ("unix:///nonexistent/dir/s", "/nonexistent/dir/s: bind: [Nn]o such file"),
    ("unix://" + "/x" * 60, "longer than 107 bytes"),
    ("tcp://256.1.1.1:0", r"256\.1\.1\.1"), ("tcp://127.0.0.1:99999", "99999")])
def test_an_address_that_cannot_be_served(make_daemon, host, text):
    daemon = make_daemon(hosts=["unix", host]).spawn()
    assert daemon.wait() == 1
    assert re.search(text, daemon.log()), daemon.log()


def test_an_unknown_group(make_daemon):
    daemon = make_daemon("--group=nosuchgroup")
    assert daemon.spawn().wait() == 1
    assert "Group nosuchgroup not found" in daemon.log()
