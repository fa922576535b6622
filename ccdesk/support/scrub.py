"""What may be kept of a call's body: its shape, with pseudonyms for everything that may be personal.

What is kept as it is, is named here: structure, ids, moments, and the words of the two services. Any other
text becomes a pseudonym, so a field that a service adds tomorrow is safe without anybody knowing of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ccdesk.core.pseudonyms import Pseudonyms
from ccdesk.core.redaction import without_secrets
from ccdesk.support.kept_words import (
    CALLED,
    FILTERS,
    LINKS,
    MESSAGES,
    NAMED,
    NAMES,
    PERSONAL_IDS,
    STATES,
    WORDS,
)

HERE = "http://here"
"""Stands for the address a call went to."""

SECRET = "<secret>"
_DEEPEST = 60
_SECRET_KEY = re.compile(r"token|secret|password|passwd|authorization|client_id|code_verifier|cookie", re.I)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")
_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{32}|[0-9a-f]{24}", re.I)
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,60}")
# A condition of a Kibo filter (kibo.md §5); its value ends where the next condition begins.
_IS = r"[A-Za-z][\w.]* (?:eq|ne|gt|ge|lt|le|cont|sw) "
_CONDITION = re.compile(rf"({_IS})(.*?)(?= and {_IS}|$)", re.DOTALL)
_OF_SERVICE = ("topic ", "id ")  # their values are words and numbers of the service
_BY_NUMBER = re.compile(r"[\d.]+(:\d+)?|localhost(:\d+)?")  # a host that tells nobody's name
_BORN = re.compile(r"birth|anniversary", re.I)
# Numbers under keys like these count or name things; others may be a telephone or a card.
_COUNTING = re.compile(
    r"(^|_|[a-z])(ids?|I[dD]s?|count|total|size|index|page|pages|version|percent\w*|limit|offset|status|done"
    r"|expires_in|errors?|seconds|quantity)$|Count$|Size$|Index$|Total$",
    re.IGNORECASE,
)
# Kibo's word for an empty state or postal code (kibo.md §7), and its audit log's for a flag (§8).
_NOBODYS = frozenset({"n/a", "true", "false"})


class Scrubber:
    """Scrubs bodies under the pseudonyms of one installation; `personal` collects what it gave.

    `here`: the scheme and host the call went to, which does not matter and differs where it is played again.
    """

    def __init__(self, pseudonyms: Pseudonyms, here: str = "") -> None:
        self._pseudonyms, self._here = pseudonyms, here
        self.personal: set[str] = set()

    def value(self, value: Any, key: str = "", inside: str = "", depth: int = 0) -> Any:
        """Return a JSON value with pseudonyms; `key` is the name it has, `inside` that of what it is in."""
        if value is None or isinstance(value, bool):
            return value
        if _is_secret(key) and not isinstance(value, dict | list):
            return SECRET
        if isinstance(value, str):
            return self._string(value, key.lower(), inside.lower())
        if isinstance(value, int | float):
            return self._number(value, key)
        if depth >= _DEEPEST:
            return None
        if isinstance(value, Mapping):
            return {self._key(name): self.value(one, name, key, depth + 1) for name, one in value.items()}
        return [self.value(one, key, inside, depth + 1) for one in value]

    def _key(self, name: str) -> str:
        """Return a name; one that is no name of a field may be anything."""
        return name if _is_a_name_of_a_field(name) else self.text(name)

    def _string(self, text: str, key: str, inside: str) -> str:
        if not text or text.lower() in _NOBODYS or _is_kept(text, key, inside):
            return text
        if key in MESSAGES:
            return self.words(text)
        if key in LINKS and "/" in text:
            return self.link(text)
        if key in NAMES:
            self._note_names(text.split())
        return self.text(text)

    def _number(self, value: int | float, key: str) -> int | float:
        if abs(value) < 100 or (isinstance(value, int) and _counts(key)):
            return value
        return int(self._pseudonyms.text(str(abs(int(value))))) if abs(value) < 1e15 else 0

    def cell(self, text: str) -> str:
        """Return a cell of a table: moments, numbers and the words of a service as they are."""
        return text if not text or text.lower() in STATES or _is_plain(text) else self.text(text)

    def text(self, text: str) -> str:
        """Return a pseudonym, which is an email's if it has an @."""
        given = self._pseudonyms.email(text) if "@" in text else self._pseudonyms.text(text)
        if "@" not in text:
            self._note_names([text])
        return given

    def _note_names(self, words: Iterable[str]) -> None:
        self.personal.update(self._pseudonyms.text(one) for one in words if _may_be_a_name(one))

    def words(self, text: str) -> str:
        """Return a text meant for people, with pseudonyms for whom and what it may name."""
        return self._pseudonyms.inside(without_secrets(text), self.personal)

    def link(self, link: str) -> str:
        """Return an address with pseudonyms in its query."""
        if self._here and link.startswith(self._here):
            link = HERE + link[len(self._here) :]
        try:
            parts = urlsplit(link)
        except ValueError:
            return self.text(link)
        if parts.netloc and not link.startswith(HERE):  # somewhere else, perhaps the merchant's own
            return self.text(link)
        query = urlencode(self.query(parse_qsl(parts.query, keep_blank_values=True)))
        return urlunsplit((parts.scheme, parts.netloc, self.words(parts.path), query, ""))

    def query(self, pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the parameters of a query with pseudonyms."""
        return [(key, self._parameter(key, value)) for key, value in pairs]

    def _parameter(self, key: str, value: str) -> str:
        if _is_secret(key):
            return SECRET
        if key.lower() in CALLED or _is_plain(value):
            return value
        if key.lower() == "filter":
            return self._filter(value)
        if " " in value.strip() or "," in value:  # names of fields, or of people: quoted ones are whose
            return self._pseudonyms.inside(value) if key.lower() in FILTERS else self.text(value)
        return self.text(value)

    def _filter(self, text: str) -> str:
        """Return a filter with pseudonyms for the values it compares with, quoted or not."""
        if not _CONDITION.match(text):
            return self.text(text)
        return _CONDITION.sub(lambda found: found[1] + self._compared(found[1], found[2]), text)

    def _compared(self, condition: str, value: str) -> str:
        if condition.startswith(_OF_SERVICE) or _is_plain(value):
            return value
        quoted = len(value) > 1 and value[0] == value[-1] == "'"
        return f"'{self.text(value[1:-1])}'" if quoted else self.text(value)


@lru_cache(maxsize=1024)
def _is_secret(key: str) -> bool:
    return bool(_SECRET_KEY.search(key))


@lru_cache(maxsize=1024)
def _counts(key: str) -> bool:
    return bool(_COUNTING.search(key))


@lru_cache(maxsize=1024)
def _is_a_name_of_a_field(name: str) -> bool:
    return bool(_CODE.fullmatch(name.lstrip("_")))


def _may_be_a_name(word: str) -> bool:
    """Say whether a word may be told from the words of any sentence: “an” and “80” may not."""
    return len(word) > 2 and word[0].isupper()


def _is_plain(text: str) -> bool:
    return (
        (text.isdigit() and len(text) < 10)
        or text in ("true", "false")
        or bool(_MOMENT.fullmatch(text) or _UUID.fullmatch(text))
    )


def _is_kept(text: str, key: str, inside: str) -> bool:
    """Say whether a text is an id, a moment or a word of a service."""
    if _BORN.search(key):
        return False
    if _MOMENT.fullmatch(text) or _UUID.fullmatch(text):
        return True
    if key == "domain":
        return bool(_BY_NUMBER.fullmatch(text))
    if key in ("state", "code"):
        return text.lower() in STATES or (key == "code" and text.isupper() and "_" in text)
    if key == "name":
        return inside in NAMED
    if key.endswith("id") and key.replace("_", "") not in PERSONAL_IDS:
        return _is_plain(text) or (len(text) > 6 and bool(_CODE.fullmatch(text)))
    return key in WORDS and bool(_CODE.fullmatch(text))
