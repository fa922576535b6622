"""What an opt-out in the shop leads to: readings and links in; who keeps the person; their fate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ccdesk.consent.decide import decide
from ccdesk.consent.model import Policy
from ccdesk.core.intents import Act
from ccdesk.core.models import Contact, Customer, Link, LinkState, Permission, WriteBack
from ccdesk.sync.persons import OptOut, after_opt_out, after_opt_out_and_contact
from ccdesk.sync.plan_opt_out import Fate, keepers, plan_opt_out
from ccdesk.sync.readings import LONG_AGO, Kept

LIST, OTHER_LIST, ADA = "list-1", "list-2", "ada@example.com"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOW = NOON + 3 * HOUR
OUT = Customer(1, ADA, False, created_at=NOON - 99 * HOUR, updated_at=NOON)
"""Ada's first account: opted out at noon, and last surely in an hour before."""
WAS_IN = Link(1, ADA, "c1", agreed=True, kibo_opted_in=True, kibo_updated_at=NOON - HOUR, on_list=True)
BEGUN = replace(WAS_IN, agreed=False, kibo_opted_in=False, on_list=False, begun=Act.REMOVE)
SECOND = Customer(2, ADA, True, created_at=NOON - 99 * HOUR, updated_at=NOON - 50 * HOUR)
SECOND_IN = replace(WAS_IN, customer_id=2, kibo_updated_at=NOON - 50 * HOUR)
THIRD_OUT = Link(3, ADA, "c1", agreed=False, kibo_opted_in=False, kibo_updated_at=NOON - 20 * HOUR)
BEFORE, SINCE = NOON - 2 * HOUR, NOON - HOUR / 2  # than Ada was last surely in
POLICY = Policy(LIST, LONG_AGO)


def kept(known: dict[int, datetime], *, guests: bool = True) -> Kept:
    return Kept(replace(POLICY, guests=guests), timedelta(0), NOW, known=known)


def read(
    *others: Customer, links: Sequence[Link] = (), link: Link = WAS_IN, moved: Sequence[Link] = ()
) -> OptOut:
    return OptOut(OUT, link, others, links, moved)


KEEPS = {
    "alone": (read(), {}, (), ()),
    "known before": (read(SECOND, links=[SECOND_IN]), {2: BEFORE}, (2,), ()),
    "known before, never acted on": (read(SECOND), {2: BEFORE}, (2,), ()),
    "seen when Ada was last surely in": (read(SECOND), {2: NOON - HOUR}, (2,), ()),
    "came since": (read(SECOND), {2: SINCE}, (), (2,)),
    "since when is not told": (read(SECOND), {}, (), (2,)),
    "a guest": (read(replace(SECOND, is_anonymous=True)), {2: BEFORE}, (), (2,)),
    "a guest whom staff added after the opt-out": (
        read(
            replace(SECOND, is_anonymous=True),
            links=[replace(SECOND_IN, added_at=NOON + HOUR)],
            link=replace(BEGUN, kibo_updated_at=NOON, out_since=NOON),
        ),
        {2: BEFORE},
        (2,),
        (),
    ),
    "a guest whom staff added before the opt-out": (
        read(replace(SECOND, is_anonymous=True), links=[replace(SECOND_IN, added_at=BEFORE)]),
        {2: BEFORE},
        (),
        (2,),
    ),
    "a guest whom staff added before anybody had acted on the opt-out": (
        read(replace(SECOND, is_anonymous=True), links=[replace(SECOND_IN, added_at=NOON + HOUR)]),
        {2: BEFORE},
        (),
        (2,),
    ),
    "disabled": (read(replace(SECOND, is_active=False), links=[SECOND_IN]), {2: BEFORE}, (), ()),
    "opted out as well": (
        read(replace(SECOND, accepts_marketing=False), links=[SECOND_IN]),
        {2: BEFORE},
        (),
        (),
    ),
    "cannot be read": (
        read(replace(SECOND, accepts_marketing=False, readable=False), links=[SECOND_IN]),
        {2: BEFORE},
        (),
        (),
    ),
    "not there any more": (read(links=[SECOND_IN]), {2: BEFORE}, (), ()),
    "known before, but came after an opt-out of a third": (
        read(SECOND, links=[SECOND_IN, THIRD_OUT], link=replace(WAS_IN, out_after=NOON - HOUR)),
        {2: NOON - 10 * HOUR, 3: NOON - 90 * HOUR},
        (2,),  # the third has another email by now, or is gone: its opt-out is none under this one
        (),
    ),
    "came after an opt-out of a third that is here": (
        read(
            SECOND,
            Customer(3, ADA, False, updated_at=NOON - 20 * HOUR),
            links=[SECOND_IN, replace(THIRD_OUT, out_after=NOON - 21 * HOUR)],
        ),
        {2: NOON - 10 * HOUR, 3: NOON - 90 * HOUR},
        (),
        (2,),
    ),
    "took this email after an opt-out under the one before": (
        read(SECOND, moved=[Link(2, "old@example.com", pending=WriteBack.OPT_OUT, out_since=BEFORE)]),
        {2: BEFORE},
        (),
        (),
    ),
    "known, while a removal is under way": (
        read(SECOND, links=[SECOND_IN], link=BEGUN),
        {2: BEFORE},
        (2,),
        (),
    ),
    "came since, while a removal is under way": (read(SECOND, link=BEGUN), {2: SINCE}, (), (2,)),
}


