"""Whose contact it is: ours, to be kept up to date, or somebody else's, never written over (design R2)."""

from __future__ import annotations

from ccdesk.core.models import Contact, Link, Ownership
from ccdesk.sync.mapping import fields_hash, shows_creation, signed_up_themselves


def is_ours(link: Link, contact: Contact) -> bool:
    """Say whether we created this contact.

    An id not learned yet means that we were cut off while creating it, or saw only the email on the list
    afterwards. Then it is ours if it was made since; and if it was not seen on the list, only where it shows
    what we sent for this very account: it may as well have come from elsewhere meanwhile, above all by a
    sign-up of the person, and is not to be overwritten.
    """
    if link.ownership is not Ownership.OWNED:
        return False
    if link.contact_id:
        return link.contact_id == contact.id
    return _may_be_ours(link, contact) and not signed_up_themselves(link.written_hash, contact)


def _may_be_ours(link: Link, contact: Contact) -> bool:
    begun = link.written_at.replace(microsecond=0) if link.written_at else None
    since = begun is None or contact.created_at is None or contact.created_at >= begun
    return since and (link.on_list or shows_creation(link.written_hash, contact))


def left_unseen(link: Link, contact: Contact) -> bool:
    """Say whether somebody left the list before we ever saw them on it.

    We were cut off creating their contact, which always comes with the list: it was made since, shows what we
    sent, and is on no list at all. Whether they had signed up themselves meanwhile makes no difference.
    """
    cut_off = link.being_added and not link.contact_id and link.written_hash
    owned = link.ownership is Ownership.OWNED
    return bool(cut_off) and owned and not contact.list_ids and _may_be_ours(link, contact)


def is_stale(wanted: str, contact: Contact, link: Link) -> bool:
    """Say whether our contact's fields need writing; `wanted` fingerprints what they should be.

    Compared against what we wrote and what the service showed afterwards, not field by field, because the
    service may keep a value in another form ("US" as "United States") and every run would write it again.
    """
    cut_off = not link.contact_id and not link.on_list
    if not link.written_hash or cut_off:
        return wanted != fields_hash(contact)
    if link.written_hash != wanted:
        return True
    return bool(link.read_hash) and link.read_hash != fields_hash(contact)
