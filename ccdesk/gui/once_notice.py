"""What is told once, when somebody looks: that nothing ran for a while, and that the program had crashed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Slot
from PySide6.QtWidgets import QWidget

from ccdesk.core.clock import format_time
from ccdesk.gui import formats
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.diagnostics import save_diagnostics
from ccdesk.gui.translation import marked, say
from ccdesk.gui.watch import Snapshot
from ccdesk.service.gaps import Gap, GapReason
from ccdesk.system.crashes import Crash

WHY = {
    GapReason.ASLEEP: marked("The computer was asleep."),
    GapReason.NOT_RUNNING: marked("ccdesk was not running."),
}
CAUGHT_UP = marked("Nothing is lost: what happened meanwhile is caught up by itself.")
CRASHED = marked("ccdesk ended unexpectedly")
GOES_ON = marked(
    "That was {time}. Nothing that was done is lost, and what was begun goes on. A diagnostics file shows "
    "support why."
)


class OnceNotice(Notice):
    """Waits for the window to be on the screen; what was told is remembered beyond this program."""

    def __init__(self, name: str, context: Context, window: QWidget) -> None:
        super().__init__(f"notice_{name}")
        self._context, self._window = context, window
        self._told = f"window.{name}"
        self._matter = self._asked_about = ""
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice that the window comes onto the screen."""
        if event.type() == QEvent.Type.Show:
            self._tell()
        return super().eventFilter(watched, event)

    def have_told(self, matter: str) -> None:
        """Take in what there is to tell, by the mark that tells it from every other."""
        self._matter = matter
        self._tell()

    def _tell(self) -> None:
        matter = self._matter
        if not matter or matter == self._asked_about or not self._window.isVisible():
            return
        self._asked_about = matter
        desk, name = self._context.desk, self._told
        self._context.tasks.run(
            self,
            lambda: desk.first_time(name, matter),
            done=lambda is_first: self.show_it() if is_first else None,
            failed=lambda _: None,  # on a bundle nobody is told anything
        )

    def show_it(self) -> None:
        """Show what there is to tell."""
        raise NotImplementedError


class GapNotice(OnceNotice):
    """“Nothing ran from … to …”."""

    def __init__(self, context: Context, window: QWidget) -> None:
        super().__init__("gap", context, window)
        self._gap: Gap | None = None
        context.watch.changed.connect(self._on_snapshot)

    @Slot(object)
    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._gap = snapshot.status.last_gap
        if self._gap is not None:
            self.have_told(format_time(self._gap.until))

    def show_it(self) -> None:
        """Say from when to when, and why."""
        if self._gap is not None:
            since, until = formats.in_sentence(self._gap.since), formats.in_sentence(self._gap.until)
            title = say("Nothing ran from {since} to {until}").format(since=since, until=until)
            self.show_text(Tone.NEUTRAL, title, f"{say(WHY[self._gap.reason])} {say(CAUGHT_UP)}")


class CrashNotice(OnceNotice):
    """The last program on these data crashed: diagnostics are offered."""

    def __init__(self, context: Context, window: QWidget) -> None:
        super().__init__("crash", context, window)
        self._crash: Crash | None = None

    def offer(self, crash: Crash) -> None:
        """Take in a crash of a former program."""
        self._crash = crash
        self.have_told(crash.mark)

    def show_it(self) -> None:
        """Say when, and lead to the diagnostics."""
        if self._crash is not None:
            text = say(GOES_ON).format(time=formats.in_sentence(self._crash.at))
            self.show_text(
                Tone.WARNING,
                say(CRASHED),
                text,
                say("&Save Diagnostics…"),
                lambda: save_diagnostics(self._context, self._window),
            )
