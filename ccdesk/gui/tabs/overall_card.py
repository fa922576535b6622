"""The top of Info: one sentence with a large mark, and what has happened since somebody last looked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from ccdesk.core.errors import CcdeskError
from ccdesk.core.run_history import Happened
from ccdesk.core.runs import LOOPS, Run
from ccdesk.gui import formats
from ccdesk.gui.components.flow import FlowLayout
from ccdesk.gui.components.icons import IconLabel
from ccdesk.gui.components.news import announce
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import Card, button, label, restyle
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.people_since import PeopleSinceDialog
from ccdesk.gui.overall import KIBO, MAIL, Overall, overall, unreadable
from ccdesk.gui.since import LastLook
from ccdesk.gui.tabs.month_picture import READ_EVERY_MS
from ccdesk.gui.tasks import Refresher
from ccdesk.gui.translation import marked, plural, say
from ccdesk.gui.watch import Snapshot
from ccdesk.service.api import ConnectionState

COUNT_AGAIN_MS = 20_000
READING = marked("Reading…")
TONES = {Tone.GOOD: "good", Tone.WARNING: "warning", Tone.ERROR: "error"}
HAPPENED = {
    Happened.ADDED: marked("added"),
    Happened.OPTED_IN: marked("signed up"),
    Happened.OPTED_OUT: marked("opted out"),
    Happened.INVALID: marked("invalid emails"),
    Happened.FAILED: marked("other errors"),
}
FIGURES: dict[Happened, Callable[[int], str]] = {
    Happened.ADDED: lambda n: plural("{n} added", "{n} added", n),
    Happened.OPTED_IN: lambda n: plural("{n} signed up", "{n} signed up", n),
    Happened.OPTED_OUT: lambda n: plural("{n} opted out", "{n} opted out", n),
    Happened.INVALID: lambda n: plural("{n} invalid emails", "{n} invalid email", n),
    Happened.FAILED: lambda n: plural("{n} other errors", "{n} other error", n),
}


class SinceLine(QWidget):
    """“Since you last looked (…): 12 added · 3 opted out”; each figure opens its people."""

    def __init__(self, context: Context, last_look: LastLook) -> None:
        super().__init__()
        self.setObjectName("since_line")
        self._context, self._last = context, last_look
        self.words = label("", "muted", name="lbl_since", wrap=False)
        self.figures: dict[Happened, QPushButton] = {}
        line = FlowLayout(self)
        line.addWidget(self.words)
        for what in Happened:
            name = f"btn_since_{what.value}"
            figure = button(say(HAPPENED[what]), name, partial(self._open, what), link=True)
            figure.setToolTip(say("Show who they are"))
            figure.hide()
            self.figures[what] = figure
            line.addWidget(figure)
        self._read = Refresher(
            context.tasks,
            self._ask,
            done=self._on_read,
            failed=self._on_unread,
            parent=self,
            every_ms=READ_EVERY_MS,
        )
        last_look.changed.connect(self._read.poke)
        context.bridge.finished.connect(self._on_finished)
        self.hide()

    def refresh(self) -> None:
        """Read anew what has happened."""
        self._read.poke()

    @Slot(object)
    def _on_finished(self, _run: Run) -> None:
        self._read.poke()

    def _ask(self) -> Mapping[Happened, int] | None:
        since = self._last.since
        return None if since is None else self._context.desk.happened_since(since)

    def _on_read(self, happened: Mapping[Happened, int] | None) -> None:
        self.setVisible(happened is not None)
        if happened is None or self._last.since is None:
            return
        when = formats.in_sentence(self._last.since)
        if happened:
            self.words.setText(say("Since you last looked ({when}):").format(when=when))
        else:
            self.words.setText(say("Since you last looked ({when}): nothing has changed").format(when=when))
        for what, figure in self.figures.items():
            people = happened.get(what, 0)
            figure.setText(FIGURES[what](people))
            figure.setAccessibleName(say("{figure} since you last looked").format(figure=figure.text()))
            figure.setVisible(bool(people))

    def _on_unread(self, _error: CcdeskError) -> None:
        """Do without: that the data cannot be read is said by the tab itself."""

    def _open(self, what: Happened) -> None:
        if self._last.since is not None:
            words = say(HAPPENED[what])
            PeopleSinceDialog(self._context, self._last.since, what, words, self.window()).open()


class OverallCard(Card):
    """The sentence. It is said aloud when it changes."""

    def __init__(self, context: Context, last_look: LastLook) -> None:
        super().__init__()
        self.setObjectName("overall")
        self._snapshot: Snapshot | None = None
        self._unreadable = ""  # what keeps the data from being read
        self._monitor = context.monitor
        self._monitor.changed.connect(self._show)
        self._failing_since: dict[str, datetime] = {}
        self._icon = IconLabel("circle", size=40)
        self.title = label(say(READING), name="lbl_overall")
        self.title.setProperty("role", "heading")
        self.detail = label("", "muted", name="lbl_overall_detail")
        self.since = SinceLine(context, last_look)
        words = QVBoxLayout()
        words.setSpacing(3)
        for part in (self.title, self.detail, self.since):
            words.addWidget(part)
        line = QHBoxLayout()
        line.setSpacing(16)
        line.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        line.addLayout(words, 1)
        self.body.addLayout(line)
        self._timer = QTimer(self, interval=COUNT_AGAIN_MS)
        self._timer.timeout.connect(self._show)
        self._timer.start()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show how things stand now."""
        self._snapshot, self._unreadable = snapshot, ""
        status = snapshot.status
        for name, connection in ((KIBO, status.kibo), (MAIL, status.constant_contact)):
            if connection.state is ConnectionState.FAILED:
                self._failing_since.setdefault(name, datetime.now(UTC))
            else:
                self._failing_since.pop(name, None)
        self._show()

    def show_unreadable(self, error: CcdeskError) -> None:
        """Show that nothing is known just now: the sentence of before would be green over a lost file."""
        self._unreadable = error.title
        self._show()

    def _found(self, snapshot: Snapshot) -> Overall:
        if self._unreadable:
            return unreadable(self._unreadable)
        at_work = self._monitor.kind in LOOPS
        return overall(snapshot, datetime.now(UTC), self._failing_since, at_work=at_work)

    @Slot()
    def _show(self) -> None:
        if self._snapshot is None:
            return
        found = self._found(self._snapshot)
        is_news = found.title != self.title.text()
        self.title.setText(found.title)
        self.detail.setText(found.detail)
        self.detail.setVisible(bool(found.detail))
        self._icon.show_icon(found.icon, found.tone)
        restyle(self, "tone", TONES.get(found.tone, ""))
        self.setAccessibleName(found.sentence)
        if is_news:
            announce(self, found.sentence)
