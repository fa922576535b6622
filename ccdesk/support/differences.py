"""In what a run done again differs from the one recorded, in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ccdesk.core.runs import Entry, Run

MOST = 20
_CONTINUED = re.compile(r"Continued in run \d+\.")
_VARIES = re.compile(r"“[^”]*”|\"[^\"]*\"|'[^']*'|[^\s@]+@[^\s@]+|\d\d\d\d-\d\d-\d\d[T ][\d:.]+Z?")
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Compared:
    """A run and what is told of its people."""

    run: Run
    people: Sequence[Entry]

    def only(self, customer_ids: Collection[int | None], emails: Collection[str]) -> Compared:
        """Return it with the entries about some accounts or compared emails alone."""
        theirs = [
            one for one in self.people if one.customer_id in customer_ids or one.email.lower() in emails
        ]
        return Compared(self.run, theirs)


def differences(before: Compared, now: Compared, missing: Sequence[str], left: Sequence[str]) -> list[str]:
    """Say how a run differs from the one recorded; nothing if it ended as it had.

    `missing`: calls that the record does not hold; `left`: recorded ones that were not made. Both say why
    the rest is as it is, so they come before the people, of whom there may be thousands.
    """
    of_run, of_people = _of_run(before.run, now.run), _of_people(before.people, now.people)
    if not of_run and not of_people:
        return []
    calls = [
        *_counted("asked for {call}, which the bundle does not hold", missing),
        *_counted("did not ask for {call}", left),
    ]
    return [*of_run, *_shortened(calls, MOST // 2, "calls"), *_shortened(of_people, MOST, "people")]


def _of_run(before: Run, now: Run) -> list[str]:
    found = []
    for name in ("status", "total_contacts", "error_count", "counts"):
        was, became = getattr(before, name), getattr(now, name)
        if was != became:
            found.append(f"{name.replace('_', ' ')}: {_shown(was)} before, {_shown(became)} now")
    if _alike(before.message) != _alike(now.message):
        found.append(f"message: {before.message or 'none'} — now: {now.message or 'none'}")
    return found


def _of_people(before: Iterable[Entry], now: Iterable[Entry]) -> list[str]:
    were, are = Counter(map(_told, before)), Counter(map(_told, now))
    return [
        *(f"before, not now: {one}" for one in sorted((were - are).elements())),
        *(f"now, not before: {one}" for one in sorted((are - were).elements())),
    ]


def _counted(words: str, calls: Sequence[str]) -> list[str]:
    """Return a line for each of the calls, with how often if more than once."""
    return [
        words.format(call=one) + (f" ({times} times)" if times > 1 else "")
        for one, times in Counter(calls).items()
    ]


def _shortened(lines: list[str], most: int, of_what: str) -> list[str]:
    """Return lines, and for those beyond so many how many there are."""
    more = len(lines) - most
    return lines if more <= 1 else [*lines[:most], f"… and {more} more lines about {of_what}"]


def _told(entry: Entry) -> str:
    """Return what is told of one person, apart from names."""
    code = f" [{entry.code}]" if entry.code else ""
    return f"customer {entry.customer_id}: {entry.outcome.value}{code}, {_alike(entry.reason)}"


def _alike(text: str) -> str:
    """Return a text without what is quoted, emails, moments and names, which need not be the same.

    Nor with what a later run adds, which goes on with this one. Any word with a capital may be somebody's
    name, which has a pseudonym in a bundle (`Scrubber.words`).
    """
    return _WORD.sub(_unless_no_name, _VARIES.sub("…", _CONTINUED.sub("", text))).strip()


def _unless_no_name(word: re.Match[str]) -> str:
    return "…" if len(word[0]) > 2 and word[0][0].isupper() else word[0]


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {value[name]}" for name in sorted(value) if value[name]) or "none"
    return str(getattr(value, "value", value))
