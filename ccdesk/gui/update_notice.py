"""“ccdesk 0.3.0 is available”: what is new opens in the browser, and nothing is installed from here."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Slot

from ccdesk.core.updates import Release
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.theme import Tone
from ccdesk.gui.context import OpenUrl
from ccdesk.gui.translation import marked, say
from ccdesk.gui.updates import Updates

TITLE = marked("ccdesk {version} is available")
TEXT = marked("You have {version}. The page says what is new, and has the package to install.")


class UpdateNotice(Notice):
    """A notice that can tell of a newer version, and of which one a person wants to hear no more."""

    def __init__(self, name: str, updates: Updates, open_url: OpenUrl) -> None:
        super().__init__(name)
        self._updates, self._open = updates, open_url
        updates.passed_over.connect(self.clear)

    @Slot(object)
    def show_release(self, release: Release) -> None:
        """Tell of a newer version."""
        title = say(TITLE).format(version=release.version)
        text = say(TEXT).format(version=self._updates.version)
        self.show_text(Tone.NEUTRAL, title, text, say("&What's new…"), partial(self._open, release.page))
        self.offer_also(say("&Not this version"), partial(self._updates.pass_over, release))
