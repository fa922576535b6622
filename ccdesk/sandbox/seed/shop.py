"""Fills the sandbox with a pretend shop, the same one for the same seed."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from ccdesk.sandbox.constant_contact.state import CcState
from ccdesk.sandbox.kibo.model import SERVICE_USER, Account, Contact, Orders
from ccdesk.sandbox.kibo.state import KiboState
from ccdesk.sandbox.seed.mail import Mailing
from ccdesk.sandbox.seed.oddities import spread
from ccdesk.sandbox.seed.people import People, Person, mailbox_word
from ccdesk.sandbox.seed.report import SeedReport

__all__ = ["SeedReport", "seed_shop"]

_DAY_MS = 86_400_000
_OLDEST_MS = 5 * 365 * _DAY_MS
_POOL = 400
_EXAMPLES = 20
_OPTED_IN = 0.9

_BOTH = (("Billing", True), ("Shipping", True))
_SECOND = (("Shipping", False),)
_DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com", "post.example.org")
_COMPANIES = ("Gomez Bakery LLC", "Harbor Books", "Nordlicht GmbH", "Atelier Besançon", "Mill Lane Dairy")
_NA = "n/a"  # what the storefront stores for a blank state or postal code (§7)
_COLOURS = tuple(
    ({"fullyQualifiedName": "tenant~favorite-color", "attributeDefinitionId": 14, "values": [colour]},)
    for colour in ("blue", "green", "red")
)
_VIP = ({"id": 7, "code": "vip", "name": "VIP", "description": None},)


def seed_shop(kibo: KiboState, cc: CcState | None, customers: int, seed: int = 1) -> SeedReport:
    """Add `customers` accounts to Kibo and, with `cc`, what the merchant has in Constant Contact by now.

    About one in ten never opted in. All dates lie more than a day back and no event tells of them, so that
    watching for changes starts with quiet. Odd cases are spread evenly; the report names them.
    """
    if customers < 0:
        raise ValueError(f"A shop cannot have {customers} customers")
    report = SeedReport(customers)
    with kibo.lock, _undisturbed():
        shop = _Shop(kibo, Random(seed), report)
        kibo.load(shop.accounts(customers))
    pool = shop.pool
    if cc is not None:
        pool = Mailing(cc, report, Random(seed + 1)).fill(pool)
    report.ordinary = [account.id for account in pool[:_EXAMPLES]]
    return report


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep the garbage collector from walking what is being made: none of it is garbage."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Shop:
    """Makes the accounts of a shop, and notes who is notable."""

    def __init__(self, kibo: KiboState, random: Random, report: SeedReport) -> None:
        self._kibo, self._random, self._report = kibo, random, report
        self._people = People(random)
        self._latest = kibo.now_ms() - 2 * _DAY_MS
        self.pool: list[Account] = []  # the first who are opted in and not odd in any way

    def accounts(self, customers: int) -> Iterator[Account]:
        """Yield accounts by ascending id."""
        oddities = spread(customers)
        made = 0
        while made < customers:
            case = oddities.get(made)
            if case is None:
                accounts = [self._ordinary()]
            else:
                accounts = [self._registered(opted_in=True) for _ in range(case.accounts)]
                case.change(accounts)
                ids = [account.id for account in accounts]
                getattr(self._report, case.name).append(ids if case.accounts > 1 else ids[0])
            for account in accounts:
                self._count(account)
                yield account
            made += len(accounts)

    def _count(self, account: Account) -> None:
        self._report.opted_in += account.accepts
        self._report.exportable += bool(account.accepts and account.active and account.email)

    def _ordinary(self) -> Account:
        """Return somebody as most are: one in twenty a guest, some without an address."""
        chance = self._random.random
        account = self._registered(opted_in=chance() < _OPTED_IN)
        if chance() < 0.05:
            account.anonymous, account.user_id, account.user_name = True, None, None
            account.created_by = account.updated_by = SERVICE_USER
        elif account.accepts and len(self.pool) < _POOL:
            self.pool.append(account)
        elif not account.accepts and len(self._report.opted_out) < _EXAMPLES:
            self._report.opted_out.append(account.id)
        if chance() < 0.08:
            account.contacts = ()
        return account

    def _registered(self, *, opted_in: bool) -> Account:
        """Return a registered account with an address."""
        chance = self._random.random
        person, account_id = self._people.person(), self._kibo.new_id()
        created = self._latest - int(chance() * _OLDEST_MS)
        updated = created if chance() < 0.5 else created + int(chance() * (self._latest - created))
        user_id = f"{self._random.getrandbits(128):032x}"
        email = self._email(person, account_id)
        account = Account(
            id=account_id,
            created=created,
            updated=updated,
            created_by=user_id,
            updated_by=user_id,
            email=email,
            user_name=email,
            user_id=user_id,
            first_name=person.first,
            last_name=person.last,
            company=self._one(_COMPANIES) if chance() < 0.05 else None,
            accepts=opted_in,
            locale=person.country.locale,
            since=created,
            contacts=self._contacts(person, email, created, updated, user_id),
        )
        if chance() < 0.6:
            account.orders = self._orders(created)
        if chance() < 0.1:
            account.attributes = self._one(_COLOURS)
        if chance() < 0.03:
            account.segments = _VIP
        return account

    def _email(self, person: Person, account_id: int) -> str:
        first, last = mailbox_word(person.first), mailbox_word(person.last)
        box = f"{first}.{last}" if first and last else "shopper"
        return f"{box}{account_id}@{self._one(_DOMAINS)}"

    def _contacts(
        self, person: Person, email: str, created: int, updated: int, by: str
    ) -> tuple[Contact, ...]:
        """Return the address book: one entry, or two of which one is a bare second address."""
        chance = self._random.random
        state = person.place.state or _NA
        postal = _NA if state == _NA and chance() < 0.1 else person.postal
        kind = "Residential" if chance() < 0.8 else "Commercial"
        country = person.country.code
        second = "Apt 7" if country == "US" and chance() < 0.1 else None
        home = Contact(
            id=self._kibo.new_contact_id(),
            created=created,
            updated=updated,
            by=by,
            label="Home",
            email=email,
            first_name=person.first,
            last_name=person.last,
            types=_BOTH,
            phones=(person.phone, None, None) if chance() < 0.7 else (None, person.phone, None),
            address=(
                person.street, second, None, None, person.place.town, state, postal, country, kind, False
            ),
        )  # fmt: skip
        if chance() >= 0.06:
            return (home,)
        place = self._one(person.country.places)
        other = Contact(
            id=self._kibo.new_contact_id(),
            created=updated,
            updated=updated,
            by=by,
            first_name=person.first,
            last_name=person.last,
            types=_SECOND,
            address=(
                person.street, None, None, None, place.town, place.state or _NA, _NA, country, kind, None
            ),
        )  # fmt: skip
        return home, other

    def _orders(self, created: int) -> Orders:
        count = 1 + int(self._random.random() * 6)
        last = created + int(self._random.random() * (self._latest - created))
        return Orders(round(count * (15 + self._random.random() * 120), 2), count, last, count % 2, count * 3)

    def _one(self, choices: tuple[Any, ...]) -> Any:
        return choices[int(self._random.random() * len(choices))]
