"""About ccdesk: which one this is, what it is for, and whether there is a newer one."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QUrl, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ccdesk import __version__
from ccdesk.core.errors import CcdeskError
from ccdesk.core.updates import Release, ReleasePlace, Said
from ccdesk.gui.components.icons import app_icon
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.components.widgets import button, disable, label, row
from ccdesk.gui.context import Context, OpenUrl
from ccdesk.gui.dialogs.once import open_once
from ccdesk.gui.tabs.updates_card import UNKNOWN
from ccdesk.gui.translation import marked, say
from ccdesk.gui.update_notice import UpdateNotice
from ccdesk.gui.updates import Updates

WHAT = marked(
    "ccdesk keeps marketing consent the same in Kibo eCommerce and Constant Contact: a person is mailed if "
    "and only if they agreed to it."
)
_ICON = QSize(64, 64)


def show_about(context: Context, parent: QWidget) -> AboutDialog:
    """Show which ccdesk this is."""
    return open_once(AboutDialog, parent, lambda: AboutDialog(context, parent))


class AboutDialog(QDialog):
    """Name, version and purpose; and the answer to “is there a newer one?”."""

    def __init__(self, context: Context, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._check: UpdateCheck | None = None
        self.setObjectName("dlg_about")
        self.setWindowTitle(say("About ccdesk"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(500)
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
        self._close = button(say("&Close"), "btn_about_close", self.reject)
        self._folder = button(say("Open log &folder"), "btn_log_folder", self._open_folder, icon="external")
        self._folder.setToolTip(say("Where the log and all other data are"))
        if context.read_only:
            self._folder.hide()  # a bundle has no log of its own
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 20, 24, 18)
        layout.setSpacing(18)
        layout.addLayout(top)
        self._add_updates(layout, context.updates)
        self._close.setFocus()  # else the X of whatever is said has it

    def _add_updates(self, layout: QVBoxLayout, updates: Updates | None) -> None:
        """Add what there is to know about newer versions: nothing on a bundle or in a demo."""
        if updates is not None and updates.place is not None:
            self._check = UpdateCheck(updates, updates.place, self._context.open_url, self._close)
            layout.addWidget(self._check.notice)
            layout.addLayout(row(self._check.button, self._folder, None, self._close))
            return
        if updates is not None:
            layout.addWidget(label(say(UNKNOWN), "muted", name="lbl_about_unknown"))
        layout.addLayout(row(self._folder, None, self._close))

    @Slot()
    def _open_folder(self) -> None:
        snapshot = self._context.watch.snapshot
        if snapshot is not None:
            self._context.open_url(QUrl.fromLocalFile(snapshot.status.base_dir).toString())

    def check(self) -> None:
        """Ask now whether there is a newer version, where that can be asked."""
        if self._check is not None:
            self._check.ask()

    def event(self, event: QEvent) -> bool:
        """Be as high as what is said now needs: texts that wrap tell a layout only their least height."""
        is_laid_out = event.type() == QEvent.Type.LayoutRequest
        done = super().event(event)  # of other kinds, there may be no dialog afterwards
        if is_laid_out and (layout := self.layout()) is not None:
            self.setFixedHeight(layout.totalHeightForWidth(self.width()))
        return done


class UpdateCheck(QObject):
    """A button that asks, and a notice with what came of it; it is calm, whatever that is."""

    def __init__(self, updates: Updates, place: ReleasePlace, open_url: OpenUrl, beside: QWidget) -> None:
        """Make both. `beside` has the keyboard while nothing can be asked."""
        super().__init__(beside)
        self._beside = beside
        self._updates, self._place, self._open = updates, place, open_url
        self.notice = UpdateNotice("notice_updates", updates, open_url)
        self.button = button(say("Check for &Updates"), "btn_about_check", self.ask)

    @Slot()
    def ask(self) -> None:
        """Ask, once at a time."""
        if self.button.isEnabled():
            disable(self.button, self._beside)
            self.notice.show_text(Tone.NEUTRAL, say("Asking {host}…").format(host=self._place.host))
            self._updates.ask(self, done=self._on_answer, failed=self._on_failed)

    def _on_answer(self, release: Release) -> None:
        self.button.setEnabled(True)
        if self._updates.said(release) is Said.NEWEST:
            title = say("ccdesk {version} is the newest version").format(version=self._updates.version)
            self.notice.show_text(Tone.GOOD, title)
        else:
            self.notice.show_release(release)

    def _on_failed(self, error: CcdeskError) -> None:
        self.button.setEnabled(True)
        see = partial(self._open, self._place.page)
        self.notice.show_error(error, say("Open the &Page"), see, tone=Tone.NEUTRAL)
