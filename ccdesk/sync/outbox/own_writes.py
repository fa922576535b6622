"""The echo of our own writes: what a call of ours left in a contact is nobody's act (design R4).

The sign-up form is the one call that sends the welcome mail, and the contact then shows an opt-in by the
person. An account with the same email that opted out in Kibo must not be opted in by that, not even once the
account we signed up has another email or is gone.
"""

from __future__ import annotations

from dataclasses import replace

from ccdesk.core.limits import A_SECOND
from ccdesk.core.models import Link
from ccdesk.sync.context import RunContext


def note_own_write(ctx: RunContext, link: Link | None) -> None:
    """Note on the person's opted-out accounts that what the contact shows until now may be our own write.

    `link` is that of the account we put on the list, as it was stored while the outcome was open.
    """
    if link is None or not link.may_be_there:
        return
    until = ctx.mail_now() + A_SECOND
    ctx.store.links.save(
        replace(one, written_at=until)
        for one in ctx.store.links.by_email(link.email_key)
        if one.customer_id != link.customer_id and one.kibo_opted_in is False
    )
