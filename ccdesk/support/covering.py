"""How a bundle covers people: in the data file, in texts, and in the calls."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from ccdesk.core import files
from ccdesk.core.models import email_key
from ccdesk.core.pseudonyms import Pseudonyms
from ccdesk.store import forgetting
from ccdesk.store.pseudonymous import Cover, Names, cover
from ccdesk.support import fingerprints
from ccdesk.support.kept_words import MESSAGES
from ccdesk.support.records import Record, read_lines
from ccdesk.support.scrub import Scrubber

_FOR_PEOPLE = MESSAGES | {"meaning", "next_step"}  # an error of the transport has these as well
_EMAIL = re.compile(r"""[^\s@"'<>(),;:=&?/\\|]+@[^\s@"'<>(),;:=&?/\\|]+""")


class NoNames:
    """Leaves emails as they are: for a bundle that somebody wants in plain text."""

    def email(self, email: str, /) -> str:
        """Return it."""
        return email

    def text(self, text: str, /) -> str:
        """Return it."""
        return text

    def emails_inside(self, text: str, /) -> str:
        """Return it."""
        return text

    def digest(self, value: bytes, size: int, /) -> bytes:
        """Return it."""
        return value


class Covering:
    """How one bundle covers people, by the names met in the records of any run."""

    def __init__(
        self, given: Pseudonyms, plain: bool, recorded: Sequence[Record], kept: Collection[str]
    ) -> None:
        self.given, self.plain, self._kept = given, plain, kept
        self.names: Names = NoNames() if plain else given
        self._known, self._personal = fingerprints.plain_pairs(), set[str]()
        self._emails: dict[str, str] = {}
        self._seals: dict[str, str] = {}
        self._seal_key = given.digest(forgetting.KEY.encode(), 32).hex()
        for one in recorded:
            with suppress(ValueError, OSError):
                header, _ = read_lines(files.read_private(one.calls))
                self._known.update(header.get("fingerprints", {}))
                self._personal.update(header.get("personal", []))

    def words(self, text: str) -> str:
        """Return a text for people with everybody covered, staff included: their folder has their name."""
        if self.plain:
            return text
        return self.given.inside(files.without_home(text), self._personal, self._kept)

    def fingerprint(self, stored: str, sent: int) -> str:
        """Return a fingerprint of fields in pseudonyms: names are such even in a plain bundle."""
        return fingerprints.exchanged(stored, self._known, self._other, sent=bool(sent))

    def _other(self, stored: str) -> str:
        return self.given.digest(bytes.fromhex(stored), 12).hex()

    def row(self, text: str) -> str:
        """Return what is sent of a person, with its fields in pseudonyms."""
        scrubbed = Scrubber(self.given).value(json.loads(text))
        return json.dumps(scrubbed)

    def file(self, path: Path) -> None:
        """Cover everybody in a copy of the data file."""
        seals = self._seals, self._seal_key
        cover(path, Cover(self.names, self.words, self.fingerprint, self.row, *seals))

    def take_emails(self, path: Path) -> None:
        """Note the emails in a data file: for a plain bundle by their pseudonyms, by which calls are kept.

        And by their seals: a person who was forgotten is known by no more until the email is seen again.
        """
        with closing(sqlite3.connect(path)) as database:
            key = "".join(
                value
                for (value,) in database.execute("SELECT value FROM state WHERE name = ?", (forgetting.KEY,))
            )
            for table in ("link", "statement", "entry") if self.plain or key else ():
                for (email,) in database.execute(f"SELECT DISTINCT email FROM {table} WHERE email <> ''"):
                    if self.plain:
                        self._emails[self.given.email(email).lower()] = email
                    if key:
                        self._note_seal(key, email_key(email))

    def _note_seal(self, key: str, email: str) -> None:
        """Note the seal of a compared email, with that of what stands for the email in this bundle."""
        self._seals[forgetting.sealed(key, email)] = forgetting.sealed(
            self._seal_key, self.names.email(email)
        )

    def call(self, values: dict[str, Any]) -> str:
        """Return a line of the calls: in a plain bundle with the emails that stand behind its pseudonyms."""
        line = json.dumps(self._texts(values))
        if not self._emails:
            return line
        return _EMAIL.sub(lambda found: self._emails.get(found[0].lower(), found[0]), line)

    def _texts(self, value: Any, key: str = "") -> Any:
        """Return a call's values with the names covered that only other calls told.

        Such names stand in texts meant for people alone. Everything else is a pseudonym already, and a word
        of one may be in use as somebody else's: exchanged once more, it would fit no fingerprint.
        """
        if isinstance(value, str):
            return self.given.words_inside(value, self._personal) if key in _FOR_PEOPLE else value
        if isinstance(value, dict):
            return {name: self._texts(one, name.lower()) for name, one in value.items()}
        return [self._texts(one, key) for one in value] if isinstance(value, list) else value
