"""What staff are told of people an export has sent."""

from __future__ import annotations

import re

from ccdesk.core.emails import spellings
from ccdesk.core.exporting import Chunk, ChunkState, Planned
from ccdesk.sync.context import RunContext
from ccdesk.sync.plan_export import NEW_CONTACT
from ccdesk.sync.runs.export_singles import FAILED

_LINE = re.compile(r"\bline\s+(\d{1,9})\b", re.IGNORECASE)


def is_refused(one: Planned, chunk: Chunk | None) -> bool:
    """Say whether the service does not take this person, by whichever call."""
    return one.action.endswith(FAILED) or (chunk is not None and chunk.state is ChunkState.REFUSED)


def reason_of(one: Planned) -> str:
    """Return why somebody was sent, as it was planned."""
    if one.reason:
        return one.reason
    return f"{NEW_CONTACT.reason}; {one.candidate.note}" if one.candidate.note else NEW_CONTACT.reason


def why_refused(one: Planned, chunk: Chunk | None) -> str:
    """Return why somebody was refused: by their own call, or with the whole chunk they were sent in."""
    return chunk.reported[0] if chunk is not None and chunk.reported else one.reason


def reported(ctx: RunContext, one: Planned, chunk: Chunk | None) -> str:
    """Return what the job said about this person; shown to staff, and nothing is decided by it (§15)."""
    if chunk is None or not chunk.reported:
        return ""
    ways = [way.lower() for way in spellings(one.customer.email)]
    named = next((text for text in chunk.reported if any(way in text.lower() for way in ways)), "")
    if named:
        return named
    line = ctx.store.exports.place_in_chunk(chunk, one.customer.id) + 2  # line 1 is the header
    for text in chunk.reported:
        found = _LINE.search(text)
        if found and int(found.group(1)) == line and "@" not in text:
            return text
    return ""
