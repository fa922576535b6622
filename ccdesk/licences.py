"""The licences of everything ccdesk is made of: shown by Help › Licences and `ccdesk licences`.

A packaged program finds them in its folder `licences/`, which `tools/pack/third_party.py` writes when it is
built, with what no Python package tells of (the system's libraries). From source they are read off what is
installed.
"""

from __future__ import annotations

import json
import re
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path

INDEX = "index.json"
OURS = "ccdesk"
_FILE = re.compile(r"(licen[cs]e|copying|notice|authors|copyright)", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_SEE = "see its text"
_WITHOUT_TEXT = {  # packages of Qt bring no text: theirs are in `resources/licences/`
    "pyside6": ("Qt.txt", "LGPL-3.0.txt", "GPL-3.0.txt"),
    "pyside6-essentials": ("Qt.txt", "LGPL-3.0.txt", "GPL-3.0.txt"),
    "shiboken6": ("Qt.txt", "LGPL-3.0.txt", "GPL-3.0.txt"),
}


@dataclass(frozen=True, slots=True)
class Licence:
    """One part of the program; `files` hold the texts, most telling first."""

    name: str
    version: str
    licence: str  # in few words, an SPDX expression where the part says one
    files: tuple[Path, ...] = ()

    @property
    def title(self) -> str:
        """Name, version and licence in one line."""
        return f"{' '.join(filter(None, (self.name, self.version)))} – {self.licence}"

    def text(self) -> str:
        """Return all its texts, read from the disk."""
        return "\n\n".join(file.read_text(encoding="utf-8", errors="replace").strip() for file in self.files)


def find_all() -> tuple[Licence, ...]:
    """Return every part of the program that runs, ccdesk first, then by name; reads from the disk."""
    folder = Path(getattr(sys, "_MEIPASS", "")) / "licences"
    found = from_folder(folder) if getattr(sys, "frozen", False) else installed()
    return tuple(sorted(found, key=lambda one: (one.name != OURS, one.name.lower())))


def from_folder(folder: Path) -> list[Licence]:
    """Return what the build has written."""
    rows = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    return [
        Licence(row["name"], row["version"], row["licence"], tuple(folder / name for name in row["files"]))
        for row in rows
    ]


def installed() -> list[Licence]:
    """Return ccdesk, what it needs to run, and Python."""
    return [*map(of_distribution, _needed(OURS, set())), of_python()]


def _needed(name: str, seen: set[str]) -> Iterator[metadata.Distribution]:
    """Yield a distribution and, once each, those it needs that are here: what is for other systems is not."""
    key = _key(name)
    if key in seen:
        return
    seen.add(key)
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return
    yield found
    for wanted in found.requires or ():
        if "extra ==" not in wanted and (start := _NAME.match(wanted)):
            yield from _needed(start[0], seen)


def _key(name: str) -> str:
    """Return a package's name in the one form in which names are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _resources() -> Path:
    """Return the folder of texts that ccdesk brings: in a checkout, else as installed."""
    checkout = Path(__file__).resolve().parents[1] / "resources" / "licences"
    if checkout.is_dir():
        return checkout
    return Path(str(resources.files("ccdesk_resources"))) / "licences"


def of_distribution(one: metadata.Distribution) -> Licence:
    """Return what a Python package tells of its licence."""
    files = [Path(str(file.locate())) for file in one.files or () if _tells(file)]
    if one.metadata["Name"] == OURS and not files:  # an editable install lists none
        files = [Path(__file__).resolve().parents[1] / "LICENSE"]
    present = sorted((file for file in files if file.is_file()), key=lambda file: (len(file.name), file.name))
    if not present:
        present = [_resources() / name for name in _WITHOUT_TEXT.get(_key(one.metadata["Name"]), ())]
    return Licence(one.metadata["Name"], one.version, _in_few_words(one), tuple(present))


def _tells(file: metadata.PackagePath) -> bool:
    inside = any(part.endswith(".dist-info") for part in file.parts)
    return inside and ("licenses" in file.parts or _FILE.match(file.name) is not None)


def _in_few_words(one: metadata.Distribution) -> str:
    """Return the SPDX expression, else the classifiers, else the first line of the old field."""
    about = one.metadata
    if expression := next(iter(about.get_all("License-Expression") or ()), ""):
        return str(expression)
    head = "License :: "
    classes = [line.split(" :: ")[-1] for line in about.get_all("Classifier") or () if line.startswith(head)]
    old = "\n".join(about.get_all("License") or ()).strip().splitlines()
    return ", ".join(_telling(classes)) or (old[0][:60] if old else _SEE)


def _telling(classes: Sequence[str]) -> list[str]:
    return [one for one in classes if one != "OSI Approved"]


def of_python() -> Licence:
    """Return Python itself."""
    places = (sysconfig.get_path("stdlib"), sys.base_prefix, "/usr/share/doc/python3")
    names = ("LICENSE.txt", "LICENSE", "copyright")
    files = [Path(place) / name for place in places for name in names if (Path(place) / name).is_file()]
    version = ".".join(map(str, sys.version_info[:3]))
    return Licence("Python", version, "PSF-2.0", tuple(files[:1]))
