"""Find a person (Ctrl+F): the verdict first, both sides, what is next, and what happened (design §8)."""

import threading
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel

from ccdesk.core.errors import Unreachable
from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.runs import Entry, Outcome, RunKind
from ccdesk.core.statements import Author, How, Says, Side
from ccdesk.core.why import (
    AccountView,
    FoundPerson,
    MailView,
    NextStep,
    Rule,
    RunEntry,
    ShopView,
    Verdict,
    Why,
)
from ccdesk.gui.context import Context
from tests.gui.fakes import NOW, finished_export, ready_desk
from tests.gui.helpers import click, dialog, find, rows, texts

ANN = "ann@example.com"
LEFT = LedgerEntry(
    NOW, None, ANN, Side.MAIL, "c1", Author.PERSON, Says.OPT_OUT, How.UNSUBSCRIBED, "opt-out date", "", 7, ""
)
RAN = RunEntry(7, RunKind.INBOUND, NOW, Entry(1001, ANN, Outcome.OPTED_OUT, "unsubscribed there"))
OUT = Why(
    True, ANN, (1001,), "c1",
    ShopView(False, NOW, NOW),
    MailView("unsubscribed", False, NOW, NOW),
    Verdict(
        False, False, True, Rule("R4", "an opt-out counts"), "unsubscribed in Constant Contact", "out × NO"
    ),
    NextStep("the next run looks again", NOW),
    (LEFT, RAN),
    (AccountView(1001, ANN, False, updated_at=NOW),),
)  # fmt: skip


@pytest.fixture
def desk():
    desk = ready_desk()
    desk.answers = {ANN: OUT, "1001": OUT}
    return desk


def opened(qtbot, window):
    qtbot.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    return dialog(qtbot, window, "dlg_find_person")


def ask(qtbot, shown, who):
    shown.txt_who.setText(who)
    qtbot.keyClick(shown.txt_who, Qt.Key.Key_Return)
    qtbot.waitUntil(shown.answer.isVisible)


def text(shown, name):
    return find(shown, name).text()


@pytest.mark.parametrize("place", ["info", "settings", "sync", "logs", "events"])
def test_ctrl_f_asks_for_a_person_on_every_tab(qtbot, window, place):
    window.tabs.setCurrentWidget(getattr(window, place))
    shown = opened(qtbot, window)
    assert not shown.answer.isVisible()
    assert text(shown, "lbl_find_hint").startswith("Type an email")
    assert not shown.btn_read.isEnabled(), "nobody is named yet"
    assert shown.focusWidget() is shown.txt_who


def test_a_second_ctrl_f_shows_the_same_search(qtbot, window):
    first = opened(qtbot, window)
    window.find_person()
    assert dialog(qtbot, window, "dlg_find_person") is first


def test_the_verdict_comes_first_and_then_both_sides_and_what_happened(qtbot, window):
    click(qtbot, window, "btn_find")
    shown = dialog(qtbot, window, "dlg_find_person")
    ask(qtbot, shown, ANN)
    assert text(shown, "lbl_find_verdict") == (
        f"{ANN} is not mailed, and should not be: unsubscribed in Constant Contact."
    )
    assert text(shown, "lbl_find_rule") == "The rule: an opt-out counts."
    rule = find(shown, "lbl_find_rule", QLabel)
    assert rule.toolTip() == "Rule R4 of the design; table of consent: out × NO", "for support"
    assert shown.badge.text() == "In step when last read"
    assert text(shown, "lbl_find_shop").startswith("Not opted in, since")
    assert f"Customer 1001 {ANN}: not opted in" in text(shown, "lbl_find_shop")
    assert text(shown, "lbl_find_mail").startswith("Not on the list, unsubscribed, since")
    assert "Contact c1\nRead " in text(shown, "lbl_find_mail")
    assert text(shown, "lbl_find_next").startswith("Next: the next run looks again (")
    rows(qtbot, shown.table, 2)
    assert texts(shown.table, 0)[1] == "run 7, from Constant Contact: opted out, unsubscribed there", (
        "newest first"
    )
    assert texts(shown.table, 1)[1].startswith("unsubscribed, the person")
    assert text(shown, "lbl_find_as_of").startswith("As last read; what changed since does not show. Kibo: ")


