"""Flags, the configuration file and addresses: what is refused, and in which words."""

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
