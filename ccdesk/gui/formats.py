"""Dates, numbers and words as the window shows them; dates exactly as in the seed, in local time.

Month and day names are fixed English, as the whole window is: `strftime` would follow the locale.
"""

from __future__ import annotations

import contextlib
import re
from datetime import UTC, date, datetime, timedelta, tzinfo

from ccdesk.core.clock import MONTHS, ordinal
from ccdesk.core.errors import GOES_ON
from ccdesk.core.runs import EventStatus, Outcome, Progress, Run, RunKind, RunStatus
from ccdesk.gui.translation import number as number

UTC_DATE = re.compile(r"\b(\d{4}-\d\d-\d\d \d\d:\d\d) UTC\b")  # in messages the command line prints too
PROCESS = re.compile(r"\bprocess \d+ (?=on )")  # in the words of `ports.Lease.holder`
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

KIND_WORDS = {
    RunKind.EXPORT: "To Constant Contact",
    RunKind.EVENTS: "Events",
    RunKind.INBOUND: "From Constant Contact",
    RunKind.FULL_COMPARE: "Daily comparison",
    RunKind.UNDO: "Undo",
}


def kind_words(run: Run) -> str:
    """Return what a run does; of an undo, which run it takes back."""
    words = KIND_WORDS[run.kind]
    return words if run.undoes is None else f"{words} of run {run.undoes}"


OUTCOME_WORDS = {
    Outcome.ADDED: "Added",
    Outcome.UPDATED: "Updated",
    Outcome.UNCHANGED: "Unchanged",
    Outcome.REMOVED: "Removed from the list",
    Outcome.OPTED_IN: "Opted in",
    Outcome.OPTED_OUT: "Opted out",
    Outcome.SKIPPED: "Skipped",
    Outcome.HELD: "Waiting for you",
    Outcome.CONFLICT: "Conflict",
    Outcome.ERROR: "Error",
}
STATUS_WORDS = {
    RunStatus.RUNNING: "Running",
    RunStatus.COMPLETE: "Completed",
    RunStatus.FAILED: "Failed",
    RunStatus.CANCELLED: "Cancelled",
    RunStatus.INTERRUPTED: "Interrupted",
    RunStatus.WAITING: "Waiting",
    RunStatus.NEEDS_YOU: "Needs you",
}
SINGULAR = {"contacts_seen": "contact seen"}  # where the word of a count has a plural
NOTHING = {  # to be said of a run without figures
    RunStatus.COMPLETE: "Nothing had to be changed",
    RunStatus.RUNNING: "Nothing so far",
    RunStatus.INTERRUPTED: "What was done was not counted",
}
NO_REASON = "No reason was noted."
CONTINUED = "Continued in run"  # how the message of a run ends that another one went on from
EVENT_WORDS = {status: status.value for status in EventStatus}


def local(moment: datetime, zone: tzinfo | None = None) -> datetime:
    """Return the moment in `zone`, or in the computer's own; a naive one is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(zone)


def _clock(moment: datetime) -> str:
    return f"{moment.hour % 12 or 12}:{moment:%M}"


def long_date(moment: datetime, zone: tzinfo | None = None) -> str:
    """Return the seed's long form: “December 16th 2015, 11:15:00 am”."""
    at = local(moment, zone)
    half = "am" if at.hour < 12 else "pm"
    return f"{MONTHS[at.month - 1]} {ordinal(at.day)} {at.year}, {_clock(at)}:{at:%S} {half}"


def day(on: date) -> str:
    """Return a date without its time: “December 16th 2015”."""
    return f"{MONTHS[on.month - 1]} {ordinal(on.day)} {on.year}"


def short_time(moment: datetime, zone: tzinfo | None = None) -> str:
    """Return only the time: “11:00 AM”."""
    at = local(moment, zone)
    return f"{_clock(at)} {'AM' if at.hour < 12 else 'PM'}"


