import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import pytest

from ccdesk.sandbox.constant_contact.person import Person
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.run import Sandbox
from ccdesk.sandbox.wire.kernel import Fault
from tests.cli.inprocess import run_here

GENEROUS = 300  # seconds: a command that hangs ends the test, one on a busy machine does not
AnyShell = TypeVar("AnyShell", bound="ProcessShell")


class ProcessShell:
    """Runs ccdesk in its own process on one base dir."""

    def __init__(self, sandbox, base) -> None:
        self.sandbox, self.base = sandbox, base
        self.addresses = sandbox.addresses()
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("CCDESK_")},
            "CCDESK_LANGUAGE": "en",
            "CCDESK_VAULT": "file",
            "CCDESK_KIBO_SHARED_SECRET": self.addresses["kibo_shared_secret"],
        }

    def command(self, *words):
        return [sys.executable, "-m", "ccdesk", "--base-dir", str(self.base), *words]

    def __call__(self, *words, **environment):
        return self.process(*words, **environment)

    def process(self, *words, **environment):
        """Do a command in a process of its own."""
        done = subprocess.run(
            self.command(*words),
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=GENEROUS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def json(self, *words, code=0):
        done = self(*words, "--json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def set_up(self):
        keys = (
            "kibo_home_url", "kibo_tenant_id", "kibo_app_key", "cc_api_url", "cc_auth_url", "cc_client_id",
        )  # fmt: skip
        return self.json("settings", "set", *(f"{key}={self.addresses[key]}" for key in keys))

    def log_in(self, decision="allow", user="owner", *more):
        """Log in as a person would: read the address from stderr, walk the pages, come back."""
        process = subprocess.Popen(
            self.command("login", "--no-browser", "--timeout", str(GENEROUS), "--json", *more),
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        address = re.match(r"Open: (\S+)", process.stderr.readline())[1]
        back = Person(user).decide(address, decision)
        with urllib.request.urlopen(back, timeout=GENEROUS) as page:
            assert "close this window" in page.read().decode()
        out, error = process.communicate(timeout=GENEROUS)
        return process.returncode, out, error

    def sign_in(self) -> None:
        """Be logged in, where the login is not what is tested."""
        code, _, error = self.log_in()
        assert code == 0, error

    def connect(self) -> None:
        """Set up, log in, and choose the list."""
        self.set_up()
        self.sign_in()
        self.json("settings", "set", "contact_list=Kibo customers")


class Shell(ProcessShell):
    """Runs ccdesk on one base dir in the process of the test, where no process is what is tested.

    Where one is (it is killed, or sent a signal; it runs beside another, or for long; its pipes or its
    environment matter), a test takes `process`, `command`, or the fixture `process_shell`.
    """

    def __call__(self, *words, **environment):
        done = run_here(self.command(*words), {**self.environment, **environment})
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def sign_in(self) -> None:
        """Log in with a browser that is quick: it walks the pages while the command waits for it."""
        pages = []

        def walk(address):
            with urllib.request.urlopen(Person("owner").decide(address, "allow"), timeout=GENEROUS) as page:
                pages.append(page.read().decode())

        def opened(address):
            visits.append(threading.Thread(target=walk, args=(address,)))
            visits[0].start()
            return True

        visits: list[threading.Thread] = []
        with patch("webbrowser.open", opened):
            command = self.command("login", "--timeout", str(GENEROUS))
            done = run_here(command, self.environment, hurry=False)
        for visit in visits:
            visit.join()
        assert done.returncode == 0, done.stderr
        assert "close this window" in pages[0]


@contextmanager
def pretended(base: Path, kind: type[AnyShell]) -> Iterator[AnyShell]:
    """Yield a shell of this kind on pretend services that answer at once, without limits."""
    switches = CcSwitches(limits_on=False, activity_seconds=0.0)
    with Sandbox(cc_switches=switches) as sandbox:
        yield kind(sandbox, base)


@pytest.fixture
def shell(tmp_path):
    with pretended(tmp_path / "base", Shell) as shell:
        yield shell


@pytest.fixture
def process_shell(tmp_path):
    """A shell each of whose commands is a process."""
    with pretended(tmp_path / "base", ProcessShell) as shell:
        yield shell


@pytest.fixture
def connected(shell):
    """A base dir that is set up and logged in, with the list chosen."""
    shell.connect()
    return shell


def next_second():
    """Let the second end: the services tell no finer time, and within one nobody knows what was first."""
    time.sleep(1.01 - time.time() % 1)


def kill_at(shell, path, *words, service="cc", method=""):
    """Start a command and kill it while the sandbox keeps it waiting for the answer to a request."""
    shell.sandbox.faults.add(Fault("delay", service=service, method=method, path=path, seconds=3))
    mark = shell.sandbox.log.mark()
    process = subprocess.Popen(
        shell.command(*words), env=shell.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    held = shell.sandbox.faults
    deadline = time.monotonic() + GENEROUS
    while held._faults and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None, "the process ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()
    while not shell.sandbox.log.all(service=service, path=path, since=mark) and time.monotonic() < deadline:
        time.sleep(0.01)  # the sandbox finishes what it had received, as a real service would
