"""Every text of the dialogs goes through the window's language (`shouted.unsaid` finds those that do not)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QMenu

from ccdesk.consent.reasons import Reason
from ccdesk.core.bundles import Made
from ccdesk.core.disagreements import Disagreement
from ccdesk.core.drift import Drift, DriftKind, MailShows, ShopShows, as_left
from ccdesk.core.errors import Busy, CcdeskError, ListHasMembers, Remedy
from ccdesk.core.intents import Ended
from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.models import Link, LinkState, Permission
from ccdesk.core.run_history import Happened, PersonThen
from ccdesk.core.runs import Entry, Outcome, Progress, Run, RunKind, RunStatus, Trigger
from ccdesk.core.statements import Author, How, Says, Side
from ccdesk.core.why import AccountView, MailView, NextStep, Rule, RunEntry, ShopView, Verdict, Why
from ccdesk.core.words import marked
from ccdesk.gui.components.messages import REMEDIES, body, error_box
from ccdesk.gui.dialogs import words
from ccdesk.gui.dialogs.diagnostics import DiagnosticsDialog
from ccdesk.gui.dialogs.drift_view import KIND_WORDS, DriftDialog
from ccdesk.gui.dialogs.errors_view import ErrorsDialog
from ccdesk.gui.dialogs.find_person import FindPersonDialog
from ccdesk.gui.dialogs.help import HelpDialog
from ccdesk.gui.dialogs.licences import LicencesDialog
from ccdesk.gui.dialogs.newcomers import NewcomersDialog
from ccdesk.gui.dialogs.people_since import PeopleSinceDialog
from ccdesk.gui.dialogs.preview_view import PreviewDialog
from ccdesk.gui.dialogs.put_back import PutBackDialog
from ccdesk.gui.dialogs.question import Question
from ccdesk.gui.dialogs.review import ReviewDialog
from ccdesk.gui.dialogs.run_view import RunDialog
from ccdesk.gui.translation import say
from ccdesk.service import why_words
from ccdesk.service.preview import Preview
from tests.gui.fakes import NOW, finished_export
from tests.gui.helpers import rows
from tests.gui.shouted import LETTERS, left_over, unsaid

ANN = "ann@example.com"
DELETED = marked("Somebody has deleted “{name}”.").format(name="zzz")
ERROR = CcdeskError(marked("The list is gone"), meaning=DELETED, next_step=marked("Choose another one."))
REASON = Reason.UNSUBSCRIBED.text
PEOPLE = [
    Entry(number, f"p{number}@example.com" if number else "", outcome, str(REASON))
    for number, outcome in enumerate(Outcome)
]


def shown(qtbot, dialog, table="", count=0):
    """Open a dialog, and wait for the rows of its table."""
    dialog.open()
    if table:
        rows(qtbot, getattr(dialog, table), count)
    return dialog


# ---------------------------------------------------------------- errors and questions


def test_an_error_in_a_box_in_a_table_and_in_a_notice(qtbot, shouting, window, desk):
    desk.fail["disagreements"] = ERROR
    assert unsaid(error_box(ERROR, window), ["zzz"]) == {}
    dialog = shown(qtbot, PutBackDialog(window.context, window))
    qtbot.waitUntil(dialog.notice.isVisible)
    assert unsaid(dialog, ["zzz"]) == {}
    dialog.notice.show_error(ERROR, say("Go"), of=say("The export"))
    assert unsaid(dialog.notice, ["zzz"]) == {}


def test_every_remedy_and_who_holds_the_data(shouting):
    assert set(REMEDIES) == set(Remedy)
    for remedy in Remedy:
        assert not LETTERS.search(left_over(body(CcdeskError("x", remedy=remedy))))
    held = body(Busy(holder="export (process 7 on desk, since 2026-05-01 12:00 UTC)"))
    assert not LETTERS.search(left_over(held, ["desk"]))


QUESTIONS = {
    "first export": lambda: words.first_export("zzz"),
    "guarded run": lambda: words.guarded_run(ERROR),
    "welcomes": lambda: words.welcomes(200),
    "put right": lambda: words.put_right([ANN] * 7),
    "off list": lambda: words.off_list(ERROR),
    "list change": lambda: words.list_change("zzz", "zzz"),
    "other account": lambda: words.other_account(ERROR),
    "other shop": lambda: words.other_shop(ERROR),
    "set-up file": lambda: words.setup_file(ERROR),
    "remove secret": words.remove_secret,
    "keep running": words.keep_running,
    "leave": lambda: words.leave(words.Reasons(running=True, enabled=True, settings=True, connection=True)),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question(qtbot, shouting, name):
    question = Question(QUESTIONS[name]())
    qtbot.addWidget(question)
    assert unsaid(question, ["zzz"]) == {}


# ---------------------------------------------------------------- runs and people


@pytest.mark.parametrize("status", list(RunStatus))
def test_a_run(qtbot, shouting, window, desk, status):
    run = replace(finished_export(), status=status, calls_kibo=1, calls_constant_contact=2)
    desk.all_runs.insert(0, run)
    desk.people[run.id] = PEOPLE
    dialog = shown(qtbot, RunDialog(window.context, run, window), "tbl_people", len(PEOPLE))
    rows(qtbot, dialog.tbl_kinds, len(PEOPLE))
    assert unsaid(dialog) == {}
    dialog._on_undone(Run(1200, RunKind.UNDO, Trigger.MANUAL, status, NOW, NOW, 1, undoes=run.id))
    assert unsaid(dialog) == {}


def test_the_errors_of_a_run(qtbot, shouting, window, desk):
    run = finished_export()
    desk.people[run.id] = [Entry(7, ANN, Outcome.ERROR, str(REASON), "email_malformed")]
    dialog = shown(qtbot, ErrorsDialog(window.context, run, window), "table", 1)
    dialog.btn_copy.click()
    qtbot.waitUntil(dialog.notice.isVisible)
    assert unsaid(dialog, ["email_malformed"]) == {}


@pytest.mark.parametrize("failure", [None, ListHasMembers("x")])
@pytest.mark.parametrize("undoes", [None, 7])
def test_a_preview(qtbot, shouting, window, desk, undoes, failure):
    desk.people[1100] = PEOPLE
    run = replace(finished_export(), undoes=undoes, failure=failure)
    preview = Preview(run, 3, desk, lambda: None)
    dialog = shown(qtbot, PreviewDialog(window.context, preview, window), "tbl_people", len(PEOPLE))
    assert unsaid(dialog) == {}


@pytest.mark.parametrize("kind", [RunKind.EVENTS, RunKind.INBOUND])
def test_the_review_of_who_is_held(qtbot, shouting, window, desk, kind, tmp_path):
    run = Run(1200, kind, Trigger.SCHEDULED, RunStatus.NEEDS_YOU, NOW, NOW, 1, counts={"held": 1})
    desk.people[1200] = [Entry(7, ANN, Outcome.HELD, str(REASON))]
    dialog = shown(qtbot, ReviewDialog(window.context, kind, run, window), "table", 1)
    assert unsaid(dialog) == {}
    dialog.show_words(ERROR)
    dialog.search.setText("nobody")
    rows(qtbot, dialog.table, 0)
    dialog.export_to(str(tmp_path / "held.csv"))
    qtbot.waitUntil(dialog.notice.isVisible)
    assert unsaid(dialog, ["zzz", str(tmp_path)]) == {}


def test_who_is_asked_about(qtbot, shouting, window, desk):
    context = window.context
    desk.newcomers = lambda: [Link(7, "", state=LinkState.NEWCOMER, kibo_updated_at=NOW)]
    desk.put_back = [Disagreement(7, "", NOW)]
    desk.happened = {Happened.ADDED: [PersonThen(1100, NOW, entry) for entry in PEOPLE]}
    since = PeopleSinceDialog(context, NOW - timedelta(days=1), Happened.ADDED, say("added"), window)
    for dialog, count in (
        (NewcomersDialog(context, window), 1),
        (PutBackDialog(context, window), 1),
        (since, len(PEOPLE)),
    ):
        assert unsaid(shown(qtbot, dialog, "table", count)) == {}


def test_the_menu_of_a_row(qtbot, shouting, window, desk):
    desk.put_back = [Disagreement(7, ANN, NOW)]
    dialog = shown(qtbot, PutBackDialog(window.context, window), "table", 1)
    dialog.table._open_menu(dialog.model.index(0, 0), QPoint())
    menu = dialog.table.findChild(QMenu, "menu_row")
    assert [action.text() for action in menu.actions()] == ["⟦&Copy Rows with Headings⟧", "⟦Copy This C&ell⟧"]
    menu.close()


# ---------------------------------------------------------------- comparing, and why


def differing(kind):
    return Drift(ANN, (7,), kind, ShopShows.OPTED_IN, MailShows.NO_CONTACT, str(REASON))


def test_every_kind_of_difference(qtbot, shouting, window, desk):
    assert set(KIND_WORDS) == set(DriftKind)
    left = as_left(differing(DriftKind.PUT_BACK), NOW)
    desk.differ = [*(differing(kind) for kind in DriftKind if kind is not DriftKind.LEFT_AS_IS), left]
    dialog = shown(qtbot, DriftDialog(window.context, window), "tbl_people", len(DriftKind))
    assert unsaid(dialog) == {}
    for place in range(dialog.kinds.rowCount()):
        dialog.tbl_kinds.selectRow(place)
        dialog.tbl_people.selectRow(0)
        assert unsaid(dialog) == {}


@pytest.mark.parametrize("differ", [[], [DriftKind.NOT_ADDED], [DriftKind.LEFT_AS_IS]])
def test_nobody_differs_or_nobody_need_act(qtbot, shouting, window, desk, differ):
    desk.differ = [differing(kind) for kind in differ]
    dialog = shown(qtbot, DriftDialog(window.context, window))
    qtbot.waitUntil(dialog.btn_again.isEnabled)
    assert unsaid(dialog) == {}
    dialog._compare()
    dialog._on_progress(Progress(0, RunKind.FULL_COMPARE, str(REASON), 20, 57))
    assert unsaid(dialog) == {}


TIMELINE = (
    *(RunEntry(7, kind, NOW, entry) for kind in RunKind for entry in PEOPLE),
    *(
        LedgerEntry(NOW, NOW, ANN, Side.MAIL, "c1", author, Says.OPT_OUT, how, str(REASON), "", 7, ended)
        for how in How
        for author in Author
        for ended in ("", *(one.value for one in Ended))
    ),
)
FOUND = Why(
    True,
    ANN,
    (7,),
    "c1",
    ShopView(False, NOW, NOW),
    MailView("unsubscribed", False, NOW, NOW),
    Verdict(False, False, False, Rule("1", marked("the rule")), REASON, marked("the cell")),
    NextStep(marked("the next run looks again"), NOW),
    TIMELINE[::7],
    tuple(AccountView(7, ANN, on, marked("gone from Kibo"), NOW) for on in (True, False, None)),
)


@pytest.mark.parametrize(
    "found",
    [
        FOUND,
        replace(FOUND, email="", mail=MailView(), next=None, accounts=()),
        replace(FOUND, contact_id="", accounts=(), live=True, mail=MailView("implicit", True, NOW, NOW)),
        replace(FOUND, known=False),
    ],
)
def test_why_somebody_is_mailed_or_not(qtbot, shouting, window, desk, found):
    desk.answers = {ANN: found}
    dialog = shown(qtbot, FindPersonDialog(window.context, window))
    assert unsaid(dialog) == {}
    dialog.begin(ANN)
    rows(qtbot, dialog.table, len(found.timeline))
    assert unsaid(dialog, ["c1"]) == {}


def test_whatever_may_have_happened_to_somebody(shouting):
    said = [say(why_words.what_happened(one, str, str)) for one in TIMELINE]
    for permission in Permission:
        found = replace(FOUND, mail=replace(FOUND.mail, permission=permission.value))
        said.append(say(why_words.mail_line(found, str)))
    assert [text for text in said if LETTERS.search(left_over(text))] == []


# ---------------------------------------------------------------- help


def test_help_and_licences(qtbot, shouting, window):
    help_window = HelpDialog(window, save_diagnostics=lambda: None, show_licences=lambda: None)
    help_window.show_part("")
    help_window.search.setText("no such word in it")
    assert unsaid(help_window) == {}
    licences = shown(qtbot, LicencesDialog(window.context, window))
    qtbot.waitUntil(lambda: bool(licences.txt_licence.toPlainText()), timeout=5000)
    assert unsaid(licences, [licences.lbl_part.text()]) == {}


def test_saving_diagnostics(qtbot, shouting, window, tmp_path):
    made = Made(tmp_path / "one.zip", runs=[7])
    context = replace(window.context, save_bundle=lambda _out, _wanted: made)
    dialog = shown(qtbot, DiagnosticsDialog(context, window))
    assert unsaid(dialog) == {}
    dialog.chk_plain.setChecked(True)
    dialog.save_to(made.path)
    qtbot.waitUntil(dialog.notice.isVisible)
    assert unsaid(dialog, ["one.zip"]) == {}
    assert dialog.spn_days.suffix().startswith("⟦")
