"""The face shown to window and command line: `Desk`, and the plain values it takes and gives.

Every `Desk` method may touch disk or network and may raise `CcdeskError`; the window calls them from
short tasks or the background thread only, never from the GUI thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ccdesk.core.disagreements import Disagreement
from ccdesk.core.drift import Chosen, Drift, DriftReport
from ccdesk.core.errors import CcdeskError, ExitCode
from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.losses import Held, HeldAnswer, LossKind
from ccdesk.core.models import ContactList, Link
from ccdesk.core.ports.mail import Account
from ccdesk.core.ports.shop import ConnectionTest
from ccdesk.core.run_history import Happened, PersonThen, RunQuery, RunThen
from ccdesk.core.runs import Entry, Outcome, Progress, QueuedEvent, Run, RunKind, Trigger
from ccdesk.core.settings import Settings
from ccdesk.core.welcomes import WelcomeAnswer
from ccdesk.core.why import FoundByName, FoundPerson, Why
from ccdesk.core.words import marked
from ccdesk.service.drafts import DraftMade
from ccdesk.service.forgetting import Forgotten, PersonToForget
from ccdesk.service.gaps import Gap
from ccdesk.service.logged_out import LoggedOut
from ccdesk.service.needs_you import Need
from ccdesk.service.preview import Preview


class ConnectionState(StrEnum):
    """How a connection stands, as far as it is known."""

    NOT_SET_UP = "not set up"
    UNKNOWN = "not checked yet"
    CONNECTED = "connected"
    LOGIN_NEEDED = "log-in needed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Connection:
    """One service: `name` is the organisation or tenant, `who` the user or application key."""

    state: ConnectionState
    name: str = ""
    who: str = ""
    since: datetime | None = None
    expires: datetime | None = None
    error: CcdeskError | None = None
    note: str = ""  # something to know that stops nothing


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls to Constant Contact today (UTC), by origin, and when the count starts anew."""

    used: int
    limit: int
    reserved: int
    by_origin: dict[str, int]
    resets_at: datetime

    @property
    def left(self) -> int:
        """Calls left today, the reserve for opt-outs included."""
        return max(0, self.limit - self.used)


@dataclass(frozen=True, slots=True)
class PendingWriteBacks:
    """What Kibo has not been given yet of what was seen in Constant Contact, and since when."""

    opt_outs: int = 0
    opt_ins: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Everything the Info tab and `ccdesk status` show.

    `kibo_app` is Kibo's own switch, None: unknown; `running` names another program at work on this data.
    `links` counts the customers known, `on_list` those of them who are on the list, and `waiting` those on it
    about whom something waits to be done, so that they are not in sync. `contact_list` is the list's present
    name. `last_good` says when each kind of run last went well. While `paused_until` is set
    nothing runs by itself; `last_gap` is when nothing did though it should have. `loops_at_work`: some
    program is there by which anything runs by itself (this window, too); without it there are no `next_runs`.
    `last_failed`: by kind, the newest run where it failed.
    """

    version: str
    base_dir: str
    enabled: bool
    kibo: Connection
    constant_contact: Connection
    calls: Calls
    next_runs: dict[RunKind, datetime | None]
    kibo_app: bool | None = None
    running: str = ""
    queued: int = 0
    parked: int = 0
    links: int = 0
    on_list: int = 0
    waiting: int = 0
    last_export: datetime | None = None
    contact_list: str = ""
    needs_you: tuple[Need, ...] = ()
    pending: PendingWriteBacks = PendingWriteBacks()
    last_good: Mapping[RunKind, datetime | None] = field(default_factory=dict)
    paused_until: datetime | None = None
    last_gap: Gap | None = None
    loops_at_work: bool = True
    last_failed: Mapping[RunKind, Run] = field(default_factory=dict)

    @property
    def in_sync(self) -> int:
        """Those on the list about whom nothing is known to wait."""
        return max(0, self.on_list - self.waiting)

    @property
    def is_stuck(self) -> bool:
        """True while work is held up until a person does something, or the last run of a kind failed."""
        return bool(self.last_failed) or any(need.stuck for need in self.needs_you)


@dataclass(frozen=True, slots=True)
class SaveResult:
    """What saving changed: setting keys with old and new value, and the list made, if one was."""

    changed: dict[str, tuple[str, str]] = field(default_factory=dict)
    created_list: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WelcomeMail:
    """Kibo's own Welcome mail: on, off or None for unknown; `admin_path` says where staff switch it."""

    on: bool | None
    admin_path: str = (
        "System > Settings > General > Notifications > Enable Mozu Transactional Emails > Shoppers > Welcome"
    )


