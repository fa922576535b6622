"""Rows of a table as text for the clipboard: headings first, cells parted by tabs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt

from ccdesk.gui.components.table_models import PagedModel
from ccdesk.gui.export_csv import pasted


def rows_as_text(model: PagedModel, rows: Sequence[int], columns: Sequence[int]) -> str:
    """Return these rows with the headings of these columns, in the order given.

    A cell is one line, and none is taken for a formula where it is pasted.
    """
    heads = [
        str(model.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole) or "")
        for column in columns
    ]
    lines = ["\t".join(heads)]
    lines += ["\t".join(pasted(cell_text(model, row, column)) for column in columns) for row in rows]
    return "\n".join(lines)


def cell_text(model: PagedModel, row: int, column: int) -> str:
    """Return what a cell shows."""
    return str(model.index(row, column).data(Qt.ItemDataRole.DisplayRole) or "")
