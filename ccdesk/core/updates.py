"""Whether there is a newer ccdesk: where that is asked, what an answer means, what is said about it.

A package knows from its build where its releases are published (docs/decisions/0010); a checkout does not.
The answer is a forge's own, of `GET …/repos/OWNER/NAME/releases/latest`: GitHub's, Gitea's and Forgejo's have
the same fields. Versions are ours, of one form (`tools/release.py`): `core` needs no library to read them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from ccdesk.core.errors import ServiceError
from ccdesk.core.origins import origin
from ccdesk.core.settings import is_loopback
from ccdesk.core.words import marked

LARGEST = 1 << 20  # bytes of an answer: GitHub's has some thousand, and the notes of the release
EVERY = timedelta(days=1)
AFTER_FAILURE = timedelta(hours=4)
_VERSION = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?:rc(\d{1,6}))?", re.ASCII)
_FINAL = 1 << 20  # after all its candidates
_LONGEST_ADDRESS = 2_000


class UpdatesUnknown(ServiceError):
    """Nobody could say whether there is a newer version. Nothing depends on it."""

    title = marked("We couldn't find out whether there is a newer version")
    next_step = marked("ccdesk works as before. Try again later, or look at the page of its releases.")


class Strange(ValueError):
    """An answer that is no release of ours; says why."""


class Said(StrEnum):
    """What is to be said about a release."""

    NEWER = "newer"
    PASSED_OVER = "passed over"  # newer, and a person does not want to be told of it
    NEWEST = "newest"  # this very program, or one that is not released yet


@dataclass(frozen=True, slots=True)
class ReleasePlace:
    """Where releases are published: the address asked for the latest one, and the page for people."""

    latest: str
    page: str

    @property
    def host(self) -> str:
        """The name of the server that is asked."""
        return urlsplit(self.latest).hostname or ""


@dataclass(frozen=True, slots=True)
class Release:
    """A published version, and the page that tells of it."""

    version: str
    page: str


def read_place(text: str) -> ReleasePlace:
    """Return what a package says about where it comes from.

    Raises:
        ValueError: it is not of the form `{"latest": ADDRESS, "page": ADDRESS}`, or an address is not https.

    """
    found = json.loads(text)
    if not isinstance(found, dict) or set(found) != {"latest", "page"}:
        raise ValueError("it takes latest and page")
    for name, address in found.items():
        if not isinstance(address, str) or not _is_sound(address):
            raise ValueError(f"{name} is no https address")
    return ReleasePlace(**found)


def read_release(answer: Any, place: ReleasePlace) -> Release:
    """Return the release that the forge names as its latest.

    Raises:
        Strange: it is none, not one for everybody, or its page is at another server than the place's.

    """
    if not isinstance(answer, dict):
        raise Strange("it is no release")
    if any(answer.get(mark) not in (False, None) for mark in ("draft", "prerelease")):
        raise Strange("it is a draft, or not for everybody yet")
    tag, page = answer.get("tag_name"), answer.get("html_url")
    version = tag.removeprefix("v") if isinstance(tag, str) else ""
    if not _VERSION.fullmatch(version) or "rc" in version:
        raise Strange("its tag is no version")
    if not isinstance(page, str) or not _is_sound(page) or origin(page) != origin(place.page):
        raise Strange("its page is elsewhere")
    return Release(version, page)


def _is_sound(address: str) -> bool:
    """Say whether an address can be read in one way only, and is https or on this computer."""
    if len(address) > _LONGEST_ADDRESS or not address.isprintable() or set(address) & set(" \\"):
        return False
    at = urlsplit(origin(address))
    return at.scheme == "https" or (at.scheme == "http" and is_loopback(at.hostname or ""))


def rank(version: str) -> tuple[int, int, int, int]:
    """Return what versions are ordered by; a candidate comes before its release.

    Raises:
        ValueError: it is no version of ours.

    """
    found = _VERSION.fullmatch(version)
    if found is None:
        raise ValueError(f"“{version[:40]}” is no version")
    major, minor, patch, candidate = found.groups()
    return int(major), int(minor), int(patch), int(candidate) if candidate else _FINAL


def decide(here: str, found: str, passed_over: str = "") -> Said:
    """Return what to say of the release found; `passed_over`: the version nobody wants to be told of."""
    if rank(found) <= rank(here):
        return Said.NEWEST
    return Said.PASSED_OVER if found == passed_over else Said.NEWER


def is_due(planned: str, now: datetime) -> bool:
    """Say whether to look again; a plan too far ahead was made by a wrong clock, and counts as none."""
    try:
        at = datetime.fromisoformat(planned)
    except ValueError:
        return True
    return at.tzinfo is None or not timedelta() < at - now <= EVERY


def next_look(now: datetime, *, answered: bool) -> str:
    """Return when to look again, as it is kept."""
    return (now + (EVERY if answered else AFTER_FAILURE)).astimezone(UTC).isoformat()
