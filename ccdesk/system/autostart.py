"""Starting with the user's login: on, off, and how it stands, on each system by its own means."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ccdesk.core import files
from ccdesk.core.words import marked
from ccdesk.system import launchd, windows, xdg
from ccdesk.system.program import TRAY, Program, SystemRefused
from ccdesk.system.windows import Registry, UserRegistry


@dataclass(frozen=True, slots=True)
class AutostartState:
    """How it stands: `place` is the file or registry value, `command` what it starts.

    `is_ours`: it starts the very program that is running now, on the same base dir. `is_gone`: the program it
    names is not there any more, as after an upgrade to another folder.
    """

    on: bool
    place: str
    command: str = ""
    is_ours: bool = False
    is_gone: bool = False


class Autostart(Protocol):
    """The entry of one base dir. All methods raise SystemRefused if the system does not let us."""

    def state(self) -> AutostartState:
        """Return how it stands."""

    def turn_on(self) -> None:
        """Have ccdesk started at login; an entry that is there is written anew."""

    def turn_off(self) -> None:
        """Have it started no more; harmless if it is off."""


def autostart(
    program: Program,
    *,
    platform: str = sys.platform,
    home: Path | None = None,
    environment: Mapping[str, str] | None = None,
    registry: Registry | None = None,
) -> Autostart:
    """Return what this system offers.

    Raises:
        SystemRefused: it is a system of which that is not known.

    """
    home = home or Path.home()
    environment = os.environ if environment is None else environment
    command = (*program.window, TRAY)
    if platform == "win32":
        return RunKey(program.name, command, registry or UserRegistry())
    if platform == "darwin":
        label = f"{program.name}.login"
        content = launchd.agent(label, command, program.environment)
        return EntryFile(launchd.agent_file(home, label), content, launchd.command_of)
    if platform == "linux":
        entry = xdg.desktop_entry(command, program.environment)
        place = xdg.config_home(environment, home) / "autostart" / f"{program.name}.desktop"
        return EntryFile(
            place, entry.encode(), lambda found: xdg.command_of(found.decode("utf-8", "replace"))
        )
    raise SystemRefused(
        marked("ccdesk cannot have itself started at login on this system"),
        meaning=marked("It knows how on Windows, macOS and Linux, and this is “{platform}”.").format(
            platform=platform
        ),
    )


@dataclass(frozen=True, slots=True)
class EntryFile:
    """`Autostart` by a file that the desktop looks for at login."""

    path: Path
    content: bytes
    command_of: Callable[[bytes], tuple[str, ...]]

    def state(self) -> AutostartState:
        """Return how it stands."""
        with _told(self.path):
            try:
                found = self.path.read_bytes()
            except FileNotFoundError:
                found = b""
        command = self.command_of(found)
        ours = bool(command) and command == self.command_of(self.content)
        gone = bool(command) and not _is_there(command)
        return AutostartState(bool(command), str(self.path), shlex.join(command), ours, gone)

    def turn_on(self) -> None:
        """Write the file."""
        with _told(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            files.write_private(self.path, self.content)

    def turn_off(self) -> None:
        """Remove the file."""
        with _told(self.path):
            self.path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class RunKey:
    """`Autostart` by a value in the user's registry; Task Manager's own switch is heeded."""

    name: str
    words: tuple[str, ...]
    registry: Registry

    @property
    def place(self) -> str:
        """The value's full name."""
        return rf"HKEY_CURRENT_USER\{windows.RUN}\{self.name}"

    def state(self) -> AutostartState:
        """Return how it stands."""
        with _told(self.place):
            found = self.registry.read(windows.RUN, self.name)
            approved = self.registry.read(windows.APPROVED, self.name)
        command = found if isinstance(found, str) else ""
        on = bool(command) and not windows.is_switched_off(approved)
        ours = command == subprocess.list2cmdline(self.words)
        return AutostartState(on, self.place, command, ours, on and not _is_there(windows.words_of(command)))

    def turn_on(self) -> None:
        """Write the value, and take back that it was switched off.

        Raises:
            SystemRefused: Windows would not read a command of that length.

        """
        command = subprocess.list2cmdline(self.words)
        if len(command) > windows.LONGEST:
            raise SystemRefused(
                marked("ccdesk lies too deep to be started at login"),
                meaning=marked(
                    "Windows takes a command of at most {longest} characters; this one has "
                    "{command}. Nothing was changed."
                ).format(longest=windows.LONGEST, command=len(command)),
                next_step=marked("Install ccdesk, or keep its data, in a folder with a shorter path."),
            )
        with _told(self.place):
            self.registry.write(windows.RUN, self.name, command)
            self.registry.remove(windows.APPROVED, self.name)

    def turn_off(self) -> None:
        """Remove the value."""
        with _told(self.place):
            self.registry.remove(windows.RUN, self.name)
            self.registry.remove(windows.APPROVED, self.name)


def renew(one: Autostart) -> None:
    """Have this program started at login in place of one that is not there any more; a working one stays."""
    state = one.state()
    if state.on and state.is_gone:
        one.turn_on()


def _is_there(command: Sequence[str]) -> bool:
    """Say whether the program a command names is there; what stands before it sets its environment."""
    words = [word for word in command if word != "env" and not word.startswith("CCDESK_")]
    return bool(words) and Path(words[0]).exists()


@contextmanager
def _told(place: Path | str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SystemRefused(
            marked("The start at login could not be read or changed"),
            meaning=marked("This computer does not let ccdesk use {place}.").format(place=place),
            detail=str(error),
            code="autostart_refused",
        ) from error
