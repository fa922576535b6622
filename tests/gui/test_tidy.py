"""What an eye catches: what is level with what, what is cut or covered, what can be told from its ground."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import (
    QLabel,
    QRadioButton,
    QScrollArea,
    QWidget,
)

from ccdesk.core.errors import StoreError
from ccdesk.core.runs import RunKind
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.table_view import CELL_PADDING, ROW_SPACE, breakable
from ccdesk.gui.components.theme import SCHEMES, Tone, apply_theme
from ccdesk.gui.components.whole_text import WholeText
from ccdesk.gui.components.widgets import Segments
from ccdesk.gui.dialogs.diagnostics import DiagnosticsDialog
from tests.gui.helpers import click, dialog, find, rows
from tests.gui.test_looks import contrast

LONG = "correspondence-about-orders-and-invoices@" + "office.mail." * 6 + "example.com"


def middle(widget, window):
    return QRect(widget.mapTo(window, QPoint()), widget.size()).center().y()


def test_the_buttons_of_a_message_keep_clear_of_its_text(qtbot, themed):
    notice = Notice()
    qtbot.addWidget(notice)
    notice.show_text(Tone.WARNING, "425 opt-outs wait", "They wait for your answer.", "&Review…")
    qtbot.waitExposed(notice)
    notice.resize(600, notice.heightForWidth(600))
    words = notice.text.mapTo(notice, notice.text.contentsRect().bottomLeft())
    assert notice.action.y() - words.y() >= 4


@pytest.mark.parametrize("text", ["", "Whatever it was, it is over."])
def test_the_icon_of_a_message_is_level_with_its_title(qtbot, themed, text):
    notice = Notice()
    qtbot.addWidget(notice)
    notice.show_text(Tone.NEUTRAL, "1 new event found", text)
    qtbot.waitExposed(notice)
    notice.resize(600, notice.heightForWidth(600))
    assert abs(middle(notice._icon, notice) - middle(notice.title, notice)) <= 1
    assert abs(middle(notice.close_button, notice) - middle(notice.title, notice)) <= 1


def test_the_texts_of_the_event_chosen_begin_where_its_labels_do(qtbot, window):
    window.tabs.setCurrentWidget(window.events)
    rows(qtbot, window.events.table, 3)
    window.events.table.selectRow(1)
    fact = find(window, "lbl_event_customer", QLabel)
    left = fact.mapTo(window, fact.contentsRect().topLeft()).x()
    for name in ("txt_event_who", "lbl_event_detail"):
        text = find(window, name, WholeText)
        qtbot.waitUntil(lambda text=text: text.viewport().mapTo(window, QPoint()).x() == left)


def test_a_row_is_as_high_as_its_longest_email(qtbot, window, desk):
    lengths = range(40, 100, 3)
    desk.people[900] = [replace(desk.people[900][0], email=LONG[-length:]) for length in lengths]
    window.logs._open_errors(desk.get_run(900))
    table = find(dialog(qtbot, window, "dlg_errors"), "tbl_errors")
    rows(qtbot, table, len(lengths))
    column = next(at for at, one in enumerate(table.paged.columns) if one.key == "email")
    room = table.columnWidth(column) - CELL_PADDING - 6  # the style's own margin within that
    flags = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft)
    for row, entry in enumerate(desk.people[900]):
        text = breakable(entry.email)
        needed = table.fontMetrics().boundingRect(QRect(0, 0, room, 1_000), flags, text).height()
        assert table.rowHeight(row) >= needed + ROW_SPACE - 2, entry.email


def test_a_row_whose_email_fits_is_no_higher_than_others(qtbot, window, desk):
    desk.people[900] = [replace(desk.people[900][0], email=f"{'a' * n}@example.com") for n in range(4, 30)]
    window.logs._open_run(desk.get_run(900))
    table = find(dialog(qtbot, window, "dlg_run"), "tbl_run_people")
    rows(qtbot, table, 26)
    column = next(at for at, one in enumerate(table.paged.columns) if one.key == "email")
    room = table.columnWidth(column) - CELL_PADDING - 6
    metrics, plain = table.fontMetrics(), table.verticalHeader().defaultSectionSize()
    fits = [metrics.horizontalAdvance(entry.email) <= room for entry in desk.people[900]]
    assert {True, False} == set(fits)
    assert [table.rowHeight(row) == plain for row in range(26)] == fits


@pytest.mark.parametrize("name", SCHEMES)
def test_a_choice_that_is_not_made_can_be_seen(qtbot, qapp, name):
    apply_theme(qapp, name)
    choice = QRadioButton("Constant Contact sends its welcome email")
    qtbot.addWidget(choice)
    image = choice.grab().toImage()
    row = [image.pixelColor(x, image.height() // 2) for x in range(12)]  # the left of the ring
    apply_theme(qapp, "light")
    assert max(contrast(one, SCHEMES[name].colour("card")) for one in row) >= 3


def test_captions_of_the_diagnostics_are_level_with_their_fields(qtbot, open_window):
    window = open_window(save_bundle=lambda out, wanted: None).window
    window.save_diagnostics()
    asked = window.findChild(DiagnosticsDialog)
    qtbot.waitExposed(asked)
    for field in (asked.spn_days, asked.txt_person):
        [caption] = [one for one in asked.findChildren(QLabel) if one.buddy() is field]
        assert abs(middle(caption, asked) - middle(field, asked)) <= 1
    asked.close()


def test_the_two_directions_are_round_at_their_ends_whichever_way_one_reads(qtbot, themed):
    segments = Segments([("To", "to"), ("Both", "both"), ("From", "from")], lambda _: None)
    qtbot.addWidget(segments)

    def sides():
        return [one.property("side") for one in segments.group.buttons()]

    assert sides() == ["left", "middle", "right"]
    segments.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert sides() == ["right", "middle", "left"]
    segments.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    assert sides() == ["left", "middle", "right"]


def test_who_is_led_to_the_list_sees_its_name_however_far_the_page_was_scrolled(qtbot, window):
    window.resize(900, 400)
    window.tabs.setCurrentWidget(window.settings)
    area = window.settings.findChild(QScrollArea)
    qtbot.waitUntil(lambda: area.verticalScrollBar().maximum() > 100)
    area.verticalScrollBar().setValue(10_000)
    window.tabs.setCurrentWidget(window.info)
    window.go_to("list")
    field = window.settings.list_field
    assert area.viewport().rect().contains(QRect(field.mapTo(area.viewport(), QPoint()), field.size()))


def test_a_success_makes_way_for_a_button_that_appears(qtbot, window):
    window.resize(900, 640)
    window.tabs.setCurrentWidget(window.settings)
    window.context.news.tell("Saved")
    toast, discard = find(window, "toast"), find(window, "btn_settings_discard")
    assert not discard.isVisible()
    window.settings.chk_welcome.click()
    assert discard.isVisible()

    def covered():
        return QRect(discard.mapTo(window, QPoint()), discard.size()).intersects(toast.geometry())

    qtbot.waitUntil(lambda: not covered())
    assert toast.isVisible()


def test_the_line_below_names_the_next_run_as_within_a_sentence(qtbot, open_window, desk, monkeypatch):
    monkeypatch.setattr("ccdesk.gui.formats.in_sentence", lambda *_: "today at 11:15 AM")
    window = open_window(desk).window
    assert "next run: today at 11:15 AM" in window.lbl_footer.text()


def test_a_button_that_failed_to_try_again_can_be_pressed_again(qtbot, window, desk):
    window.tabs.setCurrentWidget(window.events)
    rows(qtbot, window.events.table, 3)
    window.events.table.selectRow(1)
    desk.fail["retry_event"] = StoreError()
    click(qtbot, window.events, "btn_event_retry")
    qtbot.waitUntil(window.events.notice.isVisible)
    assert find(window, "btn_event_retry").isEnabled()


def test_the_picture_is_read_as_often_as_the_figures_above_it(window):
    since, month = find(window, "since_line"), find(window, "month")
    assert since._read._every_ms == month._read._every_ms <= 1_000


def test_while_the_first_look_is_under_way_nothing_says_that_it_comes(qtbot, open_window, desk, loop):
    desk.good, desk.queue = {}, []
    parts = open_window(desk, loop)
    title, more = (find(parts.window, name, QLabel) for name in ("lbl_overall", "lbl_overall_detail"))
    assert title.text() == "On: the first look at both sides comes next"
    parts.bridge.run_started(RunKind.INBOUND, None)
    assert title.text() == "On: looking at both sides for the first time"
    assert not more.isVisibleTo(find(parts.window, "overall", QWidget))