def test_where_both_sides_differ_it_is_not_green(qtbot, window, desk):
    desk.answers[ANN] = replace(
        OUT, shop=ShopView(True, NOW, NOW), verdict=replace(OUT.verdict, in_step=False)
    )
    shown = opened(qtbot, window)
    ask(qtbot, shown, ANN)
    assert shown.badge.text() == "Both sides differ"
    assert shown.badge.property("tone") == "warning"
    assert text(shown, "lbl_find_verdict").endswith("But Kibo says opted in.")


def test_what_was_never_read_is_not_called_in_step(qtbot, window, desk):
    desk.answers[ANN] = replace(OUT, mail=MailView())
    shown = opened(qtbot, window)
    ask(qtbot, shown, ANN)
    assert shown.badge.text() == "Not compared yet"
    assert text(shown, "lbl_find_mail").startswith("Never read")


def test_somebody_unknown_is_said_to_be_unknown(qtbot, window):
    shown = opened(qtbot, window)
    ask(qtbot, shown, "nobody@example.com")
    assert text(shown, "lbl_find_verdict").startswith("Nobody is known by “nobody@example.com”: ")
    assert shown.badge.text() == "Not known"
    rows(qtbot, shown.table, 0)


def test_people_are_offered_while_somebody_types(qtbot, window, desk):
    shown = opened(qtbot, window)
    qtbot.keyClicks(shown.txt_who, "ann")
    qtbot.waitUntil(lambda: shown.completer.completionModel().rowCount() > 0)
    assert shown.completer.completionModel().index(0, 0).data() == ANN
    shown.completer.activated.emit(ANN)
    qtbot.waitUntil(shown.answer.isVisible)
    assert ("why", (ANN, False)) in desk.calls


def test_read_now_reads_both_sides_and_says_when(qtbot, window, desk):
    shown = opened(qtbot, window)
    ask(qtbot, shown, ANN)
    click(qtbot, shown, "btn_find_read")
    qtbot.waitUntil(lambda: text(shown, "lbl_find_as_of").startswith("Both sides were read"))
    assert ("why", (ANN, True)) in desk.calls


def test_a_service_that_cannot_be_asked_is_named_and_what_is_remembered_stays(qtbot, window, desk):
    shown = opened(qtbot, window)
    ask(qtbot, shown, ANN)
    desk.fail["why"] = Unreachable()
    click(qtbot, shown, "btn_find_read")
    qtbot.waitUntil(shown.notice.isVisible)
    assert shown.answer.isVisible()
    assert text(shown, "lbl_find_as_of").startswith("As last read; what changed since does not show. Kibo: ")
    assert shown.btn_read.isEnabled()
    shown.txt_who.setText("bob@example.com")
    shown.notice.clear()
    click(qtbot, shown, "btn_find_ask")
    qtbot.waitUntil(shown.notice.isVisible)
    assert not shown.answer.isVisible(), "an answer about somebody else is not shown under this name"


def test_an_answer_that_comes_late_is_of_nobody_any_more(qtbot, window, desk):
    shown = opened(qtbot, window)
    gate = desk.gate["why"] = threading.Event()
    shown.begin(ANN)
    qtbot.waitUntil(lambda: ("why", (ANN, False)) in desk.calls)
    shown.begin("nobody@example.com")
    qtbot.waitUntil(lambda: ("why", ("nobody@example.com", False)) in desk.calls)
    gate.set()
    qtbot.waitUntil(shown.answer.isVisible)
    assert "nobody@example.com" in text(shown, "lbl_find_verdict")


def test_a_person_of_a_run_leads_to_why(qtbot, window, desk):
    run = finished_export()
    desk.all_runs = [run]
    desk.people[run.id] = [Entry(1001, ANN, Outcome.SKIPPED, "opted out")]
    window.tabs.setCurrentWidget(window.logs)
    rows(qtbot, window.logs.table, 1)
    window.logs.table.selectRow(0)
    click(qtbot, window, "btn_logs_view")
    view = dialog(qtbot, window, "dlg_run")
    rows(qtbot, view.tbl_people, 1)
    assert not find(view, "btn_run_why", QAbstractButton).isEnabled(), "nobody is chosen"
    view.tbl_people.selectRow(0)
    click(qtbot, view, "btn_run_why")
    shown = dialog(qtbot, view, "dlg_find_person")
    qtbot.waitUntil(shown.answer.isVisible)
    assert text(shown, "lbl_find_verdict").startswith(ANN)


