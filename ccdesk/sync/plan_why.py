"""The verdict about one person: the table of consent in plain words (design §8, `why`).

It is read by the same code as the comparison of everything (`plan_drift`), so the two never say different
things. What both sides show may have been read just now, or be what is remembered (`last_read`).
"""

from __future__ import annotations

from dataclasses import replace

from ccdesk.consent.columns import Column
from ccdesk.consent.reasons import Reason
from ccdesk.consent.rows import Row
from ccdesk.consent.table import TABLE, Cell
from ccdesk.core.drift import DriftKind, Sides
from ccdesk.core.models import LinkState, Standing
from ccdesk.core.runs import EventStatus
from ccdesk.core.why import Verdict
from ccdesk.core.words import Text, marked
from ccdesk.sync.last_read import Remembered, as_last_read
from ccdesk.sync.plan_drift import DriftRules, PersonSides, reason_for
from ccdesk.sync.why_rules import BY_KIND, NO_LIST, R1_NONE, R1_ONE, R1_SILENT, UNKNOWN, Says

_OVER_ANOTHER = (DriftKind.HELD, DriftKind.REFUSED)  # what stands before a difference that it does not settle


def remembered_verdict(
    known: Remembered, rules: DriftRules, *, former: bool = False, seen: bool = False
) -> Verdict:
    """Return the verdict about a person as both sides were last read; see `verdict_of`."""
    sides = as_last_read(known, rules.list_id)
    return _unless_waiting(verdict_of(sides, rules, live=False, former=former, seen=seen), known)


def verdict_of(
    sides: Sides, rules: DriftRules, *, live: bool, former: bool = False, seen: bool = False
) -> Verdict:
    """Return the verdict about a person as both sides show them.

    `live`: they were read just now. `former`: no account has this email now, but one had it before.
    `seen`: an account was seen under it, of which nothing more is remembered.
    """
    if not (sides.accounts or sides.contact or sides.links or former or (seen and not live)):
        return _of_nobody(live=live)
    person = PersonSides(sides, rules)
    if not live and not sides.accounts and (_never_read(sides) or (seen and not sides.links)):
        return _not_read(person)
    kind = person.kind()
    if kind is DriftKind.NO_ACCOUNT and former:
        kind = DriftKind.NOBODY_AGREES
    if kind is None:
        return _in_step(person, former=former)
    says = _said(person, kind)
    cell = "" if kind is DriftKind.UNDONE else _cell_words(person)  # what an undo left so is not the table's
    return Verdict(says.wants, says.should, False, BY_KIND[kind].rule, _reason(person, kind), cell)


def _unless_waiting(verdict: Verdict, known: Remembered) -> Verdict:
    """Return a verdict on what was last read; nobody is in step while a removal or a change is not done.

    What a change is that nobody has looked at is not known: what was acted on may not be so any more.
    """
    if verdict.in_step and any(one.being_taken_off for one in known.mine):
        reason = marked("opted out, and being taken off the list: it is not known yet whether that is done")
        verdict = replace(verdict, in_step=False, reason=reason, cell="")
    if not known.queued:
        return verdict
    change = known.untold
    if change is None:
        waits = marked("{reason}; a change in Kibo still waits to be acted on").format(reason=verdict.reason)
        return replace(verdict, in_step=False, reason=waits if verdict.in_step else verdict.reason)
    if change.status is not EventStatus.PARKED:
        reason = marked(
            "{reason}; a change of customer {number} in Kibo has not been acted on yet, so this may not be "
            "so any more"
        )
    elif not verdict.in_step and change.error in verdict.reason:
        return verdict  # that it waits, and why, is what the verdict says already
    else:
        reason = marked(
            "{reason}; a change of customer {number} waits for a person, so this may not be so any more: "
            "{why}"
        )
    reason = reason.format(reason=verdict.reason, number=change.object_id, why=Text(change.error))
    return replace(verdict, wants_mail=None, in_step=False, told=False, reason=reason)


def without_list(verdict: Verdict) -> Verdict:
    """Return a verdict while the active list is gone: nobody is on it, and that is nobody's act."""
    if not verdict.should_be_on_list:
        return verdict
    reason = marked(
        "the list is gone from Constant Contact, and nobody is put on another before it is chosen"
    )
    return replace(verdict, in_step=False, by=NO_LIST, cell="", reason=reason)


def kind_of(sides: Sides, rules: DriftRules) -> DriftKind | None:
    """Return how both sides differ about a person, None where they are in step."""
    return PersonSides(sides, rules).kind()


