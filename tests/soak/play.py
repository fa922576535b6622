"""Playing a schedule: every thing in turn, then a calm end in which both sides must come to agree."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from random import Random
from unittest.mock import patch
from urllib.parse import urlsplit

import requests

from ccdesk.core.errors import CcdeskError, ConfirmNeeded, ListHasMembers
from ccdesk.core.losses import HeldAnswer
from ccdesk.core.models import email_key
from ccdesk.core.runs import Run, RunKind, RunStatus
from ccdesk.core.welcomes import WelcomeAnswer
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.kibo.switches import KiboSwitches
from ccdesk.sync import state_names as names
from tests.e2e.tried import Done, done, sign_ups, stored
from tests.shadow.compare import Difference
from tests.shadow.observer import Observer
from tests.shadow.watch import Watch
from tests.soak.acts import People
from tests.soak.faults import may_be_stale, meet
from tests.soak.inprocess import A_CALL, MAIL, Bench, PowerCut, Reply, Services, open_bench, plain
from tests.soak.invariants import agreement, logs_clean
from tests.soak.schedule import TROUBLE_SWITCHES, Schedule, Thing
from tests.soak.truth import Truth
from tests.soak.verdicts import some_verdicts, verdicts

_RAM = Path("/dev/shm")
_SECOND_LIST = "Second list"
_ASKED_WHY = 4  # one schedule of so many: asking takes as long as all the rest
_EDITS = (("change_name",), ("change_email",), ("order",), ("deactivate",), ("activate",))
_ENDED = (RunStatus.COMPLETE, RunStatus.FAILED, RunStatus.WAITING, RunStatus.CANCELLED)


@dataclass
class Result:
    """What came of a schedule: what was broken, at which thing, and how much was done."""

    broken: list[str] = field(default_factory=list)
    at: str = ""
    runs: int = 0
    calls: int = 0
    met: Counter[str] = field(default_factory=Counter)  # what came between calls, and with them
    differences: list[Difference] = field(default_factory=list)  # between the rules' table and the engine


@dataclass(frozen=True)
class Tried:
    """What a preview showed, and where the log of calls was then."""

    would: Done
    welcomes: int
    mark: int


class Player:
    """One schedule being played."""

    def __init__(self, schedule: Schedule, bench: Bench, *, shadow: bool = False) -> None:
        self.schedule, self.bench = schedule, bench
        self.chance = Random(schedule.seed)
        self._whom = Random(schedule.seed)  # apart, so that asking why changes nothing else
        self._lists = (bench.list_name, _SECOND_LIST)
        for name in self._lists:
            bench.cc.add_list(name)
        self._list_is_new = False  # nobody was exported to it yet
        self.truth = Truth(bench)
        self.shadow = Watch()
        undone = any(thing[0] == "undo" for thing in schedule.things)
        self._with_shadow = shadow and not undone  # the table knows no undo: no command of it answers anybody
        self.people = People(bench, self.truth)
        self.result = Result()
        self._due: list[tuple[int, Thing]] = []
        self._calls = 0
        self._trouble: tuple[str, int, str, str] | None = None
        self._cut, self._cut_verb = "", ""
        self._cancel = threading.Event()
        self._image: Path | None = None
        self._tried: Tried | None = None  # what the run that comes next is to do

    def set_up(self) -> None:
        """Set the program up; what it is told from now on is shadowed, if that was asked for."""
        self.bench.handler = self.handle
        self.bench.set_up(**self._settings())
        if self._with_shadow:
            self.shadow = self.truth.watch = Observer(self.bench, self._drift)
            self.bench.handler = self._shadowed

    # ------------------------------------------------------------ one call

    def _shadowed(self, request: requests.PreparedRequest, services: Services) -> Reply:
        reply = self.handle(request, services)
        self.shadow.replied(reply.status, reply.body)
        return reply

    def _drift(self) -> set[str]:
        """Return the emails of everybody whom the drift report names now; its calls are no run's."""
        handler, self.bench.handler = self.bench.handler, plain
        try:
            return {email_key(one.email) for one in self.bench.desk.drift().people}
        except CcdeskError:
            return set()
        finally:
            self.bench.handler = handler

    def handle(self, request: requests.PreparedRequest, services: Services) -> Reply:
        """Let one call of ccdesk meet what the schedule has for it."""
        services.time.go_on(A_CALL)
        number, self._calls = self._calls, self._calls + 1
        self.result.calls += 1
        while self._due and self._due[0][0] <= number and not _is_race(request, self._due[0][1]):
            self.result.met["act"] += self._due[0][1][0] == "act"
            self.thing(self._due.pop(0)[1])
        if self._cut == "before" and _is_of(request, self._cut_verb):
            self._power_cut()
        try:
            return self._null_consents(self._met(request, services))
        finally:
            self.truth.settle()
            if self._cut == "after" and _is_of(request, self._cut_verb):
                self._power_cut()

    def _met(self, request: requests.PreparedRequest, services: Services) -> Reply:
        kind = ""
        if self._trouble is not None:
            name, left, service, verb = self._trouble
            host = "cc" if urlsplit(str(request.url)).netloc == MAIL else "kibo"
            if service in ("", host) and _is_of(request, verb):
                kind = name
                self._trouble = (name, left - 1, service, verb) if left > 1 else None
        if kind == "stale" and not may_be_stale(request):
            kind = ""
        if kind:
            self.result.met[kind] += 1
        return meet(kind, request, services, self.chance)

    def _null_consents(self, reply: Reply) -> Reply:
        if self.schedule.settings.get("nulls"):
            reply.body = reply.body.replace(b'"acceptsMarketing":false', b'"acceptsMarketing":null')
        return reply

    def _power_cut(self) -> None:
        self.result.met[f"cut {self._cut}"] += 1
        self._cut = ""
        self._image = self.bench.image()
        raise PowerCut

    # ------------------------------------------------------------ one thing

    def thing(self, thing: Thing) -> None:
        """Do one thing of the schedule."""
        kind, *rest = thing
        self._tried = self._tried if kind == "run" else None
        plain = {
            "restart": self.bench.reopen,
            "login": self.bench.log_in,
            "list": self._choose_other_list,
            "cancel": self._cancel.set,
            "reinstall": self._install_anew,
            "preview": lambda: self._try_out(*rest),
            "undo": lambda: self._undo(*rest),
            "forget": lambda: self._forget(*rest),
        }
        if kind in plain:
            plain[kind]()
        elif kind == "act":
            self.people.do(*rest)
        elif kind in ("held", "welcomes"):
            self._answer_question(kind, rest[0])
        elif kind == "hurry":
            self.people.hurry = True
        elif kind == "trouble":
            self._trouble = (rest[0], rest[1], rest[2], rest[3] if len(rest) > 3 else "")
        elif kind == "cut":
            self._cut, self._cut_verb = rest[0], rest[1] if len(rest) > 1 else ""
        elif kind == "clock":
            self.bench.time.wrong = timedelta(hours=rest[0])
        elif kind == "wait":
            self.bench.later(rest[0])
        elif kind == "turn":
            getattr(self.bench, rest[0]).set_switches(**{rest[1]: rest[2]})
        elif kind == "answer":
            self._answer(add=rest[0] == "add")
        elif kind == "run":
            self.run(rest[0], rest[1])

    def _undo(self, share: float, tried: bool, during: tuple[tuple[int, Thing], ...]) -> None:
        """Let staff undo a run, `tried` out first: of those that did something the one at a share of them."""
        runs = [run for run in self.bench.desk.runs(limit=1000) if run.may_be_undone]
        if not runs:
            return
        run_id = runs[min(int(share * len(runs)), len(runs) - 1)].id
        if tried and not during:
            self._try_out("undo", run_id)
        run = self.run("undo", during, undoes=run_id)
        if run is not None:
            self.result.met["undone"] += run.changes

    def _forget(self, share: float) -> None:
        """Have staff forget a person whom ccdesk knows; it may say that something has to be done first."""
        links = [one for one in self.bench.container.store.links.page(-1, 1000) if one.email]
        if not links:
            return
        email = links[min(int(share * len(links)), len(links) - 1)].email
        handler, self.bench.handler = self.bench.handler, plain
        try:
            self.bench.desk.forget(email)
        except CcdeskError as error:
            self.result.met[f"not forgotten: {error.code}"] += 1
        else:
            self.truth.forgotten(email)
            self.result.met["forgotten"] += 1
        finally:
            self.bench.handler = handler

    def _answer_question(self, about: str, answer: str) -> None:
        """Let staff answer for people held by the guard, or whose welcome email waits; there may be none."""
        desk = self.bench.desk
        if about == "held":
            answered = desk.answer_held(HeldAnswer(answer))
        else:
            answered = desk.answer_welcomes(WelcomeAnswer(answer))
        self.result.met[f"{about} {answer}"] += bool(answered)

    def _choose_other_list(self) -> None:
        """Let staff choose the other list; where the service does not answer, the window keeps the old."""
        (other,) = {*self._lists} - {self.bench.list_name}
        try:
            self.bench.desk.save_settings({"contact_list": other})
        except CcdeskError:
            return
        self.truth.choose_list(other)
        self.shadow.choose_list()
        self._list_is_new = True

    def _answer(self, *, add: bool) -> None:
        """Let staff answer about the first account that is named as a newcomer."""
        for link in self.bench.desk.newcomers()[:1]:
            if add:
                self.truth.added(link.customer_id, link.email)
                self.shadow.lift(link.customer_id)
            self.bench.desk.answer_newcomer(link.customer_id, add=add)

    def _install_anew(self) -> None:
        """Let the installation be replaced by a fresh one that knows nothing."""
        self.bench.install_anew(**self._settings())
        self.truth.installed_anew()
        self.shadow.install_anew()
        self._list_is_new = True

    def _settings(self) -> dict[str, str]:
        return {key: value for key, value in self.schedule.settings.items() if key != "nulls"}

    def _must_ask(self) -> bool:
        """Say whether an export that begins now may put nobody back who is off the list without asking."""
        state, active = self.bench.container.store.state, self.bench.cc.list_id(self.bench.list_name)
        known = state.get(names.EXPORTED_LISTS).split()
        begun = state.get(names.EXPORT_OPEN) or (state.get(names.BASELINE) and not known)
        return bool(active and not begun and active not in known and self.bench.cc.members(active))

    def _try_out(self, kind: str, undoes: int | None = None) -> None:
        """Try a run out; neither the services nor the data file may show it. Its calls are no run's."""
        bench, broken = self.bench, self.truth.broken
        handler, bench.handler = bench.handler, lambda *call: self._null_consents(plain(*call))
        before, mark = stored(bench.base), bench.log.mark()
        try:
            desk = bench.desk
            with desk.preview_undo(undoes) if undoes else desk.preview(RunKind(kind)) as preview:
                would = done(preview.run, preview.entries(limit=100_000))
        finally:
            bench.handler = handler
        after = stored(bench.base)
        changed = [name for name in before if before[name] != after.get(name)]
        if changed or bench.log.writes(since=mark) or list(bench.base.glob("*.preview*")):
            broken.append(f"a preview of {kind} left something: {changed}")
        self.result.met["preview"] += 1
        self._tried = Tried(would, preview.welcome_emails, bench.log.mark())

    def _compare_with_preview(self, kind: str) -> None:
        """The run that follows a preview does the same, where both services do what they are asked."""
        tried, self._tried = self._tried, None
        if tried is None or not self._all_goes_well():
            return
        [run] = self.bench.desk.runs(limit=1)
        did = done(run, self.bench.desk.entries(run.id, limit=100_000))
        if did.status is tried.would.status is RunStatus.FAILED:
            return  # a login that was revoked is refused once, and then there is none: two ways to say so
        welcomes = sign_ups(self.bench.log.writes(since=tried.mark))
        if (_of_people(did), welcomes) != (_of_people(tried.would), tried.welcomes):
            self.truth.broken.append(
                f"a run of {kind} did not do what its preview showed: {tried.would} {tried.welcomes}, "
                f"but {did} {welcomes}"
            )

    def _all_goes_well(self) -> bool:
        """Say whether no service refuses, loses or holds back what it is sent: a preview cannot know that."""
        cc = self.schedule.cc
        if self.bench.cc.account.book.list_named(self.bench.list_name) is None:
            return False  # deleted: every add is refused
        return not any(cc.get(name) for name in ("confirmed_opt_in", "refused_text")) and all(
            getattr(getattr(self.bench, service).switches, name) == good
            for service, name, _, good in TROUBLE_SWITCHES
        )

    def run(
        self,
        kind: str,
        during: tuple[tuple[int, Thing], ...] = (),
        *,
        confirmed: bool = False,
        leave_out: bool = False,
        undoes: int | None = None,
    ) -> Run | None:
        """Do one run with all that comes between its calls; None if it was cut off."""
        bench, truth = self.bench, self.truth
        self.result.runs += 1
        self._due, self._calls, self._trouble, self._cut = list(during), 0, None, ""
        self._cancel.clear()
        truth.begin(kind)
        truth.take_prints()
        self.shadow.begin()
        if kind == "export" and not (confirmed or leave_out):
            truth.begin_export(must_ask=self._must_ask())
        run: Run | None = None
        asked = False
        try:
            desk, cancel = bench.desk, self._cancel
            if undoes is not None:
                run = desk.undo(undoes, cancel=cancel)
            else:
                run = desk.run(RunKind(kind), confirmed=confirmed, leave_out=leave_out, cancel=cancel)
        except ListHasMembers:
            asked = True
        except PowerCut:
            assert self._image is not None
            bench.start_from(self._image)
        except ConfirmNeeded:
            pass
        except CcdeskError as error:
            if error.code == "our_fault" or type(error) is CcdeskError:
                truth.broken.append(f"a run ended with our own fault: {error.text} {error.detail}")
        except Exception as error:  # nothing of the kind may come out
            truth.broken.append(f"a run raised {type(error).__name__}: {error}")
        self._due, self._trouble, self._cut = [], None, ""
        truth.settle()
        truth.compare_prints()
        truth.run_kind = ""
        self.shadow.end(run)
        if run is not None and kind == "export" and run.status is RunStatus.COMPLETE:
            self._list_is_new = False
        for one in bench.desk.runs(limit=3):
            truth.runs.setdefault(one.id, truth.run_began)
        self._judge_run(run)
        self._compare_with_preview(kind)
        if asked:
            return self._answer_export()
        truth.absent = set()
        return run

    def _ask_why(self) -> None:
        """Ask why of some people, read now: at any moment the verdict fits what both sides show.

        Its calls are no run's, and meet no trouble.
        """
        handler, self.bench.handler = self.bench.handler, self._answer_why
        try:
            self.truth.broken += some_verdicts(self.truth, self._whom)
        except CcdeskError as error:
            self.result.met[f"no why: {error.code}"] += 1
        finally:
            self.bench.handler = handler
        self.result.met["why"] += 1

    def _answer_why(self, request: requests.PreparedRequest, services: Services) -> Reply:
        try:
            return self._null_consents(plain(request, services))
        finally:
            self.truth.settle()  # a job of ours may end while it is read

    def _answer_export(self) -> Run | None:
        leave_out = self.chance.random() < 0.7
        self.truth.answered(leave_out=leave_out)
        self.result.met["list with members"] += 1
        return self.run("export", confirmed=not leave_out, leave_out=leave_out)

    def _judge_run(self, run: Run | None) -> None:
        broken = self.truth.broken
        if self.schedule.seed % _ASKED_WHY == 0:
            self._ask_why()
        if any(one.status is RunStatus.RUNNING for one in self.bench.desk.runs(limit=3)):
            broken.append("a run was left RUNNING")
        if run is None:
            return
        ours = [one for one in self.bench.desk.entries(run.id, limit=100_000) if one.code == "our_fault"]
        if ours:
            broken.append(f"our own fault with customer {ours[0].customer_id}: {ours[0].reason}")
        if run.failure is not None and run.failure.code == "our_fault":
            broken.append(f"our own fault: {run.failure.detail}")
        if run.status not in _ENDED:
            broken.append(f"a run ended as {run.status}")
        if "do not add up" in run.message:
            broken.append(f"R2: {run.message}")

    # ------------------------------------------------------------ the calm end

    def calm_end(self) -> None:
        """Take all trouble away; two cycles later both sides agree or say why, and a third writes nothing."""
        bench, truth = self.bench, self.truth
        bench.time.wrong = timedelta(0)
        for service, name, _, good in TROUBLE_SWITCHES:
            getattr(bench, service).set_switches(**{name: good})
        bench.later(60 * 25)
        bench.log_in()
        if bench.cc.account.book.list_named(bench.list_name) is None:  # staff deleted it: they choose another
            self._choose_other_list()
        for _ in range(3):  # a job that failed before may end the first one: "it goes on" with the next
            if self._export_is_open():
                self.run("export")
                bench.later(1)
        if self._export_is_open():
            truth.broken.append("an export does not complete without any trouble")
        for _ in range(2):
            self._calm_run("events")
            self._calm_run("inbound")
            bench.later(60 * 13)  # the longest an entry waits to be tried again
        if truth.broken:
            return
        truth.broken += agreement(truth, self.people)
        truth.broken += verdicts(truth)
        mark = bench.log.mark()
        for kind in ("events", "inbound"):
            self._calm_run(kind)
        writes = [one for one in bench.log.writes(since=mark) if "contact_exports" not in one.path]
        if writes:
            shown = [f"{one.method} {one.path} {one.body}" for one in writes]
            truth.broken.append(f"R6: a third cycle wrote: {shown}")

    def _calm_run(self, kind: str) -> None:
        run = self.run(kind)
        if run is None:  # Kibo lost data once, or a guard asks: a person says go on
            run = self.run(kind, confirmed=True)
        if run is None or run.status is not RunStatus.COMPLETE:
            self.truth.broken.append(f"{kind} without any trouble: {run and (run.status.value, run.message)}")
        self.bench.later(1)

    def _export_is_open(self) -> bool:
        runs = self.bench.desk.runs(kind=RunKind.EXPORT, limit=1)
        return (
            self._list_is_new
            or not self.bench.desk.first_export_done()
            or bool(runs and runs[0].status is not RunStatus.COMPLETE)
        )


