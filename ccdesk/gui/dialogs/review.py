"""The people a run holds, for the person who decides: nothing was changed for them yet (design R8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ccdesk.core.errors import CcdeskError
from ccdesk.core.losses import HeldAnswer, LossKind
from ccdesk.core.runs import Entry, Outcome, Run, RunKind, RunStatus
from ccdesk.gui import formats
from ccdesk.gui.columns import HELD_COLUMNS
from ccdesk.gui.components.icons import IconLabel
from ccdesk.gui.components.messages import Notice, body
from ccdesk.gui.components.table_models import PagedModel, Source
from ccdesk.gui.components.table_view import PagedTable
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import button, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.files import choose_csv
from ccdesk.gui.export_csv import people, write_people
from ccdesk.gui.translation import marked, plural, say
from ccdesk.service.api import Desk

NOBODY = (
    marked("Nobody is held"),
    marked("This run held nobody, or their names are not kept any more."),
)
NOT_FOUND = (marked("Nobody found"), marked("No email, customer id or reason holds what you typed."))
NOT_NOW = marked(
    "“Not now” changes nothing: these people get no email and wait until you answer. “It was a mistake” "
    "leaves them as they are for good; they are named while Kibo and Constant Contact differ."
)
NOT_NOW_SHOP = marked(
    "“Not now” keeps these people on the list for 24 hours more, at most twice; then they are taken off it, "
    "because they opted out and are still being mailed. “It was a mistake” leaves them as they are for good; "
    "they are named while Kibo and Constant Contact differ."
)
HELD_KINDS = {RunKind.EVENTS: (LossKind.FLAG,)}
OF_MAIL = (LossKind.LEFT, LossKind.STAFF)  # what every other kind of run holds
LAST_RUNS = 50  # how far back the run that asks is looked for


class ReviewDialog(QDialog):
    """Lists whom a run holds, with the reason; to search, to save, and to decide.

    Enter and Esc mean “Not now”: nobody is opted out by accident. `run` None: it is looked up.
    """

    def __init__(self, context: Context, kind: RunKind, run: Run | None, parent: QWidget) -> None:
        super().__init__(parent)
        self._context, self.kind, self.run = context, kind, run
        self.setObjectName("dlg_confirm_run")
        self.setWindowTitle(say("Constant Contact Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(780, 540)
        self._build()
        self._lay_out()
        if run is not None:
            self._show_run(run)
        else:
            desk = context.desk
            context.tasks.run(
                self, lambda: find_held(desk, kind), done=self._on_found, failed=self.notice.show_error
            )

    def _build(self) -> None:
        self.title = label("", "title", name="question_title")
        self.text = label(name="lbl_review_text")
        self.notice = Notice("notice_review")
        self.search = QLineEdit()
        self.search.setObjectName("inp_review_search")
        self.search.setAccessibleName(say("Search these people"))
        self.search.setPlaceholderText(say("Search email, customer id or reason"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._on_search)
        self.lbl_count = label(role="muted", name="lbl_review_count", wrap=False)
        self.model = PagedModel(self._context.tasks, HELD_COLUMNS, None, self)
        self.table = PagedTable("tbl_review", self.model, NOBODY)
        self.table.setAccessibleName(say("People who are held"))
        self.table.show_long_words()
        self.model.refreshed.connect(self._show_count)
        self.model.load_failed.connect(self.notice.show_error)
        self.btn_export = button(say("&Export CSV…"), "btn_review_export", self._choose_file, icon="save")
        self.yes = button(say("&Go on"), "btn_question_yes", self._on_yes)
        self.mistake = button(say("It was a &mistake"), "btn_question_mistake", self._on_mistake)
        later = say("&Close") if self._context.read_only else say("&Not now")
        self.no = button(later, "btn_question_no", self._on_not_now, primary=True)
        self.no.setDefault(True)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(14)
        words = QVBoxLayout()
        words.setSpacing(8)
        words.addWidget(self.title)
        words.addWidget(self.text)
        not_now = NOT_NOW_SHOP if self.kind is RunKind.EVENTS else NOT_NOW
        words.addWidget(label(say(not_now), "muted", name="lbl_review_answers"))
        head.addWidget(IconLabel("warning", Tone.WARNING, 28), 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.setSpacing(12)
        layout.addLayout(head)
        layout.addWidget(self.notice)
        find = row(self.search, self.lbl_count)
        find.setStretch(0, 1)
        layout.addLayout(find)
        layout.addWidget(self.table, 1)
        layout.addLayout(row(self.btn_export, None, self.yes, self.mistake, self.no))
        self.no.setFocus()

    @Slot()
    def _on_not_now(self) -> None:
        """Close, and keep those of the shop held for another day; Esc only closes."""
        if self._context.read_only:
            self.reject()
            return
        self._answer(HeldAnswer.NOT_NOW, lambda _: self.reject())

    @Slot()
    def _on_yes(self) -> None:
        """Let those held now through with the run that follows; whom that run holds anew, is asked about."""
        self._answer(HeldAnswer.DO_IT, lambda _: self._run_again())

    @Slot()
    def _on_mistake(self) -> None:
        """Have nothing done about these people; the run that follows closes the question."""
        self._answer(HeldAnswer.MISTAKE, lambda _: self._run_again())

    def _answer(self, answer: HeldAnswer, done: Callable[[int], None]) -> None:
        desk, kinds = self._context.desk, HELD_KINDS.get(self.kind, OF_MAIL)
        for choice in (self.yes, self.mistake, self.no):
            choice.setEnabled(False)
        self._context.tasks.run(
            self, lambda: desk.answer_held(answer, kinds), done=done, failed=self._not_answered, key="answer"
        )

    def _run_again(self) -> None:
        self._context.monitor.request(self.kind)
        self.accept()

    def _not_answered(self, error: CcdeskError) -> None:
        for choice in (self.yes, self.mistake, self.no):
            choice.setEnabled(True)
        self.no.setFocus()
        self.notice.show_error(error)

    def show_words(self, error: CcdeskError) -> None:
        """Show why it is asked, as the run that has just stopped says it."""
        self._show_words(say(error.title), body(error))

    def _show_words(self, title: str, text: str) -> None:
        self.title.setText(title)
        self.text.setText(text)
        self.setAccessibleDescription(f"{title}. {text}")

    def _on_found(self, run: Run | None) -> None:
        if run is not None:
            self._show_run(run)

    def _show_run(self, run: Run) -> None:
        self.run = run
        if not self.title.text():
            self._show_words(say("Should these people be opted out?"), formats.run_words(run))
        held = run.counts.get(Outcome.HELD.value, 0)
        if held:
            words = _act(run.kind, held)
            self.yes.setText(words)
            self.yes.setAccessibleName(words.replace("&", ""))
        self._on_search("")

    @Slot(str)
    def _on_search(self, text: str) -> None:
        run = self.run
        if run is None:
            return
        desk, wanted = self._context.desk, text.strip().casefold()
        self.table.show_empty_words(*(NOT_FOUND if wanted else NOBODY))
        self.model.show_source(
            Source(
                fetch=lambda offset, limit: found(desk, run.id, wanted, offset, limit),
                count=lambda: count_found(desk, run.id, wanted),
            )
        )

    @Slot()
    def _show_count(self) -> None:
        people = self.model.total
        if self.search.text().strip():
            self.lbl_count.setText(plural("{n} people found", "{n} person found", people))
        else:
            self.lbl_count.setText(plural("{n} people", "{n} person", people))

    @Slot()
    def _choose_file(self) -> None:
        if self.run is not None:
            choose_csv(self, say("Export people"), f"ccdesk-held-{self.run.id}.csv", self.export_to)

    @Slot(str)
    def export_to(self, name: str) -> None:
        """Write everybody who is held to this file."""
        if self.run is None:
            return
        desk, run_id, target = self._context.desk, self.run.id, Path(name)
        self._context.tasks.run(
            self,
            lambda: write_people(desk, run_id, Outcome.HELD, target),
            done=lambda written: self.notice.show_text(
                Tone.GOOD, plural("{n} people saved", "{n} person saved", written), str(target)
            ),
            failed=self.notice.show_error,
            key="export",
        )


def _act(kind: RunKind, people: int) -> str:
    """Return what the button says it does."""
    if kind is RunKind.EVENTS:
        return plural("Take {n} people &off the list", "Take {n} person &off the list", people)
    return plural("&Opt out {n} people", "&Opt out {n} person", people)


def review(
    context: Context,
    kind: RunKind,
    parent: QWidget,
    *,
    run: Run | None = None,
    error: CcdeskError | None = None,
) -> ReviewDialog:
    """Open the review of what runs of this kind hold; one that is open already is brought forward instead."""
    former = parent.findChild(ReviewDialog)
    if former is not None and former.isVisible() and former.kind is kind:
        former.raise_()
        return former
    dialog = ReviewDialog(context, kind, run, parent)
    if error is not None:
        dialog.show_words(error)
    dialog.open()
    return dialog


def find_held(desk: Desk, kind: RunKind) -> Run | None:
    """Return the run of this kind that waits for an answer (in the background)."""
    recent = desk.runs(kind=kind, limit=LAST_RUNS)  # runs that fail do not answer it
    return next(
        (run for run in recent if run.status is RunStatus.NEEDS_YOU and not run.asks_about_list), None
    )


def found(desk: Desk, run_id: int, wanted: str, offset: int, limit: int) -> Sequence[Entry]:
    """Return the held people in whose row `wanted` stands, in pages (in the background)."""
    if not wanted:
        return desk.entries(run_id, outcome=Outcome.HELD, offset=offset, limit=limit)
    return list(islice(_matching(desk, run_id, wanted), offset, offset + limit))


def count_found(desk: Desk, run_id: int, wanted: str) -> int:
    """Count the held people in whose row `wanted` stands (in the background)."""
    if not wanted:
        return desk.entry_count(run_id, outcome=Outcome.HELD)
    return sum(1 for _ in _matching(desk, run_id, wanted))


def _matching(desk: Desk, run_id: int, wanted: str) -> Iterator[Entry]:
    for entry in people(desk, run_id, Outcome.HELD):
        reasons = (formats.entry_reason(entry), say(entry.reason))  # as shown, and as counted
        cells = (entry.email, str(entry.customer_id), *reasons)
        if any(wanted in cell.casefold() for cell in cells):
            yield entry
