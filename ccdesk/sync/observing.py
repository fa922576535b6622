"""What a run knows beside a contact and its link when it observes them: the times, and who is held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial

from ccdesk.core.limits import MAIL_OVERLAP
from ccdesk.core.losses import LossKind
from ccdesk.core.models import Contact, Link
from ccdesk.sync import state_names as names
from ccdesk.sync.context import RunContext
from ccdesk.sync.plan_held import observe_held
from ccdesk.sync.plan_inbound import Observation, observe


def observing(ctx: RunContext) -> Callable[[Contact | None, Link], Observation]:
    """Return how contacts are observed against their links as of now."""
    now, began = ctx.mail_now(), ctx.store.state.get_time(names.INBOUND_BEGAN)
    if began is not None and began > now:
        began = None  # a service's wrong date: it must not hide who comes back
    plain = partial(observe, list_id=ctx.settings.list_id, now=now, skew=ctx.skew(), began=began)
    held = {one.customer_id for one in ctx.store.losses.held() if one.kind is not LossKind.FLAG}
    return partial(observe_held, plain, held, ctx.settings.list_id) if held else plain


def last_sight(ctx: RunContext, link: Link) -> datetime | None:
    """Return until when somebody who is gone from the list was surely on it: they left after that.

    A list may lag behind: what a scan shows was so some minutes before it began (docs/consent.md b4).
    """
    looked = ctx.store.state.get_time(names.SCANNED_AT)
    sights = (link.written_at, looked and looked - MAIL_OVERLAP)
    return max((one for one in sights if one is not None), default=None)
