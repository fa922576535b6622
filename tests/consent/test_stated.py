"""What changes of a link state: a table of cases, one for each act the engine can learn of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ccdesk.consent.stated import Beside, added_word, differs, first_word, flag_of, stated
from ccdesk.core.intents import Act
from ccdesk.core.models import Link, LinkState, Ownership, WriteBack
from ccdesk.core.statements import BY_STAFF, UNSUBSCRIBED, Author, How, Side

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = NOON + 8 * HOUR
BESIDE = Beside(NOW)
HELD = replace(BESIDE, held=True)

NEW = Link(7, email="ann@example.com", kibo_opted_in=False)
OFF = replace(NEW, kibo_updated_at=NOON)
IN = Link(
    7,
    email="ann@example.com",
    contact_id="c7",
    ownership=Ownership.OWNED,
    agreed=True,
    kibo_opted_in=True,
    kibo_updated_at=NOON,
    on_list=True,
    written_at=NOON + HOUR,
)
FLAG_OFF = replace(IN, kibo_opted_in=False, agreed=False, on_list=False)
PASSED = replace(IN, kibo_opted_in=None, passed_by=True)
OUT = replace(
    IN,
    state=LinkState.UNSUBSCRIBED,
    on_list=False,
    pending=WriteBack.OPT_OUT,
    pending_reason=UNSUBSCRIBED,
    out_since=NOON + 2 * HOUR,
)
CARRIED = replace(OUT, kibo_opted_in=False, agreed=False, pending=WriteBack.NOTHING, pending_reason="")
LEFT = replace(OUT, state=LinkState.LEFT_LIST, out_after=NOON + HOUR, pending_reason="left the list")
CONFIRMING = replace(OUT, state=LinkState.CONFIRMING, pending=WriteBack.NOTHING, asked_at=NOON + 3 * HOUR)
DELETED = replace(IN, state=LinkState.CONTACT_DELETED, on_list=False)
LEFT_OUT = replace(IN, state=LinkState.LEFT_OUT, on_list=False)
CLOSED = replace(IN, state=LinkState.CLOSED)
NAMED = replace(IN, state=LinkState.NEWCOMER, on_list=False)
WANTS = replace(CARRIED, pending=WriteBack.OPT_IN, on_list=True)

UNDONE = replace(IN, state=LinkState.UNDONE, on_list=False)

WRITES_OFF, WRITES_ON = replace(BESIDE, writing=Act.OPT_OUT), replace(BESIDE, writing=Act.OPT_IN)
LATER = NOON + 4 * HOUR


def moved(link: Link) -> Link:
    return replace(link, kibo_updated_at=LATER)


CASES = {
    "an undo that was to switch the flag off, and has not": (
        replace(UNDONE, kibo_opted_in=False),
        replace(UNDONE, kibo_opted_in=True),
        WRITES_OFF,
        [],
    ),
    "on the list again after an undo": (
        UNDONE,
        IN,
        BESIDE,
        [(How.PUT_ON, Author.UNKNOWN, NOON + HOUR, NOW)],
    ),
    "an undo whose removal was refused": (replace(UNDONE, begun=Act.REMOVE), IN, BESIDE, []),
    # name: (before, after, what else is known, [(how, author, earliest, latest)])
    "nothing": (IN, replace(IN, note="x"), BESIDE, []),
    "read for the first time": (None, IN, BESIDE, []),
    "cleared by somebody": (
        IN,
        moved(FLAG_OFF),
        BESIDE,
        [(How.FLAG_CLEARED, Author.UNKNOWN, NOON, LATER)],
    ),
    "cleared, and a look had still seen it set": (
        IN,
        replace(FLAG_OFF, out_after=NOON + HOUR),
        BESIDE,
        [(How.FLAG_CLEARED, Author.UNKNOWN, NOON + HOUR, NOW)],
    ),
    "cleared in an account that counted for nothing": (
        replace(OFF, kibo_opted_in=None, seen_set=True),
        moved(FLAG_OFF),
        BESIDE,
        [(How.FLAG_CLEARED, Author.UNKNOWN, NOON, LATER)],
    ),
    "cleared, passed by": (
        PASSED,
        moved(FLAG_OFF),
        BESIDE,
        [(How.FLAG_CLEARED, Author.UNKNOWN, NOON, LATER)],
    ),
    "cleared by our write-back": (OUT, moved(CARRIED), WRITES_OFF, []),
    "cleared by somebody while we write an opt-in": (
        IN,
        moved(FLAG_OFF),
        WRITES_ON,
        [(How.FLAG_CLEARED, Author.UNKNOWN, NOON, LATER)],
    ),
    "off, and never seen otherwise": (replace(NEW, kibo_opted_in=None), OFF, BESIDE, []),
    "set by somebody": (OFF, moved(IN), BESIDE, [(How.FLAG_SET, Author.UNKNOWN, NOON, LATER)]),
    "set, and a look had still seen it off": (
        replace(OFF, in_after=NOON + HOUR),
        moved(IN),
        BESIDE,
        [(How.FLAG_SET, Author.UNKNOWN, NOON + HOUR, LATER)],
    ),
    "set, on the mail service's clock": (
        OFF,
        moved(IN),
        replace(BESIDE, skew=HOUR),
        [(How.FLAG_SET, Author.UNKNOWN, NOON - HOUR, LATER - HOUR)],
    ),
    "set, never seen before": (
        replace(NEW, kibo_opted_in=None),
        moved(IN),
        BESIDE,
        [(How.FLAG_SET, Author.UNKNOWN, None, LATER)],
    ),
    "set by our write-back": (WANTS, moved(IN), WRITES_ON, []),
    "acted on again, and set all the time": (
        replace(IN, kibo_opted_in=None),
        moved(IN),
        replace(BESIDE, last=True),
        [],
    ),
    "dates that crossed": (
        moved(OFF),
        IN,
        BESIDE,
        [(How.FLAG_SET, Author.UNKNOWN, LATER, LATER)],
    ),
    "unsubscribed": (IN, OUT, BESIDE, [(How.UNSUBSCRIBED, Author.PERSON, OUT.out_since, OUT.out_since)]),
    "unsubscribed, by staff": (
        IN,
        replace(OUT, pending_reason=BY_STAFF),
        BESIDE,
        [(How.UNSUBSCRIBED, Author.STAFF, OUT.out_since, OUT.out_since)],
    ),
    "unsubscribed, seen with the first reading": (
        None,
        OUT,
        BESIDE,
        [(How.UNSUBSCRIBED, Author.PERSON, OUT.out_since, OUT.out_since)],
    ),
    "unsubscribed, out in the shop before": (
        replace(FLAG_OFF, out_since=NOON),
        replace(CARRIED, out_since=NOON),
        BESIDE,
        [(How.UNSUBSCRIBED, Author.UNKNOWN, None, NOW)],
    ),
    "unsubscribed, without a date": (
        IN,
        replace(OUT, undated=True),
        BESIDE,
        [(How.UNSUBSCRIBED, Author.PERSON, None, OUT.out_since)],
    ),
    "still unsubscribed": (OUT, replace(OUT, note="x"), BESIDE, []),
    "unsubscribed again": (
        CONFIRMING,
        replace(OUT, out_since=LATER),
        BESIDE,
        [(How.UNSUBSCRIBED, Author.PERSON, LATER, LATER)],
    ),
    "asked to confirm": (OUT, CONFIRMING, BESIDE, []),
    "left": (IN, LEFT, BESIDE, [(How.LEFT, Author.UNKNOWN, NOON + HOUR, NOON + 2 * HOUR)]),
    "left, read first": (None, LEFT, BESIDE, [(How.LEFT, Author.UNKNOWN, NOON + HOUR, NOON + 2 * HOUR)]),
    "still left": (LEFT, replace(LEFT, note="x"), BESIDE, []),
    "left again": (
        LEFT,
        replace(LEFT, out_since=LATER),
        BESIDE,
        [(How.LEFT, Author.UNKNOWN, NOON + HOUR, LATER)],
    ),
    "left while the account was gone": (
        CLOSED,
        replace(CLOSED, on_list=False, agreed=False, out_since=LATER),
        BESIDE,
        [(How.LEFT, Author.UNKNOWN, None, LATER)],
    ),
    "gone": (IN, CLOSED, BESIDE, []),
    "deleted while gone": (CLOSED, replace(CLOSED, on_list=False), BESIDE, []),
    "left out": (None, LEFT_OUT, BESIDE, [(How.LEFT, Author.STAFF, None, NOW)]),
    "still left out": (LEFT_OUT, moved(LEFT_OUT), BESIDE, []),
    "deleted": (IN, DELETED, BESIDE, [(How.DELETED, Author.STAFF, NOON + HOUR, NOW)]),
    "deleted, off the list before": (
        replace(IN, on_list=False),
        DELETED,
        BESIDE,
        [(How.DELETED, Author.STAFF, None, NOW)],
    ),
    "still deleted": (DELETED, moved(DELETED), BESIDE, []),
    "signed up": (CARRIED, WANTS, BESIDE, [(How.SIGNED_UP, Author.PERSON, OUT.out_since, NOW)]),
    "signed up, read first": (None, WANTS, BESIDE, [
        (How.UNSUBSCRIBED, Author.UNKNOWN, OUT.out_since, OUT.out_since),
        (How.SIGNED_UP, Author.PERSON, None, NOW),
    ]),
    "still signed up": (WANTS, replace(WANTS, note="x"), BESIDE, []),
    "confirmed": (CONFIRMING, IN, BESIDE, [(How.SIGNED_UP, Author.PERSON, NOON + 3 * HOUR, NOW)]),
    "came back before it was carried": (
        OUT,
        IN,
        BESIDE,
        [(How.SIGNED_UP, Author.PERSON, OUT.out_since, NOW)],
    ),
    "put back while held": (LEFT, IN, HELD, [(How.PUT_BACK, Author.STAFF, OUT.out_since, NOW)]),
    "our own add was seen": (replace(LEFT, begun=Act.ADD), IN, BESIDE, []),
    "added by us": (replace(IN, on_list=False), IN, BESIDE, []),
    "staff add": (
        NAMED,
        replace(NAMED, state=LinkState.SYNCED, kibo_opted_in=None, added_at=NOW),
        BESIDE,
        [(How.ANSWERED_ADD, Author.STAFF, NOW, NOW)],
    ),
    "staff leave": (
        NAMED,
        replace(NAMED, state=LinkState.NEWCOMER_LEFT),
        BESIDE,
        [(How.ANSWERED_LEAVE, Author.STAFF, NOW, NOW)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_a_change_states(case):
    before, after, beside, expected = CASES[case]
    found = stated(before, after, beside)
    assert [(one.how, one.author, one.earliest, one.latest) for one in found] == expected
    for one in found:
        assert one.subject == ("7" if one.side is Side.SHOP else "c7")
        assert one.evidence
        assert before is None or differs(before, after)


FIRST = {
    "opted in": (IN, BESIDE, (How.FLAG_SET, Author.UNKNOWN, None, NOON)),
    "opted in, no date in Kibo": (
        replace(IN, kibo_updated_at=None),
        BESIDE,
        (How.FLAG_SET, Author.UNKNOWN, None, NOON + HOUR),
    ),
    "opted in, and put on the list within the second": (
        replace(IN, written_at=NOON - HOUR),
        BESIDE,
        (How.FLAG_SET, Author.UNKNOWN, None, NOON - HOUR),
    ),
    "opted in, no date at all": (
        replace(IN, kibo_updated_at=None, written_at=None),
        BESIDE,
        (How.FLAG_SET, Author.UNKNOWN, None, NOW),
    ),
    "opted in, while it counted for nothing": (
        Link(7, kibo_updated_at=NOON, seen_set=True),
        BESIDE,
        (How.FLAG_SET, Author.UNKNOWN, None, NOON),
    ),
    "opted in by us": (IN, replace(BESIDE, wrote=Act.OPT_IN), None),
    "off": (OFF, BESIDE, (How.SEEN_OFF, Author.UNKNOWN, None, NOON)),
    "off for an addition under way": (NEW, BESIDE, None),
    "never read": (Link(7), BESIDE, None),
    "cleared": (FLAG_OFF, BESIDE, (How.FLAG_CLEARED, Author.UNKNOWN, None, NOON)),
    "cleared by us, as only the link tells": (CARRIED, BESIDE, (How.FLAG_CLEARED, Author.US, None, NOON)),
    "cleared by us, as the journal tells": (CARRIED, replace(BESIDE, wrote=Act.OPT_OUT), None),
}


@pytest.mark.parametrize("case", FIRST)
def test_what_a_link_tells_of_the_first_reading(case):
    link, beside, expected = FIRST[case]
    found = first_word(link, beside)
    assert (found and (found.how, found.author, found.earliest, found.latest)) == expected


def test_what_a_link_tells_of_an_export():
    added = added_word(IN)
    assert (added.how, added.author, added.latest, added.subject) == (
        How.ADDED,
        Author.US,
        NOON + HOUR,
        "c7",
    )
    assert added_word(FLAG_OFF) is None
    assert added_word(replace(IN, written_at=None)) is None


def test_a_flag_that_was_seen_set_stays_so_though_it_is_to_be_looked_at_again():
    assert flag_of(PASSED) is True
    assert flag_of(replace(OFF, seen_set=True)) is True
    assert flag_of(OFF) is False
    assert flag_of(Link(7)) is None
