"""A column is at least as wide as its title, whatever the language calls it."""

import pytest
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
