"""Design R4: how a contact's state is read against its link."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdesk.core.intents import Act
from ccdesk.core.models import (
    Contact,
    ContactFields,
    Link,
    LinkState,
    Ownership,
    Permission,
    Standing,
    WriteBack,
)
from ccdesk.sync.mapping import creation_hash
from ccdesk.sync.plan_held import OPTED_OUT_MEANWHILE, PUT_BACK, observe_held
from ccdesk.sync.plan_inbound import observe
from ccdesk.sync.standing_opt_outs import UNSUBSCRIBED as OUT_WORDS
from ccdesk.sync.standing_opt_outs import unsubscribed_at

LIST = "list-1"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
IN = Link(1, email="ada@example.com", contact_id="c1", kibo_opted_in=True, agreed=True, on_list=True)
OUT = replace(IN, kibo_opted_in=False, agreed=False, on_list=False, out_since=NOON - HOUR)
LEFT = replace(OUT, state=LinkState.LEFT_LIST)
OWED = replace(LEFT, kibo_opted_in=True, pending=WriteBack.OPT_OUT)


def contact(permission=Permission.IMPLICIT, lists=(), **more):
    return Contact("c1", "ada@example.com", permission, list_ids=frozenset(lists), **more)


UNSUBSCRIBED = contact(Permission.UNSUBSCRIBED, opt_out_at=NOON, opt_out_source="Contact")
SIGNED_UP = {"opt_in_source": "Contact", "opt_in_at": NOON}
SIGNED = replace(OUT, on_list=True, pending=WriteBack.OPT_IN, pending_reason="signed up")
UNDONE = replace(IN, state=LinkState.UNDONE, agreed=None, on_list=False, written_at=NOON - HOUR)
BACK = replace(UNDONE, kibo_opted_in=False, on_list=True, out_since=NOON - HOUR)
BY_OTHERS = {"update_source": "Account", "updated_at": NOON}
CASES = {
    "taken off by an undo": (contact(), UNDONE, WriteBack.NOTHING, LinkState.UNDONE),
    "undone, and deleted": (contact(deleted_at="2026-05-01"), UNDONE, WriteBack.NOTHING, LinkState.UNDONE),
    "undone, and gone": (None, UNDONE, WriteBack.NOTHING, LinkState.UNDONE),
    "undone, and unsubscribed": (UNSUBSCRIBED, UNDONE, WriteBack.OPT_OUT, LinkState.UNSUBSCRIBED),
    "undone, and on hold": (contact(Permission.TEMP_HOLD), UNDONE, WriteBack.NOTHING, LinkState.UNDONE),
    "undone, and signed up": (
        contact(Permission.EXPLICIT, [LIST], **SIGNED_UP), UNDONE, WriteBack.NOTHING, LinkState.SYNCED,
    ),
    "undone, signed up elsewhere only": (
        contact(Permission.EXPLICIT, ["other"], **SIGNED_UP), UNDONE, WriteBack.NOTHING, LinkState.UNDONE,
    ),
    "undone, put back by staff long after": (
        contact(lists=[LIST], **BY_OTHERS), UNDONE, WriteBack.NOTHING, LinkState.SYNCED,
    ),
    "undone just now, and the list lags behind": (
        contact(lists=[LIST], **BY_OTHERS), replace(UNDONE, written_at=NOON), WriteBack.NOTHING,
        LinkState.UNDONE,
    ),
    "undone, the removal may take effect still": (
        contact(lists=[LIST], **BY_OTHERS), replace(UNDONE, begun=Act.REMOVE), WriteBack.NOTHING,
        LinkState.UNDONE,
    ),
    "undone, the removal has not taken effect": (
        contact(lists=[LIST], **BY_OTHERS), replace(UNDONE, begun=Act.REMOVE, written_at=NOON - 2 * HOUR),
        WriteBack.NOTHING, LinkState.SYNCED,
    ),
    "opt-in undone, on the list by the sign-up before": (
        contact(Permission.EXPLICIT, [LIST], opt_in_source="Contact", opt_in_at=NOON - 2 * HOUR), BACK,
        WriteBack.NOTHING, LinkState.UNDONE,
    ),
    "opt-in undone, signed up again": (
        contact(Permission.EXPLICIT, [LIST], **SIGNED_UP), BACK, WriteBack.OPT_IN, LinkState.UNDONE,
    ),
    "opt-in undone, left": (contact(), BACK, WriteBack.NOTHING, LinkState.LEFT_LIST),
    "opt-in undone, unsubscribed": (UNSUBSCRIBED, BACK, WriteBack.NOTHING, LinkState.UNSUBSCRIBED),
    "unsubscribed": (UNSUBSCRIBED, IN, WriteBack.OPT_OUT, LinkState.UNSUBSCRIBED),
    "unsubscribed, membership still shown": (
        replace(UNSUBSCRIBED, list_ids=frozenset({LIST})), IN, WriteBack.OPT_OUT, LinkState.UNSUBSCRIBED,
    ),
    "unsubscribed, Kibo is out already": (UNSUBSCRIBED, OUT, WriteBack.NOTHING, LinkState.UNSUBSCRIBED),
    "left the list, stays on another": (contact(lists=["other"]), IN, WriteBack.OPT_OUT, LinkState.LEFT_LIST),
    "left again before Kibo was given the opt-in": (
        contact(lists=["other"]),
        replace(OUT, on_list=True, pending=WriteBack.OPT_IN),
        WriteBack.NOTHING,
        LinkState.LEFT_LIST,
    ),
    "left and on no list": (contact(), IN, WriteBack.OPT_OUT, LinkState.LEFT_LIST),
    "left after their account was gone": (
        contact(lists=["other"]), replace(IN, state=LinkState.CLOSED), WriteBack.NOTHING, LinkState.CLOSED,
    ),
    "never was on the list": (contact(), replace(IN, on_list=False), WriteBack.NOTHING, LinkState.SYNCED),
    "deleted": (contact(deleted_at="2026-05-01"), IN, WriteBack.NOTHING, LinkState.CONTACT_DELETED),
    "deleted, though its address shows an opt-out": (
        contact(deleted_at="2026-05-01", opt_out_at=NOON, opt_out_source="Account"), IN, WriteBack.NOTHING,
        LinkState.CONTACT_DELETED,
    ),
    "unsubscribed and deleted": (
        replace(UNSUBSCRIBED, deleted_at="2026-05-01"), IN, WriteBack.OPT_OUT, LinkState.UNSUBSCRIBED,
    ),
    "signed up, unsubscribed and deleted before Kibo was given the opt-in": (
        replace(UNSUBSCRIBED, deleted_at="2026-05-01"), SIGNED, WriteBack.NOTHING, LinkState.UNSUBSCRIBED,
    ),
    "signed up and deleted before Kibo was given the opt-in": (
        contact(deleted_at="2026-05-01", **SIGNED_UP), SIGNED, WriteBack.NOTHING, LinkState.CONTACT_DELETED,
    ),
    "brought back by a sign-up, and deleted again": (
        contact(deleted_at="2026-05-01", **SIGNED_UP), replace(SIGNED, state=LinkState.CONTACT_DELETED),
        WriteBack.NOTHING, LinkState.CONTACT_DELETED,
    ),
    "gone": (None, IN, WriteBack.NOTHING, LinkState.CONTACT_DELETED),
    "on hold": (contact(Permission.TEMP_HOLD), IN, WriteBack.NOTHING, LinkState.HELD),
    "pending": (contact(Permission.PENDING), IN, WriteBack.NOTHING, LinkState.HELD),
    "not set": (contact(Permission.NOT_SET), IN, WriteBack.NOTHING, LinkState.HELD),
    "unknown word": (contact(Permission.UNKNOWN), IN, WriteBack.NOTHING, LinkState.HELD),
    "still in": (contact(lists=[LIST]), IN, WriteBack.NOTHING, LinkState.SYNCED),
    "resubscribed by own act": (
        contact(Permission.EXPLICIT, [LIST], **SIGNED_UP), OUT, WriteBack.OPT_IN, LinkState.SYNCED,
    ),
    "joined again by own act": (
        contact(lists=[LIST], update_source="Contact", updated_at=NOON), LEFT, WriteBack.OPT_IN,
        LinkState.LEFT_LIST,
    ),
    "put back by staff": (
        contact(lists=[LIST], update_source="Account", updated_at=NOON), LEFT, WriteBack.NOTHING,
        LinkState.LEFT_LIST,
    ),
    "explicit, but from before the opt-out": (
        contact(Permission.EXPLICIT, [LIST], opt_in_source="Contact", opt_in_at=NOON - 2 * HOUR), OUT,
        WriteBack.NOTHING, LinkState.SYNCED,
    ),
    "resubscribed, but on another list only": (
        contact(Permission.EXPLICIT, ["other"], **SIGNED_UP), OUT, WriteBack.NOTHING, LinkState.SYNCED,
    ),
    "out since an unknown time": (
        contact(Permission.EXPLICIT, [LIST], **SIGNED_UP), replace(OUT, out_since=None), WriteBack.NOTHING,
        LinkState.SYNCED,
    ),
    "asked to confirm, not yet done": (
        UNSUBSCRIBED,
        replace(IN, state=LinkState.CONFIRMING, on_list=False, asked_at=NOON + HOUR),
        WriteBack.NOTHING, LinkState.CONFIRMING,
    ),
    "asked to confirm, opted out again": (
        replace(UNSUBSCRIBED, opt_out_at=NOON + 2 * HOUR),
        replace(IN, state=LinkState.CONFIRMING, on_list=False, asked_at=NOON + HOUR),
        WriteBack.OPT_OUT, LinkState.UNSUBSCRIBED,
    ),
    "asked to confirm, confirmed": (
        contact(Permission.EXPLICIT, [LIST], **SIGNED_UP),
        replace(IN, state=LinkState.CONFIRMING, on_list=False, asked_at=NOON - HOUR),
        WriteBack.NOTHING, LinkState.SYNCED,
    ),
    "opted in again, and was asked once before": (
        UNSUBSCRIBED,
        replace(IN, state=LinkState.ASKED_BEFORE, on_list=False, out_since=UNSUBSCRIBED.opt_out_at),
        WriteBack.NOTHING, LinkState.ASKED_BEFORE,
    ),
    "opted in again, was asked once before, opted out again": (
        replace(UNSUBSCRIBED, opt_out_at=UNSUBSCRIBED.opt_out_at + HOUR),
        replace(IN, state=LinkState.ASKED_BEFORE, on_list=False, out_since=UNSUBSCRIBED.opt_out_at),
        WriteBack.OPT_OUT, LinkState.UNSUBSCRIBED,
    ),
    "opted in again, was asked once before, signed up": (
        contact(Permission.EXPLICIT, [LIST], **SIGNED_UP),
        replace(IN, state=LinkState.ASKED_BEFORE, on_list=False, out_since=NOON - HOUR),
        WriteBack.NOTHING, LinkState.SYNCED,
    ),
    "back in by own act before Kibo was told": (
        contact(lists=[LIST], update_source="Contact", updated_at=NOON), OWED, WriteBack.NOTHING,
            LinkState.SYNCED,
    ),
    "back in by own act, the account disabled and never acted on": (
        contact(lists=[LIST], update_source="Contact", updated_at=NOON),
        replace(OWED, kibo_opted_in=None, seen_set=True, agreed=None), WriteBack.NOTHING, LinkState.SYNCED,
    ),
    "put back by others, the account disabled and never acted on": (
        contact(lists=[LIST], update_source="Account", updated_at=NOON),
        replace(OWED, kibo_opted_in=None, seen_set=True, agreed=None), WriteBack.OPT_OUT, LinkState.LEFT_LIST,
    ),
    "put back by others before Kibo was told": (
        contact(lists=[LIST], update_source="Account", updated_at=NOON), OWED, WriteBack.OPT_OUT,
        LinkState.LEFT_LIST,
    ),
    "deleted after an opt-out still owed": (
        contact(deleted_at="2026-05-01"),
        replace(IN, pending=WriteBack.OPT_OUT, state=LinkState.UNSUBSCRIBED), WriteBack.OPT_OUT,
        LinkState.CONTACT_DELETED,
    ),
    "customer gone": (
        UNSUBSCRIBED, replace(IN, state=LinkState.CLOSED), WriteBack.NOTHING, LinkState.CLOSED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_each_state(case):
    there, link, pending, state = case
    link_after = observe(there, link, list_id=LIST, now=NOON).link
    assert (link_after.pending, link_after.state) == (pending, state)


@pytest.mark.parametrize("flag", [False, None])
def test_a_member_by_nobodys_agreement_is_remembered_and_leaves_like_any_other(flag):
    never = Link(1, email="ada@example.com", kibo_opted_in=flag)
    there = observe(contact(lists=[LIST]), never, list_id=LIST, now=NOON).link
    assert there == replace(never, contact_id="c1", on_list=True)
    gone = observe(contact(lists=["other"]), there, list_id=LIST, now=NOON)
    assert gone.left
    assert (gone.link.state, gone.link.agreed, gone.link.out_since) == (LinkState.LEFT_LIST, None, NOON)
    assert gone.link.pending is (WriteBack.OPT_OUT if flag is None else WriteBack.NOTHING)


def test_who_opted_out_and_was_put_on_by_others_is_not_remembered_as_a_member():
    assert observe(contact(lists=[LIST]), OUT, list_id=LIST, now=NOON).link == OUT


def test_a_removal_under_way_is_told_by_the_journal_whatever_the_note_says():
    begun = replace(IN, kibo_opted_in=False, agreed=False, on_list=False, begun=Act.REMOVE, note="other")
    there = contact(lists=[LIST])
    assert observe(there, begun, list_id=LIST, now=NOON).link == begun


def test_whom_our_own_removal_takes_off_has_not_left_even_if_the_contact_is_not_known_by_its_id():
    sent = ContactFields(IN.email)
    begun = replace(
        IN, contact_id="", ownership=Ownership.OWNED, kibo_opted_in=False, on_list=False, begun=Act.REMOVE
    )
    made = replace(begun, written_hash=creation_hash(sent))
    there = contact()
    after = observe(there, made, list_id=LIST, now=NOON)
    assert not after.left
    assert after.link.state is LinkState.SYNCED
    unknown = observe(there, replace(made, begun=Act.CREATE), list_id=LIST, now=NOON)
    assert unknown.left  # a creation always comes with the list: whoever is on none has left it


contacts = st.none() | st.builds(
    Contact,
    id=st.just("c1"),
    email=st.just("ada@example.com"),
    permission=st.sampled_from(list(Permission)),
    deleted_at=st.sampled_from(["", "2026-01-01"]),
    opt_out_at=st.sampled_from([None, NOON - 2 * HOUR, NOON]),
    opt_in_at=st.sampled_from([None, NOON - 2 * HOUR, NOON]),
    opt_in_source=st.sampled_from(["", "Contact", "Account"]),
    update_source=st.sampled_from(["", "Contact", "Account"]),
    updated_at=st.sampled_from([None, NOON - 2 * HOUR, NOON]),
    list_ids=st.sampled_from([frozenset(), frozenset({LIST}), frozenset({"other"})]),
)
links = st.builds(
    Link,
    customer_id=st.just(1),
    email=st.just("ada@example.com"),
    contact_id=st.just("c1"),
    state=st.sampled_from(list(LinkState)),
    kibo_opted_in=st.sampled_from([None, True, False]),
    on_list=st.booleans(),
    pending=st.sampled_from(list(WriteBack)),
    out_since=st.sampled_from([None, NOON - HOUR]),
    asked_at=st.sampled_from([None, NOON - HOUR]),
    passed_by=st.booleans(),
    begun=st.none() | st.sampled_from([Act.CREATE, Act.ADD, Act.REMOVE]),
)


@given(there=contacts, link=links)
def test_reading_the_same_state_twice_changes_nothing_more(there, link):
    once = observe(there, link, list_id=LIST, now=NOON)
    twice = observe(there, once.link, list_id=LIST, now=NOON)
    assert twice.link == once.link
    assert twice.reason == ""


@given(there=contacts, link=links)
def test_an_opt_in_needs_permission_membership_and_an_act_of_the_person(there, link):
    pending = observe(there, link, list_id=LIST, now=NOON).link.pending
    if pending is WriteBack.OPT_IN and link.pending is not WriteBack.OPT_IN:
        assert there is not None
        assert there.standing is Standing.IN
        assert LIST in there.list_ids
        assert "Contact" in (there.opt_in_source, there.update_source)


@given(there=contacts, link=links)
def test_a_pending_opt_out_is_dropped_only_when_the_person_is_back_or_kibo_has_it(there, link):
    if link.pending is not WriteBack.OPT_OUT:
        return
    after = observe(there, link, list_id=LIST, now=NOON).link
    if after.pending is WriteBack.NOTHING:
        assert there is not None
        back = there.standing is Standing.IN and LIST in there.list_ids
        acted = "Contact" in (there.opt_in_source, there.update_source)
        assert (back and acted) or link.kibo_opted_in is False


@pytest.mark.parametrize(
    ("minutes", "pending"), [(-5, WriteBack.NOTHING), (0, WriteBack.OPT_IN), (5, WriteBack.OPT_IN)]
)
def test_nobody_came_back_before_the_first_poll(minutes, pending):
    never_known = replace(OUT, out_since=None, kibo_updated_at=NOON - timedelta(days=400))
    signed_up = contact(
        Permission.EXPLICIT, [LIST], opt_in_source="Contact", opt_in_at=NOON + timedelta(minutes=minutes)
    )
    assert observe(signed_up, never_known, list_id=LIST, now=NOON, began=NOON).link.pending is pending


def test_a_sign_up_before_the_opt_out_in_kibo_is_not_made_later_by_a_fast_clock():
    """The sign-up was at 11:55 true time, ten minutes more by a fast clock; the no in Kibo at 12:00."""
    never_known = replace(OUT, out_since=None, kibo_updated_at=NOON)
    signed_up = contact(
        Permission.EXPLICIT, [LIST], opt_in_source="Contact", opt_in_at=NOON + timedelta(minutes=5)
    )
    slow = timedelta(minutes=-10)
    assert observe(signed_up, never_known, list_id=LIST, now=NOON).link.pending is WriteBack.OPT_IN
    assert (
        observe(signed_up, never_known, list_id=LIST, now=NOON, skew=slow).link.pending is WriteBack.NOTHING
    )


@pytest.mark.parametrize("held", [True, False])
def test_who_is_on_the_list_again_has_no_opt_out_left(held):
    """Nor its earliest moment, from which on the next opt-out would not be lifted by accounts seen since."""
    link = replace(OWED, out_after=NOON - 2 * HOUR, opt_out_at=NOON - HOUR)
    observing = partial(observe, list_id=LIST, now=NOON)
    back = contact(lists=[LIST], update_source="Account" if held else "Contact", updated_at=NOON)
    found = observe_held(observing, {1} if held else set(), LIST, back, link)
    assert found.reason == (PUT_BACK if held else "")
    assert found.link == IN


@pytest.mark.parametrize(("agreed", "off"), [(False, True), (None, False)])
def test_who_is_put_back_after_opting_out_in_the_shop_as_well_is_taken_off(agreed, off):
    """But not where a person has called that a mistake: then nobody has opted out."""
    link = replace(OWED, kibo_opted_in=False, agreed=agreed)
    observing = partial(observe, list_id=LIST, now=NOON)
    found = observe_held(observing, {1}, LIST, contact(lists=[LIST]), link)
    assert (found.reason, found.off) == (OPTED_OUT_MEANWHILE if off else PUT_BACK, off)
    assert (found.link.pending, found.link.agreed) == (WriteBack.NOTHING, agreed)


@pytest.mark.parametrize(
    ("day", "updated_at", "expected"),
    [
        ("2026-05-01", NOON, NOON),
        ("2026-05-02", NOON, NOON),  # as the day was counted further east
        ("2026-05-09", NOON, None),  # of another day: the update was before the deletion
        ("2026-04-20", NOON, None),
        ("2026-05-01", None, None),
    ],
)
def test_a_deletion_is_dated_by_the_contacts_update_of_that_day(day, updated_at, expected):
    found = observe(contact(deleted_at=day, updated_at=updated_at), IN, list_id=LIST, now=NOON)
    assert (found.reason, found.acted_at) == ("deleted in Constant Contact", expected)


def test_a_contact_that_is_gone_has_no_day():
    assert observe(None, IN, list_id=LIST, now=NOON).acted_at is None


@pytest.mark.parametrize("opted_in", [True, False])
def test_an_unsubscription_without_a_date_is_known_by_when_it_was_seen_and_told_with_no_day(opted_in):
    link = replace(IN, kibo_opted_in=opted_in)
    plain = observe(replace(UNSUBSCRIBED, opt_out_at=None), link, list_id=LIST, now=NOON + HOUR).link
    assert (plain.out_since, plain.undated) == (NOON + HOUR, True), "the rules take the latest it may be"
    assert unsubscribed_at(replace(plain, pending=WriteBack.OPT_OUT, pending_reason=OUT_WORDS)) is None
    dated = observe(UNSUBSCRIBED, link, list_id=LIST, now=NOON + HOUR).link
    assert (dated.out_since, dated.undated) == (NOON, False)
    assert unsubscribed_at(replace(dated, pending=WriteBack.OPT_OUT, pending_reason=OUT_WORDS)) == NOON
    back = contact(Permission.EXPLICIT, [LIST], opt_in_source="Contact", opt_in_at=NOON + 2 * HOUR)
    signed = replace(plain, kibo_opted_in=True)
    assert not observe(back, signed, list_id=LIST, now=NOON + 3 * HOUR).link.undated


def test_an_unsubscription_without_a_date_takes_none_from_an_opt_out_in_the_shop_before_it():
    plain = replace(UNSUBSCRIBED, opt_out_at=None)
    assert observe(plain, OUT, list_id=LIST, now=NOON).link.undated
    known = replace(OUT, state=LinkState.UNSUBSCRIBED)
    assert not observe(plain, known, list_id=LIST, now=NOON).link.undated, "it was dated when first seen"
