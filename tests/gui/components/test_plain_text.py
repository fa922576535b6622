"""Names and messages from outside are shown as they are: no mark-up, no picture fetched from anywhere."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from ccdesk.core.errors import CcdeskError
from ccdesk.core.models import ContactList
from ccdesk.gui.components.messages import error_box
from ccdesk.gui.components.plain import lines, one_line
from ccdesk.gui.components.widgets import Badge, ElideLabel, label, plain_tip
from ccdesk.gui.dialogs.words import list_change
from ccdesk.gui.export_csv import as_text
from ccdesk.gui.tabs.settings import saved_words
from ccdesk.service.api import SaveResult
from tests.gui.fakes import ready_desk
from tests.gui.helpers import dialog, find, rows, texts

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


NAME = "Mystic\nConstant Contact: connected\u202e\u2066Outdoors\x1b[2J\u2028\x9b"
ON_ONE_LINE = "Mystic Constant Contact: connectedOutdoors[2J"
FORGERY = set("\n\r\t\x1b\x9b\u202e\u2066\u2028")


@pytest.mark.parametrize("character", [chr(n) for n in (*range(32), *range(127, 160))])
def test_no_control_character_is_shown(character):
    assert not set(one_line(f"a{character}b")) & {character} - {" "}
    assert "\n" in lines("a\nb"), "our own lines stay"


@pytest.mark.parametrize("mark", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_no_mark_turns_words_round(mark):
    assert one_line(f"a{mark}b") == lines(f"a{mark}b") == "ab"


@pytest.mark.parametrize("text", ["Ünï “quotes”", "عربي", "שלום", "日本", "👩‍👧 family"])
def test_names_in_any_script_stay(text):
    assert one_line(text) == lines(text) == text


def test_an_organisations_name_forges_no_line_in_the_window(qtbot, open_window):
    desk = ready_desk()
    desk.kibo = replace(desk.kibo, name=NAME, who=NAME)
    desk.mail = replace(desk.mail, name=NAME, who=NAME)
    desk.lists.append(ContactList("9", NAME, 3))
    desk.stored["contact_list"] = NAME
    desk.people[900][0] = replace(desk.people[900][0], email=NAME, reason=NAME)
    window = open_window(desk).window
    for place in ("login", "list", "export", "logs", "events"):
        window.go_to(place)
    window.context.news.tell(f"Logged in to Constant Contact as {NAME}")
    window.show_error(CcdeskError(NAME, meaning="ok"))
    window.logs._open_run(desk.get_run(900))
    view = dialog(qtbot, window, "dlg_run")
    rows(qtbot, find(view, "tbl_run_people"), 100)
    assert find(window, "card_constant_contact_name").text() == ON_ONE_LINE
    assert texts(find(view, "tbl_run_people"), 0)[0] == ON_ONE_LINE
    assert ON_ONE_LINE in find(window, "lbl_sync_facts").text()
    for one in labels(window):
        assert not set(one.text()) & FORGERY - {"\n"}, one.objectName()
        if "Mystic" in one.text():
            assert "\n" not in one.text(), one.objectName()
        assert not set(one.toolTip()) & FORGERY - {"\n"}
    view.close()
    assert "\n" not in list_change(NAME, NAME).title + "".join(list_change(NAME, NAME).paragraphs)
    assert "\n" not in saved_words(SaveResult({"contact_list": ("", NAME)}))[1]


@pytest.mark.parametrize(
    "mark", ["\u2060", "\xad", "\u200b", "\ufff9", "\U000e0041", "\x9b", "\u202e"], ids=ascii
)
def test_nothing_unseen_is_shown(mark):
    assert one_line(f"Ki{mark}bo") == "Kibo"


@pytest.mark.parametrize("mark", ["\u2060", "\xad", "\u200e", "\x00", " \ufeff"], ids=ascii)
def test_nothing_unseen_makes_a_formula(mark):
    assert as_text(f"{mark}=1+1") == f"'{mark}=1+1"
    assert as_text(f"a;{mark}=1+1") == f"a;'{mark}=1+1"
