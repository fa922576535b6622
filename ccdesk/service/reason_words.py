"""How the reason of a run's entry reads, in both front ends: with its day, where that is known.

What is stored is the reason alone, by which people are counted. `day` puts a moment's day as that front end
shows it; the window says the texts in its language.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime

from ccdesk.core.runs import Entry
from ccdesk.core.words import Text, marked
from ccdesk.sync.drift_kinds import DELETED_ON, ON_DAY
from ccdesk.sync.standing_opt_outs import (
    ALREADY_RIGHT,
    BEFORE_MOVE,
    BY_STAFF,
    DELETED,
    OVERRULES,
    STANDS,
    UNSUBSCRIBED,
)

Day = Callable[[datetime], str]

_ON_DAY = {
    UNSUBSCRIBED: marked("unsubscribed in Constant Contact on {day}"),
    BY_STAFF: marked("unsubscribed in Constant Contact on {day}, by its staff"),
    STANDS: marked("opted out in Constant Contact on {day}; the opt-out stands"),
    DELETED: marked("deleted in Constant Contact on {day}"),
}
_DRIFT_DAY = re.compile(
    r"(?P<reason>.+) \(deleted on (?P<deleted>\d{4}-\d\d-\d\d)\)|(?P<what>.+) on (?P<acted>\d{4}-\d\d-\d\d)"
)
_AROUND = (ALREADY_RIGHT, OVERRULES, BEFORE_MOVE)


def reason_words(entry: Entry, day: Day) -> Text:
    """Return the reason of an entry, with the day of the act that it names."""
    return _words(entry.reason, day(entry.acted_at) if entry.acted_at is not None else "")


def undated_words(reason: str) -> Text:
    """Return a reason that is about several people, each with a day of their own."""
    return _words(reason, "")


def drift_words(reason: str) -> Text:
    """Return the reason of a difference as it was made: a comparison keeps its English words alone.

    So the window writes the day in it as it writes other days.
    """
    found = _DRIFT_DAY.fullmatch(reason)
    if found is None:
        return Text(reason)
    try:
        on = date.fromisoformat(found["deleted"] or found["acted"])
    except ValueError:  # of a service's own words
        return Text(reason)
    if found["deleted"]:
        return DELETED_ON.format(reason=Text(found["reason"]), date=on)
    return ON_DAY.format(what=Text(found["what"]), date=on)


def _words(reason: str, day: str) -> Text:
    for around in _AROUND:
        before, _, after = around.partition("{reason}")
        if reason.startswith(before) and reason.endswith(after):
            inner = reason.removeprefix(before).removesuffix(after)
            return around.format(reason=_words(inner, day))
    form = _ON_DAY.get(reason) if day else None
    return Text(reason) if form is None else form.format(day=day)
