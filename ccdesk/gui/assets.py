"""Finds the files of `resources/`: in a checkout, in an installed wheel and in a PyInstaller bundle."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from pathlib import Path

MARKER = "style.qss"


@cache
def root() -> Path:
    """Return the folder with the bundled files.

    Raises:
        FileNotFoundError: the program was packed or installed without them.

    """
    for folder in _candidates():
        if (folder / MARKER).is_file():
            return folder
    raise FileNotFoundError("the files of resources/ were not installed with ccdesk")


def _candidates() -> list[Path]:
    bundle = getattr(sys, "_MEIPASS", "")
    folders = [Path(bundle) / "resources"] if bundle else []
    folders.append(Path(__file__).resolve().parents[2] / "resources")
    try:
        package = import_module("ccdesk_resources")
    except ModuleNotFoundError:
        return folders
    return [*folders, *(Path(entry) for entry in package.__path__)]


def path(name: str) -> Path:
    """Return the path of a bundled file such as `icons/check.svg`."""
    return root() / name


@cache
def text(name: str) -> str:
    """Return a bundled text file."""
    return path(name).read_text(encoding="utf-8")
