"""A recorded run done once more, by the same code, from a bundle alone (design §8)."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from ccdesk.clients.constant_contact.client import ConstantContact
from ccdesk.clients.http.pace import Pacer
from ccdesk.clients.http.policy import CallMeter, DailyBudget
from ccdesk.clients.kibo.client import Kibo
from ccdesk.core.clock import Clock, parse_time
from ccdesk.core.errors import SettingsError
from ccdesk.core.runs import Run, RunKind, RunStatus, Trigger
from ccdesk.core.settings import SETTINGS, Settings, resolve
from ccdesk.core.words import marked
from ccdesk.service.connections import Connections
from ccdesk.service.read_only import NoConnections
from ccdesk.service.runner import Asked, Clients, Runner
from ccdesk.service.whose_people import PEOPLE_OF
from ccdesk.store.store import SqliteStore
from ccdesk.support.bundle_file import DATA, Bundle, as_text
from ccdesk.support.calls import KIBO, MAIL, CallMade
from ccdesk.support.differences import Compared, differences
from ccdesk.support.recorded import RecordedAnswers, RecordedLogin, RecordedTransport
from ccdesk.sync.runs.repair import Affected

_NOWHERE = "http://127.0.0.1:9"  # the port of nobody: nothing is sent, and nothing could be
_ENTRIES = 1_000_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """A run done once more: whether it ended as it had, and if not, in what it differs, in words."""

    id: int
    kind: str
    same: bool
    differences: list[str] = field(default_factory=list)


class ReplayClock(Clock):
    """Begins at the moment a run had begun; a wait is over at once, and that much time has passed."""

    def __init__(self, began: datetime) -> None:
        self._lock = threading.Lock()
        self._ahead = (began - datetime.now(UTC)).total_seconds()
        self._skipped = 0.0

    def now(self) -> datetime:
        """Return the present moment of the run."""
        with self._lock:
            return datetime.now(UTC) + timedelta(seconds=self._ahead + self._skipped)

    def monotonic(self) -> float:
        """Return seconds that only ever grow, waits that were skipped included."""
        with self._lock:
            return super().monotonic() + self._skipped

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Return at once."""
        with self._lock:
            self._skipped += max(0.0, seconds)
        return event.is_set()


def replay(bundle: Bundle, run_id: int | None, tell: Callable[[str], None]) -> list[Replayed]:
    """Do the runs of a bundle once more, or one of them.

    Raises:
        SettingsError: the bundle holds no such run, or none at all.

    """
    chosen = bundle.run_ids if run_id is None else [run_id]
    if not chosen or not set(chosen) <= set(bundle.run_ids):
        raise _no_such_run(bundle, run_id)
    results = []
    for number, why in bundle.only_shown.items() if run_id is None else ():
        tell(f"Run {number} can only be looked at: {why or 'the bundle does not hold all of it'}.")
    if bundle.person:
        tell("The bundle is about one person: a run is done again whole, and compared in that person alone.")
    for number in sorted(chosen):
        tell(f"Doing run {number} once more …")
        with tempfile.TemporaryDirectory(prefix="ccdesk-replay-") as folder:
            try:
                results.append(_replay_one(bundle, number, Path(folder)))
            except (TypeError, KeyError, ValueError, AttributeError, RecursionError) as error:
                raise bundle.unusable(f"records/{number}: {type(error).__name__}") from error
    return results


def _replay_one(bundle: Bundle, number: int, folder: Path) -> Replayed:
    bundle.extract(DATA, folder / "after.sqlite3")
    bundle.extract(f"records/{number}/before.sqlite3", folder / "before.sqlite3")
    header, lines = bundle.calls(number)
    calls = [CallMade.read(one) for one in lines]
    clock = ReplayClock(parse_time(str(header["asked"]["began"])) or datetime.now(UTC))
    after, before = SqliteStore(folder / "after.sqlite3"), SqliteStore(folder / "before.sqlite3", clock)
    try:
        recorded = after.runs.get(number)
        if recorded is None:
            return Replayed(
                number, str(header.get("kind", "")), False, ["the bundle does not say how it ended"]
            )
        recorded = _as_it_ended(recorded, header.get("ended"))
        cancel = threading.Event()
        stopped = recorded.status is RunStatus.CANCELLED
        if stopped and not calls:
            cancel.set()
        answers = RecordedAnswers(calls, _elsewhere(bundle, number), cancel.set if stopped else None)
        run = _again(before, clock, answers, header["asked"], cancel)
        was, became = _compared(after, recorded), _compared(before, run)
        if bundle.person:
            ids, emails = _person_in(bundle, was)
            was, became = was.only(ids, emails), became.only(ids, emails)
        found = differences(was, became, answers.missing, answers.left)
        return Replayed(number, recorded.kind.value, not found, found)
    finally:
        after.close_all()
        before.close_all()


