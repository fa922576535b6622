"""Questions only staff can answer: newcomers, a list with members, many welcome emails at once."""

import pytest
from PySide6.QtCore import Qt

from ccdesk.core.errors import ListHasMembers, ManyWelcomes
from ccdesk.core.models import Link, LinkState
from ccdesk.core.runs import RunKind
from ccdesk.core.welcomes import WelcomeAnswer
from ccdesk.gui.dialogs.newcomers import NewcomersDialog
from ccdesk.gui.dialogs.question import Question
from ccdesk.service.needs_you import Need, NeedKind
from tests.gui.fakes import NOW
from tests.gui.helpers import find

ASKED = ListHasMembers("5 customers are contacts but not on the list “News”", meaning="They may have left.")


@pytest.fixture
def waiting(desk):
    """Two newcomers wait, and the answers are kept."""
    desk.waiting = {
        number: Link(number, f"c{number}@example.com", state=LinkState.NEWCOMER, kibo_updated_at=NOW)
        for number in (7, 8)
    }
    desk.answers = []

    def answer(customer_id, *, add):
        desk.answers.append((customer_id, add))
        return desk.waiting.pop(customer_id, None) is not None

    desk.newcomers = lambda: list(desk.waiting.values())
    desk.answer_newcomer = answer
    return desk


@pytest.mark.parametrize("add", [True, False])
def test_staff_add_or_leave_those_selected(qtbot, parts, loop, waiting, add):
    parts.window.go_to("newcomers")
    dialog = parts.window.findChild(NewcomersDialog)
    qtbot.waitUntil(lambda: dialog.model.rowCount() == 2)
    chosen = dialog.btn_add if add else dialog.btn_leave
    assert not chosen.isEnabled(), "nobody is chosen yet"
    dialog.table.selectRow(0)
    qtbot.waitUntil(chosen.isEnabled)
    qtbot.mouseClick(chosen, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.model.rowCount() == 1)
    assert waiting.answers == [(7, add)]
    assert ((RunKind.EVENTS, False) in loop.requests) is add, "an addition is done at once"
    dialog.close()


@pytest.mark.parametrize(("name", "answer"), [("no", "leave_out"), ("yes", "confirmed"), ("cancel", "")])
def test_a_list_with_members_is_asked_about_and_leaving_out_is_the_default(qtbot, parts, loop, name, answer):
    asked = []
    loop.request = lambda kind, **answers: asked.append((kind, answers))
    parts.window._ask_to_go_on(RunKind.EXPORT, ASKED)
    question = parts.window.findChild(Question, "dlg_off_list")
    assert "5 customers" in question.findChild(object, "question_title").text()
    assert question.no.isDefault()
    assert question.no.text() == "&Leave Them Out"
    qtbot.mouseClick(getattr(question, name), Qt.MouseButton.LeftButton)
    assert asked == ([(RunKind.EXPORT, {answer: True})] if answer else [])


def test_escape_answers_nothing(qtbot, parts, loop):
    asked = []
    loop.request = lambda kind, **answers: asked.append((kind, answers))
    parts.window._ask_to_go_on(RunKind.EXPORT, ASKED)
    question = parts.window.findChild(Question, "dlg_off_list")
    qtbot.keyClick(question, Qt.Key.Key_Escape)
    assert asked == []


def _asked_about_welcomes(qtbot, parts):
    qtbot.waitUntil(lambda: parts.window.findChild(Question, "dlg_welcomes") is not None)
    return parts.window.findChild(Question, "dlg_welcomes")


@pytest.mark.parametrize(
    ("name", "answer"),
    [("yes", WelcomeAnswer.SEND), ("no", WelcomeAnswer.WITHOUT), ("cancel", None)],
)
def test_many_welcome_emails_are_sent_or_the_people_added_without(qtbot, parts, desk, loop, name, answer):
    desk.needs = (Need(NeedKind.WELCOMES, 423, NOW),)
    parts.window._ask_to_go_on(RunKind.EVENTS, ManyWelcomes("423 welcome emails"))
    question = _asked_about_welcomes(qtbot, parts)
    assert "423" in question.findChild(object, "question_title").text()
    assert question.yes.text() == "&Send 423 Emails"
    assert not question.yes.isDefault()
    qtbot.mouseClick(getattr(question, name), Qt.MouseButton.LeftButton)
    if answer is None:
        qtbot.wait(50)
        assert "answer_welcomes" not in desk.names()
        return
    qtbot.waitUntil(lambda: (RunKind.EVENTS, False) in loop.requests)
    assert ("answer_welcomes", answer) in desk.calls


def test_a_question_that_was_answered_meanwhile_is_not_asked(qtbot, parts, desk):
    desk.needs = ()
    parts.window.go_to("welcomes")
    qtbot.waitUntil(lambda: "Nobody is waiting" in find(parts.window, "toast_title").text())
    assert parts.window.findChild(Question, "dlg_welcomes") is None
