"""The people behind a figure of “since you last looked”, with the run in which it happened."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from ccdesk.core.run_history import Happened, PersonThen
from ccdesk.gui import formats
from ccdesk.gui.columns import OUTCOME_ICONS, customer
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.table_models import Column, PagedModel, Source
from ccdesk.gui.components.table_view import PagedTable
from ccdesk.gui.components.widgets import button, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.find_person import find_person
from ccdesk.gui.dialogs.run_view import RunDialog
from ccdesk.gui.translation import marked, say

NOBODY = (marked("Nobody any more"), marked("What is kept of these runs was removed meanwhile."))
COLUMNS = (
    Column("email", marked("Email"), lambda one: one.entry.email or say("(none)"), width=30),
    Column("customer", marked("Customer"), lambda one: customer(one.entry), width=11),
    Column(
        "outcome",
        marked("Outcome"),
        lambda one: say(formats.OUTCOME_WORDS[one.entry.outcome]),
        width=22,
        icon=lambda one: OUTCOME_ICONS[one.entry.outcome],
    ),
    Column("at", marked("When"), lambda one: formats.calendar_date(one.at), width=22),
    Column("reason", marked("Reason"), lambda one: formats.entry_reason(one.entry)),
)


class PeopleSinceDialog(QDialog):
    """Lists them; from there to why one is mailed or not, and to the run."""

    def __init__(
        self, context: Context, since: datetime, what: Happened, words: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self.setObjectName("dlg_people_since")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title = say("{what} since {time}").format(
            what=words[:1].upper() + words[1:], time=formats.in_sentence(since)
        )
        self.setWindowTitle(title)
        self.resize(860, 480)
        desk = context.desk
        source = Source(
            fetch=lambda offset, limit: desk.people_since(since, what, offset=offset, limit=limit),
            count=lambda: desk.happened_since(since).get(what, 0),
        )
        self.model = PagedModel(context.tasks, COLUMNS, source, self)
        self.table = PagedTable("tbl_people_since", self.model, NOBODY)
        self.table.setAccessibleName(title)
        self.table.show_long_words()
        self.notice = Notice("notice_people_since")
        self.btn_why = button(say("&Why…"), "btn_since_why", self._why)
        self.btn_run = button(say("Show the &Run…"), "btn_since_run", self._open_run)
        self.btn_close = button(say("C&lose"), "btn_since_close", self.accept)
        self.why_action = self.table.offer(say("&Why…"), "act_since_why", self._why)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 18, 22, 16)
        layout.setSpacing(10)
        layout.addWidget(label(title, "title"))
        layout.addWidget(self.notice)
        layout.addWidget(self.table, 1)
        layout.addLayout(row(self.btn_why, self.btn_run, None, self.btn_close))
        self.model.load_failed.connect(self.notice.show_error)
        self.table.row_chosen.connect(self._on_chosen)
        self.table.row_activated.connect(self._why)
        self._on_chosen(None)
        self.model.refresh()
        self.table.setFocus()

    @Slot(object)
    def _on_chosen(self, one: PersonThen | None) -> None:
        for part in (self.btn_why, self.btn_run):
            part.setEnabled(one is not None)

    @Slot()
    def _why(self) -> None:
        one = self.table.chosen()
        if one is not None:
            entry = one.entry
            who = entry.email if entry.customer_id is None else str(entry.customer_id)
            find_person(self._context, self, who)

    @Slot()
    def _open_run(self) -> None:
        one, desk = self.table.chosen(), self._context.desk
        if one is not None:
            self._context.tasks.run(
                self, lambda: desk.get_run(one.run_id), done=self._show_run, failed=self.notice.show_error
            )

    def _show_run(self, run: object) -> None:
        if run is not None:
            RunDialog(self._context, run, self).open()  # type: ignore[arg-type]
