"""How ccdesk is started on this computer: what an entry of the operating system has to name."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ccdesk.core.errors import CcdeskError, ExitCode
from ccdesk.core.words import marked

TRAY = "--tray"  # opens the window's program with only its icon in the tray
VAULT = (
    "CCDESK_VAULT"  # the one variable an entry takes along: without it another place for secrets is looked at
)


class SystemRefused(CcdeskError):
    """The operating system cannot do, or did not do, what was asked; nothing else was changed."""

    title = marked("This computer could not be set up for that")
    exit_code = ExitCode.WRONG_USE


@dataclass(frozen=True, slots=True)
class Program:
    """The commands that start ccdesk on one base dir, and the name of its entries with the system.

    `window` has no console, `console` has one. `environment` holds what they need beside.
    """

    window: tuple[str, ...]
    console: tuple[str, ...]
    name: str = "ccdesk"
    environment: Mapping[str, str] = field(default_factory=dict)


def find_program(
    base: Path,
    default_base: Path,
    *,
    environment: Mapping[str, str] | None = None,
    executable: str = sys.executable,
    frozen: bool = bool(getattr(sys, "frozen", False)),
    platform: str = sys.platform,
    is_there: Callable[[Path], bool] = Path.is_file,
) -> Program:
    """Return how the program that is running now is started on `base`.

    A base dir that is not the user's own is named, and has entries of its own beside those of the default.
    """
    environment = os.environ if environment is None else environment
    windowed, plain = _commands(environment, executable, platform, is_there, frozen=frozen)
    where = () if base == default_base else ("--base-dir", str(base))
    name = "ccdesk" if base == default_base else f"ccdesk-{_mark(base)}"
    taken = {VAULT: environment[VAULT]} if environment.get(VAULT) else {}
    return Program((*windowed, *where), (*plain, *where), name, taken)


def _commands(
    environment: Mapping[str, str],
    executable: str,
    platform: str,
    is_there: Callable[[Path], bool],
    *,
    frozen: bool,
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the commands without and with a console.

    An AppImage is mounted somewhere else at every start: only the file itself can be named.
    """
    image = environment.get("APPIMAGE", "")
    if frozen and image:
        return (image,), (image,)
    here = Path(executable)
    ending = ".exe" if platform == "win32" else ""
    if frozen:
        return tuple(
            (str(there),) if is_there(there := here.with_name(f"{name}{ending}")) else (executable,)
            for name in ("ccdesk-window", "ccdesk")
        )  # type: ignore[return-value]  # two names, two commands
    module = ("-P", "-m", "ccdesk")
    quiet = here.with_name("pythonw.exe")
    windowed = str(quiet) if platform == "win32" and is_there(quiet) else executable
    return (windowed, *module), (executable, *module)


def _mark(base: Path) -> str:
    return hashlib.sha256(os.fsencode(base)).hexdigest()[:8]
