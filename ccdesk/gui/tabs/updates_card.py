"""The Settings tab's card about newer versions: whether ccdesk looks for them by itself."""

from __future__ import annotations

from PySide6.QtCore import Slot

from ccdesk.gui.components.widgets import Card, Switch, label
from ccdesk.gui.context import Context
from ccdesk.gui.translation import marked, say

EXPLAIN = marked(
    "ccdesk then asks {host} once a day which version is the newest, and tells you at the bottom of this "
    "window if it is newer than yours. Only the version you have is sent, nothing about you, your shop or "
    "your customers, and nothing is downloaded or installed. This takes effect at once."
)
UNKNOWN = marked(
    "This copy of ccdesk cannot look for newer versions: it does not know where they are published. Whoever "
    "installed it on this computer does."
)


class UpdatesCard(Card):
    """A switch that the window remembers for itself: it is no setting of the sync."""

    def __init__(self, context: Context) -> None:
        super().__init__(name=say("Newer versions"))
        self.setObjectName("card_updates")
        self._updates = updates = context.updates
        place = updates.place if updates is not None else None
        self.switch = Switch(say("Check for updates once a day"))
        self.switch.setObjectName("chk_updates")
        self.switch.setAccessibleName(self.switch.text())
        self.switch.clicked.connect(self._on_clicked)
        text = say(EXPLAIN).format(host=place.host) if place is not None else say(UNKNOWN)
        self.switch.setAccessibleDescription(text)
        self.switch.setVisible(place is not None)
        self.body.addWidget(self.switch)
        self.body.addWidget(label(text, "muted", name="lbl_updates"))
        if updates is None:
            self.hide()
        else:
            self.switch.setChecked(updates.daily)

    @Slot(bool)
    def _on_clicked(self, on: bool) -> None:
        if self._updates is not None:
            self._updates.daily = on
