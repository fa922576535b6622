"""Finding a person by their name: asked of Kibo, for ccdesk keeps no names."""

from __future__ import annotations

import threading

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QSizePolicy, QVBoxLayout, QWidget

from ccdesk.core.errors import CcdeskError
from ccdesk.core.why import FoundByName
from ccdesk.gui.components.widgets import button, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.translation import plural, say

_SHORTEST = 2  # letters; fewer begin half of all names
_LINES = 6


def may_be_name(text: str) -> bool:
    """Say whether somebody may be called this: no email, and no number."""
    letters = sum(one.isalpha() for one in text)
    return letters >= _SHORTEST and "@" not in text and not any(one.isdigit() for one in text)


class NamedPeople(QWidget):
    """Offers to look for a name in Kibo, and lists who has it; one is chosen by a click or Enter."""

    chosen = Signal(str)  # an email, or a customer id where there is none
    failed = Signal(object)  # CcdeskError

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context, self._name = context, ""
        self._cancel = threading.Event()
        self.btn_look = button(
            say("Look for This &Name in Kibo"), "btn_find_name", self._on_look, icon="shop"
        )
        self.lbl_found = label(role="muted", name="lbl_find_names", wrap=False)
        self.people = QListWidget()
        self.people.setObjectName("lst_find_names")
        self.people.setAccessibleName(say("Customers with this name"))
        self.people.itemClicked.connect(self._on_chosen)
        self.people.itemActivated.connect(self._on_chosen)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label(say("ccdesk keeps no names. Kibo can be asked who has this one."), "muted"))
        layout.addLayout(row(self.btn_look, self.lbl_found, None))
        layout.addWidget(self.people)
        self.withdraw()

    def offer(self, text: str) -> None:
        """Offer to look for a name, if it may be one."""
        self.withdraw()
        self._name = text
        self.setVisible(may_be_name(text) and not self._context.read_only)  # a bundle asks nobody

    def withdraw(self) -> None:
        """Offer nothing, and wait for no answer."""
        self._cancel.set()
        self._context.tasks.drop(self, "names")
        self.btn_look.setEnabled(True)
        self.lbl_found.clear()
        self.people.hide()
        self.hide()

    @Slot()
    def _on_look(self) -> None:
        name, desk = self._name, self._context.desk
        cancel = self._cancel = threading.Event()
        self.btn_look.setEnabled(False)
        self.lbl_found.setText(say("Asking Kibo…"))
        self._context.tasks.run(
            self,
            lambda: desk.find_by_name(name, cancel),
            done=self._show,
            failed=self._on_failed,
            key="names",
            cancel=cancel,
        )

    def _show(self, found: FoundByName) -> None:
        self.btn_look.setEnabled(True)
        people = found.people
        told = plural("{n} customers found in Kibo", "{n} customer found in Kibo", len(people))
        more = "" if found.is_all else say("There may be more: give more of the name.")
        self.lbl_found.setText(f"{told}. {more}" if more else told)
        self.people.clear()
        for one in people:
            number = str(next(iter(one.customer_ids), ""))
            line = QListWidgetItem(f"{one.name} · {one.email or number}")
            line.setData(Qt.ItemDataRole.UserRole, one.email or number)
            self.people.addItem(line)
        self.people.setVisible(bool(people))
        if people:
            height = self.people.sizeHintForRow(0) * min(len(people), _LINES)
            self.people.setFixedHeight(height + 2 * self.people.frameWidth() + 4)
            self.people.setCurrentRow(0)
            self.people.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_failed(self, error: CcdeskError) -> None:
        self.btn_look.setEnabled(True)
        self.lbl_found.clear()
        self.failed.emit(error)

    @Slot(QListWidgetItem)
    def _on_chosen(self, line: QListWidgetItem) -> None:
        self.chosen.emit(line.data(Qt.ItemDataRole.UserRole))
