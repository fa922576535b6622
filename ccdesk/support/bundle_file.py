"""Reading a bundle: what it says of itself, and its parts. What comes from elsewhere is not believed."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ccdesk.core import files
from ccdesk.core.errors import SettingsError
from ccdesk.core.words import marked

FORMAT = 1
DATA, MANIFEST, SETTINGS, CALLS, LOG, CRASHES = (
    "data.sqlite3",
    "manifest.json",
    "settings.json",
    "calls.jsonl",
    "log.txt",
    "crashes.txt",
)
_MOST = 1 << 30  # bytes of one part, unpacked: a bundle may have been made to fill the disk
_MOST_READ = 64 << 20  # bytes of a part that is held in memory; a record has some 40 MB at most
_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class Bundle:
    """An open bundle."""

    path: Path
    packed: zipfile.ZipFile
    manifest: dict[str, Any]

    @property
    def run_ids(self) -> list[int]:
        """The runs that can be done again, the newest first."""
        try:
            return [int(one["id"]) for one in self.manifest.get("runs", []) if one.get("replayable")]
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise self.unusable(f"{MANIFEST}: {type(error).__name__}") from None

    @property
    def person(self) -> str:
        """The person whom alone the data file is about, `""` if it is about everybody."""
        return str(self.manifest.get("person") or "")

    @property
    def only_shown(self) -> dict[int, str]:
        """The runs that can be looked at but not done again, each with why."""
        try:
            return {
                int(one["id"]): str(one.get("why_not", ""))
                for one in self.manifest.get("runs", [])
                if not one.get("replayable")
            }
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise self.unusable(f"{MANIFEST}: {type(error).__name__}") from None

    def settings(self) -> dict[str, str]:
        """Return the settings in force when it was made, as text."""
        found = self._document(SETTINGS)
        return {key: as_text(value) for key, value in found.items()}

    def calls(self, run_id: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return the header of a run's record, and its calls."""
        lines = self._read(f"records/{run_id}/calls.jsonl").splitlines()
        try:
            header, *calls = (json.loads(line) for line in lines if line.strip())
        except (ValueError, RecursionError) as error:
            raise self.unusable(f"records/{run_id}: {type(error).__name__}") from None
        return header, calls

    def extract(self, name: str, target: Path) -> None:
        """Write one part into a new file for its owner only, bit by bit: a data file may be large."""
        with self._part(name, _MOST) as part:
            handle = files.open_private(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            with os.fdopen(handle, "wb") as file:
                shutil.copyfileobj(part, file, _AT_ONCE)

    def _document(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads(self._read(name))
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self.unusable(f"{name} is not what it should be")
        return found

    def _read(self, name: str) -> bytes:
        with self._part(name, _MOST_READ) as part:
            return part.read()

    @contextmanager
    def _part(self, name: str, most: int) -> Iterator[IO[bytes]]:
        """Open a part that unpacks to so many bytes at most; what fails while it is read is no bundle."""
        try:
            if self.packed.getinfo(name).file_size > most:
                raise self.unusable(f"{name} is too large")
            with self.packed.open(name) as part:
                yield part
        except (KeyError, zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError) as error:
            raise self.unusable(f"{name}: {error}") from None

    def unusable(self, detail: str) -> SettingsError:
        """Return the error of a bundle that is not what it should be."""
        return _unusable(self.path, detail)


@contextmanager
def open_bundle(path: Path) -> Iterator[Bundle]:
    """Open a bundle.

    Raises:
        SettingsError: there is none, it is none, or a newer ccdesk made it.

    """
    try:
        packed = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise _unusable(path, str(error)) from None
    with packed:
        empty = Bundle(path, packed, {})
        manifest = empty._document(MANIFEST)
        if manifest.get("format") != FORMAT:
            raise SettingsError(
                marked("This bundle was made by another version of ccdesk"),
                meaning=marked("Its format is {format}; this version reads {known}.").format(
                    format=manifest.get("format"), known=FORMAT
                ),
                next_step=marked("Use the version that made it, or a newer one."),
                code="bundle_version",
            )
        yield Bundle(path, packed, manifest)


def as_text(value: object) -> str:
    """Return a setting's value as it is given in words."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _unusable(path: Path, detail: str) -> SettingsError:
    return SettingsError(
        marked("{name} is not a bundle that can be read").format(name=path.name),
        meaning=marked("It is missing, damaged, or no bundle of ccdesk."),
        next_step=marked("Ask for it once more, or give another file."),
        detail=detail,
        code="no_bundle",
    )
