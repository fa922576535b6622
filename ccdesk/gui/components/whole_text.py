"""A text that is shown whole, however long its words are, and that can be selected and copied."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent, QTextOption
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit

from ccdesk.gui.components.plain import lines
from ccdesk.gui.components.widgets import SELECTABLE

_FRAME = 1  # pixels, by the style sheet: seen only while it has the keyboard


class WholeText(QTextEdit):
    """As high as its text is at its width; `caption`: what a screen reader calls it.

    A label would be as wide as its longest word, and an email has no blanks; a text with places to break it
    would be copied with them. Tab leads to it and on from it.
    """

    def __init__(self, name: str, caption: str, *, role: str = "") -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(caption)
        self.setProperty("whole", True)
        self.setProperty("role", role)
        self.setReadOnly(True)
        self.setAcceptRichText(False)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextInteractionFlags(SELECTABLE)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.document().setDocumentMargin(0)
        self.setViewportMargins(-_FRAME, 0, -_FRAME, 0)  # it begins where labels above and below it do
        self._align()
        self.document().documentLayout().documentSizeChanged.connect(self.updateGeometry)

    def text(self) -> str:
        """Return what it shows."""
        return self.toPlainText()

    def show_text(self, text: str) -> None:
        """Show a text as it is, never as HTML; what is selected stays if it is the same one."""
        text = lines(text)
        if text != self.toPlainText():
            self.setPlainText(text)

    def sizeHint(self) -> QSize:
        """Return the height the text needs at the width it has."""
        frame = self.height() - self.viewport().height()
        return QSize(200, round(self.document().size().height()) + max(0, frame))

    def minimumSizeHint(self) -> QSize:
        """Return the same height: nothing of it is cut."""
        return QSize(80, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take the height that another width needs."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def _align(self) -> None:
        """Begin on the side where the window does: an email would begin at the left in any language."""
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        option = self.document().defaultTextOption()
        side = Qt.AlignmentFlag.AlignRight if mirrored else Qt.AlignmentFlag.AlignLeft
        option.setAlignment(side | Qt.AlignmentFlag.AlignAbsolute)
        self.document().setDefaultTextOption(option)

    def changeEvent(self, event: QEvent) -> None:
        """Take the height that another font needs."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._align()
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.updateGeometry()
