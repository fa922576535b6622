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
from ccdesk.core.runs import Outcome, RunKind
from ccdesk.gui.components.cells import CELL_PADDING, ROW_SPACE, breakable
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.table_view import CELL_MARGIN
from ccdesk.gui.components.theme import SCHEMES, Tone, apply_theme
from ccdesk.gui.components.whole_text import WholeText
from ccdesk.gui.components.widgets import Segments
from ccdesk.gui.dialogs.diagnostics import DiagnosticsDialog
from ccdesk.gui.formats import PREVIEWED
from ccdesk.service.api import Connection, ConnectionState
from ccdesk.service.needs_you import Need, NeedKind
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
    person = replace(desk.people[900][0], reason="new contact")
    desk.people[900] = [replace(person, email=f"{'a' * n}@example.com") for n in range(4, 30)]
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


def test_a_short_success_is_no_wider_than_its_words(qtbot, window):
    """It lay over the button of the first day's card, in German, where no place was free."""
    window.context.news.tell("Logged in to Constant Contact as Mystic Outdoors")
    toast = find(window, "toast")
    needed = toast.title.fontMetrics().horizontalAdvance(toast.title.text())
    assert toast.title.width() >= needed
    assert toast.height() < 60, "one line"
    assert toast.width() < needed + 110
    window.context.news.tell("Saved", "Contact List Name is now “" + "Kibo customers " * 10 + "”.")
    assert toast.width() == 520
    assert toast.text.height() >= toast.text.heightForWidth(toast.text.width())


def test_what_keeps_a_draft_from_being_made_is_level_with_the_hint_beside_it(qtbot, open_window, desk):
    desk.mail = Connection(ConnectionState.LOGIN_NEEDED)
    window = open_window(desk).window
    window.resize(900, 640)
    window.tabs.setCurrentWidget(window.settings)
    remark, hint = find(window, "lbl_campaign_draft", QLabel), window.settings.sender_field.hint
    qtbot.waitUntil(lambda: hint.height() > 1.5 * hint.fontMetrics().height())
    qtbot.waitUntil(lambda: remark.y() == hint.y())
    assert remark.height() < hint.height()


def test_whatever_needs_somebody_has_the_same_mark(qtbot, open_window, desk):
    """The login that has expired, by which nothing gets through, had the fainter one."""
    desk.needs = (Need(NeedKind.LOGIN), Need(NeedKind.PARKED, 3), Need(NeedKind.NEWCOMERS, 2))
    card = find(open_window(desk).window, "needs_you")
    qtbot.waitUntil(lambda: len(card.rows) >= 3)
    pictures = [row._icon.pixmap().toImage() for row in card.rows[:3]]
    assert pictures[0] == pictures[1] == pictures[2]


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


def needed_height(table, row, key):
    """Return how high a row has to be for the text of a column, and the space around it."""
    column = next(at for at, one in enumerate(table.paged.columns) if one.key == key)
    text = breakable(table.paged.index(row, column).data())
    room = QRect(0, 0, table.columnWidth(column) - CELL_PADDING - 6, 1_000)
    flags = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft)
    return table.fontMetrics().boundingRect(room, flags, text).height() + ROW_SPACE - 2


def test_a_reason_of_two_lines_does_not_touch_the_lines_of_its_row(qtbot, window, desk):
    """Its email fits into one line, so its row was as high as one."""
    reason = (
        "waiting: Constant Contact has no contact with this email, and none that could be asked to confirm"
    )
    person = replace(desk.people[900][0], outcome=Outcome.SKIPPED, reason=reason, email="ann@example.com")
    desk.people[900] = [person, replace(person, reason="new contact")]
    window.logs._open_run(desk.get_run(900))
    asked = dialog(qtbot, window, "dlg_run")
    table = find(asked, "tbl_run_people")
    rows(qtbot, table, 2)
    assert table.rowHeight(0) >= needed_height(table, 0, "reason") > table.rowHeight(1)
    asked.resize(2_000, 560)
    qtbot.waitUntil(lambda: table.rowHeight(0) == table.rowHeight(1))
    asked.resize(840, 560)
    qtbot.waitUntil(lambda: table.rowHeight(0) >= needed_height(table, 0, "reason"))


def test_no_kind_of_change_is_cut(qtbot, window, desk):
    kinds = [(one, "taken off the list: run 4 had put them there", 1) for one in Outcome]
    desk.entry_kinds = lambda run_id: kinds
    window.logs._open_run(desk.get_run(900))
    table = find(dialog(qtbot, window, "dlg_run"), "tbl_run_kinds")
    rows(qtbot, table, len(kinds))
    for row in range(len(kinds)):
        qtbot.waitUntil(lambda row=row: table.rowHeight(row) >= needed_height(table, row, "outcome"))
    for words in PREVIEWED.values():
        assert table.fontMetrics().horizontalAdvance(words) + 22 + CELL_MARGIN <= table.columnWidth(0), words


def test_an_email_of_usual_length_is_whole_in_the_queue(qtbot, window):
    window.resize(900, 640)
    window.tabs.setCurrentWidget(window.events)
    table = window.events.table
    rows(qtbot, table, 3)
    column = next(at for at, one in enumerate(table.paged.columns) if one.key == "email")
    usual = "lea.fournier1004@post.example.org"
    assert table.fontMetrics().horizontalAdvance(usual) + CELL_MARGIN <= table.columnWidth(column)


def test_the_points_of_the_diagnostics_go_on_under_their_words(qtbot, open_window):
    window = open_window(save_bundle=lambda out, wanted: None).window
    window.save_diagnostics()
    asked = window.findChild(DiagnosticsDialog)
    qtbot.waitExposed(asked)
    marks = [one for one in asked.contents.findChildren(QLabel) if one.text() == "•"]
    words = [one for one in asked.contents.findChildren(QLabel) if one.text() != "•"]
    assert len(marks) == len(words) > 1
    assert all(one.textFormat() is Qt.TextFormat.PlainText for one in (*marks, *words))
    for mark, text in zip(marks, words, strict=True):
        assert mark.geometry().right() < text.x()
        assert abs(mark.y() - text.y()) <= 1, "beside its first line"
    assert any(one.height() > 1.5 * one.fontMetrics().height() for one in words), (
        "none wraps: nothing is shown"
    )
    asked.close()


def test_what_is_said_below_the_page_is_as_wide_as_the_page(qtbot, window):
    window.tabs.setCurrentWidget(window.logs)
    window.notice.show_text(Tone.NEUTRAL, "You are looking at a bundle")
    qtbot.waitUntil(lambda: window.notice.isVisible() and window.notice.width() > 100)

    def sides(widget):
        left = widget.mapTo(window, QPoint()).x()
        return left, left + widget.width()

    qtbot.waitUntil(lambda: sides(window.notice) == sides(window.logs.table))
