"""Saving diagnostics from Help, and the window on a bundle."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QFileDialog, QLineEdit, QPushButton

from ccdesk.core.bundles import Made, Wanted
from ccdesk.core.errors import SettingsError
from ccdesk.core.runs import RunKind
from ccdesk.gui.app import build
from ccdesk.gui.dialogs.diagnostics import DiagnosticsDialog
from ccdesk.gui.dialogs.review import ReviewDialog
from ccdesk.gui.read_only import LOOKS, ReadOnly, StillLoop
from tests.gui.fakes import FakeLoop, ready_desk
from tests.gui.helpers import dialog, find


def opened_dialog(qtbot, qapp, save):
    parts = build(ready_desk(), FakeLoop(), app=qapp, save_bundle=save, theme="light")
    parts.start()
    qtbot.waitExposed(parts.window)
    parts.window.show_help()
    help_window = parts.window.findChild(QPushButton, "btn_diagnostics")
    qtbot.mouseClick(help_window, Qt.MouseButton.LeftButton)
    return parts, parts.window.findChild(DiagnosticsDialog)


def choose(qtbot, dialog, path):
    qtbot.mouseClick(dialog.btn_save, Qt.MouseButton.LeftButton)
    chooser = dialog.findChild(QFileDialog, "dlg_export_file")
    chooser.fileSelected.emit(str(path))


def test_what_goes_in_is_shown_before_anything_is_written(qtbot, qapp, tmp_path: Path) -> None:
    asked: list[tuple[Path, Wanted]] = []

    def save(out: Path, wanted: Wanted) -> Made:
        asked.append((out, wanted))
        return Made(out, [], [4, 2])

    parts, dialog = opened_dialog(qtbot, qapp, save)
    try:
        assert "as pseudonyms" in dialog.contents.text()
        assert "Never: the login, tokens, the Kibo secret." in dialog.contents.text()
        assert asked == []
        dialog.chk_plain.setChecked(True)
        assert "Emails as they are" in dialog.contents.text()
        dialog.txt_person.setText(" ann@example.com ")
        dialog.spn_days.setValue(3)
        choose(qtbot, dialog, tmp_path / "one.zip")
        qtbot.waitUntil(lambda: dialog.notice.isVisible())
        assert asked == [(tmp_path / "one.zip", Wanted("ann@example.com", 3, True, over=True))]
        assert "one.zip" in dialog.notice.title.text()
        assert dialog.btn_save.isEnabled()
    finally:
        parts.shutdown()
        parts.window.close()


def test_a_failure_is_shown_and_can_be_tried_again(qtbot, qapp, tmp_path: Path) -> None:
    def save(out: Path, wanted: Wanted) -> Made:
        raise SettingsError("Nobody is known by that", meaning="Nothing was written.")

    parts, dialog = opened_dialog(qtbot, qapp, save)
    try:
        choose(qtbot, dialog, tmp_path / "one.zip")
        qtbot.waitUntil(lambda: dialog.notice.isVisible())
        assert "Nobody is known" in dialog.notice.title.text()
        assert dialog.btn_save.isEnabled()
    finally:
        parts.shutdown()
        parts.window.close()


def acting(page) -> set[str]:
    """Return what can be pressed on a page, but for what leads somewhere."""
    buttons = [
        one for one in page.findChildren(QPushButton) if one.isEnabled() and not one.property("segment")
    ]
    leading, folding = ("btn_need_", "btn_step_", "btn_since_"), "_fold"
    names = {one.objectName() for one in buttons}
    return {one for one in names if not one.startswith(leading) and not one.endswith(folding)}


def test_nothing_that_changes_something_can_be_pressed_on_a_bundle(qtbot, qapp) -> None:
    parts = build(ready_desk(), StillLoop(), app=qapp, theme="light")
    ReadOnly(parts.window, "November 27th 2026")
    try:
        parts.start()
        qtbot.waitUntil(lambda: parts.context.watch.is_read, timeout=5000)
        for index, page in enumerate(parts.window.pages()):
            parts.window.tabs.setCurrentIndex(index)
            qtbot.waitUntil(lambda page=page: acting(page) <= LOOKS)
            edits = [one for one in page.findChildren(QLineEdit) if one.objectName() not in LOOKS]
            assert all(one.isReadOnly() or not one.isEnabled() for one in edits)
        assert "read-only" in parts.window.windowTitle()
        parts.window.show_help()
        assert parts.window.findChild(QPushButton, "btn_diagnostics") is None
    finally:
        parts.shutdown()
        parts.window.close()


def test_the_folder_of_the_log_is_opened_from_about(qtbot, open_window, opened) -> None:
    window = open_window().window
    window.show_about()
    folder = find(dialog(qtbot, window, "dlg_about"), "btn_log_folder")
    assert folder.isVisible()
    qtbot.mouseClick(folder, Qt.MouseButton.LeftButton)
    base = window.context.watch.snapshot.status.base_dir
    assert [QUrl(one).toLocalFile() for one in opened] == [base]


def test_dialogs_of_a_bundle_only_look_and_its_notice_stays(qtbot, qapp) -> None:
    desk = ready_desk()
    parts = build(desk, StillLoop(), app=qapp, theme="light")
    window = parts.window
    ReadOnly(window, "November 27th 2026")
    try:
        parts.start()
        qtbot.waitUntil(lambda: parts.context.watch.is_read, timeout=5000)
        window.find_person()
        found = dialog(qtbot, window, "dlg_find_person")
        find(found, "btn_find_read").setEnabled(True)
        qtbot.waitUntil(lambda: not find(found, "btn_find_read").isEnabled(), timeout=2000)
        found.close()
        review = ReviewDialog(parts.context, RunKind.INBOUND, None, window)
        review.open()
        qtbot.waitUntil(lambda: not review.yes.isEnabled() and not review.mistake.isEnabled(), timeout=2000)
        assert review.no.isEnabled(), "it closes the dialog"
        review.close()
        window.dismiss()
        notice = find(window, "notice_bundle")
        assert notice.isVisible()
        assert not find(notice, "notice_bundle_close").isVisible()
    finally:
        parts.shutdown()
        window.close()
