"""macOS: agents of the user, started by launchd at login (`man launchd.plist`)."""

from __future__ import annotations

import plistlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_RESTART_AFTER = 60  # seconds


def agent_file(home: Path, label: str) -> Path:
    """Return where an agent of the user is written down."""
    return home / "Library" / "LaunchAgents" / f"{label}.plist"


def agent(
    label: str, command: Sequence[str], environment: Mapping[str, str], *, keep_running: bool = False
) -> bytes:
    """Return the file of an agent that starts a command at login.

    `keep_running`: start it again if it fails; without, it is a program with a window.
    """
    entry: dict[str, Any] = {"Label": label, "ProgramArguments": list(command), "RunAtLoad": True}
    if environment:
        entry["EnvironmentVariables"] = dict(environment)
    if keep_running:
        entry |= {"KeepAlive": {"SuccessfulExit": False}, "ThrottleInterval": _RESTART_AFTER}
        entry["ProcessType"] = "Background"
    else:
        entry |= {"LimitLoadToSessionType": "Aqua", "ProcessType": "Interactive"}
    return plistlib.dumps(entry)


def command_of(content: bytes) -> tuple[str, ...]:
    """Return the command an agent starts at login; empty if it starts none, or cannot be read."""
    try:
        entry = plistlib.loads(content)
    except (plistlib.InvalidFileException, ValueError, OverflowError):
        return ()
    except Exception:  # expat's own error, which plistlib passes on
        return ()
    if not isinstance(entry, dict) or entry.get("Disabled") or not entry.get("RunAtLoad"):
        return ()
    arguments = entry.get("ProgramArguments")
    return tuple(map(str, arguments)) if isinstance(arguments, list) else ()
