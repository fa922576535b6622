"""A desk and a loop for the window's tests and pictures: data in memory, switches for what goes wrong."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ccdesk.core.disagreements import Disagreement
from ccdesk.core.drift import Chosen, Drift, DriftKind, DriftReport
from ccdesk.core.errors import Cancelled, CcdeskError, ConfirmNeeded
from ccdesk.core.losses import HeldAnswer, LossKind
from ccdesk.core.models import ContactList
from ccdesk.core.ports.mail import Account
from ccdesk.core.ports.shop import ConnectionTest, Tenant
from ccdesk.core.run_history import Happened, PersonThen, RunQuery, RunSort, RunThen
from ccdesk.core.runs import (
    LOOPS,
    Entry,
    EventStatus,
    Outcome,
    Progress,
    QueuedEvent,
    Run,
    RunKind,
    RunStatus,
    Trigger,
)
from ccdesk.core.settings import Settings, resolve
from ccdesk.core.welcomes import WelcomeAnswer
from ccdesk.core.why import FoundByName, FoundPerson, MailView, Rule, ShopView, Verdict, Why
from ccdesk.service.api import Calls, Connection, ConnectionState, SaveResult, Status, WelcomeMail
from ccdesk.service.drafts import DraftMade
from ccdesk.service.gaps import Gap
from ccdesk.service.logged_out import LoggedOut, SecretPlace
from ccdesk.service.needs_you import Need, NeedKind
from ccdesk.service.preview import Preview

NOW = datetime(2015, 12, 16, 11, 5, tzinfo=UTC)
ORGANIZATION = "Mystic Outdoors"
NOT_SET_UP = Connection(ConnectionState.NOT_SET_UP)


UNKNOWN = Why(
    False, "", (), "", ShopView(), MailView(),
    Verdict(None, False, True, Rule("", "nothing known"), "neither side has this person, as far as was read"),
)  # fmt: skip


DRAFT = DraftMade(
    "Kibo customers – December 16th, 2015",
    "8987dc1a-48ef-433a-b836-7ca4f9aa3481",
    "https://app.constantcontact.com/pages/campaigns/email-details/details/activity/4c08372c",
    "Kibo customers",
    "news@example.com",
)


@dataclass
class FakeDesk:
    """Implements `Desk`. `fail[name]` is raised by the method of that name; `gate[name]` holds it up."""

    stored: dict[str, str] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)
    kibo: Connection = NOT_SET_UP
    mail: Connection = NOT_SET_UP
    lists: list[ContactList] = field(default_factory=list)
    confirmed: list[str] = field(default_factory=list)
    welcome_on: bool | None = None
    automations: tuple[str, ...] = ()
    all_runs: list[Run] = field(default_factory=list)
    people: dict[int, list[Entry]] = field(default_factory=dict)
    queue: list[QueuedEvent] = field(default_factory=list)
    exported: bool = False
    drops_people: bool = False  # a change of tenant would
    now: datetime = NOW
    used: dict[str, int] = field(default_factory=dict)
    kibo_app: bool | None = None
    new_events: int = 0
    running: str = ""
    happened: dict[Happened, list[PersonThen]] = field(default_factory=dict)
    emails: dict[int, str] = field(default_factory=lambda: {1043: "kim..lee@example.com"})
    good: dict[RunKind, datetime] = field(default_factory=dict)  # `last_good`
    logged_out: LoggedOut = field(default_factory=lambda: LoggedOut(True, SecretPlace.VAULT))
    needs: tuple[Need, ...] = ()
    put_back: list[Disagreement] = field(default_factory=list)
    differ: list[Drift] = field(default_factory=list)  # what `drift` finds
    drafted: DraftMade = field(default_factory=lambda: DRAFT)  # what `new_draft` makes
    answers: dict[str, Why] = field(default_factory=dict)  # to `why`, by whom it is asked about
    named: list[FoundPerson] = field(default_factory=list)  # by their names, as Kibo has them
    more_named: bool = False  # Kibo has too many to have read all
    called: str = ""  # what the list is called in Constant Contact, if that is not the setting
    paused_until: datetime | None = None
    gap: Gap | None = None
    told: dict[str, str] = field(default_factory=dict)
    base_dir: str = "/home/ada/.local/share/ccdesk"
    fail: dict[str, Exception] = field(default_factory=dict)
    gate: dict[str, threading.Event] = field(default_factory=dict)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)

    def _called(self, name: str, about: Any = None) -> None:
        self.threads.add(threading.get_ident())
        self.calls.append((name, about))
        if name in self.gate:
            assert self.gate[name].wait(10)
        if name in self.fail:
            raise self.fail[name]

    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    def settings(self) -> Settings:
        return resolve(self.stored, {})

    def fixed_by_environment(self) -> set[str]:
        return self.fixed

    def stored_status(self) -> Status:
        self._called("stored_status")
        unknown = ConnectionState.UNKNOWN
        status = self._status()
        kibo, mail = status.kibo, status.constant_contact
        if kibo is not NOT_SET_UP:
            kibo = Connection(unknown, kibo.name, kibo.who, kibo.since)
        if mail is not NOT_SET_UP:
            mail = Connection(unknown, mail.name, mail.who)
        return replace(status, kibo=kibo, constant_contact=mail, kibo_app=None)

    def status(self, *, live: bool) -> Status:
        self._called("status", live)
        return self._status()

    def _status(self) -> Status:
        settings = self.settings()
        next_runs = {kind: self.next_run(kind) for kind in LOOPS}
        return Status(
            version="0.1.0",
            base_dir=self.base_dir,
            enabled=settings.enabled,
            kibo=self.kibo,
            constant_contact=self.mail,
            calls=Calls(
                sum(self.used.values()), 10_000, 1_000, self.used, datetime(2015, 12, 17, tzinfo=UTC)
            ),
            next_runs=next_runs,
            kibo_app=self.kibo_app,
            running=self.running,
            queued=len(self.queue),
            parked=sum(event.status is EventStatus.PARKED for event in self.queue),
            links=sum(run.kind is RunKind.EXPORT for run in self.all_runs) * 4_812,
            on_list=sum(run.kind is RunKind.EXPORT for run in self.all_runs) * 4_509,
            last_export=self.now if self.exported else None,
            contact_list=self.called or settings.contact_list,
            needs_you=(*self.needs, *self._parked()),
            last_good=self.good,
            paused_until=self.paused_until,
            last_gap=self.gap,
        )

    def _parked(self) -> list[Need]:
        parked = [event for event in self.queue if event.status is EventStatus.PARKED]
        return [Need(NeedKind.PARKED, len(parked), parked[0].created_at)] if parked else []

    def test_kibo(self, values: dict[str, str], secret: str) -> ConnectionTest:
        self._called("test_kibo", (values, secret))
        tenant = Tenant("12345", "Mystic Outdoors DEV", "https://t12345.sandbox.mozu.com", (1, 2))
        return ConnectionTest(tenant, 480)

    def save_settings(
        self, values: dict[str, str], *, kibo_secret: str | None = None, confirmed: bool = False
    ) -> SaveResult:
        if self.drops_people and "kibo_tenant_id" in values and not confirmed:
            raise ConfirmNeeded("People would be dropped", meaning="4,812 customers.", code="drops_people")
        self._called("save_settings", (values, kibo_secret))
        before = {key: self.stored.get(key, "") for key in values}
        self.stored.update(values)
        changed = {key: (before[key], values[key]) for key in values if before[key] != values[key]}
        name = values.get("contact_list", "")
        created = ""
        if name and name not in [one.name for one in self.lists]:
            self.lists.append(ContactList(f"id-{name}", name, 0))
            created = name
        if "kibo_tenant_id" in values:
            self.kibo = Connection(ConnectionState.CONNECTED, ORGANIZATION, values.get("kibo_app_key", ""))
        return SaveResult(changed, created)

    def log_in(
        self,
        *,
        open_url: Callable[[str], None],
        timeout: float,
        cancel: threading.Event,
        accept_other_account: bool = False,
    ) -> Account:
        open_url("http://127.0.0.1:5000/oauth2/authorize?state=x")
        gate = self.gate.get("log_in")
        while gate is not None and not gate.wait(0.01):
            if cancel.is_set():
                raise Cancelled
        self.threads.add(threading.get_ident())
        self.calls.append(("log_in", timeout))
        if "log_in" in self.fail:
            raise self.fail["log_in"]
        return self.accept_login()

    def accept_login(self) -> Account:
        self._called("accept_login")
        self.mail = connected_mail()
        return Account("p1", ORGANIZATION, "ada@example.com")

    def reject_login(self) -> None:
        self._called("reject_login")

    def log_out(self) -> LoggedOut:
        self._called("log_out")
        self.mail = Connection(ConnectionState.LOGIN_NEEDED)
        return self.logged_out

    def contact_lists(self) -> list[ContactList]:
        self._called("contact_lists")
        return list(self.lists)

    def senders(self) -> list[str]:
        self._called("senders")
        return list(self.confirmed)

    def joining_automations(self) -> tuple[str, ...]:
        self._called("joining_automations")
        return self.automations

    def new_draft(self, *, cancel: threading.Event | None = None) -> DraftMade:
        self._called("new_draft")
        return self.drafted

    def kibo_welcome_mail(self) -> WelcomeMail:
        self._called("kibo_welcome_mail")
        return WelcomeMail(self.welcome_on)

    def set_enabled(self, on: bool) -> None:
        self._called("set_enabled", on)
        self.stored["enabled"] = "true" if on else "false"

    def pause(self) -> datetime:
        self._called("pause")
        self.paused_until = self.now + timedelta(hours=1)
        return self.paused_until

    def resume(self) -> None:
        self._called("resume")
        self.paused_until = None

    def first_time(self, name: str, about: str = "yes") -> bool:
        self._called("first_time", (name, about))
        is_first = self.told.get(name) != about
        self.told[name] = about
        return is_first

    def run(self, kind: RunKind, **_: Any) -> Run:
        raise AssertionError("the window never runs in its own thread: it asks the loop")

    def leave_as_is(self, people: Sequence[Drift]) -> int:
        self._called("leave_as_is", list(people))
        return len(people)

    def name_again(self, whom: Sequence[str]) -> int:
        self._called("name_again", list(whom))
        return len(whom)

    def leave_put_back(self, customer_ids: Sequence[int]) -> int:
        self._called("leave_put_back", list(customer_ids))
        self.put_back = [one for one in self.put_back if one.customer_id not in customer_ids]
        return len(customer_ids)

    def repair(self, chosen: Sequence[Chosen], **_: Any) -> Run:
        raise AssertionError("the window puts nobody right in its own thread: it asks the loop")

    def preview(self, kind: RunKind, **_: Any) -> Preview:
        raise AssertionError("the window tries nothing out in its own thread: it asks the loop")

    def undo(self, run_id: int, **_: Any) -> Run:
        raise AssertionError("the window never runs in its own thread: it asks the loop")

    def preview_undo(self, run_id: int, **_: Any) -> Preview:
        raise AssertionError("the window tries nothing out in its own thread: it asks the loop")

    def look_for_events(self) -> int:
        self._called("look_for_events")
        return self.new_events

    def runs(self, *, kind: RunKind | None = None, offset: int = 0, limit: int = 100) -> Sequence[Run]:
        self._called("runs", (kind, offset, limit))
        chosen = [run for run in self.all_runs if kind is None or run.kind is kind]
        return chosen[offset : offset + limit]

    def _found(self, query: RunQuery) -> list[Run]:
        def matches(run: Run) -> bool:
            asked = run.kind in (RunKind.EXPORT, RunKind.UNDO)
            did = asked or run.changes or run.error_count or run.status is not RunStatus.COMPLETE
            return bool(
                (query.kind is None or run.kind is query.kind)
                and (did or not query.eventful)
                and (query.since is None or run.started_at >= query.since)
                and (query.until is None or run.started_at < query.until)
                and query.text.lower() in f"{run.id} {run.message} {run.status.value}".lower()
            )

        orders: dict[RunSort, Callable[[Run], Any]] = {
            RunSort.DATE: lambda run: run.started_at,
            RunSort.STATUS: lambda run: run.status.value,
            RunSort.KIND: lambda run: run.kind.value,
            RunSort.TOTAL: lambda run: run.total_contacts,
            RunSort.ERRORS: lambda run: run.error_count,
        }
        found = [run for run in self.all_runs if matches(run)]
        if query.sort is RunSort.DATE and query.descending:
            return found  # as they stand
        return sorted(found, key=orders[query.sort], reverse=query.descending)

    def find_runs(self, query: RunQuery, *, offset: int = 0, limit: int = 100) -> Sequence[Run]:
        self._called("find_runs", (query, offset, limit))
        return self._found(query)[offset : offset + limit]

    def found_run_count(self, query: RunQuery) -> int:
        return len(self._found(query))

    def happened_since(self, at: datetime) -> Mapping[Happened, int]:
        self._called("happened_since", at)
        return {what: len(people) for what, people in self.happened.items() if people}

    def people_since(
        self, at: datetime, what: Happened, *, offset: int = 0, limit: int = 100
    ) -> Sequence[PersonThen]:
        self._called("people_since", (at, what))
        return self.happened.get(what, [])[offset : offset + limit]

    def runs_since(self, at: datetime) -> Sequence[RunThen]:
        self._called("runs_since", at)
        return [
            RunThen(
                run.started_at,
                run.status,
                run.counts.get("added", 0),
                run.counts.get("opted_out", 0) + run.counts.get("removed", 0),
                run.error_count,
            )
            for run in self.all_runs
            if run.started_at > at
        ]

    def retry_all_events(self) -> int:
        waiting = self._to_retry()
        self._called("retry_all_events", len(waiting))
        return sum(self.retry_event(event_id) for event_id in waiting)

    def emails_of(self, customer_ids: Collection[int]) -> Mapping[int, str]:
        return {number: self.emails[number] for number in customer_ids if number in self.emails}

    def close(self) -> None:
        """Nothing is held."""

    def run_count(self, *, kind: RunKind | None = None) -> int:
        return sum(kind is None or run.kind is kind for run in self.all_runs)

    def get_run(self, run_id: int) -> Run | None:
        self._called("get_run", run_id)
        return next((run for run in self.all_runs if run.id == run_id), None)

    def _entries(self, run_id: int, outcome: Outcome | None) -> list[Entry]:
        return [e for e in self.people.get(run_id, []) if outcome is None or e.outcome is outcome]

    def entries(
        self, run_id: int, *, outcome: Outcome | None = None, offset: int = 0, limit: int = 100
    ) -> Sequence[Entry]:
        self._called("entries", (run_id, outcome, offset, limit))
        return self._entries(run_id, outcome)[offset : offset + limit]

    def entry_count(self, run_id: int, *, outcome: Outcome | None = None) -> int:
        return len(self._entries(run_id, outcome))

    def entry_kinds(self, run_id: int) -> Sequence[tuple[Outcome, str, int]]:
        self._called("entry_kinds", run_id)
        kinds: dict[tuple[Outcome, str], int] = {}
        for entry in self.people.get(run_id, []):
            reason = "" if entry.outcome is Outcome.ERROR else entry.reason
            kinds[entry.outcome, reason] = kinds.get((entry.outcome, reason), 0) + 1
        return [(outcome, reason, people) for (outcome, reason), people in kinds.items()]

    def _events(self, include_processed: bool) -> list[QueuedEvent]:
        return [e for e in self.queue if include_processed or e.status is not EventStatus.PROCESSED]

    def events(
        self, *, include_processed: bool = False, offset: int = 0, limit: int = 100
    ) -> Sequence[QueuedEvent]:
        self._called("events", (include_processed, offset, limit))
        return self._events(include_processed)[offset : offset + limit]

    def event_count(self, *, include_processed: bool = False) -> int:
        return len(self._events(include_processed))

    def _to_retry(self) -> list[str]:
        return [e.event_id for e in self.queue if e.status in (EventStatus.PARKED, EventStatus.RETRY)]

    def retry_event(self, event_id: str) -> bool:
        self._called("retry_event", event_id)
        if event_id not in self._to_retry():
            return False
        self.queue = [
            replace(e, status=EventStatus.PENDING, error="") if e.event_id == event_id else e
            for e in self.queue
        ]
        return True

    def answer_held(self, answer: HeldAnswer, kinds: Collection[LossKind] = tuple(LossKind)) -> int:
        self._called("answer_held", (answer, tuple(kinds)))
        return 93

    def answer_welcomes(self, answer: WelcomeAnswer) -> int:
        self._called("answer_welcomes", answer)
        return 423

    def drift(self, *, listener: Any = None, cancel: threading.Event | None = None) -> DriftReport:
        if listener is not None:
            listener(Progress(0, RunKind.INBOUND, "Reading contacts from Constant Contact", 500))
        self._called("drift")
        kinds = Counter(one.kind for one in self.differ)
        return DriftReport(
            self.now, {kind: kinds[kind] for kind in DriftKind if kinds[kind]}, iter(self.differ)
        )

    def why(self, who: str, *, live: bool = False, cancel: threading.Event | None = None) -> Why:
        self._called("why", (who, live))
        found = self.answers.get(who, UNKNOWN)
        return replace(found, live=live)

    def find_people(self, text: str, limit: int = 20) -> Sequence[FoundPerson]:
        self._called("find_people", text)
        return [
            FoundPerson(one.email, one.customer_ids) for one in self.answers.values() if text in one.email
        ]

    def find_by_name(self, name: str, cancel: threading.Event | None = None) -> FoundByName:
        self._called("find_by_name", name)
        found = (one for one in self.named if name.casefold() in one.name.casefold())
        return FoundByName(tuple(found), is_all=not self.more_named)

    def disagreements(self, *, offset: int = 0, limit: int = 100) -> Sequence[Disagreement]:
        self._called("disagreements", (offset, limit))
        return self.put_back[offset : offset + limit]

    def disagreement_count(self) -> int:
        return len(self.put_back)

    def next_run(self, kind: RunKind) -> datetime | None:
        return datetime(2015, 12, 16, 11, 15, tzinfo=UTC) if self.settings().enabled else None

    def first_export_done(self) -> bool:
        return self.exported


class FakeLoop:
    """Implements the loop: `request` plays the script of that kind to the listener, in the loop's thread."""

    def __init__(self) -> None:
        self.listener: Any = None
        self.scripts: dict[RunKind, Callable[[Any, threading.Event], None]] = {}
        self.requests: list[tuple[RunKind, bool]] = []
        self.tries: list[RunKind] = []
        self.repaired: list[list[Chosen]] = []
        self.undone: list[int] = []
        self.undo_tries: list[int] = []
        self.try_script: Callable[[Any, threading.Event], None] = lambda _listener, _cancel: None
        self.woken = 0
        self.cancel = threading.Event()
        self.stopped = threading.Event()
        self.thread: int | None = None
        self.fault: Exception | None = None
        self._inbox: queue.Queue[RunKind | str | None] = queue.Queue()

    def run(self) -> None:
        self.thread = threading.get_ident()
        if self.fault is not None:
            raise self.fault
        while (kind := self._inbox.get()) is not None:
            self.cancel.clear()
            script = self.scripts[kind] if isinstance(kind, RunKind) else self.try_script
            script(self.listener, self.cancel)

    def stop(self) -> None:
        self.stopped.set()
        self.cancel.set()
        self._inbox.put(None)

    def request(self, kind: RunKind, *, confirmed: bool = False, leave_out: bool = False) -> None:
        self.requests.append((kind, confirmed))
        if kind in self.scripts:
            self._inbox.put(kind)

    def repair(self, people: Sequence[Chosen]) -> None:
        self.repaired.append(list(people))

    def try_out(self, kind: RunKind) -> None:
        self.tries.append(kind)
        self._inbox.put("try")

    def undo(self, run_id: int) -> None:
        self.undone.append(run_id)
        if RunKind.UNDO in self.scripts:
            self._inbox.put(RunKind.UNDO)

    def try_out_undo(self, run_id: int) -> None:
        self.undo_tries.append(run_id)
        self._inbox.put("try")

    def cancel_current(self) -> None:
        self.cancel.set()

    def wake(self) -> None:
        self.woken += 1


