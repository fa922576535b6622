"""Keeping others out of a folder on Windows, where a file's mode says nothing about who may read it.

The folder gets one entry, for the user who runs ccdesk, and inherits none: what is made in it is theirs
alone. Done with the programs Windows brings (`whoami`, `icacls`), named in full so that none of the current
folder is started instead.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from ccdesk.core.errors import Remedy, VaultError
from ccdesk.core.words import marked

Run = Callable[[Sequence[str]], str]
_SECONDS = 20.0
_USER = re.compile(r'"(?P<name>[^"]+)","(?P<sid>S-1-[0-9-]+)"')
_ENTRY = re.compile(r"^(.+?):(?:\([A-Z,]+\))+\s*$", re.MULTILINE)  # of a folder's list, as icacls shows it


def make_private(folder: Path, *, windows: bool = os.name == "nt", run: Run | None = None) -> None:
    """Leave a folder to its user only; on other systems the folder's mode has been looked at already.

    Raises:
        VaultError: this drive keeps no rights, or they could not be changed: nothing may be kept here.

    """
    if not windows:
        return
    run = run or _run
    try:
        user = _USER.match(run([_system_program("whoami.exe"), "/user", "/fo", "csv", "/nh"]))
        if user is None:
            raise _cannot(folder, "the user has no id")
        program = _system_program("icacls.exe")
        run([program, str(folder), "/inheritance:r", "/grant:r", f"*{user['sid']}:(OI)(CI)F"])
        shown = run([program, str(folder)]).replace(str(folder), "")
    except (OSError, subprocess.SubprocessError) as error:
        raise _cannot(folder, type(error).__name__) from error
    # A drive that keeps no rights shows everybody's all the same, and an entry made for somebody else stays.
    names = [name.strip().casefold() for name in _ENTRY.findall(shown)]
    if names != [user["name"].casefold()]:
        raise _cannot(folder, f"{len(names)} entries, where there should be one, the user's")


def _system_program(name: str) -> str:
    return str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / name)


def _run(words: Sequence[str]) -> str:
    no_window = getattr(subprocess, "CREATE_NO_WINDOW", 0)
    done = subprocess.run(
        list(words),
        capture_output=True,
        text=True,
        errors="replace",
        check=True,
        timeout=_SECONDS,
        creationflags=no_window,
    )
    return done.stdout


def _cannot(folder: Path, detail: str) -> VaultError:
    return VaultError(
        marked("The file for secrets cannot be kept from other users here"),
        meaning=marked(
            "The rights of the folder {folder} could not be left to you alone, so nothing was written."
        ).format(folder=folder),
        remedy=Remedy.WINDOWS_STORE,
        detail=detail,
    )
