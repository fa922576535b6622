"""The window's words are true at the moment they are read, and those of design §5."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PySide6.QtWidgets import QAbstractButton, QLabel, QScrollArea

from ccdesk.core.errors import Unreachable
from ccdesk.core.runs import EventStatus, QueuedEvent, RunKind
from ccdesk.gui.columns import event_words
from ccdesk.gui.dialogs.words import guarded_run
from ccdesk.gui.formats import counts_line, in_sentence
from ccdesk.service.api import Connection, ConnectionState
from ccdesk.service.needs_you import Need, NeedKind
from tests.gui.fakes import NOT_SET_UP, NOW, play_failure
from tests.gui.helpers import click, find

FORMER = ("Process Now", "Check Now", "Go On", "Do Nothing", "in passing", "log-in", "Log-in", "E-mail")


def text(parent, name):
    return find(parent, name, QLabel).text()


def state(parent, name):
    return find(parent, f"{name}_state").text()


def test_no_button_or_label_has_a_former_word(window):
    said = [
        one.text().replace("&", "") for kind in (QLabel, QAbstractButton) for one in window.findChildren(kind)
    ]
    said += [one.accessibleName() for one in window.findChildren(QAbstractButton)]
    assert [words for words in said if any(former in words for former in FORMER)] == []
    assert find(window, "btn_events_process").text().replace("&", "") == "Sync changes now"
    assert find(window, "btn_inbound_now").text().replace("&", "") == "Check for unsubscribes now"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (EventStatus.PARKED, "Needs your attention: no answer"),
        (EventStatus.RETRY, "Temporary problem (2 tries). Next try at the next run. no answer"),
    ],
)
def test_an_entry_that_did_not_go_through_says_so_plainly(status, words):
    event = QueuedEvent("e1", 1043, NOW, status=status, attempts=2, error="no answer")
    assert event_words(event) == words


def test_a_day_within_a_sentence_begins_small():
    assert in_sentence(NOW, NOW, UTC) == "today at 11:05 AM"
    assert in_sentence(datetime(2015, 12, 18, 9, tzinfo=UTC), NOW, UTC) == "Friday at 9:00 AM"


def test_a_question_is_answered_by_what_it_does_or_not_now():
    words = guarded_run(Unreachable())
    assert (words.yes, words.no) == ("&Do it", "&Not now")


def test_counts_that_are_no_outcome_read_well_for_one_and_for_many(desk):
    run = replace(desk.all_runs[0], counts={"held": 231, "contacts_seen": 1}, error_count=0)
    assert counts_line(run) == "231 waiting for you · 1 contact seen"


def test_only_customers_on_the_list_are_called_in_sync(window, desk):
    members = desk.status(live=False).on_list
    assert members < desk.status(live=False).links
    assert f"{members:,} customers in sync" in text(window.sync, "lbl_sync_facts")


@pytest.mark.parametrize("kind", [NeedKind.LIST_DELETED, NeedKind.LATE, NeedKind.WRITES_STOPPED])
def test_the_switch_is_not_green_while_the_loops_get_nothing_done(open_window, desk, kind):
    desk.needs = (Need(kind, 2, NOW, "inbound"),)
    assert state(open_window(desk).window.info, "enabled") == "On, held up"


def test_the_switch_is_not_green_while_a_service_fails(open_window, desk):
    desk.kibo = Connection(ConnectionState.FAILED, "Mystic", error=Unreachable())
    assert state(open_window(desk).window.info, "enabled") == "On, held up"


@pytest.mark.parametrize("kibo", ["connected", "not set up"])
def test_only_the_next_step_stands_out(open_window, desk, kibo):
    desk.mail = NOT_SET_UP
    if kibo == "not set up":
        desk.kibo = NOT_SET_UP
    button = find(open_window(desk).window.info, "btn_login")
    assert bool(button.property("primary")) is (kibo == "connected")


def test_a_message_comes_into_view_where_somebody_has_scrolled_on(qtbot, open_window, desk):
    desk.kibo = desk.mail = NOT_SET_UP
    desk.stored["enabled"] = "false"
    info = open_window(desk).window.info
    bar = info.findChild(QScrollArea).verticalScrollBar()
    info.focus_enabled()
    bar.setValue(bar.maximum())
    info.enabled_card.switch.click()
    qtbot.waitUntil(lambda: info.notice.isVisible() and not info.notice.visibleRegion().isEmpty())


def test_the_list_is_read_again_once_it_is_known_to_be_deleted(qtbot, parts, desk):
    settings = parts.window.settings
    parts.window.tabs.setCurrentWidget(settings)
    qtbot.waitUntil(lambda: "A list of your" in settings.list_field.hint.text())
    desk.lists = [one for one in desk.lists if one.name != desk.stored["contact_list"]]
    desk.needs = (Need(NeedKind.LIST_DELETED, subject=desk.stored["contact_list"]),)
    parts.context.watch.refresh()
    qtbot.waitUntil(lambda: settings.list_field.is_gone)
    assert settings.btn_save.isEnabled(), "saving makes it again"


def test_a_failed_run_says_which_and_when(qtbot, window, loop):
    window.go_to("export")
    loop.scripts[RunKind.EXPORT] = play_failure(RunKind.EXPORT, Unreachable("Kibo does not answer"))
    click(qtbot, window.sync, "btn_sync_contacts")
    qtbot.waitUntil(lambda: window.notice.isVisible())
    title = window.notice.title.text()
    assert title.startswith("To Constant Contact, ")
    assert title.endswith("M: Kibo does not answer")
