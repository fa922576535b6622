"""Errors in words: what happened, what it means, what to do next; the technical part folds out."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QPlainTextEdit,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ccdesk.core.errors import Busy, CcdeskError, Remedy
from ccdesk.gui.components.fold import fold_button
from ccdesk.gui.components.icons import IconLabel
from ccdesk.gui.components.news import announce, begin_alike, subject_of
from ccdesk.gui.components.plain import one_line
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import button, label, quiet_button, restyle
from ccdesk.gui.formats import holder, in_local_time
from ccdesk.gui.translation import marked, say, speak, wanted

ICONS = {Tone.NEUTRAL: "info", Tone.GOOD: "check-circle", Tone.WARNING: "warning", Tone.ERROR: "error"}


REMEDIES = {  # in the words of tabs and buttons; the command line has its own (`cli/words.py`)
    Remedy.LOG_IN: marked("Open the Info tab and click “Log in to Constant Contact”."),
    Remedy.API_KEY: marked("The key goes on the Info tab, under Constant Contact."),
    Remedy.CONNECT_KIBO: marked("Fill in the Kibo connection on the Info tab."),
    Remedy.KIBO_SECRET: marked("Enter the application key and the shared secret on the Info tab."),
    Remedy.TENANT_ADDRESS: marked("Enter the Kibo tenant address on the Info tab, under Advanced."),
    Remedy.CHECK_KEYS: marked("Check the keys, addresses and permissions on the Info tab."),
    Remedy.CHOOSE_LIST: marked("Choose or create a list on the Settings tab."),
    Remedy.CHOOSE_SENDER: marked("Choose a confirmed address on the Settings tab."),
    Remedy.CONFIRM_RUN: marked("Nothing more happens until you answer."),
    Remedy.OFF_LIST: marked(
        "Click Sync Contacts on the Sync tab, and choose whether they are left out or added."
    ),
    Remedy.WELCOMES: marked("Choose whether they are sent, or these people are added without."),
    Remedy.OTHER_FOLDER: marked(
        "If it has to be another folder, ask whoever installed ccdesk on this computer."
    ),
    Remedy.SECRETS_IN_FILE: marked(
        "Whoever installed ccdesk here can also have a protected file used instead."
    ),
    Remedy.PLACE_FOR_SECRETS: marked(
        "Ask whoever installed ccdesk on this computer: it is set outside the program."
    ),
    Remedy.WINDOWS_STORE: marked(
        "Ask whoever installed ccdesk on this computer to use Windows' own store instead."
    ),
    Remedy.FIXED_OUTSIDE: marked("Ask whoever installed ccdesk on this computer to change it."),
    Remedy.STORED_SETTING: marked(
        "Enter it anew on the Info or the Settings tab, and save. If it is on neither, ask whoever installed "
        "ccdesk on this computer to set it anew."
    ),
    Remedy.SEND_LOG: marked("Send the log file to support."),
}


def technical(error: CcdeskError) -> str:
    """Return the part that folds out."""
    return "\n".join(part for part in (error.code, error.detail) if part)


def body(error: CcdeskError) -> str:
    """Return meaning, next step and remedy in the window's words, with dates as it shows them."""
    meaning = say(error.meaning)
    if isinstance(error, Busy) and error.holder:
        meaning = meaning.replace(error.holder, holder(error.holder))
    remedy = say(REMEDIES[error.remedy]) if error.remedy else ""
    parts = (meaning, say(error.next_step), remedy)
    return in_local_time(" ".join(part for part in parts if part))