@pytest.mark.parametrize(("opt_out", "known", "keep", "newcomers"), KEEPS.values(), ids=KEEPS)
def test_who_keeps_a_person_on_the_list_whose_account_opted_out(
    opt_out: OptOut, known: dict[int, datetime], keep: tuple[int, ...], newcomers: tuple[int, ...]
) -> None:
    found = keepers(after_opt_out(opt_out, kept(known)), POLICY)
    assert (found.keep, found.newcomers) == (keep, newcomers)


def test_a_guest_known_before_keeps_nobody_where_guests_do_not_count_and_nobody_is_asked() -> None:
    guest = replace(SECOND, is_anonymous=True)
    person = after_opt_out(read(guest), kept({2: BEFORE}, guests=False))
    found = keepers(person, replace(POLICY, guests=False))
    assert (found.keep, found.newcomers) == ((), ())


def contact(permission: Permission = Permission.IMPLICIT, *lists: str, **more: object) -> Contact:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return replace(
        Contact("c1", ADA, permission, list_ids=frozenset(lists), created_at=made, updated_at=made),
        **more,  # type: ignore[arg-type]
    )


def signed_up(at: datetime, *lists: str) -> Contact:
    by = {"opt_in_source": "Contact", "update_source": "Contact"}
    return contact(Permission.EXPLICIT, *lists, opt_in_at=at, updated_at=at, **by)


ON = contact(Permission.IMPLICIT, LIST)
EDITED = replace(ON, update_source="Contact", updated_at=NOON + HOUR)
UNSUBSCRIBED = contact(Permission.UNSUBSCRIBED, opt_out_at=BEFORE, opt_out_source="Contact")
STILL_SHOWN = replace(UNSUBSCRIBED, list_ids=frozenset({LIST}))
WAITS = contact(Permission.TEMP_HOLD, LIST)
DISABLED_LATER = replace(SECOND, is_active=False, updated_at=NOON + HOUR)