def test_an_error_above_the_answer_cuts_none_of_its_lines(qtbot, window, desk):
    shown = opened(qtbot, window)
    ask(qtbot, shown, ANN)
    shown.resize(shown.width(), shown.minimumSizeHint().height())
    shown._on_failed(Unreachable("Kibo cannot be reached", meaning="It may be switched off. " * 9))
    qtbot.waitUntil(shown.notice.isVisible)

    def whole(part):
        return part.height() >= part.heightForWidth(part.width())

    qtbot.waitUntil(lambda: whole(shown.lbl_shop) and whole(shown.lbl_mail), timeout=2000)


ONEIL = FoundPerson(ANN, (1001,), "Marcus O'Neil")


def looked_for(qtbot, window, desk, name):
    shown = opened(qtbot, window)
    shown.txt_who.setText(name)
    qtbot.keyClick(shown.txt_who, Qt.Key.Key_Return)
    qtbot.waitUntil(shown.named.btn_look.isVisible)
    assert not shown.answer.isVisible()
    click(qtbot, shown, "btn_find_name")
    qtbot.waitUntil(lambda: ("find_by_name", name) in desk.calls)
    qtbot.waitUntil(shown.named.btn_look.isEnabled)
    return shown


@pytest.mark.parametrize("how", ["click", "Enter"])
def test_a_name_is_looked_for_in_kibo_and_one_of_those_found_is_chosen(qtbot, window, desk, how):
    desk.named = [ONEIL, FoundPerson("", (1002,), "Marcia O'Neil")]
    shown = looked_for(qtbot, window, desk, "O'Neil")
    people = shown.named.people
    lines = [people.item(row).text() for row in range(people.count())]
    assert lines == ["Marcus O'Neil · ann@example.com", "Marcia O'Neil · 1002"]
    assert shown.named.lbl_found.text() == "2 customers found in Kibo"
    assert people.hasFocus(), "the keyboard goes on in the list"
    if how == "click":
        middle = people.visualItemRect(people.item(0)).center()
        qtbot.mouseClick(people.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    else:
        qtbot.keyClick(people, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shown.badge.text() != "Not known")
    assert shown.txt_who.text() == ANN
    assert not shown.named.isVisible()
    assert shown.answer.isVisible()


def test_where_kibo_has_too_many_to_read_all_that_is_said(qtbot, window, desk):
    desk.named, desk.more_named = [ONEIL], True
    shown = looked_for(qtbot, window, desk, "O'Neil")
    assert shown.named.lbl_found.text() == (
        "1 customer found in Kibo. There may be more: give more of the name."
    )


def test_the_name_that_stands_there_is_the_one_that_is_looked_for(qtbot, window, desk):
    desk.named = [ONEIL]
    shown = looked_for(qtbot, window, desk, "O'Neil")
    qtbot.keyClicks(shown.txt_who, "son")
    assert not shown.named.people.isVisible(), "whom another name has found"
    click(qtbot, shown, "btn_find_name")
    qtbot.waitUntil(lambda: ("find_by_name", "O'Neilson") in desk.calls)
    shown.txt_who.selectAll()
    qtbot.keyClicks(shown.txt_who, "ann@example.com")
    assert not shown.named.isVisible()


def test_nobody_of_a_name_is_said_and_a_failure_too(qtbot, window, desk):
    shown = looked_for(qtbot, window, desk, "Nemo")
    assert shown.named.lbl_found.text() == "0 customers found in Kibo"
    assert not shown.named.people.isVisible()
    desk.fail["find_by_name"] = Unreachable("Kibo")
    click(qtbot, shown, "btn_find_name")
    qtbot.waitUntil(shown.notice.isVisible)
    assert shown.named.btn_look.isEnabled()


def test_on_a_bundle_kibo_is_not_offered_to_be_asked(qtbot, window, monkeypatch):
    monkeypatch.setattr(Context, "read_only", True)
    shown = opened(qtbot, window)
    ask(qtbot, shown, "Nemo")
    assert not shown.named.isVisible()
    assert text(shown, "lbl_find_verdict").startswith("Nobody is known by “Nemo”: ")


@pytest.mark.parametrize("text", ["nobody@example.com", "4711", "x", "4th street"])
def test_what_is_no_name_is_not_looked_for(qtbot, window, text):
    shown = opened(qtbot, window)
    ask(qtbot, shown, text)
    assert not shown.named.isVisible()
