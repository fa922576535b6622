"""What an undo works with: what a run did for people, how they are now, what is decided, and its words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ccdesk.core.intents import JournalLine
from ccdesk.core.models import Contact, Customer, Link, LinkState, WriteBack
from ccdesk.core.runs import Outcome
from ccdesk.core.statements import How, KeptStatement


class Part(StrEnum):
    """What a run did for somebody that an undo can take back."""

    ADDED = "added"  # put on the list
    SWITCHED_ON = "switched_on"  # the opt-in in Kibo


@dataclass(frozen=True, slots=True)
class Doing:
    """One thing a run did for one account, and when at the earliest, on the mail service's clock.

    `line` is its line in the journal; an export's calls for many have none of their own. `list_id`: the list
    somebody was put on, "" where that was not noted.
    """

    part: Part
    customer_id: int
    email: str
    email_key: str
    at: datetime
    list_id: str = ""
    line: JournalLine | None = None


@dataclass(frozen=True, slots=True)
class PersonNow:
    """One person read anew, with what is remembered of them.

    `accounts`: every account with the email, and the one a flag was switched on for. `own` is the link of the
    account that the run did something for, whatever its email is by now; `links` are those with the email.
    `lines`: the journal's, of the accounts of all these links. `seen` False: nothing was learned of the
    contact but that a scan of the list did not show it. `set_at`: when flags were last switched on by Kibo's
    audit log, of the accounts it was asked about.
    """

    accounts: tuple[Customer, ...] = ()
    contact: Contact | None = None
    own: Link | None = None
    links: tuple[Link, ...] = ()
    statements: tuple[KeptStatement, ...] = ()
    lines: tuple[JournalLine, ...] = ()
    seen: bool = True
    set_at: dict[int, datetime | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an undo goes by; `skew`: how far Kibo's clock is ahead of the mail service's."""

    run_id: int
    list_id: str
    guests: bool = True
    skew: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class UndoDecision:
    """What is done about one thing a run did: `act` says whether a command is sent, `reason` why (not).

    `outcome` is the one once the command is done, or at once where none is sent. `settle`: an earlier undo
    was cut off behind its command, whose effect shows; it is only noted.
    """

    act: bool
    outcome: Outcome
    reason: str
    settle: bool = False


def undone(link: Link, note: str, at: datetime) -> Link:
    """Return the link of an account for which something was undone: our own act, and nobody's statement.

    So `agreed` tells of none, and nothing noted before counts; `at` is now, on the mail service's clock.
    """
    return replace(
        link,
        state=LinkState.UNDONE,
        agreed=None,
        written_at=at,
        out_after=None,
        pending=WriteBack.NOTHING,
        pending_reason="",
        note=note,
        passed_by=False,
        seen_set=False,
    )


def undone_words(run_id: int) -> str:
    """Say, on the link of somebody taken off the list, why they are not on it."""
    return f"taken off the list by undoing run {run_id}: left off until they opt in anew or sign up"


def switched_back_words(run_id: int) -> str:
    """Say, on the link of an account whose opt-in was switched off again, why it is off."""
    return f"opt-in switched off again in Kibo by undoing run {run_id}: until they opt in anew or sign up"


OTHER_LIST = "added to another list than the active one: choose that list again to undo it"
NOT_NOTED = "which list they were added to was not noted yet at that time: left as it is"
FORGOTTEN = "nothing is remembered of this customer any more: left as it is"
NOT_OURS = "it is not known any more that this run switched the opt-in on: left as it is"
MOVED = "the customer has another email by now: left as it is"
ALREADY = "taken off the list before, by an undo"
ALREADY_OFF = "opt-in switched off before, by an undo"
GONE = "the contact was deleted in Constant Contact since: left as it is"
OFF_LIST = "not on the list any more: left as it is"
UNSUBSCRIBED = "unsubscribed in Constant Contact: the opt-out stands"
NO_ACCOUNT = "the customer is gone from Kibo: left as it is"
UNREADABLE = "The account or contact cannot be read; nothing was changed. Undo the run again later."
OPTED_OUT = "opted out in Kibo since: the opt-out stands, and the ordinary runs carry it"
OPTED_OUT_THERE = "opted out in Constant Contact since: the opt-out stands, and the ordinary runs carry it"
OPTED_IN = "opted in again in Kibo since: left as it is"
SIGNED_UP = "signed up in Constant Contact since: left as it is"
ASKED_ABOUT = "an opt-in since then waits for an answer: left as it is"
PUT_ON = "put on the list by others since: left as it is"
ANSWERED = "answered for by staff since: left as it is"
ACTS = {
    How.FLAG_SET: OPTED_IN,
    How.FLAG_CLEARED: OPTED_OUT,
    How.INHERITED: OPTED_OUT,
    How.UNSUBSCRIBED: UNSUBSCRIBED,
    How.LEFT: "left the list since: the opt-out stands, and the ordinary runs carry it",
    How.SIGNED_UP: SIGNED_UP,
    How.PUT_ON: PUT_ON,
    How.PUT_BACK: PUT_ON,
    How.ANSWERED_ADD: ANSWERED,
    How.ANSWERED_LEAVE: ANSWERED,
}
"""What staff are told of each act of the person's, or for them, that came after the run."""
