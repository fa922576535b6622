"""Looking for accounts by the name of a customer (kibo.md §5: `firstName` and `lastName`, `cont`)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from ccdesk.clients.kibo.ahead import PAGE_SIZE
from ccdesk.clients.kibo.changes import customers
from ccdesk.clients.kibo.emails import UNQUOTABLE
from ccdesk.clients.kibo.lists import Collections
from ccdesk.core.errors import ItemError
from ccdesk.core.models import Customer
from ccdesk.core.words import marked

_MOST_PAGES = 4  # of one question: who has hundreds of answers is asked for more of the name
_APART = re.compile(r"[\s,]+")  # “O'Neil, Marcus” as well
_UNQUOTABLE = re.compile("[" + re.escape("".join(sorted(UNQUOTABLE))) + "]+")


class NoNames(ItemError):
    """Kibo refuses to look for names."""

    title = marked("Kibo cannot be asked for customers by their name")
    next_step = marked("Ask by the email, a part of it, or the customer id.")
    code = "no_names"


def find_by_name(lists: Collections, name: str) -> tuple[list[Customer], bool]:
    """Return accounts whose name has these words, in any order and each as its beginning, and if that is all.

    How a value with a blank or a quote is written in a filter is not known (§15.9), so Kibo is asked for the
    pieces that can be, and the rest is seen to here; also where it ignores the filter.

    Raises:
        NoNames: Kibo refuses such a filter.

    """
    words = [one for one in _APART.split(_composed(name)) if one]
    pieces = [one for one in map(_piece, words) if one]
    found: dict[int, Customer] = {}
    is_all = True
    for filters in _filters(pieces):
        is_all &= _look(lists, filters, words, found)
    if len(pieces) == 1 and not is_all:  # “Li” is within many names: those that begin with it come first
        for filters in _filters(pieces, "sw"):
            _look(lists, filters, words, found)
    if len(pieces) > 1 and not found:  # “van der Berg” is all of one name
        for filters in _filters([max(pieces, key=len)]):
            is_all &= _look(lists, filters, words, found)
    return sorted(found.values(), key=_by_name), is_all


def _look(lists: Collections, filters: list[str], words: Sequence[str], found: dict[int, Customer]) -> bool:
    """Add whom a question finds; return whether everybody was looked at whom Kibo has for it."""
    for number in range(_MOST_PAGES):
        page = lists.accounts(filters, "id asc", start=number * PAGE_SIZE)
        if page is None:
            raise NoNames()
        found.update((one.id, one) for one in customers(page.items) if _is_called(one, words))
        if page.last or page.left == 0:
            return True
    return False


def _by_name(customer: Customer) -> tuple[str, str, int]:
    return customer.last_name.casefold(), customer.first_name.casefold(), customer.id


def _piece(word: str) -> str:
    """Return the longest part of a word that a filter can hold: of “O'Neil” most names have an O."""
    return max(_UNQUOTABLE.split(word), key=len)


def _filters(pieces: list[str], how: str = "cont") -> Iterator[list[str]]:
    """Yield what is asked: one word may be either name, of several the outer ones are first and last."""
    if len(pieces) == 1:
        yield [f"lastName {how} {pieces[0]}"]
        yield [f"firstName {how} {pieces[0]}"]
    elif pieces:
        yield [f"firstName {how} {pieces[0]}", f"lastName {how} {pieces[-1]}"]
        yield [f"lastName {how} {pieces[0]}", f"firstName {how} {pieces[-1]}"]


def _is_called(customer: Customer, words: Sequence[str]) -> bool:
    parts = _APART.split(_composed(f"{customer.first_name} {customer.last_name}").casefold())
    return all(any(part.startswith(word.casefold()) for part in parts) for word in words)


def _composed(text: str) -> str:
    """Return a text with each letter in one character, as names from elsewhere may not have it."""
    return unicodedata.normalize("NFC", text)
