"""About ccdesk: which one this is, and what it is for."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ccdesk import __version__
from ccdesk.gui.components.icons import app_icon
from ccdesk.gui.components.widgets import button, label, row
from ccdesk.gui.dialogs.once import open_once
from ccdesk.gui.translation import marked, say

WHAT = marked(
    "ccdesk keeps marketing consent the same in Kibo eCommerce and Constant Contact: a person is mailed if "
    "and only if they agreed to it."
)
_ICON = QSize(64, 64)


def show_about(parent: QWidget) -> AboutDialog:
    """Show which ccdesk this is."""
    return open_once(AboutDialog, parent, lambda: AboutDialog(parent))


class AboutDialog(QDialog):
    """Name, version and purpose."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("dlg_about")
        self.setWindowTitle(say("About ccdesk"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(460)
        icon = QLabel()
        icon.setPixmap(app_icon().pixmap(_ICON, self.devicePixelRatio()))
        words = QVBoxLayout()
        words.setSpacing(8)
        words.addWidget(label(f"ccdesk {__version__}", "title", name="lbl_about_version"))
        words.addWidget(label(say(WHAT), name="lbl_about_what"))
        top = QHBoxLayout()
        top.setSpacing(18)
        top.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 18)
        layout.setSpacing(18)
        layout.addLayout(top)
        layout.addLayout(row(None, button(say("&Close"), "btn_about_close", self.reject)))
