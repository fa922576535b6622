"""Settings: the list, the welcome email, and the sender for campaigns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QScrollArea, QVBoxLayout

from ccdesk.core.errors import CcdeskError, LoginNeeded, SettingsError
from ccdesk.core.models import ContactList
from ccdesk.core.runs import Outcome, Run, RunKind
from ccdesk.core.settings import SETTINGS, Settings, StoredSettingsError
from ccdesk.gui.components.fields import problem_with
from ccdesk.gui.components.icons import IconLabel
from ccdesk.gui.components.news import LIST
from ccdesk.gui.components.plain import one_line
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import Card, button, disable, label, row
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.question import ask
from ccdesk.gui.dialogs.words import list_change
from ccdesk.gui.tabs.base import Tab, bottom_bar, scrolling
from ccdesk.gui.tabs.campaign_draft import CampaignDraft
from ccdesk.gui.tabs.settings_fields import LOG_IN, ListField, SenderField, read_choices, read_welcome_mail
from ccdesk.gui.tabs.start_card import StartCard
from ccdesk.gui.tabs.updates_card import UpdatesCard
from ccdesk.gui.translation import marked, say
from ccdesk.gui.watch import Snapshot
from ccdesk.service.api import ConnectionState, SaveResult, WelcomeMail
from ccdesk.service.needs_you import NeedKind

WELCOME_HINT = marked(
    "If you do not select this option, customers will receive the default Welcome email set for your site."
)
WELCOME_TEST = marked(  # constant-contact.md §22 on §17
    "Test it first with an email address of your own: opt in with it in your shop, and see whether Constant "
    "Contact's welcome email comes. Its welcome automations may not start for contacts that come through "
    "an integration; an automation path that starts with “Added to a specific list” does. Leave the default "
    "Kibo email on until yours has come."
)
WELCOME_REMINDER = marked(
    "If you are using Constant Contact for your welcome email, you must disable the default Kibo email. In "
    "Admin, go to System > Settings > General and disable the Welcome option under Notifications > Enable "
    "Mozu Transactional Emails > Shoppers."
)
SEE_INFO = marked("The Info tab says why.")
TRY_AGAIN = marked("F5 tries again.")
WELCOME_STATES = {
    True: marked("Kibo's Welcome notification appears to be on."),
    False: marked("Kibo's Welcome notification appears to be off."),
    None: marked("We couldn't check whether Kibo's Welcome email is on."),
}
CHECKING_WELCOME = marked("Checking whether Kibo's Welcome notification is on…")
UNREADABLE = "stored"  # the subject of a notice that stored settings are not valid
THEN = marked("Then go back to the Sync tab and click Sync Contacts.")


class SettingsTab(Tab):
    """Three settings and Save; nothing takes effect before."""

    help_part = "settings"
    save_began = Signal()
    save_ended = Signal(bool)  # whether it went well; then the new settings are in the snapshot, too

    def __init__(self, context: Context) -> None:
        super().__init__("tab_settings", context)
        self._snapshot: Snapshot | None = None
        self._to_mend: StoredSettingsError | None = None  # what is stored is not valid, and can be saved anew
        self._unedited: dict[str, str] = {}  # what the fields held when the stored settings were shown
        self._welcome: WelcomeMail | None = None
        self._shown_account: tuple[object, ...] = ()
        self._organization = ""
        self._has_choices = False
        self._awaited: dict[str, str] | None = None  # saved, and not read back yet
        self._older_expected = False
        self.list_field = ListField()
        self.list_field.edited.connect(self._on_edited)
        self.draft = CampaignDraft(context)
        self.draft.go_to.connect(self.go_to)
        self.sender_field = SenderField(beside=self.draft.btn_draft, remark=self.draft.lbl_draft)
        self.sender_field.edited.connect(self._on_edited)
        self.chk_welcome = QCheckBox(say("Send &welcome email to customer on signup"))
        self.chk_welcome.setObjectName("chk_welcome")
        self.chk_welcome.setAccessibleName(say("Send welcome email to customer on signup"))
        self.chk_welcome.clicked.connect(self._on_edited)
        self.welcome_icon = IconLabel("info")
        self.lbl_welcome = label("", "muted", name="lbl_kibo_welcome")
        self.lbl_unsaved = label("", "muted", name="lbl_unsaved", wrap=False)
        self.btn_discard = button(say("&Discard Changes"), "btn_settings_discard", self._discard)
        self.btn_save = button(say("&Save"), "btn_settings_save", self._save, primary=True)
        self.start_card = StartCard(context)
        self.start_card.failed.connect(self.show_failure)
        self.updates_card = UpdatesCard(context)
        self._lay_out()
        self._show_welcome()
        self._on_edited()
        context.watch.changed.connect(self._on_snapshot)
        context.watch.failed.connect(self._on_unreadable)
        context.bridge.finished.connect(self._on_run)

    def _lay_out(self) -> None:
        bar = bottom_bar(self.lbl_unsaved, None, self.btn_discard, self.btn_save)
        page = scrolling(self, below=bar)
        page.addWidget(self.notice)
        list_card, welcome_card = Card(name=say("Contact list")), Card(name=say("Welcome email"))
        sender_card = Card(name=say("Sender"))
        list_card.body.addWidget(self.list_field)
        welcome_card.body.addWidget(self.chk_welcome)
        reminder = row(self.welcome_icon, self.lbl_welcome, spacing=10)
        reminder.setStretch(1, 1)
        hints = QVBoxLayout()
        hints.setContentsMargins(28, 0, 0, 0)
        hints.setSpacing(8)
        hints.addWidget(label(say(WELCOME_HINT), "muted"))
        hints.addWidget(label(say(WELCOME_TEST), "muted", name="lbl_welcome_test"))
        hints.addLayout(reminder)
        welcome_card.body.addLayout(hints)
        sender_card.body.addWidget(self.sender_field)
        sender_card.body.addWidget(self.draft.notice)
        for card in (list_card, welcome_card, sender_card):
            page.addWidget(card)
        page.addWidget(self.start_card)
        page.addWidget(self.updates_card)
        page.addStretch(1)

    # what is stored

    def refresh(self) -> None:
        """Read the settings anew; what the account offers costs calls and is read anew by F5 only."""
        self.context.watch.refresh()
        self.start_card.refresh()
        if not self._has_choices:
            self._load_choices()

    def reload(self) -> None:
        """Read the account's lists and senders, and Kibo's Welcome mail, anew."""
        if self._snapshot is not None and not (self._snapshot.logged_in and self._snapshot.kibo_ready):
            self.context.watch.check()  # what failed may be well again
        self.start_card.refresh()
        self.context.watch.refresh()
        self._load_choices()

    @property
    def has_changes(self) -> bool:
        """Say whether something is not saved."""
        return bool(self._changed())

    def focus_list(self) -> None:
        """Lead to the list's name, and to what is said below it."""
        self.list_field.combo.setFocus()
        for area in self.findChildren(QScrollArea):
            area.ensureWidgetVisible(self.list_field, 0, 24)

    @Slot(object)
    def _on_snapshot(self, snapshot: Snapshot) -> None:
        unedited = self._to_mend is not None and self._in_fields() == self._unedited  # mended elsewhere
        clean = unedited or not self.has_changes
        self._snapshot, self._to_mend = snapshot, None
        self.notice.settle(UNREADABLE)
        self._end_save(snapshot)
        if clean:
            self._show_stored()
        self.list_field.combo.setEnabled("contact_list" not in snapshot.fixed)
        self.chk_welcome.setEnabled("welcome_email" not in snapshot.fixed)
        self.sender_field.combo.setEnabled("from_email" not in snapshot.fixed)
        account = (
            snapshot.logged_in,
            snapshot.status.constant_contact.name,
            snapshot.kibo_ready,
            _fate_of_list(snapshot),
        )
        self._forget_other_account(snapshot.status.constant_contact.name)
        if account != self._shown_account and not snapshot.quick:
            self._shown_account = account
            self._load_choices()
        self._on_edited()

    @Slot(object)
    def _on_unreadable(self, error: CcdeskError) -> None:
        """Have stored values that are not valid put right here; without a snapshot nothing else is known."""
        if not isinstance(error, StoredSettingsError):
            return
        if self._to_mend is None or self._to_mend.wrong != error.wrong:  # else somebody may be typing
            self._to_mend = error
            self._show_stored()
            self.notice.show_error(error, subject=UNREADABLE)
        self._on_edited()

    @property
    def _stored(self) -> Settings | None:
        """The settings as they are stored, as far as they are valid; None before they were read."""
        if self._to_mend is not None:
            return self._to_mend.others
        return self._snapshot.settings if self._snapshot is not None else None

    def _forget_other_account(self, organization: str) -> None:
        """Another account has other lists and addresses; one that does not answer has kept its own."""
        if organization and self._organization and organization != self._organization:
            self.list_field.forget()
            self.sender_field.forget()
        self._organization = organization or self._organization

    def _show_stored(self) -> None:
        settings = self._stored
        if settings is None:
            return
        wrong = self._to_mend.wrong if self._to_mend is not None else {}
        name = wrong.get("contact_list", settings.contact_list)
        self.list_field.show_name(name, self._snapshot.status.contact_list if self._snapshot else name)
        self.chk_welcome.setChecked(settings.welcome_email)
        self.sender_field.show_address(settings.from_email)  # none: it is chosen once the addresses are read
        self._unedited = self._in_fields()

    def _load_choices(self) -> None:
        if self._snapshot is None or self._snapshot.quick:
            return
        if self._snapshot.logged_in:
            read_choices(
                self,
                self.context,
                self.list_field,
                self.sender_field,
                on_lists=self._on_lists,
                on_senders=self._on_senders,
                failed=self._on_choices_failed,
            )
        else:
            failed = self._snapshot.status.constant_contact.state is ConnectionState.FAILED
            self._show_no_choices(SEE_INFO if failed else LOG_IN)
        if not self._snapshot.kibo_ready:
            self._on_welcome(self._welcome or WelcomeMail(None))
        else:
            read_welcome_mail(self, self.context, done=self._on_welcome)

    @Slot(object)
    def _on_run(self, run: Run) -> None:
        """Read the lists anew after a run that put people on one: their numbers are shown."""
        snapshot = self._snapshot
        added = run.kind is RunKind.EXPORT and run.counts.get(Outcome.ADDED.value)
        if added and self._has_choices and snapshot is not None and snapshot.logged_in:
            read = self.context.desk.contact_lists
            self.context.tasks.run(self, read, done=self._on_lists, failed=lambda _: None, key="lists")

    def _on_lists(self, lists: list[ContactList]) -> None:
        self.list_field.show_lists(lists)
        self._on_edited()

    def _on_senders(self, senders: list[str]) -> None:
        self._has_choices = True
        self.sender_field.show_senders(senders)
        self._on_edited()

    def _on_choices_failed(self, error: CcdeskError) -> None:
        self._has_choices = False
        self._show_no_choices(LOG_IN if isinstance(error, LoginNeeded) else TRY_AGAIN)
        self.show_error(error)

    def _show_no_choices(self, advice: str) -> None:
        self.list_field.show_lists(None, advice)
        self.sender_field.show_senders(None, advice)

    def _on_welcome(self, mail: WelcomeMail) -> None:
        self._welcome = mail
        self._show_welcome()

    # what is on screen

    def _in_fields(self) -> dict[str, str]:
        return {
            "contact_list": self.list_field.name,
            "welcome_email": _flag(self.chk_welcome.isChecked()),
            "from_email": self.sender_field.address,
        }

    def _changed(self) -> dict[str, str]:
        """Return what differs from the stored settings, or stands for one that is not valid."""
        settings = self._stored
        if settings is None:
            return {}
        wrong = self._to_mend.wrong if self._to_mend is not None else {}
        before = {
            "contact_list": settings.contact_list,
            "welcome_email": _flag(settings.welcome_email),
            "from_email": settings.from_email,
        }
        return {key: now for key, now in self._in_fields().items() if now != before[key] or key in wrong}

    @Slot()
    def _on_edited(self) -> None:
        changed = self.has_changes
        self.lbl_unsaved.setText(say("Unsaved changes") if changed else "")
        self.btn_discard.setVisible(changed)
        if changed or self.list_field.is_gone:
            self.btn_save.setEnabled(True)
        else:
            disable(self.btn_save, self.list_field.combo)
        self.draft.show_state(self._snapshot, unsaved=changed)
        self._show_welcome()

    def _show_welcome(self) -> None:
        mail = self._welcome
        twice = self.chk_welcome.isChecked() and (mail is None or mail.on is not False)
        self.welcome_icon.show_icon("warning" if twice else "info", Tone.WARNING if twice else Tone.NEUTRAL)
        state = say(WELCOME_STATES[mail.on] if mail is not None else CHECKING_WELCOME)
        self.lbl_welcome.setText(f"{say(WELCOME_REMINDER)} {state}")

    @Slot()
    def _discard(self) -> None:
        self._show_stored()
        self.list_field.show_problem("")
        self._on_edited()

    # saving

    def _is_valid(self) -> bool:
        name = self.list_field.name
        problem = problem_with("contact_list", name)
        if not name:
            problem = say("Enter the name of a contact list, or choose one.")
        self.list_field.show_problem(problem)
        address = problem_with("from_email", self.sender_field.address)
        self.sender_field.show_problem(address)
        if problem:
            self.list_field.combo.setFocus()
        elif address:
            self.sender_field.combo.setFocus()
        return not (problem or address)

    @Slot()
    def _save(self) -> None:
        settings = self._stored
        if settings is None or not self._is_valid():
            return
        old, new = settings.contact_list, self.list_field.name
        if old and new != old:
            ask(list_change(old, new), self.window(), yes=self._save_now)
        else:
            self._save_now()

    @Slot()
    def _save_now(self) -> None:
        values, desk = self._changed(), self.context.desk
        if self.list_field.is_gone:  # it has its old name: saving that makes it anew
            values["contact_list"] = self.list_field.name
        disable(self.btn_save, self.list_field.combo)
        self.notice.show_text(Tone.NEUTRAL, say("Saving…"))
        self._awaited = None
        self.save_began.emit()
        self.context.tasks.run(
            self,
            lambda: desk.save_settings(values),
            done=lambda result: self._on_saved(values, result),
            failed=self._on_save_failed,
            key="save",
        )

    def _end_save(self, snapshot: Snapshot) -> None:
        """Tell that what was saved is in force: a snapshot that was under way meanwhile may be older."""
        if self._awaited is None:
            return
        self._older_expected, is_older = False, self._older_expected
        if _holds(snapshot.settings, self._awaited) or not is_older:
            self._awaited = None
            self.save_ended.emit(True)

    def say_list_is_missing(self) -> None:
        """Say why somebody who wanted to export finds themselves here."""
        name = self.list_field.name
        if self.has_changes and name:
            title = say("Save your settings first")
            text = say("“{name}” is not saved yet.").format(name=one_line(name))
        else:
            title, text = say("Choose a contact list first"), say("An export needs one.")
        self.notice.show_text(Tone.NEUTRAL, title, f"{text} {say(THEN)}")

    def _on_saved(self, values: dict[str, str], result: SaveResult) -> None:
        title, text = saved_words(result)
        self.notice.clear()
        self.context.news.tell(title, text, subject=LIST)
        if result.notes:  # more than a confirmation: it stays until it is read
            self.notice.show_text(Tone.NEUTRAL, say("Saved"), "\n".join(say(note) for note in result.notes))
        self._awaited, self._older_expected = values, True
        self._take_as_stored(values)
        self._on_edited()
        self.context.monitor.wake()
        self.context.watch.refresh()
        if result.created_list:
            self.list_field.add_list(result.created_list)
            self._load_choices()

    def _take_as_stored(self, values: dict[str, str]) -> None:
        """Until the fresh snapshot comes, what was sent is what is stored."""
        if self._snapshot is None:
            return
        kept: dict[str, Any] = {**values}
        if "welcome_email" in kept:
            kept["welcome_email"] = kept["welcome_email"] == _flag(True)
        self._snapshot = replace(self._snapshot, settings=replace(self._snapshot.settings, **kept))

    def _on_save_failed(self, error: CcdeskError) -> None:
        self.save_ended.emit(False)
        self._on_edited()
        if isinstance(error, SettingsError) and "contact_list" in error.title:
            self.list_field.show_problem(say(error.meaning))
        self.show_failure(error)


