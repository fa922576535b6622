"""The guide in other languages: shown where they are spoken, with the same parts, in the window's words."""

import re
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QUrl

from ccdesk.gui import assets
from ccdesk.gui.dialogs.help import HelpDialog
from ccdesk.gui.translation import speak

ENGLISH = "guide.md"
TRANSLATED = sorted(file.name for file in assets.root().glob("guide.*.md"))
GERMAN = assets.path("languages") / "ccdesk_de.ts"


@pytest.fixture
def speaking(qapp):
    yield lambda code: speak(qapp, code)
    speak(qapp, "en")


@pytest.fixture
def opened_help(qtbot):
    dialog = HelpDialog()
    qtbot.addWidget(dialog)
    return dialog


def headings(guide):
    return re.findall(r"^#+ (.*)$", assets.text(guide), re.MULTILINE)


def shape(guide):
    """Return what each paragraph is made of: a heading of a level, items, rows of a table, or text."""
    paragraphs = assets.text(guide).split("\n\n")
    return [re.findall(r"^(?:#+ |\d+\. |- |\|)", one, re.MULTILINE) for one in paragraphs]


@pytest.mark.parametrize("guide", TRANSLATED)
def test_a_guide_has_the_sections_and_tables_of_the_english_one_in_their_order(guide):
    assert shape(guide) == shape(ENGLISH)
    assert (assets.root().parent / "docs" / guide).read_text(encoding="utf-8") == assets.text(guide)


def test_the_german_guide_is_shown_where_german_is_spoken(speaking, opened_help):
    speaking("de")
    opened_help.show_part("")
    text = opened_help.browser.toPlainText()
    assert "Sie nach Sites auf Kontaktlisten aufzuteilen, wird nicht unterstützt." in text
    assert "Every day" not in text
    speaking("en")
    opened_help.show_part("")
    assert "Every day" in opened_help.browser.toPlainText()


def test_english_is_shown_where_nobody_has_written_the_guide(monkeypatch, opened_help):
    monkeypatch.setattr("ccdesk.gui.dialogs.help.language", lambda: "fr")
    opened_help.show_part("")
    assert "Every day" in opened_help.browser.toPlainText()


def test_the_german_guide_opens_at_the_tab_and_its_links_lead_somewhere(speaking, opened_help, window):
    speaking("de")
    bar = opened_help.browser.verticalScrollBar()
    places = []
    for page in window.pages():
        opened_help.show_part(page.help_part)
        places.append(bar.value())
    assert places[0] > 0
    assert places == sorted(set(places))
    anchors = re.findall(r'href="(#[^"]+)"', opened_help.browser.toHtml())
    assert len(anchors) > 8
    for anchor in anchors:
        bar.setValue(0)
        opened_help.browser.anchorClicked.emit(QUrl(anchor))
        assert bar.value() > 0, anchor


def test_the_german_guide_can_be_searched(speaking, opened_help):
    speaking("de")
    opened_help.show_part("")
    opened_help.search.setText("begrüßungs")
    assert opened_help.browser.textCursor().selectedText() == "Begrüßungs"


@pytest.mark.skipif(not GERMAN.is_file(), reason="the window has no German texts yet")
def test_the_german_guide_calls_everything_as_the_german_window_does():
    messages = list(ElementTree.parse(GERMAN).getroot().iter("message"))
    forms = [form.text or "" for one in messages for form in one.find("translation").iter()]
    shown = {re.sub(r"\{[^}]*\}", "…", form).replace("&", "").strip() for form in forms}
    bold = re.findall(r"\*\*(.+?)\*\*", assets.text("guide.de.md"), re.DOTALL)
    names = {" ".join(name.split()) for name in bold}
    assert {name for name in names if name not in shown and f"{name}…" not in shown} == set()
    said = {one.findtext("source"): one.findtext("translation") for one in messages}
    pairs = list(zip(headings(ENGLISH), headings("guide.de.md"), strict=True))
    named = [(german, said[english]) for english, german in pairs if english in said]
    assert len(named) >= 6
    assert [german for german, wanted in named if german != wanted] == []
