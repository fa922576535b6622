"""Two programs on one base dir: one works, the other says who does, and nothing is done twice or half."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from ccdesk.core.errors import Busy
from ccdesk.core.ports.mail import Account
from ccdesk.core.runs import RunKind, RunStatus
from ccdesk.core.settings import SETTINGS
from ccdesk.service.loop import Loop, Silent
from ccdesk.service.runner import Runner
from ccdesk.service.status import CC_KEY
from ccdesk.store.lease import SqliteLease
from ccdesk.store.tables import LeaseRow
from tests.e2e.world import World, open_world
from tests.soak.conftest import amount
from tests.soak.cuts import PATIENCE, CountedFaults, Power, Shop, check_files, finish, use_faults
from tests.soak.tools import only_soak, until


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with open_world(tmp_path / "base") as world:
        world.choose_list()
        yield world


@pytest.fixture
def power(world: World) -> Power:
    return Power(world)


def ended(process: subprocess.Popen[str], code: int = 0) -> str:
    """Wait for a command's end and return what it said."""
    error = process.communicate(timeout=PATIENCE)[1]
    assert "Traceback" not in error, error
    assert process.returncode == code, error
    return error


class Held(CountedFaults):
    """Holds one call until told to let go."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.free()
        self._hold_at, self.reached, self.go_on = at, threading.Event(), threading.Event()

    def take(self, service: str, method: str, path: str) -> Any:
        found = super().take(service, method, path)
        if self.calls == self._hold_at:
            self.reached.set()
            assert self.go_on.wait(PATIENCE)
        return found


@pytest.fixture
def held(world: World) -> Iterator[Held]:
    """The sixth call from now on is held: the run in the middle of which it comes is going on."""
    faults = Held(at=6)
    use_faults(world, faults)
    yield faults
    faults.go_on.set()


def test_a_second_command_line_says_who_is_at_work(world: World, power: Power, held: Held) -> None:
    for number in range(5):
        world.kibo.add_customer(f"person{number}@example.com", True)
    use_faults(world, held)
    first = power.start("sync", "export")
    assert held.reached.wait(PATIENCE)
    for words in (("sync", "events"), ("sync", "export"), ("settings", "set", "contact_list=Another")):
        told = ended(power.start(*words), 5)
        assert f"export (process {first.pid} on " in told
    assert "Another run is in progress" in ended(power.start("events"), 0), (
        "what is queued is shown all the same"
    )
    ended(power.start("settings", "show"))
    with pytest.raises(Busy, match=f"process {first.pid}"):
        world.desk.run(RunKind.EVENTS)
    held.go_on.set()
    ended(first)
    assert len(world.members()) == 5
    assert [run.status for run in world.desk.runs()] == [RunStatus.COMPLETE]


class Told(Silent):
    """What the loop told."""

    def __init__(self) -> None:
        self.errors: list[Any] = []

    def run_failed(self, kind: RunKind, error: Any) -> None:
        self.errors.append(error)


def test_the_windows_loop_waits_for_a_command_line(world: World, power: Power, held: Held) -> None:
    """And tries again soon, instead of half an hour later."""
    world.kibo.add_customer("person@example.com", True)
    use_faults(world, held)
    first = power.start("sync", "export")
    assert held.reached.wait(PATIENCE)
    world.desk.set_enabled(True)
    listener = Told()
    loop = Loop(world.desk, world.container.clock, listener)
    loop.plan()
    world.sandbox.clock.advance(timedelta(seconds=loop._scheduler.idle_seconds or 0))
    loop.tick()
    assert {type(error) for error in listener.errors} == {Busy}
    assert str(first.pid) in listener.errors[0].meaning
    assert (loop._scheduler.idle_seconds or 0) < 60
    held.go_on.set()
    ended(first)
    world.later()
    loop.tick()
    assert {run.kind for run in world.desk.runs()} >= {RunKind.EXPORT, RunKind.EVENTS, RunKind.INBOUND}


def test_a_run_in_the_window_keeps_the_command_line_out(world: World, power: Power, held: Held) -> None:
    for number in range(5):
        world.kibo.add_customer(f"person{number}@example.com", True)
    use_faults(world, held)
    window = threading.Thread(target=world.desk.run, args=(RunKind.EXPORT,))
    window.start()
    assert held.reached.wait(PATIENCE)
    assert f"export (process {os.getpid()} on " in ended(power.start("sync", "inbound"), 5)
    held.go_on.set()
    window.join(PATIENCE)
    ended(power.start("sync", "inbound"))


def test_a_run_that_lost_the_lease_writes_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frozen container: whoever took over has closed the run, and may be going on with its work."""
    for number in range(5):
        world.kibo.add_customer(f"person{number}@example.com", True)
    store = world.container.store
    beat = type(store.lease).renew

    def taken(self: SqliteLease) -> None:
        monkeypatch.setattr(type(store.lease), "renew", beat)
        store._database.run(LeaseRow.update(owner="another", host="elsewhere"))
        store.runs.close_open(RunStatus.INTERRUPTED, world.sandbox.clock.now(), "Taken over.")
        world.container.clock.wait(threading.Event(), 60)
        self.renew()

    monkeypatch.setattr(type(store.lease), "renew", taken)
    run = world.desk.run(RunKind.EXPORT)
    assert isinstance(run.failure, Busy)
    (kept,) = world.desk.runs()
    assert (kept.status, kept.message) == (RunStatus.INTERRUPTED, "Taken over.")
    store._database.run(LeaseRow.delete())
    assert world.export().resumes == kept.id


