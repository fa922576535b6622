"""The files in which runs are recorded, beside the data file: for their owner only, and bounded.

Of each run kept there are two: the data file as it was before (`ccdesk.run-12.before`), which holds emails as
the data file does, and the calls with their bodies in pseudonyms (`ccdesk.run-12.calls`, JSON lines, packed).
`ccdesk.calls` has a line for every call of any run or window, the newest of them.
"""

from __future__ import annotations

import gzip
import io
import json
import logging
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ccdesk.core import files

log = logging.getLogger(__name__)

KEPT_RUNS = 24
MOST_BYTES = 128 << 20  # of all records
_ROOM = 4  # so many times the copy must be free on the disk
MOST_COPIED = 64 << 20  # bytes: the data file of some 60,000 people
_RING_BYTES = 1_000_000  # of the newest calls, and once more of those before them
_NAME = re.compile(r"ccdesk\.run-(\d+)\.(before|calls)")


@dataclass(frozen=True, slots=True)
class Record:
    """The record of one run. `before` None: the data file was too large to be copied."""

    run_id: int
    calls: Path
    before: Path | None


class RecordFiles:
    """The records of one base dir."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.open_before = base / "ccdesk.run.before"
        self._ring = base / "ccdesk.calls"

    def has_room(self, data_file: Path) -> bool:
        """Say whether the data file may be copied: it is not too large, and the disk not nearly full."""
        size = sum(one.stat().st_size for one in data_file.parent.glob(f"{data_file.name}*") if _is_part(one))
        return size <= MOST_COPIED and shutil.disk_usage(self.base).free > _ROOM * size

    def keep(self, run_id: int, header: dict[str, Any], calls: Sequence[str], *, copied: bool) -> None:
        """Keep the record of a run, its copy included if it was `copied` whole, and remove the oldest.

        `calls`: each as JSON on one line.
        """
        packed = io.BytesIO()
        with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=5) as file:
            for line in (json.dumps(header), *calls):
                file.write(f"{line}\n".encode())
        files.write_private(self._named(run_id, "calls"), packed.getvalue())
        if copied and self.open_before.exists():
            files.replace(self.open_before, self._named(run_id, "before"))
        self.drop_open()
        self._prune()

    def drop_open(self) -> None:
        """Remove the copy of a run that is not kept."""
        with suppress(OSError):
            self.open_before.unlink(missing_ok=True)

    def all(self) -> list[Record]:
        """Return the records, newest run first."""
        found = {
            int(name[1])
            for one in self.base.glob("ccdesk.run-*.calls")
            if (name := _NAME.fullmatch(one.name))
        }
        records = []
        for number in sorted(found, reverse=True):
            before = self._named(number, "before")
            records.append(Record(number, self._named(number, "calls"), before if before.exists() else None))
        return records

    def note(self, line: dict[str, Any]) -> None:
        """Add a line to the newest calls."""
        content = json.dumps(line).encode() + b"\n"
        if self._is_full(len(content)):
            self._put_aside(len(content))
        handle = files.patiently(
            lambda: files.open_private(self._ring, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        )
        with os.fdopen(handle, "ab") as file:
            file.write(content)

    def _is_full(self, more: int) -> bool:
        with suppress(OSError):
            return self._ring.stat().st_size + more > _RING_BYTES
        return False

    def _put_aside(self, more: int) -> None:
        """Put the newest calls aside, unless another program does or has just done so: its would be lost."""
        with suppress(OSError, Timeout), FileLock(f"{self._ring}.lock", timeout=0, mode=files.OWNER_ONLY):
            if self._is_full(more):
                files.replace(self._ring, self._former)

    def newest_calls(self) -> Iterator[dict[str, Any]]:
        """Yield the lines of the newest calls, oldest first; one that was cut off is left out."""
        for path in self.rings:
            with suppress(FileNotFoundError):
                for line in files.read_private(path).splitlines():
                    with suppress(ValueError):
                        yield json.loads(line)

    @property
    def rings(self) -> list[Path]:
        """The files of the newest calls, the older first."""
        return [self._former, self._ring]

    @property
    def _former(self) -> Path:
        return self._ring.with_name(f"{self._ring.name}.1")

    def _named(self, run_id: int, kind: str) -> Path:
        return self.base / f"ccdesk.run-{run_id}.{kind}"

    def _prune(self) -> None:
        held = 0
        for place, one in enumerate(self.all()):
            held += sum(path.stat().st_size for path in (one.calls, one.before) if path)
            if place >= KEPT_RUNS or (held > MOST_BYTES and place):
                self.remove(one)

    def remove(self, record: Record) -> None:
        """Remove the record of a run."""
        for path in (record.calls, record.before):
            if path is not None:
                try:
                    path.unlink(missing_ok=True)
                except OSError as error:
                    log.warning("the record of a run cannot be removed: %s", error)


def read_lines(packed: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return what a file of calls holds: its header, and the calls.

    Raises:
        ValueError: it is none.

    """
    try:
        lines = [json.loads(line) for line in gzip.decompress(packed).splitlines() if line.strip()]
    except (OSError, EOFError) as error:
        raise ValueError(str(error)) from None
    if not lines or not all(isinstance(one, dict) for one in lines):
        raise ValueError("no calls")
    return lines[0], lines[1:]


def _is_part(path: Path) -> bool:
    return path.name.endswith((".sqlite3", "-wal"))
