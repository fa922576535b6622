"""Opens the window on real data, or on the pretend services for `ccdesk demo`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from ccdesk.container import Container, build_container, latest_release
from ccdesk.core.clock import Clock
from ccdesk.core.errors import CcdeskError, ExitCode, SettingsError
from ccdesk.core.files import write_private
from ccdesk.core.origins import ENV_GIVEN_FOR, ShopPlace
from ccdesk.core.settings import is_loopback, resolve
from ccdesk.gui import app as gui_app
from ccdesk.gui.components.messages import show_fatal
from ccdesk.gui.display import Trial, require_display
from ccdesk.gui.formats import long_date
from ccdesk.gui.single_instance import is_open, raise_running
from ccdesk.gui.updates import ReleaseSource, place_of_this_copy
from ccdesk.logs import start_logging
from ccdesk.paths import Paths, default_base
from ccdesk.sandbox.wire.kernel import SandboxClock
from ccdesk.service.kibo_host import last_host
from ccdesk.service.loop import Loop
from ccdesk.system.autostart import Autostart, autostart, renew
from ccdesk.system.crashes import WINDOW, crashes_noted, last_crash
from ccdesk.system.program import SystemRefused, find_program

DEMO_KEYS = (
    "kibo_home_url",
    "kibo_tenant_url",
    "kibo_tenant_id",
    "kibo_app_key",
    "cc_api_url",
    "cc_auth_url",
    "cc_client_id",
)
DEMO_MARKER = "demo"
DEMO_TEXT = "A demo of ccdesk made this folder, and may overwrite everything in it.\n"


def window(paths: Paths, *, in_tray: bool = False) -> int:
    """Open the window, or bring the one forward that is open on this base dir already.

    `in_tray`: the system has started it at login, and nobody wants to look at it now.
    """
    with Trial() as display:
        if in_tray and is_open(paths.base):
            return int(ExitCode.DONE)
        if raise_running(paths.base):
            if sys.stderr is not None:  # the windowed program has none
                sys.stderr.write(gui_app.ALREADY_OPEN)
            return int(ExitCode.DONE)
        container = build_container(paths)
        try:
            display.require()
            loop, crash = Loop(container.desk, container.clock), last_crash(paths.base)
            with crashes_noted(paths.base / WINDOW):
                return gui_app.main(
                    container.desk,
                    loop,
                    base_dir=paths.base,
                    save_bundle=container.save_bundle,
                    autostart=_autostart(paths),
                    releases=ReleaseSource(place_of_this_copy(), latest_release),
                    stays=True,
                    crash=crash,
                    in_tray=in_tray,
                )
        finally:
            container.close()


def _autostart(paths: Paths) -> Autostart | None:
    """Return the start at login, in order; None on a system of which it is not known."""
    found: Autostart | None = None
    with suppress(SystemRefused):
        found = autostart(find_program(paths.base, default_base()))
        renew(found)
    return found


def bundle_window(path: Path) -> int:
    """Open the window on a bundle, to look at only.

    Raises:
        SettingsError: it is no bundle that can be read.

    """
    from ccdesk.gui.read_only import ReadOnly, StillLoop
    from ccdesk.support.bundle_file import open_bundle
    from ccdesk.support.opened import opened

    with Trial() as display, open_bundle(path) as bundle, opened(bundle) as shown:
        display.require()
        return gui_app.main(
            shown.desk,
            StillLoop(),
            base_dir=shown.base,
            dress=lambda window: ReadOnly(window, long_date(shown.made_at)),  # in the window's language
        )


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


def demo(
    args: argparse.Namespace, paths: Paths, tell_person: Callable[[str], None], *, base_given: bool
) -> int:
    """Start the pretend services and open the window on them, set up but not logged in; or play the tour."""
    touring = args.tour is not None
    if touring and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    require_display()
    from ccdesk.sandbox.run import Sandbox
    from ccdesk.sandbox.seed.shop import seed_shop

    with _demo_base(paths, keep=base_given) as base, Sandbox() as sandbox:
        start_logging(base.log)
        report = seed_shop(sandbox.kibo, sandbox.cc, args.customers, args.seed)
        clock = SharedClock(sandbox.clock)
        container = demo_container(base, sandbox.addresses(), clock)
        loop = Loop(container.desk, container.clock)
        try:
            if touring:
                from ccdesk.gui.tour.play import play

                return play(container, loop, sandbox, report, Path(args.tour), theme=args.theme)
            tell_person("Log in as “owner” with the password “sandbox”.")
            return gui_app.main(
                container.desk,
                loop,
                base_dir=base.base,
                save_bundle=container.save_bundle,
                theme=args.theme,
            )
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

    def monotonic(self) -> float:
        """Return seconds that go along with that date: time let pass at once is no sleep of the computer."""
        return super().monotonic() + (self._shared.now() - datetime.now(UTC)).total_seconds()


def demo_container(paths: Paths, addresses: Mapping[str, str], clock: Clock) -> Container:
    """Return a container set up for the pretend services; their secret comes from the environment."""
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("CCDESK_")},
        "CCDESK_VAULT": "file",
        "CCDESK_KIBO_SHARED_SECRET": addresses["kibo_shared_secret"],
    }
    container = build_container(paths, environment=environment, clock=clock)
    try:
        _refuse_real_addresses(container)
        values, secret = {key: addresses[key] for key in DEMO_KEYS}, addresses["kibo_shared_secret"]
        container.desk.save_settings(values, kibo_secret=secret, confirmed=True)
    except BaseException:
        container.close()
        raise
    return container


def _refuse_real_addresses(container: Container) -> None:
    """Refuse a demo's folder that was connected to a real shop since.

    A demo stores each address. One that is not there any more was emptied, and means the public service; and
    variables of the environment leave their trace in where the secret was given for and the tenant was found.
    """
    stored, state = container.store.settings.load(), container.store.state
    if not any(key in stored for key in DEMO_KEYS):
        return  # claimed just now
    settings = resolve(stored, {})
    places = {key: str(getattr(settings, key)) for key in DEMO_KEYS if key.endswith("_url")}
    given_for = ShopPlace.read(state.get(ENV_GIVEN_FOR)) or ShopPlace()
    places |= {"the secret's home": given_for.home, "the tenant's host": last_host(container.store)}
    for name, address in places.items():
        host = urlsplit(address).hostname
        if host is not None and not is_loopback(host):
            raise _real(container.paths.base, f"{name} is {host}")


@contextmanager
def _demo_base(paths: Paths, *, keep: bool) -> Iterator[Paths]:
    """A folder of its own that goes away afterwards; or the one named, if a demo made it or nothing is there.

    Raises:
        SettingsError: something else is in the folder named.

    """
    if keep:
        _claim_for_demo(paths)
        yield paths
        return
    with tempfile.TemporaryDirectory(prefix="ccdesk-demo-") as folder:
        demo_paths = Paths(Path(folder))
        yield demo_paths


def _claim_for_demo(paths: Paths) -> None:
    """Mark an empty folder as a demo's; a demo overwrites settings and drops people without asking."""
    marker = paths.base / DEMO_MARKER
    if marker.is_file():
        return
    found = sorted(one.name for one in paths.base.iterdir() if not one.name.startswith(paths.log.name))
    if found:
        raise _real(paths.base, f"there is: {', '.join(found[:5])}")
    write_private(marker, DEMO_TEXT.encode())


def _real(base: Path, detail: str) -> SettingsError:
    return SettingsError(
        f"The folder {base} was not made by a demo",
        meaning="A demo overwrites the settings and drops the people of the folder it works on. Nothing in "
        "it was changed.",
        next_step="Name an empty folder or one of an earlier demo, or leave --base-dir away: the demo then "
        "has a folder of its own.",
        detail=detail,
        code="not_a_demo",
    )
