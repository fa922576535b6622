"""The tour's last part: what a merchant saves for support, and what support sees of it (design §8)."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

from PySide6.QtWidgets import QApplication

from ccdesk.core.runs import RunKind
from ccdesk.gui import app as gui_app
from ccdesk.gui.dialogs.diagnostics import DiagnosticsDialog
from ccdesk.gui.formats import long_date
from ccdesk.gui.read_only import ReadOnly, StillLoop
from ccdesk.gui.tour.driver import Driver, check
from ccdesk.gui.tour.scene import Scene
from ccdesk.support.bundle_file import Bundle, open_bundle
from ccdesk.support.opened import opened
from ccdesk.support.replay import replay


def support(scene: Scene, theme: str) -> None:
    """Save diagnostics from Help, look at them as support does, and do their runs once more."""
    with tempfile.TemporaryDirectory(prefix="ccdesk-tour-") as folder:
        path = Path(folder, "ccdesk-diagnostics.zip")
        _save(scene, path)
        _nobody_is_named(scene, path)
        with open_bundle(path) as bundle:
            _look(scene, bundle, theme)
            done = replay(bundle, None, lambda _text: None)
    check(bool(done), "no run was recorded")
    check(all(one.same for one in done), f"a run ended otherwise when it was done once more: {done}")


def _save(scene: Scene, path: Path) -> None:
    driver = scene.driver
    driver.click("btn_help")
    driver.until(lambda: driver.shown("dlg_help"), "the help")
    driver.click("btn_diagnostics")
    driver.until(lambda: driver.shown("dlg_diagnostics"), "what goes into a bundle")
    driver.find(DiagnosticsDialog, "dlg_diagnostics").save_to(path)
    driver.until(path.exists, "the bundle to be written")
    driver.until(lambda: driver.shown("notice_diagnostics"), "the bundle to be written")
    driver.picture("diagnostics", "one file for support; what goes in was shown before")
    driver.close_dialog("dlg_diagnostics")
    driver.close_dialog("dlg_help")


def _nobody_is_named(scene: Scene, path: Path) -> None:
    with zipfile.ZipFile(path) as packed:
        everything = b"".join(packed.read(name) for name in packed.namelist()).lower()
    run = scene.last_run(RunKind.EXPORT)
    people = scene.container.desk.entries(run.id, limit=1_000) if run else []
    check(bool(people), "nobody was exported")
    for email in (one.email.strip().lower() for one in people):
        check(not email or email.encode() not in everything, "an email is in the bundle")


def _look(scene: Scene, bundle: Bundle, theme: str) -> None:
    """Open the window on the bundle, beside the one of the tour."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    with opened(bundle) as shown:
        parts = gui_app.build(shown.desk, StillLoop(), app=application, theme=theme)
        parts.window.resize(scene.driver.parts.window.size())
        ReadOnly(parts.window, long_date(shown.made_at))
        driver = Driver(parts, scene.driver.folder)
        driver.pictures = scene.driver.pictures
        try:
            scene.driver.parts.window.hide()
            parts.start()
            driver.until(lambda: parts.context.watch.is_read, "the bundle to be read")
            driver.tab("tab_sync_logs")
            driver.until(lambda: bool(driver.rows("tbl_logs")), "the runs of the bundle")
            driver.picture("bundle", "the window on a bundle: the same runs, and only to look at")
        finally:
            parts.shutdown()
            scene.driver.parts.window.show()