def calendar_date(moment: datetime, now: datetime | None = None, zone: tzinfo | None = None) -> str:
    """Return the event grid's form: “Today at 11:00 AM”, “Last Monday at …”, or “12/16/2015” further off."""
    at = local(moment, zone)
    today = local(now or datetime.now(UTC), zone).date()
    days = (at.date() - today).days
    near = {-1: "Yesterday", 0: "Today", 1: "Tomorrow"}
    if days in near:
        return f"{near[days]} at {short_time(moment, zone)}"
    if -6 <= days < -1:
        return f"Last {DAYS[at.weekday()]} at {short_time(moment, zone)}"
    if 1 < days <= 6:
        return f"{DAYS[at.weekday()]} at {short_time(moment, zone)}"
    return f"{at:%m/%d/}{at.year}"


def in_sentence(moment: datetime, now: datetime | None = None, zone: tzinfo | None = None) -> str:
    """Return `calendar_date` as it reads within a sentence: “today at 11:00 AM”, “Monday at …”."""
    shown = calendar_date(moment, now, zone)
    near = ("Today", "Yesterday", "Tomorrow", "Last")
    return shown[:1].lower() + shown[1:] if shown.startswith(near) else shown


def in_local_time(text: str, zone: tzinfo | None = None) -> str:
    """Return a message with the UTC dates in it as the window shows dates."""

    def shown(found: re.Match[str]) -> str:
        try:
            return long_date(datetime.fromisoformat(found[1]), zone)
        except ValueError:
            return found[0]

    return UTC_DATE.sub(shown, text)


def holder(words: str) -> str:
    """Return who works on the data in the window's words for runs and dates; process ids are for support."""
    what, bracket, rest = words.partition(" (")
    with contextlib.suppress(ValueError):
        what = KIND_WORDS[RunKind(what)]
    return in_local_time(f"{what}{bracket}{PROCESS.sub('', rest)}")


def next_run(moment: datetime | None, zone: tzinfo | None = None) -> str:
    """Return the line over the event grid and the inbound table, as the seed writes it."""
    when = long_date(moment, zone) if moment else "none while the application is not enabled"
    return f"Next Run time : {when}"


def count(value: int, one: str, many: str = "") -> str:
    """Return “1 error”, “2 errors”."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """Return a time that runs: “8 s”, “1 min 20 s”, “2 h 5 min”."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def silence(progress: Progress, seconds: float) -> str:
    """Return that a service does not answer, how often it was asked, and when it is asked again."""
    again = f"trying again in {duration(seconds)}" if seconds >= 1 else "trying again now"
    return f"No answer from {progress.silent} ({count(progress.tries, 'try', 'tries')}), {again}"