def connected_kibo() -> Connection:
    since = NOW - timedelta(days=40)
    return Connection(ConnectionState.CONNECTED, "Mystic Outdoors DEV", "mystic.ccdesk.1.0.0.Release", since)


def connected_mail() -> Connection:
    return Connection(
        ConnectionState.CONNECTED,
        ORGANIZATION,
        "ada@example.com",
        NOW - timedelta(days=40),
        NOW + timedelta(days=140),
    )


def fresh_desk() -> FakeDesk:
    """Nothing set up."""
    return FakeDesk()


def ready_desk() -> FakeDesk:
    """Everything set up and in use for a while."""
    desk = FakeDesk(
        stored={
            "contact_list": "Kibo customers",
            "welcome_email": "true",
            "from_email": "news@example.com",
            "enabled": "true",
            "kibo_tenant_id": "12345",
            "kibo_app_key": "mystic.ccdesk.1.0.0.Release",
            "cc_client_id": "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
        },
        kibo=connected_kibo(),
        mail=connected_mail(),
        lists=[
            ContactList("1", "Kibo customers", 4_812),
            ContactList("2", "Weekly News", 12_004),
            ContactList("3", "Shop opening Boston", 87),
            ContactList("4", "VIP " + "and friends of friends " * 6, 3),
        ],
        confirmed=["news@example.com", "owner@example.com"],
        welcome_on=True,
        exported=True,
        used={"export": 1_010, "loops": 180, "window": 44},
    )
    add_runs(desk)
    add_events(desk)
    return desk


