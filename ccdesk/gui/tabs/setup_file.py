"""A partner's set-up file in the window: take one over, or write one (`service/setup_file.py`)."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from ccdesk.core.errors import CcdeskError, ConfirmNeeded
from ccdesk.gui.components.messages import Notice
from ccdesk.gui.components.widgets import button
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.files import choose_json, open_json
from ccdesk.gui.dialogs.question import ask
from ccdesk.gui.dialogs.words import setup_file
from ccdesk.gui.tabs.settings import setting_name
from ccdesk.gui.translation import say
from ccdesk.service.api import SaveResult
from ccdesk.service.setup_file import take_setup_file, write_setup_file

FILE_NAME = "ccdesk-setup.json"


class SetupFile(QObject):
    """Two buttons of the Kibo form, and what they do."""

    taken = Signal()

    def __init__(self, context: Context, notice: Notice) -> None:
        super().__init__(notice)
        self._context, self._notice = context, notice
        tip = say("Take over the keys and addresses a partner has prepared")
        self.btn_use = button(say("&Use a set-up file…"), "btn_setup_use", self._choose, link=True, tip=tip)
        tip = say("Write these keys and addresses, without secrets, for another computer")
        self.btn_write = button(
            say("Save a set-up file…"), "btn_setup_write", self._choose_target, link=True, tip=tip
        )

    def _window(self) -> QWidget:
        return self.btn_use.window()

    @Slot()
    def _choose(self) -> None:
        open_json(self._window(), say("Use a set-up file"), self.use)

    @Slot()
    def _choose_target(self) -> None:
        choose_json(self._window(), say("Save a set-up file"), FILE_NAME, self.write)

    @Slot(str)
    def use(self, name: str) -> None:
        """Take this file over."""
        self._take(Path(name), confirmed=False)

    def _take(self, path: Path, *, confirmed: bool) -> None:
        desk = self._context.desk
        self._context.tasks.run(
            self,
            lambda: take_setup_file(desk, path, confirmed=confirmed),
            done=self._on_taken,
            failed=partial(self._on_failed, path),
            key="setup",
        )

    def _on_taken(self, result: SaveResult) -> None:
        names = [setting_name(key) for key in result.changed]
        self._notice.clear()
        if names:
            self._context.news.tell(say("The set-up file was taken over"), " · ".join(names))
        else:
            self._context.news.tell(say("Everything in the set-up file is set already"))
        self._context.monitor.wake()
        self._context.watch.check()
        self.taken.emit()

    def _on_failed(self, path: Path, error: CcdeskError) -> None:
        if isinstance(error, ConfirmNeeded):
            ask(setup_file(error), self._window(), yes=partial(self._take, path, confirmed=True))
        else:
            self._notice.show_error(error)

    @Slot(str)
    def write(self, name: str) -> None:
        """Write the set-up file of the settings in force."""
        desk, path = self._context.desk, Path(name)
        self._context.tasks.run(
            self,
            lambda: write_setup_file(desk.settings(), path),
            done=lambda _: self._context.news.tell(say("Set-up file saved"), str(path)),
            failed=self._notice.show_error,
            key="write",
        )
