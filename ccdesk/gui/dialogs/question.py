"""Questions the window asks before it does something that cannot simply be taken back."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from ccdesk.gui.components.icons import IconLabel
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import button, label, row
from ccdesk.gui.dialogs.words import Words
from ccdesk.gui.translation import say


class Question(QDialog):
    """Asks without stopping the event loop. Enter and Esc mean no: yes is never chosen by accident.

    Where "no" is an answer that does something, Esc means a third one, which does nothing.
    """

    declined = Signal()

    def __init__(self, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(words.name)
        self.setWindowTitle(say("Constant Contact Settings"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        text = QVBoxLayout()
        text.setSpacing(10)
        text.addWidget(label(words.title, "title", name="question_title"))
        for paragraph in words.paragraphs:
            part = label(paragraph)
            part.setTextFormat(Qt.TextFormat.PlainText)
            part.setMinimumWidth(440)
            text.addWidget(part)
        top = QHBoxLayout()
        top.setSpacing(14)
        top.addWidget(IconLabel("warning", Tone.WARNING, 28), 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(text, 1)
        self.yes = button(words.yes, "btn_question_yes", self.accept)
        self.no = button(words.no or say("Cancel"), "btn_question_no", self._decline, primary=True)
        self.cancel = button(words.cancel, "btn_question_cancel", self.reject) if words.cancel else None
        self.no.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.setSpacing(20)
        layout.addLayout(top)
        layout.addLayout(row(None, *filter(None, (self.cancel, self.yes, self.no))))
        self.setAccessibleDescription(" ".join(words.paragraphs))
        self.no.setFocus()

    @Slot()
    def _decline(self) -> None:
        if self.cancel is not None:
            self.declined.emit()
        self.reject()


def ask(
    words: Words, parent: QWidget, *, yes: Callable[[], object], no: Callable[[], object] | None = None
) -> Question:
    """Open a question; one that is open already with the same name is brought forward instead."""
    former = parent.findChild(Question, words.name)
    if former is not None and former.isVisible():
        former.raise_()
        return former
    question = Question(words, parent)
    question.accepted.connect(yes)
    if no is not None:
        (question.declined if words.cancel else question.rejected).connect(no)
    question.open()
    return question
