"""Acts outside the API: of the person, in their mails and on web pages, and of the account's staff."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from typing import Any

from ccdesk.sandbox.constant_contact.fields import ADDRESS_LIMITS, CORE
from ccdesk.sandbox.constant_contact.model import PERMISSIONS, Contact, stamp
from ccdesk.sandbox.constant_contact.profile import Account, AccountEmail


class Acts:
    """What all acts need: the account they happen in, and its lock."""

    account: Account
    lock: RLock

    @contextmanager
    def held(self) -> Iterator[Account]:
        """Hold the lock, with every background job brought up to the present."""
        with self.lock:
            self.account.jobs.pump()
            yield self.account

    def _contact(self, email_or_id: str) -> Contact:
        contact = self.account.book.find(email_or_id)
        if contact is None:
            raise LookupError(f"No contact {email_or_id}")
        return contact

    def _list(self, list_id: str) -> str:
        if not self.account.book.has_list(list_id):
            raise LookupError(f"No list {list_id}")
        return list_id


class PersonActs(Acts):
    """What the person behind a contact can do (constant-contact.md §9, §12, §13, §17)."""

    def unsubscribe(self, email: str, reason: str = "", mailing: str = "") -> None:
        """Use the unsubscribe link of a mail; `mailing`: its name, which a report tells from then on."""
        with self.held() as account:
            contact = self._contact(email)
            account.rules.opt_out(contact, "Contact", reason)
            if mailing:
                contact.opt_out_mailing = (str(uuid.uuid5(uuid.NAMESPACE_URL, mailing)), mailing)

    def leave_list(self, email: str, list_id: str) -> None:
        """Leave one list on the preferences page: the permission stays (§9)."""
        with self.held() as account:
            account.rules.take_off(self._contact(email), [self._list(list_id)])

    def join_list(self, email: str, list_id: str) -> None:
        """Join a list on the preferences page; for somebody who had opted out this is the way back (§9)."""
        with self.held() as account:
            contact = self._contact(email)
            if contact.permission == "unsubscribed":
                account.rules.opt_in(contact, "explicit", "Contact")
                account.rules.touch(contact, "Contact")
            contact.update_source = "Contact"
            welcome = account.rules.switches.sign_up_existing_sends_welcome
            account.rules.put_on(contact, [self._list(list_id)], welcome=welcome)

    def sign_up(self, email: str, list_id: str) -> str:
        """Fill in a web sign-up form; returns the contact's id."""
        with self.held() as account:
            return account.rules.sign_up(email, [self._list(list_id)], {})[0].contact_id

    def click_resubscribe(self, email: str) -> None:
        """Click the link of the resubscribe mail (§13)."""
        with self.held() as account:
            account.rules.come_back(self._contact(email))

    def confirm(self, email: str) -> None:
        """Click the link of the confirmed opt-in mail (§17)."""
        with self.held() as account:
            account.rules.confirm(self._contact(email))

    def edit_profile(self, email: str, *, new_email: str | None = None, **fields: Any) -> None:
        """Change own details on the preferences page: the email, core fields, parts of the home address."""
        with self.held() as account:
            contact = self._contact(email)
            parts = {name: value for name, value in fields.items() if name in ADDRESS_LIMITS}
            core = {name: value for name, value in fields.items() if name in CORE}
            unknown = sorted(set(fields) - set(parts) - set(core))
            if unknown:
                raise ValueError(f"Not a field of the profile: {', '.join(unknown)}")
            account.rules.fill(contact, core)
            if new_email is not None:
                if account.book.by_email(new_email) not in (None, contact):
                    raise ValueError(f"There is a contact {new_email} already")
                account.book.change_address(contact, account.rules.as_stored(new_email))
            if parts:
                old = contact.addresses[0] if contact.addresses else {"kind": "home"}
                contact.addresses = ({**old, **parts}, *contact.addresses[1:])
            account.rules.touch(contact, "Contact")


class StaffActs(Acts):
    """What the account's own staff can do in the web pages of the service."""

    def account_unsubscribe(self, email: str) -> None:
        """Unsubscribe a contact; the opt-out's source is the account then (§9)."""
        with self.held() as account:
            account.rules.opt_out(self._contact(email), "Account")

    def delete_contact(self, email: str) -> None:
        """Delete a contact; it stays findable with `status=all` (§11)."""
        with self.held() as account:
            account.rules.delete(self._contact(email))

    def staff_add_to_list(self, email: str, list_id: str) -> None:
        """Put a contact on a list."""
        with self.held() as account:
            account.rules.put_on(self._contact(email), [self._list(list_id)])

    def staff_remove_from_list(self, email: str, list_id: str) -> None:
        """Take a contact off a list."""
        with self.held() as account:
            account.rules.take_off(self._contact(email), [self._list(list_id)])

    def set_permission(self, email: str, permission: str) -> None:
        """Set any permission, as only the service itself can (for example `temp_hold`)."""
        if permission not in PERMISSIONS:
            raise ValueError(f"Not a permission: {permission}")
        with self.held() as account:
            account.rules.set_permission(self._contact(email), permission, "Account")

    def delete_list(self, list_id: str) -> None:
        """Delete a list: its members stay contacts, and the list is shown with `deleted_at` (§8)."""
        with self.held() as account:
            entry = account.book.lists[self._list(list_id)]
            for contact in account.book.members(list_id):
                account.rules.take_off(contact, [list_id])
            entry.deleted_at = entry.updated_at = stamp(account.clock.now())

    def rename_list(self, list_id: str, name: str) -> None:
        """Give a list another name."""
        with self.held() as account:
            entry = account.book.lists[self._list(list_id)]
            entry.name, entry.updated_at = name, stamp(account.clock.now())

    def confirm_account_email(self, address: str) -> None:
        """Confirm one of the account's own addresses, so that campaigns can use it (§7)."""
        with self.held() as account:
            _own_email(account, address).confirmed = True

    def unconfirm_account_email(self, address: str) -> None:
        """Have an own address of the account not confirmed (any more)."""
        with self.held() as account:
            _own_email(account, address).confirmed = False

    def delete_campaign(self, name: str) -> None:
        """Delete a campaign; the collection shows it all the same, for it can be restored (§16)."""
        with self.held() as account:
            found = next((one for one in account.campaigns if one.summary["name"] == name), None)
            if found is None:
                raise LookupError(f"No campaign {name}")
            found.summary["current_status"] = found.activity["current_status"] = "REMOVED"


def _own_email(account: Account, address: str) -> AccountEmail:
    found = next((one for one in account.emails if one.address == address), None)
    if found is None:
        raise LookupError(f"No account e-mail {address}")
    return found