def test_an_export_of_a_container_that_died_goes_on_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can ask the system about its process: its heart is watched, and the run closed and continued."""
    store = world.container.store
    for number in range(5):
        world.kibo.add_customer(f"person{number}@example.com", True)
    renewed: list[int] = []

    def dies(self: SqliteLease) -> None:
        renewed.append(1)
        if len(renewed) > 3:
            raise Busy()

    with monkeypatch.context() as patch:
        patch.setattr(SqliteLease, "renew", dies)
        run = world.desk.run(RunKind.EXPORT)
    assert run.status is RunStatus.RUNNING
    store.lease.acquire("export")
    store._database.run(LeaseRow.update(owner="another", host="elsewhere"))
    world.reopen()
    assert not world.desk.export_to_continue(), "it may be alive"
    world.later(3)
    assert world.desk.export_to_continue()
    assert world.desk.get_run(run.id).status is RunStatus.INTERRUPTED
    assert world.export().resumes == run.id
    assert len(world.members()) == 5


def test_another_account_waits_for_the_run_on_the_former(world: World, power: Power, held: Held) -> None:
    """Else the run would go on in the new account with the people of the old one, who are being dropped."""
    for number in range(5):
        world.kibo.add_customer(f"person{number}@example.com", True)
    world.container.store.state.set(CC_KEY, "former")

    class Another:
        account = Account("Another", "another")
        kept = False

        def keep(self) -> None:
            self.kept = True

    login = world.desk._pending = Another()
    use_faults(world, held)
    first = power.start("sync", "export")
    assert held.reached.wait(PATIENCE)
    with pytest.raises(Busy, match=f"process {first.pid}"):
        world.desk.accept_login()
    assert not login.kept
    held.go_on.set()
    ended(first)
    assert len(world.members()) == 5
    world.desk.accept_login()
    assert login.kept
    assert world.container.store.links.count() == 0


def test_many_start_at_once_and_all_is_done_once(
    tmp_path: Path, seed: int, say: Callable[[str], None]
) -> None:
    """The second ends with 5 and changes nothing; in the end everything is as people want it."""
    chance = random.Random(seed)
    codes: list[int] = []
    with open_world(tmp_path / "base") as world:
        world.choose_list(welcome_email="true")
        power, shop = Power(world), Shop(world, chance)
        for _ in range(amount(1, 12)):
            shop.act()
            kinds = [chance.choice(("export", "events", "inbound", "full-compare")) for _ in range(3)]
            started = [power.start("sync", kind) for kind in kinds]
            for process in started:
                error = process.communicate(timeout=PATIENCE)[1]
                assert "Traceback" not in error, error
                assert process.returncode in (0, 5), (process.returncode, error)
                codes.append(process.returncode)
            finish(world)
            shop.check()
            check_files(world.base)
    assert 0 in codes
    say(f"three command lines at once: {codes.count(0)} worked, {codes.count(5)} said who did")


def test_a_start_is_in_nobodys_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking at something, or opening a window, never makes another program's run say that it is busy."""
    taken: list[str] = []
    lease = world.container.store.lease
    acquire = lease.acquire
    monkeypatch.setattr(type(lease), "acquire", lambda self, what: (taken.append(what), acquire(what)))
    world.reopen()
    world.desk.status(live=False)
    assert taken == []