def ago(passed: timedelta) -> str:
    """Return how long ago something was: “just now”, “2 minutes ago”, “3 hours ago”."""
    minutes = max(0, int(passed.total_seconds() // 60))
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{count(minutes, 'minute')} ago"
    hours = minutes // 60
    return f"{count(hours, 'hour')} ago" if hours < 24 else f"{count(hours // 24, 'day')} ago"


def time_left(seconds: float) -> str:
    """Return how long something still takes, no more exact than the guess is."""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 60:
        return f"about {round(seconds / 10) * 10} seconds left"
    if seconds < 3600:
        return f"about {count(round(seconds / 60), 'minute')} left"
    return f"about {count(round(seconds / 3600), 'hour')} left"


def pace(rate: float) -> str:
    """Return people a second as a pace one can picture, no more exact than it is steady."""
    a_minute = rate * 60
    step = 10 ** max(0, len(str(int(a_minute))) - 2)
    return f"about {number(max(1, round(a_minute / step) * step))} a minute"


def progress_line(progress: Progress) -> str:
    """Return how far a run is: people read, sent, confirmed (of the total), errors, pace, time.

    The total belongs to the figure the present phase moves.
    """
    figures = {"read": progress.read}
    if progress.sent or progress.confirmed:
        figures |= {"sent": progress.sent, "confirmed": progress.confirmed}
    if not progress.read:
        figures = {"": progress.done} if progress.total else {"read": progress.done} if progress.done else {}
    moving = next((word for word, people in reversed(figures.items()) if people == progress.done), None)
    parts = []
    for word, people in figures.items():
        of = f" of {number(progress.total)}" if word == moving and progress.total else ""
        parts.append(f"{number(people)}{of} {word}".rstrip())
    parts.append(count(progress.errors, "error") if progress.errors else "no errors")
    if progress.rate:
        parts.append(pace(progress.rate))
    if progress.seconds_left is not None:
        parts.append(time_left(progress.seconds_left))
    return " · ".join(parts)


def run_words(run: Run) -> str:
    """Return what is to be said of a run beside its figures: why it ended early, and how it goes on."""
    stored, later, _ = run.message.partition(CONTINUED)
    parts = ["Continued from an earlier run."] if run.resumes is not None else []
    if run.status is RunStatus.CANCELLED and not _was_asked(run):
        parts.append("Stopped. What was done stands.")
    else:
        parts.append(in_local_time(stored.partition(GOES_ON)[0].strip()))
    parts.append("Continued in a later run." if later else _goes_on(run))
    return " ".join(part for part in parts if part)


def status_words(run: Run) -> str:
    """Return how a run ended; one with errors did not simply complete."""
    if run.status is RunStatus.COMPLETE and run.error_count:
        return f"{STATUS_WORDS[run.status]} with {count(run.error_count, 'error')}"
    return STATUS_WORDS[run.status]


def is_all_well(run: Run) -> bool:
    """Say whether a run did everything it was to do, for everybody."""
    incomplete = bool(run.message.partition(CONTINUED)[0].strip())
    return run.status is RunStatus.COMPLETE and not run.error_count and not incomplete


def reason(run: Run) -> str:
    """Return in a line why a run did not simply complete, or nothing."""
    if run.status is RunStatus.RUNNING or is_all_well(run):
        return ""
    words = " ".join(part for part in (run_words(run), _errors_of(run)) if part)
    return " ".join(words.split()) or NO_REASON


def _errors_of(run: Run) -> str:
    return (
        f"{count(run.error_count, 'error')}." if run.status is RunStatus.COMPLETE and run.error_count else ""
    )


def _was_asked(run: Run) -> bool:
    """Say whether a run held people until a person answered: it is closed now, and nobody stopped it."""
    return bool(run.counts.get(Outcome.HELD.value))


def _goes_on(run: Run) -> str:
    if run.status is RunStatus.WAITING and run.waiting_until is not None:
        at = run.waiting_until.astimezone(UTC)
        midnight = " (00:00 UTC)" if (at.hour, at.minute) == (0, 0) else ""
        return f"{GOES_ON} {long_date(run.waiting_until)}{midnight}."
    cut_short = run.status in (RunStatus.CANCELLED, RunStatus.FAILED, RunStatus.INTERRUPTED)
    if run.kind is RunKind.EXPORT and cut_short and not _was_asked(run):
        return "The next export goes on where this one stopped."
    return ""


def took(run: Run) -> str:
    """Return how long a finished run took, or nothing."""
    if run.finished_at is None:
        return ""
    seconds = max(0, round((run.finished_at - run.started_at).total_seconds()))
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if minutes else count(rest, "second")


def parked(events: int) -> str:
    """Return how many queue entries nobody but a person can help: “1 change needs your attention”."""
    return f"{count(events, 'change')} {'needs' if events == 1 else 'need'} your attention" if events else ""


def outcome_word(key: str) -> str:
    """Return the word for a key of a run's counts, also for keys that are no outcome (“ignored”)."""
    try:
        return OUTCOME_WORDS[Outcome(key)]
    except ValueError:
        return key.replace("_", " ").capitalize()


def counts_line(run: Run) -> str:
    """Return what a run did in one line: “1,200 added · 3 errors”."""
    parts = [
        f"{number(people)} {SINGULAR[key] if people == 1 and key in SINGULAR else outcome_word(key).lower()}"
        for key, people in run.counts.items()
        if people and key != Outcome.ERROR.value
    ]
    if run.error_count:
        parts.append(count(run.error_count, "error"))
    return " · ".join(parts) or NOTHING.get(run.status, "Nothing was changed")


def summary(run: Run, one: str, many: str) -> str:
    """Return whom a run dealt with and what it did: “57 contacts: 56 added · 1 error”."""
    line = counts_line(run)
    return f"{count(run.total_contacts, one, many)}: {line}" if run.total_contacts else line
