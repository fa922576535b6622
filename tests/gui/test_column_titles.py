"""A column is at least as wide as its title, whatever the language calls it."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics

from ccdesk.gui.components.table_view import PagedTable
from ccdesk.gui.translation import say, speak
from tests.gui.helpers import find


@pytest.fixture(params=["en", "de"])
def language(request, qapp):
    speak(qapp, request.param)
    yield request.param
    speak(qapp, "en")


def test_no_title_is_cut(qtbot, open_window, language):
    logs = find(open_window().window, "tbl_logs", PagedTable)
    header = logs.horizontalHeader()
    font = header.font()
    font.setBold(True)
    for section, column in enumerate(logs.paged.columns):
        if column.width:
            assert header.sectionSize(section) >= QFontMetrics(font).horizontalAdvance(say(column.title)) + 20


def test_the_line_under_a_row_is_drawn_from_right_to_left_as_well(qtbot, open_window, qapp):
    """It began at the first column's left edge, in the last one's cell: nothing was seen."""
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    try:
        window = open_window().window
        window.tabs.setCurrentWidget(window.logs)
        table = find(window, "tbl_logs", PagedTable)
        qtbot.waitUntil(lambda: table.model().rowCount() > 1)
        row = next(n for n in range(table.model().rowCount()) if table.rowHeight(n) > table.rowHeight(0))
        area = table.visualRect(table.model().index(row, 0))
        area.setTop(area.bottom() - table.fontMetrics().height())
        drawn = table.viewport().grab(area).toImage()
        colours = {drawn.pixel(x, y) for x in range(drawn.width()) for y in range(drawn.height())}
        assert len(colours) > 3, "letters have many shades"
    finally:
        qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
