"""Who counts as put back on the list by others, as a pure rule (design §3a, Disagreement)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ccdesk.core.intents import Act
from ccdesk.core.models import Contact, Link, LinkState, Permission, WriteBack
from ccdesk.sync.put_back import put_back

LIST = "list-1"
OUT = Link(1, email="ann@example.com", contact_id="c1", kibo_opted_in=False, agreed=False)
IN = Link(2, email="ann@example.com", contact_id="c1", kibo_opted_in=True, agreed=True, on_list=True)
THERE = Contact("c1", "ann@example.com", Permission.IMPLICIT, list_ids=frozenset({LIST}))


@pytest.mark.parametrize(
    ("contact", "links", "named"),
    [
        (THERE, [OUT], [1]),
        (replace(THERE, permission=Permission.EXPLICIT), [OUT], [1]),
        # not mailed: off the list, on another, unsubscribed, deleted, waiting
        (None, [OUT], []),
        (replace(THERE, list_ids=frozenset()), [OUT], []),
        (replace(THERE, list_ids=frozenset({"other"})), [OUT], []),
        (replace(THERE, permission=Permission.UNSUBSCRIBED), [OUT], []),
        (replace(THERE, permission=Permission.PENDING), [OUT], []),
        (replace(THERE, deleted_at="2026-05-01"), [OUT], []),
        # opted out on the mail side, carried to Kibo, put back since
        (THERE, [replace(OUT, state=LinkState.LEFT_LIST)], [1]),
        (THERE, [replace(OUT, state=LinkState.UNSUBSCRIBED)], [1]),
        (THERE, [replace(OUT, state=LinkState.CLOSED)], [1]),
        # no opt-out was ever stated, or staff called it a mistake
        (THERE, [replace(OUT, agreed=None)], []),
        (THERE, [replace(OUT, kibo_opted_in=None)], []),
        # another account of the person agrees
        (THERE, [OUT, IN], []),
        (THERE, [OUT, replace(IN, state=LinkState.CLOSED)], [1]),
        (THERE, [OUT, replace(IN, state=LinkState.NEWCOMER)], [1]),
        (THERE, [OUT, replace(IN, state=LinkState.NEWCOMER_LEFT)], [1]),
        (THERE, [OUT, replace(OUT, customer_id=2)], [1, 2]),
        # something is under way: our own call, a removal, the opt-in of a sign-up, an opt-out owed
        (THERE, [replace(OUT, begun=Act.ADD)], []),
        (THERE, [OUT, replace(OUT, customer_id=2, begun=Act.ADD)], []),
        (THERE, [OUT, replace(OUT, customer_id=2, begun=Act.REMOVE)], [1]),
        (THERE, [replace(OUT, pending=WriteBack.OPT_IN)], []),
        (THERE, [OUT, replace(OUT, customer_id=2, pending=WriteBack.OPT_IN)], []),
        (THERE, [replace(OUT, pending=WriteBack.OPT_OUT)], []),
        # known by another contact id, or by none yet: it is the person all the same
        (THERE, [replace(OUT, contact_id="")], [1]),
        (THERE, [replace(OUT, contact_id="c9")], [1]),
    ],
)
def test_who_is_put_back(contact: Contact | None, links: list[Link], named: list[int]) -> None:
    assert [one.customer_id for one in put_back(contact, links, LIST)] == named


BEFORE, OPTED_OUT, AFTER = (datetime(2026, 5, day, tzinfo=UTC) for day in (1, 2, 3))


@pytest.mark.parametrize(("signed_up", "told"), [(BEFORE, ""), (AFTER, "told"), (None, "told")])
def test_a_sign_up_from_before_the_opt_out_is_not_told_as_one_after_it(
    signed_up: datetime | None, told: str
) -> None:
    """What may be later than the opt-out, and cannot be proven to be, is told as a sign-up."""
    from ccdesk.sync.plan_inbound import UNPROVEN, observe

    link = replace(OUT, out_since=OPTED_OUT, written_at=datetime(2026, 5, 4, tzinfo=UTC))
    contact = replace(THERE, opt_in_source="Contact", opt_in_at=signed_up)
    found = observe(contact, link, list_id=LIST, now=datetime(2026, 5, 5, tzinfo=UTC))
    assert found.reason == (UNPROVEN if told else "")
