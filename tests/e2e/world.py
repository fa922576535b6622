"""A shop, a mailing account, and ccdesk between: real HTTP, a real database, a clock that does not wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from ccdesk.auth.oauth import TokenReply
from ccdesk.container import Container, build_container
from ccdesk.core.clock import Clock
from ccdesk.core.runs import Entry, Outcome, Run, RunKind, RunStatus
from ccdesk.paths import Paths
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.kibo.state import KiboSwitches
from ccdesk.sandbox.run import Sandbox
from ccdesk.sandbox.wire.kernel import SandboxClock


class HurriedClock(Clock):
    """Tells the sandbox's time and waits for nothing: waiting only moves its own seconds on."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock, self._waited = clock, 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        with self._lock:
            return super().monotonic() + self._waited

    def wait(self, event: threading.Event, seconds: float) -> bool:
        with self._lock:
            self._waited += max(0.0, seconds)
        return event.is_set()


class World:
    """Both services and a ccdesk that is set up and logged in; acts move the clock a little each."""

    def __init__(self, sandbox: Sandbox, base: Path, *, list_name: str = "Kibo customers") -> None:
        self.sandbox, self.base = sandbox, base
        self.kibo, self.cc = sandbox.kibo, sandbox.cc
        self.addresses = sandbox.addresses()
        self.environment = {
            "CCDESK_VAULT": "file",
            "CCDESK_KIBO_SHARED_SECRET": self.addresses["kibo_shared_secret"],
        }
        self.container: Container = self.open()
        self.list_name = list_name

    def open(self) -> Container:
        self.container = build_container(
            Paths(self.base), environment=self.environment, clock=HurriedClock(self.sandbox.clock)
        )
        return self.container

    def reopen(self) -> None:
        """Start the program anew on the same files."""
        self.container.close()
        self.open()

    @property
    def desk(self):
        return self.container.desk

    @property
    def list_id(self) -> str:
        found = self.cc.list_id(self.list_name)
        assert found
        return found

    def set_up(self) -> None:
        keys = (
            "kibo_home_url",
            "kibo_tenant_id",
            "kibo_app_key",
            "cc_api_url",
            "cc_auth_url",
            "cc_client_id",
        )
        self.desk.save_settings({key: self.addresses[key] for key in keys})

    def log_in(self) -> None:
        settings = self.desk.settings()
        reply = self.cc.issue_tokens()
        kept = TokenReply(reply["access_token"], reply["refresh_token"], int(reply["expires_in"]))
        self.container.connections.tokens(settings).store(kept)

    def choose_list(self, **more: str) -> None:
        self.desk.save_settings({"contact_list": self.list_name, **more})

    def later(self, minutes: float = 1) -> None:
        self.sandbox.clock.advance(timedelta(minutes=minutes))

    # ------------------------------------------------------------ runs

    def run(self, kind: RunKind, **options) -> Run:
        run = self.desk.run(kind, **options)
        assert run.status is RunStatus.COMPLETE, run.message
        self.later()
        return run

    def export(self) -> Run:
        return self.run(RunKind.EXPORT)

    def cycle(self) -> tuple[Run, Run]:
        return self.run(RunKind.EVENTS), self.run(RunKind.INBOUND)

    def quiet_cycles(self, count: int = 2) -> None:
        """Assert that further cycles write nothing on either side."""
        mark = self.sandbox.log.mark()
        for _ in range(count):
            self.cycle()
        assert self.sandbox.log.writes(since=mark) == []

    def entries(self, run: Run, outcome: Outcome | None = None) -> dict[int | None, Entry]:
        return {
            entry.customer_id: entry for entry in self.desk.entries(run.id, outcome=outcome, limit=10_000)
        }

    # ------------------------------------------------------------ looking

    def members(self) -> set[str]:
        return {email.lower() for email in self.cc.members(self.list_id)}

    def opted_in(self, customer_id: int) -> bool:
        return self.kibo.customer(customer_id)["acceptsMarketing"]


COMPANIONS: list[Callable[[World], AbstractContextManager[object]]] = []  # entered with every world


@contextmanager
def open_world(
    base: Path,
    *,
    cc_switches: CcSwitches | None = None,
    kibo_switches: KiboSwitches | None = None,
    ready: bool = True,
) -> Iterator[World]:
    switches = cc_switches or CcSwitches()
    switches.turn(limits_on=False, activity_seconds=0.0)
    with Sandbox(cc_switches=switches, kibo_switches=kibo_switches) as sandbox:
        world = World(sandbox, base)
        try:
            with ExitStack() as companions:
                for companion in COMPANIONS:
                    companions.enter_context(companion(world))
                if ready:
                    world.set_up()
                    world.log_in()
                yield world
        finally:
            world.container.close()
