"""Is everything all right? The one sentence of Info, and the mark beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ccdesk.core.errors import Unreachable
from ccdesk.core.runs import LOOPS
from ccdesk.gui import formats
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.needs import for_window, things
from ccdesk.gui.translation import marked, plural, say
from ccdesk.gui.watch import FINE, Snapshot
from ccdesk.service.api import Connection, ConnectionState, Status
from ccdesk.service.needs_you import Need, NeedKind

KIBO, MAIL = "Kibo", "Constant Contact"
NOTHING_SYNCS = marked("nothing syncs automatically")
OFF = marked("Off: nothing syncs automatically")
NOT_EXPORTED = marked("who opted in before ccdesk came is not on the list; export them on the Sync tab")
OUT_OF_DATE = marked("What is shown may be out of date.")
NO_ANSWER = marked("No answer yet, trying again…")
OFF_AT_KIBO = marked("Paused: the application is switched off in Kibo")


@dataclass(frozen=True, slots=True)
class Overall:
    """The sentence in two parts, and its mark as icon and tone."""

    title: str
    detail: str
    icon: str
    tone: Tone

    @property
    def sentence(self) -> str:
        """Return both parts as one text, for who hears it."""
        return f"{self.title}. {self.detail}" if self.detail else f"{self.title}."

    def __post_init__(self) -> None:
        """Begin the second part as a sentence."""
        object.__setattr__(self, "detail", self.detail[:1].upper() + self.detail[1:])


def overall(
    snapshot: Snapshot, now: datetime, failing_since: Mapping[str, datetime], *, at_work: bool = False
) -> Overall:
    """Return how things stand. What needs a person comes first, as in the tray (`standing.look`).

    `failing_since`: when each service, by name, was first seen to fail. `at_work`: a loop is running
    in this program. Nothing is green that is not well.
    """
    status = snapshot.status
    reason = paused(status, failing_since)
    needs = needing(status, reason)
    if needs:
        meanwhile = reason if status.enabled else say(OFF)
        return Overall(things(needs), meanwhile or _facts(status, now), "warning", Tone.WARNING)
    if not status.enabled:
        return Overall(say("Off"), _off(status), "stopped", Tone.NEUTRAL)
    if reason:
        return Overall(reason, _facts(status, now), "parked", Tone.WARNING)
    if not snapshot.first_export_done:
        title = say("On, but nothing was exported yet")
        return Overall(title, say(NOT_EXPORTED), "waiting", Tone.ACCENT)
    if any(status.last_good.get(kind) is None for kind in LOOPS):
        if at_work:
            return Overall(say("On: looking at both sides for the first time"), "", "running", Tone.ACCENT)
        title = say("On: the first look at both sides comes next")
        return Overall(title, _next(status), "running", Tone.ACCENT)
    if status.last_failed:
        title = say("{kind}: the last run failed").format(kind=_failed_kinds(status))
        return Overall(title, _facts(status, now), "parked", Tone.WARNING)
    if _changes_wait(status):
        return Overall(say("Changes wait for the next sync"), _facts(status, now), "waiting", Tone.ACCENT)
    if snapshot.unanswered:
        return Overall(say(NO_ANSWER), _facts(status, now), "waiting", Tone.ACCENT)
    return Overall(say("Everything is in step"), _facts(status, now), "check-circle", Tone.GOOD)


def unreadable(problem: str) -> Overall:
    """Return how things stand while the data cannot be read: nobody knows, whatever was known before."""
    return Overall(say(problem), say(OUT_OF_DATE), "error", Tone.ERROR)


def _failed_kinds(status: Status) -> str:
    return ", ".join(say(formats.KIND_WORDS[kind]) for kind in status.last_failed)


def _changes_wait(status: Status) -> bool:
    """Say whether anything is known to wait: of people on the list, of those to be added, and for Kibo."""
    pending = status.pending
    return bool(status.waiting or status.queued or pending.opt_outs or pending.opt_ins)


def needing(status: Status, reason: str) -> tuple[Need, ...]:
    """Return what a person has to do something about; `reason`: why nothing gets through just now.

    That runs fail is for nobody while a service does not answer, or in a pause: it passes by itself.
    """
    needs = for_window(status.needs_you)
    return tuple(need for need in needs if not reason or need.kind is not NeedKind.LATE)


def paused(status: Status, failing_since: Mapping[str, datetime]) -> str:
    """Return why nothing gets through just now although nobody has to do anything, or nothing."""
    if status.paused_until is not None:
        return say("Paused until {time}").format(time=formats.short_time(status.paused_until))
    if status.kibo_app is False:
        return say(OFF_AT_KIBO)
    if _is_silent(status.kibo) and _is_silent(status.constant_contact):
        return _both_silent(failing_since)
    for name, connection in ((KIBO, status.kibo), (MAIL, status.constant_contact)):
        if connection.state is ConnectionState.FAILED:
            return _trouble(name, connection, failing_since.get(name))
        if connection.state not in FINE:
            return say("Paused: {service} is not connected").format(service=name)
    return ""


def _is_silent(connection: Connection) -> bool:
    return connection.state is ConnectionState.FAILED and isinstance(connection.error, Unreachable)


def _both_silent(failing_since: Mapping[str, datetime]) -> str:
    """Return that nobody answers: mostly it is this computer that has no network."""
    times = [failing_since[name] for name in (KIBO, MAIL) if name in failing_since]
    if len(times) < 2:
        return say("Paused: neither Kibo nor Constant Contact answers; retrying")
    words = say("Paused: neither Kibo nor Constant Contact answers since {time}; retrying")
    return words.format(time=formats.short_time(max(times)))


def _trouble(name: str, connection: Connection, since: datetime | None) -> str:
    time = formats.short_time(since) if since else ""
    if isinstance(connection.error, Unreachable):
        words = say("Paused: {service} does not answer; retrying")
        if since:
            words = say("Paused: {service} does not answer since {time}; retrying")
        return words.format(service=name, time=time)
    if connection.error:
        return say("Paused: {service}: {problem}").format(service=name, problem=say(connection.error.title))
    words = say("Paused: {service} fails; retrying")
    if since:
        words = say("Paused: {service} fails since {time}; retrying")
    return words.format(service=name, time=time)


def _off(status: Status) -> str:
    parts = [say(NOTHING_SYNCS)]
    if status.on_list and not _is_list_gone(status):
        parts.append(plural("{n} customers on the list", "{n} customer on the list", status.on_list))
    return " · ".join(parts)


def _facts(status: Status, now: datetime) -> str:
    """Return how many are in sync, when both directions were last looked at, and when comes the next time."""
    parts = []
    if status.on_list and not _is_list_gone(status):
        parts.append(plural("{n} customers in sync", "{n} customer in sync", status.in_sync))
    if status.waiting:
        parts.append(plural("{n} with a change waiting", "{n} with a change waiting", status.waiting))
    looked = [status.last_good.get(kind) for kind in LOOPS]
    known = [at for at in looked if at is not None]
    if known and len(known) == len(looked):
        parts.append(say("checked {ago}").format(ago=formats.ago(now - min(known))))
    return " · ".join(part for part in (*parts, _next(status)) if part)


def _is_list_gone(status: Status) -> bool:
    """Say whether the list was deleted: who was on it is remembered, but nobody is on it or in sync."""
    return any(need.kind is NeedKind.LIST_DELETED for need in status.needs_you)


def _next(status: Status) -> str:
    moments = [at for at in status.next_runs.values() if at is not None]
    return say("next {time}").format(time=formats.in_sentence(min(moments))) if moments else ""
