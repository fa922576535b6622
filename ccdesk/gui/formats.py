"""Dates, numbers and words as the window shows them, in its language and in local time.

In English, dates are exactly those of the seed; another language has its own (`translation.locale`).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo

from PySide6.QtCore import QDate, QLocale, QTime

from ccdesk.core.clock import MONTHS, ordinal
from ccdesk.core.errors import GOES_ON, GOES_ON_AFTER
from ccdesk.core.runs import Entry, EventStatus, Outcome, Progress, Run, RunKind, RunStatus
from ccdesk.gui.translation import is_english, locale, marked, number, plural, say
from ccdesk.service.held import ANSWERED, ASKED_AGAIN
from ccdesk.service.preview import NO_RUN
from ccdesk.service.reason_words import reason_words

UTC_DATE = re.compile(r"\b(\d{4}-\d\d-\d\d \d\d:\d\d) UTC\b")  # in messages the command line prints too
# The words of `ports.Lease.holder`
HOLDER = re.compile(r"(?P<what>.+) \(process \d+ on (?P<host>.+?)(?:, since (?P<time>.+))?\)")
WEEKDAY = re.compile(r"dddd,?\s*")  # in Qt's formats of dates
YEAR = re.compile(r"[\s,]*\byyyy\b")
SHORT_YEAR = re.compile(r"\byy\b")

KIND_WORDS = {
    RunKind.EXPORT: marked("To Constant Contact"),
    RunKind.EVENTS: marked("Events"),
    RunKind.INBOUND: marked("From Constant Contact"),
    RunKind.FULL_COMPARE: marked("Daily comparison"),
    RunKind.UNDO: marked("Undo"),
}


def kind_words(run: Run) -> str:
    """Return what a run does; of an undo, which run it takes back."""
    if run.undoes is None:
        return say(KIND_WORDS[run.kind])
    return say("{kind} of run {run}").format(kind=say(KIND_WORDS[run.kind]), run=run.undoes)


OUTCOME_WORDS = {
    Outcome.ADDED: marked("Added"),
    Outcome.UPDATED: marked("Updated"),
    Outcome.UNCHANGED: marked("Unchanged"),
    Outcome.REMOVED: marked("Removed from the list"),
    Outcome.OPTED_IN: marked("Opted in"),
    Outcome.OPTED_OUT: marked("Opted out"),
    Outcome.SKIPPED: marked("Skipped"),
    Outcome.HELD: marked("Waiting for you"),
    Outcome.CONFLICT: marked("Conflict"),
    Outcome.ERROR: marked("Error"),
}
PREVIEWED = {  # what a preview says instead: nothing was done
    Outcome.ADDED: marked("Will be added"),
    Outcome.UPDATED: marked("Will be updated"),
    Outcome.UNCHANGED: marked("Unchanged"),
    Outcome.REMOVED: marked("Will be removed from the list"),
    Outcome.OPTED_IN: marked("Will be opted in"),
    Outcome.OPTED_OUT: marked("Will be opted out"),
    Outcome.SKIPPED: marked("Will be skipped"),
    Outcome.HELD: marked("Will wait for you"),
    Outcome.CONFLICT: marked("Conflict"),
    Outcome.ERROR: marked("Error"),
}
COUNTED = {  # by the keys of a run's counts, some of which are no outcome
    "added": marked("{n} added"),
    "updated": marked("{n} updated"),
    "unchanged": marked("{n} unchanged"),
    "removed": marked("{n} removed from the list"),
    "opted_in": marked("{n} opted in"),
    "opted_out": marked("{n} opted out"),
    "skipped": marked("{n} skipped"),
    "held": marked("{n} waiting for you"),
    "conflicts": marked("{n} conflict"),
    "ignored": marked("{n} ignored"),
    "queued": marked("{n} queued"),
}
COUNTED_AHEAD: dict[str, Callable[[int], str]] = {  # the same in a preview, where it differs
    "added": lambda n: plural("{n} will be added", "{n} will be added", n),
    "updated": lambda n: plural("{n} will be updated", "{n} will be updated", n),
    "removed": lambda n: plural("{n} will be removed from the list", "{n} will be removed from the list", n),
    "opted_in": lambda n: plural("{n} will be opted in", "{n} will be opted in", n),
    "opted_out": lambda n: plural("{n} will be opted out", "{n} will be opted out", n),
    "skipped": lambda n: plural("{n} will be skipped", "{n} will be skipped", n),
    "held": lambda n: plural("{n} will wait for you", "{n} will wait for you", n),
}
STATUS_WORDS = {
    RunStatus.RUNNING: marked("Running"),
    RunStatus.COMPLETE: marked("Completed"),
    RunStatus.FAILED: marked("Failed"),
    RunStatus.CANCELLED: marked("Cancelled"),
    RunStatus.INTERRUPTED: marked("Interrupted"),
    RunStatus.WAITING: marked("Waiting"),
    RunStatus.NEEDS_YOU: marked("Needs you"),
}
STATES = {  # as the seed has them, in capitals
    RunStatus.RUNNING: marked("RUNNING"),
    RunStatus.COMPLETE: marked("COMPLETE"),
    RunStatus.FAILED: marked("FAILED"),
    RunStatus.CANCELLED: marked("CANCELLED"),
    RunStatus.INTERRUPTED: marked("INTERRUPTED"),
    RunStatus.WAITING: marked("WAITING"),
    RunStatus.NEEDS_YOU: marked("NEEDS YOU"),
}
NOTHING = {  # to be said of a run without figures
    RunStatus.COMPLETE: marked("Nothing had to be changed"),
    RunStatus.RUNNING: marked("Nothing so far"),
    RunStatus.INTERRUPTED: marked("What was done was not counted"),
}
NOTHING_AHEAD = marked("Nothing has to be changed")  # in a preview
NOTHING_CHANGED = marked("Nothing was changed")
NO_REASON = marked("No reason was noted.")
CONTINUED = "Continued in run"  # how the message of a run ends that another one went on from
EVENT_WORDS = {
    EventStatus.PENDING: marked("Pending"),
    EventStatus.RETRY: marked("Retry"),
    EventStatus.PARKED: marked("Parked"),
    EventStatus.PROCESSED: marked("Processed"),
}


def local(moment: datetime, zone: tzinfo | None = None) -> datetime:
    """Return the moment in `zone`, or in the computer's own; a naive one is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(zone)