def play(schedule: Schedule, *, shadow: bool = False) -> Result:
    """Play a schedule to its end, or to the first thing after which a rule is broken.

    With its `shadow` the table of the rules decides beside the engine, and both are compared (tests/shadow).
    """
    with _folder() as base, _log_texts() as logged:
        cc, kibo = CcSwitches(), KiboSwitches()
        cc.turn(**{"limits_on": False, "activity_seconds": 0.0, **schedule.cc})
        kibo.turn(**schedule.kibo)
        ahead = {f"{name}_ahead": timedelta(seconds=seconds) for name, seconds in schedule.ahead.items()}
        with (
            _sizes(schedule.sizes),
            open_bench(
                base / "base", seed=schedule.seed, cc_switches=cc, kibo_switches=kibo, **ahead
            ) as bench,
        ):
            player = Player(schedule, bench, shadow=shadow)
            player.set_up()
            for number, thing in enumerate(schedule.things):
                player.thing(thing)
                if player.truth.broken:
                    player.result.at = f"thing {number}: {thing}"
                    break
            else:
                player.result.at = "the calm end"
                player.calm_end()
            player.truth.broken += logs_clean(logged, bench)
            player.result.differences = player.shadow.differences
            player.result.broken = player.truth.broken
            return player.result


def _of_people(one: Done) -> Done:
    """Leave out how many contacts were read: a poll reads more where its mark is not a second old."""
    read = ("contacts_seen", "ignored")
    return replace(one, counts={name: number for name, number in one.counts.items() if name not in read})


