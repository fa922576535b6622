"""What an export or an undo would do, before it is done: figures, people, and the button that does it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QVBoxLayout, QWidget

from ccdesk.core.errors import ConfirmNeeded, ListHasMembers
from ccdesk.core.runs import Outcome
from ccdesk.gui import formats
from ccdesk.gui.columns import PREVIEW_COLUMNS, of_preview, run_icon
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.table_models import PagedModel, Source
from ccdesk.gui.components.table_view import PagedTable
from ccdesk.gui.components.widgets import Badge, button, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.run_view import KIND_COLUMNS
from ccdesk.gui.translation import marked, plural, say
from ccdesk.service.preview import Preview

ASKED = marked(
    "They may have left it, so the export asks whether to add them. Until then they are counted as skipped."
)
NOTHING = marked("Nothing was changed in either service.")
EMPTY_KINDS = (marked("No changes"), marked("The export would change nobody."))
EMPTY_PEOPLE = (
    marked("Nobody to show"),
    marked("The export would touch no person, or nobody with this outcome."),
)
EMPTY_KINDS_UNDO = (marked("No changes"), marked("The undo would change nobody."))
EMPTY_PEOPLE_UNDO = (
    marked("Nobody to show"),
    marked("The undo would touch no person, or nobody with this outcome."),
)
UNDO = marked(
    "A person taken off the list stays off until they opt in anew or sign up; that cannot be undone. "
    "People who have acted since, and those who opted out, are left alone."
)

KINDS = of_preview(KIND_COLUMNS, lambda kind: kind[0])


class PreviewDialog(QDialog):
    """Shows a preview and closes it in the end; accepted when the export, or the undo, is to be done.

    `keep`: the preview stays open for the caller, who closes it. `outcome`: only people with this outcome are
    shown at first.
    """

    def __init__(
        self,
        context: Context,
        preview: Preview,
        parent: QWidget | None = None,
        *,
        keep: bool = False,
        outcome: Outcome | None = None,
    ) -> None:
        super().__init__(parent)
        self._context, self._preview = context, preview
        self._outcome: Outcome | None = None
        self.setObjectName("dlg_preview")
        undoes = preview.run.undoes
        self._undo = undoes is not None
        self._title = (
            say("Preview of undoing run {run}").format(run=undoes)
            if self._undo
            else say("Preview of the export")
        )
        self.setWindowTitle(self._title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(840, 560)
        self._build()
        self._lay_out()
        self._show_figures()
        if not keep:
            self.finished.connect(self._on_finished)
        if outcome is not None:
            self.cmb_outcome.setCurrentIndex(self.cmb_outcome.findData(outcome.value))
        self.kinds.refresh()
        self.people.refresh()
        self.tbl_people.setFocus()

    def _build(self) -> None:
        preview, tasks = self._preview, self._context.tasks
        self.kinds = PagedModel(
            tasks,
            KINDS,
            Source(
                fetch=lambda offset, limit: list(preview.entry_kinds())[offset : offset + limit],
                count=lambda: len(preview.entry_kinds()),
                key=lambda kind: kind[:2],
            ),
            self,
        )
        self.tbl_kinds = PagedTable(
            "tbl_preview_kinds", self.kinds, EMPTY_KINDS_UNDO if self._undo else EMPTY_KINDS
        )
        self.tbl_kinds.setAccessibleName(say("Kinds of change"))
        self.tbl_kinds.setMinimumHeight(100)
        self.tbl_kinds.show_whole_texts()
        self.people = PagedModel(tasks, PREVIEW_COLUMNS, self._people_source(), self)
        self.tbl_people = PagedTable(
            "tbl_preview_people", self.people, EMPTY_PEOPLE_UNDO if self._undo else EMPTY_PEOPLE
        )
        self.tbl_people.setAccessibleName(
            say("People of the undo") if self._undo else say("People of the export")
        )
        self.tbl_people.show_long_words()
        self.notice = Notice("notice_preview")
        self.people.load_failed.connect(self.notice.show_error)
        self.kinds.load_failed.connect(self.notice.show_error)
        self.cmb_outcome = QComboBox()
        self.cmb_outcome.setObjectName("cmb_preview_outcome")
        self.cmb_outcome.addItem(say("All people"), None)
        for outcome in Outcome:
            self.cmb_outcome.addItem(say(formats.PREVIEWED[outcome]), outcome.value)
        self.cmb_outcome.currentIndexChanged.connect(self._on_filter)
        self.badge = Badge()
        self.lbl_nothing = label(say(NOTHING), name="lbl_preview_nothing")
        self.lbl_counts = label(name="lbl_preview_counts")
        self.lbl_welcomes = label(name="lbl_preview_welcomes")
        self.lbl_message = label(role="warning", name="lbl_preview_message")
        self.btn_export = button(say("&Export"), "btn_preview_export", self.accept, primary=True)
        self.btn_close = button(say("C&lose"), "btn_preview_close", self.reject)

    def _lay_out(self) -> None:
        filter_label = QLabel(say("&Show"))
        filter_label.setBuddy(self.cmb_outcome)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(10)
        layout.addLayout(row(label(self._title, "title", wrap=False), self.badge, None))
        for part in (self.lbl_nothing, self.lbl_message, self.lbl_counts, self.lbl_welcomes, self.notice):
            layout.addWidget(part)
        layout.addWidget(self.tbl_kinds, 2)
        layout.addSpacing(4)
        layout.addLayout(row(label(say("People"), "label", wrap=False), None, filter_label, self.cmb_outcome))
        layout.addWidget(self.tbl_people, 3)
        layout.addLayout(row(self.btn_export, None, self.btn_close))

    def _show_figures(self) -> None:
        """Show how the export would end; its button only where it would do something or ask."""
        run = self._preview.run
        asks = isinstance(run.failure, ConfirmNeeded)
        self.badge.show_state(say("Would ask you") if asks else formats.status_words(run), *run_icon(run))
        self.badge.setVisible(run.failure is not None)  # nothing has completed
        self.lbl_counts.setText(formats.summary(run, plural("{n} people", "{n} person", run.total_contacts)))
        emails = plural(
            "{n} welcome emails would be sent.",
            "{n} welcome email would be sent.",
            self._preview.welcome_emails,
        )
        self.lbl_welcomes.setText(say(UNDO) if self._undo else emails)
        said = formats.run_words(run)
        if isinstance(run.failure, ListHasMembers):
            said = f"{say(run.failure.title)}. {say(ASKED)}"
        self.lbl_message.setText(said)
        self.lbl_message.setVisible(bool(said))
        if self._undo:
            self.btn_export.setText(plural("&Undo for {n} people", "&Undo for {n} person", run.changes))
        elif asks:
            self.btn_export.setText(say("&Sync Contacts…"))
        else:
            self.btn_export.setText(plural("&Export {n} people", "&Export {n} person", run.changes))
        self.btn_export.setVisible((asks and not self._undo) or (run.failure is None and run.changes > 0))

    def _people_source(self) -> Source:
        preview, outcome = self._preview, self._outcome
        return Source(
            fetch=lambda offset, limit: preview.entries(outcome=outcome, offset=offset, limit=limit),
            count=lambda: preview.entry_count(outcome=outcome),
        )

    @Slot(int)
    def _on_filter(self, _index: int) -> None:
        value = self.cmb_outcome.currentData()
        self._outcome = Outcome(value) if value else None
        self.people.show_source(self._people_source())

    @Slot(int)
    def _on_finished(self, _result: int) -> None:
        self._context.tasks.run(self._context.tasks, self._preview.close)  # it removes a file
