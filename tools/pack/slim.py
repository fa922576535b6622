"""What is left out of the packaged program (`ccdesk.spec`): it is not used, or its licence forbids it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath

Entry = tuple[str, str, str]  # where it goes, where it comes from, its kind: as PyInstaller has it

MODULES = (
    *("tkinter", "_tkinter", "numpy", "PIL", "IPython", "gi", "curses", "_curses", "_curses_panel"),
    *("pytest", "_pytest", "hypothesis", "setuptools", "pkg_resources", "pip", "mypy", "lib2to3"),
    *("PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtOpenGL", "PySide6.QtPrintSupport"),
    *("yaml", "attr", "attrs", "pydoc", "pydoc_data", "doctest", "pdb", "ensurepip"),
    "readline",  # GPL-3, and nobody types into a prompt of Python
    *("dns", "email_validator.deliverability"),  # the name servers are never asked about an email
)
_PLUGINS = {  # of Qt: kind -> the ones that stay
    "iconengines": ("qsvgicon",),
    "imageformats": ("qsvg", "qico"),
    "platforminputcontexts": ("composeplatforminputcontextplugin", "ibusplatforminputcontextplugin"),
    "platforms": ("qxcb", "qwayland", "qoffscreen", "qwindows", "qcocoa"),
    "platformthemes": ("qxdgdesktopportal",),  # not qgtk3: it brings all of GTK
    "styles": ("qmodernwindowsstyle", "qmacstyle", "qwindowsvistastyle"),
    "wayland-decoration-client": ("bradient",),
    "wayland-shell-integration": ("xdg-shell",),
    "accessiblebridge": (),
}
LANGUAGES = ("de",)  # those of the window; English is in Qt itself


def kept(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that go into the package, without plugins and translations of Qt nobody uses."""
    return [entry for entry in entries if _wanted(PurePosixPath(entry[0].replace("\\", "/")))]


def _wanted(path: PurePosixPath) -> bool:
    parts = path.parts
    if "PySide6" not in parts:
        return "libreadline" not in path.name and path.suffix != ".ts"  # the source of a .qm
    if "plugins" in parts:
        kind, name = parts[parts.index("plugins") + 1], path.name.split(".")[0].removeprefix("lib")
        return name in _PLUGINS.get(kind, ())
    if "translations" in parts:
        return path.name in {f"qtbase_{language}.qm" for language in LANGUAGES}
    return "qml" not in parts and path.name not in ("opengl32sw.dll",)


def reached(entries: Sequence[Entry], needs: Callable[[str], Iterable[str]]) -> list[Entry]:
    """Return what the modules and plugins reach: libraries that only something left out needed go as well.

    `needs` returns the names of the libraries that a file is linked with.
    """
    by_name: dict[str, list[Entry]] = {}
    for entry in entries:
        by_name.setdefault(PurePosixPath(entry[0].replace("\\", "/")).name, []).append(entry)
    waiting = [entry for entry in entries if _is_root(entry)]
    found: set[str] = set()
    while waiting:
        entry = waiting.pop()
        if entry[0] in found:
            continue
        found.add(entry[0])
        if entry[2] != "SYMLINK":
            for name in needs(entry[1]):
                waiting += by_name.get(PurePosixPath(name).name, ())
    return [entry for entry in entries if entry[0] in found or _leads_to(entry, found)]


def _is_root(entry: Entry) -> bool:
    """Say whether something is loaded by name at run time: a module, a plugin, or Python itself."""
    path = PurePosixPath(entry[0].replace("\\", "/"))
    return entry[2] == "EXTENSION" or "plugins" in path.parts or path.name.startswith("libpython")


def _leads_to(entry: Entry, found: set[str]) -> bool:
    """Say whether a link leads to something that stays."""
    if entry[2] != "SYMLINK":
        return False
    target = PurePosixPath(entry[0]).parent / entry[1]
    return str(target) in found


def stripped(entries: Sequence[Entry], folder: Path) -> list[Entry]:
    """Return the entries without what only debuggers need, as copies in `folder` where there is any.

    Python's own are: its library is 30 MB then, and 7 MB without. Qt's are as small as they can be.
    """
    if not shutil.which("strip"):
        return list(entries)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return [_stripped(entry, folder) if _has_more(entry) else entry for entry in entries]


def _has_more(entry: Entry) -> bool:
    path = PurePosixPath(entry[0])
    if entry[2] == "SYMLINK":
        return False
    return path.name.startswith("libpython") or bool({"lib-dynload", "cryptography"} & set(path.parts))


def _stripped(entry: Entry, folder: Path) -> Entry:
    copy = folder / PurePosixPath(entry[0]).name
    shutil.copyfile(entry[1], copy)
    copy.chmod(0o755)
    subprocess.run(["strip", "--strip-unneeded", str(copy)], check=True)
    return entry[0], str(copy), entry[2]
