"""Plays the tour: every step through the window, each checked against what the sandbox received."""

from __future__ import annotations

import sys
import threading
import urllib.request
from pathlib import Path

from ccdesk.container import Container
from ccdesk.core.errors import ExitCode
from ccdesk.gui import app as gui_app
from ccdesk.gui.tour.back import acts_back
from ccdesk.gui.tour.driver import Driver, TourError
from ccdesk.gui.tour.out import first_export, log_in, settings
from ccdesk.gui.tour.scene import Scene
from ccdesk.gui.tour.support import support
from ccdesk.sandbox.constant_contact.person import Person, SignInFailed
from ccdesk.sandbox.run import Sandbox
from ccdesk.sandbox.seed.shop import SeedReport
from ccdesk.service.loop import Loop

WINDOW_SIZE = (900, 600)
_LONGEST_PAGE = 1 << 20  # bytes


class Browser:
    """Takes the address the window would open; the person walks it when the tour says so."""

    def __init__(self) -> None:
        self.address = ""
        self.problem = ""
        self._thread: threading.Thread | None = None

    def open(self, url: str) -> bool:
        """Keep the address, as a browser that has just opened on it."""
        self.address = url
        return True

    def walk(self) -> None:
        """Log in on the page, allow, and go where it leads; not in the GUI thread."""
        self._thread = threading.Thread(target=self._walk, name="tour browser", daemon=True)
        self._thread.start()

    def _walk(self) -> None:
        try:
            back = Person().decide(self.address)
            with urllib.request.urlopen(back, timeout=60) as page:  # loopback only, in the sandbox
                page.read(_LONGEST_PAGE)
        except (SignInFailed, OSError) as error:
            self.problem = str(error)


def play(
    container: Container, loop: Loop, sandbox: Sandbox, report: SeedReport, folder: Path, *, theme: str
) -> int:
    """Play every step; returns 0 only if all held, and says which one did not."""
    browser = Browser()
    parts = gui_app.build(
        container.desk, loop, open_url=browser.open, save_bundle=container.save_bundle, theme=theme
    )
    parts.window.resize(*WINDOW_SIZE)
    driver = Driver(parts, folder)
    scene = Scene(driver, container, loop, sandbox, report, browser)
    try:
        parts.start()
        for step in (log_in, settings, first_export, acts_back):
            step(scene)
        support(scene, theme)
    except TourError as error:
        driver.save_problem()
        sys.stderr.write(f"The tour stopped after picture {len(driver.pictures)}: {error}\n")
        if browser.problem:
            sys.stderr.write(f"The browser: {browser.problem}\n")
        return int(ExitCode.OUR_FAULT)
    finally:
        parts.shutdown()
    sys.stdout.write(f"All {len(driver.pictures)} steps held; the pictures are in {folder}\n")
    return int(ExitCode.DONE)