def _clock(moment: datetime) -> str:
    return f"{moment.hour % 12 or 12}:{moment:%M}"


def long_date(moment: datetime, zone: tzinfo | None = None) -> str:
    """Return the seed's long form: “December 16th 2015, 11:15:00 am”."""
    at = local(moment, zone)
    if is_english():
        time = f"{_clock(at)}:{at:%S} {'am' if at.hour < 12 else 'pm'}"
    else:
        form = locale().timeFormat(QLocale.FormatType.ShortFormat).replace("mm", "mm:ss")
        time = locale().toString(QTime(at.hour, at.minute, at.second), form)
    return f"{day(at.date())}, {time}"


def day(on: date) -> str:
    """Return a date without its time: “December 16th 2015”."""
    if is_english():
        return f"{MONTHS[on.month - 1]} {ordinal(on.day)} {on.year}"
    form = WEEKDAY.sub("", locale().dateFormat(QLocale.FormatType.LongFormat))
    return locale().toString(QDate(on.year, on.month, on.day), form)


def day_in_sentence(moment: datetime, now: datetime | None = None, zone: tzinfo | None = None) -> str:
    """Return a moment's day as it reads within a sentence: “May 3rd”, with the year where it is another."""
    on, today = local(moment, zone).date(), local(now or datetime.now(UTC), zone).date()
    if on.year != today.year:
        return day(on)
    if is_english():
        return f"{MONTHS[on.month - 1]} {ordinal(on.day)}"
    form = WEEKDAY.sub("", locale().dateFormat(QLocale.FormatType.LongFormat))
    return locale().toString(QDate(on.year, on.month, on.day), YEAR.sub("", form))


