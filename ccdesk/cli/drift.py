"""`ccdesk drift`: both sides compared as they are now; a kind put right first, or left (design §8)."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable
from functools import partial
from itertools import islice

from ccdesk.cli.console import Console
from ccdesk.cli.documents import write_drift
from ccdesk.cli.stopping import stoppable
from ccdesk.cli.tables import print_table, summary, when
from ccdesk.container import Container
from ccdesk.core.drift import Chosen, DriftKind, DriftReport
from ccdesk.core.errors import Cancelled, ExitCode, SettingsError
from ccdesk.core.runs import Run, RunStatus
from ccdesk.service.of_kind import cannot_be_left, cannot_be_repaired

_REPAIR_STOPPED = "What the runs had done before stands; comparing changes nothing."
_MOST = 50  # people shown on a terminal


def drift(args: argparse.Namespace, container: Container, console: Console) -> int:
    """Compare, and show what differs; ends with 0 whatever is found. What is to be repaired is done first."""
    with stoppable() as cancel:
        try:
            if args.person is not None and not (args.repair or args.leave or args.name_again):
                raise _person_alone()
            if args.name_again:
                _name_again(args.person, container)
            leave = Chosen(DriftKind(args.leave), args.person or "") if args.leave else None
            if leave is not None and not leave.kind.can_be_left:
                raise cannot_be_left(leave.kind)
            if args.repair:
                _repair(DriftKind(args.repair), args.person, container, console, cancel)
            report = container.desk.drift(listener=console.progress, cancel=cancel, leave=leave)
        except Cancelled:
            meaning = _REPAIR_STOPPED if args.repair else "Nothing was changed."
            console.error(Cancelled("The comparison was stopped", meaning=meaning))
            return int(ExitCode.STOPPED)
        console.end_progress()
        if console.as_json:
            console.started_document()
            write_drift(console, report)
        else:
            _print(console, report)
    return int(ExitCode.DONE)


def _person_alone() -> SettingsError:
    return SettingsError(
        "--person says for whom something is done",
        meaning="A comparison alone is of everybody. Nothing was done.",
        next_step="Give --repair KIND or --leave KIND as well; “ccdesk why WHO --live” compares one person.",
        code="wrong_use",
    )


def _name_again(person: str | None, container: Container) -> None:
    """Have a person named again.

    Raises:
        SettingsError: nobody is given, or the person was not left as they are.

    """
    if person is None:
        raise SettingsError(
            "--name-again needs to be told whom",
            next_step="Give --person WHO; a comparison names those of the kind “left_as_is”.",
            code="wrong_use",
        )
    if not container.desk.name_again([person]):
        raise SettingsError(
            f"“{person}” is not left as they are",
            meaning="Nothing was changed.",
            next_step="A comparison of both sides names those of the kind “left_as_is”.",
            code="other_kind",
        )


def _repair(
    kind: DriftKind, person: str | None, container: Container, console: Console, cancel: threading.Event
) -> None:
    """Do the runs that put a kind right, or the one for a person; tell on stderr how they ended.

    Raises:
        SettingsError: no run puts this kind right, or the person is not of it.
        CcdeskError: a run failed, or asks first.
        Cancelled: a run was stopped.

    """
    if not kind.repairable:
        raise cannot_be_repaired(kind)
    desk = container.desk
    runs: list[Callable[..., Run]] = [partial(desk.run, run_kind) for run_kind in kind.repaired_by]
    if person is not None:
        runs = [partial(desk.repair, [Chosen(kind, person)])]
    for do in runs:
        run = do(listener=console.progress, cancel=cancel)
        console.end_progress()
        console.say(f"{run.kind.value}: {summary(run)}")
        if run.failure is not None:
            raise run.failure
        if run.status is RunStatus.CANCELLED:
            raise Cancelled


def _print(console: Console, report: DriftReport) -> None:
    console.line(f"Compared {when(report.checked_at)}")
    for kind, people in report.kinds.items():
        by_itself = "  (put right by the next runs)" if kind.repairable else ""
        console.line(f"  {people:>9,}  {kind.value}{by_itself}")
        console.line(f"             {kind.meaning}")
    rows = [
        (", ".join(map(str, one.customer_ids)) or "–", one.email or "(none)", one.kind.value, one.reason)
        for one in islice(report.people, _MOST)
    ]
    head = ("CUSTOMER", "E-MAIL", "KIND", "REASON")
    print_table(console, head, rows, "Both sides are in step.")
    more = sum(report.kinds.values()) - len(rows)
    if more > 0:
        console.line(f"… and {more:,} more people (--json shows all)")