def add_runs(desk: FakeDesk, inbound: int = 6) -> None:
    """Give a desk the runs of the seed's table, an export with errors, and one of each odd status."""
    seconds = (1, 2, 1, 3, 2, 2)
    start = datetime(2015, 12, 16, 11, 0, tzinfo=UTC)
    for place in range(inbound):
        at = start - timedelta(minutes=15 * place) + timedelta(seconds=seconds[place % 6])
        out = {"opted_out": 2} if place == 0 else {}
        desk.all_runs.append(
            Run(
                1000 - place,
                RunKind.INBOUND,
                Trigger.SCHEDULED,
                RunStatus.COMPLETE,
                at,
                at + timedelta(seconds=4),
                total_contacts=sum(out.values()),
                counts=out,
                calls_constant_contact=5,
                calls_kibo=2,
            )
        )
    desk.people[1000] = [
        Entry(1201, "olga.orlova@example.com", Outcome.OPTED_OUT, "Unsubscribed in Constant Contact"),
        Entry(1377, "piet@example.com", Outcome.OPTED_OUT, "Left the list"),
        Entry(None, "stranger@example.com", Outcome.SKIPPED, "Is no customer"),
    ]
    at = datetime(2015, 12, 16, 9, 30, 12, tzinfo=UTC)
    desk.all_runs.append(
        Run(
            900,
            RunKind.EXPORT,
            Trigger.MANUAL,
            RunStatus.COMPLETE,
            at,
            at + timedelta(seconds=93),
            total_contacts=4_812,
            error_count=3,
            counts={"added": 4_700, "updated": 12, "unchanged": 80, "skipped": 17, "errors": 3},
            calls_constant_contact=34,
            calls_kibo=52,
        )
    )
    desk.people[900] = [
        Entry(
            2001,
            "kim..lee@example.com",
            Outcome.ERROR,
            "The email address is not valid: two dots in a row",
            "invalid_email",
        ),
        Entry(2002, "=cmd@example.com", Outcome.ERROR, "The email address is not valid", "invalid_email"),
        Entry(
            2003,
            "",
            Outcome.ERROR,
            "The email address is longer than 80 characters: " + "x" * 90,
            "too_long",
        ),
        *(
            Entry(3000 + n, f"person{n}@example.com", Outcome.ADDED, "New in Constant Contact")
            for n in range(240)
        ),
        Entry(2900, "gone@example.com", Outcome.SKIPPED, "Deleted in Constant Contact"),
    ]
    odd = [RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.INTERRUPTED, RunStatus.WAITING]
    for place, status in enumerate(odd):
        began = at - timedelta(hours=place + 1)
        desk.all_runs.append(
            Run(
                800 - place,
                list(RunKind)[place],
                Trigger.SCHEDULED,
                status,
                began,
                total_contacts=place * 12,
                message="Constant Contact cannot be reached." if status is RunStatus.FAILED else "",
                waiting_until=began + timedelta(hours=3) if status is RunStatus.WAITING else None,
            )
        )


