"""Writing the journal: no command is sent before its line is stored (docs/consent.md b3, b4)."""

from __future__ import annotations

from datetime import datetime

from ccdesk.core.intents import LANDS_WITHIN, Act, Ended, JournalLine
from ccdesk.core.models import Link
from ccdesk.sync.context import RunContext


def line_of(
    ctx: RunContext,
    act: Act,
    link: Link,
    *,
    begun: datetime | None = None,
    event_id: str = "",
    by_job: bool = False,
    sign_up: bool = False,
) -> JournalLine:
    """Return the line of a command about an account, by its link as it is while the command goes on.

    `begun`: None for now, on the mail service's clock. `by_job`: a job carries it out, which may take long.
    """
    at = begun or ctx.mail_now()
    return JournalLine(
        act,
        link.customer_id,
        link.email_key,
        ctx.settings.list_id,
        at,
        contact_id=link.contact_id,
        lands_by=None if by_job else at + LANDS_WITHIN,
        run_id=ctx.run.id,
        event_id=event_id,
        sign_up=sign_up,
    )


def how_ended(link: Link, *, on_list: bool) -> Ended:
    """Say how what was begun with an account has ended, by whether its person is on the list now.

    Where they are not as they were to be, others may have seen to that: the end is not known.
    """
    shows = link.being_added if on_list else link.being_taken_off
    return Ended.DONE if shows else Ended.UNKNOWN