def test_who_comes_second_to_close_a_dead_run_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two windows start after a power cut: between our question and our taking the other took the lease."""
    store = world.container.store
    store.runs.start(RunKind.EXPORT, world.desk.run(RunKind.EXPORT).trigger, world.sandbox.clock.now())

    def taken(self: object, what: str) -> None:
        raise Busy()

    monkeypatch.setattr(type(store.lease), "acquire", taken)
    Runner(store, world.container.connections, world.container.clock).recover()
    assert store.runs.page(kind=None, offset=0, limit=1)[0].status is RunStatus.RUNNING


SAVE = """
import os, sys
from pathlib import Path
from ccdesk.container import open_container
from ccdesk.paths import Paths
key, rounds = sys.argv[2], int(sys.argv[3])
with open_container(Paths(Path(sys.argv[1]))) as container:
    for number in range(rounds):
        container.desk.save_settings({key: f"{key} {number}"})
        assert container.desk.settings().__getattribute__(key) == f"{key} {number}"
"""


def test_settings_saved_by_two_at_once_are_all_kept(world: World, power: Power) -> None:
    keys = ("kibo_app_key", "cc_client_id")
    rounds = str(amount(10, 100))
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", SAVE, str(world.base), key, rounds],
            env=power.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for key in keys
    ]
    for writer in writers:
        ended(writer)
    settings = world.desk.settings()
    for key in keys:
        assert key in SETTINGS
        assert getattr(settings, key) == f"{key} {int(rounds) - 1}"


def test_a_login_that_runs_out_is_renewed_once_by_two(world: World, power: Power) -> None:
    """A refresh token works once: who comes second takes what the first one got."""
    for _ in range(amount(1, 10)):
        world.cc.expire_tokens()
        mark = world.sandbox.log.mark()
        both = [power.start("status", "--json") for _ in range(2)]
        for process in both:
            ended(process)
        renewed = world.sandbox.log.all(path="/token$", since=mark, service="auth")
        assert [one.status for one in renewed] == [200]
    assert json.loads((world.base / "vault.json").read_text())


@only_soak
def test_a_frozen_holder_keeps_the_lease_and_a_killed_one_does_not(
    world: World, power: Power, held: Held
) -> None:
    world.kibo.add_customer("person@example.com", True)
    use_faults(world, held)
    first = power.start("sync", "export")
    assert held.reached.wait(PATIENCE)
    psutil.Process(first.pid).suspend()
    assert str(first.pid) in ended(power.start("sync", "inbound"), 5)
    first.kill()
    first.communicate()
    held.go_on.set()
    ended(power.start("sync", "inbound"))
    world.reopen()
    assert RunStatus.RUNNING not in {run.status for run in world.desk.runs()}


@only_soak
def test_a_second_window_brings_the_first_forward(world: World, power: Power, tmp_path: Path) -> None:
    """And one that was killed is in no window's way."""
    from ccdesk.gui.single_instance import raise_running

    power.environment |= {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": os.environ["XDG_RUNTIME_DIR"]}
    for _ in range(amount(1, 3)):
        first = power.start()
        until(lambda: raise_running(world.base))
        assert "already open" in ended(power.start())
        ended(power.start("settings", "show"))
        assert first.poll() is None
        first.kill()
        first.communicate()
        assert not raise_running(world.base)
    last = power.start()
    until(lambda: raise_running(world.base))
    last.terminate()
    ended(last)
