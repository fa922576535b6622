"""Design R2's table, row by row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from email_validator import validate_email
from hypothesis import given
from hypothesis import strategies as st

from ccdesk.core.intents import Act
from ccdesk.core.models import (
    Contact,
    ContactFields,
    Customer,
    Link,
    LinkState,
    Ownership,
    Permission,
    Standing,
    WriteBack,
)
from ccdesk.core.runs import Outcome
from ccdesk.sync.mapping import _USUAL, creation_hash, fields_hash, to_fields
from ccdesk.sync.ownership import is_ours, left_unseen
from ccdesk.sync.plan_export import LATER, NEW_CONTACT, Action
from ccdesk.sync.plan_export_group import plan_followers, plan_group
from ccdesk.sync.runs.export_candidates import candidate_of
from ccdesk.sync.standing_opt_outs import gone, left_since_gone

LIST = "list-1"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ADA = Customer(1, "ada@example.com", True, first_name="Ada", last_name="Reyes", updated_at=NOW)


def contact(permission=Permission.IMPLICIT, lists=(), **more) -> Contact:
    return Contact("c1", "Ada@Example.com", permission, list_ids=frozenset(lists), **more)


def owned(**more) -> Link:
    fields = to_fields(ADA).fields
    base = Link(
        1,
        email="ada@example.com",
        contact_id="c1",
        ownership=Ownership.OWNED,
        agreed=True,
        kibo_opted_in=True,
        on_list=True,
        written_hash=fields_hash(fields),
    )
    return replace(base, **more)


OUT_AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def candidate(customer: Customer):
    return candidate_of(customer, guests=True, import_row=lambda fields: b"")


def planned(customers, contact, links, **options):
    return plan_group([candidate(one) for one in customers], contact, links, list_id=LIST, **options)


def decide(customer=ADA, contact=None, link=None, *, first=True, guests=True):
    links = {link.customer_id: link} if link else {}
    return planned([customer], contact, links, first_export=first, guests=guests)[0]


LONG = "a" * 45 + "@example.com"  # 57 characters
CASES = {
    "absent": (ADA, None, None, Action.IMPORT, Outcome.ADDED, WriteBack.NOTHING),
    "absent, long email": (
        replace(ADA, email=LONG), None, None, Action.CREATE, Outcome.ADDED, WriteBack.NOTHING,
    ),
    "ours, nothing differs": (
        ADA, contact(lists=[LIST]), owned(), Action.NONE, Outcome.UNCHANGED, WriteBack.NOTHING,
    ),
    "ours, name changed in Kibo": (
        replace(ADA, last_name="Gomez"), contact(lists=[LIST]), owned(), Action.IMPORT, Outcome.UPDATED,
        WriteBack.NOTHING,
    ),
    "ours, fields changed there since we read them back": (
        ADA, contact(lists=[LIST], first_name="Adele"), owned(read_hash="as we left it"), Action.IMPORT,
        Outcome.UPDATED, WriteBack.NOTHING,
    ),
    "ours, but left the list": (
        ADA, contact(), owned(), Action.NONE, Outcome.SKIPPED, WriteBack.OPT_OUT,
    ),
    "known to have left": (
        ADA, contact(), owned(on_list=False, state=LinkState.LEFT_LIST), Action.NONE, Outcome.SKIPPED,
        WriteBack.OPT_OUT,
    ),
    "ours, id never learned because we were cut off": (
        ADA, contact(lists=[LIST]), owned(contact_id="", on_list=False), Action.NONE, Outcome.UNCHANGED,
        WriteBack.NOTHING,
    ),
    "foreign, not on the list": (ADA, contact(), None, Action.ADD, Outcome.ADDED, WriteBack.NOTHING),
    "foreign, on the list": (ADA, contact(lists=[LIST]), None, Action.NONE, Outcome.UNCHANGED,
        WriteBack.NOTHING),
    "unsubscribed": (
        ADA, contact(Permission.UNSUBSCRIBED), None, Action.NONE, Outcome.SKIPPED, WriteBack.OPT_OUT,
    ),
    "deleted": (
        ADA, contact(deleted_at="2026-01-01"), None, Action.NONE, Outcome.SKIPPED, WriteBack.NOTHING,
    ),
    "unsubscribed and deleted": (
        ADA, contact(Permission.UNSUBSCRIBED, deleted_at="2026-01-01"), None, Action.NONE, Outcome.SKIPPED,
        WriteBack.OPT_OUT,
    ),
    "vanished": (ADA, None, owned(), Action.NONE, Outcome.SKIPPED, WriteBack.NOTHING),
    "pending": (ADA, contact(Permission.PENDING), None, Action.NONE, Outcome.SKIPPED, WriteBack.NOTHING),
    "on hold": (ADA, contact(Permission.TEMP_HOLD), None, Action.NONE, Outcome.SKIPPED, WriteBack.NOTHING),
    "not set": (
        ADA, contact(Permission.NOT_SET, lists=[LIST]), None, Action.NONE, Outcome.SKIPPED, WriteBack.NOTHING,
    ),
    "new word of the service": (
        ADA, contact(Permission.UNKNOWN), None, Action.NONE, Outcome.SKIPPED, WriteBack.NOTHING,
    ),
    "no email": (replace(ADA, email="  "), None, None, Action.NONE, Outcome.SKIPPED, WriteBack.NOTHING),
    "inactive": (replace(ADA, is_active=False), None, None, Action.NONE, Outcome.SKIPPED, WriteBack.NOTHING),
    "malformed": (replace(ADA, email="ada@"), None, None, Action.NONE, Outcome.ERROR, WriteBack.NOTHING),
    "over 80": (
        replace(ADA, email="a" * 60 + "@" + "b" * 20 + ".com"), None, None, Action.NONE, Outcome.ERROR,
        WriteBack.NOTHING,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_each_row(case):
    customer, there, link, action, outcome, pending = case
    decision = decide(customer, there, link)
    assert (decision.action, decision.outcome, decision.pending) == (action, outcome, pending)


def test_a_new_opt_in_over_an_earlier_no_is_left_to_the_queue():
    out = replace(owned(), kibo_opted_in=False, on_list=False)
    decision = decide(contact=contact(Permission.UNSUBSCRIBED), link=out, first=False)
    assert decision.outcome is Outcome.SKIPPED
    assert decision.keep_link


def test_a_person_waiting_for_the_confirmation_is_not_opted_out_for_it():
    link = owned(state=LinkState.CONFIRMING, on_list=False)
    decision = decide(contact=contact(Permission.UNSUBSCRIBED), link=link, first=False)
    assert (decision.pending, decision.keep_link) == (WriteBack.NOTHING, True)


def test_guests_follow_the_setting():
    guest = replace(ADA, is_anonymous=True)
    assert decide(guest).action is Action.IMPORT
    assert decide(guest, guests=False).outcome is Outcome.SKIPPED


def test_accounts_with_one_email_are_one_person():
    second = replace(ADA, id=2)
    first, follower = planned([ADA, second], None, {}, first_export=True, guests=True)
    assert (first.action, follower.action) == (Action.IMPORT, Action.NONE)
    assert follower.outcome is Outcome.UNCHANGED
    assert "customer 1" in follower.reason


def test_a_follower_of_an_opted_out_person_is_skipped_for_the_same_reason():
    second = replace(ADA, id=2)
    both = planned([ADA, second], contact(Permission.UNSUBSCRIBED), {}, first_export=True, guests=True)
    assert [d.outcome for d in both] == [Outcome.SKIPPED, Outcome.SKIPPED]
    assert {d.pending for d in both} == {WriteBack.OPT_OUT}


@pytest.mark.parametrize(
    ("state", "pending"),
    [
        (LinkState.SYNCED, WriteBack.OPT_OUT),
        (LinkState.CONFIRMING, WriteBack.NOTHING),
        (LinkState.ASKED_BEFORE, WriteBack.NOTHING),
    ],
)
def test_a_disabled_account_is_opted_out_unless_its_opt_in_is_known_to_be_later(state, pending):
    out = contact(Permission.UNSUBSCRIBED, opt_out_at=OUT_AT)
    link = Link(1, email=ADA.email, contact_id="c1", kibo_opted_in=True, state=state, out_since=OUT_AT)
    found = decide(replace(ADA, is_active=False), out, link, first=False)
    assert (found.outcome, found.pending) == (Outcome.SKIPPED, pending)


def test_an_inactive_account_does_not_speak_for_the_person():
    first, second = planned(
        [replace(ADA, is_active=False), replace(ADA, id=2)], None, {}, first_export=True, guests=True
    )
    assert (first.action, second.action) == (Action.NONE, Action.IMPORT)


customers = st.builds(
    Customer,
    id=st.integers(1, 5),
    email=st.sampled_from(["ada@example.com", LONG, "", "ada@", "x" * 90 + "@example.com"]),
    accepts_marketing=st.just(True),
    is_active=st.booleans(),
    is_anonymous=st.booleans(),
    updated_at=st.just(NOW),
)
contacts = st.none() | st.builds(
    Contact,
    id=st.sampled_from(["c1", "c2"]),
    email=st.just("ada@example.com"),
    permission=st.sampled_from(list(Permission)),
    deleted_at=st.sampled_from(["", "2026-01-01"]),
    list_ids=st.sampled_from([frozenset(), frozenset({LIST}), frozenset({"other"})]),
)
links = st.none() | st.builds(
    Link,
    customer_id=st.integers(1, 5),
    email=st.just("ada@example.com"),
    contact_id=st.sampled_from(["", "c1"]),
    ownership=st.sampled_from(list(Ownership)),
    state=st.sampled_from(list(LinkState)),
    kibo_opted_in=st.sampled_from([None, True, False]),
    on_list=st.booleans(),
    note=st.just("told before"),  # a newcomer's link always says why
)


@given(group=st.lists(customers, min_size=1, max_size=4), there=contacts, link=links, first=st.booleans())
def test_consent_beats_everything(group, there, link, first):
    known = {link.customer_id: link} if link else {}
    decisions = planned(group, there, known, first_export=first, guests=True)
    assert len(decisions) == len(group)
    sent = [d for d in decisions if d.action is not Action.NONE]
    assert len(sent) <= 1, "one person is sent once"
    for decision in decisions:
        assert decision.reason
        if there is not None and there.standing is not Standing.IN:
            assert decision.action is Action.NONE, "nobody who is out, deleted or waiting is sent"
        if decision.action is Action.IMPORT and there is not None:
            assert link is not None, "an import writes fields: only ever of our own contact"
            assert link.ownership is Ownership.OWNED


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_is_sent_keeps_the_limits(first_name, street):
    mapped = to_fields(replace(ADA, first_name=first_name, address=replace(ADA.address, street=street)))
    assert isinstance(mapped.fields, ContactFields)
    assert len(mapped.fields.first_name) <= 50
    assert len(mapped.fields.address.street) <= 255
    assert bool(mapped.note) == bool(mapped.shortened)


@given(one=customers, guests=st.booleans(), first=st.booleans())
def test_new_contacts_decided_for_in_bulk_get_what_each_would_get(one, guests, first):
    plain = candidate_of(one, guests=guests, import_row=lambda fields: b"")
    alone = plan_group([plain], None, {}, list_id=LIST, first_export=first, guests=guests)[0]
    assert plain.plain == (alone.action is Action.IMPORT)
    if plain.plain:
        assert alone == NEW_CONTACT


def test_who_opted_out_while_the_export_lay_still_is_not_sent():
    decision = decide(replace(ADA, accepts_marketing=False))
    assert (decision.action, decision.outcome) == (Action.NONE, Outcome.SKIPPED)
    assert decision.keep_link


def test_accounts_of_somebody_sent_before_the_power_cut_follow_them():
    accounts = [candidate(replace(ADA, id=number)) for number in (2, 4)]
    accounts.append(candidate(replace(ADA, id=3, is_active=False)))
    known = {4: Link(4, email=ADA.email)}
    follower, linked, inactive = plan_followers(accounts, (1, Ownership.OWNED), known, guests=True)
    assert (follower.outcome, follower.reason) == (Outcome.UNCHANGED, "same email as customer 1")
    assert (follower.ownership, follower.keep_link) == (Ownership.OWNED, False)
    assert linked.keep_link
    assert inactive.outcome is Outcome.SKIPPED


LOCALS = st.from_regex(r"[A-Za-z0-9_+.-]{1,40}", fullmatch=True)
DOMAINS = st.from_regex(r"[A-Za-z0-9.-]{1,40}\.[A-Za-z]{1,12}", fullmatch=True)


@given(st.builds("{}@{}".format, LOCALS, DOMAINS))
def test_an_email_of_the_usual_form_passes_the_full_check_too(email):
    if _USUAL.fullmatch(email):
        validate_email(email, check_deliverability=False, globally_deliverable=False)


def test_a_changed_email_is_left_to_its_event_even_where_it_cannot_be_sent():
    """Else the opt-out owed for the old address would be looked for under the new one, and find others."""
    moved = owned(email="before@example.com", pending=WriteBack.OPT_OUT)
    decision = decide(replace(ADA, email=f"{'x' * 80}@example.com"), link=moved)
    assert decision.keep_link
    assert decision.outcome is Outcome.SKIPPED


@pytest.mark.parametrize(("first", "pending"), [(True, WriteBack.OPT_OUT), (False, WriteBack.NOTHING)])
def test_the_opt_out_of_somebody_who_cannot_be_sent_is_brought_to_kibo_all_the_same(first, pending):
    ada = replace(ADA, email="ada b@example.com")
    assert decide(ada, contact(Permission.UNSUBSCRIBED), first=first).pending is pending


def test_the_opt_out_of_a_guest_who_is_not_exported_is_brought_to_kibo_all_the_same():
    decision = decide(replace(ADA, is_anonymous=True), contact(Permission.UNSUBSCRIBED), guests=False)
    assert (decision.action, decision.outcome, decision.pending) == (
        Action.NONE,
        Outcome.SKIPPED,
        WriteBack.OPT_OUT,
    )


def test_names_are_cleaned_before_they_are_measured_and_measured_in_utf16():
    mapped = to_fields(
        replace(ADA, first_name="An\x00n\x07", last_name="😀" * 26, company="\x00" * 60 + "Co")
    )
    assert (mapped.fields.first_name, mapped.fields.company) == ("Ann", "Co")
    assert mapped.fields.last_name == "😀" * 25
    assert mapped.shortened == ("last name",)


def test_an_email_counts_in_utf16_as_well():
    one = candidate_of(
        replace(ADA, email="𝒜" * 30 + "@example.com"), guests=True, import_row=lambda _fields: b""
    )
    assert not one.plain


def test_a_new_account_waits_for_its_event_where_another_is_not_opted_in_any_more():
    """The export reads who is opted in: the other's opt-out may be newer than this account (design §3a)."""
    new = replace(ADA, id=2)
    (decision,) = planned([new], contact(), {}, first_export=False, guests=True, others=[owned()])
    assert decision.action is Action.NONE
    assert decision.outcome is Outcome.SKIPPED
    assert decision.keep_link
    both = planned([ADA, new], contact(lists=[LIST]), {1: owned()}, first_export=False, guests=True)
    assert both[1].outcome is Outcome.UNCHANGED


