"""`ccdesk drift`: both sides compared whole and now, and everybody about whom they differ (design §8)."""

from __future__ import annotations

import argparse
from itertools import islice

from ccdesk.cli.console import Console
from ccdesk.cli.documents import write_drift
from ccdesk.cli.stopping import CANCELLED, stoppable
from ccdesk.cli.tables import print_table, when
from ccdesk.container import Container
from ccdesk.core.drift import DriftReport
from ccdesk.core.errors import Cancelled, ExitCode

_MOST = 50  # people shown on a terminal


def drift(args: argparse.Namespace, container: Container, console: Console) -> int:
    """Compare, and show what differs; ends with 0 whatever is found."""
    with stoppable() as cancel:
        try:
            report = container.desk.drift(listener=console.progress, cancel=cancel)
        except Cancelled:
            console.error(Cancelled("The comparison was stopped", meaning="Nothing was changed."))
            return CANCELLED
        console.end_progress()
        if console.as_json:
            console.started_document()
            write_drift(console, report)
        else:
            _print(console, report)
    return int(ExitCode.DONE)


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
