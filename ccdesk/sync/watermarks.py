"""Watermarks ahead of the clock they were taken from: they would hide every change until that moment.

A service answered with a wrong date once, or had a wrong clock for a while. It shows with the next answer:
the poll asked for what comes after a moment that has not come yet. Then it is made again from a sure time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ccdesk.core.limits import A_SECOND
from ccdesk.core.ports.store import State, Store
from ccdesk.sync import state_names as names
from ccdesk.sync.context import RunContext

_LONG = timedelta(days=31)  # where no time at all can be believed


def newest_change(ctx: RunContext) -> datetime | None:
    """Return Kibo's newest update date as of now: what changes from here on is not earlier.

    A date ahead of Kibo's own clock would hide what changes until then, and a shop without anybody has none:
    then it is that clock.
    """
    newest = ctx.shop.newest_update()
    dates = [moment for moment in (newest, ctx.shop.server_time) if moment is not None]
    return min(dates, default=None)


def is_ahead(asked_from: datetime, present: datetime) -> bool:
    """Say whether a poll asked for what had not come yet, by the clock of the service that answered."""
    return asked_from > present


def last_look(state: State, present: datetime | None) -> datetime | None:
    """Return when the last complete look at the shop began: one for changes, or the reading of everybody.

    By Kibo's clock. A reading dated ahead of `present`, what that clock shows now, had a wrong date.
    """
    polled, swept = state.get_time(names.EVENTS_POLLED), state.get_time(names.SWEPT_AT)
    if swept is not None and (present is None or is_ahead(swept, present)):
        swept = None
    return max((one for one in (polled, swept) if one is not None), default=None)


def sure_time(ctx: RunContext, present: datetime) -> datetime:
    """Return the latest time before everything that a poll which saw nothing may have missed.

    That is when ccdesk began: the first look, poll or export. Reading a change twice changes nothing.
    """
    kept = (names.EVENTS_BEGAN, names.INBOUND_BEGAN, names.BASELINE)
    moments = [ctx.store.state.get_time(name) for name in kept]
    return min((one for one in moments if one is not None and one <= present), default=present - _LONG)


def begin_from(store: Store, chosen_at: datetime) -> None:
    """Note when the list was chosen: sign-ups and opt-outs count from then on (design §3a R4).

    Once a poll or an export has begun, their watermarks hold. The service's dates have whole seconds.
    """
    if store.state.get_time(names.OPT_OUTS_SINCE) is None:
        store.state.set_time(names.INBOUND_BEGAN, chosen_at + A_SECOND)


def begin_polls(store: Store, now: datetime) -> datetime:
    """Set the watermarks of polls that never ran, and return them: when the list was chosen.

    `now`, by the mailing service's clock, where that was not noted (an earlier version chose the list), or
    not possible: a wrong date must not hide what people do.
    """
    chosen = store.state.get_time(names.INBOUND_BEGAN)
    began = min(chosen, now) if chosen is not None else now
    with store.transaction():
        for name in (names.OPT_OUTS_SINCE, names.UPDATES_SINCE, names.INBOUND_BEGAN):
            store.state.set_time(name, began)
    return began


def not_begun_after(ctx: RunContext, moment: datetime) -> None:
    """Mend a first poll dated later than can be: it would hide who comes back until then (design R4)."""
    began = ctx.store.state.get_time(names.INBOUND_BEGAN)
    if began is not None and began > moment:
        ctx.store.state.set_time(names.INBOUND_BEGAN, moment)