def _holds(settings: Settings, values: dict[str, str]) -> bool:
    """Say whether settings have these values."""
    shown = {"welcome_email": _flag(settings.welcome_email)}
    return all(shown.get(key, getattr(settings, key)) == value for key, value in values.items())


def _fate_of_list(snapshot: Snapshot) -> str:
    """Return what befell the chosen list in Constant Contact: the lists on offer are older than that."""
    if any(need.kind is NeedKind.LIST_DELETED for need in snapshot.status.needs_you):
        return "deleted"
    called = snapshot.status.contact_list
    return called if called != snapshot.settings.contact_list else ""


def _flag(on: bool) -> str:
    return "true" if on else "false"


def _shown(key: str, value: str) -> str:
    if key == "welcome_email":
        return {"true": say("on"), "false": say("off")}.get(value, value)
    return say("“{name}”").format(name=one_line(value)) if value else say("nothing")


def saved_words(result: SaveResult) -> tuple[str, str]:
    """Return what a save changed, in words."""
    parts = [
        say("{setting} is now {value}.").format(setting=setting_name(key), value=_shown(key, new))
        for key, (_, new) in result.changed.items()
    ]
    if result.created_list:
        created = say("The list “{name}” was created in Constant Contact; it is empty.")
        parts.append(created.format(name=one_line(result.created_list)))
    title = say("Saved") if result.changed else say("Saved: nothing had changed")
    return title, "\n".join(parts)


def setting_name(key: str) -> str:
    """Return what a setting is called in the window."""
    return say(SETTINGS[key].label) if key in SETTINGS else key
