"""Where to save a file, or which one to open: asked without stopping the event loop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from ccdesk.gui.translation import say


def choose_csv(parent: QWidget, title: str, name: str, then: Callable[[str], object]) -> None:
    """Ask for a CSV file to save to, and call `then` with its path."""
    _choose(parent, title, name, say("CSV files (*.csv)"), "csv", then)


def choose_zip(parent: QWidget, title: str, name: str, then: Callable[[str], object]) -> None:
    """Ask for a ZIP file to save to, and call `then` with its path."""
    _choose(parent, title, name, say("ZIP files (*.zip)"), "zip", then)


def choose_json(parent: QWidget, title: str, name: str, then: Callable[[str], object]) -> None:
    """Ask for a JSON file to save to, and call `then` with its path."""
    _choose(parent, title, name, say("JSON files (*.json)"), "json", then)


def open_json(parent: QWidget, title: str, then: Callable[[str], object]) -> None:
    """Ask for a JSON file that is there, and call `then` with its path."""
    kinds = ";;".join((say("JSON files (*.json)"), say("All files (*)")))
    chooser = QFileDialog(parent, title, "", kinds)
    chooser.setObjectName("dlg_open_file")
    chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
    chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    chooser.fileSelected.connect(then)
    chooser.open()


def _choose(
    parent: QWidget, title: str, name: str, kinds: str, suffix: str, then: Callable[[str], object]
) -> None:
    chooser = QFileDialog(parent, title, name, kinds)
    chooser.setObjectName("dlg_export_file")
    chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    chooser.setDefaultSuffix(suffix)
    chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    chooser.fileSelected.connect(then)
    chooser.open()
