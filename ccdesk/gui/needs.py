"""What needs a person, worded for the window: one line, and one button that leads to the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ccdesk.core.runs import RunKind
from ccdesk.gui import formats
from ccdesk.gui.translation import marked, number, plural, say
from ccdesk.service.needs_you import Need, NeedKind

REVIEW = "review:"  # with the kind of the run that holds people: the place of its review
OFF_LIST = "off list"  # the place of the question of an export onto a list that had members
TRY_NOW = marked("Try again now")
REVIEW_BUTTON = marked("Review…")


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
    return plural("{n} things need you", "{n} thing needs you", len(needs)) if needs else ""


def _with_since(line: str, need: Need) -> str:
    """Return a line with the day since when it is so, where that is known."""
    if not need.since:
        return line
    since = say("Since {time}.").format(time=_date(need))
    return f"{line} {since}"


def _date(need: Need) -> str:
    return formats.in_sentence(need.since) if need.since else "–"


def _login(need: Need) -> NeedWords:
    line = say("Nobody is logged in to Constant Contact, so nothing syncs.")
    if need.subject:
        line = say("Your login to Constant Contact has expired.")
    return NeedWords(line, say("Log in…"), "login")


def _about(need: Need, line: str, named: str) -> str:
    """Return `named` with the one person it is about, where that is known, else `line`; and since when."""
    if need.count == 1 and need.people:
        line = named.format(who=need.people[0])
    return _with_since(line, need)


def _pending_opt_outs(need: Need) -> NeedWords:
    line = plural(
        "{n} people unsubscribed in Constant Contact, but Kibo has not accepted it yet.",
        "{n} person unsubscribed in Constant Contact, but Kibo has not accepted it yet.",
        need.count,
    )
    named = say("{who} unsubscribed in Constant Contact, but Kibo has not accepted it yet.")
    return NeedWords(_about(need, line, named), say(TRY_NOW), run=RunKind.INBOUND)


def _pending_opt_ins(need: Need) -> NeedWords:
    line = plural(
        "{n} people signed up in Constant Contact, but Kibo has not accepted it yet.",
        "{n} person signed up in Constant Contact, but Kibo has not accepted it yet.",
        need.count,
    )
    named = say("{who} signed up in Constant Contact, but Kibo has not accepted it yet.")
    return NeedWords(_about(need, line, named), say(TRY_NOW), run=RunKind.INBOUND)


def _put_back(need: Need) -> NeedWords:
    line = plural(
        "{n} customers opted out, but are on the list again and being mailed.",
        "{n} customer opted out, but is on the list again and being mailed.",
        need.count,
    )
    named = say("{who} opted out, but is on the list again and being mailed.")
    return NeedWords(_about(need, line, named), say(REVIEW_BUTTON), "put back")


def _late(need: Need) -> NeedWords:
    kind = RunKind(need.subject or RunKind.INBOUND)
    line = _late_line(kind, need.count)
    if need.since:
        line += " " + say("It last worked {time}.").format(time=_date(need))
    return NeedWords(line, say(TRY_NOW), run=kind)


def _late_line(kind: RunKind, failures: int) -> str:
    if kind is RunKind.INBOUND and failures:
        return plural(
            "Unsubscribes could not be fetched from Constant Contact: the last {n} attempts failed.",
            "Unsubscribes could not be fetched from Constant Contact: the last {n} attempts failed.",
            failures,
        )
    if kind is RunKind.INBOUND:
        return say("Unsubscribes could not be fetched from Constant Contact.")
    if kind is RunKind.EVENTS and failures:
        return plural(
            "Customer changes could not be sent to Constant Contact: the last {n} attempts failed.",
            "Customer changes could not be sent to Constant Contact: the last {n} attempts failed.",
            failures,
        )
    if kind is RunKind.EVENTS:
        return say("Customer changes could not be sent to Constant Contact.")
    words = say("{kind} did not work.")
    if failures:
        words = say("{kind} did not work: the last {n} attempts failed.")
    return words.format(kind=say(formats.KIND_WORDS[kind]), n=number(failures))


LIST_DELETED = marked("The list “{name}” was deleted in Constant Contact, so nothing is added or removed.")


def _list_deleted(need: Need) -> NeedWords:
    return NeedWords(say(LIST_DELETED).format(name=need.subject), say("Choose a list…"), "list")


def _writes_stopped(need: Need) -> NeedWords:
    line = say(
        "Writing to Kibo is stopped: customer {customer} lost data when its opt-in was written. Check "
        "that customer in Kibo first."
    )
    return NeedWords(line.format(customer=need.subject), say("Continue…"), run=RunKind.INBOUND)


def _loop_stopped(_: Need) -> NeedWords:
    line = say("The automatic sync has stopped because of a fault. Quit, and start the program again.")
    return NeedWords(line, say("Save diagnostics…"), "diagnostics")


def _export_failed(need: Need) -> NeedWords:
    return NeedWords(_with_since(say("The last export failed."), need), say("Show it"), "export")


def _export_asks(need: Need) -> NeedWords:
    line = say(
        "The export waits for your answer: what becomes of customers in Constant Contact who may have left "
        "the list. Nobody was sent yet."
    )
    return NeedWords(_with_since(line, need), say("Answer…"), OFF_LIST)


def _refused(need: Need) -> NeedWords:
    line = plural(
        "{n} changes keep failing (still trying).", "{n} change keeps failing (still trying).", need.count
    )
    return NeedWords(line, say("Show changes"), "events")


def _parked(need: Need) -> NeedWords:
    line = plural("{n} changes need your attention.", "{n} change needs your attention.", need.count)
    return NeedWords(line, say("Show changes"), "events")


def _held(need: Need) -> NeedWords:
    line = plural(
        "{n} opt-outs wait for your answer: unusually many at once.",
        "{n} opt-out waits for your answer: unusually many at once.",
        need.count,
    )
    return NeedWords(line, say(REVIEW_BUTTON), f"{REVIEW}{need.subject or RunKind.INBOUND.value}")


def _welcomes(need: Need) -> NeedWords:
    line = plural(
        "{n} welcome emails wait for your answer: unusually many at once.",
        "{n} welcome email waits for your answer: unusually many at once.",
        need.count,
    )
    return NeedWords(_with_since(line, need), say("Answer…"), "welcomes")


def _newcomers(need: Need) -> NeedWords:
    line = plural(
        "{n} customers opted in under the email of somebody who had opted out.",
        "{n} customer opted in under the email of somebody who had opted out.",
        need.count,
    )
    return NeedWords(line, say("Add or leave…"), "newcomers")


_WORDS: dict[NeedKind, Callable[[Need], NeedWords]] = {
    NeedKind.LOGIN: _login,
    NeedKind.KIBO_SECRET: lambda _: NeedWords(
        say("The Kibo shared secret is missing."), say("Enter it…"), "secret"
    ),
    NeedKind.LIST_DELETED: _list_deleted,
    NeedKind.WRITES_STOPPED: _writes_stopped,
    NeedKind.LOOP_STOPPED: _loop_stopped,
    NeedKind.OWED: _pending_opt_outs,
    NeedKind.OWED_OPT_INS: _pending_opt_ins,
    NeedKind.LATE: _late,
    NeedKind.EXPORT_FAILED: _export_failed,
    NeedKind.EXPORT_ASKS: _export_asks,
    NeedKind.REFUSED: _refused,
    NeedKind.PARKED: _parked,
    NeedKind.HELD: _held,
    NeedKind.WELCOMES: _welcomes,
    NeedKind.NEWCOMERS: _newcomers,
    NeedKind.DISAGREEMENT: _put_back,
}
