"""Help › Licences."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from ccdesk.gui.dialogs.licences import LicencesDialog
from ccdesk.licences import Licence


def opened(qtbot, open_window):
    parts = open_window()
    parts.window.show_help()
    qtbot.mouseClick(parts.window.findChild(QPushButton, "btn_licences"), Qt.MouseButton.LeftButton)
    dialog = parts.window.findChild(LicencesDialog)
    qtbot.waitUntil(lambda: dialog.txt_licence.toPlainText() != "", timeout=5000)
    return parts, dialog


def test_every_part_can_be_read(qtbot, open_window):
    _, dialog = opened(qtbot, open_window)
    names = [dialog.lst_parts.item(number).text() for number in range(dialog.lst_parts.count())]
    assert names[0] == "ccdesk"
    assert dialog.lbl_part.text().startswith("ccdesk ")
    assert "Permission is hereby granted" in dialog.txt_licence.toPlainText()
    dialog.lst_parts.setCurrentRow(names.index("shiboken6"))
    qtbot.waitUntil(lambda: "LESSER GENERAL" in dialog.txt_licence.toPlainText(), timeout=5000)
    assert "LGPL-3.0-only" in dialog.lbl_part.text()
    assert dialog.txt_licence.isReadOnly()


def test_it_is_open_once(qtbot, open_window):
    parts, _ = opened(qtbot, open_window)
    opened(qtbot, lambda: parts)
    assert len(parts.window.findChildren(LicencesDialog)) == 1


def test_a_part_whose_text_cannot_be_read_is_said(qtbot, open_window, monkeypatch, tmp_path):
    broken = Licence("zlib", "1.3", "Zlib", (tmp_path / "gone.txt",))
    monkeypatch.setattr("ccdesk.licences.find_all", lambda: (broken,))
    parts = open_window()
    parts.window.show_help()
    qtbot.mouseClick(parts.window.findChild(QPushButton, "btn_licences"), Qt.MouseButton.LeftButton)
    dialog = parts.window.findChild(LicencesDialog)
    qtbot.waitUntil(dialog.notice.isVisible, timeout=5000)
