"""The whole fake Constant Contact in memory: accounts, sign-in, limits, and every act tests and demo need."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime
from threading import RLock
from typing import Any

from ccdesk.sandbox.constant_contact.acts import PersonActs, StaffActs
from ccdesk.sandbox.constant_contact.book import new_id
from ccdesk.sandbox.constant_contact.dials import Dials
from ccdesk.sandbox.constant_contact.fields import sms_channel
from ccdesk.sandbox.constant_contact.limits import Limits
from ccdesk.sandbox.constant_contact.model import (
    INCLUDES,
    MAILABLE,
    Contact,
    ContactList,
    Json,
    Mail,
    parse_moment,
    stamp,
)
from ccdesk.sandbox.constant_contact.profile import OTHER_ACCOUNT, OWNER_ACCOUNT, Account, make_account
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.constant_contact.tokens import OAuthState
from ccdesk.sandbox.wire.kernel import SandboxClock

CONTROL_ACTS: tuple[str, ...] = (
    "account_unsubscribe",
    "add_account_email",
    "add_contact",
    "add_list",
    "calls_today",
    "click_resubscribe",
    "confirm",
    "confirm_account_email",
    "contact",
    "delete_campaign",
    "delete_contact",
    "delete_list",
    "drafts",
    "edit_profile",
    "expire_tokens",
    "fingerprint",
    "finish_activities",
    "issue_tokens",
    "join_list",
    "leave_list",
    "list_id",
    "mails",
    "members",
    "register_redirect",
    "rename_list",
    "reset_limits",
    "revoke",
    "set_permission",
    "set_switches",
    "sign_up",
    "staff_add_to_list",
    "staff_remove_from_list",
    "switches_json",
    "unconfirm_account_email",
    "unsubscribe",
    "use_up_calls",
)
"""The methods of `CcState` whose arguments and results are JSON: what may be called over HTTP."""


class CcState(PersonActs, StaffActs, Dials):
    """The fake service. `account` is the merchant's; `accounts` also holds that of the user `other`.

    One lock guards everything. `tick` is real time (for limits a second and for jobs), `clock` the sandbox's
    date (for all dates shown, token lifetimes and the daily quota).
    """

    def __init__(
        self,
        clock: SandboxClock,
        switches: CcSwitches | None = None,
        tick: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self._switches = switches or CcSwitches()
        self.lock = RLock()
        self.oauth = OAuthState(clock, self.switches)
        self.limits = Limits(self.switches, clock, tick)
        self.account = make_account(
            OWNER_ACCOUNT, "Mystic Outdoors", "example.com", self.switches, clock, tick
        )
        other = make_account(OTHER_ACCOUNT, "Harbor Books", "example.org", self.switches, clock, tick)
        self.accounts: dict[str, Account] = {OWNER_ACCOUNT: self.account, OTHER_ACCOUNT: other}
        self.after_page: deque[Callable[[], None]] = deque()
        """Called one by one, each after a page of contacts that is not the last: changes between pages."""

    @property
    def outbox(self) -> list[Mail]:
        """The mails the service would have sent to people, oldest first."""
        return self.account.outbox

    # Filling the account

    def add_list(self, name: str) -> str:
        """Add an empty list and return its id."""
        with self.held() as account:
            now = stamp(self.clock.now())
            entry = ContactList(new_id(), name, now, now)
            account.book.add_list(entry)
            return entry.list_id

    def add_contact(
        self,
        email: str | None,
        *,
        lists: Iterable[str] = (),
        permission: str = "implicit",
        source: str = "Account",
        created_at: str | datetime | None = None,
        street_address: Json | None = None,
        phone_number: str | None = None,
        sms_number: str | None = None,
        deleted: bool = False,
        **fields: Any,
    ) -> str:
        """Put a contact in as it may have stood for long: no rule runs, no mail goes out. Returns its id.

        `fields` are further attributes of `Contact`, such as `first_name` or `opt_out_date`.
        """
        with self.held() as account:
            if email is not None and account.book.by_email(email) is not None:
                raise ValueError(f"There is a contact {email} already")
            if street_address is not None:
                row = {"street_address_id": new_id(), "kind": "home", **street_address}
                fields["addresses"] = (row,)
            if phone_number is not None:
                row = {"phone_number_id": new_id(), "phone_number": phone_number, "kind": "home"}
                fields["phones"] = (row,)
            if sms_number is not None:
                fields["sms"] = sms_channel(sms_number)
            address = None if email is None else account.rules.as_stored(email)
            at = _as_stamp(created_at or self.clock.now())
            contact = _seeded(address, permission, source, at, fields)
            contact.lists = tuple(dict.fromkeys(map(self._list, lists)))
            account.book.add(contact)
            if deleted:
                account.rules.delete(contact)
            return contact.contact_id

    def add_account_email(
        self, address: str, *, confirmed: bool = True, roles: Iterable[str] = ("OTHER",)
    ) -> int:
        """Give the account one more own address and return its id."""
        with self.held() as account:
            return account.add_email(address, confirmed=confirmed, roles=tuple(roles)).email_id

    # Looking

    def contact(self, email_or_id: str) -> Json | None:
        """Return a contact as GET shows it with every include, or None."""
        with self.held() as account:
            found = account.book.find(email_or_id)
            return None if found is None else found.as_json(INCLUDES)

    def members(self, list_id: str) -> list[str]:
        """Return the emails of who is on a list, in the order they joined."""
        with self.held() as account:
            return [one.address for one in account.book.members(list_id) if one.address is not None]

    def list_id(self, name: str) -> str | None:
        """Return the id of the list of this name."""
        with self.held() as account:
            entry = account.book.list_named(name)
            return entry.list_id if entry else None

    def fingerprint(self, email: str) -> str:
        """Return everything held of a contact as one text: equal before and after means untouched."""
        with self.held():
            return json.dumps(asdict(self._contact(email)), sort_keys=True)

    def drafts(self) -> list[Json]:
        """Return the campaigns with their emails, oldest first: none was ever scheduled or sent."""
        with self.held() as account:
            return [{**one.summary, "activity": dict(one.activity)} for one in account.campaigns]

    def mails(self, kind: str = "", to: str = "") -> list[Json]:
        """Return the outbox, or the mails of one kind or to one address."""
        with self.held() as account:
            found = (
                one for one in account.outbox if kind in ("", one.kind) and to.lower() in ("", one.to.lower())
            )
            return [asdict(one) for one in found]


def _as_stamp(moment: str | datetime) -> str:
    return stamp(parse_moment(moment) if isinstance(moment, str) else moment)


def _seeded(address: str | None, permission: str, source: str, at: str, fields: Json) -> Contact:
    """Return a contact whose dates are those of its creation, except where `fields` say otherwise."""
    contact = Contact(fields.pop("contact_id", None) or new_id(), address, permission, at, at, at, at)
    contact.create_source = contact.update_source = source
    if permission in MAILABLE or permission == "unsubscribed":
        contact.opt_in_source, contact.opt_in_date = source, at
    if permission == "unsubscribed":
        contact.opt_out_source, contact.opt_out_date = "Contact", at
    for name, value in fields.items():
        is_moment = name.endswith(("_at", "_date")) and name != "deleted_at" and value is not None
        setattr(contact, name, _as_stamp(value) if is_moment else value)
    return contact
