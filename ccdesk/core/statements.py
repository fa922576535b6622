"""The words in which it is told who stated what about being mailed (docs/consent.md b1, b2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

UNSUBSCRIBED = "unsubscribed in Constant Contact"
BY_STAFF = "unsubscribed in Constant Contact, by its staff"
"""Why an opt-out is pending that no contact has stated: of unusually many the guard holds some (R8)."""


class Side(StrEnum):
    """Where something was stated."""

    SHOP = "shop"
    MAIL = "mail"


class Says(StrEnum):
    """What a statement says about being mailed."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    NEITHER = "neither"


class How(StrEnum):
    """By which act something was stated."""

    FLAG_SET = "flag_set"
    FLAG_CLEARED = "flag_cleared"
    SEEN_OFF = "seen_off"  # an account whose flag was off when it was first read: no statement of a person
    INHERITED = "inherited"  # the opt-out of the email that the account had before
    UNSUBSCRIBED = "unsubscribed"
    LEFT = "left"
    SIGNED_UP = "signed_up"
    DELETED = "deleted"
    PUT_ON = "put_on"  # on a list by neither the person nor us
    PUT_BACK = "put_back"  # the same, and it answers a leaving that had not been carried
    ADDED = "added"  # ours
    REMOVED = "removed"  # ours
    ASKED = "asked"  # ours: the one confirmation
    ANSWERED_ADD = "answered_add"  # staff's answer about an account that is asked about (design §3a R1)
    ANSWERED_LEAVE = "answered_leave"
    UNDONE = "undone"  # ours: what a run had done was taken back, so nobody stated anything

    @property
    def says(self) -> Says:
        """What it says about being mailed."""
        return _SAYS.get(self, Says.NEITHER)


class Author(StrEnum):
    """Who stated it, as far as a service tells."""

    PERSON = "person"
    STAFF = "staff"
    US = "us"
    UNKNOWN = "unknown"


_SAYS = {
    How.FLAG_SET: Says.OPT_IN,
    How.SIGNED_UP: Says.OPT_IN,
    How.ADDED: Says.OPT_IN,
    How.ANSWERED_ADD: Says.OPT_IN,
    How.FLAG_CLEARED: Says.OPT_OUT,
    How.INHERITED: Says.OPT_OUT,
    How.UNSUBSCRIBED: Says.OPT_OUT,
    How.LEFT: Says.OPT_OUT,
    How.REMOVED: Says.OPT_OUT,
}


@dataclass(frozen=True, slots=True)
class KeptStatement:
    """One statement as it is kept: made between `earliest` (None: not told) and `latest`.

    Both are on the mail service's clock. `run` is the one that learned of it, None for staff's answers.
    """

    customer_id: int
    how: How
    author: Author
    earliest: datetime | None
    latest: datetime
    run: int | None


class Statements(Protocol):
    """What people and staff stated, kept for good (docs/decisions/0006)."""

    def of_people(self, keys: Sequence[str]) -> dict[str, list[KeptStatement]]:
        """Return what is kept of people by their compared emails, of each in the order it was kept."""