def add_events(desk: FakeDesk) -> None:
    """Give a desk the seed's event and one of every other status."""
    now = datetime.now(UTC).replace(hour=11, minute=0, second=0, microsecond=0)
    desk.queue = [
        QueuedEvent("aaec0c44-001a-47ce-905d-a57001182c83", 1042, now),
        QueuedEvent(
            "aaec0c44-001a-47ce-905d-a57001182c84",
            1043,
            now - timedelta(days=1),
            EventStatus.PARKED,
            1,
            "The email address “kim..lee@example.com” is not valid. Correct it in Kibo, then retry.",
        ),
        QueuedEvent(
            "aaec0c44-001a-47ce-905d-a57001182c85",
            1044,
            now - timedelta(days=1),
            EventStatus.RETRY,
            2,
            "Constant Contact cannot be reached.",
            now + timedelta(minutes=15),
        ),
        QueuedEvent(
            "aaec0c44-001a-47ce-905d-a57001182c86",
            1045,
            NOW,
            EventStatus.PROCESSED,
            1,
            processed_at=NOW,
            result="Added to the list.",
        ),
    ]


def finished_export(run_id: int = 1100) -> Run:
    return Run(
        run_id,
        RunKind.EXPORT,
        Trigger.MANUAL,
        RunStatus.COMPLETE,
        NOW,
        NOW + timedelta(seconds=9),
        total_contacts=57,
        error_count=1,
        counts={"added": 56, "errors": 1},
    )


def play_export(desk: FakeDesk, steps: int = 5) -> Callable[[Any, threading.Event], None]:
    """Return a script: an export that gets on in steps and ends well."""

    def script(listener: Any, cancel: threading.Event) -> None:
        listener.run_started(RunKind.EXPORT, Trigger.MANUAL)
        for step in range(1, steps + 1):
            listener.progress(Progress(1100, RunKind.EXPORT, f"Sending part {step}", step * 10, 57, 1, 42.0))
        run = finished_export()
        if cancel.is_set():
            run = replace(run, status=RunStatus.CANCELLED)
        desk.all_runs.insert(0, run)
        desk.exported = True
        listener.run_finished(run)

    return script


def play_failure(kind: RunKind, error: CcdeskError) -> Callable[[Any, threading.Event], None]:
    """Return a script: a run that cannot begin."""

    def script(listener: Any, _cancel: threading.Event) -> None:
        listener.run_started(kind, Trigger.MANUAL)
        listener.run_failed(kind, error)

    return script
