"""The Settings tab's card about running without being looked at: the start at login (design §9)."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal, Slot

from ccdesk.core.errors import CcdeskError
from ccdesk.gui.components.widgets import Card, Switch, label
from ccdesk.gui.context import Context
from ccdesk.gui.translation import marked, say
from ccdesk.system.autostart import Autostart, AutostartState

EXPLAIN = marked(
    "ccdesk then starts out of the way, with only its icon in the tray. While sync is on, closing the window "
    "leaves it running there; Quit is in the icon's menu. This takes effect at once."
)
OTHER_COPY = marked(
    "Now another copy of ccdesk is started at login. Switch this off and on again to use this one."
)


class StartCard(Card):
    """A switch that the operating system keeps: it is read from there, and is no setting of ccdesk."""

    failed = Signal(object)  # CcdeskError

    def __init__(self, context: Context, name: str = "autostart") -> None:
        """Make the card; `name` tells its parts from those of another one."""
        super().__init__(name=say("Start at login"))
        self.setObjectName("card_start" if name == "autostart" else f"card_{name}")
        self._context, self._autostart = context, context.autostart
        self.switch = Switch(say("Start when I log in to this computer"))
        self.switch.setObjectName(f"chk_{name}")
        self.switch.setAccessibleName(self.switch.text())
        self.switch.setAccessibleDescription(say(EXPLAIN))
        self.switch.setEnabled(False)
        self.switch.clicked.connect(self._on_clicked)
        self.other = label(say(OTHER_COPY), "warning", name=f"lbl_{name}_other")
        self.other.hide()
        self.body.addWidget(self.switch)
        self.body.addWidget(label(say(EXPLAIN), "muted"))
        self.body.addWidget(self.other)
        if self._autostart is None:
            self.hide()

    def refresh(self) -> None:
        """Read how it stands: the desktop's own settings may have changed it."""
        if self._autostart is not None:
            self._do(self._autostart.state, self.failed.emit)

    @Slot(bool)
    def _on_clicked(self, on: bool) -> None:
        one = self._autostart
        if one is None:
            return
        self.switch.setEnabled(False)
        self._do(lambda: _turned(one, on), self._on_refused)

    def _do(self, work: Callable[[], AutostartState], failed: Callable[[CcdeskError], None]) -> None:
        self._context.tasks.run(self, work, done=self._show, failed=failed, key="autostart")

    def _show(self, state: AutostartState) -> None:
        self.switch.setChecked(state.on)
        self.switch.setEnabled(True)
        self.other.setVisible(state.on and not state.is_ours)

    def _on_refused(self, error: CcdeskError) -> None:
        self.switch.setChecked(not self.switch.isChecked())
        self.switch.setEnabled(True)
        self.failed.emit(error)


def _turned(one: Autostart, on: bool) -> AutostartState:
    if on:
        one.turn_on()
    else:
        one.turn_off()
    return one.state()
