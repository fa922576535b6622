"""Opens the window on real data, or on the pretend services for `ccdesk demo`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ccdesk.container import Container, build_container
from ccdesk.core.clock import Clock
from ccdesk.core.errors import CcdeskError, ExitCode, SettingsError
from ccdesk.gui import app as gui_app
from ccdesk.gui.messages import show_fatal
from ccdesk.gui.single_instance import raise_running
from ccdesk.logs import start_logging
from ccdesk.paths import Paths
from ccdesk.sandbox.kernel import SandboxClock
from ccdesk.service.loop import Loop

DEMO_KEYS = (
    "kibo_home_url",
    "kibo_tenant_url",
    "kibo_tenant_id",
    "kibo_app_key",
    "cc_api_url",
    "cc_auth_url",
    "cc_client_id",
)


def window(paths: Paths) -> int:
    """Open the window, or bring the one forward that is open on this base dir already."""
    require_display()
    gui_app.application()
    if raise_running(paths.base):
        if sys.stderr is not None:  # the windowed program has none
            sys.stderr.write(gui_app.ALREADY_OPEN)
        return int(ExitCode.DONE)
    container = build_container(paths)
    try:
        return gui_app.main(container.desk, Loop(container.desk, container.clock), base_dir=paths.base)
    finally:
        container.close()


def tell(error: CcdeskError) -> None:
    """Say in a box why the window cannot open, where nobody would read it on a terminal."""
    on_terminal = sys.stderr is not None and sys.stderr.isatty()
    if on_terminal or os.environ.get("QT_QPA_PLATFORM") in ("offscreen", "minimal"):
        return
    try:
        require_display()
    except SettingsError:
        return
    show_fatal(error)


def require_display() -> None:
    """Refuse in words where Qt would end the whole process (it aborts without a display).

    Raises:
        SettingsError: there is no display.

    """
    if os.name != "posix" or os.uname().sysname == "Darwin" or os.environ.get("QT_QPA_PLATFORM"):
        return
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise SettingsError(
            "There is no display to open the window on",
            next_step="Use the command line (ccdesk --help), or start it where there is a desktop. "
            "“ccdesk demo --tour DIR” works without a display.",
        )


def demo(args: argparse.Namespace, paths: Paths, say: Callable[[str], None], *, base_given: bool) -> int:
    """Start the pretend services and open the window on them, set up but not logged in; or play the tour."""
    touring = args.tour is not None
    if touring and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    require_display()
    from ccdesk.sandbox.run import Sandbox
    from ccdesk.sandbox.seed import seed_shop

    with Sandbox() as sandbox, _demo_base(paths, keep=base_given) as base:
        start_logging(base.log)
        report = seed_shop(sandbox.kibo, sandbox.cc, args.customers, args.seed)
        clock = SharedClock(sandbox.clock)
        container = demo_container(base, sandbox.addresses(), clock)
        loop = Loop(container.desk, container.clock)
        try:
            if touring:
                from ccdesk.gui.tour.play import play

                return play(container, loop, sandbox, report, Path(args.tour), theme=args.theme)
            say("Log in as “owner” with the password “sandbox”.")
            return gui_app.main(container.desk, loop, base_dir=base.base, theme=args.theme)
        finally:
            container.close()
            start_logging(None)


class SharedClock(Clock):
    """The sandbox's date for the window as well, so that the tour can let half an hour pass at once."""

    def __init__(self, clock: SandboxClock) -> None:
        self._shared = clock

    def now(self) -> datetime:
        """Return the sandbox's present."""
        return self._shared.now()


def demo_container(paths: Paths, addresses: Mapping[str, str], clock: Clock) -> Container:
    """Return a container set up for the pretend services; their secret comes from the environment."""
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("CCDESK_")},
        "CCDESK_VAULT": "file",
        "CCDESK_KIBO_SHARED_SECRET": addresses["kibo_shared_secret"],
    }
    container = build_container(paths, environment=environment, clock=clock)
    container.desk.save_settings({key: addresses[key] for key in DEMO_KEYS})
    return container


@contextmanager
def _demo_base(paths: Paths, *, keep: bool) -> Iterator[Paths]:
    """A folder of its own that goes away afterwards: a demo never touches real data unless told to."""
    if keep:
        yield paths
        return
    with tempfile.TemporaryDirectory(prefix="ccdesk-demo-") as folder:
        demo_paths = Paths(Path(folder))
        yield demo_paths
