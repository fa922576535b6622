"""Contacts whose email was changed in Constant Contact: that their person left goes along (consent.md b4).

Such a leaving is remembered by the link of the account that the contact was put on the list for, under the
email before. It stands against accounts with the contact's email as well; what that account stated does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ccdesk.core.models import Contact, Link, LinkState, Ownership, Standing
from ccdesk.core.ports.store import Links
from ccdesk.sync.standing_opt_outs import has_left


def moved_links(links: Links, contacts: Iterable[Contact]) -> dict[str, list[Link]]:
    """Return, by contact id, the links under other emails that tell whether the contact's person has left.

    They know of a leaving, or have the contact on the list: where it is not there any more, it has left.
    """
    emails = {one.id: one.email_key for one in contacts}
    found: dict[str, list[Link]] = {}
    for number, some in links.by_contacts(list(emails)).items():
        telling = [one for one in some if one.email_key != emails[number] and (has_left(one) or one.on_list)]
        if telling:
            found[number] = telling
    return found


@dataclass(frozen=True, slots=True)
class Found:
    """A person's contact as found: the one that has their email, or else the one that their links remember.

    `contact`: theirs, to be acted on; None: they are to get one of their own. `told`: the contact that is
    decided by, for it tells whether they have left, or were deleted. `link`: the account's own.
    """

    contact: Contact | None
    told: Contact | None
    link: Link | None


def found_elsewhere(
    links: Links, remembered: Contact | None, link: Link | None, others: Sequence[Link], list_id: str
) -> Found:
    """Return what a contact counts for that links remember, where none has the email of their person.

    It is theirs still once it has unsubscribed, and while it is on the list, unless it has come there by an
    account with its new email. Else it is left alone, and is no deleted one because its email was changed.
    """
    told = remembered
    if told is None or told.standing is Standing.OUT:
        return Found(told, told, link)
    if told.is_mailed(list_id):
        known = [*others, *([link] if link is not None else [])]
        if any(one.on_list for one in known) or not links.by_email(told.email_key):
            return Found(told, told, link)
        told = replace(told, list_ids=frozenset())
    nothing_stated = link is not None and link.state is LinkState.SYNCED and link.contact_id == told.id
    if link is not None and nothing_stated and not told.deleted_at:
        link = replace(
            link, contact_id="", ownership=Ownership.NONE, on_list=False, written_hash="", read_hash=""
        )
        told = told if any(one.contact_id == told.id for one in others) else None
    return Found(None, told, link)
