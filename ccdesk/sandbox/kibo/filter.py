"""The grammar of `filter` and `sortBy`: `field op value and …`, `field asc, other desc` (kibo.md §5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from ccdesk.sandbox.kibo.model import invalid, parse_ms
from ccdesk.sandbox.kibo.switches import Quotes, Unknown

Kind = Literal["int", "number", "bool", "date", "text"]
Value = int | float | bool | str | None

_OPERATORS = frozenset({"eq", "ne", "gt", "ge", "lt", "le", "sw", "cont"})
_TEXT_ONLY = frozenset({"sw", "cont"})
_ORDERING = frozenset({"gt", "ge", "lt", "le"})
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)
_CONDITION = re.compile(r"\s*(\S+)\s+(\w+)\s+(\S(?:.*\S)?)\s*", re.DOTALL)
_SORT = re.compile(r"\s*(\S+)(?:\s+(asc|desc))?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Field:
    """Something that can be filtered by: its name, its kind, how to read it of an item.

    `read` returns a list for what an item has several of; one of them fitting is enough.
    """

    name: str
    kind: Kind
    read: Callable[[Any], Any]


class Condition(NamedTuple):
    """One condition of a filter; `exact` compares texts with their case."""

    field: Field
    op: str
    value: Value
    exact: bool = False

    def holds(self, item: Any) -> bool:
        """Say whether an item fulfils it."""
        found = self.field.read(item)
        if isinstance(found, list):
            return any(self._fits(one) for one in found)
        return self._fits(found)

    def _fits(self, found: Any) -> bool:
        wanted: Any = self.value
        if isinstance(found, str) and isinstance(wanted, str) and not self.exact:
            found, wanted = found.lower(), wanted.lower()
        if self.op == "eq":
            return bool(found == wanted)
        if self.op == "ne":
            return bool(found != wanted)
        if found is None or wanted is None:
            return False
        return bool(_COMPARE[self.op](found, wanted))


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda found, wanted: found > wanted,
    "ge": lambda found, wanted: found >= wanted,
    "lt": lambda found, wanted: found < wanted,
    "le": lambda found, wanted: found <= wanted,
    "sw": lambda found, wanted: found.startswith(wanted),
    "cont": lambda found, wanted: wanted in found,
}


class Order(NamedTuple):
    """One key of a sorting."""

    field: Field
    descending: bool


NOWHERE = Field("", "int", lambda _item: None)
NOTHING = Condition(NOWHERE, "gt", 0)
"""What no item fulfils: a name that is not known, where the service answers it with no rows (§16)."""


class Known(NamedTuple):
    """What may be asked for: fields by lower-case name, and what happens to others."""

    fields: Mapping[str, Field]
    unknown: Unknown
    exact_fields: frozenset[str] = frozenset()
    email_quotes: Quotes = "none"


def parse_filter(text: str, known: Known) -> tuple[Condition, ...]:
    """Read a filter; refuses what it cannot parse, and what it does not know unless that is ignored."""
    if not text.strip():
        return ()
    conditions = []
    for part in _AND.split(text.strip()):
        match = _CONDITION.fullmatch(part)
        if match is None:
            raise invalid(f"Invalid filter expression: '{part}'")
        name, op, raw = match[1], match[2].lower(), match[3]
        if op not in _OPERATORS:
            raise invalid(f"Unknown filter operator: '{match[2]}'")
        field = known.fields.get(name.lower())
        if field is not None:
            conditions.append(_condition(field, op, raw, known))
        elif known.unknown == "nothing":
            conditions.append(NOTHING)
        elif known.unknown == "refuse":
            raise invalid(f"Unknown filter field: '{name}'")
    return tuple(conditions)


def _condition(field: Field, op: str, raw: str, known: Known) -> Condition:
    exact = field.name in known.exact_fields
    if field.name != "emailAddress":
        return Condition(field, op, _value(field, op, raw), exact)
    written = _unquoted(raw, known.email_quotes)
    return NOTHING if written is None else Condition(field, op, _value(field, op, written), exact)


def parse_sort(text: str, known: Known) -> tuple[Order, ...]:
    """Read a sorting; refuses what it cannot parse, and what it does not know unless that is ignored."""
    orders = []
    for part in text.split(",") if text.strip() else ():
        match = _SORT.fullmatch(part)
        if match is None:
            raise invalid(f"Invalid sort expression: '{part.strip()}'")
        field = known.fields.get(match[1].lower())
        if field is not None:
            orders.append(Order(field, (match[2] or "").lower() == "desc"))
        elif known.unknown == "nothing":
            orders.append(Order(NOWHERE, False))
        elif known.unknown == "refuse":
            raise invalid(f"Unknown sort field: '{match[1]}'")
    return tuple(orders)


def unmet(orders: Iterable[Order]) -> tuple[Condition, ...]:
    """Return the condition that leaves no rows, if a sorting is of a name that is answered like that."""
    return (NOTHING,) if any(order.field is NOWHERE for order in orders) else ()


def sort_key(order: Order) -> Callable[[Any], tuple[bool, Any]]:
    """Return the key to sort items by; what is missing comes first."""

    def key(item: Any) -> tuple[bool, Any]:
        value = order.field.read(item)
        if isinstance(value, list):
            value = value[0] if value else None
        return value is not None, value.lower() if isinstance(value, str) else value or 0

    return key


def _unquoted(raw: str, quotes: Quotes) -> str | None:
    """Return a value without its quotes; None where it has none and only values in quotes match."""
    quoted = len(raw) > 1 and raw[0] == raw[-1] == "'"
    if quotes == "none":
        return raw
    return raw[1:-1] if quoted else raw if quotes == "either" else None


def _value(field: Field, op: str, raw: str) -> Value:
    if op in _TEXT_ONLY and field.kind != "text":
        raise invalid(f"Operator '{op}' needs a text field, not '{field.name}'")
    if op in _ORDERING and field.kind == "bool":
        raise invalid(f"Operator '{op}' does not fit '{field.name}'")
    if raw.lower() == "null":
        return None
    try:
        return _READ[field.kind](raw)
    except (ValueError, OverflowError):
        raise invalid(f"'{raw}' is no value for '{field.name}'") from None


def _bool(raw: str) -> bool:
    if raw.lower() not in ("true", "false"):
        raise ValueError(raw)
    return raw.lower() == "true"


_READ: dict[Kind, Callable[[str], Value]] = {
    "int": int,
    "number": float,
    "bool": _bool,
    "date": parse_ms,
    "text": str,
}
