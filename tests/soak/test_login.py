"""The login under attack, and what real processes leave behind: one refresh, no loop, no secret anywhere."""

import json
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from ccdesk.auth.loopback import Listener
from ccdesk.core.errors import LoginNeeded
from ccdesk.core.redirects import CALLBACK_PATH
from ccdesk.sandbox.constant_contact.person import Person
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.run import Sandbox
from ccdesk.sandbox.wire.kernel import Fault
from tests.auth.front import Authority, Front
from tests.cli.conftest import ProcessShell
from tests.soak.conftest import amount
from tests.soak.tools import free_ports, only_soak, until

SECRET_STATE = "the-state-of-this-login"


@pytest.fixture
def shell(tmp_path):
    with Sandbox(cc_switches=CcSwitches(limits_on=False, activity_seconds=0.0)) as sandbox:
        shell = ProcessShell(sandbox, tmp_path / "base")
        shell.set_up()
        yield shell


# ---------------------------------------------------------------- strangers at the listener


def strange_request(chance: random.Random, port: int) -> bytes:
    """Return a request that must count for nothing: any part of a good one may be wrong, cut or huge."""
    state = chance.choice(
        [
            "",
            SECRET_STATE[:-1],
            SECRET_STATE.upper(),
            SECRET_STATE + "%00",
            "%ff",
            "x" * chance.randrange(9000),
        ]
    )
    query = chance.choice(
        ["?code=c&state=", "?error=access_denied&state=", "?state=", "?code=c&code=d&state="]
    )
    path = chance.choice([CALLBACK_PATH, "/", "//evil.test/callback", "/callback/..", "http://[", "*", "\0"])
    method = chance.choice(["GET"] * 4 + ["POST", "PUT", "OPTIONS", "HEAD", "CONNECT", "G\0T", ""])
    version = chance.choice([" HTTP/1.1"] * 4 + [" HTTP/1.0", " HTTP/9.9", " HTTP/x", "", " a b"])
    host = chance.choice([f"localhost:{port}"] * 4 + ["evil.test", f"evil.test:{port}", "", "localhost"])
    headers = [
        f"Host: {host}",
        *("X-Y: " + "z" * chance.randrange(900) for _ in range(chance.randrange(150))),
    ]
    if chance.random() < 0.3:
        headers.append(f"Content-Length: {chance.choice(['-1', '5', '999999999999', 'x'])}")
    text = f"{method} {path}{query}{state}{version}\r\n" + "\r\n".join(headers) + "\r\n\r\n"
    raw = bytearray(text.encode("latin-1", "replace"))
    for _ in range(chance.choice([0, 0, 0, 1, 5])):
        raw[chance.randrange(len(raw))] = chance.randrange(256)
    return bytes(raw[: chance.choice([len(raw)] * 3 + [chance.randrange(len(raw))])])


