"""*New Campaign Draft*: made with the From and ReplyTo that are saved, and opened in the browser."""

from __future__ import annotations

import threading
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from ccdesk.core.errors import CcdeskError
from ccdesk.gui.components.messages import Notice, body
from ccdesk.gui.components.news import CLICK, subject_of_click
from ccdesk.gui.components.plain import one_line
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import button, label, plain_tip
from ccdesk.gui.context import Context
from ccdesk.gui.tabs.base import remedy
from ccdesk.gui.translation import marked, say
from ccdesk.gui.watch import Snapshot
from ccdesk.service.api import ConnectionState
from ccdesk.service.drafts import DraftMade
from ccdesk.service.needs_you import NeedKind

READY = marked(
    "Makes a draft in Constant Contact with this address for “{name}”, and opens it in the browser. Nothing "
    "is scheduled or sent."
)
MAKING = marked("Making the draft…")
NOT_READ = marked("The settings are being read…")
SAVE_FIRST = marked("Save your changes first.")
NO_LIST = marked("Choose and save a contact list first.")
LIST_GONE = marked("Choose another contact list first: this one was deleted.")
NO_SENDER = marked("Choose and save an address first.")
NO_LOGIN = marked("Log in to Constant Contact on the Info tab first.")
FAILS = marked("Constant Contact cannot be used just now: the Info tab says why.")


def reason_against(snapshot: Snapshot | None, *, unsaved: bool) -> str:
    """Return why no draft can be made now (untranslated), `""` if one can."""
    if snapshot is None or snapshot.quick:
        return NOT_READ
    reasons = {
        FAILS: snapshot.status.constant_contact.state is ConnectionState.FAILED,
        NO_LOGIN: not snapshot.logged_in,
        SAVE_FIRST: unsaved,
        NO_LIST: not snapshot.settings.contact_list,
        LIST_GONE: any(need.kind is NeedKind.LIST_DELETED for need in snapshot.status.needs_you),
        NO_SENDER: not snapshot.settings.from_email,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


class CampaignDraft(QObject):
    """The button, a label with what keeps it from being clicked, and a notice of what came of it.

    The page that owns it lays them out, beside the address that is meant.
    """

    go_to = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._is_making = False
        self._snapshot: Snapshot | None = None
        self._unsaved = False
        self.btn_draft = button(say("&New Campaign Draft"), "btn_campaign_draft", self._make)
        self.lbl_draft = label("", "muted", name="lbl_campaign_draft", wrap=False)
        self.notice = Notice("notice_campaign_draft")
        context.news.settled.connect(self.notice.settle)
        self._show()

    def show_state(self, snapshot: Snapshot | None, *, unsaved: bool) -> None:
        """Show whether a draft can be made from what is saved."""
        self._snapshot, self._unsaved = snapshot, unsaved
        self._show()

    def _show(self) -> None:
        reason = MAKING if self._is_making else reason_against(self._snapshot, unsaved=self._unsaved)
        name = self._snapshot.settings.contact_list if self._snapshot is not None else ""
        shown = say(reason) if reason else ""
        explained = shown or say(READY).format(name=one_line(name))
        self.lbl_draft.setText(shown)
        self.lbl_draft.setVisible(bool(reason) and self.lbl_draft.parent() is not None)
        self.btn_draft.setToolTip(plain_tip(explained))
        self.btn_draft.setAccessibleDescription(explained)
        self.btn_draft.setEnabled(not reason)

    @Slot()
    def _make(self) -> None:
        self._is_making = True
        self.notice.clear()
        self._show()
        desk, cancel = self._context.desk, threading.Event()
        self._context.tasks.run(
            self,
            lambda: desk.new_draft(cancel=cancel),
            done=self._on_made,
            failed=self._on_failed,
            key="draft",
            cancel=cancel,
        )

    def _end(self) -> None:
        self._is_making = False
        self._show()
        self._context.watch.refresh()  # the list may have been found to be gone

    def _on_made(self, made: DraftMade) -> None:
        self._end()
        opened = self._context.open_url(made.address)
        parts = [say("“{name}”, from {address}.").format(name=one_line(made.name), address=made.from_email)]
        if made.made_before:
            parts.append(say("It was made at the last try, whose answer was lost."))
        if made.problem is not None:
            parts.append(say("The list could not be chosen in it: choose it there."))
            parts.append(body(made.problem))
        parts.append(
            say("It was opened in your browser.") if opened else say("Your browser could not be opened.")
        )
        parts.append(say("Nothing is scheduled or sent."))
        tone = Tone.GOOD if made.problem is None and opened else Tone.WARNING
        open_again = partial(self._context.open_url, made.address)
        self.notice.show_text(
            tone, say("Draft made"), " ".join(parts), say("Open in &Browser"), open_again, subject=CLICK
        )

    def _on_failed(self, error: CcdeskError) -> None:
        self._end()
        words, place = remedy(error)
        self.notice.show_error(
            error, words, lambda: self.go_to.emit(place), subject=subject_of_click(error), of=say("No draft")
        )
