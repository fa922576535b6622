"""Who opted out and was put back on the list by others: on Info, and who they are (design §3a)."""

import pytest
from PySide6.QtCore import Qt

from ccdesk.core.disagreements import Disagreement
from ccdesk.core.errors import StoreError
from ccdesk.gui.dialogs.put_back import PutBackDialog
from ccdesk.service.needs_you import Need, NeedKind
from tests.gui.fakes import NOW
from tests.gui.helpers import click, find

ANN = "ann@example.com"


def text(parent, name):
    return find(parent, name).text()


@pytest.fixture
def put_back(desk):
    desk.queue = []
    desk.put_back = [Disagreement(7, ANN, NOW), Disagreement(8, "", NOW)]
    desk.needs = (Need(NeedKind.DISAGREEMENT, 2, NOW, people=(ANN, ""), ids=("7", "8")),)
    return desk


def test_it_stands_on_info_and_leads_to_the_people_and_what_to_do(qtbot, open_window, put_back):
    window = open_window(put_back).window
    card = find(window.info, "needs_you")
    assert text(card, "lbl_need_0").startswith("2 customers opted out, but are on the list again")
    click(qtbot, card, "btn_need_0")
    dialog = window.findChild(PutBackDialog)
    qtbot.waitUntil(lambda: dialog.model.rowCount() == 2)
    shown = [dialog.model.index(0, column).data() for column in range(dialog.model.columnCount())]
    assert shown[:2] == [ANN, "7"]
    assert shown[2].startswith("December 16th 2015")
    assert dialog.model.index(1, 0).data() == "(none)", "its email was forgotten"
    said = " ".join(one.text() for one in dialog.findChildren(type(find(dialog, "put_back_title"))))
    for what_to_do in ("remove them from the list in Constant Contact", "in Kibo"):
        assert what_to_do in said
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_one_person_is_named_on_info_itself(open_window, put_back):
    put_back.needs = (Need(NeedKind.DISAGREEMENT, 1, NOW, people=(ANN,), ids=("7",)),)
    line = text(find(open_window(put_back).window.info, "needs_you"), "lbl_need_0")
    assert line.startswith(f"{ANN} opted out, but is on the list again and being mailed")


def test_opened_twice_it_comes_forward(qtbot, open_window, put_back):
    window = open_window(put_back).window
    window.go_to("put back")
    window.go_to("put back")
    assert len(window.findChildren(PutBackDialog)) == 1


def test_a_store_that_cannot_be_read_is_said_in_the_dialog(qtbot, open_window, put_back):
    window = open_window(put_back).window
    put_back.fail["disagreements"] = StoreError("The data file is damaged")
    window.go_to("put back")
    dialog = window.findChild(PutBackDialog)
    qtbot.waitUntil(dialog.notice.isVisible)


def test_people_are_left_as_they_are_from_the_list(qtbot, open_window, put_back):
    window = open_window(put_back).window
    window.go_to("put back")
    dialog = window.findChild(PutBackDialog)
    qtbot.waitUntil(lambda: dialog.model.rowCount() == 2)
    assert not dialog.btn_leave.isEnabled(), "nobody is chosen"
    dialog.table.selectRow(0)
    click(qtbot, dialog, "btn_put_back_leave")
    qtbot.waitUntil(lambda: dialog.model.rowCount() == 1)
    assert ("leave_put_back", [7]) in put_back.calls
    assert dialog.model.index(0, 1).data() == "8"
    put_back.fail["leave_put_back"] = StoreError("The data file is damaged")
    dialog.table.selectAll()
    click(qtbot, dialog, "btn_put_back_leave")
    qtbot.waitUntil(dialog.notice.isVisible)
    assert dialog.model.rowCount() == 1
