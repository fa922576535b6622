"""The two fields of the Settings tab that offer what the Constant Contact account has."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit, QListView, QWidget

from ccdesk.core.errors import CcdeskError
from ccdesk.core.models import ContactList
from ccdesk.core.text import name_key
from ccdesk.gui.components.fields import CalmCombo, Field
from ccdesk.gui.components.widgets import plain_tip
from ccdesk.gui.context import Context
from ccdesk.gui.translation import marked, plural, say
from ccdesk.service.api import WelcomeMail
from ccdesk.service.lists import find_by_name

NEW_LIST = marked("New list: it will be created on Save")
LIST_GONE = marked(
    "Your account no longer has a list with this name. Choose another, or Save to create it again (empty)."
)
RENAMED = marked("This list is called “{name}” in Constant Contact now. It stays in use.")
READING_LISTS = marked("Reading the lists of your account…")
READING_SENDERS = marked("Reading the confirmed addresses of your account…")
LOG_IN = marked("Log in to Constant Contact on the Info tab.")
NO_LISTS = marked("The account's lists could not be read.")
NO_SENDERS = marked("The account's addresses could not be read.")


class Offer(Enum):
    """How the choices of a field stand: that they are on their way is not that they could not be read."""

    LOADING = "loading"
    READ = "read"
    FAILED = "failed"


ASK_SENDER = marked("Choose a confirmed address")


class ListField(Field):
    """Name of the active list, with type-ahead: any part of a name is found, capitals do not matter."""

    edited = Signal()

    def __init__(self, new_list: str = NEW_LIST) -> None:
        self.combo = CalmCombo()
        self.line = QLineEdit()
        self.combo.setLineEdit(self.line)
        self.combo.setObjectName("cmb_contact_list")
        self.combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.combo.setMinimumContentsLength(24)
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.line.setObjectName("inp_contact_list")
        self.line.setPlaceholderText(say("Type a name, or choose one of your lists"))
        super().__init__(say("Contact &List Name"), self.combo)
        self.line.setAccessibleName(say("Contact List Name"))
        self._offered: list[ContactList] = []
        self._new_list = new_list  # what is said of a name that no list has
        self._offer = Offer.LOADING
        self._advice: str = LOG_IN
        self._stored, self._called = "", ""
        completer = QCompleter(self.combo.model(), self.combo)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        popup = QListView()
        popup.setObjectName("completions")
        popup.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # tooltips show long names
        completer.setPopup(popup)
        self.combo.setCompleter(completer)
        self.combo.editTextChanged.connect(self._on_text)

    @property
    def name(self) -> str:
        """Return the name as it will be saved: an existing list's own spelling, else as typed or stored."""
        typed = self.combo.currentText().strip()
        known = self._known(typed) if typed != self._stored else None
        return known.name if known else typed

    def _known(self, typed: str) -> ContactList | None:
        """Return the list of the account that a save would take for that name, None if it would make one."""
        return find_by_name(self._offered, typed)

    @property
    def is_gone(self) -> bool:
        """True when the name shown is the stored one, and no list of the account bears it any more."""
        typed = self.combo.currentText().strip()
        known = self._known(typed) is not None or self.is_renamed
        return self._offer is Offer.READ and bool(typed) and typed == self._stored and not known

    @property
    def is_renamed(self) -> bool:
        """True when the name shown is the stored one, and the list has got another one since."""
        typed = self.combo.currentText().strip()
        renamed = typed == self._stored and name_key(typed) != name_key(self._called)
        return renamed and self._known(self._called) is not None

    def show_name(self, name: str, called: str = "") -> None:
        """Show the stored name; `called` is what the account calls that list now."""
        self._stored, self._called = name, called or name
        if self.name != name:
            self.combo.setEditText(name)
            self.line.setCursorPosition(0)
        self._show_kind()

    def show_loading(self) -> None:
        """Say that the lists are being read; those read before stay on offer."""
        if self._offer is not Offer.READ:
            self._offer = Offer.LOADING
            self._show_kind()

    def show_lists(self, lists: list[ContactList] | None, advice: str = LOG_IN) -> None:
        """Offer the account's lists; None when they could not be read, with what to do about it.

        Those read before stay on offer then: a service that does not answer has not lost them.
        """
        self._advice, self._offer = advice, Offer.FAILED if lists is None else Offer.READ
        if lists is None:
            self._show_kind()
            return
        self._fill(lists)

    def forget(self) -> None:
        """Offer nothing: the lists were another account's."""
        self._offer = Offer.LOADING
        self._fill([])

    def _fill(self, lists: list[ContactList]) -> None:
        text = self.combo.currentText()
        self._offered = lists
        self.combo.blockSignals(True)
        self.combo.clear()
        self.combo.addItems(sorted((one.name for one in lists), key=str.casefold))
        for place in range(self.combo.count()):
            self.combo.setItemData(place, plain_tip(self.combo.itemText(place)), Qt.ItemDataRole.ToolTipRole)
        self.combo.setCurrentIndex(-1)
        self.combo.setEditText(text)
        if not self.line.hasFocus():
            self.line.setCursorPosition(0)
        self.combo.blockSignals(False)
        self._show_kind()

    def add_list(self, name: str) -> None:
        """Offer a list that has just been made, before the account is asked again."""
        self.show_lists([*self._offered, ContactList("", name, 0)])

    @Slot()
    def _on_text(self) -> None:
        self.show_problem("")
        self._show_kind()
        self.edited.emit()

    def _show_kind(self) -> None:
        typed = self.combo.currentText().strip()
        self.combo.setToolTip(plain_tip(typed))
        if self._offer is Offer.LOADING:
            self.show_hint(say(READING_LISTS))
        elif self._offer is Offer.FAILED:
            self.show_hint(f"{say(NO_LISTS)} {say(self._advice)}")
        elif not typed:
            self.show_hint(say("All lists of your account are offered, or type a new name."))
        elif self.is_renamed:
            self.show_hint(say(RENAMED).format(name=self._called))
        elif self.is_gone:
            self.show_hint(say(LIST_GONE), "problem")
        elif (known := self._known(typed)) is None:
            self.show_hint(say(self._new_list), "good")
        elif known.member_count is None:
            self.show_hint(say("A list of your Constant Contact account."))
        else:
            self.show_hint(
                plural(
                    "A list of your Constant Contact account, {n} contacts.",
                    "A list of your Constant Contact account, {n} contact.",
                    known.member_count,
                )
            )


