"""How ccdesk stands, in one word and one line: what the tray shows of it, and what counts as well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from ccdesk.core.runs import RunKind
from ccdesk.gui import formats
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.needs import for_window, things
from ccdesk.gui.overall import needing as overall_needs
from ccdesk.gui.overall import overall, paused
from ccdesk.gui.translation import say
from ccdesk.gui.watch import Snapshot
from ccdesk.service.needs_you import Need, NeedKind

HALTED = frozenset({NeedKind.LIST_DELETED, NeedKind.WRITES_STOPPED, NeedKind.LATE, NeedKind.LOOP_STOPPED})
"""What keeps the loops from their work, beside a connection; the others wait while the rest goes on."""


class Standing(StrEnum):
    """The four states of the tray's icon; only the first is green."""

    IN_STEP = "in step"
    WORKING = "working"
    PAUSED = "paused or off"
    NEEDS_YOU = "needs you"


@dataclass(frozen=True, slots=True)
class Look:
    """The state, and the line that says it."""

    standing: Standing
    line: str


def look(snapshot: Snapshot | None, running: RunKind | None = None, unreadable: str = "") -> Look:
    """Return how it stands, in the words of Info.

    `running`: the run under way, if one is. `unreadable`: what keeps the data from being read.
    """
    needs = needing(snapshot) if snapshot is not None else ()
    if needs:
        return Look(Standing.NEEDS_YOU, things(needs))
    if unreadable:
        return Look(Standing.PAUSED, unreadable)
    if running is not None:
        return Look(Standing.WORKING, say("Working: {kind}").format(kind=say(formats.KIND_WORDS[running])))
    if snapshot is None or snapshot.quick:
        return Look(Standing.PAUSED, say("Starting…"))
    seen = overall(snapshot, datetime.now(UTC), {})
    return Look(Standing.IN_STEP if seen.tone is Tone.GOOD else Standing.PAUSED, seen.title)


def needing(snapshot: Snapshot) -> tuple[Need, ...]:
    """Return what a person has to do something about.

    That runs fail is for nobody while a service does not answer, or in a pause: it passes by itself.
    """
    return overall_needs(snapshot.status, paused(snapshot.status, {}))


def next_line(snapshot: Snapshot | None) -> str:
    """Return when the next sync is."""
    moments = [] if snapshot is None else [at for at in snapshot.status.next_runs.values() if at]
    if not moments:
        return say("No sync is planned")
    return say("Next sync: {time}").format(time=formats.in_sentence(min(moments)))


def is_well(snapshot: Snapshot) -> bool:
    """Say whether the loops get anything done, as far as is known."""
    halted = any(need.kind in HALTED for need in for_window(snapshot.status.needs_you))
    return snapshot.kibo_ready and snapshot.logged_in and not halted


def can_sync(snapshot: Snapshot | None) -> bool:
    """Say whether everything a run needs is there."""
    if snapshot is None or not snapshot.settings.contact_list:
        return False
    return snapshot.kibo_ready and snapshot.logged_in
