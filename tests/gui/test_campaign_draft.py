import threading

import pytest
from PySide6.QtWidgets import QLabel

from ccdesk.core.errors import AnswerLost, ItemRefused, LoginNeeded, Refused
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.tabs import campaign_draft as words
from ccdesk.service.api import Connection, ConnectionState
from ccdesk.service.drafts import DraftMade
from ccdesk.service.needs_you import Need, NeedKind
from tests.gui.fakes import DRAFT
from tests.gui.helpers import click, find


@pytest.fixture
def settings(qtbot, window):
    return shown(qtbot, window)


def shown(qtbot, window):
    window.tabs.setCurrentWidget(window.settings)
    qtbot.waitUntil(lambda: find(window.settings, "cmb_from_email").count() > 0)
    return window.settings


def said(settings):
    return find(settings, "lbl_campaign_draft", QLabel).text()


def notice(settings):
    return find(settings, "notice_campaign_draft")


def test_a_draft_is_made_once_and_opened_once(qtbot, settings, desk, opened):
    desk.gate["new_draft"] = threading.Event()
    assert "for “Kibo customers”" in find(settings, "btn_campaign_draft").toolTip()
    assert not find(settings, "lbl_campaign_draft").isVisible()
    made = click(qtbot, settings, "btn_campaign_draft")
    assert not made.isEnabled()
    assert said(settings) == words.MAKING
    desk.gate["new_draft"].set()
    qtbot.waitUntil(lambda: notice(settings).isVisible())
    assert notice(settings).title.text() == "Draft made"
    text = notice(settings).text.text()
    assert DRAFT.name in text
    assert "Nothing is scheduled or sent" in text
    assert opened == [DRAFT.address]
    assert desk.names().count("new_draft") == 1
    assert threading.get_ident() not in desk.threads, "the network never holds the window up"
    qtbot.waitUntil(made.isEnabled)
    click(qtbot, settings, "notice_campaign_draft_action")
    assert opened == [DRAFT.address] * 2
    assert desk.names().count("new_draft") == 1


def test_a_list_that_was_not_chosen_and_a_draft_of_the_last_try_are_told(qtbot, settings, desk):
    problem = ItemRefused("no", meaning="Constant Contact says: no such list.")
    desk.drafted = DraftMade(*(DRAFT.name, "c", "https://x.example", "Kibo", "n@example.com"), problem, True)
    click(qtbot, settings, "btn_campaign_draft")
    qtbot.waitUntil(lambda: notice(settings).isVisible())
    assert "no such list" in notice(settings).text.text()
    assert "whose answer was lost" in notice(settings).text.text()
    assert notice(settings).property("tone") == Tone.WARNING.value


@pytest.mark.parametrize("error", [Refused("No"), AnswerLost("Lost", meaning="It may be there.")])
def test_a_failure_has_title_meaning_and_next_step_and_opens_nothing(qtbot, settings, desk, opened, error):
    desk.fail["new_draft"] = error
    button = click(qtbot, settings, "btn_campaign_draft")
    qtbot.waitUntil(lambda: notice(settings).isVisible())
    assert notice(settings).title.text() == f"No draft: {error.title}"
    assert error.meaning in notice(settings).text.text()
    assert notice(settings).text.text()
    assert opened == []
    qtbot.waitUntil(button.isEnabled)


def test_a_login_that_is_missing_leads_to_it(qtbot, window, settings, desk):
    desk.fail["new_draft"] = LoginNeeded()
    click(qtbot, settings, "btn_campaign_draft")
    qtbot.waitUntil(lambda: notice(settings).isVisible())
    click(qtbot, settings, "notice_campaign_draft_action")
    assert window.current() is window.info


def test_unsaved_changes_come_first(qtbot, settings):
    find(settings, "cmb_from_email").setCurrentIndex(1)
    assert said(settings) == words.SAVE_FIRST
    button = find(settings, "btn_campaign_draft")
    assert not button.isEnabled()
    assert button.toolTip() == words.SAVE_FIRST
    click(qtbot, settings, "btn_settings_discard")
    assert button.isEnabled()
    assert words.SAVE_FIRST not in button.toolTip()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda desk: desk.stored.pop("contact_list"), words.NO_LIST),
        (lambda desk: desk.stored.pop("from_email"), words.NO_SENDER),
        (lambda desk: setattr(desk, "mail", Connection(ConnectionState.LOGIN_NEEDED)), words.NO_LOGIN),
        (lambda desk: setattr(desk, "mail", Connection(ConnectionState.FAILED)), words.FAILS),
        (lambda desk: setattr(desk, "needs", (Need(NeedKind.LIST_DELETED, subject="K"),)), words.LIST_GONE),
    ],
)
def test_it_says_why_no_draft_can_be_made(qtbot, open_window, desk, spoil, reason):
    spoil(desk)
    window = open_window(desk).window
    window.tabs.setCurrentWidget(window.settings)
    assert said(window.settings) == reason
    assert not find(window.settings, "btn_campaign_draft").isEnabled()
    assert find(window.settings, "btn_campaign_draft").toolTip() == reason
