"""What an undo takes back of what a run did for one person: design §8, `undo`, as pure functions.

Taken back is what the run added to the list, and the opt-ins it switched on in Kibo, where the person has not
acted since. Acted has somebody who opted in or out on either side, signed up themselves, or was answered for
by staff; where it cannot be told whether an act came after the run, it did: then nothing is touched, and the
ordinary rules go on. An opt-out is never undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from ccdesk.core.intents import LANDS_WITHIN, Act, Ended, JournalLine
from ccdesk.core.models import Customer, LinkState, Permission, Standing, WriteBack
from ccdesk.core.runs import Entry, Outcome
from ccdesk.core.statements import Author, KeptStatement
from ccdesk.sync.agreement import wants_mail
from ccdesk.sync.later import acted_after
from ccdesk.sync.plan_export import BACK_ON_LIST
from ccdesk.sync.standing_opt_outs import NEWCOMERS
from ccdesk.sync.undoing import (
    ACTS,
    ALREADY,
    ALREADY_OFF,
    ASKED_ABOUT,
    FORGOTTEN,
    GONE,
    MOVED,
    NO_ACCOUNT,
    NOT_NOTED,
    NOT_OURS,
    OFF_LIST,
    OPTED_IN,
    OPTED_OUT,
    OPTED_OUT_THERE,
    OTHER_LIST,
    SIGNED_UP,
    UNREADABLE,
    UNSUBSCRIBED,
    Doing,
    Part,
    PersonNow,
    Surroundings,
    UndoDecision,
)


def was_added(entry: Entry) -> bool:
    """Say whether a run's entry tells that it put the person on the list."""
    back = entry.outcome is Outcome.UPDATED and entry.reason.startswith(BACK_ON_LIST)
    return entry.outcome is Outcome.ADDED or back


def has_done(line: JournalLine) -> Part | None:
    """Return what a line of the journal did, or may have done, that an undo can take back."""
    if line.ended not in (Ended.DONE, Ended.OPEN):
        return None
    if line.act.puts_on:
        return Part.ADDED
    return Part.SWITCHED_ON if line.act is Act.OPT_IN else None


# ---------------------------------------------------------------- the list


def plan_take_off(doing: Doing, person: PersonNow, by: Surroundings) -> UndoDecision:
    """Decide whether somebody whom the run put on the list is taken off it."""
    if doing.list_id != by.list_id:
        return _leave(NOT_NOTED if not doing.list_id else OTHER_LIST)
    own = person.own
    if own is None:
        return _leave(FORGOTTEN)
    if own.state is LinkState.UNDONE and (resumed := _resumed(doing, person, by)) is not None:
        return resumed
    contact = person.contact
    if own.email_key != doing.email_key:
        return _leave(MOVED)
    if why := _put_on_again(doing, person, by.run_id) or _gone_there(person):
        return _leave(why)
    if contact is not None and contact.permission is Permission.UNKNOWN:
        return _UNREADABLE
    if any(not one.readable for one in person.accounts):
        return _UNREADABLE
    if why := _acted_since(doing, person, by):
        return _leave(why)
    if contact is None or by.list_id not in contact.list_ids:
        return _leave(OFF_LIST)
    return UndoDecision(True, Outcome.REMOVED, _taken_off(by))


def _resumed(doing: Doing, person: PersonNow, by: Surroundings) -> UndoDecision | None:
    """Decide about somebody whom an undo has begun to take off, or has; None: it only switched a flag off."""
    own = person.own
    if own is None or own.on_list:
        return None
    if not any(one.being_taken_off for one in person.links):
        return UndoDecision(False, Outcome.UNCHANGED, ALREADY)
    there = person.contact is not None and by.list_id in person.contact.list_ids
    if there and (why := _acted_since(doing, person, by)):
        return _leave(why)
    return UndoDecision(there, Outcome.REMOVED, _taken_off(by), settle=not there)


def _taken_off(by: Surroundings) -> str:
    return f"taken off the list: run {by.run_id} had put them there"


def _put_on_again(doing: Doing, person: PersonNow, run_id: int) -> str:
    """Say that a later run has put the person on the list, "" if none has."""
    for line in person.lines:
        later = line.run_id != run_id and line.begun > doing.at
        if line.act.puts_on and later and not line.is_over and line.list_id == doing.list_id:
            return f"put on the list again since, by run {line.run_id}: left on it"
    return ""


def _gone_there(person: PersonNow) -> str:
    """Say that the contact cannot be on the list any more, "" if it may."""
    contact = person.contact
    if contact is None:
        return GONE if person.seen else OFF_LIST
    if contact.standing is Standing.OUT:
        return UNSUBSCRIBED
    return GONE if contact.standing is Standing.DELETED else ""


# ---------------------------------------------------------------- the flag


