"""Writing the journal: no command is sent before its line is stored (docs/consent.md b3, b4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ccdesk.core.intents import LANDS_WITHIN, Act, Ended, JournalLine
from ccdesk.core.limits import A_SECOND
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


def taken_back(ctx: RunContext, lines: Sequence[JournalLine]) -> bool:
    """Say whether a flag was set again after an opt-out of ours whose end nobody saw: the audit log tells.

    Without it an edit since then looks the same, and the opt-out stands (design R5).
    """
    cut_off = [one for one in lines if one.act is Act.OPT_OUT and one.ended is Ended.OPEN]
    set_at = ctx.shop.opt_in_set_at(cut_off[0].customer_id) if cut_off else None
    return set_at is not None and all(set_at - ctx.skew() > one.begun + A_SECOND for one in cut_off)


def how_ended(link: Link, *, on_list: bool) -> Ended:
    """Say how what was begun with an account has ended, by whether its person is on the list now.

    Where they are not as they were to be, others may have seen to that: the end is not known.
    """
    shows = link.being_added if on_list else link.being_taken_off
    return Ended.DONE if shows else Ended.UNKNOWN
