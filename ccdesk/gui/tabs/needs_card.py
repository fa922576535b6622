"""The block “Needs you” on top of Info: one line and one button for each thing a person must do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ccdesk.gui.components.icons import IconLabel
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import Card, button, label, restyle
from ccdesk.gui.context import Context
from ccdesk.gui.needs import NeedWords, for_window, words
from ccdesk.gui.translation import say
from ccdesk.gui.watch import Snapshot
from ccdesk.service.needs_you import Need


class NeedRow(QWidget):
    """One item; `pressed` carries what its button is for."""

    pressed = Signal(object)  # NeedWords

    def __init__(self, place: int) -> None:
        super().__init__()
        self._words: NeedWords | None = None
        self._icon = IconLabel("warning", Tone.WARNING, size=18)
        self.line = label(name=f"lbl_need_{place}")
        self.button = button("", f"btn_need_{place}", self._on_pressed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(self.line, 1)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)

    @property
    def does_a_run(self) -> bool:
        """Say whether its button has a run done, and does not only lead somewhere."""
        return self._words is not None and self._words.run is not None

    def show_need(self, need: Need) -> None:
        """Show an item."""
        said = self._words = words(need)
        self.line.setText(said.line)
        self.button.setText(said.button)
        self.button.setAccessibleName(f"{said.button.rstrip('…')}: {said.line}")

    def show_pending(self, context: Context) -> None:
        """Do not offer a run that is under way or asked for already."""
        run = self._words.run if self._words else None
        self.button.setEnabled(run is None or not context.monitor.is_pending(run))

    @Slot()
    def _on_pressed(self) -> None:
        self.pressed.emit(self._words)


class NeedsCard(Card):
    """Away while nothing needs a person. Rows are kept, so that a refresh does not take the keyboard away."""

    jump = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__(say("Needs you"))
        self.setObjectName("needs_you")
        restyle(self, "tone", "warning")
        self._context = context
        self._shown: tuple[Need, ...] = ()
        self.rows: list[NeedRow] = []
        context.monitor.changed.connect(self._show_pending)
        self.hide()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show what needs a person now."""
        needs = for_window(snapshot.status.needs_you)
        if needs != self._shown:
            self._shown = needs
            self._fill(needs)
        self.setVisible(bool(needs))

    def _fill(self, needs: tuple[Need, ...]) -> None:
        while len(self.rows) < len(needs):
            made = NeedRow(len(self.rows))
            made.pressed.connect(self._on_pressed)
            self.rows.append(made)
            self.body.addWidget(made)
        for place, line in enumerate(self.rows):
            line.setVisible(place < len(needs))
            if place < len(needs):
                line.show_need(needs[place])
        widest = max((line.button.sizeHint().width() for line in self.rows[: len(needs)]), default=0)
        for line in self.rows:
            line.button.setFixedWidth(widest)
        self._show_pending()

    @Slot()
    def _show_pending(self) -> None:
        for line in self.rows:
            line.show_pending(self._context)

    @Slot(object)
    def _on_pressed(self, said: NeedWords) -> None:
        if said.run is not None:
            self._context.monitor.request(said.run)
        else:
            self.jump.emit(said.place)
