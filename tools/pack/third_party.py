"""Writes the folder `licences/` of the packaged program: every part that travels, with its texts.

Python packages are known by their files, libraries of the system by the Debian package that owns them. A
library that belongs to nobody known stops the build: it must not travel without its licence.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from ccdesk import licences
from ccdesk.licences import Licence

_START_UP = "GPL-2.0-or-later WITH Bootloader-exception"  # what PyInstaller puts into the program to start it
_FIELD = re.compile(r"^License: *(.+)$", re.MULTILINE)
_OURS = Path(__file__).resolve().parents[2]
_OFTEN = Path("/usr/share/common-licenses")


class WithoutLicence(Exception):
    """A file would travel, and nobody knows under which licence."""


def write(folder: Path, sources: Iterable[str]) -> list[Licence]:
    """Write the texts of all that these files belong to, and the index of them; return what was written.

    Raises:
        WithoutLicence: a file belongs to no known package, or its package brings no text.

    """
    files = {Path(source).resolve() for source in sources}
    parts = {one.name: one for one in _parts(files)}
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    written: dict[bytes, str] = {}  # a text that many parts have, the GPL for example, is there once
    rows = [_write_one(folder, parts[name], written) for name in sorted(parts, key=str.lower)]
    (folder / licences.INDEX).write_text(json.dumps(rows, indent=1), encoding="utf-8")
    return list(parts.values())


def _parts(files: set[Path]) -> Iterable[Licence]:
    owners = _owners()
    yield licences.of_python()
    yield replace(licences.of_distribution(metadata.distribution("pyinstaller")), licence=_START_UP)
    yield licences.of_distribution(metadata.distribution("ccdesk"))
    for file in files:
        owner = owners.get(file)
        if owner is not None:
            yield licences.of_distribution(owner)
        elif not _is_pythons(file) and not file.is_relative_to(_OURS) and "PyInstaller" not in file.parts:
            yield _of_the_system(file)


def _owners() -> dict[Path, metadata.Distribution]:
    return {
        Path(str(file.locate())).resolve(): one
        for one in metadata.distributions()
        if one.metadata["Name"] not in (licences.OURS, "pyinstaller", "pyinstaller-hooks-contrib")
        for file in one.files or ()
    }


def _is_pythons(file: Path) -> bool:
    """Say whether a file is of Python itself: its library, or what lies beside it."""
    homes = (sysconfig.get_path("stdlib"), sys.base_prefix if sys.base_prefix != "/usr" else "")
    inside = any(home and file.is_relative_to(Path(home).resolve()) for home in homes)
    return inside or file.name.lower().startswith(("libpython3", "python3"))


def _of_the_system(file: Path) -> Licence:
    """Return the Debian package that a library came with.

    Raises:
        WithoutLicence: there is none, or it has no copyright file.

    """
    package = owner_package(file)
    text = Path("/usr/share/doc") / package / "copyright"
    if not package or not text.is_file():
        raise WithoutLicence(str(file))
    version = _ask("dpkg-query", "-W", "-f=${Version}", package)
    found = dict.fromkeys(_FIELD.findall(text.read_text(encoding="utf-8", errors="replace")))
    referred = [_OFTEN / name for name in _named(text)]
    return Licence(
        package, version, ", ".join(list(found)[:4]) or "see its text", (text.resolve(), *referred)
    )


def _named(text: Path) -> list[str]:
    """Return the texts that every Debian system has, and a copyright file therefore only names."""
    named = set(re.findall(r"/usr/share/common-licenses/([\w.-]*[\w])", text.read_text(errors="replace")))
    return sorted(name for name in named if (_OFTEN / name).is_file())


def owner_package(file: Path) -> str:
    """Return the name of the Debian package a file belongs to, `""` if there is none."""
    if not shutil.which("dpkg"):
        return ""
    for path in dict.fromkeys((str(file), str(file).removeprefix("/usr"), f"/usr{file}")):
        line = _ask("dpkg", "-S", path)
        if line:
            return line.splitlines()[0].split(":")[0]
    return ""


def _ask(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _write_one(folder: Path, one: Licence, written: dict[bytes, str]) -> dict[str, object]:
    if not one.files:
        raise WithoutLicence(f"{one.name} brings no text")
    names = []
    for number, file in enumerate(one.files):
        content = file.read_bytes()
        stem = re.sub(r"[^\w.-]+", "-", one.name).strip("-")
        name = written.setdefault(content, f"{stem}-{number}.txt" if number else f"{stem}.txt")
        (folder / name).write_bytes(content)
        names.append(name)
    return {"name": one.name, "version": one.version, "licence": one.licence, "files": names}