CLEARED = replace(owned(), kibo_opted_in=False, agreed=False, on_list=False, out_since=NOW)
"""Account 1 cleared its flag."""
LEFT_AND_GONE = replace(owned(), state=LinkState.CLOSED, agreed=False, on_list=False, out_since=NOW)
"""Account 1 is gone from Kibo, and its person left the list."""
UNSEEN = owned(on_list=False)
"""Account 1 was opted in when last acted on, and is not among the accounts read."""
SECOND = replace(ADA, id=2)
GUEST = replace(SECOND, is_anonymous=True)


@pytest.mark.parametrize(
    "out", [CLEARED, replace(CLEARED, state=LinkState.CLOSED), LEFT_AND_GONE, UNSEEN], ids=repr
)
@pytest.mark.parametrize(
    ("account", "link", "sent"),
    [
        (SECOND, None, False),  # a new opt-in: which came later is looked at with its event
        (SECOND, owned(customer_id=2), True),  # agreed before, and stands beside the other's opt-out
        (GUEST, owned(customer_id=2), False),  # a guest's box lifts nothing (design §3a R1)
    ],
)
def test_whose_opt_in_an_export_sends_beside_another_accounts_opt_out(out, account, link, sent):
    links = {2: link} if link else {}
    decision = planned([account], None, links, first_export=False, guests=True, others=[out])[0]
    if sent:
        assert decision.action is Action.IMPORT or decision.state is LinkState.CONTACT_DELETED
        return
    assert (decision.action, decision.reason) == (Action.NONE, LATER)
    assert decision.by_event is (link is not None)  # a new one has an event of its own


