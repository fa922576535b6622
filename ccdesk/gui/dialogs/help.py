"""The help window: what each tab does, and the FAQ."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from ccdesk.gui import assets
from ccdesk.gui.components.theme import scheme
from ccdesk.gui.components.widgets import button, row

_TIP = "One file for support, in which nobody can be recognised"


class HelpDialog(QDialog):
    """Shows the help text beside the window; it does not stop the work."""

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        save_diagnostics: Callable[[], object] | None = None,
        show_licences: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("dlg_help")
        self.setWindowTitle("Help: Constant Contact Settings")
        self.setModal(False)
        self.resize(680, 560)
        self.browser = QTextBrowser()
        self.browser.setObjectName("txt_help")
        self.browser.setAccessibleName("Help text")
        self.browser.setOpenLinks(True)
        self.browser.document().setDocumentMargin(14)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 18, 18, 14)
        layout.addWidget(self.browser)
        close = button("C&lose", "btn_help_close", self.hide)
        more = []
        if save_diagnostics is not None:
            more.append(button("Save &diagnostics…", "btn_diagnostics", save_diagnostics, tip=_TIP))
        if show_licences is not None:
            more.append(button("L&icences…", "btn_licences", show_licences))
        layout.addLayout(row(*more, None, close))
        self._fill()

    def show_part(self, anchor: str) -> None:
        """Show the help at the part about a tab."""
        self._fill()
        self.show()
        self.raise_()
        self.activateWindow()
        self.browser.scrollToAnchor(anchor)
        self.browser.setFocus(Qt.FocusReason.OtherFocusReason)

    def _fill(self) -> None:
        colours = scheme(self.palette()).colours
        self.browser.document().setDefaultStyleSheet(
            f"h2 {{ margin-top: 18px; }} h3 {{ margin-top: 12px; }} a {{ color: {colours['link']}; }}"
            "th { text-align: left; } td, th { padding: 3px 12px 3px 0; }"
        )
        self.browser.setHtml(assets.text("help.html"))
