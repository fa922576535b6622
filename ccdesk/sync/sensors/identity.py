"""Contacts whose answer does not say whose they are: told by what ccdesk knows of them, or set apart."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from ccdesk.core.models import Contact
from ccdesk.sync.context import RunContext

log = logging.getLogger(__name__)


def resolve_identity(ctx: RunContext, page: Sequence[Contact]) -> tuple[list[Contact], list[Contact]]:
    """Split a page into the contacts whose id and email are known, and those of whom one cannot be read.

    A contact that a link knows by the one gets the other from there. Those set apart may be anybody: who is
    not found among the others must not be taken for new because of that.
    """
    known: list[Contact] = []
    apart: list[Contact] = []
    for contact in page:
        found = contact if contact.id and contact.email else _as_linked(ctx, contact)
        (known if found.id and found.email else apart).append(found)
    for one in apart:
        log.warning("contact %s: it cannot be read whose it is", one.id or "without an id")
    return known, apart


def _as_linked(ctx: RunContext, contact: Contact) -> Contact:
    links = ctx.store.links
    if contact.id:
        found = links.by_contacts([contact.id]).get(contact.id, [])
    else:
        found = links.by_email(contact.email_key)
    for link in found:
        if link.contact_id and link.email:
            return replace(contact, id=link.contact_id, email=contact.email or link.email)
    return contact
