"""What needs a person, worded for the window: one line, and one button that leads to the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ccdesk.core.runs import RunKind
from ccdesk.gui import formats
from ccdesk.service.needs_you import Need, NeedKind

REVIEW = "review:"  # with the kind of the run that holds people: the place of its review
TRY_NOW = "Try again now"


@dataclass(frozen=True, slots=True)
class NeedWords:
    """The line, and the button: it leads to a place of the window (`place`) or has a run done (`run`)."""

    line: str
    button: str
    place: str = ""
    run: RunKind | None = None


def words(need: Need) -> NeedWords:
    """Return the words for one item."""
    return _WORDS[need.kind](need)


def for_window(needs: Sequence[Need]) -> tuple[Need, ...]:
    """Leave out what only tells that nobody runs the loops: this window does, within seconds."""
    return tuple(need for need in needs if need.kind is not NeedKind.LATE or need.count)


def things(needs: Sequence[Need]) -> str:
    """Return “2 things need you”, or nothing."""
    number = len(needs)
    return f"{formats.count(number, 'thing')} {'needs' if number == 1 else 'need'} you" if number else ""


def _since(need: Need) -> str:
    return f" Since {_date(need)}." if need.since else ""


def _date(need: Need) -> str:
    return formats.in_sentence(need.since) if need.since else "–"


def _login(need: Need) -> NeedWords:
    if need.subject:
        return NeedWords("Your login to Constant Contact has expired.", "Log in…", "login")
    return NeedWords("Nobody is logged in to Constant Contact, so nothing syncs.", "Log in…", "login")


def _pending_opt_outs(need: Need) -> NeedWords:
    who = need.people[0] if need.count == 1 and need.people else formats.count(need.count, "person", "people")
    line = f"{who} unsubscribed in Constant Contact, but Kibo has not accepted it yet.{_since(need)}"
    return NeedWords(line, TRY_NOW, run=RunKind.INBOUND)


def _pending_opt_ins(need: Need) -> NeedWords:
    who = need.people[0] if need.count == 1 and need.people else formats.count(need.count, "person", "people")
    line = f"{who} signed up in Constant Contact, but Kibo has not accepted it yet.{_since(need)}"
    return NeedWords(line, TRY_NOW, run=RunKind.INBOUND)


def _put_back(need: Need) -> NeedWords:
    one = need.count == 1
    who = need.people[0] if one and need.people and need.people[0] else formats.count(need.count, "customer")
    line = f"{who} opted out, but {'is' if one else 'are'} on the list again and being mailed.{_since(need)}"
    return NeedWords(line, "Review…", "put back")


def _late(need: Need) -> NeedWords:
    kind = RunKind(need.subject or RunKind.INBOUND)
    what = {
        RunKind.INBOUND: "Unsubscribes could not be fetched from Constant Contact",
        RunKind.EVENTS: "Customer changes could not be sent to Constant Contact",
    }.get(kind, f"{formats.KIND_WORDS[kind]} did not work")
    tries = f": the last {need.count} attempts failed." if need.count else "."
    good = f" It last worked {_date(need)}." if need.since else ""
    return NeedWords(what + tries + good, TRY_NOW, run=kind)


def _changes(need: Need, one: str, many: str) -> NeedWords:
    return NeedWords(f"{formats.count(need.count, one, many)}.", "Show changes", "events")


_WORDS: dict[NeedKind, Callable[[Need], NeedWords]] = {
    NeedKind.LOGIN: _login,
    NeedKind.KIBO_SECRET: lambda _: NeedWords("The Kibo shared secret is missing.", "Enter it…", "secret"),
    NeedKind.LIST_DELETED: lambda need: NeedWords(
        f"The list “{need.subject}” was deleted in Constant Contact, so nothing is added or removed.",
        "Choose a list…",
        "list",
    ),
    NeedKind.WRITES_STOPPED: lambda need: NeedWords(
        f"Writing to Kibo is stopped: customer {need.subject} lost data when its opt-in was written. Check "
        "that customer in Kibo first.",
        "Continue…",
        run=RunKind.INBOUND,
    ),
    NeedKind.LOOP_STOPPED: lambda _: NeedWords(
        "The automatic sync has stopped because of a fault. Quit, and start the program again.",
        "Save diagnostics…",
        "diagnostics",
    ),
    NeedKind.OWED: _pending_opt_outs,
    NeedKind.OWED_OPT_INS: _pending_opt_ins,
    NeedKind.LATE: _late,
    NeedKind.EXPORT_FAILED: lambda need: NeedWords(
        f"The last export failed.{_since(need)}", "Show it", "export"
    ),
    NeedKind.REFUSED: lambda need: _changes(
        need,
        "change keeps failing (still trying)",
        "changes keep failing (still trying)",
    ),
    NeedKind.PARKED: lambda need: _changes(
        need, "change needs your attention", "changes need your attention"
    ),
    NeedKind.HELD: lambda need: NeedWords(
        f"{formats.count(need.count, 'opt-out waits', 'opt-outs wait')} for your answer: unusually many at "
        "once.",
        "Review…",
        f"{REVIEW}{need.subject or RunKind.INBOUND.value}",
    ),
    NeedKind.WELCOMES: lambda need: NeedWords(
        f"{formats.count(need.count, 'welcome email waits', 'welcome emails wait')} for your answer: "
        f"unusually many at once.{_since(need)}",
        "Answer…",
        "welcomes",
    ),
    NeedKind.NEWCOMERS: lambda need: NeedWords(
        f"{formats.count(need.count, 'customer')} opted in under the email of somebody who had opted out.",
        "Add or leave…",
        "newcomers",
    ),
    NeedKind.DISAGREEMENT: _put_back,
}