class Notice(QFrame):
    """A message in the page: it waits to be read and never stops the work, as a dialog would."""

    def __init__(self, name: str = "notice", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setProperty("notice", True)
        self._action: Callable[[], object] | None = None
        self._also: Callable[[], object] | None = None
        self.subject = ""
        self._stays = False
        self._icon = IconLabel("info", size=20)
        self.title = label(role="label", name=f"{name}_title")
        self.text = label(name=f"{name}_text")
        for part in (self.title, self.text):
            part.setTextFormat(Qt.TextFormat.PlainText)
            part.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.action = button(say("Open"), f"{name}_action", self._on_action)
        self.also = button(say("&Not now"), f"{name}_also", self._on_also)
        self.fold = fold_button(say("Technical &details"), f"{name}_details", self._on_fold)
        self.details = QPlainTextEdit(readOnly=True)
        self.details.setObjectName(f"{name}_detail_text")
        self.details.setAccessibleName(say("Technical details"))
        self.details.setMaximumHeight(84)
        self.details.setTabChangesFocus(True)
        self.close_button = quiet_button("close", f"{name}_close", say("Close this message"), self.clear)
        self._lay_out()
        self.clear()

    def _lay_out(self) -> None:
        begin_alike(self._icon, self.title)
        self.text.setContentsMargins(0, 0, 0, 5)  # from the buttons below it
        words = QVBoxLayout()
        words.setSpacing(0)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.action)
        buttons.addWidget(self.also)
        buttons.addWidget(self.fold)
        buttons.addStretch(1)
        words.addWidget(self.title)
        words.addWidget(self.text)
        words.addLayout(buttons)
        words.addWidget(self.details)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 10, 8, 10)
        layout.setSpacing(10)
        layout.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(words, 1)
        layout.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def show_error(
        self,
        error: CcdeskError,
        action: str = "",
        on_action: Callable[[], object] | None = None,
        *,
        subject: str = "",
        of: str = "",
        tone: Tone | None = None,
    ) -> None:
        """Show an error, with a button that leads to its remedy where there is one; it is translated here.

        `subject`: what it is about (`news.py`), if the error's kind does not tell. `of`: what it befell.
        `tone`: how grave it is, if not as errors are.
        """
        if tone is None:  # who has to wait did nothing wrong
            tone = Tone.WARNING if isinstance(error, Busy) else Tone.ERROR
        title = say("{what}: {title}").format(what=of, title=say(error.title)) if of else say(error.title)
        self._show(tone, title, body(error), technical(error), action, on_action)
        self.subject = subject or subject_of(error)

    def show_text(
        self,
        tone: Tone,
        title: str,
        text: str = "",
        action: str = "",
        on_action: Callable[[], object] | None = None,
        *,
        subject: str = "",
    ) -> None:
        """Show a message."""
        self._show(tone, title, text, "", action, on_action)
        self.subject = subject

    def offer_also(self, text: str, act: Callable[[], object]) -> None:
        """Add a second button to the message that is shown now."""
        self._also = act
        self.also.setText(text)
        self.also.setAccessibleName(text.replace("&", ""))
        self.also.show()

    @Slot(str)
    def settle(self, subject: str) -> None:
        """Take the message away if it is about this subject, of which there is a newer state."""
        if subject == self.subject:
            self.clear()

    @Slot()
    def clear(self) -> None:
        """Take the message away, unless it stays."""
        if self._stays:
            return
        self._action, self._also, self.subject = None, None, ""
        self.hide()

    def stay(self) -> None:
        """Keep the message as long as the window is there: nobody can close it."""
        self._stays = True
        self.close_button.hide()

    def _show(
        self,
        tone: Tone,
        title: str,
        text: str,
        details: str,
        action: str,
        on_action: Callable[[], object] | None,
    ) -> None:
        self._icon.show_icon(ICONS[tone], tone)
        restyle(self, "tone", tone.value)
        title = one_line(title)
        is_news = self.isHidden() or title != self.title.text()
        self.title.setText(title)
        self.text.setText(text)
        self.text.setVisible(bool(text))
        self.details.setPlainText(details)
        self.details.hide()
        self.fold.show_open(False)
        self.fold.setVisible(bool(details))
        self._also = None
        self.also.hide()
        self._action = on_action
        self.action.setText(action)
        self.action.setAccessibleName(action.replace("&", ""))
        self.action.setVisible(bool(action))
        self.setAccessibleName(f"{title}. {text}")
        self.show()
        announce(self, self.accessibleName())
        if is_news:  # once the page has made room for it
            QTimer.singleShot(0, self, self._come_into_view)

    @Slot()
    def _come_into_view(self) -> None:
        """Scroll the page to it: who clicked something further down would see nothing happen."""
        parent = self.parentWidget() if self.isVisible() else None
        while parent is not None:
            if isinstance(parent, QScrollArea):
                parent.ensureWidgetVisible(self, 0, 12)
            parent = parent.parentWidget()

    @Slot()
    def _on_action(self) -> None:
        action = self._action
        self.clear()
        if action is not None:
            action()

    @Slot()
    def _on_also(self) -> None:
        also = self._also
        self.clear()
        if also is not None:
            also()

    @Slot()
    def _on_fold(self) -> None:
        self.details.setVisible(self.fold.is_open)

    def changeEvent(self, event: QEvent) -> None:
        """Keep the tone after a change of theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()


def error_box(error: CcdeskError, parent: QWidget | None = None) -> QMessageBox:
    """Return an error as a dialog, for when there is no page to show it in."""
    window = say("Constant Contact Settings")
    box = QMessageBox(QMessageBox.Icon.Warning, window, say(error.title), parent=parent)
    box.setObjectName("error_box")
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText(body(error))
    for part in box.findChildren(QLabel):
        part.setTextFormat(Qt.TextFormat.PlainText)
    if technical(error):
        box.setDetailedText(technical(error))
    box.addButton(QMessageBox.StandardButton.Close)
    box.setDefaultButton(QMessageBox.StandardButton.Close)  # else Enter unfolds the details
    return box


def show_fatal(error: CcdeskError) -> int:
    """Say why the program cannot start, and return its exit code; the windowed program has no console."""
    if QApplication.instance() is None:
        speak(QApplication(["ccdesk"]), wanted())
    error_box(error).exec()
    return int(error.exit_code)
