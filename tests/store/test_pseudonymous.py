"""A copy of the data file in which nobody can be recognised."""

from __future__ import annotations

import peewee
import pytest

from ccdesk.store.columns import CountsField, MomentField, WordField
from ccdesk.store.pseudonymous import BY_NAME, EMPTIED, Holds, holding
from ccdesk.store.tables import TABLES

TEXTS = [
    (model._meta.table_name, field)
    for model in TABLES
    if model not in EMPTIED and model._meta.table_name not in BY_NAME
    for field in model._meta.sorted_fields
    if isinstance(field, peewee.TextField | peewee.BlobField)
    and not isinstance(field, WordField | MomentField | CountsField)
]


@pytest.mark.parametrize(("table", "field"), TEXTS, ids=lambda one: getattr(one, "column_name", one))
def test_of_every_text_it_is_said_what_it_holds(table: str, field: peewee.Field) -> None:
    holds = holding(table, field)
    if "email" in field.column_name:
        assert holds is Holds.EMAIL
    if any(one in field.column_name for one in ("reason", "note", "message", "error")):
        assert holds is Holds.WORDS


def test_a_text_that_nobody_has_thought_of_is_a_fault() -> None:
    field = peewee.TextField()
    field.column_name = "nickname"
    with pytest.raises(KeyError):
        holding("link", field)
