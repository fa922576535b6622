"""Secrets in a real Secret Service: gnome-keyring on a D-Bus of its own, locked, stopped, killed, shared."""

import contextlib
import gc
import os
import random
import shutil
import signal
import string
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccdesk.auth.keyring_vault import ENTRY_CHARACTERS, KeyringVault
from ccdesk.auth.oauth import TokenReply
from ccdesk.auth.tokens import Tokens
from ccdesk.core.errors import LoginNeeded, Remedy, VaultError
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.run import Sandbox
from tests.auth.helpers import oauth
from tests.cli.conftest import ProcessShell
from tests.soak.conftest import amount
from tests.soak.tools import need, only_soak, until

SERVICE = "ccdesk:test"
# The keyring library leaves a connection it failed with to be closed when it is forgotten.
pytestmark = pytest.mark.filterwarnings(
    "ignore:unclosed:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
DAEMON = ("gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets")
# Without service folders: what was killed stays away until a test starts it again.
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:dir={sockets}</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy></busconfig>
"""


class Desktop:
    """A session bus and a keyring daemon of our own, on folders of our own."""

    def __init__(self, home: Path) -> None:
        run = home / "run"
        run.mkdir(mode=0o700)
        self.environment = {
            **{k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")},
            "HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "XDG_RUNTIME_DIR": str(run),
        }  # fmt: skip
        self.sockets = tempfile.mkdtemp(prefix="bus-")  # socket paths must be short
        config = home / "bus.conf"
        config.write_text(CONFIG.format(sockets=self.sockets))
        self.bus = self._start("dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1")
        assert self.bus.stdout is not None
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = self.bus.stdout.readline().decode().strip()
        self.daemon = self._start(*DAEMON)
        self.deaths = 0

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def start_daemon(self) -> None:
        """Start the keyring if it is not there, unlock it, and wait until it answers on the bus."""
        if self.daemon.poll() is not None:
            self.daemon = self._start(*DAEMON)
        assert self.daemon.stdin is not None
        self.daemon.stdin.write(b"password\n")
        self.daemon.stdin.close()
        until(self.is_there, seconds=15)

    @contextlib.contextmanager
    def reviving(self) -> Iterator[None]:
        """Take a refusal if the keyring has ended itself, and start it again; any other refusal is an error.

        gnome-keyring 42 aborts about once in ten thousand connections on a busy machine, more often when
        several programs use it.
        """
        try:
            yield
        except VaultError:
            try:
                self.daemon.wait(5)
            except subprocess.TimeoutExpired:
                pytest.fail("the keyring is there, and ccdesk says that it is not")
            self.deaths += 1
            self.kill_daemon()
            self.start_daemon()

    def is_there(self) -> bool:
        """Say whether the keyring's default collection can be used."""
        return bool(self.python("import keyring; keyring.get_password('is it', 'there'); print('yes')"))

    def kill_daemon(self) -> None:
        """End the keyring as a crash does."""
        self.daemon.kill()
        self.daemon.wait()
        assert self.daemon.stdout is not None
        self.daemon.stdout.close()

    def lock(self) -> None:
        """Lock the collection as a screen saver may."""
        assert self.python(
            "import secretstorage as s; c = s.get_default_collection(s.dbus_init()); c.lock();"
            "print(c.is_locked())"
        ) == "True"  # fmt: skip

    def entries(self) -> dict[str, int]:
        """Return the names of all entries and the lengths of what they hold."""
        text = self.python(
            "import secretstorage as s\n"
            "for i in s.get_default_collection(s.dbus_init()).get_all_items():\n"
            "    print(i.get_attributes().get('username'), len(i.get_secret().decode()))"
        )
        return {name: int(length) for name, length in (line.split() for line in text.splitlines())}

    def python(self, text: str) -> str:
        """Run a few lines in another process; return what it prints."""
        command = [sys.executable, "-c", text]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=10, check=False
        )
        return done.stdout.strip()

    def close(self) -> None:
        """End what was started."""
        for process in (self.daemon, self.bus):
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
            if process.stdin is not None:
                process.stdin.close()
        shutil.rmtree(self.sockets, ignore_errors=True)


