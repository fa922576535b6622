"""Somebody whose name or address the service refuses is placed with email and list alone (design §3a R2)."""

from __future__ import annotations

from ccdesk.core.errors import CcdeskError, ItemRefused
from ccdesk.core.exporting import Planned
from ccdesk.core.models import ContactFields
from ccdesk.sync.context import RunContext

PLAINLY = "_plain"
"""What follows the action of somebody who is sent with email and list alone."""


def plain(fields: ContactFields) -> ContactFields:
    """Return the email alone."""
    return ContactFields(fields.email)


def has_more(fields: ContactFields) -> bool:
    """Say whether there is anything beside the email that a service could have refused."""
    return fields != plain(fields)


def may_be_the_fields(error: CcdeskError) -> bool:
    """Say whether a single call was refused for what it held: no clash, and nothing that is not there."""
    return isinstance(error, ItemRefused) and error.code.startswith("refused_4")


def plain_note(error: CcdeskError) -> str:
    """Return what the entry of somebody placed so says, with the service's own words where it gave any."""
    words = f" ({error.meaning.rstrip('.')})" if error.meaning else ""
    return f"name and address were refused{words}: placed with email and list alone"


def sent_fields(ctx: RunContext, one: Planned) -> ContactFields:
    """Return what an export sends, or has sent, of one person."""
    fields = ctx.mail.read_row(one.candidate.row)
    return plain(fields) if PLAINLY in one.action else fields
