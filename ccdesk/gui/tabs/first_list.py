"""The third card of the first day: list, welcome email and sender, filled in as far as is known."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QRadioButton

from ccdesk.core.errors import CcdeskError, LoginNeeded
from ccdesk.core.models import ContactList
from ccdesk.gui.components.fields import problem_with
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import Card, button, disable, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.tabs.settings import WELCOME_REMINDER, WELCOME_STATES, saved_words
from ccdesk.gui.tabs.settings_fields import LOG_IN, ListField, SenderField, read_choices, read_welcome_mail
from ccdesk.gui.translation import marked, say
from ccdesk.gui.watch import Snapshot
from ccdesk.service.api import SaveResult, WelcomeMail

USUAL_NAME = "Kibo customers"
NEW_LIST = marked("New list: it will be created, empty")
TRY_AGAIN = marked("Press F5 to try again.")


class FirstList(Card):
    """One click where the account has no list of that name and one confirmed address."""

    saved = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(say("Which list do opted-in customers join?"))
        self.setObjectName("card_first_list")
        self._context = context
        self._account = ""  # whose lists and addresses are on offer
        self._stored_shown = False  # afterwards it is what somebody chooses here
        self.list_field = ListField(new_list=NEW_LIST)
        self.list_field.combo.setObjectName("cmb_first_list")
        self.list_field.line.setObjectName("inp_first_list")
        self.sender_field = SenderField()
        self.sender_field.combo.setObjectName("cmb_first_sender")
        self.by_kibo = QRadioButton(say("&Kibo's own Welcome email greets new customers"))
        self.by_mail = QRadioButton(say("Constant Contact sends its &welcome email"))
        self.by_kibo.setObjectName("rad_welcome_kibo")
        self.by_mail.setObjectName("rad_welcome_mail")
        self.by_kibo.setChecked(True)
        self.by_mail.toggled.connect(self._show_welcome)
        self.lbl_welcome = label("", "muted", name="lbl_first_welcome")
        self._mail: WelcomeMail | None = None
        self.notice = Notice("notice_first_list")
        self.btn_save = button(say("Use this list"), "btn_first_list", self._save, primary=True)
        self.btn_save.setEnabled(False)  # until the field is filled in
        self._saving = False
        self.list_field.edited.connect(self._show_button)
        self.body.addWidget(self.list_field)
        self.body.addWidget(self.sender_field)
        self.body.addWidget(label(say("Who greets a customer who has just opted in?"), "label"))
        self.body.addWidget(self.by_kibo)
        self.body.addWidget(self.by_mail)
        for part in (self.lbl_welcome, self.notice):
            self.body.addWidget(part)
        self.body.addLayout(row(None, self.btn_save))
        self._show_welcome()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show what is stored, and offer what the account has once it is known which one it is."""
        settings = snapshot.settings
        if not self._stored_shown:
            self._stored_shown = True
            self.list_field.show_name(settings.contact_list, snapshot.status.contact_list)
            self.sender_field.show_address(settings.from_email)
            self.by_mail.setChecked(settings.welcome_email)
            self._show_button()
        account = snapshot.status.constant_contact.name if snapshot.logged_in else ""
        if account and account != self._account and not snapshot.quick:
            self._account = account
            self.load()

    @Slot()
    def show_stored_again(self) -> None:
        """Show what is stored instead of what was here: a set-up file was taken over."""
        self._stored_shown = False

    def load(self) -> None:
        """Read what the account offers, and what Kibo's own email does."""
        read_choices(
            self,
            self._context,
            self.list_field,
            self.sender_field,
            on_lists=self._on_lists,
            on_senders=self._on_senders,
            failed=self._on_unread,
        )
        read_welcome_mail(self, self._context, done=self._on_welcome)

    def _on_lists(self, lists: list[ContactList]) -> None:
        self.notice.clear()
        if not self.list_field.name:
            self.list_field.combo.setEditText(USUAL_NAME)
        self.list_field.show_lists(lists)

    def _on_senders(self, senders: list[str]) -> None:
        self.sender_field.show_senders(senders)
        if len(senders) == 1 and not self.sender_field.address:
            self.sender_field.show_address(senders[0])

    def _on_unread(self, error: CcdeskError) -> None:
        self._account = ""  # the next look reads them again
        advice = LOG_IN if isinstance(error, LoginNeeded) else TRY_AGAIN
        self.list_field.show_lists(None, advice)
        self.sender_field.show_senders(None, advice)
        self.notice.show_error(error)

    def _on_welcome(self, mail: WelcomeMail) -> None:
        self._mail = mail
        self._show_welcome()

    @Slot()
    def _show_button(self) -> None:
        self.btn_save.setEnabled(bool(self.list_field.name) and not self._saving)

    @Slot()
    @Slot(bool)
    def _show_welcome(self, _on: bool = False) -> None:
        """Say what Kibo's own email does: two greetings are one too many, and none is one too few."""
        state = say(WELCOME_STATES[self._mail.on]) if self._mail is not None else ""
        twice = self.by_mail.isChecked() and (self._mail is None or self._mail.on is not False)
        words = say(WELCOME_REMINDER) if twice else ""
        self.lbl_welcome.setText(" ".join(part for part in (state, words) if part))
        self.lbl_welcome.setVisible(bool(self.lbl_welcome.text()))

    @Slot()
    def _save(self) -> None:
        name = self.list_field.name
        missing = say("Enter the name of a list, or choose one.")
        problem = problem_with("contact_list", name) if name else missing
        self.list_field.show_problem(problem)
        if problem:
            self.list_field.combo.setFocus()
            return
        values = {
            "contact_list": name,
            "welcome_email": "true" if self.by_mail.isChecked() else "false",
            **({"from_email": self.sender_field.address} if self.sender_field.address else {}),
        }
        desk, self._saving = self._context.desk, True
        disable(self.btn_save, self.list_field.combo)
        self.notice.show_text(Tone.NEUTRAL, say("Saving…"))
        self._context.tasks.run(
            self, lambda: desk.save_settings(values), done=self._on_saved, failed=self._on_failed, key="save"
        )

    def _on_saved(self, result: SaveResult) -> None:
        self._end_saving()
        self.notice.clear()
        self._context.news.tell(*saved_words(result))
        self._context.monitor.wake()
        self._context.watch.refresh()
        self.saved.emit()

    def _on_failed(self, error: CcdeskError) -> None:
        self._end_saving()
        self.notice.show_error(error)

    def _end_saving(self) -> None:
        self._saving = False
        self._show_button()
