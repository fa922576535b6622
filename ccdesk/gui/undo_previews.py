"""What undoing a run would do is shown, and done once that is confirmed (design §8, `undo`)."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from ccdesk.core.errors import CcdeskError
from ccdesk.core.runs import RunKind, RunStatus
from ccdesk.gui.context import Context
from ccdesk.gui.dialogs.preview_view import PreviewDialog
from ccdesk.gui.dialogs.run_view import RunDialog
from ccdesk.service.preview import Preview


class UndoPreviews(QObject):
    """Belongs to the window: the dialog that asked may be closed before the preview has come."""

    failed = Signal(object)  # CcdeskError: there is no dialog of a run to show it

    def __init__(self, context: Context, window: QWidget) -> None:
        super().__init__(window)
        self._context, self._window = context, window
        context.bridge.tried_out.connect(self._on_tried_out)
        context.bridge.not_tried_out.connect(self._on_not_tried_out)

    @Slot(object)
    def _on_tried_out(self, preview: Preview) -> None:
        """Show what the undo would do, unless it was stopped."""
        undoes = preview.run.undoes
        if preview.run.kind is not RunKind.UNDO or undoes is None:
            return
        if preview.run.status is RunStatus.CANCELLED:
            self._context.tasks.run(self, preview.close)
            return
        over = QApplication.activeModalWidget()  # the dialog that asked, unless it was closed
        parent = over if over in self._window.findChildren(QDialog) and over.isVisible() else self._window
        dialog = PreviewDialog(self._context, preview, parent)
        dialog.accepted.connect(partial(self._context.monitor.undo, undoes))
        dialog.open()

    @Slot(object, object)
    def _on_not_tried_out(self, kind: RunKind, error: CcdeskError) -> None:
        if kind is RunKind.UNDO and not isinstance(QApplication.activeModalWidget(), RunDialog):
            self.failed.emit(error)
