"""What a contact counts for whose email was changed in Constant Contact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import pytest

from ccdesk.core.models import Contact, Link, LinkState, Permission
from ccdesk.core.ports.store import Links
from ccdesk.sync.moved_contacts import Found, found_elsewhere, moved_links

LIST, ADA, HOME = "list-1", "ada@example.com", "home@example.com"
OFF = Contact("c1", HOME, Permission.IMPLICIT)
ON = replace(OFF, list_ids=frozenset({LIST}))
OUT = replace(OFF, permission=Permission.UNSUBSCRIBED, opt_out_at=datetime(2026, 5, 1, tzinfo=UTC))
DELETED = replace(OFF, deleted_at="2026-05-01")
HOLD = replace(OFF, permission=Permission.TEMP_HOLD)
NOTHING_STATED = Link(1, email=ADA, contact_id="c1", kibo_opted_in=False)
LEFT = replace(NOTHING_STATED, state=LinkState.LEFT_LIST, agreed=False)
TOMBSTONE = replace(NOTHING_STATED, state=LinkState.CONTACT_DELETED)
IN = replace(NOTHING_STATED, kibo_opted_in=True, on_list=True, agreed=True)
THEIRS = Link(2, email=HOME, contact_id="c1", kibo_opted_in=True, on_list=True)


class Kept:
    """Links as a store finds them."""

    def __init__(self, *links: Link) -> None:
        self._links = links

    def by_email(self, key: str) -> list[Link]:
        return [one for one in self._links if one.email_key == key]

    def by_contacts(self, contact_ids: Sequence[str]) -> dict[str, list[Link]]:
        found = {number: [one for one in self._links if one.contact_id == number] for number in contact_ids}
        return {number: some for number, some in found.items() if some}


def find(remembered: Contact | None, link: Link | None, *others: Link, kept: Sequence[Link] = ()) -> Found:
    return found_elsewhere(cast(Links, Kept(*kept)), remembered, link, others, LIST)


@pytest.mark.parametrize("link", [None, NOTHING_STATED, LEFT, TOMBSTONE])
def test_it_is_theirs_once_unsubscribed_and_while_on_the_list(link: Link | None) -> None:
    assert find(OUT, link) == Found(OUT, OUT, link)
    assert find(replace(OUT, deleted_at="2026-05-01"), link).contact is not None, "deleted or not"
    assert find(ON, link) == Found(ON, ON, link)
    assert find(None, link) == Found(None, None, link)


def test_it_is_not_theirs_where_an_account_with_its_new_email_has_it_on_the_list() -> None:
    assert find(ON, LEFT, kept=[THEIRS]) == Found(None, OFF, LEFT)
    assert find(ON, None, IN, kept=[THEIRS]).contact == ON, "it was there by theirs before"


def test_its_leaving_or_deletion_is_told_and_a_changed_email_alone_is_none() -> None:
    assert find(OFF, LEFT) == Found(None, OFF, LEFT)
    assert find(DELETED, TOMBSTONE) == Found(None, DELETED, TOMBSTONE)
    assert find(DELETED, NOTHING_STATED) == Found(None, DELETED, NOTHING_STATED)
    for contact in (OFF, HOLD):
        found = find(contact, NOTHING_STATED)
        assert (found.contact, found.told) == (None, None)
        assert found.link is not None
        assert found.link.contact_id == ""
        assert find(contact, NOTHING_STATED, replace(LEFT, customer_id=3)).told == contact


def test_links_under_other_emails_tell_whether_its_person_has_left() -> None:
    quiet = [replace(NOTHING_STATED, customer_id=5), replace(THEIRS, customer_id=6)]
    kept = Kept(LEFT, replace(IN, customer_id=4), *quiet, replace(LEFT, customer_id=7, contact_id="c2"))
    found = moved_links(cast(Links, kept), [OFF, Contact("c9", ADA, Permission.IMPLICIT)])
    assert {number: [one.customer_id for one in some] for number, some in found.items()} == {"c1": [1, 4]}