def entry_reason(entry: Entry) -> str:
    """Return why something became of a person in a run, with the day of what they did where it is known."""
    return say(reason_words(entry, day_in_sentence))


def short_day(on: date) -> str:
    """Return a date in figures: “12/16/2015”."""
    if is_english():
        return f"{on:%m/%d/}{on.year}"
    form = SHORT_YEAR.sub("yyyy", locale().dateFormat(QLocale.FormatType.ShortFormat))
    return locale().toString(QDate(on.year, on.month, on.day), form)


def short_time(moment: datetime, zone: tzinfo | None = None) -> str:
    """Return only the time: “11:00 AM”."""
    at = local(moment, zone)
    if is_english():
        return f"{_clock(at)} {'AM' if at.hour < 12 else 'PM'}"
    return locale().toString(QTime(at.hour, at.minute), QLocale.FormatType.ShortFormat)


NEAR = {
    -1: (marked("Yesterday at {time}"), marked("yesterday at {time}")),
    0: (marked("Today at {time}"), marked("today at {time}")),
    1: (marked("Tomorrow at {time}"), marked("tomorrow at {time}")),
}  # by days from today, alone and within a sentence
LAST = marked("Last {day} at {time}"), marked("last {day} at {time}")
NEXT = marked("{day} at {time}")


def calendar_date(moment: datetime, now: datetime | None = None, zone: tzinfo | None = None) -> str:
    """Return the event grid's form: “Today at 11:00 AM”, “Last Monday at …”, or “12/16/2015” further off."""
    return _near(moment, now, zone, within=False)


def in_sentence(moment: datetime, now: datetime | None = None, zone: tzinfo | None = None) -> str:
    """Return `calendar_date` as it reads within a sentence: “today at 11:00 AM”, “Monday at …”."""
    return _near(moment, now, zone, within=True)


def _near(moment: datetime, now: datetime | None, zone: tzinfo | None, *, within: bool) -> str:
    on, today = local(moment, zone).date(), local(now or datetime.now(UTC), zone).date()
    days = (on - today).days
    if days in NEAR:
        form = NEAR[days][within]
    elif -6 <= days < -1:
        form = LAST[within]
    elif 1 < days <= 6:
        form = NEXT
    else:
        return short_day(on)
    return say(form).format(day=locale().dayName(on.isoweekday()), time=short_time(moment, zone))


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
    found = HOLDER.fullmatch(words)
    if found is None:
        return say(words)
    what = found["what"]
    with contextlib.suppress(ValueError):
        what = KIND_WORDS[RunKind(what)]
    line = say("{what} (on {host}, since {time})") if found["time"] else say("{what} (on {host})")
    return line.format(what=say(what), host=found["host"], time=in_local_time(found["time"] or ""))


def next_run(moment: datetime | None, zone: tzinfo | None = None, *, enabled: bool = False) -> str:
    """Return the line over the event grid and the inbound table, as the seed writes it.

    `enabled`: the application is; without a time nothing is there that would run, as on a bundle.
    """
    if moment is None and enabled:
        return say("Next Run time : none is planned")
    if moment is None:
        return say("Next Run time : none while the application is not enabled")
    return say("Next Run time : {time}").format(time=long_date(moment, zone))