class AccountChanged(CcdeskError):
    """The login brought another Constant Contact account than the one the data belongs to."""

    title = marked("This is another Constant Contact account")
    exit_code = ExitCode.CONFIRM


ProgressListener = Callable[[Progress], None]


class Desk(Protocol):
    """What a front end may ask of ccdesk."""

    def settings(self) -> Settings:
        """Return the settings in force."""

    def fixed_by_environment(self) -> set[str]:
        """Return the keys that `CCDESK_<KEY>` overrides: the window shows them read-only."""

    def status(self, *, live: bool) -> Status:
        """Return the state of everything; `live` asks both services, else what is remembered."""

    def stored_status(self) -> Status:
        """Return what the store alone tells, at once.

        `status` reads the vault as well, and a locked keyring waits for a person: until then nothing is known
        of the login and the secret.
        """

    def test_kibo(self, values: dict[str, str], secret: str) -> ConnectionTest:
        """Try a Kibo connection with values not saved yet; an empty secret means the stored one.

        The result's `summary` says what was tried; a step that fails is raised with what it means.
        """

    def save_settings(
        self, values: dict[str, str], *, kibo_secret: str | None = None, confirmed: bool = False
    ) -> SaveResult:
        """Check and save; a new `contact_list` name creates the list. `kibo_secret` goes to the vault.

        An empty `kibo_secret` removes the one that is kept. Raises ConfirmNeeded if people would be dropped
        and that is not `confirmed`.
        """

    def log_in(
        self,
        *,
        open_url: Callable[[str], None],
        timeout: float,
        cancel: threading.Event,
        accept_other_account: bool = False,
    ) -> Account:
        """Hand over to the browser and wait.

        AccountChanged: another account; ask, then call `accept_login()` or `reject_login()`.
        """

    def accept_login(self) -> Account:
        """Keep the login that brought another account; links and watermarks of the old one are dropped.

        Raises Busy while a run is at work in the old one; the login can be accepted afterwards.
        """

    def reject_login(self) -> None:
        """Throw that login away; the former one stays as it was."""

    def log_out(self) -> LoggedOut:
        """Forget the tokens and have them withdrawn; works even where the keyring or the service does not."""

    def contact_lists(self) -> list[ContactList]:
        """Return the account's lists for the type-ahead."""

    def senders(self) -> list[str]:
        """Return the account's confirmed addresses."""

    def joining_automations(self) -> tuple[str, ...]:
        """Return the names of automations that start for everybody put on the active list.

        Empty where none can be read: there may be some all the same.
        """

    def new_draft(self, *, cancel: threading.Event | None = None) -> DraftMade:
        """Make a campaign draft with the chosen From and ReplyTo for the active list; nothing is sent.

        Raises:
            SettingsError: no list or confirmed address is chosen; nothing was made.
            AnswerLost: it may have been made; asked again, it is looked for first.

        """

    def kibo_welcome_mail(self) -> WelcomeMail:
        """Say whether Kibo's own Welcome mail appears to be on."""

    def set_enabled(self, on: bool) -> None:
        """Switch the loops on or off (design R9).

        SettingsError: what they need is not set up yet (`service/setup.py`).
        """

    def pause(self) -> datetime:
        """Have nothing run by itself for an hour from now, also after a restart; return when that ends."""

    def resume(self) -> None:
        """End that pause."""

    def first_time(self, name: str, about: str = "yes") -> bool:
        """Say whether `name` is told for the first time of this matter, and remember that it was."""

    def run(
        self,
        kind: RunKind,
        *,
        trigger: Trigger = Trigger.MANUAL,
        listener: ProgressListener | None = None,
        cancel: threading.Event | None = None,
        confirmed: bool = False,
        leave_out: bool = False,
    ) -> Run:
        """Do one run to its end and return it; failures of the run are in its status and message.

        Raises Busy if another run holds the lease and ConfirmNeeded under design R8 and §3a R2: an export
        onto a list that had members asks about contacts who are not on it. `confirmed` adds them,
        `leave_out` leaves them off.
        """

    def preview(
        self,
        kind: RunKind,
        *,
        listener: ProgressListener | None = None,
        cancel: threading.Event | None = None,
        confirmed: bool = False,
        leave_out: bool = False,
        past_question: bool = False,
    ) -> Preview:
        """Try out what `run` would do now, with the same code; nothing is changed anywhere (design §8).

        Its calls are counted. What the run would ask is in its `failure`; close the result when it is not
        looked at any more. `past_question`: where an export would ask what becomes of customers who may have
        left the list, the preview goes on as if they were left out, so that everybody is counted. Raises Busy
        while a run is going on.
        """

    def undo(
        self,
        run_id: int,
        *,
        listener: ProgressListener | None = None,
        cancel: threading.Event | None = None,
    ) -> Run:
        """Take back what a run added to the list and the opt-ins it switched on in Kibo (design §8).

        Where the person has acted since nothing is done, and no opt-out is undone. It is a run like any
        other. SettingsError: there is no such run, or it is an undo itself. Busy: a run is going on.
        """

    def preview_undo(
        self,
        run_id: int,
        *,
        listener: ProgressListener | None = None,
        cancel: threading.Event | None = None,
    ) -> Preview:
        """Try out what `undo` would do now, as `preview` does it; the same errors are raised."""

    def look_for_events(self) -> int:
        """Look at Kibo and queue what changed, without processing (seed: Refresh); return the new ones."""

    def runs(self, *, kind: RunKind | None = None, offset: int = 0, limit: int = 100) -> Sequence[Run]:
        """Return runs, newest first."""

    def run_count(self, *, kind: RunKind | None = None) -> int:
        """Count runs."""

    def find_runs(self, query: RunQuery, *, offset: int = 0, limit: int = 100) -> Sequence[Run]:
        """Return the runs asked for, in the order asked for."""

    def found_run_count(self, query: RunQuery) -> int:
        """Count the runs asked for."""

    def happened_since(self, at: datetime) -> Mapping[Happened, int]:
        """Return to how many people what has happened in runs that ended after that moment."""

    def people_since(
        self, at: datetime, what: Happened, *, offset: int = 0, limit: int = 100
    ) -> Sequence[PersonThen]:
        """Return these people, the newest first."""

    def runs_since(self, at: datetime) -> Sequence[RunThen]:
        """Return what the picture of the days needs of every run that began after that moment."""

    def get_run(self, run_id: int) -> Run | None:
        """Return one run."""

    def entries(
        self, run_id: int, *, outcome: Outcome | None = None, offset: int = 0, limit: int = 100
    ) -> Sequence[Entry]:
        """Return people of a run; `Outcome.ERROR` picks the errors."""

    def entry_count(self, run_id: int, *, outcome: Outcome | None = None) -> int:
        """Count people of a run."""

    def entry_kinds(self, run_id: int) -> Sequence[tuple[Outcome, str, int]]:
        """Return the kinds of change a run saw: (outcome, reason, people)."""

    def events(
        self, *, include_processed: bool = False, offset: int = 0, limit: int = 100
    ) -> Sequence[QueuedEvent]:
        """Return queue entries."""

    def event_count(self, *, include_processed: bool = False) -> int:
        """Count queue entries."""

    def retry_event(self, event_id: str) -> bool:
        """Make a parked or waiting entry due now; return whether there was such an entry."""

    def retry_all_events(self) -> int:
        """Make every parked or waiting entry due now; return how many."""

    def emails_of(self, customer_ids: Collection[int]) -> Mapping[int, str]:
        """Return the emails of those customers that are known by one."""

    def held(self) -> Sequence[Held]:
        """Return customers whose opt-out the guard holds, or that was taken for a mistake (design R8)."""

    def answer_held(self, answer: HeldAnswer, kinds: Collection[LossKind] = tuple(LossKind)) -> int:
        """Answer for those held now; return how many. It takes effect with the next run of each direction.

        Raises Busy while a run is going on.
        """

    def answer_welcomes(self, answer: WelcomeAnswer) -> int:
        """Answer for those whose welcome email waits (design §3a R3); return how many.

        It takes effect with the next run of events. Raises Busy while a run is going on.
        """

    def newcomers(self) -> Sequence[Link]:
        """Return the accounts that staff are asked to add or leave (design §3a R1), by customer id."""

    def answer_newcomer(self, customer_id: int, *, add: bool) -> bool:
        """Take staff's answer about one of them; False if it is not asked about (any more)."""

    def drift(
        self,
        *,
        listener: ProgressListener | None = None,
        cancel: threading.Event | None = None,
        leave: Chosen | None = None,
    ) -> DriftReport:
        """Compare both sides whole, as they are now (design §8); nothing is written to either.

        `leave`: who is found of this kind is left as they are by staff; SettingsError if nobody is.

        The report's people are gone through once, by this thread. Raises Busy while a run is going on.
        """

    def leave_as_is(self, people: Sequence[Drift]) -> int:
        """Leave people as a comparison has shown them, by staff's decision; return how many.

        They are named as left, and need nobody, until either side changes. SettingsError: somebody's
        difference cannot be left (`DriftKind.can_be_left`).
        """

    def name_again(self, whom: Sequence[str]) -> int:
        """Have people named again who were left as they are, by email or customer id; return how many."""

    def leave_put_back(self, customer_ids: Sequence[int]) -> int:
        """Leave customers who opted out and were put back on the list (`disagreements`) as they are."""

    def repair(
        self,
        chosen: Sequence[Chosen],
        *,
        listener: ProgressListener | None = None,
        cancel: threading.Event | None = None,
    ) -> Run:
        """Put chosen people right by the ordinary rules and guard, and nobody else; return the run.

        Raises:
            SettingsError: somebody is not of the kind named with them (any more); nothing was done.
            Busy: a run is going on.
            ConfirmNeeded: the guard holds somebody (design R8).

        """

    def ledger(
        self, who: str = "", *, since: datetime | None = None, limit: int | None = None
    ) -> Iterator[LedgerEntry]:
        """Yield every statement and every command of ours in time order (design §8), however many.

        `who`: an email or a customer id, `""` for everybody; nobody known by it: nothing. `since`: none that
        was over before. `limit`: only the newest so many. Gone through by the thread that asked.
        """

    def whom_to_forget(self, who: str) -> PersonToForget:
        """Return whom a request to forget means: an email or a customer id; nothing is changed."""

    def forget(self, who: str) -> Forgotten:
        """Erase a person from store, backups and logs (design §8); a keyed hash stays of an opt-out.

        Raises Busy while a run is going on, and SettingsError where something begun for the person is not
        done yet.
        """

    def why(self, who: str, *, live: bool = False, cancel: threading.Event | None = None) -> Why:
        """Answer why a person, named by email or customer id, is mailed or not (design §8).

        `live` reads both sides now; its calls are counted, nothing is written, and it is no run.

        Raises:
            SettingsError: `who` names nobody.
            CcdeskError: a service cannot be asked, or the settings are not complete (`live`).

        """

    def find_people(self, text: str, limit: int = 20) -> Sequence[FoundPerson]:
        """Return people for a search while somebody types: by customer id, or an email or part of it."""

    def find_by_name(self, name: str, cancel: threading.Event | None = None) -> FoundByName:
        """Return customers with this name, asked of Kibo now: ccdesk keeps no names.

        Raises:
            CcdeskError: Kibo cannot be asked, or not for names.

        """

    def disagreements(self, *, offset: int = 0, limit: int = 100) -> Sequence[Disagreement]:
        """Return who opted out and was put back on the list by others (design §3a), the longest first."""

    def disagreement_count(self) -> int:
        """Count those customers."""

    def next_run(self, kind: RunKind) -> datetime | None:
        """Return when the loop does this next; None while not enabled."""

    def first_export_done(self) -> bool:
        """True once an export has completed (before it the window warns of list-join automations)."""

    def close(self) -> None:
        """Let go of what this thread holds of the store; its next question takes it anew."""
