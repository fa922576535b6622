"""Accounts that opted in after their person had opted out: staff add or leave them (design §3a R1)."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QAbstractItemView, QDialog, QVBoxLayout, QWidget

from ccdesk.core.models import Link
from ccdesk.core.runs import RunKind
from ccdesk.gui import formats
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.table_models import Column, PagedModel, Source
from ccdesk.gui.components.table_view import PagedTable
from ccdesk.gui.components.widgets import button, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.once import open_once
from ccdesk.gui.translation import marked, say

NOBODY = (marked("Nobody is waiting"), marked("Every customer who opted in has been added or left."))
TEXT = marked(
    "Somebody with this email left the list or opted out before. These accounts came later, or belong to "
    "guests, and nobody has proven that the email is theirs. Add puts the person on the list again. Leave "
    "keeps them off it; nothing is changed in Kibo."
)
COLUMNS = (
    Column("email", marked("Email"), lambda link: link.email or say("(none)"), width=44),
    Column("customer", marked("Customer"), lambda link: str(link.customer_id), width=11),
    Column("since", marked("Opted in"), lambda link: _date(link)),
)


def _date(link: Link) -> str:
    return formats.long_date(link.kibo_updated_at) if link.kibo_updated_at else "–"


class NewcomersDialog(QDialog):
    """Lists them, and takes the answer about those selected. Enter and Esc only close it."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self.setObjectName("dlg_newcomers")
        self.setWindowTitle(say("Constant Contact Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(780, 460)
        desk = context.desk
        source = Source(
            fetch=lambda offset, limit: desk.newcomers()[offset : offset + limit],
            count=lambda: len(desk.newcomers()),
            key=lambda link: link.customer_id,
        )
        self.model = PagedModel(context.tasks, COLUMNS, source, self)
        self.table = PagedTable("tbl_newcomers", self.model, NOBODY)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setAccessibleName(say("Customers to add or leave"))
        self.notice = Notice("notice_newcomers")
        self.btn_add = button(say("&Add"), "btn_newcomers_add", self._add)
        self.btn_leave = button(say("&Leave"), "btn_newcomers_leave", self._leave)
        self.btn_close = button(say("&Close"), "btn_newcomers_close", self.reject, primary=True)
        self.btn_close.setDefault(True)
        self._lay_out()
        self.model.load_failed.connect(self.notice.show_error)
        self.model.refreshed.connect(self._show_answers)
        self.table.selectionModel().selectionChanged.connect(self._show_answers)
        self._show_answers()
        self.model.refresh()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.setSpacing(12)
        title = say("Add these customers, or leave them?")
        layout.addWidget(label(title, "title", name="newcomers_title"))
        layout.addWidget(label(say(TEXT)))
        layout.addWidget(self.notice)
        layout.addWidget(self.table, 1)
        layout.addLayout(row(self.btn_add, self.btn_leave, None, self.btn_close))
        self.btn_close.setFocus()

    def _chosen(self) -> list[Link]:
        rows = (self.model.row_at(index) for index in self.table.selectionModel().selectedRows())
        return [link for link in rows if link is not None]

    @Slot()
    def _show_answers(self) -> None:
        chosen = bool(self.table.selectionModel().selectedRows())
        self.btn_add.setEnabled(chosen)
        self.btn_leave.setEnabled(chosen)

    @Slot()
    def _add(self) -> None:
        self._answer(add=True)

    @Slot()
    def _leave(self) -> None:
        self._answer(add=False)

    def _answer(self, *, add: bool) -> None:
        desk, ids = self._context.desk, [link.customer_id for link in self._chosen()]

        def done(_: object) -> None:
            self.model.refresh()
            if add:
                self._context.monitor.request(RunKind.EVENTS)

        self._context.tasks.run(
            self,
            lambda: [desk.answer_newcomer(customer_id, add=add) for customer_id in ids],
            done=done,
            failed=self.notice.show_error,
            key="answer",
        )


def show_newcomers(context: Context, parent: QWidget) -> NewcomersDialog:
    """Open the list; one that is open already is brought forward instead."""
    return open_once(NewcomersDialog, parent, lambda: NewcomersDialog(context, parent))
