"""A shop whose people act at random, and a real process of ccdesk that is killed at a chosen moment."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from ccdesk.core.runs import RunKind, RunStatus
from ccdesk.paths import Paths
from ccdesk.sandbox.constant_contact.person import Person
from ccdesk.sandbox.wire.kernel import Fault, Faults
from tests.e2e.world import World

PATIENCE = 90.0  # seconds for a process to get anywhere on a busy computer


class CountedFaults(Faults):
    """Counts the calls, and kills a process in the middle of one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.calls, self._at, self._acts, self._path = 0, 0, True, ""
        self._process: subprocess.Popen[str] | None = None
        self._armed = threading.Event()

    def arm(self, process: subprocess.Popen[str], at: int, *, acts: bool, path: str = "") -> None:
        """Kill `process` in its call number `at`, the service acting on that call or not.

        With `path` it is the first call from that number on whose path ends so.
        """
        self._process, self._at, self._acts, self._path = process, at, acts, path
        self._armed.set()

    def begin(self) -> None:
        """Count from here; nothing is let through before `arm` or `free`."""
        self.calls, self._at, self._process = 0, 0, None
        self._armed.clear()

    def free(self) -> None:
        """Kill nobody."""
        self._process = None
        self._armed.set()

    def take(self, service: str, method: str, path: str) -> Fault | None:
        """Count a call, and suffer what is ordered for it."""
        self._armed.wait(PATIENCE)
        self.calls += 1
        there = self.calls >= self._at and path.endswith(self._path) if self._path else self.calls == self._at
        if self._process is None or not there:
            return super().take(service, method, path)
        process, self._process = self._process, None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return None if self._acts else Fault("drop_before")


def use_faults(world: World, faults: CountedFaults) -> None:
    """Have both services suffer these faults from now on."""
    world.sandbox.faults = faults
    for server in world.sandbox._servers:
        server._server.app._faults = faults  # type: ignore[attr-defined]


class Shop:
    """What the people of a shop want, beside what both services hold."""

    def __init__(self, world: World, chance: random.Random) -> None:
        self.world, self.chance = world, chance
        self.wants: dict[str, bool] = {}
        self.numbers: dict[str, int] = {}
        self.signed_up: dict[str, int] = {}
        self.final: set[str] = set()  # unsubscribed in Constant Contact: they stay out
        self.foreign: dict[str, dict[str, Any]] = {}
        self.untouched: dict[int, str] = {}
        self._other = world.cc.add_list("Other list")
        for _ in range(6):
            self.join(opted_in=True)
        self.join(opted_in=False)

    def join(self, *, opted_in: bool) -> None:
        """Somebody new in Kibo, now and then known to Constant Contact from elsewhere."""
        email = f"person{len(self.wants)}@example.com"
        if self.chance.random() < 0.25:
            self.world.cc.add_contact(
                email, lists=[self._other], first_name="Kept", last_name="As it is", company_name="Elsewhere"
            )
            self.foreign[email] = _fields(self.world.cc.contact(email))
        number = self.world.kibo.add_customer(email, opted_in, first_name="Per", last_name="Son")
        self.numbers[email], self.wants[email] = number, opted_in
        self.signed_up[email] = int(opted_in)
        self.untouched[number] = self.world.kibo.fingerprint(number)

    def act(self) -> None:
        """Let a few people act, each at most once."""
        world, chance = self.world, self.chance
        known = [email for email in self.wants if email not in self.final]
        for email in chance.sample(known, min(3, len(known))):
            number = self.numbers[email]
            if self.wants[email] and email in world.members() and chance.random() < 0.5:
                world.cc.unsubscribe(email)
                self.wants[email] = False
                self.final.add(email)
            elif self.wants[email]:
                world.kibo.opt_out(number)
                self.wants[email] = False
            else:
                world.kibo.opt_in(number)
                self.wants[email] = True
                self.signed_up[email] += 1
        self.join(opted_in=chance.random() < 0.8)
        self.join(opted_in=True)

    def check(self) -> None:
        """Hold both services against what the people want."""
        world = self.world
        wanted = {email for email, wants in self.wants.items() if wants}
        members = world.members()
        assert members - wanted == set(), "on the list without having agreed"
        assert wanted - members == set(), "agreed, but not on the list"
        for email, number in self.numbers.items():
            assert world.opted_in(number) == self.wants[email], f"{email} in Kibo"
            assert world.kibo.fingerprint(number) == self.untouched[number], f"{email} was changed in Kibo"
        for email, fields in self.foreign.items():
            contact = world.cc.contact(email)
            assert contact is not None
            assert _fields(contact) == fields, f"{email} is another source's contact"
            kept = self._other in contact["list_memberships"] or email in self.final
            assert kept, f"{email} was taken off another list"
        mails = [mail["to"].lower() for mail in world.cc.mails()]
        twice = {email for email in set(mails) if mails.count(email) > self.signed_up[email]}
        assert twice == set(), "got the same mail twice"


