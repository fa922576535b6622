"""The strip that leads through the first day: five steps, each with its state and the way there."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton

from ccdesk.core.runs import LOOPS
from ccdesk.gui.components.icons import set_icon
from ccdesk.gui.components.press import PressButton
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import Card
from ccdesk.gui.translation import marked, say
from ccdesk.gui.watch import Snapshot
from ccdesk.service.api import Connection, ConnectionState
from ccdesk.service.connections import SECRET_MISSING

STEPS = (
    ("kibo", marked("Connect Kibo")),
    ("login", marked("Log in")),
    ("list", marked("Choose a list")),
    ("export", marked("Export")),
    ("enable", marked("Turn on")),
)


def done_steps(snapshot: Snapshot) -> dict[str, bool]:
    """Say which steps are done."""
    return {
        "kibo": snapshot.kibo_ready or was_connected(snapshot.status.kibo),
        "login": snapshot.logged_in or was_connected(snapshot.status.constant_contact),
        "list": bool(snapshot.status.contact_list or snapshot.settings.contact_list),
        "export": snapshot.first_export_done,
        "enable": snapshot.status.enabled,
    }


def in_first_day(snapshot: Snapshot) -> bool:
    """Say whether the set-up is under way: nothing was exported yet, or nothing ever ran by itself.

    A login that has run out, or syncing that somebody turned off, is no first day.
    """
    done = done_steps(snapshot)
    ran = snapshot.status.enabled or any(snapshot.status.last_good.get(kind) for kind in LOOPS)
    return not done["export"] or not done["list"] or not ran


def next_step(snapshot: Snapshot) -> str:
    """Return the first step that is not done, "" if all are."""
    return next((place for place, is_done in done_steps(snapshot).items() if not is_done), "")


def was_connected(connection: Connection) -> bool:
    """Say whether a service that fails now was connected before: an outage undoes no step."""
    lacks = connection.error is not None and connection.error.code == SECRET_MISSING
    return connection.state is ConnectionState.FAILED and bool(connection.name) and not lacks


class Checklist(Card):
    """Five buttons in a row, on the first day; the card of one of them is shown below."""

    jump = Signal(str)

    def __init__(self) -> None:
        super().__init__(name=say("First day"))
        self.setObjectName("checklist")
        self.body.setContentsMargins(8, 6, 8, 6)
        steps = QHBoxLayout()
        steps.setSpacing(2)
        self.buttons: dict[str, QPushButton] = {}
        for number, (place, words) in enumerate(STEPS, start=1):
            step = PressButton(f"{number}  {say(words)}")
            step.setObjectName(f"btn_step_{place}")
            step.setProperty("step", True)
            step.clicked.connect(partial(self._jump, place))
            steps.addWidget(step, 1)
            self.buttons[place] = step
        self.body.addLayout(steps)
        self.hide()

    def show_snapshot(self, snapshot: Snapshot, shown: str = "") -> None:
        """Show what is done; the step whose card is `shown` stands out."""
        done = done_steps(snapshot)
        self.setVisible(in_first_day(snapshot))
        following = next_step(snapshot)
        for number, (place, words) in enumerate(STEPS, start=1):
            step = self.buttons[place]
            tone = Tone.GOOD if done[place] else Tone.ACCENT if place == following else Tone.NEUTRAL
            set_icon(step, "check-circle" if done[place] else "circle", tone)
            font = step.font()
            font.setBold(place == (shown or following))
            step.setFont(font)
            state = say("done") if done[place] else say("next") if place == following else say("to do")
            told = {"number": number, "step": say(words), "state": state}
            spoken = say("Step {number}, {step}, {state}").format(**told)
            step.setAccessibleName(spoken)
            step.setToolTip(spoken)  # in other words a screen reader would say both

    def _jump(self, place: str) -> None:
        self.jump.emit(place)
