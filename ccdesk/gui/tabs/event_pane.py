"""Beneath the queue: what is known of the change chosen there, and what can be done about it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from ccdesk.core.runs import EventStatus, QueuedEvent, Run
from ccdesk.core.why import RunEntry
from ccdesk.gui import formats
from ccdesk.gui.columns import EVENT_ICONS, Queued, event_words
from ccdesk.gui.components.flow import FlowLayout
from ccdesk.gui.components.whole_text import WholeText
from ccdesk.gui.components.widgets import SELECTABLE, Badge, Card, label, row
from ccdesk.gui.translation import marked, number, say
from ccdesk.service.api import Desk

HINT = marked("Select an event to read more about it.")
NO_EMAIL = marked("The email of this customer is not known yet.")
KIND = marked(
    "The customer's account changed in Kibo. The run that processes this event reads the account anew, and "
    "decides by what it finds then."
)
TEMPORARY = marked("A temporary problem: it is tried again by itself.")
LEAST = 96  # pixels; what does not fit is scrolled to


class EventPane(QScrollArea):
    """Shows one entry of the queue, with the buttons that do something about it. It takes no keyboard."""

    def __init__(self, *buttons: QWidget) -> None:
        super().__init__()
        self.setObjectName("pane_event")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumHeight(LEAST)
        self.hint = label(say(HINT), "muted", name="lbl_event_hint")
        self.badge = Badge()
        self.badge.setObjectName("badge_event")
        self.who = WholeText("txt_event_who", say("Customer"), role="title")
        self.facts: dict[str, QLabel] = {}
        self.detail = WholeText("lbl_event_detail", say("How the event stands, and why"))
        self.kind = label(say(KIND), "muted", name="lbl_event_kind")
        self._known = QWidget()
        self._shown = ""  # the id of the event
        self._lay_out(buttons)
        self.show_event(None)

    def _lay_out(self, buttons: tuple[QWidget, ...]) -> None:
        facts = FlowLayout(gap=18, between_rows=3)
        for name in ("customer", "came", "tries", "next", "processed"):
            fact = self.facts[name] = label("", "muted", name=f"lbl_event_{name}", wrap=False)
            fact.setTextInteractionFlags(SELECTABLE)
            facts.addWidget(fact)
        known = QVBoxLayout(self._known)
        known.setContentsMargins(0, 0, 0, 0)
        known.setSpacing(8)
        known.addLayout(row(self.badge, None, *buttons))
        known.addWidget(self.who)
        known.addLayout(facts)
        known.addWidget(self.detail)
        known.addWidget(self.kind)
        page = QWidget()
        page.setObjectName("page")
        card = Card(name=say("The event chosen"))
        card.body.setContentsMargins(16, 12, 16, 12)
        card.body.addWidget(self.hint)
        card.body.addWidget(self._known)
        card.body.addStretch(1)
        whole = QVBoxLayout(page)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(card)
        self.setWidget(page)

    def show_event(self, queued: Queued | None) -> None:
        """Show an entry, or how to choose one."""
        self.hint.setVisible(queued is None)
        self._known.setVisible(queued is not None)
        event_id, self._shown = self._shown, queued.event.event_id if queued is not None else ""
        if event_id != self._shown:
            self.verticalScrollBar().setValue(0)
        if queued is None:
            self.who.show_text("")
            self.detail.show_text("")
            return
        event = queued.event
        self.badge.show_state(say(formats.EVENT_WORDS[event.status]), *EVENT_ICONS[event.status])
        self.who.show_text(queued.email or say(NO_EMAIL))
        for name, words in facts_of(event).items():
            self.facts[name].setText(words)
            self.facts[name].setVisible(bool(words))
        self.detail.show_text(reason_of(event))
        self.kind.setVisible(event.status is not EventStatus.PROCESSED)  # its result says what it was


def reason_of(event: QueuedEvent) -> str:
    """Return how an entry stands and why, without what the facts above it say: tries and times."""
    if event.status is EventStatus.PROCESSED:
        return say(event.result) if event.result else say("Processed.")
    if event.status is EventStatus.RETRY:
        return f"{say(TEMPORARY)} {say(event.error)}".strip()
    return event_words(event)


def facts_of(event: QueuedEvent) -> dict[str, str]:
    """Return what is known of an entry besides its state and reason, "" for what it does not have."""
    again = formats.in_sentence(event.next_try_at) if event.next_try_at else say("at the next run")
    ended = event.status is EventStatus.PROCESSED and event.processed_at is not None
    done = formats.long_date(event.processed_at) if ended and event.processed_at else ""
    return {
        "customer": say("Customer id: {id}").format(id=event.object_id),
        "came": say("Changed in Kibo: {time}").format(time=formats.long_date(event.created_at)),
        "tries": say("Tries: {n}").format(n=number(event.attempts)) if event.attempts else "",
        "next": say("Next try: {time}").format(time=again) if event.status is EventStatus.RETRY else "",
        "processed": say("Processed: {time}").format(time=done) if done else "",
    }


def was_tried(event: QueuedEvent) -> bool:
    """Say whether a run has dealt with an entry."""
    return event.attempts > 0 or event.status is EventStatus.PROCESSED


def run_of(desk: Desk, event: QueuedEvent) -> Run | None:
    """Return the run that dealt with an entry last, None if none is known (in the background)."""
    since = event.processed_at or event.created_at
    entries = [
        one
        for one in desk.why(str(event.object_id)).timeline
        if isinstance(one, RunEntry) and one.entry.customer_id == event.object_id and one.at >= since
    ]
    if not entries:
        return None
    # It was closed in the first run that ended after that; one that is still open was tried in the last one.
    found = entries[0] if event.status is EventStatus.PROCESSED else entries[-1]
    return desk.get_run(found.run_id)
