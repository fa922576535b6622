"""The odd cases of a shop: what real customer data holds and a sync has to survive (kibo.md §6, §7, §14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle, islice
from typing import NamedTuple

from ccdesk.sandbox.kibo.model import SERVICE_USER, Account

_ROUND = 1000  # every case comes once in so many customers
# These once in so many rounds: hardly anybody's email has over 50 characters.
_SELDOM = {"long_email": 5}
_LEAST_ORDINARY = 4  # times as many ordinary customers as odd ones, also in a small shop


class Oddity(NamedTuple):
    """One odd case: the list of `SeedReport` it goes to, how many accounts it takes, what it does to them."""

    name: str
    accounts: int
    change: Callable[[list[Account]], None]


def _email(account: Account, email: str | None) -> None:
    if account.user_name is not None:
        account.user_name = email or f"shopper-{account.id}"
    account.email = email
    account.contacts = tuple(replace(one, email=email) for one in account.contacts)


def _with_email(form: str) -> Callable[[list[Account]], None]:
    """Give an email of this form; {0} becomes the account's id."""
    return lambda accounts: _email(accounts[0], form.format(accounts[0].id))


def _email_of(length: int) -> Callable[[list[Account]], None]:
    """Give a valid email of exactly this length; the part before the @ may have 64 characters."""

    def change(accounts: list[Account]) -> None:
        box = f"{accounts[0].id}.correspondence-about-orders-and-invoices"
        domain = "example.com"
        while len(box) + 1 + len(domain) < length:
            domain = ("mail." if domain.startswith("office") else "office.") + domain
        excess = len(box) + 1 + len(domain) - length
        _email(accounts[0], f"{box[: len(box) - excess]}@{domain}")

    return change


def _no_email(accounts: list[Account]) -> None:
    _email(accounts[0], None)


def _blank_email(accounts: list[Account]) -> None:
    _email(accounts[0], "")


def _shared(*opted_in: bool, capitals: bool = False) -> Callable[[list[Account]], None]:
    """Give all accounts the first one's email, as a family or a second login has."""

    def change(accounts: list[Account]) -> None:
        email = accounts[0].email or ""
        for account, accepts in zip(accounts, opted_in, strict=True):
            account.accepts = accepts
            _email(account, email)
        if capitals:
            _email(accounts[1], email.title())

    return change


def _inactive(accounts: list[Account]) -> None:
    accounts[0].active = False


def _guest(accounts: list[Account]) -> None:
    account = accounts[0]
    account.anonymous, account.user_id, account.user_name = True, None, None
    account.created_by = account.updated_by = SERVICE_USER


def _names(first: str | None, last: str | None) -> Callable[[list[Account]], None]:
    def change(accounts: list[Account]) -> None:
        account = accounts[0]
        account.first_name, account.last_name = first, last
        account.contacts = tuple(replace(one, first_name=first, last_name=last) for one in account.contacts)

    return change


def _address(**parts: str) -> Callable[[list[Account]], None]:
    """Put parts into the first contact's address, by their position in `ADDRESS_KEYS`."""
    places = {"street": 0, "second": 1, "town": 4, "state": 5, "postal": 6}

    def change(accounts: list[Account]) -> None:
        first = accounts[0].contacts[0]
        address = list(first.address)
        for name, value in parts.items():
            address[places[name]] = value
        accounts[0].contacts = (replace(first, address=tuple(address)), *accounts[0].contacts[1:])

    return change


ODDITIES = (
    Oddity("malformed", 1, _with_email("maria.gomez{0}(at)example.com")),
    Oddity("shared_mixed", 2, _shared(True, False)),
    Oddity("no_email", 1, _no_email),
    Oddity("long_email", 1, _email_of(51)),
    Oddity("blank_region", 1, _address(state="n/a", postal="N/A")),
    Oddity("long_name", 1, _names("Wolfeschlegelsteinhausen" * 3, "Featherstonehaugh-Cholmondeley" * 3)),
    Oddity("inactive", 1, _inactive),
    Oddity("guests", 1, _guest),
    Oddity("shared", 2, _shared(True, True)),
    Oddity("too_long_email", 1, _email_of(81)),
    Oddity("malformed", 1, _with_email("info{0}@@example.com")),
    Oddity(
        "long_address",
        1,
        _address(street="Care of the caretaker, " * 15, second="second courtyard", town="Llanfairpwll" * 5),
    ),
    Oddity("shared_case", 2, _shared(True, True, capitals=True)),
    Oddity("no_email", 1, _blank_email),
    Oddity("non_ascii", 1, _names("Þórunn Ælfgifu", "Đặng-Żółkiewski 王")),
    Oddity("shared_out", 2, _shared(False, False)),
    Oddity("malformed", 1, _with_email("two words{0}@example.com")),
    Oddity("long_email", 1, _email_of(80)),
    Oddity("nameless", 1, _names(None, None)),
    Oddity("malformed", 1, _with_email("shopper{0}@")),
    Oddity("too_long_email", 1, _email_of(120)),
)


def spread(customers: int) -> dict[int, Oddity]:
    """Return which odd case begins at which position of a shop, evenly spread."""
    rounds = max(1, customers // _ROUND)
    cases = list(_fitting(customers // _LEAST_ORDINARY, rounds))
    return {int((number + 0.5) * customers / len(cases)): case for number, case in enumerate(cases)}


def _fitting(room: int, rounds: int) -> Iterator[Oddity]:
    """Yield cases as long as their accounts have room."""
    for number, case in enumerate(islice(cycle(ODDITIES), rounds * len(ODDITIES))):
        if number // len(ODDITIES) % _SELDOM.get(case.name, 1):
            continue
        room -= case.accounts
        if room < 0:
            return
        yield case
