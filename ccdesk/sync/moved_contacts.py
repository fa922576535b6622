"""Contacts whose email was changed in Constant Contact: that their person left goes along (consent.md b4).

Such a leaving is remembered by the link of the account that the contact was put on the list for, under the
email before. It stands against accounts with the contact's email as well; what that account stated does not.
"""

from __future__ import annotations

from collections.abc import Iterable

from ccdesk.core.models import Contact, Link
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