def plan_switch_back(doing: Doing, person: PersonNow, by: Surroundings) -> UndoDecision:
    """Decide whether an opt-in that the run switched on in Kibo is switched off again."""
    account = next((one for one in person.accounts if one.id == doing.customer_id), None)
    own = person.own
    if doing.line is None or own is None:
        return _leave(NOT_OURS)
    ours = [one for one in person.lines if one.act is Act.OPT_OUT and one.undoes is not None]
    begun = any(one.ended is Ended.OPEN and one.number > doing.line.number for one in ours)
    if own.state is LinkState.UNDONE and own.kibo_opted_in is False:
        if account is not None and account.accepts_marketing and begun:
            return _switch_off(by)
        if begun:
            return UndoDecision(False, Outcome.OPTED_OUT, _switched_off(by), settle=True)
        return UndoDecision(False, Outcome.UNCHANGED, ALREADY_OFF)
    if later := _written_since(doing.line, person.lines):
        return _leave(f"the opt-in was written again since, by run {later.run_id}: left as it is")
    if account is None:
        return _leave(NO_ACCOUNT)
    if any(not one.readable for one in person.accounts):
        return _UNREADABLE
    if account.email_key != doing.email_key:
        return _leave(MOVED)
    if not account.accepts_marketing:
        return _leave(OPTED_OUT)
    out = person.contact is not None and person.contact.standing is Standing.OUT
    if why := (UNSUBSCRIBED if out else _acted_since(doing, person, by)):
        return _leave(why)
    return _switch_off(by)


def _switch_off(by: Surroundings) -> UndoDecision:
    return UndoDecision(True, Outcome.OPTED_OUT, _switched_off(by))


def _switched_off(by: Surroundings) -> str:
    return f"opt-in switched off again in Kibo: run {by.run_id} had switched it on"


def _written_since(line: JournalLine, lines: Iterable[JournalLine]) -> JournalLine | None:
    same = (one for one in lines if one.customer_id == line.customer_id and one.number > line.number)
    return next((one for one in same if one.act.writes_flag and not one.is_over), None)


# ---------------------------------------------------------------- what happened since


def _acted_since(doing: Doing, person: PersonNow, by: Surroundings) -> str:
    """Say by which act the person, or staff for them, has acted since the run did something; "" if none."""
    found = (
        _link_says(doing, person),
        _stated_since(doing, person.statements, by.run_id),
        _accounts_show(doing, person, by),
        _signed_up(doing, person),
    )
    return next((one for one in found if one), "")


def _link_says(doing: Doing, person: PersonNow) -> str:
    """Say what is owed or asked about the person."""
    links = [*person.links, *([person.own] if person.own is not None else [])]
    if any(one.pending is WriteBack.OPT_OUT for one in links):
        return OPTED_OUT_THERE
    if any(one.pending is WriteBack.OPT_IN for one in links):
        return SIGNED_UP
    if any(one.state in (*NEWCOMERS, LinkState.CONFIRMING, LinkState.ASKED_BEFORE) for one in links):
        return ASKED_ABOUT
    return ""


def _stated_since(doing: Doing, statements: Sequence[KeptStatement], run_id: int) -> str:
    """Say what was stated since, as far as a later run, or staff, have told of it."""
    for one in statements:
        learned = one.run is None or one.run > run_id
        if one.author is not Author.US and learned and one.latest >= doing.at and one.how in ACTS:
            return ACTS[one.how]
    return ""


def _accounts_show(doing: Doing, person: PersonNow, by: Surroundings) -> str:
    """Say what the accounts show that no run has acted on yet."""
    known = {one.customer_id: one for one in person.links}
    for account in person.accounts:
        link = known.get(account.id)
        if doing.part is Part.SWITCHED_ON and account.id == doing.customer_id:
            continue  # its flag is looked at by itself
        if not account.accepts_marketing and link is not None and link.cleared_is_opt_out:
            return OPTED_OUT
        created = account.created_at is not None and account.created_at - by.skew > doing.at
        new = created or link is None or (link.kibo_opted_in is False and not link.being_added)
        if new and doing.part is Part.ADDED and wants_mail(account, guests=by.guests):
            return OPTED_IN
    for number, at in person.set_at.items():
        if at is not None and at - by.skew > _echo_until(doing, number, person.lines, by.run_id):
            return OPTED_IN
    return ""


def _echo_until(
    doing: Doing, number: int, lines: Iterable[JournalLine] = (), run_id: int | None = None
) -> datetime:
    """Return until when a flag seen switched on may be our own write of this very run.

    By `lines` also that of another account of the person: one sign-up opts in all of them.
    """
    own = doing.part is Part.SWITCHED_ON and number == doing.customer_id
    written = [
        one.begun
        for one in lines
        if one.act is Act.OPT_IN and (one.customer_id, one.run_id) == (number, run_id) and not one.is_over
    ]
    if own:
        written.append(doing.at)
    return max([doing.at, *(begun + LANDS_WITHIN for begun in written)])


def _signed_up(doing: Doing, person: PersonNow) -> str:
    """Say that the contact shows a later act of the person's own; our sign-up call looks like one."""
    if person.contact is None:
        return ""
    since = doing.at
    if doing.line is not None and doing.line.sign_up:
        since += LANDS_WITHIN
    return SIGNED_UP if acted_after(person.contact, since) else ""


def in_doubt(doing: Doing, accounts: Iterable[Customer], by: Surroundings) -> Iterator[Customer]:
    """Yield the accounts whose flag may have been cleared and set again unseen: the audit log may tell.

    Their update date alone is no act of anybody: an order moves it as well.
    """
    for one in accounts:
        changed = one.updated_at is not None and one.updated_at - by.skew > _echo_until(doing, one.id)
        if one.readable and one.accepts_marketing and changed:
            yield one


def _leave(reason: str) -> UndoDecision:
    return UndoDecision(False, Outcome.SKIPPED, reason)


_UNREADABLE = UndoDecision(False, Outcome.ERROR, UNREADABLE)