def test_strangers_at_the_listener_neither_get_in_nor_keep_the_person_out(seed, say, capfd):
    tried = amount(100, 5000)
    before = threading.active_count()
    with Listener(SECRET_STATE, ports=free_ports(3)) as listener:

        def attack(number: int) -> None:
            chance = random.Random(f"{seed}-{number}")
            for _ in range(tried // 10):
                request = strange_request(chance, listener.port)
                with suppress(OSError), socket.create_connection(("127.0.0.1", listener.port), 5) as one:
                    one.settimeout(chance.choice([0.01, 0.3]))
                    one.sendall(request)
                    if chance.random() < 0.7:
                        one.shutdown(socket.SHUT_WR)
                    answer = one.recv(65536)
                    assert SECRET_STATE.encode() not in answer

        threads = [threading.Thread(target=attack, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with pytest.raises(LoginNeeded):
            listener.wait(timeout=0, cancel=threading.Event())
        with urlopen(f"{listener.redirect_uri}?code=real&state={SECRET_STATE}", timeout=10) as page:
            assert b"close this window" in page.read()
        returned = listener.wait(timeout=5, cancel=threading.Event())
        assert returned.code == "real", f"CCDESK_SOAK_SEED={seed}"
    until(lambda: threading.active_count() <= before)
    assert capfd.readouterr() == ("", "")
    say(f"Login: {tried} strange requests at the waiting listener, none taken")


# ---------------------------------------------------------------- one refresh, and none lost in a loop


def make_old(shell: ProcessShell) -> None:
    """Let the access token be over."""
    path = shell.base / "vault.json"
    kept = json.loads(path.read_text())
    info = json.loads(kept["cc_token_info"])
    info["obtained_at"] = (datetime.now(UTC) - timedelta(days=9)).isoformat()
    path.write_text(json.dumps({**kept, "cc_token_info": json.dumps(info)}))


def refreshes(shell: ProcessShell, mark: int) -> int:
    asked = shell.sandbox.log.all(service="auth", path="token", since=mark)
    return sum(row.body["grant_type"] == "refresh_token" for row in asked)


def status(shell: ProcessShell) -> subprocess.Popen:
    return subprocess.Popen(
        shell.command("status", "--json"),
        env=shell.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def test_processes_that_need_a_new_token_at_once_send_one_refresh(shell, say):
    assert shell.log_in()[0] == 0
    rounds, at_once = amount(1, 10), amount(3, 6)
    for _ in range(rounds):
        make_old(shell)
        mark = shell.sandbox.log.mark()
        shell.sandbox.faults.add(Fault("delay", service="auth", path="token", seconds=0.5))
        processes = [status(shell) for _ in range(at_once)]
        assert [process.wait(60) for process in processes] == [0] * at_once
        assert refreshes(shell, mark) == 1
    say(f"Login: {rounds} times {at_once} processes raced for a new token, one refresh each time")


def test_a_rotated_token_whose_answer_is_lost_asks_for_one_login(shell):
    assert shell.log_in()[0] == 0
    make_old(shell)
    shell.sandbox.faults.add(Fault("drop_after", service="auth", path="token"))
    assert shell("status").returncode == 4
    mark = shell.sandbox.log.mark()
    for _ in range(2):
        done = shell("status")
        assert done.returncode == 3
        assert "Constant Contact: login needed" in done.stdout
    assert refreshes(shell, mark) == 1, "asked once more, then never again"
    assert shell.log_in()[0] == 0


@only_soak
def test_killed_at_any_moment_of_a_renewal_the_next_goes_on_or_asks_for_a_login(shell, seed, say):
    chance, kills, again = random.Random(seed), 20, 0
    assert shell.log_in()[0] == 0
    for _ in range(kills):
        make_old(shell)
        moment = chance.choice(["asked", "answered", "any"])
        faults = shell.sandbox.faults
        if moment == "asked":  # the sandbox holds it, then renews for nobody
            faults.add(Fault("delay", service="auth", path="token", seconds=0.2))
        mark = shell.sandbox.log.mark()
        process = status(shell)
        if moment == "asked":
            until(lambda f=faults: not f._faults)
        elif moment == "answered":
            until(lambda m=mark: refreshes(shell, m), pause=0.0005)
            with suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0, 0.01))
        else:
            with suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0, 1.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if moment == "asked":
            until(lambda m=mark: refreshes(shell, m))
        code = shell("status").returncode
        assert code in (0, 3), f"CCDESK_SOAK_SEED={seed}"
        if code == 3:
            again += 1
            assert shell("status").returncode == 3
            assert shell.log_in()[0] == 0
        assert shell("status").returncode == 0
    assert 0 < again < kills
    say(f"Login: killed {kills} times about a renewal; a new login was needed {again} times")


# ---------------------------------------------------------------- no secret left behind

WATCHER = """#!{python}
import json, os, sys
parent = os.getppid()
text = json.dumps({{"argv": sys.argv, "environ": dict(os.environ),
    "parent": open(f"/proc/{{parent}}/cmdline").read()}})
with open({out!r} + ".new", "w") as file:
    file.write(text)
os.rename({out!r} + ".new", {out!r})
"""
CRASH = """
import sys, threading
from ccdesk.cli import commands, main
def crash(args, container, console):
    secret, vault = container.connections.kibo_secret(), container.connections._vault()
    tokens = [vault.get("cc_access_token"), vault.get("cc_refresh_token")]
    text = " ".join([secret, *tokens, "ada.l@example.com"])
    def fail():
        raise RuntimeError("in a thread: " + text)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    raise RuntimeError("forced: " + text)
commands._COMMANDS["status"] = crash
sys.exit(main.main(sys.argv[1:]))
"""


def left_behind(shell: ProcessShell) -> str:
    """Return all that lies in the base dir, the file for secrets aside."""
    texts = []
    for path in sorted(shell.base.rglob("*")):
        if path.is_file() and path.name != "vault.json":
            texts.append(path.read_bytes().decode("latin-1"))
            assert path.stat().st_mode & 0o077 == 0 or path.suffix != ".log"
    with closing(sqlite3.connect(shell.base / "ccdesk.sqlite3")) as store:
        texts.extend(store.iterdump())
    return "\n".join(texts)


def secrets_of(shell: ProcessShell) -> set[str]:
    """Return every secret the services gave out or were shown."""
    oauth = shell.sandbox.cc.oauth
    found = {shell.addresses["kibo_shared_secret"], *oauth.accesses, *oauth.refreshes}
    found |= set(shell.sandbox.kibo.tokens._tokens)
    for row in shell.sandbox.log.all(service="auth", path="token"):
        found |= {row.body[key] for key in ("code", "code_verifier", "refresh_token") if key in row.body}
    return {one for one in found if one}


def test_no_secret_is_left_behind_or_shown(shell, tmp_path, say):
    """Everything real commands print, log and keep, in good and in bad times, searched for each secret."""
    said: list[str] = []
    errors: list[str] = []  # without the results, which do name people

    def do(*words, **environment):
        done = shell("--verbose", *words, **environment)
        said.extend([done.stdout, done.stderr])
        errors.append(done.stderr)
        return done.returncode

    people = [f"person.{number}@example.com" for number in range(5)]
    for email in people:
        shell.sandbox.kibo.add_customer(email, True)
    shell.sandbox.kibo.add_customer("some one@example.com", True)  # goes into an error
    watcher, seen = tmp_path / "browser", tmp_path / "seen.json"
    watcher.write_text(WATCHER.format(python=sys.executable, out=str(seen)))
    watcher.chmod(0o700)
    shell.environment["BROWSER"] = f"{watcher} %s"
    command = [*shell.command("--verbose", "login", "--timeout", "30", "--json")]
    process = subprocess.Popen(
        command, env=shell.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    address = ""
    while not address:
        line = process.stderr.readline()
        address = (re.match(r"Open: (\S+)", line) or ["", ""])[1]
    until(seen.exists)
    said.append(Path(f"/proc/{process.pid}/cmdline").read_text(encoding="latin-1"))
    with urlopen(Person().decide(address), timeout=10) as page:
        said.append(page.read().decode())
    said.extend(process.communicate(timeout=30))
    assert process.returncode == 0
    started = json.loads(seen.read_text())
    assert "CCDESK_KIBO_SHARED_SECRET" not in started["environ"]
    said.append(json.dumps(started))

    do("settings", "set", "contact_list=Kibo customers")
    assert do("sync", "export", "--json") == 0
    assert do("status", "--json") == 0
    refresh_token = json.loads((shell.base / "vault.json").read_text())["cc_refresh_token"]
    access_token = json.loads((shell.base / "vault.json").read_text())["cc_access_token"]
    signed_in = " ".join(shell.sandbox.kibo.tokens._tokens)
    echo = f"{shell.addresses['kibo_shared_secret']} {signed_in} {refresh_token} {access_token} {people[0]}"
    for service, state, body in (
        ("cc", 400, json.dumps([{"error_key": "x.y", "error_message": echo}])),
        ("cc", 500, f"<html>{echo}</html>"),
        ("kibo", 401, json.dumps({"message": echo, "errorCode": "INVALID_TOKEN"})),
        ("kibo", 500, json.dumps({"message": echo, "errorCode": echo})),
        ("auth", 400, json.dumps({"error": "invalid_request", "error_description": echo})),
        ("auth", 503, echo),
    )[:: amount(4, 1)]:
        if service == "auth":
            make_old(shell)
        shell.sandbox.faults.add(Fault("status", service=service, status=state, body=body, times=99))
        assert do("sync", "inbound", "--json") != 1
        do("status")
        shell.sandbox.faults.clear()
    do("status", CCDESK_KIBO_SHARED_SECRET="wrong-" + shell.addresses["kibo_shared_secret"])
    crashed = subprocess.run(
        [sys.executable, "-c", CRASH, *shell.command("--verbose", "status")[3:]],
        env=shell.environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert crashed.returncode == 1
    assert "forced:" in crashed.stderr
    assert "in a thread:" in crashed.stderr
    said.extend([crashed.stdout, crashed.stderr])
    do("runs", "--json")
    kept = left_behind(shell)
    assert "in a thread:" in kept, "the log tells of the crash"
    secrets = secrets_of(shell)
    assert len(secrets) > 5
    for secret in secrets:
        assert secret not in "\n".join(said), secret[:6]
        assert secret not in kept, secret[:6]
    log = "".join(path.read_text() for path in shell.base.glob("ccdesk.log*"))
    assert len(log) > 1000
    for email in [*people, "some one@example.com", "ada.l@example.com"]:
        assert email not in log
        assert email not in "\n".join([*errors, crashed.stderr])
    say(f"Secrets: {len(secrets)} looked for in {(len(kept) + sum(map(len, said))) // 1000:,} kB left behind")


# ---------------------------------------------------------------- behind a company's proxy


@only_soak
def test_behind_a_company_proxy_that_has_its_own_authority(shell, tmp_path):
    hosts = ["api.example.test", "authz.example.test", "home.example.test", "t1.example.test"]
    authority = Authority(tmp_path)
    ports = {host: urlsplit(shell.addresses["cc_api_url"]).port for host in hosts[:2]}
    ports |= {host: urlsplit(shell.addresses["kibo_home_url"]).port for host in hosts[2:]}
    # in another base dir, because its secret is given for these addresses
    shell = ProcessShell(shell.sandbox, tmp_path / "behind a proxy")
    shell.environment |= {
        "CCDESK_CC_API_URL": "https://api.example.test/v3",
        "CCDESK_CC_AUTH_URL": "https://authz.example.test/oauth2/default/v1",
        "CCDESK_KIBO_HOME_URL": "https://home.example.test",
        "CCDESK_KIBO_TENANT_URL": "https://t1.example.test",
        "NO_PROXY": "", "no_proxy": "",
    }  # fmt: skip
    keys = ("kibo_tenant_id", "kibo_app_key", "cc_client_id")
    shell.json("settings", "set", *(f"{key}={shell.addresses[key]}" for key in keys))
    with Front(authority.context(*hosts), ports) as proxy:
        shell.environment["HTTPS_PROXY"] = proxy.url
        mark = shell.sandbox.log.mark()
        done = shell("status")
        assert done.returncode in (3, 4), done.stderr
        assert shell.sandbox.log.all(since=mark) == [], (
            "nothing is sent over a connection that is not trusted"
        )
        shell.environment["SSL_CERT_FILE"] = str(authority.file)
        process = subprocess.Popen(
            shell.command("login", "--no-browser", "--timeout", "30"),
            env=shell.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        address = re.match(r"Open: (\S+)", process.stderr.readline())[1]
        here = shell.addresses["cc_auth_url"]
        back = Person().decide(address.replace("https://authz.example.test/oauth2/default/v1", here))
        urlopen(back, timeout=10).close()
        out = process.communicate(timeout=30)
        assert process.returncode == 0, out
        assert shell("status").returncode == 0
        assert proxy.hosts() >= {"api.example.test", "authz.example.test", "home.example.test"}
        assert all(line.startswith(("CONNECT ", "TLS ")) for line in proxy.seen)