def test_an_account_that_may_be_sent_speaks_for_a_guest_that_may_not():
    links = {2: owned(customer_id=2), 3: owned(customer_id=3)}
    guest, account = planned(
        [GUEST, replace(ADA, id=3)],
        contact(),
        {number: replace(link, on_list=False) for number, link in links.items()},
        first_export=False,
        guests=True,
        others=[CLEARED],
    )
    assert account.action is Action.IMPORT
    assert (guest.action, guest.reason) == (Action.NONE, "same email as customer 3")


def test_what_staff_have_added_after_the_opt_out_is_sent_though_it_is_a_guests():
    added = owned(customer_id=2, added_at=NOW, on_list=False)
    decision = planned([GUEST], contact(), {2: added}, first_export=False, guests=True, others=[CLEARED])[0]
    assert decision.action is Action.IMPORT


@pytest.mark.parametrize(
    ("known", "left"),
    [
        ({"state": LinkState.LEFT_LIST, "pending": WriteBack.OPT_OUT}, True),
        ({"state": LinkState.UNSUBSCRIBED, "pending": WriteBack.OPT_OUT}, True),
        ({"state": LinkState.NEWCOMER, "out_since": NOW}, True),
        ({"pending": WriteBack.OPT_IN}, False),
        ({"on_list": True}, False),
    ],
    ids=repr,
)
def test_an_account_gone_from_kibo_keeps_the_opt_out_that_kibo_was_not_given(known, left):
    link = gone(owned(**{"on_list": False} | known), "gone")
    assert (link.state, link.pending, link.note) == (LinkState.CLOSED, WriteBack.NOTHING, "gone")
    assert left_since_gone(link) is left