@pytest.fixture
def desktop(tmp_path_factory, monkeypatch):
    need("dbus-daemon", "gnome-keyring-daemon")
    started = Desktop(tmp_path_factory.mktemp("desktop"))
    for name in ("HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.setenv(name, started.environment[name])
    try:
        started.start_daemon()
        yield started
    finally:
        started.close()
        with warnings.catch_warnings(action="ignore"):  # here, not in the middle of another test
            gc.collect()


def open_vault(seconds: float = 10.0, turn: Path | None = None) -> KeyringVault:
    from keyring.backends.SecretService import Keyring

    return KeyringVault(SERVICE, backend=Keyring(), seconds=seconds, turn=turn)  # type: ignore[no-untyped-call]


def long_text(chance: random.Random, length: int) -> str:
    return "".join(chance.choices(string.ascii_letters + string.digits + "._-~", k=length))


def test_tokens_of_any_length_are_kept_and_forgotten(desktop, seed, say):
    chance, tried = random.Random(seed), amount(1, 25)
    vault = open_vault()
    for _ in range(tried):
        for length in (5000, chance.randrange(1, 9000), ENTRY_CHARACTERS, ENTRY_CHARACTERS + 1):
            value = long_text(chance, length)
            with desktop.reviving():
                vault.set("cc_access_token", value)
                assert open_vault().get("cc_access_token") == value, f"CCDESK_SOAK_SEED={seed}"
    vault.set("cc_refresh_token", "€" * 5000)
    found = desktop.entries()
    assert len(found) > 10
    assert max(found.values()) <= ENTRY_CHARACTERS
    read = f"from ccdesk.auth.keyring_vault import KeyringVault as V; print(len(V({SERVICE!r}).get(%r)))"
    assert desktop.python(read % "cc_refresh_token") == "5000"
    vault.delete("cc_access_token")
    vault.delete("cc_refresh_token")
    assert vault.get("cc_access_token") == ""
    assert desktop.entries() == {}
    say(f"Secret Service: {4 * tried} values of up to 9,000 characters kept and forgotten")


def test_a_locked_keyring_is_said_and_comes_back(desktop, tmp_path):
    vault = open_vault()
    source = Tokens(vault, oauth(), base_dir=tmp_path)
    source.store(TokenReply("a" * 1200, "r" * 50, 3600))
    desktop.lock()
    for work in (lambda: vault.get("x"), lambda: vault.set("x", "y"), lambda: vault.delete("x")):
        with pytest.raises(VaultError) as refused:
            work()
        assert refused.value.remedy is Remedy.SECRETS_IN_FILE
    assert source.bearer() == "a" * 1200, "a token in memory goes on"
    with pytest.raises(VaultError):
        Tokens(vault, oauth(), base_dir=tmp_path).bearer()
    desktop.kill_daemon()
    desktop.start_daemon()
    assert Tokens(vault, oauth(), base_dir=tmp_path).bearer() == "a" * 1200


@pytest.mark.parametrize(
    "how", ["lock", "stop", pytest.param("kill", marks=only_soak), pytest.param("no bus", marks=only_soak)]
)
def test_logging_out_holds_whatever_the_keyring_does(desktop, tmp_path, how):
    vault = open_vault(seconds=1.0)
    Tokens(vault, oauth(), base_dir=tmp_path).store(TokenReply("access", "refresh", 3600))
    if how == "lock":
        desktop.lock()
    elif how == "stop":
        desktop.daemon.send_signal(signal.SIGSTOP)
    else:
        desktop.kill_daemon()
        if how == "no bus":
            desktop.bus.kill()
            desktop.bus.wait()
    began = time.monotonic()
    problems = Tokens(vault, oauth(), base_dir=tmp_path).forget().problems
    assert time.monotonic() - began < 15
    assert len(problems) == 3
    later = Tokens(vault, oauth(), base_dir=tmp_path)
    assert not later.logged_in()
    with pytest.raises(LoginNeeded):
        later.bearer()


def test_a_keyring_that_hangs_is_not_waited_for(desktop):
    vault = open_vault(seconds=0.5)
    vault.set("cc_access_token", "x" * 3000)
    desktop.daemon.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    for _ in range(5):
        with pytest.raises(VaultError, match="does not answer"):
            vault.get("cc_access_token")
    assert time.monotonic() - began < 5
    desktop.daemon.send_signal(signal.SIGCONT)
    hanging = vault._hanging
    assert hanging is not None
    hanging.join(20)
    assert vault.get("cc_access_token") == "x" * 3000


@only_soak
def test_a_keyring_killed_while_it_is_used_loses_nothing_that_was_kept(desktop, seed, say):
    """The value is the last one that was kept, or the one being kept; never a mixture, never a piece left."""
    chance, kills = random.Random(seed), amount(1, 12)
    kept = long_text(chance, 4000)
    open_vault().set("cc_access_token", kept)
    for _ in range(kills):
        new = long_text(chance, chance.choice([300, 3500, 6500]))
        killer = threading.Timer(chance.uniform(0.0, 0.25), desktop.daemon.kill)
        killer.start()
        try:
            open_vault(seconds=5).set("cc_access_token", new)
            took = True
        except VaultError:
            took = False
        killer.join()
        desktop.kill_daemon()
        desktop.start_daemon()
        found = open_vault().get("cc_access_token")
        assert found in ((new,) if took else (kept, new)), f"CCDESK_SOAK_SEED={seed}"
        kept = found
    open_vault().set("cc_access_token", "short")
    assert desktop.entries() == {"cc_access_token": 5}
    say(f"Secret Service: killed {kills} times while a token was written")


WRITER = f"""
import pathlib, sys
from ccdesk.auth.keyring_vault import KeyringVault
vault = KeyringVault({SERVICE!r}, turn=pathlib.Path(sys.argv[2]))
print("ready", flush=True)
for number in range(int(sys.argv[1])):
    vault.set("cc_access_token", "ab"[number % 2] * 5000)
vault.set("cc_access_token", "a" * 5000)
"""


@only_soak
def test_one_process_reads_while_another_writes(desktop, say, tmp_path):
    """Nothing is ever mixed or lost; nobody is refused unless the keyring has ended itself."""
    turn, reads, rounds = tmp_path / "keyring.lock", 0, amount(1, 10)
    values = ("a" * 5000, "b" * 5000)
    open_vault().set("cc_access_token", values[0])
    command = [sys.executable, "-c", WRITER, "10", str(turn)]
    for _ in range(rounds):
        deaths = desktop.deaths
        with subprocess.Popen(command, env=desktop.environment, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            while writer.poll() is None:
                with desktop.reviving():
                    assert open_vault(turn=turn).get("cc_access_token") in values
                    reads += 1
        with desktop.reviving():
            if writer.returncode != 0 and desktop.deaths == deaths:
                raise VaultError
        assert open_vault(turn=turn).get("cc_access_token") in values
    with desktop.reviving():
        open_vault().set("cc_access_token", values[0])
    assert reads > rounds
    assert len(desktop.entries()) == 6
    say(
        f"Secret Service: read {reads} times while another process wrote; "
        f"the keyring ended itself {desktop.deaths} times"
    )


@pytest.fixture
def shell(desktop, tmp_path):
    with Sandbox(cc_switches=CcSwitches(limits_on=False)) as sandbox:
        shell = ProcessShell(sandbox, tmp_path / "base")
        shell.environment = {**shell.environment, **desktop.environment}
        del shell.environment["CCDESK_VAULT"]
        shell.set_up()
        yield shell


@only_soak
def test_real_commands_on_a_real_keyring(desktop, shell):
    assert shell.log_in()[0] == 0
    assert shell("status").returncode == 0
    assert any(name.startswith("cc_access_token") for name in desktop.entries())
    assert shell("logout").returncode == 0
    assert desktop.entries() == {}
    assert shell.log_in()[0] == 0
    desktop.kill_daemon()
    out = shell("logout")
    assert out.returncode == 2, out.stderr
    assert "You are logged out, but" in out.stderr
    login = shell("login", "--no-browser", "--timeout", "1")
    assert login.returncode == 2
    assert "keyring" in login.stderr
    assert "Open:" not in login.stderr, "nobody is sent to the browser for tokens that cannot be kept"
    desktop.start_daemon()
    assert shell("status").returncode == 3


@only_soak
def test_without_a_bus_nothing_else_takes_the_keyrings_place(shell, tmp_path):
    del shell.environment["DBUS_SESSION_BUS_ADDRESS"]
    done = shell("login", "--no-browser", "--timeout", "1")
    assert done.returncode == 2
    assert "CCDESK_VAULT=file" in done.stderr
    assert not (tmp_path / "base" / "vault.json").exists()
