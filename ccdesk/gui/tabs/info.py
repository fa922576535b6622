"""Info: what the application is, both connections, the Enabled switch, calls used today, version."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QWidget

from ccdesk.core.errors import CcdeskError
from ccdesk.gui.components.widgets import ElideLabel, label
from ccdesk.gui.context import Context
from ccdesk.gui.tabs.base import Tab, scrolling
from ccdesk.gui.tabs.check_line import CheckLine
from ccdesk.gui.tabs.checklist import Checklist
from ccdesk.gui.tabs.connection_card import ConnectionCard
from ccdesk.gui.tabs.info_cards import CallsCard, EnabledCard
from ccdesk.gui.tabs.kibo_form import KiboForm
from ccdesk.gui.tabs.login import LoginCard
from ccdesk.gui.tabs.needs_card import NeedsCard
from ccdesk.gui.watch import Snapshot

ABOUT = (
    "Synchronizes contact information and opt-in preferences across Kibo eCommerce and Constant Contact, for "
    "all sites on your tenant. A person is mailed only if they agreed to it."
)
UNREADABLE = "status"  # the subject of a notice that the status cannot be read
KIBO_CAPTIONS = {"name": "Tenant", "who": "Application", "since": "Since"}


class InfoTab(Tab):
    """The first tab, and where the first start leads through."""

    help_part = "info"

    def __init__(self, context: Context) -> None:
        super().__init__("tab_info", context)
        self.needs_card = NeedsCard(context)
        self.needs_card.jump.connect(self.go_to)
        self.checklist = Checklist()
        self.checklist.jump.connect(self.go_to)
        self.kibo_card = ConnectionCard("card_kibo", "Kibo eCommerce", "shop", KIBO_CAPTIONS)
        self.kibo_card.body.addStretch(1)
        self.kibo_card.try_again.connect(context.watch.check)
        self.check_line = CheckLine(context)
        self.check_line.jump.connect(self.go_to)
        self.login_card = LoginCard(context, self.notice)
        self.login_card.try_again.connect(context.watch.check)
        self.enabled_card = EnabledCard(context)
        self.enabled_card.failed.connect(self.show_failure)
        self.kibo_form = KiboForm(context)
        self.calls_card = CallsCard()
        self.lbl_version = ElideLabel()
        self.lbl_version.setObjectName("lbl_version")
        self.lbl_version.setProperty("role", "muted")
        self._lay_out()
        context.watch.changed.connect(self._on_snapshot)
        context.watch.failed.connect(self._on_unreadable)
        context.watch.checking.connect(self._on_checking)
        context.watch.slow.connect(self._on_slow)

    def _lay_out(self) -> None:
        page = scrolling(self)
        cards = QHBoxLayout()
        cards.setSpacing(14)
        cards.addWidget(self.kibo_card, 1)
        cards.addWidget(self.login_card, 1)
        page.addWidget(self.needs_card)
        page.addWidget(self.checklist)
        page.addWidget(self.notice)
        page.addWidget(label(ABOUT))
        page.addLayout(cards)
        page.addWidget(self.check_line)
        page.addWidget(self.enabled_card)
        page.addWidget(self.kibo_form)
        page.addWidget(self.calls_card)
        page.addWidget(self.lbl_version)
        page.addStretch(1)

    def refresh(self) -> None:
        """Read the status anew."""
        self.context.watch.refresh()

    def reload(self) -> None:
        """Ask both services anew."""
        self.context.watch.check()

    def focus_kibo(self) -> None:
        """Lead to the Kibo form."""
        self._reveal(self.kibo_form)
        self.kibo_form.focus_first_gap()

    def focus_needs(self) -> None:
        """Lead to what needs a person."""
        if self.needs_card.isVisible():
            self._reveal(self.needs_card)
            self.needs_card.rows[0].button.setFocus()

    def focus_secret(self) -> None:
        """Lead to the field of the Kibo secret."""
        self._reveal(self.kibo_form)
        self.kibo_form.secret.setFocus()

    def focus_login(self) -> None:
        """Lead to the login button."""
        self._reveal(self.login_card)
        self.login_card.btn_login.setFocus()

    def focus_enabled(self) -> None:
        """Lead to the Enabled switch."""
        self._reveal(self.enabled_card)
        self.enabled_card.switch.setFocus()

    def _reveal(self, widget: QWidget) -> None:
        area = self.findChild(QScrollArea)
        if area is not None:
            area.ensureWidgetVisible(widget, 0, 24)

    @Slot(object)
    def _on_unreadable(self, error: CcdeskError) -> None:
        self.notice.show_error(error, subject=UNREADABLE)

    @Slot(object)
    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self.notice.settle(UNREADABLE)
        self.needs_card.show_snapshot(snapshot)
        self.checklist.show_snapshot(snapshot)
        self.kibo_card.show_connection(snapshot.status.kibo)
        self.login_card.show_snapshot(snapshot)
        self.enabled_card.show_snapshot(snapshot)
        self.kibo_form.show_snapshot(snapshot)
        self.calls_card.show_snapshot(snapshot)
        self.lbl_version.setText(f"ccdesk {snapshot.status.version} · data in {snapshot.status.base_dir}")

    @Slot(bool)
    def _on_checking(self, checking: bool) -> None:
        self.kibo_card.show_checking(checking)
        self.login_card.show_checking(checking)

    @Slot()
    def _on_slow(self) -> None:
        self.kibo_card.show_slow()
        self.login_card.show_slow()
