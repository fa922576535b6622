"""Our own sign-ups, told from the person's: what a call of ours left is nobody's act (design R4).

The sign-up form is the one call that sends the welcome mail, and the contact then shows an opt-in by the
person. An account with the same e-mail that said no in Kibo must not be opted in by that, not even once the
account we signed up has another e-mail or is gone.
"""

from __future__ import annotations

from dataclasses import replace

from ccdesk.core.limits import A_SECOND
from ccdesk.core.models import Link
from ccdesk.sync.context import RunContext


def note_own_write(ctx: RunContext, link: Link | None) -> None:
    """Let the person's accounts that said no know that whatever the contact shows until now may be ours.

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
