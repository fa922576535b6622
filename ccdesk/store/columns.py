"""How moments, words and counts are kept in columns."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import peewee

if TYPE_CHECKING:
    _Text = peewee.TextField[Any]
else:
    _Text = peewee.TextField  # generic in its stubs only


def to_text(moment: datetime) -> str:
    """Write a moment as UTC with all six decimals: equal widths make text order the order in time."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be stored")
    utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return utc.isoformat(timespec="microseconds")[:-6] + "Z"


def from_text(text: str) -> datetime:
    """Read what `to_text` wrote, aware, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


class MomentField(_Text):
    """A moment, see `to_text`."""

    def db_value(self, value: datetime | str | None) -> str | None:
        """Return the stored form."""
        return to_text(value) if isinstance(value, datetime) else value

    def python_value(self, value: str | None) -> datetime | None:
        """Return the moment."""
        return None if value is None else from_text(value)


class WordField(_Text):
    """One of an enum's words, stored as the word itself."""

    def __init__(self, words: type[StrEnum], **options: Any) -> None:
        self.words = words
        super().__init__(**options)

    def db_value(self, value: str) -> str:
        """Return the stored form."""
        return str(value)

    def python_value(self, value: str | None) -> StrEnum | None:
        """Return the enum's member; None only where there is no row (an aggregate over nothing)."""
        return None if value is None else self.words(value)


class CountsField(_Text):
    """Named counts, stored as JSON."""

    def db_value(self, value: dict[str, int]) -> str:
        """Return the stored form."""
        return json.dumps(value, sort_keys=True)

    def python_value(self, value: str) -> dict[str, int]:
        """Return the counts."""
        counts: dict[str, int] = json.loads(value)
        return counts


def email_mark(key: str) -> bytes:
    """Return what stands for a compared email where only the same one has to be known again."""
    return hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest()
