"""A sandbox and a set-up ccdesk as processes of their own, measured from outside."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests

from benchmarks.table import say
from ccdesk.sandbox.constant_contact.person import Person

ROOT = Path(__file__).resolve().parent.parent
LIST_NAME = "Kibo customers"
UNLIMITED = {"limits_on": False}
FAR_KIBO, FAR_MAILING = 0.3, 0.2  # seconds an answer takes from far away (design §10)
_KEYS = (
    "kibo_home_url",
    "kibo_tenant_url",
    "kibo_tenant_id",
    "kibo_app_key",
    "cc_api_url",
    "cc_auth_url",
    "cc_client_id",
)
_ACTS_AT_ONCE = 1000
_LOOK_EVERY = 0.5  # seconds between questions whether a command is to be stopped
# Linux counts what a process used in kilobytes, macOS in bytes.
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Measured:
    """What one process of ours used."""

    code: int
    wall: float
    cpu: float
    peak_mb: float
    busy: float  # the sandbox's processor time as a share of the wall time
    output: str


class Shop:
    """A pretend shop of `customers` in a sandbox process.

    `limits` says whether its gateway refuses calls, `far` whether answers take as long as from far away.
    """

    def __init__(self, customers: int, *, limits: bool, far: bool = False) -> None:
        self.customers, self.limits, self.far = customers, limits, far
        say(f"  seeding a shop of {customers:,} ...")
        command = [sys.executable, "-m", "ccdesk", "sandbox", "--customers", str(customers)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"The sandbox ended with {self._process.wait()} before it served")
        self.addresses: dict[str, str] = json.loads(line)
        self._watched = psutil.Process(self._process.pid)
        if not limits:
            self.order("switches/cc", UNLIMITED)
        if far:
            self.order("switches/kibo", {"answer_seconds": FAR_KIBO})
            self.order("switches/cc", {"answer_seconds": FAR_MAILING})

    def order(self, path: str, body: object = None) -> Any:
        """Give the sandbox an order; without a body it is a question."""
        data = None if body is None else json.dumps(body).encode()
        method = "GET" if body is None else "POST"
        request = urllib.request.Request(
            f"{self.addresses['control_url']}/{path}",
            data,
            {"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=600) as answer:
            return json.load(answer)

    def acts(self, acts: Sequence[Mapping[str, Any]]) -> None:
        """Let many people act, in the order given."""
        for first in range(0, len(acts), _ACTS_AT_ONCE):
            self.order("acts", {"acts": list(acts[first : first + _ACTS_AT_ONCE])})

    def cpu(self) -> float:
        """Return the processor time the sandbox has used so far."""
        times = self._watched.cpu_times()
        return float(times.user + times.system)

    def memory_mb(self) -> float:
        """Return what the sandbox holds in memory."""
        return float(self._watched.memory_info().rss / 2**20)

    def stop(self) -> None:
        """End the sandbox."""
        self._process.terminate()
        self._process.wait()


class Desk:
    """ccdesk on a base dir of its own, logged in and with a list; every command is a process."""

    def __init__(self, shop: Shop, base: Path) -> None:
        self._shop, self.base = shop, base
        self.environment = {
            **_environment(),
            "PYTHONPYCACHEPREFIX": str(base / "bytecode"),
            "CCDESK_VAULT": "file",
            "CCDESK_KIBO_SHARED_SECRET": shop.addresses["kibo_shared_secret"],
            "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen"),
        }
        self.document("settings", "set", *(f"{key}={shop.addresses[key]}" for key in _KEYS))
        self._log_in()
        self.document("settings", "set", f"contact_list={LIST_NAME}")

    def command(self, *arguments: str) -> list[str]:
        """Return the command line; without limits ccdesk's own pace of four calls a second is lifted too."""
        program = "ccdesk" if self._shop.limits else "benchmarks.unpaced"
        return [sys.executable, "-m", program, "--base-dir", str(self.base), *arguments]

    def document(self, *arguments: str) -> Any:
        """Run a command that must succeed and return its JSON document."""
        command = self.command(*arguments, "--json")
        done = subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr[-2000:]}")
        return json.loads(done.stdout)

    def measure(self, *arguments: str, stop_if: Callable[[], bool] | None = None) -> Measured:
        """Run a command and measure its process from outside; `stop_if` says when Ctrl+C is pressed."""
        # What the child shows as its peak is at least what this process held when it was started (Linux), so
        # this process has to stay small: no Qt, no large documents.
        with tempfile.TemporaryFile() as output:
            before, began = self._shop.cpu(), time.monotonic()
            process = subprocess.Popen(
                self.command(*arguments), env=self.environment, cwd=ROOT, stdout=output, stderr=output
            )
            if stop_if is not None:
                _stop_once(process, stop_if)
            _, status, used = os.wait4(process.pid, 0)
            wall = time.monotonic() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            text = output.read().decode(errors="replace")
        return Measured(
            process.returncode,
            wall,
            used.ru_utime + used.ru_stime,
            used.ru_maxrss * _RSS_UNIT / 2**20,
            (self._shop.cpu() - before) / wall,
            text,
        )

    def last_run(self) -> dict[str, Any]:
        """Return the newest run, without its people."""
        return dict(self.document("runs", "--limit", "1")["runs"][0])

    def _log_in(self) -> None:
        command = self.command("login", "--no-browser", "--timeout", "60")
        process = subprocess.Popen(
            command,
            env=self.environment,
            cwd=ROOT,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        assert process.stderr is not None
        address = next((line[6:].strip() for line in process.stderr if line.startswith("Open: ")), "")
        if not address:
            raise RuntimeError(f"The login ended with {process.wait()} and named no address")
        with urllib.request.urlopen(Person().decide(address), timeout=30) as page:
            page.read()
        process.stderr.read()
        if process.wait():
            raise RuntimeError("The login failed")


def _stop_once(process: subprocess.Popen[bytes], stop_if: Callable[[], bool]) -> None:
    """Ask a process to stop once it is time; return then, or when it has ended by itself (not reaped yet)."""
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if stop_if():
            os.kill(process.pid, signal.SIGINT)
            return
        time.sleep(_LOOK_EVERY)


def sessions(shop: Shop) -> tuple[requests.Session, requests.Session, str]:
    """Sign in to both services; returns both sessions and the id of the list."""
    at = shop.addresses
    kibo, mail = requests.Session(), requests.Session()
    ticket = kibo.post(
        f"{at['kibo_home_url']}/api/platform/applications/authtickets/oauth",
        json={
            "client_id": at["kibo_app_key"],
            "client_secret": at["kibo_shared_secret"],
            "grant_type": "client_credentials",
        },
        timeout=60,
    ).json()
    kibo.headers["Authorization"] = f"Bearer {ticket['access_token']}"
    kibo.headers["x-vol-tenant"] = at["kibo_tenant_id"]
    grant = shop.order("cc/issue_tokens", {})
    mail.headers["Authorization"] = f"Bearer {grant['access_token']}"
    return kibo, mail, str(shop.order("cc/list_id", {"name": LIST_NAME}))


@contextlib.contextmanager
def opened(customers: int, *, limits: bool, far: bool = False) -> Iterator[tuple[Shop, Desk]]:
    """A shop and a ccdesk on it, both gone afterwards."""
    shop = Shop(customers, limits=limits, far=far)
    try:
        with tempfile.TemporaryDirectory(prefix="ccdesk-bench-") as folder:
            yield shop, Desk(shop, Path(folder))
    finally:
        shop.stop()


def _environment() -> dict[str, str]:
    """Return ours without what steers ccdesk, and with bytecode kept: an installed program has it."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("CCDESK_")}
    ours.pop("PYTHONDONTWRITEBYTECODE", None)
    return ours


def latency_word(far: bool) -> str:
    """Return how the table names what an answer of Kibo and of Constant Contact takes on its way."""
    return f"{FAR_KIBO * 1000:.0f}+{FAR_MAILING * 1000:.0f} ms" if far else ""


def limits_word(limits: bool) -> str:
    """Return how the table names it."""
    return "on" if limits else "off"
