"""Who an account is: its summary, its own email addresses, its campaigns (constant-contact.md §7, §16)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ccdesk.sandbox.constant_contact.book import Book, key_of
from ccdesk.sandbox.constant_contact.jobs import JobQueue
from ccdesk.sandbox.constant_contact.model import Json, Mail, stamp_offset, without_unset
from ccdesk.sandbox.constant_contact.rules import Rules
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.wire.kernel import SandboxClock

OWNER_ACCOUNT = "p1abc2defg"
OTHER_ACCOUNT = "p9xyz8other"


@dataclass
class AccountEmail:
    """One of the account's own addresses; only confirmed ones may send (§7)."""

    address: str
    email_id: int
    confirmed: bool
    confirm_time: str
    roles: tuple[str, ...]

    def as_json(self) -> Json:
        """Return the address as the service shows it."""
        return without_unset(
            {
                "email_address": self.address,
                "email_id": self.email_id,
                "confirm_status": "CONFIRMED" if self.confirmed else "UNCONFIRMED",
                "confirm_time": self.confirm_time if self.confirmed else None,
                "confirm_source_type": "SITE_OWNER" if self.confirmed else None,
                "roles": list(self.roles) if self.confirmed else None,
                "pending_roles": None if self.confirmed else list(self.roles),
            }
        )


@dataclass
class Campaign:
    """One email campaign: what the collection shows, and its primary activity."""

    summary: Json
    activity: Json
    permalink_id: str

    def as_json(self) -> Json:
        """Return the campaign with its activities, as a POST answers it."""
        activities = [
            {"campaign_activity_id": self.activity["campaign_activity_id"], "role": "primary_email"},
            {"campaign_activity_id": self.permalink_id, "role": "permalink"},
        ]
        return {**self.summary, "campaign_activities": activities}


@dataclass
class Account:
    """Everything one Constant Contact account owns."""

    encoded_id: str
    summary: Json
    physical_address: Json
    book: Book
    rules: Rules
    jobs: JobQueue
    outbox: list[Mail]
    clock: SandboxClock
    emails: list[AccountEmail] = field(default_factory=list)
    campaigns: list[Campaign] = field(default_factory=list)
    exports: dict[str, bytes] = field(default_factory=dict)
    custom_fields: dict[str, str] = field(default_factory=dict)  # id by name

    def add_email(self, address: str, *, confirmed: bool, roles: tuple[str, ...]) -> AccountEmail:
        """Give the account one more own address."""
        email = AccountEmail(address, len(self.emails) + 1, confirmed, stamp_offset(self.clock.now()), roles)
        self.emails.append(email)
        return email

    def is_sender(self, address: Any) -> bool:
        """Say whether an address may be the From or Reply-to of a campaign."""
        return isinstance(address, str) and any(
            one.confirmed and key_of(one.address) == key_of(address) for one in self.emails
        )


def make_account(
    encoded_id: str,
    organization: str,
    domain: str,
    switches: CcSwitches,
    clock: SandboxClock,
    tick: Callable[[], float],
) -> Account:
    """Return an account without contacts, with two confirmed addresses and one that is not."""
    book, outbox = Book(), list[Mail]()
    summary = {
        "contact_email": f"owner@{domain}",
        "contact_phone": "5551234567",
        "country_code": "US",
        "encoded_account_id": encoded_id,
        "first_name": "Ada",
        "last_name": "Reyes",
        "organization_name": organization,
        "organization_phone": "5551234567",
        "state_code": "MA",
        "time_zone_id": "US/Eastern",
        "website": f"https://{domain}",
    }
    address = {
        "address_line1": "1 Main St",
        "city": "Boston",
        "state_code": "MA",
        "postal_code": "02101",
        "country_code": "US",
    }
    rules, jobs = Rules(book, switches, clock, outbox), JobQueue(switches, clock, tick)
    account = Account(encoded_id, summary, address, book, rules, jobs, outbox, clock)
    account.add_email(f"news@{domain}", confirmed=True, roles=("CONTACT", "REPLY_TO", "DEFAULT_FROM"))
    account.add_email(f"service@{domain}", confirmed=True, roles=("OTHER",))
    account.add_email(f"new@{domain}", confirmed=False, roles=("OTHER",))
    return account
