"""People who opted out and whom somebody else has put back on the list: what to do is up to staff (§3a)."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from ccdesk.gui import formats
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.table_models import Column, PagedModel, Source
from ccdesk.gui.components.table_view import PagedTable
from ccdesk.gui.components.widgets import button, disable, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.once import open_once
from ccdesk.gui.translation import marked, say

NOBODY = (
    marked("Nobody is left"),
    marked("Everybody who opted out is off the list, or has opted in again."),
)
TEXT = marked(
    "These customers opted out, but are on the list in Constant Contact again, and no later sign-up is "
    "known: most likely somebody imported a file or added them by hand. They are being mailed. ccdesk "
    "changes nothing here, because only you can know why. If they did not agree again, remove them from the "
    "list in Constant Contact. If they did, set “accepts marketing” for the customer in Kibo. They leave "
    "this page with the next sync. Leave As It Is takes the people chosen off it now: they stay on the list, "
    "and are named here again if they leave it and are put back."
)
COLUMNS = (
    Column("email", marked("Email"), lambda one: one.email or say("(none)"), width=44),
    Column("customer", marked("Customer"), lambda one: str(one.customer_id), width=11),
    Column("since", marked("Seen on the list since"), lambda one: formats.long_date(one.since)),
)


class PutBackDialog(QDialog):
    """Lists them and says what to do. Enter and Esc close it."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self.setObjectName("dlg_put_back")
        self.setWindowTitle(say("Constant Contact Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(780, 460)
        desk = context.desk
        source = Source(
            fetch=lambda offset, limit: desk.disagreements(offset=offset, limit=limit),
            count=desk.disagreement_count,
            key=lambda one: one.customer_id,
        )
        self.model = PagedModel(context.tasks, COLUMNS, source, self)
        self.table = PagedTable("tbl_put_back", self.model, NOBODY)
        self.table.let_choose_many()
        self.table.rows_chosen.connect(self._on_people)
        self.table.setAccessibleName(say("Customers who opted out and were put back on the list"))
        self.notice = Notice("notice_put_back")
        self.btn_leave = button(say("Leave As &It Is"), "btn_put_back_leave", self._leave)
        self.btn_close = button(say("&Close"), "btn_put_back_close", self.reject, primary=True)
        self.btn_close.setDefault(True)
        self.model.load_failed.connect(self.notice.show_error)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.setSpacing(12)
        layout.addWidget(label(say("Opted out, but back on the list"), "title", name="put_back_title"))
        layout.addWidget(label(say(TEXT)))
        layout.addWidget(self.notice)
        layout.addWidget(self.table, 1)
        layout.addLayout(row(self.btn_leave, None, self.btn_close))
        self._on_people()
        self.btn_close.setFocus()
        self.model.refresh()

    @Slot()
    def _on_people(self) -> None:
        self.btn_leave.setEnabled(bool(self.table.all_chosen()))

    @Slot()
    def _leave(self) -> None:
        """Have it remembered that staff leave the people chosen as they are."""
        numbers, desk = [one.customer_id for one in self.table.all_chosen()], self._context.desk
        disable(self.btn_leave, self.btn_close)
        self._context.tasks.run(
            self,
            lambda: desk.leave_put_back(numbers),
            done=self._on_left,
            failed=self.notice.show_error,
            key="leave",
        )

    def _on_left(self, _people: int) -> None:
        self.model.refresh()
        self._context.watch.refresh()


def show_put_back(context: Context, parent: QWidget) -> PutBackDialog:
    """Open the list; one that is open already is brought forward instead."""
    return open_once(PutBackDialog, parent, lambda: PutBackDialog(context, parent))