def _is_of(request: requests.PreparedRequest, verb: str) -> bool:
    """Say whether a call is of the kind that trouble waits for; `POST` means one that does something."""
    return verb in ("", str(request.method)) and not (verb and "oauth2" in str(request.url))


def _is_race(request: requests.PreparedRequest, thing: Thing) -> bool:
    """Say whether an edit would fall between our reading of an account and our writing it back.

    Kibo has no token against that (kibo.md §13); the two calls are next to each other, and docs/TRUST.md says
    so. An edit waits for the call after; an opt-in or opt-out does not.
    """
    return request.method == "PUT" and "/customer/accounts/" in str(request.url) and thing[1:2] in _EDITS


@contextmanager
def _sizes(sizes: dict[str, int]) -> Iterator[None]:
    """Have ccdesk work as in a shop many times as large."""
    with ExitStack() as patches:
        for name, value in sizes.items():
            patches.enter_context(patch(f"ccdesk.{name}", value))
        yield


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ccdesk-soak-", dir=_RAM if _RAM.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.texts: list[str] = []
        self._format = logging.Formatter("%(message)s")

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self._format.format(record))


@contextmanager
def _log_texts() -> Iterator[list[str]]:
    logger, kept = logging.getLogger("ccdesk"), _Kept()
    level, propagate = logger.level, logger.propagate
    logger.addHandler(kept)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    try:
        yield kept.texts
    finally:
        logger.removeHandler(kept)
        logger.setLevel(level)
        logger.propagate = propagate
