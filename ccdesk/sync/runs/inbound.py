"""Bringing opt-outs and opt-ins from Constant Contact back to Kibo (design R4).

First everything seen is observed, and what Kibo must be given is stored on the links (`pending`) together
with the watermark; then the pending write-backs are made. So a crash, a cancel or a Kibo that is down loses
no opt-out.
"""

from __future__ import annotations

from datetime import datetime

from ccdesk.core.errors import ListGone, ServiceError
from ccdesk.core.limits import MAIL_OVERLAP
from ccdesk.sync import state_names as names
from ccdesk.sync.context import RunContext
from ccdesk.sync.outbox.shop import write_back
from ccdesk.sync.runs.list_scan import scan_due, scan_list
from ccdesk.sync.runs.take_in import take_in
from ccdesk.sync.sensors.unlinked_contacts import acts_since
from ccdesk.sync.watermarks import begin_polls, is_ahead, not_begun_after, sure_time


def run_inbound(ctx: RunContext) -> None:
    """Do one cycle: polls, the scan of the list when it is due, then the pending write-backs."""
    try:
        with ctx.mail.for_opt_outs():
            _begin(ctx)
            not_begun_after(ctx, ctx.store.state.get_time(names.OPT_OUTS_SINCE) or ctx.mail_now())
            seen = _poll_opt_outs(ctx)
            seen += _poll_updates(ctx)
            if scan_due(ctx):
                scan_list(ctx)
    except (ServiceError, ListGone):
        write_back(ctx)  # what was pending before, or seen until now, need not wait for the other service
        raise
    ctx.counts["contacts_seen"] += seen
    write_back(ctx)


def _begin(ctx: RunContext) -> None:
    """Before the very first poll: look from when the list was chosen on, and no further back (§3a R4)."""
    if ctx.store.state.get_time(names.OPT_OUTS_SINCE) is None:
        ctx.require_list()
        begin_polls(ctx.store, ctx.mail_now())


def _poll_opt_outs(ctx: RunContext) -> int:
    since = ctx.store.state.get_time(names.OPT_OUTS_SINCE) or ctx.mail_now()
    began, seen = _poll(ctx, since, opted_out_after=since - MAIL_OVERLAP)
    if is_ahead(since - MAIL_OVERLAP, began):
        since = sure_time(ctx, began)
        not_begun_after(ctx, since)
        began, seen = _poll(ctx, since, opted_out_after=since - MAIL_OVERLAP)
    ctx.store.state.set_time(names.OPT_OUTS_SINCE, max(since, began))
    return seen


def _poll_updates(ctx: RunContext) -> int:
    """Poll by update date, from the watermark less the overlap but not again over what we wrote ourselves."""
    since = ctx.store.state.get_time(names.UPDATES_SINCE) or ctx.mail_now()
    floor = ctx.store.state.get_time(names.UPDATES_FLOOR)
    after = since - MAIL_OVERLAP
    after = max(after, floor) if floor is not None else after
    began, seen = _poll(ctx, since, updated_after=after)
    if is_ahead(after, began):
        since = sure_time(ctx, began)
        not_begun_after(ctx, since)
        ctx.store.state.set_time(names.UPDATES_FLOOR, None)
        began, seen = _poll(ctx, since, updated_after=since - MAIL_OVERLAP)
    ctx.store.state.set_time(names.UPDATES_SINCE, max(since, began))
    return seen


def _poll(
    ctx: RunContext,
    since: datetime,
    *,
    opted_out_after: datetime | None = None,
    updated_after: datetime | None = None,
) -> tuple[datetime, int]:
    """Take in what changed; return the service's time at the first page, and how many contacts came."""
    what = "changes" if opted_out_after is None else "opt-outs"
    began: datetime | None = None
    gone: ListGone | None = None
    seen = 0
    ctx.progress(f"Looking for {what} in Constant Contact")
    for page in ctx.mail.contacts(opted_out_after=opted_out_after, updated_after=updated_after):
        began = began or ctx.mail_now()
        try:
            seen += take_in(ctx, page, since=acts_since(ctx, since))
        except ListGone as error:
            gone = error  # opt-outs on the pages to come count all the same
        ctx.progress(f"Looking for {what} in Constant Contact", seen)
    if gone is not None:
        raise gone
    return began or ctx.mail_now(), seen


# ---------------------------------------------------------------- scan of the list
