"""Linux: the folder of a user's own configuration, and entries of the desktop that are started at login.

Desktop Application Autostart Specification 0.5; Desktop Entry Specification 1.5 for the form of the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

_QUOTED = re.compile(r'(["`$\\])')  # what needs a backslash inside the quotes of an Exec line
_ESCAPES = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}  # of a value of type string
_ESCAPED = re.compile(r"\\(.)")
_PART = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')


def config_home(environment: Mapping[str, str], home: Path) -> Path:
    """Return XDG_CONFIG_HOME; a relative path is to be ignored (XDG Base Directory Specification)."""
    named = Path(environment.get("XDG_CONFIG_HOME") or "")
    return named if named.is_absolute() else home / ".config"


def desktop_entry(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return an entry that starts a command."""
    settings = [f"{name}={value}" for name, value in environment.items()]
    words = ["env", *settings, *command] if settings else list(command)
    return (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Name=ccdesk\n"
        "Comment=Keeps marketing consent the same in Kibo eCommerce and Constant Contact\n"
        f"Exec={' '.join(map(_exec_word, words))}\n"
        "Icon=ccdesk\n"
        "Terminal=false\n"
        "StartupNotify=false\n"
        "X-GNOME-Autostart-enabled=true\n"
    )


def _exec_word(word: str) -> str:
    """Quote one word of an Exec line; a line break cannot stand in one."""
    quoted = _QUOTED.sub(r"\\\1", word).replace("%", "%%")
    return '"' + quoted.replace("\\", "\\\\") + '"'


def command_of(text: str) -> tuple[str, ...]:
    """Return the command an entry starts at login; empty if a person or a desktop has switched it off."""
    keys: dict[str, str] = {}
    group = ""
    for line in text.splitlines():
        if line.startswith("["):
            group = line.strip()
        elif group == "[Desktop Entry]" and "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            keys.setdefault(key.strip(), value.strip())
    off = keys.get("Hidden", "").lower() == "true"
    if off or keys.get("X-GNOME-Autostart-enabled", "true").lower() == "false":
        return ()
    return _words(_ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[0]), keys.get("Exec", "")))


def _words(line: str) -> tuple[str, ...]:
    words = (
        _ESCAPED.sub(r"\1", found[1]) if found[1] is not None else found[2] for found in _PART.finditer(line)
    )
    return tuple(word.replace("%%", "%") for word in words)
