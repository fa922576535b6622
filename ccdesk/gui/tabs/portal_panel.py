"""How a merchant comes by an API key of Constant Contact: the portal, the redirect addresses, the field."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ccdesk.core.redirects import redirect_addresses
from ccdesk.gui.components.fields import TextSetting
from ccdesk.gui.components.fold import fold_button
from ccdesk.gui.components.widgets import SELECTABLE, button, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.translation import marked, say
from ccdesk.gui.watch import Snapshot

PORTAL = "https://app.constantcontact.com/pages/dma/portal"  # constant-contact.md §2
WHY = marked(
    "Constant Contact lets a program in by an API key of your own. You make it once, in its developer "
    "portal, logged in as the person who will log in here."
)
STEPS = (
    marked(
        "1. Open the portal and create an application. Choose “Authorization Code Flow and PKCE” and "
        "“Rotating refresh tokens”."
    ),
    marked("2. Add these redirect addresses to it, exactly as they are:"),
    marked("3. Copy the API key shown there into this field."),
)
NO_KEY = marked("Enter the API key that the developer portal shows.")
COPIED = marked("Copied. Paste them into the portal.")


class PortalPanel(QWidget):
    """Guides through the portal; with a key that is there already only the field's fold is to be seen."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.setObjectName("portal_panel")
        self._context = context
        self._wished: bool | None = None
        self.fold = fold_button(say("API key and developer &portal"), "btn_portal_fold", self._on_fold)
        self.btn_open = button(say("Open developer portal"), "btn_portal", self._open, icon="external")
        self.addresses = label("\n".join(redirect_addresses()), name="lbl_redirects", wrap=False)
        self.addresses.setTextInteractionFlags(SELECTABLE)
        self.addresses.setAccessibleName(say("Redirect addresses"))
        self.btn_copy = button(say("&Copy all"), "btn_redirects_copy", self._copy, icon="copy")
        self.copied = label("", "good", name="lbl_redirects_copied", wrap=False)
        self.key = TextSetting(
            "cc_client_id", say("Constant Contact API &key"), placeholder=say("from the portal")
        )
        self.guide = QWidget()
        self._lay_out()

    def _lay_out(self) -> None:
        guide = QVBoxLayout(self.guide)
        guide.setContentsMargins(0, 0, 0, 0)
        guide.setSpacing(10)
        guide.addWidget(label(say(WHY), "muted"))
        guide.addWidget(label(say(STEPS[0])))
        guide.addLayout(row(self.btn_open, None))
        guide.addWidget(label(say(STEPS[1])))
        beside = row(self.addresses, self.btn_copy, self.copied, None, spacing=18)
        beside.setAlignment(self.btn_copy, Qt.AlignmentFlag.AlignTop)
        beside.setAlignment(self.copied, Qt.AlignmentFlag.AlignTop)
        guide.addLayout(beside)
        guide.addWidget(label(say(STEPS[2])))
        guide.addWidget(self.key)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(row(self.fold, None))
        layout.addWidget(self.guide)

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show the key that is stored; without one the guide is open, and cannot be folded away."""
        self.key.show_stored(snapshot.settings.cc_client_id, fixed="cc_client_id" in snapshot.fixed)
        has_key = bool(snapshot.settings.cc_client_id)
        self.fold.setVisible(has_key)
        self._show_fold(not has_key if self._wished is None else self._wished or not has_key)

    def wants_key(self) -> bool:
        """Say that a key is missing, if it is, and lead to its field."""
        if self.key.value and self.key.is_valid():
            return False
        self._wished = True
        self._show_fold(True)
        self.key.show_problem(say(NO_KEY) if not self.key.value else self.key.problem.text())
        self.key.line.setFocus()
        return True

    def _show_fold(self, is_open: bool) -> None:
        self.fold.show_open(is_open)
        self.guide.setVisible(is_open)

    @Slot()
    def _on_fold(self) -> None:
        self._wished = self.fold.is_open
        self._show_fold(self._wished)

    @Slot()
    def _open(self) -> None:
        if not self._context.open_url(PORTAL):
            text = say("Open it yourself: {address}").format(address=PORTAL)
            self._context.news.tell(say("The browser could not be opened"), text)

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(redirect_addresses()))
        self.copied.setText(say(COPIED))
