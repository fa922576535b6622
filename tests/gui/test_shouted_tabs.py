"""Every text of the tabs goes through the window's language (`shouted.unsaid` finds those that do not)."""

import threading
from datetime import date

import pytest

from ccdesk.core.errors import ItemRefused
from ccdesk.core.run_history import Day, Happened
from ccdesk.core.runs import Outcome, Progress, RunKind, RunStatus, Trigger
from ccdesk.gui.tabs import first_export, overall_card
from ccdesk.gui.tabs.month_picture import day_words, month_words
from ccdesk.gui.tabs.settings import saved_words
from ccdesk.service.api import Connection, ConnectionState, SaveResult
from ccdesk.service.drafts import DraftMade
from tests.gui.fakes import DRAFT, fresh_desk, play_export
from tests.gui.helpers import click
from tests.gui.shouted import LETTERS, left_over, unsaid

TABS = ("info", "sync", "events", "logs", "settings")
# What came from the services, as the desk of the fakes has it
DATA = (
    "Mystic Outdoors DEV",
    "Mystic Outdoors",
    "mystic.ccdesk.1.0.0.Release",
    "Kibo customers",
    "Weekly News",
    "Shop opening Boston",
    "VIP " + ("and friends of friends " * 6).strip(),
    *(f"aaec0c44-001a-47ce-905d-a57001182c8{n}" for n in range(3, 7)),
)


def of_tab(tab):
    return unsaid(tab, DATA)


def filled(qtbot, window, name):
    """Return a tab once its tables are read."""
    tab = getattr(window, name)
    window.tabs.setCurrentWidget(tab)
    for model in (window.logs.model, window.events.model, window.sync.from_page.model):
        model.refresh()
        qtbot.waitUntil(lambda model=model: model.rowCount() > 0)
    return tab


@pytest.mark.parametrize("name", TABS)
def test_a_tab_in_use(qtbot, shouting, window, name):
    assert of_tab(filled(qtbot, window, name)) == {}


@pytest.mark.parametrize("name", TABS)
def test_a_tab_before_anything_is_set_up(shouting, open_window, name):
    assert of_tab(getattr(open_window(fresh_desk()).window, name)) == {}


@pytest.mark.parametrize("state", list(ConnectionState))
def test_a_connection_in_every_state(shouting, open_window, desk, state):
    desk.kibo, desk.mail = Connection(state), Connection(state)
    info = open_window(desk).window.info
    info.kibo_card.show_slow()
    assert unsaid(info.kibo_card, DATA) | unsaid(info.login_card, DATA) == {}


def test_the_login_in_the_browser(qtbot, shouting, open_window, desk, opened):
    desk.mail = Connection(ConnectionState.LOGIN_NEEDED)
    desk.gate["log_in"] = threading.Event()
    window = open_window(desk).window
    click(qtbot, window.info, "btn_login")
    qtbot.waitUntil(lambda: bool(opened))
    assert unsaid(window.info.login_card, DATA) == {}
    click(qtbot, window.info, "btn_login_copy")
    assert unsaid(window.info.login_card, DATA) == {}
    click(qtbot, window.info, "btn_login_cancel")
    assert unsaid(window.info.login_card, DATA) == {}
    qtbot.waitUntil(window.toast.isVisible)
    assert unsaid(window.toast) == {}


def test_an_export_under_way(qtbot, shouting, window, desk, loop):
    gate = threading.Event()

    def script(listener, cancel):
        listener.run_started(RunKind.EXPORT, Trigger.MANUAL)
        listener.progress(Progress(1100, RunKind.EXPORT, "", 10, 57, 1, 42.0, continued=True))
        cancel.wait(5)
        gate.wait(5)
        play_export(desk, 1)(listener, cancel)

    loop.scripts[RunKind.EXPORT] = script
    page = filled(qtbot, window, "sync").to_page
    click(qtbot, page, "btn_sync_contacts")
    qtbot.waitUntil(lambda: "57" in page.progress.detail.text())
    assert unsaid(page, DATA) == {}
    click(qtbot, page, "btn_sync_cancel")
    assert unsaid(page, DATA) == {}
    gate.set()
    qtbot.waitUntil(lambda: page.result.run is not None and page.result.run.status is RunStatus.CANCELLED)
    assert unsaid(page, DATA) == {}


def test_a_draft_that_was_made(qtbot, shouting, window, desk):
    desk.drafted = DraftMade(
        *(DRAFT.name, "c", DRAFT.address, "Kibo customers", "news@example.com"), ItemRefused("No"), True
    )
    tab = filled(qtbot, window, "settings")
    click(qtbot, tab, "btn_campaign_draft")
    qtbot.waitUntil(tab.draft.notice.isVisible)
    assert unsaid(tab, (*DATA, DRAFT.name, DRAFT.name.replace(",", ""))) == {}


def test_settings_that_are_changed_and_saved(qtbot, shouting, window):
    tab = filled(qtbot, window, "settings")
    tab.list_field.combo.setEditText("zzz")
    assert unsaid(tab, (*DATA, "zzz")) == {}
    click(qtbot, tab, "btn_settings_discard")
    tab.chk_welcome.click()
    click(qtbot, tab, "btn_settings_save")
    qtbot.waitUntil(window.toast.isVisible)
    assert unsaid(window.toast) == {}


@pytest.mark.parametrize("n", [0, 1, 2])
def test_figures(shouting, n):
    said = [words(n) for words in (*first_export.FIGURES.values(), *overall_card.FIGURES.values())]
    said += [day_words(day(n)), month_words([day(n)] * 30)]
    assert [words for words in said if LETTERS.search(left_over(words))] == []
    assert set(overall_card.FIGURES) == set(overall_card.HAPPENED) == set(Happened)
    assert set(first_export.FIGURES) <= set(Outcome)


def day(n):
    return Day(date(2015, 11, 23), runs=n, added=n, opted_out=n, errors=n, failed=n)


def test_what_a_save_changed(shouting):
    changed = {
        "contact_list": ("", "zzz"),
        "welcome_email": ("false", "true"),
        "from_email": ("news@example.com", ""),
    }
    for result in (SaveResult(changed, "zzz"), SaveResult({}, "")):
        title, text = saved_words(result)
        assert not LETTERS.search(left_over(title))
        assert not LETTERS.search(left_over(text, ["zzz"]))