def _fields(contact: dict[str, Any] | None) -> dict[str, Any]:
    """A contact without what its person and its lists change."""
    moved = ("list_memberships", "updated_at", "update_source", "email_address")
    return {name: value for name, value in (contact or {}).items() if name not in moved}


def check_files(base: Path) -> None:
    """Hold the files against what a power cut may leave."""
    with closing(sqlite3.connect(Paths(base).database)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert database.execute("SELECT COUNT(*) FROM run WHERE status = 'RUNNING'").fetchone()[0] == 0
    vault = base / "vault.json"
    assert isinstance(json.loads(vault.read_text()), dict)
    assert stat.S_IMODE(vault.stat().st_mode) == 0o600


class Power:
    """Starts ccdesk as its own process and kills it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults = CountedFaults()
        self.faults.free()
        use_faults(world, self.faults)
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("CCDESK_")},
            **world.environment,
        }
        self.calls: dict[str, int] = {}  # of a whole command, as far as known
        self.seconds: dict[str, float] = {}

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "ccdesk", "--base-dir", str(self.world.base), *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def cut(self, chance: random.Random, *words: str, path: str = "") -> str:
        """Do a command and kill it at a random call or a random time; tell when, `""` if it was faster.

        With `path` it is the first call whose path ends so.
        """
        name = " ".join(words[:2])
        self.faults.begin()
        began = time.monotonic()
        with self.start(*words) as process:
            calls = self.calls.get(name, 0 if words[0] == "settings" else 8)
            if path or (calls and chance.random() < 0.6):
                at, acts = 1 if path else chance.randint(1, calls), chance.random() < 0.5
                self.faults.arm(process, at, acts=acts, path=path)
                told = f"in call {path or at}{'' if acts else ', which was lost'}"
                told = "" if self._ended(process, PATIENCE) else told
            else:
                self.faults.free()
                at_time = chance.uniform(0.3, 1.05) * self.seconds.get(name, 2.0)
                told = "" if self._ended(process, at_time) else f"after {at_time:.2f} s"
            if process.poll() is None:
                process.kill()
            error = process.communicate()[1]
        self.faults.free()
        assert "Traceback" not in error, error
        if not told:
            self.calls[name] = max(self.faults.calls, self.calls.get(name, 0))
            self.seconds[name] = time.monotonic() - began
        return told and f"{name} {told}"

    def cut_login(self, chance: random.Random) -> str:
        """Log in as a person with a browser does; kill the program while the code is exchanged, or after."""
        self.faults.begin()
        with self.start("login", "--no-browser", "--timeout", "30") as process:
            in_call, acts = chance.random() < 0.7, chance.random() < 0.5
            if in_call:
                self.faults.arm(process, 1, acts=acts, path="/token")
            else:
                self.faults.free()
            assert process.stderr is not None
            address = re.match(r"Open: (\S+)", process.stderr.readline())
            assert address is not None
            back = Person().decide(address[1])
            with contextlib.suppress(OSError, HTTPException), urlopen(back, timeout=PATIENCE) as page:
                page.read()  # cut off with the program
            told = (
                ""
                if self._ended(process, PATIENCE if in_call else chance.uniform(0, 0.4))
                else "login command"
            )
            if process.poll() is None:
                process.kill()
            assert "Traceback" not in process.communicate()[1]
        self.faults.free()
        return told and f"{told} {'in the exchange' if in_call else 'after the page was shown'}"

    @staticmethod
    def _ended(process: subprocess.Popen[str], seconds: float) -> bool:
        """Wait for the end; say whether it came by itself."""
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return process.returncode >= 0


def finish(world: World) -> None:
    """Start ccdesk again, let it go on as the loops would, and see that it comes to rest."""
    world.reopen()
    assert all(run.status is not RunStatus.RUNNING for run in world.desk.runs())
    if not world.desk.first_export_done() or world.desk.export_to_continue():
        _complete(world, RunKind.EXPORT)
    for _ in range(2):
        _complete(world, RunKind.EVENTS)
        _complete(world, RunKind.INBOUND)
    mark = world.sandbox.log.mark()
    _complete(world, RunKind.EVENTS)
    _complete(world, RunKind.INBOUND)
    writes = [one for one in world.sandbox.log.writes(since=mark) if "contact_exports" not in one.path]
    assert writes == [], "a quiet cycle writes nothing"


def _complete(world: World, kind: RunKind) -> None:
    run = world.desk.run(kind)
    assert run.status is RunStatus.COMPLETE, f"{kind.value}: {run.message}"


@contextmanager
def replayed(seed: int, life: int) -> Iterator[list[str]]:
    """Tell with a failure which cuts came before it."""
    cuts: list[str] = []
    try:
        yield cuts
    except BaseException as error:
        error.add_note(f"CCDESK_SOAK_SEED={seed}, life {life}; cuts so far: {cuts}")
        raise
