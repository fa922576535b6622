"""A bundle opened to be looked at: its data file in a folder of its own, and a clock that stands still."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from ccdesk.core.clock import Clock, parse_time
from ccdesk.service.api import Desk
from ccdesk.service.connections import Connections
from ccdesk.service.desk import LocalDesk
from ccdesk.service.read_only import NoConnections, ReadOnlyDesk
from ccdesk.store.store import SqliteStore
from ccdesk.support.bundle_file import DATA, Bundle


class StoppedClock(Clock):
    """Tells the moment the bundle was made, so that what was due then is due still."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """Return that moment."""
        return self._at


@dataclass(frozen=True, slots=True)
class Opened:
    """What the window needs of a bundle."""

    desk: Desk
    clock: Clock
    base: Path
    made_at: datetime
    manifest: dict[str, Any]


@contextmanager
def opened(bundle: Bundle) -> Iterator[Opened]:
    """Open a bundle's data; the copy is removed afterwards.

    Raises:
        SettingsError: its data cannot be read.
        StoreError: its data file is damaged, or of a newer version.

    """
    made_at = parse_time(str(bundle.manifest.get("made_at", ""))) or datetime.now(UTC)
    clock = StoppedClock(made_at)
    with tempfile.TemporaryDirectory(prefix="ccdesk-open-") as folder:
        base = Path(folder)
        bundle.extract(DATA, base / "ccdesk.sqlite3")
        store = SqliteStore(base / "ccdesk.sqlite3", clock)
        environment = {f"CCDESK_{key.upper()}": value for key, value in bundle.settings().items()}
        try:
            desk = LocalDesk(
                store,
                cast("Connections", NoConnections()),
                base_dir=folder,
                environment=environment,
                clock=clock,
                recover=False,
            )
            yield Opened(cast("Desk", ReadOnlyDesk(desk)), clock, base, made_at, bundle.manifest)
        finally:
            store.close_all()
