"""Info: on the first day one card at a time, later whether everything is all right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QScrollArea, QWidget

from ccdesk.core.errors import CcdeskError
from ccdesk.core.settings import StoredSettingsError
from ccdesk.gui.components.widgets import ElideLabel, label
from ccdesk.gui.context import Context
from ccdesk.gui.tabs.base import Tab, scrolling
from ccdesk.gui.tabs.check_line import CheckLine
from ccdesk.gui.tabs.checklist import Checklist, done_steps, in_first_day, next_step
from ccdesk.gui.tabs.connection_card import ConnectionCard
from ccdesk.gui.tabs.first_export import FirstExport
from ccdesk.gui.tabs.first_list import FirstList
from ccdesk.gui.tabs.info_cards import CallsCard, EnabledCard
from ccdesk.gui.tabs.kibo_form import KiboForm
from ccdesk.gui.tabs.login import LoginCard
from ccdesk.gui.tabs.month_picture import MonthPicture
from ccdesk.gui.tabs.needs_card import NeedsCard
from ccdesk.gui.tabs.overall_card import OverallCard
from ccdesk.gui.tabs.start_card import StartCard
from ccdesk.gui.translation import marked, say
from ccdesk.gui.watch import Snapshot
from ccdesk.service.api import ConnectionState

ABOUT = marked(
    "Synchronizes contact information and opt-in preferences across Kibo eCommerce and Constant Contact, for "
    "all sites on your tenant. A person is mailed only if they agreed to it."
)
UNREADABLE = "status"  # the subject of a notice that the status cannot be read
KIBO_CAPTIONS = {"name": marked("Tenant"), "who": marked("Application"), "since": marked("Since")}


class InfoTab(Tab):
    """The first tab, and where the first start leads through."""

    help_part = "info"

    def __init__(self, context: Context) -> None:
        super().__init__("tab_info", context)
        self._snapshot: Snapshot | None = None
        self._done: dict[str, bool] = {}
        self._was_first_day = False
        self._chosen = ""  # the step whose card somebody wants to see, though it is not the next one
        self._shown = ""  # the step whose card is shown
        self.overall = OverallCard(context, context.last_look)
        self.month = MonthPicture(context)
        self.month.day_chosen.connect(self._on_day)
        self.needs_card = NeedsCard(context)
        self.needs_card.jump.connect(self.go_to)
        self.checklist = Checklist()
        self.checklist.jump.connect(self._show_step)
        self.kibo_card = ConnectionCard("card_kibo", "Kibo eCommerce", "shop", KIBO_CAPTIONS)
        self.kibo_form = KiboForm(context)
        self.kibo_card.inside.addWidget(self.kibo_form)
        self.kibo_card.try_again.connect(context.watch.check)
        self.check_line = CheckLine(context)
        self.check_line.jump.connect(self.go_to)
        self.login_card = LoginCard(context, self.notice)
        self.login_card.try_again.connect(context.watch.check)
        self.first_list = FirstList(context)
        self.first_export = FirstExport(context)
        self.enabled_card = EnabledCard(context)
        self.enabled_card.failed.connect(self.show_failure)
        self.start_card = StartCard(context, "first_autostart")
        self.start_card.failed.connect(self.show_failure)
        self.calls_card = CallsCard()
        self.lbl_about = label(say(ABOUT), name="lbl_about")
        self.lbl_version = ElideLabel()
        self.lbl_version.setObjectName("lbl_version")
        self.lbl_version.setProperty("role", "muted")
        self.steps: dict[str, QWidget] = {
            "kibo": self.kibo_card,
            "login": self.login_card,
            "list": self.first_list,
            "export": self.first_export,
            "enable": self.enabled_card,
        }
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        page = scrolling(self)
        for part in (
            *(self.overall, self.needs_card, self.checklist, self.notice, self.lbl_about, self.month),
            *self.steps.values(),
            *(self.start_card, self.check_line, self.calls_card, self.lbl_version),
        ):
            page.addWidget(part)
        page.addStretch(1)
        for card in (self.first_list, self.first_export, self.month, self.overall, self.start_card):
            card.hide()

    def _connect(self) -> None:
        watch = self.context.watch
        watch.changed.connect(self._on_snapshot)
        watch.failed.connect(self._on_unreadable)
        watch.checking.connect(self._on_checking)
        watch.slow.connect(self._on_slow)
        self.kibo_form.saved.connect(self._follow)
        self.kibo_form.setup_file.taken.connect(self.first_list.show_stored_again)
        self.login_card.logged_in.connect(self._follow)
        self.first_list.saved.connect(self._follow)
        self.first_list.saved.connect(self.first_export.look)

    def refresh(self) -> None:
        """Read the status anew, and what has happened."""
        self.context.watch.refresh()
        self.overall.since.refresh()
        self.month.refresh()

    def reload(self) -> None:
        """Ask both services anew, and what the account offers where that could not be read."""
        self.context.watch.check()
        if self.first_list.isVisible():
            self.first_list.load()

    # going places

    def focus_kibo(self) -> None:
        """Lead to the Kibo form."""
        self._lead_to("kibo", self.kibo_card)
        self.kibo_form.focus_first_gap()

    def focus_needs(self) -> None:
        """Lead to what needs a person."""
        if self.needs_card.isVisible():
            self._reveal(self.needs_card)
            self.needs_card.rows[0].button.setFocus()

    def focus_secret(self) -> None:
        """Lead to the field of the Kibo secret."""
        self._lead_to("kibo", self.kibo_card)
        self.kibo_form.secret.setFocus()

    def focus_login(self) -> None:
        """Lead to the login button."""
        self._lead_to("login", self.login_card)
        self.login_card.btn_login.setFocus()

    def focus_enabled(self) -> None:
        """Lead to the Enabled switch."""
        self._show_card("enable")
        self._reveal(self.enabled_card)
        self.enabled_card.switch.setFocus()

    def _lead_to(self, step: str, card: ConnectionCard) -> None:
        self._show_card(step)
        card.unfold()
        self._reveal(card)

    def _show_card(self, step: str) -> None:
        self._chosen = step
        if self._snapshot is not None:
            self._show_cards(self._snapshot)

    @Slot(str)
    def _show_step(self, step: str) -> None:
        """Show the card of a step that was clicked, with the keyboard where its work begins."""
        self._show_card(step)
        card = {"kibo": self.kibo_card, "login": self.login_card}.get(step)
        if card is not None:
            card.unfold()  # a step that is done is gone back to for what is inside
        self._focus_step(step)

    def _focus_step(self, step: str) -> None:
        """Lead the keyboard to where the work of a step begins."""
        first: dict[str, Callable[[], object]] = {
            "kibo": self.kibo_form.focus_first_gap,
            "login": self.login_card.btn_login.setFocus,
            "list": self.first_list.list_field.combo.setFocus,
            "export": self.first_export.take_keyboard,
            "enable": self.enabled_card.switch.setFocus,
        }
        card = self.steps[step]
        if isinstance(card, ConnectionCard):
            card.unfold()
        self._reveal(card)
        first[step]()

    @Slot()
    def _follow(self) -> None:
        """Go on to the next step: the one that was shown is done."""
        self._chosen = ""
        self.kibo_card.follow_state()
        self.login_card.follow_state()
        if self._snapshot is not None:
            self._show_cards(self._snapshot)

    def _reveal(self, widget: QWidget) -> None:
        area = self.findChild(QScrollArea)
        if area is not None:
            area.ensureWidgetVisible(widget, 0, 24)

    # what is known

    @Slot(object)
    def _on_unreadable(self, error: CcdeskError) -> None:
        self.overall.show_unreadable(error)
        self.notice.show_error(error, subject=UNREADABLE)
        if isinstance(error, StoredSettingsError):
            self.kibo_form.show_to_mend(error)

    @Slot(object)
    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.notice.settle(UNREADABLE)
        self.overall.show_snapshot(snapshot)
        self.needs_card.show_snapshot(snapshot)
        self.kibo_card.show_connection(snapshot.status.kibo)
        self.login_card.show_snapshot(snapshot)
        self.first_list.show_snapshot(snapshot)
        self.first_export.show_snapshot(snapshot)
        self.enabled_card.show_snapshot(snapshot)
        self.kibo_form.show_snapshot(snapshot)
        self.calls_card.show_snapshot(snapshot)
        self.lbl_version.setText(
            say("ccdesk {version} · data in {folder}").format(
                version=snapshot.status.version, folder=snapshot.status.base_dir
            )
        )
        self._show_cards(snapshot)

    def _show_cards(self, snapshot: Snapshot) -> None:
        """Show the card of one step on the first day, and later everything but those of the first day."""
        first_day, done = in_first_day(snapshot), done_steps(snapshot)
        if self._chosen and done[self._chosen] and not self._done.get(self._chosen, True):
            self._chosen = ""  # it was done on its card: go on
        self._done = done
        if self._was_first_day and not first_day:  # the cards that led through it fold
            self.kibo_card.follow_state()
            self.login_card.follow_state()
        self._was_first_day = first_day
        shown = (self._chosen or next_step(snapshot)) if first_day else ""
        self.checklist.show_snapshot(snapshot, shown)
        status = snapshot.status
        for step, connection in (("kibo", status.kibo), ("login", status.constant_contact)):
            failing = done[step] and connection.state is ConnectionState.FAILED
            self.steps[step].setVisible(not first_day or shown == step or failing)
        self.first_list.setVisible(shown == "list")
        self.first_export.setVisible(shown == "export")
        self.enabled_card.setVisible(not first_day or shown == "enable")
        self.lbl_about.setVisible(first_day)
        self.overall.setVisible(not first_day)
        self.month.setVisible(not first_day)
        if self._shown and shown and shown != self._shown and self._chosen != shown and self.isVisible():
            self._focus_step(shown)  # the card that had the keyboard is gone
        self._shown = shown
        self._show_start(shown == "enable")
        self.check_line.setVisible(not first_day)
        self.calls_card.setVisible(not first_day)

    def _show_start(self, shown: bool) -> None:
        """Offer the start at login beside turning on; later the Settings tab has it."""
        wanted = shown and self.context.autostart is not None
        if wanted and self.start_card.isHidden():
            self.start_card.refresh()
        self.start_card.setVisible(wanted)

    @Slot(object)
    def _on_day(self, day: date) -> None:
        self.go_to.emit(f"day:{day.isoformat()}")

    @Slot(bool)
    def _on_checking(self, checking: bool) -> None:
        self.kibo_card.show_checking(checking)
        self.login_card.show_checking(checking)

    @Slot()
    def _on_slow(self) -> None:
        self.kibo_card.show_slow()
        self.login_card.show_slow()
