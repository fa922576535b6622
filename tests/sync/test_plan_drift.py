"""How both sides differ about one person, as a table of cases (design §8)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ccdesk.consent.columns import Column
from ccdesk.consent.reasons import Reason
from ccdesk.consent.rows import Row
from ccdesk.consent.table import TABLE
from ccdesk.core.drift import DriftKind, ShopShows, Sides
from ccdesk.core.intents import Act
from ccdesk.core.losses import Answer, Held, LossKind
from ccdesk.core.models import Contact, Customer, Link, LinkState, Permission, WriteBack
from ccdesk.sync.drift_kinds import BY_REASON, REASONS
from ccdesk.sync.plan_drift import DriftRules, drift_of

K = DriftKind
LIST, KEY = "list-1", "ann@example.com"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
EARLY, LATE, LATER = (NOON.replace(hour=hour) for hour in (9, 15, 16))
RULES = DriftRules(LIST, guests=False, now=LATE)

ON = Customer(1, KEY, True)
OFF = replace(ON, accepts_marketing=False)
THERE = Contact("c1", KEY, Permission.IMPLICIT, list_ids=frozenset({LIST}))
ELSEWHERE = replace(THERE, list_ids=frozenset({"other"}))
OUT = replace(THERE, permission=Permission.UNSUBSCRIBED, opt_out_at=NOON, list_ids=frozenset())
DELETED = replace(THERE, deleted_at="2026-05-01", list_ids=frozenset())
PENDING = replace(THERE, permission=Permission.PENDING)
HOLD = replace(THERE, permission=Permission.TEMP_HOLD)
HOLD_ELSEWHERE = replace(HOLD, list_ids=ELSEWHERE.list_ids)
SIGNED_UP = replace(THERE, permission=Permission.EXPLICIT, opt_in_source="Contact", opt_in_at=LATE)

IN = Link(1, email=KEY, contact_id="c1", kibo_opted_in=True, agreed=True, on_list=True)
GONE_OFF = replace(IN, on_list=False)
NO = Link(1, email=KEY, contact_id="c1", kibo_opted_in=False, agreed=False, out_since=NOON)
NEVER = Link(1, email=KEY, kibo_opted_in=False)
LEFT = replace(GONE_OFF, state=LinkState.LEFT_LIST)
NO_LEFT = replace(NO, state=LinkState.LEFT_LIST)
SILENT = replace(ON, id=2, is_active=False)
SEEN_THERE = Link(2, email=KEY, contact_id="c1", on_list=True, seen_set=True, guest=True)
CLOSED = replace(IN, state=LinkState.CLOSED)
NEWCOMER = Link(1, email=KEY, kibo_opted_in=True, state=LinkState.NEWCOMER)
LATE_NEWCOMER = replace(NEWCOMER, out_since=NOON)
SEEN_OFF_LIST = Link(2, email=KEY, contact_id="c1", seen_set=True, active=False)
SECOND = replace(NEWCOMER, customer_id=2)
MOVED = replace(IN, email="before@example.com")
MOVED_OUT = replace(MOVED, state=LinkState.UNSUBSCRIBED, kibo_opted_in=False, agreed=False, out_since=NOON)
MOVED_NEVER = replace(MOVED, kibo_opted_in=False, agreed=None, on_list=False)
UNDONE = replace(GONE_OFF, state=LinkState.UNDONE, agreed=None, written_at=NOON)
BACK = replace(UNDONE, kibo_opted_in=False, on_list=True, out_since=NOON)

CASES: list[tuple[str, list[Customer], Contact | None, list[Link], DriftKind | None]] = [
    # in step, or nobody's business
    ("in step", [ON], THERE, [IN], None),
    ("in step, and no run has looked yet", [ON], THERE, [], None),
    ("out on both sides", [OFF], ELSEWHERE, [NO], None),
    ("out on both sides, unsubscribed", [OFF], OUT, [NO], None),
    ("out on both sides, deleted", [OFF], DELETED, [NO], None),
    ("opted out just now and not there", [OFF], None, [GONE_OFF], None),
    ("opted out, gone from there, its id never learned", [OFF], None, [replace(IN, contact_id="")], None),
    ("never opted in, nowhere", [OFF], None, [], None),
    ("unsubscribed, and the account is disabled", [replace(ON, is_active=False)], OUT, [GONE_OFF], None),
    # mailed
    ("put back by others", [OFF], THERE, [NO], K.PUT_BACK),
    ("left, put back by others", [OFF], THERE, [replace(NO, state=LinkState.LEFT_LIST)], K.PUT_BACK),
    ("unsubscribed, put back", [OFF], THERE, [replace(NO, state=LinkState.UNSUBSCRIBED)], K.PUT_BACK),
    ("put back, waiting there", [OFF], PENDING, [NO], K.PUT_BACK),
    ("the account that opted out is gone", [], THERE, [replace(NO, state=LinkState.CLOSED)], K.PUT_BACK),
    (
        "opted out, and another agrees",
        [OFF, replace(ON, id=2)],
        THERE,
        [NO, replace(IN, customer_id=2)],
        None,
    ),
    (
        "left by one account, put on anew by the other's later opt-in",
        [OFF, replace(ON, id=2)],
        THERE,
        [replace(NO, state=LinkState.LEFT_LIST), replace(IN, customer_id=2)],
        None,
    ),
    ("opted out, not acted on", [OFF], THERE, [IN], K.OPT_OUT_DUE),
    ("opted out, and a disabled account is on", [OFF, SILENT], THERE, [IN], K.OPT_OUT_DUE),
    ("opted out, add under way", [OFF], THERE, [replace(NO, begun=Act.ADD)], K.OPT_OUT_DUE),
    ("removal begun", [OFF], THERE, [replace(NO, begun=Act.REMOVE)], K.OPT_OUT_DUE),
    (
        "removal begun, and had left the list as well",
        [OFF],
        THERE,
        [replace(NO, begun=Act.REMOVE, state=LinkState.LEFT_LIST)],
        K.OPT_OUT_DUE,
    ),
    (
        "removal begun, and the sign-up that it follows was ours",
        [OFF],
        SIGNED_UP,
        [replace(NO, begun=Act.REMOVE, agreed=None, written_at=LATE)],
        K.OPT_OUT_DUE,
    ),
    ("opted out while waiting there", [OFF], HOLD, [IN], K.OPT_OUT_DUE),
    ("signed up after the opt-out", [OFF], SIGNED_UP, [NO], K.SIGN_UP_DUE),
    ("left, then signed up", [OFF], SIGNED_UP, [replace(NO, state=LinkState.LEFT_LIST)], K.SIGN_UP_DUE),
    ("the opt-in is owed", [OFF], THERE, [replace(NO, pending=WriteBack.OPT_IN)], K.SIGN_UP_DUE),
    ("signed up before it", [OFF], replace(SIGNED_UP, opt_in_at=EARLY), [NO], K.PUT_BACK),
    ("disabled", [replace(ON, is_active=False)], THERE, [IN], K.NOBODY_AGREES),
    ("disabled, on hold there", [replace(ON, is_active=False)], HOLD, [IN], K.NOBODY_AGREES),
    ("disabled, on hold elsewhere", [replace(ON, is_active=False)], HOLD_ELSEWHERE, [IN], None),
    ("signed up, waiting there", [OFF], PENDING, [replace(NO, pending=WriteBack.OPT_IN)], K.WAITING),
    ("a guest's", [replace(ON, is_anonymous=True)], THERE, [IN], K.NOBODY_AGREES),
    ("gone", [], THERE, [CLOSED], K.NOBODY_AGREES),
    ("moved to another email", [], THERE, [IN], K.NOBODY_AGREES),
    ("left, account disabled, put back", [replace(ON, is_active=False)], THERE, [LEFT], K.NOBODY_AGREES),
    ("never opted in", [OFF], THERE, [NEVER], K.NEVER_OPTED_IN),
    (
        "signed up, the box never ticked",
        [OFF],
        SIGNED_UP,
        [replace(NEVER, kibo_updated_at=NOON)],
        K.SIGN_UP_DUE,
    ),
    (
        "signed up before it was read",
        [OFF],
        SIGNED_UP,
        [replace(NEVER, kibo_updated_at=LATER)],
        K.NEVER_OPTED_IN,
    ),
    ("never opted in, never seen", [OFF], THERE, [], K.NEVER_OPTED_IN),
    ("opted out under another email, moved here", [OFF], THERE, [MOVED_OUT], K.NOBODY_AGREES),
    ("never ticked under another email, moved here", [OFF], THERE, [MOVED_NEVER], K.NEVER_OPTED_IN),
    ("no account", [], THERE, [], K.NO_ACCOUNT),
    # not mailed
    ("unsubscribed", [ON], OUT, [IN], K.UNSUBSCRIBED),
    ("unsubscribed and owed", [ON], OUT, [replace(GONE_OFF, pending=WriteBack.OPT_OUT)], K.UNSUBSCRIBED),
    ("left", [ON], ELSEWHERE, [IN], K.LEFT_LIST),
    ("left, and owed", [ON], ELSEWHERE, [replace(LEFT, pending=WriteBack.OPT_OUT)], K.LEFT_LIST),
    (
        "left, put back, Kibo not told yet",
        [ON],
        THERE,
        [replace(LEFT, pending=WriteBack.OPT_OUT)],
        K.LEFT_LIST,
    ),
    (  # schedule 720033
        "left, Kibo not told yet, another account added by staff",
        [ON, replace(ON, id=2)],
        THERE,
        [replace(LEFT, pending=WriteBack.OPT_OUT, out_since=NOON), replace(IN, customer_id=2, added_at=LATE)],
        None,
    ),
    (
        "left again after staff added another account",
        [ON, replace(ON, id=2)],
        THERE,
        [replace(LEFT, pending=WriteBack.OPT_OUT, out_since=LATE), replace(IN, customer_id=2, added_at=NOON)],
        K.LEFT_LIST,
    ),
    (
        "unsubscribed, put back, Kibo not told yet",
        [ON],
        THERE,
        [replace(GONE_OFF, state=LinkState.UNSUBSCRIBED, pending=WriteBack.OPT_OUT, out_since=NOON)],
        K.UNSUBSCRIBED,
    ),
    ("asked before", [ON], OUT, [replace(GONE_OFF, state=LinkState.ASKED_BEFORE)], K.ASKED_BEFORE),
    ("asked to confirm", [ON], OUT, [replace(GONE_OFF, state=LinkState.CONFIRMING)], K.CONFIRMING),
    ("opted in after unsubscribing", [ON], OUT, [NO], K.CHANGE_DUE),
    ("opted in after leaving", [ON], ELSEWHERE, [replace(NO, state=LinkState.LEFT_LIST)], K.CHANGE_DUE),
    ("opted in after the deletion", [ON], DELETED, [NO], K.CHANGE_DUE),
    ("deleted", [ON], DELETED, [IN], K.DELETED),
    (
        "deleted, put on the list by others since",
        [ON, replace(SILENT, is_anonymous=True)],
        THERE,
        [replace(GONE_OFF, state=LinkState.CONTACT_DELETED), SEEN_THERE],
        None,
    ),
    ("gone from the service", [ON], None, [IN], K.DELETED),
    (
        "undeleted without a list",
        [ON],
        ELSEWHERE,
        [replace(GONE_OFF, state=LinkState.CONTACT_DELETED)],
        K.DELETED,
    ),
    ("pending", [ON], PENDING, [IN], K.WAITING),
    ("on hold", [ON], HOLD, [IN], K.WAITING),
    ("left out", [ON], ELSEWHERE, [replace(GONE_OFF, state=LinkState.LEFT_OUT)], K.LEFT_OUT),
    ("undone", [ON], ELSEWHERE, [UNDONE], K.UNDONE),
    ("undone, contact deleted since", [ON], DELETED, [UNDONE], K.UNDONE),
    ("undone, unsubscribed since", [ON], OUT, [UNDONE], K.UNSUBSCRIBED),
    ("undone, opted out since", [OFF], ELSEWHERE, [UNDONE], None),
    ("undone, another account opts in", [ON, replace(ON, id=2)], ELSEWHERE, [UNDONE], K.NOT_ADDED),
    ("opt-in undone, on the list", [OFF], THERE, [BACK], K.UNDONE),
    ("opt-in undone, and left", [OFF], ELSEWHERE, [BACK], None),
    ("newcomer", [ON], ELSEWHERE, [NEWCOMER], K.NEWCOMER),
    ("left, and opted in by another account", [OFF, replace(ON, id=2)], ELSEWHERE, [NO_LEFT], K.CHANGE_DUE),
    (
        "left, and an account came since",
        [OFF, replace(ON, id=2, created_at=LATE, updated_at=LATE)],
        ELSEWHERE,
        [NO_LEFT],
        K.NEWCOMER,
    ),
    ("opted out, and an account came since", [OFF, replace(ON, id=2)], ELSEWHERE, [NO], K.NEWCOMER),
    (
        "newcomer, and a disabled account whose flag is on",
        [ON, replace(SILENT, id=3)],
        ELSEWHERE,
        [LATE_NEWCOMER, replace(SEEN_OFF_LIST, customer_id=3)],
        K.NEWCOMER,
    ),
    (
        "newcomer, disabled since",
        [OFF, SILENT],
        ELSEWHERE,
        [NO, replace(NEWCOMER, customer_id=2)],
        K.NEWCOMER,
    ),
    ("newcomer, left", [ON], ELSEWHERE, [replace(NEWCOMER, state=LinkState.NEWCOMER_LEFT)], K.NEWCOMER),
    ("stranger", [ON], None, [], K.NOT_ADDED),
    ("contact of another source", [ON], ELSEWHERE, [], K.NOT_ADDED),
    ("opted in just now", [ON], None, [NEVER], K.NOT_ADDED),
    ("email changed just now", [ON], None, [MOVED], K.NOT_ADDED),
    ("opted out before the move", [ON], None, [replace(MOVED, pending=WriteBack.OPT_OUT)], K.CHANGE_DUE),
    ("no email", [replace(ON, email="")], None, [], K.INVALID_EMAIL),
    ("bad email", [replace(ON, email="ann@@example.com")], None, [], K.INVALID_EMAIL),
    # not told
    ("unreadable", [replace(ON, readable=False)], THERE, [IN], K.UNREADABLE),
    ("unreadable beside a readable yes", [ON, replace(ON, id=2, readable=False)], THERE, [IN], None),
]


def sides(accounts: list[Customer], contact: Contact | None, links: list[Link]) -> Sides:
    key = accounts[0].email_key if accounts else KEY
    return Sides(key, tuple(accounts), contact, tuple(links))


@pytest.mark.parametrize(
    ("accounts", "contact", "links", "kind"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_kind(
    accounts: list[Customer], contact: Contact | None, links: list[Link], kind: DriftKind | None
) -> None:
    found = drift_of(sides(accounts, contact, links), RULES)
    assert (found.kind if found else None) is kind
    if found is not None:
        assert found.reason
        assert set(found.customer_ids) >= {one.id for one in accounts}


def test_every_kind_has_a_case_a_meaning_and_a_reason() -> None:
    elsewhere = {K.HELD, K.MISTAKE, K.REFUSED}  # below
    assert {kind for *_, kind in CASES if kind} | elsewhere == set(DriftKind) - {DriftKind.LEFT_AS_IS}
    assert set(REASONS) == set(DriftKind) - {DriftKind.LEFT_AS_IS}
    assert all(kind.meaning.endswith(".") for kind in DriftKind)


def test_every_reason_of_the_table_says_what_differs() -> None:
    assert set(BY_REASON) == set(Reason)
    assert set(TABLE) == {(row, column) for row in Row for column in Column}


@pytest.mark.parametrize(
    ("answer", "contact", "link", "kind"),
    [
        (Answer.NONE, THERE, IN, K.HELD),
        (Answer.DO_IT, THERE, IN, K.OPT_OUT_DUE),
        (Answer.MISTAKE, THERE, IN, K.MISTAKE),
        (Answer.DROPPED, THERE, replace(NO, agreed=None), K.MISTAKE),
        (Answer.DROPPED, ELSEWHERE, replace(NO, agreed=None), None),
        (Answer.NONE, THERE, NO, K.PUT_BACK),  # what was carried out is not held any more
    ],
)
def test_who_is_held_is_said_to_be(
    answer: Answer, contact: Contact, link: Link, kind: DriftKind | None
) -> None:
    held = Held(1, LossKind.FLAG, KEY, KEY, NOON, answer=answer)
    found = drift_of(replace(sides([OFF], contact, [link]), held=(held,)), RULES)
    assert (found.kind if found else None) is kind
    assert found is None or found.shop is ShopShows.OPTED_OUT


@pytest.mark.parametrize(
    ("account", "contact", "links", "kind"),
    [
        (ON, None, [], K.REFUSED),
        (OFF, THERE, [IN], K.REFUSED),
        (ON, THERE, [IN], None),
        (OFF, THERE, [NO], K.PUT_BACK),
        (replace(ON, email="ann@@example.com"), None, [], K.INVALID_EMAIL),
    ],
)
def test_a_change_that_needs_a_person_is_not_said_to_repair_itself(
    account: Customer, contact: Contact | None, links: list[Link], kind: DriftKind | None
) -> None:
    found = drift_of(replace(sides([account], contact, links), parked=((1, "Bad postal code"),)), RULES)
    assert (found.kind if found else None) is kind
    if found is not None and kind is K.REFUSED:
        assert found.reason == "Bad postal code"


def test_before_the_first_export_an_unsubscription_is_not_older_than_an_opt_in() -> None:
    first = replace(RULES, exported=False)
    assert drift_of(sides([ON], OUT, []), first).kind is K.UNSUBSCRIBED  # type: ignore[union-attr]
    assert drift_of(sides([ON], OUT, []), RULES).kind is K.CHANGE_DUE  # type: ignore[union-attr]


def test_while_the_links_speak_of_another_list_nobody_has_left_this_one() -> None:
    found = drift_of(sides([ON], ELSEWHERE, [IN]), replace(RULES, watched=False))
    assert found is not None
    assert found.kind is K.NOT_ADDED


def test_a_guest_that_counts_does_not_lift_the_opt_out_of_another_account() -> None:
    guest = Customer(2, KEY, True, is_anonymous=True)
    found = drift_of(sides([OFF, guest], THERE, [IN]), replace(RULES, guests=True))
    assert found is not None
    assert found.kind is K.OPT_OUT_DUE


def test_a_guest_counts_where_the_settings_say_so() -> None:
    guest = sides([replace(ON, is_anonymous=True)], THERE, [IN])
    assert drift_of(guest, replace(RULES, guests=True)) is None


@pytest.mark.parametrize(
    ("accounts", "contact", "links", "words"),
    [
        ([ON], OUT, [IN], "unsubscribed in Constant Contact on 2026-05-01"),
        ([ON], replace(OUT, opt_out_source="Account"), [IN], "by its staff on 2026-05-01"),
        ([ON], DELETED, [IN], "deleted on 2026-05-01"),
        ([ON], HOLD, [IN], "temp_hold"),
        ([replace(ON, is_active=False)], THERE, [IN], "account is not active in Kibo"),
        ([], THERE, [CLOSED], "gone from Kibo"),
        ([], THERE, [IN], "another email"),
        ([replace(ON, email="")], None, [], "no email in Kibo"),
        ([replace(ON, email="ann@@example.com")], None, [], "not valid"),
    ],
)
def test_the_reason_says_what_is_known_of_this_person(
    accounts: list[Customer], contact: Contact | None, links: list[Link], words: str
) -> None:
    found = drift_of(sides(accounts, contact, links), RULES)
    assert found is not None
    assert words in found.reason


@pytest.mark.parametrize(
    ("known", "kind"),
    [
        ({1: EARLY, 2: EARLY}, None),
        ({1: EARLY, 2: LATE}, K.REFUSED),
        ({1: LATE, 2: NOON}, None),  # 1 took this email after 2 was known here, and brought its opt-out along
        ({}, None),  # of before that was kept
    ],
    ids=["known before", "came since", "the one that opted out came since", "not told"],
)
def test_only_an_account_that_was_known_before_an_opt_out_keeps_a_person_on_the_list(
    known: dict[int, datetime], kind: DriftKind | None
) -> None:
    """The opt-out waits for a person: its entry was refused."""
    links = [replace(IN, out_after=NOON), replace(IN, customer_id=2)]
    both = sides([OFF, replace(ON, id=2)], THERE, links)
    found = drift_of(replace(both, parked=((1, "Bad postal code"),), known_since=known), RULES)
    assert (found.kind if found else None) is kind


@pytest.mark.parametrize(("looked", "kind"), [(None, K.OPT_OUT_DUE), (NOON, None)])
def test_the_last_look_that_saw_a_flag_set_tells_who_was_known_before_it_was_cleared(
    looked: datetime | None, kind: DriftKind | None
) -> None:
    links = [replace(IN, kibo_updated_at=EARLY), replace(IN, customer_id=2)]
    both = sides([replace(OFF, updated_at=LATE), replace(ON, id=2)], THERE, links)
    known = {1: EARLY, 2: EARLY.replace(hour=10)}
    found = drift_of(replace(both, known_since=known), replace(RULES, now=LATER, looked=looked))
    assert (found.kind if found else None) is kind


def test_what_staff_added_beside_an_opt_out_stays_added_while_the_removal_is_under_way() -> None:
    """The opt-out is dated anew for the comparison, and is still the one that the answer was about."""
    opted_out = replace(NO, begun=Act.REMOVE, kibo_updated_at=EARLY)
    added = replace(IN, customer_id=2, added_at=LATE)
    both = sides([replace(OFF, updated_at=EARLY), replace(ON, id=2)], THERE, [opted_out, added])
    assert drift_of(replace(both, known_since={1: EARLY, 2: LATE}), replace(RULES, now=LATER)) is None


def test_an_account_in_step_stands_against_an_opt_out_that_was_acted_on_before_it_was_known() -> None:
    """A run has put the two together: the person came back by a sign-up, and the other account was closed."""
    closed = replace(NO, customer_id=2, state=LinkState.CLOSED)
    both = replace(sides([ON], THERE, [IN, closed]), known_since={1: LATE, 2: EARLY})
    assert drift_of(both, RULES) is None