SIGNED_UP = {"opt_in_source": "Contact", "opt_in_at": NOW, "created_at": NOW}


@pytest.mark.parametrize(
    ("by_form", "shown", "ours"),
    [
        (False, {"opt_in_source": "Account", "opt_in_at": NOW, "created_at": NOW}, True),
        (False, SIGNED_UP, False),  # they came themselves, after an import that failed
        (False, SIGNED_UP | {"opt_in_at": NOW + timedelta(hours=1)}, True),  # to the contact we had made
        (True, SIGNED_UP, True),  # our own call for the welcome email looks just so
    ],
)
def test_whether_a_contact_that_shows_no_more_than_an_email_is_ours(by_form, shown, ours):
    sent = creation_hash(ContactFields(ADA.email), by_form=by_form)
    cut_off = Link(1, email=ADA.email, ownership=Ownership.OWNED, written_hash=sent, written_at=NOW)
    assert is_ours(cut_off, contact(lists=[LIST], **shown)) is ours
    begun = replace(cut_off, begun=Act.CREATE)
    assert left_unseen(begun, contact(**shown))  # on no list: they have left, no matter who made it


def test_who_is_skipped_for_their_own_act_is_told_when_it_was():
    out = contact(Permission.UNSUBSCRIBED, opt_out_at=OUT_AT, opt_out_source="Contact")
    second = replace(ADA, id=2)
    both = planned([ADA, second], out, {}, first_export=True, guests=True)
    assert [one.acted_at for one in both] == [OUT_AT, OUT_AT]
    unsendable = decide(replace(ADA, email="ada@example"), out, owned(email="ada@example"), first=False)
    assert (unsendable.reason, unsendable.acted_at) == ("unsubscribed in Constant Contact", OUT_AT)
    assert decide(contact=contact(deleted_at="2026-05-01", updated_at=NOW)).acted_at == NOW
    assert decide(contact=contact(lists=[LIST], opt_out_at=OUT_AT)).acted_at is None
    assert decide(contact=contact(), link=owned(), first=False).acted_at is None, "nothing dates a leaving"


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("known", [{"state": LinkState.LEFT_LIST, "on_list": False}, {}])
def test_a_contact_that_left_under_another_email_is_not_put_back(first, known):
    there = owned(customer_id=7, email="home@example.com", **known)
    options = {"first_export": first, "guests": True, "moved": [there]}
    [decision] = planned([ADA], contact(), {}, **options)
    assert (decision.action, decision.state) == (Action.NONE, LinkState.LEFT_LIST)
    assert (decision.pending, decision.keep_link) == (WriteBack.OPT_OUT, not first), "its event compares them"
    [decision] = planned([ADA], contact(lists=[LIST]), {}, **options)
    assert (decision.outcome, decision.ownership) == (Outcome.UNCHANGED, Ownership.FOREIGN)
    moved = owned(email="home@example.com", **known)  # the account took that email as well
    [decision] = planned([ADA], contact(), {1: moved}, **options | {"moved": [moved]})
    assert decision.state is LinkState.SYNCED
