"""What people do on both sides, by name; an act that is not possible just now does nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from ccdesk.sandbox.kibo.model import Refusal as KiboRefusal
from tests.soak.inprocess import Bench
from tests.soak.truth import Truth

A_MOMENT = timedelta(seconds=1.5)  # between acts, so that their order shows in whole seconds
NO_MOMENT = timedelta(milliseconds=10)


class People:
    """Everybody who acts: accounts go by their ordinal in the schedule, contacts by email."""

    def __init__(self, bench: Bench, truth: Truth) -> None:
        self._bench, self._truth = bench, truth
        self._kibo, self._cc = bench.kibo, bench.cc
        self.ids: dict[int, int] = {}
        self.hurry = False
        self._other = bench.cc.add_list("Newsletter")

    def do(self, name: str, *args: Any) -> None:
        """Let an act happen, with a moment before and after it."""
        moment, self.hurry = NO_MOMENT if self.hurry else A_MOMENT, False
        self._bench.time.go_on(moment)
        act: Callable[..., None] = getattr(self, name)

        def tried() -> None:
            with contextlib.suppress(LookupError, ValueError, KiboRefusal):
                act(*args)

        self._truth.act(tried)
        self._bench.time.go_on(moment)

    # ------------------------------------------------------------ in the shop

    def customer(self, ordinal: int, email: str | None, accepts: bool, how: str = "") -> None:
        """Make an account."""
        self.ids[ordinal] = self._kibo.add_customer(
            email,
            accepts,
            first_name=f"Name{ordinal}" if how != "long" else "N" * 70,
            last_name="Person",
            active=how != "inactive",
            anonymous=how == "guest",
            address={"address1": "1 Main St", "cityOrTown": "Boston", "countryCode": "US"}
            if how == "address"
            else None,
        )

    def opt_in(self, ordinal: int) -> None:
        """Tick the box."""
        self._kibo.opt_in(self.ids[ordinal])

    def opt_out(self, ordinal: int) -> None:
        """Untick the box."""
        self._kibo.opt_out(self.ids[ordinal])

    def change_email(self, ordinal: int, email: str | None) -> None:
        """Take another email."""
        self._kibo.change_email(self.ids[ordinal], email)

    def change_name(self, ordinal: int, last: str) -> None:
        """Take another name."""
        self._kibo.change_name(self.ids[ordinal], f"Name{ordinal}", last)

    def order(self, ordinal: int) -> None:
        """Order something."""
        self._kibo.place_order(self.ids[ordinal])

    def deactivate(self, ordinal: int) -> None:
        """Staff disable the account."""
        self._kibo.deactivate(self.ids[ordinal])

    def activate(self, ordinal: int) -> None:
        """Staff enable the account."""
        self._kibo.activate(self.ids[ordinal])

    def delete_customer(self, ordinal: int) -> None:
        """Staff delete the account."""
        self._kibo.delete_customer(self.ids[ordinal])

    # ------------------------------------------------------------ at the mailing service

    def delete_list(self) -> None:
        """Staff delete the active list: that says nothing about anybody."""
        self._truth.list_deleted()
        self._cc.delete_list(self._bench.list_id)

    def _lists(self, lists: str) -> list[str]:
        return [self._bench.list_id if one == "active" else self._other for one in lists.split()]

    def contact(self, email: str | None, permission: str, lists: str, how: str = "") -> None:
        """A contact that came from elsewhere."""
        more: dict[str, Any] = {"sms_number": "15551234567"} if email is None else {}
        if how == "by_person":
            more["source"] = "Contact"
        self._cc.add_contact(
            email,
            lists=self._lists(lists) if permission != "unsubscribed" else (),
            permission=permission,
            first_name="Other",
            last_name="Name",
            company_name="Elsewhere",
            deleted=how == "deleted",
            **more,
        )
        # Only now: one who is there already is refused, and has done nothing.
        if email is not None and how == "by_person":
            dated = permission == "explicit"  # else it does not show as an opt-in of theirs
            self._truth.note("came" if "active" in lists else "agreed", email, dated=dated)
        if email is not None and permission == "unsubscribed":
            self._truth.note("unsubscribed", email)

    def _on_list(self, email: str) -> bool:
        found = self._cc.account.book.by_email(email)
        return found is not None and found.deleted_at is None and self._bench.list_id in found.lists

    def _known(self, email: str) -> bool:
        return self._cc.account.book.by_email(email) is not None

    def unsubscribe(self, email: str) -> None:
        """Click the link in a mail."""
        found = self._cc.account.book.by_email(email)
        if found is not None and found.deleted_at is None and found.permission != "unsubscribed":
            self._truth.note("unsubscribed", email)
            self._cc.unsubscribe(email)

    def account_unsubscribe(self, email: str) -> None:
        """Staff unsubscribe somebody."""
        found = self._cc.account.book.by_email(email)
        if found is not None and found.deleted_at is None and found.permission != "unsubscribed":
            self._truth.note("unsubscribed", email, person=False)
            self._cc.account_unsubscribe(email)

    def leave(self, email: str) -> None:
        """Leave the active list only."""
        if self._on_list(email):
            self._truth.note("left", email)
            self._cc.leave_list(email, self._bench.list_id)

    def staff_remove(self, email: str) -> None:
        """Staff take somebody off the active list: no one can tell it from leaving."""
        if self._on_list(email):
            self._truth.note("left", email, person=False)
            self._cc.staff_remove_from_list(email, self._bench.list_id)

    def rejoin(self, email: str) -> None:
        """Join the active list on the preferences page."""
        if self._known(email):
            self._truth.note("came", email, dated=False)
            self._cc.join_list(email, self._bench.list_id)

    def sign_up(self, email: str) -> None:
        """Fill in a sign-up form of the active list."""
        found = self._cc.account.book.by_email(email)
        before = found is not None and found.permission == "explicit"  # then no date shows it, deleted or not
        self._truth.note("came", email, dated=not before)
        self._cc.sign_up(email, self._bench.list_id)

    def click_resubscribe(self, email: str) -> None:
        """Click the link of the confirmation asked for, where there was one."""
        found = self._cc.account.book.by_email(email)
        if found is not None and found.resubscribe_asked is not None and found.permission == "unsubscribed":
            self._truth.note("came", email)
            self._cc.click_resubscribe(email)

    def confirm(self, email: str) -> None:
        """Click the link of the confirmed opt-in mail."""
        found = self._cc.account.book.by_email(email)
        if found is not None and found.permission == "pending_confirmation":
            self._truth.note("came", email)
            self._cc.confirm(email)

    def delete_contact(self, email: str) -> None:
        """Staff delete a contact."""
        if self._known(email):
            self._truth.note("deleted", email)
            self._cc.delete_contact(email)

    def staff_add(self, email: str, lists: str) -> None:
        """Staff put somebody on a list."""
        if self._known(email):
            if "active" in lists:
                self._truth.note("added", email)
            self._cc.staff_add_to_list(email, self._lists(lists)[0])

    def staff_edit(self, email: str, name: str) -> None:
        """Staff change a field."""
        found = self._cc.account.book.by_email(email)
        if found is not None and found.deleted_at is None:
            self._cc.account.rules.fill(found, {"last_name": name})
            self._cc.account.rules.touch(found, "Account")

    def hold(self, email: str) -> None:
        """The service holds a contact back."""
        found = self._cc.account.book.by_email(email)
        if found is not None and found.mailable:
            self._cc.set_permission(email, "temp_hold")

    def release(self, email: str) -> None:
        """The service ends the hold."""
        found = self._cc.account.book.by_email(email)
        if found is not None and found.permission == "temp_hold":
            self._cc.set_permission(email, "implicit")
