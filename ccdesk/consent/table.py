"""The decision table: ten rows of the mail side by seven columns of the shop (docs/consent.md b)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from ccdesk.consent.columns import Column
from ccdesk.consent.rows import Row
from ccdesk.core.words import marked


class Cell(StrEnum):
    """What is done where a row meets a column, in the words of the table."""

    RETRY = marked("retry")
    REMOVE = marked("remove")
    ASK = marked("ask; asked and open: wait, named; asked before: nothing, named; opt out flags set earlier")
    OPT_OUT = marked("opt out")
    OPT_OUT_REST = marked("opt out flags still on")
    LEFT_SILENT = marked("opt out flags still on; member: named")
    AGREED = marked("agreed")
    REMOVE_IF_SHOWN = marked("agreed; still shown on the list: remove")
    IGNORE = marked("ignore")
    HOLD = marked("hold")
    HOLD_NAMED = marked("hold, named")
    HOLD_NAMED_IF_MEMBER = marked("hold, named if member")
    REMOVE_IF_MEMBER = marked("remove if member, else agreed")
    NAMED_IF_MEMBER = marked("named if member")
    AGREED_IF_NO_MEMBER = marked("agreed; member: named")
    COME_BACK = marked(
        "add if in good standing and not deleted since, else hold or tombstone; member: in step"
    )
    REVIVE = marked("revive if implicit or explicit, else hold")
    TOMBSTONE = marked("tombstone, named")
    ADD = marked("add")
    LEFT_OUT = marked("left out, named")
    IN_STEP = marked("in step")
    NAMED = marked("named, never fought")
    NOBODY_AGREES = marked("own dated sign-up: opt in; else named: nobody agrees any more")
    OPT_IN = marked("opt in")
    SIGNED_UP = marked("own dated sign-up: opt in; else ignore")
    CREATE = marked("create")


_COLUMNS = (
    Column.YES_LATER,
    Column.YES_EARLIER,
    Column.NO_UNANSWERED,
    Column.NO_ANSWERED,
    Column.NO_SIGNED_UP,
    Column.SILENT,
    Column.NEVER,
)
C = Cell
_ROWS: Mapping[Row, tuple[Cell, Cell, Cell, Cell, Cell, Cell, Cell]] = {
    Row.UNREADABLE: (C.RETRY, C.RETRY, C.REMOVE, C.RETRY, C.RETRY, C.RETRY, C.RETRY),
    Row.UNSUBSCRIBED: (
        C.ASK,
        C.OPT_OUT,
        C.REMOVE_IF_SHOWN,
        C.AGREED,
        C.AGREED,
        C.OPT_OUT_REST,
        C.IGNORE,
    ),
    Row.PENDING: (
        C.HOLD,
        C.HOLD,
        C.REMOVE_IF_MEMBER,
        C.NAMED_IF_MEMBER,
        C.HOLD_NAMED_IF_MEMBER,
        C.HOLD_NAMED_IF_MEMBER,
        C.IGNORE,
    ),
    Row.LEFT: (
        C.COME_BACK,
        C.OPT_OUT,
        C.REMOVE_IF_MEMBER,
        C.AGREED_IF_NO_MEMBER,
        C.AGREED_IF_NO_MEMBER,
        C.LEFT_SILENT,
        C.IGNORE,
    ),
    Row.DELETED: (C.REVIVE, C.TOMBSTONE, C.AGREED, C.AGREED, C.AGREED, C.IGNORE, C.IGNORE),
    Row.HOLD: (
        C.HOLD_NAMED,
        C.HOLD_NAMED,
        C.REMOVE_IF_MEMBER,
        C.NAMED_IF_MEMBER,
        C.HOLD_NAMED_IF_MEMBER,
        C.HOLD_NAMED_IF_MEMBER,
        C.IGNORE,
    ),
    Row.LEFT_UNWATCHED: (C.ADD, C.LEFT_OUT, C.AGREED, C.AGREED, C.AGREED, C.IGNORE, C.IGNORE),
    Row.ON_LIST: (C.IN_STEP, C.IN_STEP, C.REMOVE, C.NAMED, C.OPT_IN, C.NOBODY_AGREES, C.SIGNED_UP),
    Row.GOOD: (C.ADD, C.ADD, C.AGREED, C.AGREED, C.AGREED, C.IGNORE, C.IGNORE),
    Row.NEVER_THERE: (C.CREATE, C.CREATE, C.AGREED, C.AGREED, C.AGREED, C.IGNORE, C.IGNORE),
}
TABLE: Mapping[tuple[Row, Column], Cell] = {
    (row, column): cell for row, cells in _ROWS.items() for column, cell in zip(_COLUMNS, cells, strict=True)
}


def as_markdown() -> str:
    """Return the table as the documents print it."""
    head = ["mail side (first that applies) ↓ \\ shop side →", *(column.value for column in _COLUMNS)]
    lines = [head, ["---"] * len(head)]
    lines += [[row.value, *(cell.value for cell in cells)] for row, cells in _ROWS.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