FATES = {
    "on the list": (read(), ON, Fate.TAKEN_OFF),
    "on another list": (read(), contact(Permission.IMPLICIT, OTHER_LIST), Fate.WAS_OFF),
    "nobody there": (read(), None, Fate.WAS_OFF),
    "never seen there": (read(link=replace(WAS_IN, contact_id="", on_list=False)), None, Fate.WAS_OFF),
    "on hold": (read(), WAITS, Fate.TAKEN_OFF),
    "waits for the confirmation": (read(), contact(Permission.PENDING, LIST), Fate.TAKEN_OFF),
    "unsubscribed": (read(), UNSUBSCRIBED, Fate.WAS_OFF),
    "unsubscribed, still shown": (read(), STILL_SHOWN, Fate.TAKEN_OFF),
    "unsubscribed, still shown, a newcomer opted in": (read(SECOND), STILL_SHOWN, Fate.TAKEN_OFF),
    "unsubscribed, a newcomer opted in": (read(SECOND), UNSUBSCRIBED, Fate.WAS_OFF),
    "signed up since": (read(), signed_up(NOON + HOUR, LIST), Fate.SIGNED_UP),
    "signed up before": (read(), signed_up(NOON - HOUR, LIST), Fate.TAKEN_OFF),
    "signed up since, for another list": (read(), signed_up(NOON + HOUR, OTHER_LIST), Fate.WAS_OFF),
    "changed their contact since": (read(), EDITED, Fate.TAKEN_OFF),
    "signed up by our call": (
        read(link=replace(WAS_IN, written_at=NOON + HOUR)),
        signed_up(NOON + HOUR, LIST),
        Fate.TAKEN_OFF,
    ),
    "signed up, perhaps by our call": (
        read(link=replace(WAS_IN, kibo_opted_in=None, on_list=False, contact_id="", begun=Act.CREATE)),
        signed_up(NOON + HOUR, LIST),
        Fate.TAKEN_OFF,
    ),
    "our call was lost, and they changed their contact since": (
        read(link=replace(WAS_IN, kibo_opted_in=None, on_list=False, contact_id="", begun=Act.CREATE)),
        replace(EDITED, opt_in_source="Contact", opt_in_at=NOON - HOUR),
        Fate.TAKEN_OFF,
    ),
    "removal under way": (read(link=BEGUN), ON, Fate.TAKEN_OFF),
    "removal under way, signed up since": (
        read(link=replace(BEGUN, written_at=NOON + HOUR)),
        signed_up(NOON + 2 * HOUR, LIST),
        Fate.SIGNED_UP,
    ),
    "removal under way, signed up before the flag was cleared": (
        read(link=replace(BEGUN, written_at=NOON - HOUR)),
        signed_up(NOON - HOUR / 2, LIST),
        Fate.TAKEN_OFF,
    ),
    "removal under way of somebody who had left the list as well": (
        read(link=replace(BEGUN, state=LinkState.LEFT_LIST, out_since=NOON - HOUR / 2)),
        ON,
        Fate.TAKEN_OFF,
    ),
    "a newcomer is opted in": (read(SECOND), ON, Fate.TAKEN_OFF),
    "a disabled account opted in": (read(replace(SECOND, is_active=False)), ON, Fate.TAKEN_OFF),
    "left the list": (
        read(link=replace(WAS_IN, on_list=False, state=LinkState.LEFT_LIST, pending=WriteBack.OPT_OUT)),
        contact(),
        Fate.WAS_OFF,
    ),
    "signed up since, and on hold": (
        read(),
        replace(signed_up(NOON + HOUR, LIST), permission=Permission.TEMP_HOLD),
        Fate.WAITS,
    ),
    "signed up since, and still to confirm": (
        read(),
        replace(signed_up(NOON + HOUR, LIST), permission=Permission.PENDING),
        Fate.WAITS,
    ),
    "disabled and known before, opted in later": (
        read(
            DISABLED_LATER,
            links=[replace(SECOND_IN, kibo_opted_in=False, kibo_updated_at=NOON + HOUR / 2, active=False)],
        ),
        ON,
        Fate.STAYS,
    ),
}


@pytest.mark.parametrize(("opt_out", "there", "fate"), FATES.values(), ids=FATES)
def test_what_becomes_of_a_person_whom_nobody_keeps(
    opt_out: OptOut, there: Contact | None, fate: Fate
) -> None:
    known = {2: BEFORE} if DISABLED_LATER in opt_out.others else {}
    person = after_opt_out_and_contact(opt_out, there, kept(known))
    shown = there is not None and LIST in there.list_ids
    assert plan_opt_out(decide(person, POLICY), shown=shown) is fate
