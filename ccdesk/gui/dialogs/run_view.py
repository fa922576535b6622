"""One run: what kinds of change it saw, and the people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QVBoxLayout, QWidget

from ccdesk.core.errors import CcdeskError
from ccdesk.core.runs import Outcome, Progress, Run, RunKind, RunStatus, Trigger
from ccdesk.gui import formats
from ccdesk.gui.columns import ENTRY_COLUMNS, OUTCOME_ICONS, run_icon
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.table_models import Column, PagedModel, Source
from ccdesk.gui.components.table_view import PagedTable
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import Badge, button, label, restyle, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.errors_view import ErrorsDialog
from ccdesk.gui.dialogs.files import choose_csv
from ccdesk.gui.dialogs.find_person import find_person
from ccdesk.gui.dialogs.review import review
from ccdesk.gui.export_csv import write_people
from ccdesk.gui.tasks import Refresher
from ccdesk.gui.translation import marked, number, plural, say
from ccdesk.service.reason_words import undated_words

KIND_COLUMNS = (
    Column(
        "outcome",
        marked("Kind of change"),
        lambda kind: say(formats.OUTCOME_WORDS[kind[0]]),
        width=34,
        icon=lambda kind: OUTCOME_ICONS[kind[0]],
    ),
    Column("reason", marked("Reason"), lambda kind: say(undated_words(kind[1]))),
    Column("people", marked("People"), lambda kind: number(kind[2]), width=9, right=True),
)
UNDO = marked("&Undo This Run…")
MESSAGE_ROLES = {Tone.ERROR: "problem", Tone.WARNING: "warning"}  # else it is no trouble: “Continued …”
EMPTY_KINDS = (marked("No changes"), marked("This run found nothing that had to be carried over."))
NOTHING_YET = (marked("Nothing yet"), marked("This run has not got to anybody so far."))
NOTHING_NOTED = (marked("No changes"), marked("This run ended before it noted anything."))
EMPTY_PEOPLE = (marked("Nobody to show"), marked("This run touched no person, or nobody with this outcome."))


class RunDialog(QDialog):
    """Shows one run, and keeps up with it while it is running."""

    def __init__(self, context: Context, run: Run, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self.run = context, run
        self._outcome: Outcome | None = None
        self.setObjectName("dlg_run")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(840, 560)
        self._build()
        self._lay_out()
        self._show_run(run)
        self._again = Refresher(
            context.tasks,
            lambda: context.desk.get_run(run.id),
            done=self._on_run,
            failed=self.notice.show_error,
            parent=self,
            every_ms=500,
        )
        context.bridge.progressed.connect(self._on_progress)
        context.bridge.finished.connect(self._on_finished)
        context.bridge.failed.connect(self._on_failed)
        context.bridge.not_tried_out.connect(self._on_not_undone)
        context.bridge.failed.connect(self._on_not_undone)
        context.bridge.finished.connect(self._on_undone)
        context.monitor.changed.connect(self._show_undo)
        self._show_undo()
        self.kinds.refresh()
        self.people.refresh()
        self.tbl_people.setFocus()

    def _build(self) -> None:
        desk, run_id = self._context.desk, self.run.id
        self.kinds = PagedModel(
            self._context.tasks,
            KIND_COLUMNS,
            Source(
                fetch=lambda offset, limit: list(desk.entry_kinds(run_id))[offset : offset + limit],
                count=lambda: len(desk.entry_kinds(run_id)),
                key=lambda kind: kind[:2],
            ),
            self,
        )
        self.tbl_kinds = PagedTable("tbl_run_kinds", self.kinds, EMPTY_KINDS)
        self.tbl_kinds.setAccessibleName(say("Kinds of change"))
        self.tbl_kinds.setMinimumHeight(100)
        self.tbl_kinds.show_whole_texts()
        self.tbl_kinds.row_chosen.connect(self._on_kind)
        self.people = PagedModel(self._context.tasks, ENTRY_COLUMNS, self._people_source(), self)
        self.tbl_people = PagedTable("tbl_run_people", self.people, EMPTY_PEOPLE)
        self.tbl_people.setAccessibleName(say("People of this run"))
        self.tbl_people.show_long_words()
        self.tbl_people.row_chosen.connect(self._on_person)
        self.tbl_people.row_activated.connect(self._why)
        self.notice = Notice("notice_run")
        self.people.load_failed.connect(self.notice.show_error)
        self.kinds.load_failed.connect(self.notice.show_error)
        self.cmb_outcome = QComboBox()
        self.cmb_outcome.setObjectName("cmb_run_outcome")
        self.cmb_outcome.addItem(say("All people"), None)
        for outcome in Outcome:
            self.cmb_outcome.addItem(say(formats.OUTCOME_WORDS[outcome]), outcome.value)
        self.cmb_outcome.currentIndexChanged.connect(self._on_filter)
        self.badge = Badge()
        self.lbl_facts = label(role="muted", name="lbl_run_facts")
        self.lbl_counts = label(name="lbl_run_counts")
        self.lbl_message = label(role="muted", name="lbl_run_message")
        tip = say("Show what undoing this run would do; nothing is changed before you say so")
        self.btn_undo = button(say(UNDO), "btn_run_undo", self._undo, tip=tip)
        self.btn_errors = button(say("Show &Errors…"), "btn_run_errors", self._show_errors)
        self.btn_review = button(say("&Review…"), "btn_run_review", self._review, primary=True)
        tip = say("Save the people shown, with outcome and reason")
        self.btn_export = button(
            say("E&xport CSV…"), "btn_run_export", self._choose_file, icon="save", tip=tip
        )
        tip = say("Why the person chosen is on the list or not")
        self.btn_why = button(say("&Why…"), "btn_run_why", self._why, tip=tip)
        self.btn_why.setEnabled(False)
        self.btn_close = button(say("C&lose"), "btn_run_close", self.accept)

    def _lay_out(self) -> None:
        words = formats.kind_words(self.run)
        self.setWindowTitle(f"{words}, {formats.long_date(self.run.started_at)}")
        filter_label = QLabel(say("&Show"))
        filter_label.setBuddy(self.cmb_outcome)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(10)
        layout.addLayout(row(label(words, "title", wrap=False), self.badge, None))
        for part in (self.lbl_facts, self.lbl_message, self.lbl_counts, self.notice):
            layout.addWidget(part)
        layout.addWidget(self.tbl_kinds, 2)
        layout.addSpacing(4)
        layout.addLayout(row(label(say("People"), "label", wrap=False), None, filter_label, self.cmb_outcome))
        layout.addWidget(self.tbl_people, 3)
        layout.addLayout(
            row(
                self.btn_review,
                self.btn_why,
                self.btn_errors,
                self.btn_export,
                self.btn_undo,
                None,
                self.btn_close,
            )
        )

    def _people_source(self) -> Source:
        desk, run_id, outcome = self._context.desk, self.run.id, self._outcome
        return Source(
            fetch=lambda offset, limit: desk.entries(run_id, outcome=outcome, offset=offset, limit=limit),
            count=lambda: desk.entry_count(run_id, outcome=outcome),
        )

    def _show_run(self, run: Run) -> None:
        self.run = run
        self.badge.show_state(formats.status_words(run), *run_icon(run))
        facts = [say("Run {number}").format(number=run.id), formats.long_date(run.started_at)]
        if run.finished_at is not None:
            facts.append(formats.took(run))
        facts.append(say("manual") if run.trigger is Trigger.MANUAL else say("automatic"))
        calls = run.calls_constant_contact
        facts.append(plural("{n} calls to Constant Contact", "{n} call to Constant Contact", calls))
        facts.append(plural("{n} calls to Kibo", "{n} call to Kibo", run.calls_kibo))
        self.lbl_facts.setText(" · ".join(facts))
        self.lbl_counts.setText(formats.summary(run, plural("{n} people", "{n} person", run.total_contacts)))
        said = formats.run_words(run)
        self.lbl_message.setText(said)
        restyle(self.lbl_message, "role", MESSAGE_ROLES.get(run_icon(run)[1], "muted"))
        self.lbl_message.setVisible(bool(said))
        self.btn_errors.setVisible(run.error_count > 0)
        self.btn_review.setVisible(run.status is RunStatus.NEEDS_YOU and not run.asks_about_list)
        self.btn_undo.setVisible(run.may_be_undone)
        words = {RunStatus.COMPLETE: EMPTY_KINDS, RunStatus.RUNNING: NOTHING_YET}
        self.tbl_kinds.show_empty_words(*words.get(run.status, NOTHING_NOTED))

    @Slot(object)
    def _on_kind(self, kind: Any) -> None:
        if kind is not None:
            self.cmb_outcome.setCurrentIndex(self.cmb_outcome.findData(kind[0].value))

    @Slot(object)
    def _on_person(self, entry: Any) -> None:
        self.btn_why.setEnabled(entry is not None)

    @Slot()
    def _why(self) -> None:
        """Say why the person chosen is on the list or not."""
        entry = self.tbl_people.chosen()
        if entry is not None:
            who = entry.email if entry.customer_id is None else str(entry.customer_id)
            find_person(self._context, self, who)

    @Slot(int)
    def _on_filter(self, _index: int) -> None:
        value = self.cmb_outcome.currentData()
        self._outcome = Outcome(value) if value else None
        self.people.show_source(self._people_source())

    @Slot(object)
    def _on_progress(self, progress: Progress) -> None:
        if progress.run_id == self.run.id:
            self._refresh()

    @Slot(object)
    def _on_finished(self, run: Run) -> None:
        if run.id == self.run.id or self.run.status is RunStatus.NEEDS_YOU:  # a later run answers it
            self._refresh()

    @Slot(object, object)
    def _on_failed(self, _kind: RunKind, _error: CcdeskError) -> None:
        if self.run.status in (RunStatus.RUNNING, RunStatus.NEEDS_YOU):
            self._refresh()

    def _refresh(self) -> None:
        self._again.poke()
        self.kinds.refresh()
        self.people.refresh()

    def _on_run(self, run: Run | None) -> None:
        if run is not None:
            self._show_run(run)

    @Slot()
    def _review(self) -> None:
        review(self._context, self.run.kind, self, run=self.run)

    @Slot()
    def _undo(self) -> None:
        """Have it shown what undoing this run would do (`undo_previews`); it is done from there."""
        self.notice.clear()
        self._context.monitor.try_out_undo(self.run.id)

    @Slot()
    def _show_undo(self) -> None:
        """Show whether a run is being undone, or looked at for it."""
        monitor = self._context.monitor
        looking = monitor.waits_for_preview(RunKind.UNDO) or (
            monitor.previewing and monitor.kind is RunKind.UNDO
        )
        undoing = not looking and monitor.is_pending(RunKind.UNDO)
        self.btn_undo.setText(say("Looking…") if looking else say("Undoing…") if undoing else say(UNDO))
        self.btn_undo.setEnabled(not (looking or undoing))

    @Slot(object, object)
    def _on_not_undone(self, kind: RunKind, error: CcdeskError) -> None:
        if kind is RunKind.UNDO:
            self.notice.show_error(error)

    @Slot(object)
    def _on_undone(self, undo: Run) -> None:
        """Show how the undo of this run ended, with the way to its people."""
        if undo.undoes != self.run.id:
            return
        well = undo.status is RunStatus.COMPLETE and not undo.error_count
        tone = Tone.GOOD if well else Tone.WARNING
        summary = formats.summary(undo, plural("{n} people", "{n} person", undo.total_contacts))
        said = "" if undo.status is RunStatus.COMPLETE else formats.run_words(undo)
        title = (say("Undo of run {run}") if said else say("Run {run} was undone")).format(run=self.run.id)
        text = f"{said} {summary}".strip()
        self.notice.show_text(
            tone, title, text, say("&View…"), lambda: RunDialog(self._context, undo, self).open()
        )

    @Slot()
    def _show_errors(self) -> None:
        ErrorsDialog(self._context, self.run, self).open()

    @Slot()
    def _choose_file(self) -> None:
        choose_csv(self, say("Export people"), f"ccdesk-people-{self.run.id}.csv", self.export_to)

    @Slot(str)
    def export_to(self, name: str) -> None:
        """Write the people shown to this file: all of the run, or those with the outcome chosen."""
        desk, run_id, outcome, target = self._context.desk, self.run.id, self._outcome, Path(name)
        self._context.tasks.run(
            self,
            lambda: write_people(desk, run_id, outcome, target),
            done=lambda written: self.notice.show_text(
                Tone.GOOD, plural("{n} people saved", "{n} person saved", written), str(target)
            ),
            failed=self.notice.show_error,
            key="export",
        )
