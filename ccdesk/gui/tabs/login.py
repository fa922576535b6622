"""The Constant Contact card: log in through the browser, wait, cancel, log out."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QVBoxLayout

from ccdesk.core.errors import Cancelled, CcdeskError
from ccdesk.core.ports.mail import Account
from ccdesk.gui.components.icons import set_icon
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.news import LOGIN, LOGIN_TRIED
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import button, disable, label, restyle, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.question import ask
from ccdesk.gui.dialogs.words import other_account
from ccdesk.gui.tabs.checklist import done_steps
from ccdesk.gui.tabs.connection_card import ConnectionCard
from ccdesk.gui.tabs.portal_panel import PortalPanel
from ccdesk.gui.translation import marked, say
from ccdesk.gui.watch import Snapshot
from ccdesk.service.api import AccountChanged, ConnectionState, SaveResult
from ccdesk.service.logged_out import LoggedOut

LOGIN_TIMEOUT = 600.0  # seconds a person may take in the browser
CAPTIONS = {
    "name": marked("Organization"),
    "who": marked("Logged in as"),
    "since": marked("Since"),
    "expires": marked("Login expires"),
}
HOW_TO_REMOVE = marked("To remove it: Kibo connection › Remove Secret.")


class _Address(QObject):
    """Carries the address to open from the waiting thread into the GUI thread."""

    ready = Signal(str)


class LoginCard(ConnectionCard):
    """State of the Constant Contact connection, and the login."""

    logged_in = Signal()

    def __init__(self, context: Context, notice: Notice) -> None:
        super().__init__("card_constant_contact", "Constant Contact", "mail", CAPTIONS)
        self._context, self._notice = context, notice
        self._cancel: threading.Event | None = None
        self._url = ""
        self._address = _Address(self)
        self._address.ready.connect(self._on_address)
        self.btn_login = button(say("&Log in to Constant Contact"), "btn_login", self.log_in, icon="external")
        self.btn_logout = button(say("Log &out"), "btn_logout", self._log_out)
        self.portal = PortalPanel(context)
        self.inside.addWidget(self.portal)
        self.inside.addWidget(self._waiting_row())
        self.inside.addLayout(row(self.btn_login, self.btn_logout, None))
        self._show_waiting(False)

    def _waiting_row(self) -> QFrame:
        self.waiting = QFrame()
        self.waiting.setObjectName("login_waiting")
        self.lbl_waiting = label("", name="lbl_login_waiting")
        self.btn_cancel = button(say("Ca&ncel"), "btn_login_cancel", self.cancel)
        self.btn_copy = button(say("Cop&y the Address"), "btn_login_copy", self._copy, icon="copy")
        layout = QVBoxLayout(self.waiting)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.addWidget(self.lbl_waiting)
        layout.addLayout(row(self.btn_cancel, self.btn_copy, None))
        return self.waiting

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show how the connection stands."""
        connection = snapshot.status.constant_contact
        self.show_connection(connection)
        self.portal.show_snapshot(snapshot)
        needed = connection.state in (ConnectionState.NOT_SET_UP, ConnectionState.LOGIN_NEEDED)
        is_next = needed and done_steps(snapshot)["kibo"]  # the step before it comes first
        restyle(self.btn_login, "primary", is_next)
        self._tint_login()
        never = needed and not connection.name and connection.error is None  # nobody has ever logged in
        self.btn_logout.setVisible(not never)

    @property
    def has_changes(self) -> bool:
        """Say whether an API key was entered that is not saved."""
        return self.portal.key.is_changed

    @Slot()
    def log_in(self) -> None:
        """Save the API key if it is a new one, open the browser and wait in the background."""
        if self._cancel is not None or self.portal.wants_key():
            return
        if self.portal.key.is_changed:
            self._save_key(self.portal.key.value)
        else:
            self._go_to_browser()

    def _save_key(self, key: str) -> None:
        desk = self._context.desk
        disable(self.btn_login, self.portal.key.line)
        self._context.tasks.run(
            self,
            lambda: desk.save_settings({"cc_client_id": key}),
            done=self._on_key_saved,
            failed=self._on_key_refused,
            key="key",
        )

    def _on_key_saved(self, _: SaveResult) -> None:
        self.portal.key.mark_stored()
        self._go_to_browser()

    def _on_key_refused(self, error: CcdeskError) -> None:
        self.btn_login.setEnabled(True)
        self._show_failure(error)

    def _go_to_browser(self) -> None:
        cancel = threading.Event()
        self._cancel, self._url = cancel, ""
        self._notice.clear()
        self._show_waiting(True)
        desk, address = self._context.desk, self._address
        self._context.tasks.run(
            self,
            lambda: desk.log_in(open_url=address.ready.emit, timeout=LOGIN_TIMEOUT, cancel=cancel),
            done=self._on_logged_in,
            failed=self._on_failed,
            key="login",
            cancel=cancel,
        )

    @Slot()
    def cancel(self) -> None:
        """Wait no longer for the browser."""
        if self._cancel is not None:
            self._cancel.set()
            self.lbl_waiting.setText(say("Cancelling…"))

    def _tint_login(self) -> None:
        stands_out = bool(self.btn_login.property("primary")) and self.btn_login.isEnabled()
        set_icon(self.btn_login, "external", Tone.ON_ACCENT if stands_out else Tone.NEUTRAL)

    def _show_waiting(self, waiting: bool) -> None:
        back = self.btn_cancel.hasFocus()
        self.waiting.setVisible(waiting)
        if waiting:
            disable(self.btn_login, self.btn_cancel)
        else:
            self.btn_login.setEnabled(True)
        if back:
            self.btn_login.setFocus()
        self._tint_login()
        self.btn_copy.setEnabled(bool(self._url))
        if waiting:
            self.lbl_waiting.setText(say("Preparing the login…"))

    @Slot(str)
    def _on_address(self, url: str) -> None:
        self._url = url
        self.btn_copy.setEnabled(True)
        if self._context.open_url(url):
            self.lbl_waiting.setText(say("Waiting for the browser… Log in there and click Allow."))
        else:
            self.lbl_waiting.setText(
                say("The browser could not be opened. Copy the address and open it yourself.")
            )

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._url)
        self.lbl_waiting.setText(say("Address copied. Waiting for the browser…"))

    def _end(self) -> None:
        self._cancel = None
        self._show_waiting(False)
        self._context.watch.check()

    def _on_logged_in(self, account: Account) -> None:
        self._end()
        self._context.news.settle(LOGIN_TRIED)
        title = say("Logged in to Constant Contact as {name}").format(name=account.organization)
        self._context.news.tell(title, subject=LOGIN)
        self.follow_state()
        self._context.monitor.wake()
        self.logged_in.emit()

    def _on_failed(self, error: CcdeskError) -> None:
        self._end()
        if isinstance(error, AccountChanged):
            ask(other_account(error), self.window(), yes=self._accept, no=self._reject)
        elif isinstance(error, Cancelled):
            self._context.news.tell(say("The login was cancelled"), say("Nothing was changed."))
        else:
            self._show_failure(error)

    def _show_failure(self, error: CcdeskError) -> None:
        self._notice.show_error(error, subject=LOGIN_TRIED)

    @Slot()
    def _accept(self) -> None:
        self._context.tasks.run(
            self, self._context.desk.accept_login, done=self._on_logged_in, failed=self._show_failure
        )

    @Slot()
    def _reject(self) -> None:
        words = (say("The former login was kept"), say("Nothing was changed."))
        self._context.tasks.run(
            self,
            self._context.desk.reject_login,
            done=lambda _: self._context.news.tell(*words),
            failed=self._show_failure,
        )

    @Slot()
    def _log_out(self) -> None:
        self._context.tasks.run(
            self, self._context.desk.log_out, done=self._on_logged_out, failed=self._show_failure
        )

    def _on_logged_out(self, result: LoggedOut) -> None:
        self._context.watch.check()
        shown = [say(sentence) for sentence in result.sentences(how_to_remove=HOW_TO_REMOVE)]
        self._context.news.settle(LOGIN)
        self._notice.show_text(
            Tone.NEUTRAL,
            say("Logged out of Constant Contact"),
            " ".join([say("Nothing is sent or fetched until you log in again."), *shown]),
            subject=LOGIN_TRIED,
        )