def duration(seconds: float) -> str:
    """Return a time that runs: “8 s”, “1 min 20 s”, “2 h 5 min”."""
    whole = max(0, int(seconds))
    if whole < 60:
        return say("{s} s").format(s=whole)
    if whole < 3600:
        return say("{min} min {s} s").format(min=whole // 60, s=whole % 60)
    return say("{h} h {min} min").format(h=whole // 3600, min=whole % 3600 // 60)


def silence(progress: Progress, seconds: float) -> str:
    """Return that a service does not answer, how often it was asked, and when it is asked again."""
    again = say("trying again now")
    if seconds >= 1:
        again = say("trying again in {time}").format(time=duration(seconds))
    return plural(
        "No answer from {service} ({n} tries), {again}",
        "No answer from {service} ({n} try), {again}",
        progress.tries,
    ).format(service=progress.silent, again=again)


def ago(passed: timedelta) -> str:
    """Return how long ago something was: “just now”, “2 minutes ago”, “3 hours ago”."""
    minutes = max(0, int(passed.total_seconds() // 60))
    if minutes < 1:
        return say("just now")
    if minutes < 60:
        return plural("{n} minutes ago", "{n} minute ago", minutes)
    hours = minutes // 60
    if hours < 24:
        return plural("{n} hours ago", "{n} hour ago", hours)
    return plural("{n} days ago", "{n} day ago", hours // 24)


def time_left(seconds: float) -> str:
    """Return how long something still takes, no more exact than the guess is."""
    if seconds < 10:
        return say("a few seconds left")
    if seconds < 60:
        return say("about {s} seconds left").format(s=round(seconds / 10) * 10)
    if seconds < 3600:
        return plural("about {n} minutes left", "about {n} minute left", round(seconds / 60))
    return plural("about {n} hours left", "about {n} hour left", round(seconds / 3600))


def pace(rate: float) -> str:
    """Return people a second as a pace one can picture, no more exact than it is steady."""
    a_minute = rate * 60
    step = 10 ** max(0, len(str(int(a_minute))) - 2)
    return say("about {n} a minute").format(n=number(max(1, round(a_minute / step) * step)))


FIGURES = {  # of a run under way, alone and with the total
    "": ("{n}", marked("{n} of {total}")),
    "read": (marked("{n} read"), marked("{n} of {total} read")),
    "sent": (marked("{n} sent"), marked("{n} of {total} sent")),
    "confirmed": (marked("{n} done"), marked("{n} of {total} done")),
}


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
        alone, with_total = FIGURES[word]
        form = with_total if word == moving and progress.total else alone
        parts.append(say(form).format(n=number(people), total=number(progress.total)))
    parts.append(plural("{n} errors", "{n} error", progress.errors) if progress.errors else say("no errors"))
    if progress.rate:
        parts.append(pace(progress.rate))
    if progress.seconds_left is not None:
        parts.append(time_left(progress.seconds_left))
    return " · ".join(parts)


def run_words(run: Run) -> str:
    """Return what is to be said of a run beside its figures: why it ended early, and how it goes on.

    A preview goes on from no run and no run goes on from it.
    """
    if run.id == NO_RUN:
        return in_local_time(say(run.message.partition(GOES_ON)[0].strip()))
    stored, later, _ = run.message.partition(CONTINUED)
    parts = [say("Continued from an earlier run.")] if run.resumes is not None else []
    if run.status is RunStatus.CANCELLED and not _was_asked(run):
        parts.append(say("Stopped. What was done stands."))
    else:
        stored = stored.partition(GOES_ON)[0]
        for answered in (ANSWERED, ASKED_AGAIN):  # first: the question is long, and it is closed
            if answered in stored:
                parts.append(say(answered))
                stored = stored.replace(answered, "")
        parts.append(in_local_time(say(stored.strip())))
    parts.append(say("Continued in a later run.") if later else _goes_on(run))
    return " ".join(part for part in parts if part)


def status_words(run: Run) -> str:
    """Return how a run ended; one with errors did not simply complete."""
    if run.status is RunStatus.COMPLETE and run.error_count:
        return plural("Completed with {n} errors", "Completed with {n} error", run.error_count)
    return say(STATUS_WORDS[run.status])


def is_all_well(run: Run) -> bool:
    """Say whether a run did everything it was to do, for everybody."""
    incomplete = bool(run.message.partition(CONTINUED)[0].strip())
    return run.status is RunStatus.COMPLETE and not run.error_count and not incomplete


def reason(run: Run) -> str:
    """Return in a line why a run did not simply complete, or nothing."""
    if run.status is RunStatus.RUNNING or is_all_well(run):
        return ""
    words = " ".join(part for part in (run_words(run), _errors_of(run)) if part)
    return " ".join(words.split()) or say(NO_REASON)


def _errors_of(run: Run) -> str:
    if run.status is not RunStatus.COMPLETE or not run.error_count:
        return ""
    return plural("{n} errors.", "{n} error.", run.error_count)


def _was_asked(run: Run) -> bool:
    """Say whether a run asked a person and has its answer: it is closed now, and nobody stopped it."""
    return bool(run.counts.get(Outcome.HELD.value)) or ANSWERED in run.message or ASKED_AGAIN in run.message


def _goes_on(run: Run) -> str:
    if run.status is RunStatus.WAITING and run.waiting_until is not None:
        at = run.waiting_until.astimezone(UTC)
        midnight = " (00:00 UTC)" if (at.hour, at.minute) == (0, 0) else ""
        return say(GOES_ON_AFTER).format(time=long_date(run.waiting_until) + midnight)
    cut_short = run.status in (RunStatus.CANCELLED, RunStatus.FAILED, RunStatus.INTERRUPTED)
    if run.kind is RunKind.EXPORT and cut_short and not _was_asked(run):
        return say("The next export goes on where this one stopped.")
    if run.asks_about_list:
        return say("Answer it on the Info tab, or start the export again.")
    return ""


def took(run: Run) -> str:
    """Return how long a finished run took, or nothing."""
    if run.finished_at is None:
        return ""
    seconds = max(0, round((run.finished_at - run.started_at).total_seconds()))
    minutes, rest = divmod(seconds, 60)
    if minutes:
        return say("{min} min {s} s").format(min=minutes, s=rest)
    return plural("{n} seconds", "{n} second", rest)


def parked(events: int) -> str:
    """Return how many queue entries nobody but a person can help: “1 change needs your attention”."""
    if not events:
        return ""
    return plural("{n} changes need your attention", "{n} change needs your attention", events)


def counts_line(run: Run) -> str:
    """Return what a run did in one line: “1,200 added · 3 errors”; of a preview, what the run will do."""
    known = list(COUNTED)
    keys = sorted(run.counts, key=lambda key: known.index(key) if key in known else len(known))
    counted = [key for key in keys if run.counts[key] and key != Outcome.ERROR.value]
    parts = [_counted(key, run.counts[key], ahead=run.id == NO_RUN) for key in counted]
    if run.error_count:
        parts.append(plural("{n} errors", "{n} error", run.error_count))
    nothing = NOTHING_AHEAD if run.id == NO_RUN else NOTHING.get(run.status, NOTHING_CHANGED)
    return " · ".join(parts) or say(nothing)


def _counted(key: str, people: int, *, ahead: bool) -> str:
    """Return a key of a run's counts with its people; of another ccdesk's key, the word is the key's own."""
    if key == "contacts_seen":
        return plural("{n} contacts seen", "{n} contact seen", people)
    if ahead and key in COUNTED_AHEAD:
        return COUNTED_AHEAD[key](people)
    form = say(COUNTED[key]) if key in COUNTED else f"{{n}} {key.replace('_', ' ').lower()}"
    return form.format(n=number(people))


def summary(run: Run, whom: str) -> str:
    """Return whom a run dealt with and what it did: “57 contacts: 56 added · 1 error”."""
    line = counts_line(run)
    return say("{whom}: {did}").format(whom=whom, did=line) if run.total_contacts else line
