"""One window of a kind at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtWidgets import QDialog, QWidget

_D = TypeVar("_D", bound=QDialog)


def open_once(kind: type[_D], parent: QWidget, make: Callable[[], _D]) -> _D:
    """Open the dialog that `make` makes; one of its kind that is open already is brought forward instead."""
    former = parent.findChild(kind)
    if former is not None and former.isVisible():
        former.raise_()
        return former
    dialog = make()
    dialog.open()
    return dialog
