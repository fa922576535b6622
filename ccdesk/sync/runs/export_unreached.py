"""Whom an export passed by: known as opted in from the list before, yet not put on this one (design R7).

They had opted out, or their account did not count, when the export read Kibo. Known as opted in they would
show no change once they opt in again or count again, and be on no list without anybody being told.
"""

from __future__ import annotations

from dataclasses import replace

from ccdesk.core.exporting import Candidate
from ccdesk.sync.agreement import wants_mail
from ccdesk.sync.context import RunContext
from ccdesk.sync.plan_export_group import UNREADABLE

_PAGE = 500


def note_unreached(ctx: RunContext) -> None:
    """At the end of an export have those it passed by looked at with their next event, whatever it shows.

    An opt-out of theirs is acted on all the same, for others may have put them on the list, and so is an
    opt-in.
    """
    after = -1
    while links := ctx.store.links.settled_off_list(after, _PAGE):
        ctx.check_cancel()
        after = links[-1].customer_id
        read = ctx.store.exports.many([link.customer_id for link in links])
        ctx.store.links.save(
            replace(link, kibo_opted_in=None, passed_by=True)
            for link in links
            if not reached(read.get(link.customer_id), guests=ctx.settings.guests)
        )


def reached(candidate: Candidate | None, *, guests: bool) -> bool:
    """Say whether an export has seen to somebody: as themselves, or as one more account of a person."""
    if candidate is None or candidate.code == UNREADABLE:
        return False
    return wants_mail(candidate.customer, guests=guests)
