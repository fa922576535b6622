"""The list switch: a last scan of the list that is not the active one any more (design R4, R7).

A customer who left it since the last look has opted out. Only the new list is watched from now on, so this
shows nowhere else, and an export would put them on the new one.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from ccdesk.core.errors import ListGone
from ccdesk.core.limits import A_SECOND
from ccdesk.sync import state_names as names
from ccdesk.sync.context import RunContext
from ccdesk.sync.outbox.list_remove import list_remove_later
from ccdesk.sync.runs.list_scan import final_list_scan

log = logging.getLogger(__name__)


def switch_list(ctx: RunContext) -> None:
    """Before a run does anything on a new list: look who left the former one, then count nobody as on it.

    Its members and everything else about it stay as they are. Cut off anywhere, it is done again.

    Raises:
        CcdeskError: it cannot be told who left; nobody may be put on the new list before it can.

    """
    former = ctx.store.state.get(names.FORMER_LIST)
    if not former:
        return
    if ctx.store.links.count(on_list=True) or ctx.store.links.pending(-1, 1):
        _scan_a_last_time(ctx, former)
    with ctx.store.transaction():
        out = ctx.store.links.leave_list(former, ctx.settings.list_id, ctx.mail_now() + A_SECOND)
        # Their opt-out came while this list was not the active one.
        list_remove_later(ctx, list(ctx.store.links.many(out).values()))
        ctx.store.disagreements.clear()
        ctx.store.state.set(names.FORMER_LIST, "")


def _scan_a_last_time(ctx: RunContext, former: str) -> None:
    active = ctx.settings
    ctx.settings = replace(active, list_id=former)
    try:
        with ctx.mail.for_opt_outs():
            final_list_scan(ctx, active.list_id)
    except ListGone:
        log.warning("the former list is gone from Constant Contact: it cannot be told who had left it")
    finally:
        ctx.settings = active
