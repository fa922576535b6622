"""Names and messages from outside are shown as they are: no mark-up, no picture fetched from anywhere."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from ccdesk.core.errors import CcdeskError
from ccdesk.core.models import ContactList
from ccdesk.gui.messages import error_box
from ccdesk.gui.widgets import Badge, ElideLabel, label, plain_tip
from tests.gui.fakes import ready_desk

MARK_UP = '<img src="file:///etc/hostname"><b>bold</b> & more'


def labels(widget):
    own = [widget] if isinstance(widget, QLabel) else []
    return own + widget.findChildren(QLabel)


def test_no_label_reads_mark_up(qtbot, open_window):
    desk = ready_desk()
    desk.lists.append(ContactList("9", MARK_UP, 3))
    window = open_window(desk).window
    words = [one for one in labels(window) if one.buddy() is None]  # captions are words of our own
    assert [one.text() for one in words if one.text() and one.textFormat() != Qt.TextFormat.PlainText] == []
    for widget in (label(), Badge(), ElideLabel(), error_box(CcdeskError(MARK_UP, meaning=MARK_UP))):
        qtbot.addWidget(widget)
        texts = [one for one in labels(widget) if one.pixmap().isNull()]
        assert texts
        assert {one.textFormat() for one in texts} == {Qt.TextFormat.PlainText}


def test_a_tooltip_shows_the_very_text(qtbot, open_window):
    assert plain_tip("Tom & Jerry") == "Tom & Jerry"
    assert "<img" not in plain_tip(MARK_UP)
    assert "&lt;img" in plain_tip(MARK_UP)
    desk = ready_desk()
    desk.lists.append(ContactList("9", MARK_UP, 3))
    window = open_window(desk).window
    window.go_to("list")
    combo = window.settings.list_field.combo
    qtbot.waitUntil(lambda: combo.findText(MARK_UP) >= 0)
    tips = [combo.itemData(place, Qt.ItemDataRole.ToolTipRole) for place in range(combo.count())]
    combo.setEditText(MARK_UP)
    assert not any("<img" in tip for tip in [*tips, combo.toolTip()])