class SenderField(Field):
    """The sender for campaigns: only confirmed addresses can be chosen."""

    edited = Signal()

    def __init__(self, *, beside: QWidget | None = None, remark: QWidget | None = None) -> None:
        self.combo = CalmCombo()
        self.combo.setObjectName("cmb_from_email")
        self.combo.setPlaceholderText(say(ASK_SENDER))
        self.combo.setMinimumContentsLength(24)
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        caption = say("Specify From and &ReplyTo email for Campaigns")
        super().__init__(caption, self.combo, beside=beside, remark=remark)
        self._stored = ""
        self._senders: list[str] = []
        self._offer = Offer.LOADING
        self._advice: str = LOG_IN
        self.combo.currentIndexChanged.connect(self._on_choice)

    @property
    def address(self) -> str:
        """Return the address chosen."""
        return str(self.combo.currentData() or "")

    def show_address(self, address: str) -> None:
        """Show the stored address."""
        self._stored = address
        self._fill(address)

    def show_senders(self, senders: list[str] | None, advice: str = LOG_IN) -> None:
        """Offer the account's confirmed addresses; None when they could not be read, with what to do.

        Those read before stay on offer then.
        """
        self._advice, self._offer = advice, Offer.FAILED if senders is None else Offer.READ
        if senders is not None:
            self._senders = senders
        self._fill(self.address or self._stored)

    def show_loading(self) -> None:
        """Say that the addresses are being read; those read before stay on offer."""
        if self._offer is not Offer.READ:
            self._offer = Offer.LOADING
            self._fill(self.address or self._stored)

    def forget(self) -> None:
        """Offer nothing: the addresses were another account's."""
        self._senders, self._offer = [], Offer.LOADING
        self._fill(self.address or self._stored)

    def _fill(self, address: str) -> None:
        offered = list(self._senders)
        known = {one.casefold() for one in offered}
        self.combo.blockSignals(True)
        self.combo.clear()
        for one in offered:
            self.combo.addItem(one, one)
        missing = bool(address) and address.casefold() not in known
        if missing:  # keep what is stored in sight, whatever the account says now
            unconfirmed = say("{address} (not confirmed)").format(address=address)
            self.combo.addItem(unconfirmed if self._senders else address, address)
        places = [str(self.combo.itemData(place)).casefold() for place in range(self.combo.count())]
        self.combo.setCurrentIndex(places.index(address.casefold()) if address else -1)
        self.combo.blockSignals(False)
        self._show_hint(missing)

    def _show_hint(self, missing: bool) -> None:
        if self._offer is Offer.LOADING:
            self.show_hint(say(READING_SENDERS))
        elif self._offer is Offer.FAILED:
            self.show_hint(f"{say(NO_SENDERS)} {say(self._advice)}")
        elif not self._senders:
            self.show_hint(say("No confirmed address was found. Confirm one in Constant Contact."))
        elif missing:
            self.show_hint(
                say("The stored address is not confirmed in the account any more. Choose another one.")
            )
        else:
            self.show_hint(say("Only addresses confirmed in your Constant Contact account are offered."))

    @Slot()
    def _on_choice(self) -> None:
        self.show_problem("")
        self.edited.emit()


def read_choices(
    owner: QWidget,
    context: Context,
    list_field: ListField,
    sender_field: SenderField,
    *,
    on_lists: Callable[[list[ContactList]], None],
    on_senders: Callable[[list[str]], None],
    failed: Callable[[CcdeskError], None],
) -> None:
    """Read what the account offers for the two fields, which say so meanwhile.

    `on_lists` and `on_senders` are given the answers, `failed` each error; none of them once `owner` is gone.
    """
    list_field.show_loading()
    sender_field.show_loading()
    desk, tasks = context.desk, context.tasks
    tasks.run(owner, desk.contact_lists, done=on_lists, failed=failed, key="lists")
    tasks.run(owner, desk.senders, done=on_senders, failed=failed, key="senders")


def read_welcome_mail(owner: QWidget, context: Context, *, done: Callable[[WelcomeMail], None]) -> None:
    """Read whether Kibo's own Welcome email is on; an error counts as not known."""
    context.tasks.run(
        owner,
        context.desk.kibo_welcome_mail,
        done=done,
        failed=lambda _: done(WelcomeMail(None)),
        key="welcome",
    )
