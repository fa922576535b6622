"""What the merchant has in Constant Contact before the first sync: lists, and contacts from elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from ccdesk.sandbox.constant_contact.state import CcState
from ccdesk.sandbox.kibo.model import Account
from ccdesk.sandbox.seed.people import People, mailbox_word
from ccdesk.sandbox.seed.report import SeedReport

LISTS = ("General Interest", "Newsletter")

_MOST_FOREIGN, _MOST_STRANGERS = 50, 100


class Mailing:
    """Puts contacts into the account; their dates lie more than a day back."""

    def __init__(self, cc: CcState, report: SeedReport, random: Random) -> None:
        self._cc, self._report, self._random = cc, report, random
        self._people = People(random)
        for name in LISTS:
            report.lists[name] = cc.list_id(name) or cc.add_list(name)

    def fill(self, pool: list[Account]) -> list[Account]:
        """Add contacts, some of them customers of `pool`; returns the customers that stayed unknown."""
        report, room = self._report, len(pool) // 2
        plan = [
            (report.foreign, self._foreign),
            (report.unsubscribed, self._unsubscribed),
            (report.deleted, self._deleted),
            (report.pending, self._pending),
            (report.on_hold, self._on_hold),
            (report.unsubscribed, self._unsubscribed),
            *[(report.foreign, self._foreign)] * min(_MOST_FOREIGN, report.customers // 100),
        ][:room]
        for (emails, add), account in zip(plan, pool, strict=False):
            emails.append(account.email or "")
            add(account)
        for _ in range(min(_MOST_STRANGERS, 2 + report.customers // 50)):
            self._stranger()
        for name in ("foreign", "unsubscribed", "deleted", "pending", "on_hold"):
            setattr(report, f"{name}_email", next(iter(getattr(report, name)), None))
        return pool[len(plan) :]

    def _foreign(self, account: Account) -> None:
        """Add a contact the merchant typed in: other spellings, which no sync may overwrite."""
        first = account.first_name or "Customer"
        self._add(account.email, first_name=f"{first[:1]}.", last_name=account.last_name, job_title="Reader")

    def _unsubscribed(self, account: Account) -> None:
        self._add(
            account.email,
            permission="unsubscribed",
            lists=(),
            opt_out_date=self._day(3, 25),
            opt_out_reason="Too many mails",
        )

    def _deleted(self, account: Account) -> None:
        when = self._day(3, 25)
        self._add(
            account.email,
            lists=(),
            updated_at=when,
            deleted_at=when[:10],
            opt_out_source="Account",
            opt_out_date=when,
        )

    def _pending(self, account: Account) -> None:
        self._add(account.email, permission="pending_confirmation", confirm_status="unconfirmed")

    def _on_hold(self, account: Account) -> None:
        self._add(account.email, permission="temp_hold")

    def _stranger(self) -> None:
        """Add a reader who never bought anything; some are on the newsletter already."""
        person = self._people.person()
        number = 1 + len(self._report.strangers)
        email = f"{mailbox_word(person.first) or 'reader'}.reader{number}@example.net"
        if self._cc.contact(email) is None:
            names = LISTS if number % 3 == 0 else LISTS[:1]
            lists = tuple(self._report.lists[name] for name in names)
            self._add(email, lists=lists, first_name=person.first, last_name=person.last)
            self._report.strangers.append(email)

    def _add(self, email: str | None, **fields: Any) -> None:
        fields.setdefault("lists", (self._report.lists[LISTS[0]],))
        contact_id = str(UUID(int=self._random.getrandbits(128)))
        self._cc.add_contact(email, contact_id=contact_id, created_at=self._day(30, 700), **fields)

    def _day(self, latest: int, earliest: int) -> str:
        """Return a moment between so many days ago."""
        days = latest + self._random.random() * (earliest - latest)
        moment = self._cc.clock.now().astimezone(UTC) - timedelta(days=days)
        return _seconds(moment)


def _seconds(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
