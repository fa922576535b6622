"""What a bundle for support is to hold, and what it holds (design §8)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ccdesk.core.words import marked

USUAL_DAYS = 30

SUPPORT_KEY = "support.key"
"""Name in the store of the key under which names and emails are recorded; made with the data file."""

RUN_FILES, CALL_FILES = "ccdesk.run*", "ccdesk.calls*"
"""What the records of runs and of the newest calls are called in the base dir (`support/records`)."""

RECORDS_REMOVED = "forgotten.records"
"""Name in the store of the numbers of runs whose records were removed with somebody who was forgotten."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a bundle is to hold: `who` alone if named, the last `days`, emails as they are if `plain`.

    `over`: a file of its name, about which somebody was asked, gives way once the bundle is written.
    """

    who: str = ""
    days: int = USUAL_DAYS
    plain: bool = False
    over: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle as it was written; `contents` says in words what went in.

    `runs` can be done again from it. `only_shown`: runs that can be looked at only, with why. `removed`: runs
    whose records were removed when somebody in them was forgotten.
    """

    path: Path
    contents: list[str] = field(default_factory=list)
    runs: list[int] = field(default_factory=list)
    only_shown: dict[int, str] = field(default_factory=dict)
    removed: list[int] = field(default_factory=list)


def contents(plain: bool) -> list[str]:
    """Say what goes into a bundle, and what never does."""
    people = (
        marked("Emails as they are, because you asked for it; names and addresses as pseudonyms.")
        if plain
        else marked("Emails, names and addresses as pseudonyms, the same one throughout.")
    )
    return [
        marked("Versions of ccdesk, Python and the operating system; settings without keys."),
        marked("What ccdesk remembers: links, runs and their people, the queue, statements, commands."),
        marked(
            "Of recent runs: what was there before, and the calls to both services with what they answered."
        ),
        marked("The newest calls, the end of the log, and where ccdesk was when it crashed, if it ever did."),
        people,
        marked("Never: the login, tokens, the Kibo secret."),
    ]
