"""Acts outside the API: what shoppers do in the storefront, and staff on the Admin pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ccdesk.sandbox.kibo.changes import STAFF, Author, Ledger
from ccdesk.sandbox.kibo.model import (
    ADDRESS_KEYS,
    SERVICE_USER,
    Account,
    Contact,
    Json,
    Orders,
    parse_ms,
    to_ms,
)
from ccdesk.sandbox.kibo.write import Writing, contact_of

_PRIMARY_BILLING = [{"name": "Billing", "isPrimary": True}]


class StaffActs(Ledger):
    """What makes and removes accounts."""

    def add_customer(
        self,
        email: str | None,
        accepts_marketing: bool = True,
        *,
        first_name: str | None = None,
        last_name: str | None = None,
        company: str | None = None,
        address: Mapping[str, Any] | None = None,
        phone: str | None = None,
        contacts: Iterable[Json] | None = None,
        active: bool = True,
        anonymous: bool = False,
        locale: str | None = "en-US",
        created_at: str | datetime | None = None,
    ) -> int:
        """Add an account and return its id.

        `address` has the keys of §7 and becomes the primary billing contact, together with `phone`;
        `contacts` are whole contacts instead. With `created_at` the account has stood since then: its
        dates are that moment, and no event tells of it.
        """
        with self.lock:
            at = self._moment(created_at)
            user_id = None if anonymous else self.events.new_id()
            account = Account(
                id=self.new_id(),
                created=at,
                updated=at,
                created_by=user_id or SERVICE_USER,
                updated_by=user_id or SERVICE_USER,
                email=email,
                user_name=None if anonymous else email,
                user_id=user_id,
                first_name=first_name,
                last_name=last_name,
                company=company,
                accepts=accepts_marketing,
                active=active,
                anonymous=anonymous,
                locale=locale,
                since=at,
            )
            how = self._writing(account, at)
            bodies = list(contacts or ()) or _one_contact(email, first_name, last_name, address, phone)
            account.contacts = tuple(contact_of(body, None, how) for body in bodies)
            if created_at is None:
                self.enter(account)
            else:
                self.book.add(account)
            return account.id

    def deactivate(self, customer_id: int) -> None:
        """Disable an account: it stays readable with `isActive` false (§6)."""
        with self.lock, self.change(self.account(customer_id)) as account:
            account.active = False

    def activate(self, customer_id: int) -> None:
        """Enable an account again."""
        with self.lock, self.change(self.account(customer_id)) as account:
            account.active = True

    def delete_customer(self, customer_id: int) -> None:
        """Delete an account, also one with orders, as Kibo's support can."""
        with self.lock:
            self.drop(self.account(customer_id), STAFF)

    def _moment(self, at: str | datetime | None) -> int:
        if at is None:
            return self.now_ms()
        return parse_ms(at) if isinstance(at, str) else to_ms(at)

    def _writing(self, account: Account, at: int) -> Writing:
        return Writing(False, False, at, account.user_id or SERVICE_USER, self.new_contact_id)


class ShopperActs(StaffActs):
    """What the customers themselves do; each is a change with audit entry and events."""

    def opt_in(self, customer_id: int) -> None:
        """Tick the marketing box in the account."""
        self._set_opt_in(customer_id, True)

    def opt_out(self, customer_id: int) -> None:
        """Untick the marketing box in the account."""
        self._set_opt_in(customer_id, False)

    def _set_opt_in(self, customer_id: int, value: bool) -> None:
        with self.lock:
            account = self.account(customer_id)
            if account.accepts != value:
                with self.change(account, _self(account)):
                    account.accepts = value

    def change_email(self, customer_id: int, email: str | None) -> None:
        """Change the email, and the login with it where it was the email."""
        with self.lock:
            account = self.account(customer_id)
            with self.change(account, _self(account)):
                if account.user_name == account.email:
                    account.user_name = email
                account.email = email

    def change_name(self, customer_id: int, first: str | None, last: str | None) -> None:
        """Change first and last name."""
        with self.lock:
            account = self.account(customer_id)
            with self.change(account, _self(account)):
                account.first_name, account.last_name = first, last

    def change_address(self, customer_id: int, **parts: Any) -> None:
        """Change parts of the first contact's address, by the keys of §7; makes the contact if there is none.

        Whether that moves the account's update date is a switch (§15.6).
        """
        unknown = sorted(set(parts) - set(ADDRESS_KEYS))
        if unknown:
            raise ValueError(f"Not a part of an address: {', '.join(unknown)}")
        with self.lock:
            account = self.account(customer_id)
            by, visible = _self(account), self.switches.contact_change_bumps_update_date
            with self.change(account, by, visible=visible):
                old = account.contacts[0] if account.contacts else self._blank_contact(account)
                address = dict(zip(ADDRESS_KEYS, old.address, strict=True)) | parts
                new = replace(
                    old,
                    address=tuple(address[key] for key in ADDRESS_KEYS),
                    updated=self.now_ms(),
                    by=by.user,
                )
                account.contacts = (new, *account.contacts[1:])
            self.audit(account, "contacts.address", None, ", ".join(sorted(parts)), by)

    def place_order(self, customer_id: int, amount: float = 50.0) -> None:
        """Order something; whether that moves the account's update date is a switch (§15.6)."""
        with self.lock:
            account = self.account(customer_id)
            visible = self.switches.order_bumps_update_date
            with self.change(account, _self(account), visible=visible):
                had = account.orders
                account.orders = Orders(
                    had.amount + amount, had.count + 1, self.now_ms(), had.wishlists, had.visits + 1
                )

    def change_password(self, customer_id: int) -> None:
        """Change the password: an update with nothing to see in the account."""
        with self.lock:
            account = self.account(customer_id)
            with self.change(account, _self(account)):
                pass
            self.audit(account, "password", None, None, _self(account), "Password changed")

    def _blank_contact(self, account: Account) -> Contact:
        body = {"firstName": account.first_name, "lastNameOrSurname": account.last_name}
        return contact_of({**body, "types": _PRIMARY_BILLING}, None, self._writing(account, self.now_ms()))


def _self(account: Account) -> Author:
    return Author(user=account.user_id or SERVICE_USER)


def _one_contact(
    email: str | None,
    first_name: str | None,
    last_name: str | None,
    address: Mapping[str, Any] | None,
    phone: str | None,
) -> list[Json]:
    """Return the body of the one contact an address or a phone makes."""
    if address is None and phone is None:
        return []
    unknown = sorted(set(address or ()) - set(ADDRESS_KEYS))
    if unknown:
        raise ValueError(f"Not a part of an address: {', '.join(unknown)}")
    return [
        {
            "label": "Home",
            "email": email,
            "firstName": first_name,
            "lastNameOrSurname": last_name,
            "types": _PRIMARY_BILLING,
            "phoneNumbers": {"mobile": phone},
            "address": dict(address or {}),
        }
    ]
