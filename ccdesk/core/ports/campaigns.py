"""Email campaign drafts at Constant Contact (constant-contact.md §16).

Nothing here schedules or sends a campaign, and no such call exists in the clients (a test holds it): what
becomes of a draft is decided by people, in Constant Contact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class NewDraft:
    """What a draft is made with. The service asks for all of it and refuses addresses not confirmed there."""

    name: str  # unique in the account, at most `limits.CAMPAIGN_NAME_MAX` UTF-16 units
    from_name: str
    from_email: str
    reply_to_email: str
    subject: str
    html: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign of the account as its collection shows it; `is_draft`: nobody has scheduled or sent it."""

    id: str
    name: str
    is_draft: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft: `activity_id` is that of its email, `web_address` the page on which a browser shows it."""

    campaign_id: str
    name: str
    activity_id: str
    web_address: str


class Campaigns(Protocol):
    """Makes drafts, finds them, and says to which list they would go. Raises the errors of `core.errors`."""

    def campaigns(self) -> Iterator[list[Campaign]]:
        """Yield pages of the account's campaigns, by any program or person; sent and deleted ones too."""

    def make_draft(self, new: NewDraft) -> Draft:
        """Make a draft. It belongs to no list yet.

        Raises:
            ItemRefused: with code "conflict" if a campaign has the name.
            AnswerLost: it may have been made; look for its name before trying again.

        """

    def draft(self, campaign_id: str) -> Draft | None:
        """Return a draft made before, None if it is gone."""

    def choose_list(self, draft: Draft, list_id: str) -> None:
        """Have a draft go to this list, if it goes to nobody yet; everything else in it stays.

        Raises:
            ItemRefused: the list is not taken, or the draft is none any more.

        """