def _never_read(sides: Sides) -> bool:
    """Say whether accounts are known whose flag was never read."""
    mine = [one for one in sides.links if one.email_key in ("", sides.key)]
    return any(one.kibo_opted_in is None and one.state is not LinkState.CLOSED for one in mine)


def _of_nobody(*, live: bool) -> Verdict:
    reason = (
        marked("no account in the shop and no contact in Constant Contact is found by that")
        if live
        else marked("ccdesk has never seen an account or a contact of theirs")
    )
    return Verdict(None, False, True, UNKNOWN, reason)


def _not_read(person: PersonSides) -> Verdict:
    kind = person.kind()
    out = person.contact is not None and person.contact.standing is Standing.OUT
    reason = marked(
        "an account has been seen, but never acted on: it was not opted in then, or waits for its turn"
    )
    if out:
        reason = marked("{first}; {then}").format(first=Reason.UNSUBSCRIBED.text, then=reason)
    return Verdict(False if out else None, False, kind is None, UNKNOWN, reason, _cell_words(person))


def _said(person: PersonSides, kind: DriftKind) -> Says:
    """Return what a kind says about this person: some say it only with what they stand before."""
    says = BY_KIND[kind]
    if kind is DriftKind.UNDONE and not person.yes:  # the opt-in that was switched off again
        return Says(False, person.member, says.rule)
    if kind in _OVER_ANOTHER:
        below = person.by_table()
        return _said(person, below) if below is not None and below is not kind else says
    if kind in (DriftKind.WAITING, DriftKind.UNREADABLE):
        return Says(says.wants, person.member, says.rule)
    if kind is DriftKind.CHANGE_DUE and _cell(person) is Cell.ADD:
        return BY_KIND[DriftKind.NOT_ADDED]
    return says


def _reason(person: PersonSides, kind: DriftKind) -> str:
    """Return the kind's sentence; of an email that was refused, why."""
    noted = next((one.note for one in person.links if one.state is LinkState.INVALID and one.note), "")
    if kind is DriftKind.NOT_ADDED and noted:
        return Text(noted)
    return reason_for(person, kind)


# ---------------------------------------------------------------- in step


def _in_step(person: PersonSides, *, former: bool) -> Verdict:
    if person.yes:
        return Verdict(True, True, True, R1_ONE, _both_in(person), _cell_words(person))
    column = person.column
    if column in (Column.NO_ANSWERED, Column.NO_UNANSWERED, Column.NO_SIGNED_UP):
        return Verdict(False, False, True, R1_NONE, _both_out(person), _cell_words(person))
    out = person.contact is not None and person.contact.standing is Standing.OUT
    if column is Column.SILENT:
        reason = marked("no account agrees any more ({why}), and they are not on the list")
        wants, reason = False if out else None, reason.format(why=person.who_does_not_count())
        return Verdict(wants, False, True, R1_SILENT, reason, _cell_words(person))
    if person.accounts:
        reason = marked("never opted in in the shop, and not on the list")
        return Verdict(False, False, True, R1_NONE, reason, _cell_words(person))
    reason = (
        marked("an account that has another email now, and not on the list: nothing is done")
        if former
        else marked("no account in the shop, and not on the list: nothing is done")
    )
    return Verdict(False if out else None, False, True, UNKNOWN, reason, _cell_words(person))


def _both_in(person: PersonSides) -> str:
    if len(person.accounts) == len(person.yes):
        return Reason.IN_STEP.text
    return marked("opted in in the shop by one of several accounts, which is enough, and on the list")


def _both_out(person: PersonSides) -> str:
    """Say which side the opt-out was stated on, as far as the links tell."""
    states = {one.state for one in person.links}
    if person.row is Row.UNSUBSCRIBED or LinkState.UNSUBSCRIBED in states:
        return marked("unsubscribed in Constant Contact, and opted out in the shop")
    if LinkState.LEFT_LIST in states:
        return marked("left the list in Constant Contact, and opted out in the shop")
    return marked("opted out in the shop, and not on the list")


# ---------------------------------------------------------------- the cell


def _cell(person: PersonSides) -> Cell:
    return TABLE[person.row, person.column]


def _cell_words(person: PersonSides) -> str:
    """Return where in the table of consent (docs/consent.md b) a rule was found."""
    return marked("{row} × {column}: {cell}").format(
        row=Text(person.row.value), column=Text(person.column.value), cell=Text(_cell(person).value)
    )
