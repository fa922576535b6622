"""Looking for accounts by the name of a customer (kibo.md §5: `firstName` and `lastName`, `cont`)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile

from ccdesk.clients.kibo.changes import customers
from ccdesk.clients.kibo.emails import UNQUOTABLE
from ccdesk.clients.kibo.lists import Collections
from ccdesk.core.errors import ItemError
from ccdesk.core.models import Customer
from ccdesk.core.words import marked


class NoNames(ItemError):
    """Kibo refuses to look for names."""

    title = marked("Kibo cannot be asked for customers by their name")
    next_step = marked("Ask by the email, a part of it, or the customer id.")
    code = "no_names"


def find_by_name(lists: Collections, name: str) -> list[Customer]:
    """Return accounts whose name has these words, in any order and each as its beginning; one page at most.

    How a value with a blank or a quote is written in a filter is not known (§15.9), so Kibo is asked for the
    beginnings that can be, and the rest is seen to here; also where it ignores the filter.

    Raises:
        NoNames: Kibo refuses such a filter.

    """
    words = name.split()
    found: dict[int, Customer] = {}
    for filters in _filters([one for one in map(_beginning, words) if one]):
        page = lists.accounts(filters, "id asc")
        if page is None:
            raise NoNames()
        found.update((one.id, one) for one in customers(page.items) if _is_called(one, words))
    return sorted(found.values(), key=_by_name)


def _by_name(customer: Customer) -> tuple[str, str, int]:
    return customer.last_name.casefold(), customer.first_name.casefold(), customer.id


def _beginning(word: str) -> str:
    return "".join(takewhile(lambda letter: letter not in UNQUOTABLE, word))


def _filters(words: list[str]) -> Iterator[list[str]]:
    """Yield what is asked: one word may be either name, of several the outer ones are first and last."""
    if len(words) == 1:
        yield [f"lastName cont {words[0]}"]
        yield [f"firstName cont {words[0]}"]
    elif words:
        yield [f"firstName cont {words[0]}", f"lastName cont {words[-1]}"]
        yield [f"lastName cont {words[0]}", f"firstName cont {words[-1]}"]


def _is_called(customer: Customer, words: list[str]) -> bool:
    parts = f"{customer.first_name} {customer.last_name}".casefold().split()
    return all(any(part.startswith(word.casefold()) for part in parts) for word in words)