def _elsewhere(bundle: Bundle, number: int) -> Iterator[CallMade]:
    """Yield the calls of other runs, the nearest last: what comes later backwards, then what came before."""
    ids = sorted(bundle.run_ids)
    for other in [*(one for one in reversed(ids) if one > number), *(one for one in ids if one < number)]:
        yield from (CallMade.read(one) for one in bundle.calls(other)[1])


def _as_it_ended(run: Run, ended: dict[str, Any] | None) -> Run:
    """Return a run as it was when it had just ended: an answer of staff closes one that had asked."""
    if not ended:
        return run
    return replace(run, status=RunStatus(ended["status"]), message=str(ended["message"]))


def _again(
    store: SqliteStore, clock: Clock, answers: RecordedAnswers, asked: dict[str, Any], cancel: threading.Event
) -> Run:
    """Do the run on what was there before, with the services as recorded.

    A run that staff had stopped is stopped after the last recorded call.
    """
    settings = _settings(asked["settings"])
    store.state.set(PEOPLE_OF, "")
    store.settings.save({"kibo_tenant_id": "", "kibo_home_url": ""})
    wanted = Asked(
        RunKind(asked["kind"]),
        settings,
        Trigger(asked["trigger"]),
        None,
        cancel,
        bool(asked.get("confirmed")),
        bool(asked.get("leave_out")),
        tuple(Affected(one["email"], tuple(one["ids"])) for one in asked.get("people", [])),
        asked.get("undoes"),
    )
    clients = _clients(store, clock, answers, settings, cancel)
    store.lease.acquire("replay")
    try:
        runner = Runner(store, cast("Connections", NoConnections()), clock)
        return runner.do(wanted, clients, clients.kibo, clients.mail)
    finally:
        store.lease.release()


def _settings(given: dict[str, Any]) -> Settings:
    """Return the settings of the run, with addresses where nobody is."""
    given = {key: as_text(value) for key, value in given.items() if key in SETTINGS}
    elsewhere = {
        "kibo_home_url": _NOWHERE,
        "kibo_tenant_url": _NOWHERE if given.get("kibo_tenant_url") else "",
        "cc_api_url": f"{_NOWHERE}{urlsplit(given.get('cc_api_url', '')).path}",
        "cc_auth_url": _NOWHERE,
        "from_email": "",
    }
    return resolve({**given, **elsewhere}, {})


def _clients(
    store: SqliteStore, clock: Clock, answers: RecordedAnswers, settings: Settings, cancel: threading.Event
) -> Clients:
    kibo = Kibo(
        settings.kibo_home_url,
        settings.kibo_tenant_id,
        settings.kibo_app_key or "of the record",
        lambda: "of the record",
        meter=CallMeter(store.calls, KIBO, origin=lambda: "loops", clock=clock),
        tenant_url=settings.kibo_tenant_url,
        memo=store.state,
        transport=RecordedTransport("Kibo", KIBO, answers),
        pacer=Pacer(clock=clock),
        clock=clock,
    )
    mail = ConstantContact(
        settings.cc_api_url,
        RecordedLogin(answers),
        budget=DailyBudget(store.calls, MAIL, origin=lambda: "loops", clock=clock),
        transport=RecordedTransport("Constant Contact", MAIL, answers),
        pacer=Pacer(clock=clock),
        clock=clock,
    )
    kibo.cancel = mail.cancel = cancel
    return Clients(kibo, mail)


def _compared(store: SqliteStore, run: Run) -> Compared:
    return Compared(run, list(store.runs.entries(run.id, outcome=None, offset=0, limit=_ENTRIES)))


def _person_in(bundle: Bundle, was: Compared) -> tuple[set[int | None], set[str]]:
    """Return the accounts and emails of the person whom alone a bundle's data file is about.

    The record of a run holds everybody in it, in pseudonyms: the whole run is done again, and the rest of
    its people have nothing to be compared with.
    """
    ids = set(bundle.manifest.get("customer_ids") or (one.customer_id for one in was.people))
    return ids - {None}, {bundle.person.lower()}


def _no_such_run(bundle: Bundle, run_id: int | None) -> SettingsError:
    known = ", ".join(map(str, bundle.run_ids)) or "none"
    if run_id in bundle.only_shown:
        return SettingsError(
            marked("Run {run_id} can only be looked at").format(run_id=run_id),
            meaning=marked("It cannot be done again: {why}. Runs that can: {known}.").format(
                why=bundle.only_shown[run_id] or "the bundle does not hold all of it", known=known
            ),
            next_step=marked("“ccdesk open” shows it."),
            code="no_such_run",
        )
    return SettingsError(
        marked("The bundle has no run to do again")
        if run_id is None
        else marked("Run {run_id} is not in the bundle").format(run_id=run_id),
        meaning=marked(
            "Runs that can be done again: {known}. A run is recorded if anything happened in it, its data "
            "file was smaller than 64 MB, and nobody in it was forgotten since."
        ).format(known=known),
        code="no_such_run",
    )
