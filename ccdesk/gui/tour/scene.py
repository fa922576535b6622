"""What the steps of the tour share: the window's driver, the pretend world, and questions about both."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from ccdesk.container import Container
from ccdesk.core.runs import Run, RunKind
from ccdesk.gui.tour.driver import Driver, check
from ccdesk.sandbox.run import Sandbox
from ccdesk.sandbox.seed.shop import SeedReport
from ccdesk.service.loop import Loop

LIST_NAME = "Kibo customers"


class BrowserLike(Protocol):
    """A browser the tour can walk."""

    address: str

    def walk(self) -> None:
        """Log in and allow."""


@dataclass
class Scene:
    """One playing of the tour."""

    driver: Driver
    container: Container
    loop: Loop
    sandbox: Sandbox
    report: SeedReport
    browser: BrowserLike
    foreign_before: list[tuple[object, ...]] = field(default_factory=list)

    @property
    def list_id(self) -> str:
        """The id of the list the tour creates."""
        found = self.sandbox.cc.list_id(LIST_NAME)
        check(found is not None, f"the list “{LIST_NAME}” is not in Constant Contact")
        return str(found)

    def members(self) -> set[str]:
        """Emails on the list, in lower case."""
        return {email.lower() for email in self.sandbox.cc.members(self.list_id)}

    def email(self, customer_id: int) -> str:
        """A customer's email, in lower case."""
        customer = self.sandbox.kibo.customer(customer_id) or {}
        return str(customer.get("emailAddress", "")).strip().lower()

    def fields_of(self, email: str) -> tuple[object, ...]:
        """The fields of a contact that only whoever made it may change."""
        contact = self.sandbox.cc.contact(email) or {}
        names = ("first_name", "last_name", "company_name", "street_addresses", "phone_numbers")
        return tuple(contact.get(name) for name in names)

    def last_run(self, kind: RunKind) -> Run | None:
        """The newest run of a kind."""
        runs = self.container.desk.runs(kind=kind, limit=1)
        return runs[0] if runs else None

    def wait_for_run(self, kind: RunKind, after: int) -> Run:
        """Wait until a run of that kind newer than `after` has ended."""

        def ended() -> bool:
            run = self.last_run(kind)
            return run is not None and run.id > after and run.finished_at is not None

        self.driver.until(ended, f"a run of kind {kind.value} to end")
        run = self.last_run(kind)
        assert run is not None
        return run

    def last_id(self, kind: RunKind) -> int:
        """The id of the newest run of a kind, 0 if there is none."""
        run = self.last_run(kind)
        return run.id if run else 0

    def cycle(self) -> tuple[Run, Run]:
        """Let the next run time pass for both services and the window; return both loops' runs."""
        events, inbound = self.last_id(RunKind.EVENTS), self.last_id(RunKind.INBOUND)
        self.sandbox.clock.advance(timedelta(minutes=31))
        self.loop.wake()
        return self.wait_for_run(RunKind.EVENTS, events), self.wait_for_run(RunKind.INBOUND, inbound)
