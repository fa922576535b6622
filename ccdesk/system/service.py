"""`ccdesk run` as a service of the user, without a window: installed, removed, and how it stands."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ccdesk.core import files
from ccdesk.core.words import marked
from ccdesk.system import launchd, systemd, windows, xdg
from ccdesk.system.program import Program, SystemRefused

_PATIENCE = 60  # seconds for a command of the system

Run = Callable[[Sequence[str]], "Answer"]


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command of the system ended, and what it printed."""

    code: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """How it stands: `running` is None where the system does not tell; `place` is its file or name."""

    installed: bool
    running: bool | None
    place: str


class Service(Protocol):
    """The service of one base dir. All methods raise SystemRefused if the system does not let us."""

    @property
    def hint(self) -> str:
        """What a person should know about it."""

    def state(self) -> ServiceState:
        """Return how it stands."""

    def install(self) -> None:
        """Install and start it; one that is there is written anew and started anew."""

    def remove(self) -> None:
        """Stop and remove it; harmless if there is none."""


def service(
    program: Program,
    *,
    platform: str = sys.platform,
    home: Path | None = None,
    environment: Mapping[str, str] | None = None,
    run: Run | None = None,
    user: str = "",
) -> Service:
    """Return what this system offers.

    Raises:
        SystemRefused: it is a system of which that is not known.

    """
    home, run = home or Path.home(), run or ask_system
    environment = os.environ if environment is None else environment
    command = (*program.console, "run")
    if platform == "linux":
        path = systemd.unit_file(xdg.config_home(environment, home), program.name)
        return UserUnit(path, systemd.unit(command, program.environment), run)
    if platform == "darwin":
        label = f"{program.name}.service"
        content = launchd.agent(label, command, program.environment, keep_running=True)
        return LaunchAgent(launchd.agent_file(home, label), content, run, f"gui/{os.getuid()}")
    if platform == "win32":
        user = user or "\\".join(filter(None, (environment.get("USERDOMAIN", ""), getpass.getuser())))
        return ScheduledTask(program.name, windows.task((*program.window, "run"), user), run)
    raise SystemRefused(
        marked("ccdesk cannot be installed as a service on this system"),
        meaning=marked("It knows how on Windows, macOS and Linux, and this is “{platform}”.").format(
            platform=platform
        ),
        next_step=marked("Have “ccdesk run” started by whatever starts services here."),
    )


def ask_system(command: Sequence[str]) -> Answer:
    """Run a command of the system and wait for its end.

    Raises:
        SystemRefused: there is no such command here, or it does not end.

    """
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_PATIENCE, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _refused(command[0], str(error)) from error
    return Answer(done.returncode, f"{done.stdout}{done.stderr}".strip())


@dataclass(frozen=True, slots=True)
class UserUnit:
    """`Service` by the user's own systemd."""

    path: Path
    content: str
    run: Run
    hint: str = (
        "It runs while you are logged in. “loginctl enable-linger” has it run from the computer's start on; "
        "the login must then be kept in a file (CCDESK_VAULT=file), as a keyring opens at login only."
    )

    def state(self) -> ServiceState:
        """Return how it stands."""
        installed = self.path.exists()
        running = installed and self._systemctl("is-active", "--quiet", self.path.name).code == 0
        return ServiceState(installed, running, str(self.path))

    def install(self) -> None:
        """Write the unit, have it read, and start it."""
        with _written(self.path, self.content.encode()):
            for words in (["daemon-reload"], ["enable", self.path.name], ["restart", self.path.name]):
                _must(self._systemctl(*words), "systemctl")

    def remove(self) -> None:
        """Stop it, and remove the unit."""
        if self.path.exists():
            _must(self._systemctl("disable", "--now", self.path.name), "systemctl")
            _remove(self.path)
            _must(self._systemctl("daemon-reload"), "systemctl")

    def _systemctl(self, *words: str) -> Answer:
        return self.run(["systemctl", "--user", *words])


@dataclass(frozen=True, slots=True)
class LaunchAgent:
    """`Service` by launchd; `domain` is the user's session."""

    path: Path
    content: bytes
    run: Run
    domain: str
    hint: str = "It runs while you are logged in."

    def state(self) -> ServiceState:
        """Return how it stands."""
        installed = self.path.exists()
        answer = self.run(["launchctl", "print", self._target]) if installed else Answer(1)
        return ServiceState(installed, answer.code == 0 and "state = running" in answer.text, str(self.path))

    def install(self) -> None:
        """Write the agent and load it; loading one that is loaded is refused, so that one goes first."""
        with _written(self.path, self.content):
            self.run(["launchctl", "bootout", self._target])
            _must(self.run(["launchctl", "bootstrap", self.domain, str(self.path)]), "launchctl")

    def remove(self) -> None:
        """Unload the agent, if it is loaded, and remove it."""
        self.run(["launchctl", "bootout", self._target])
        _remove(self.path)

    @property
    def _target(self) -> str:
        return f"{self.domain}/{self.path.stem}"


@dataclass(frozen=True, slots=True)
class ScheduledTask:
    """`Service` by a task at login: Windows' own services need an administrator, and have no keyring."""

    name: str
    content: str
    run: Run
    hint: str = "It runs while you are logged in."

    def state(self) -> ServiceState:
        """Return how it stands; whether a task runs, Windows says only in its own language."""
        installed = self.run(["schtasks", "/Query", "/TN", self.name]).code == 0
        return ServiceState(installed, None if installed else False, f"Task Scheduler\\{self.name}")

    def install(self) -> None:
        """Register the task and start it."""
        with tempfile.TemporaryDirectory(prefix="ccdesk-task-") as folder:
            path = Path(folder) / "task.xml"
            path.write_text(self.content, encoding="utf-16")
            create = ["schtasks", "/Create", "/TN", self.name, "/XML", str(path), "/F"]
            _must(self.run(create), "schtasks")
        _must(self.run(["schtasks", "/Run", "/TN", self.name]), "schtasks")

    def remove(self) -> None:
        """Stop the task and remove it."""
        if self.state().installed:
            self.run(["schtasks", "/End", "/TN", self.name])
            _must(self.run(["schtasks", "/Delete", "/TN", self.name, "/F"]), "schtasks")


def _must(answer: Answer, command: str) -> None:
    if answer.code:
        raise _refused(command, answer.text or f"it ended with {answer.code}")


@contextmanager
def _written(path: Path, content: bytes) -> Iterator[None]:
    """Write a file for what follows; where that is refused, one that was not there before goes again."""
    is_new = not path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_private(path, content)
    except OSError as error:
        raise _refused(str(path), str(error)) from error
    try:
        yield
    except SystemRefused:
        if is_new:
            _remove(path)
        raise


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _refused(str(path), str(error)) from error


def _refused(what: str, detail: str) -> SystemRefused:
    return SystemRefused(
        marked("The service could not be set up"),
        meaning=marked("{what} does not let ccdesk do that here.").format(what=what),
        next_step=marked("Have “ccdesk run” started by whatever starts services here."),
        detail=detail,
        code="service_refused",
    )
