"""Windows: the part of the registry where a user's programs are started at login, and scheduled tasks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from html import escape  # of xml.sax.saxutils, the program would load all of urllib at its start
from typing import Protocol

RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
LONGEST = 260  # characters of a command line under Run (learn.microsoft.com, “Run and RunOnce Registry Keys”)
_SWITCHED_OFF = 1  # bit of the first byte that Task Manager keeps under APPROVED


class Registry(Protocol):
    """As much of HKEY_CURRENT_USER as is needed."""

    def read(self, key: str, name: str) -> str | bytes | None:
        """Return a value; None if there is none. OSError: it may not be read."""

    def write(self, key: str, name: str, value: str) -> None:
        """Write a text. OSError: it may not be written."""

    def remove(self, key: str, name: str) -> None:
        """Remove a value, if it is there. OSError: it may not be removed."""


class UserRegistry:
    """`Registry` on Windows itself."""

    def read(self, key: str, name: str) -> str | bytes | None:
        """Return a value; None if there is none."""
        if sys.platform == "win32":
            import winreg

            with suppress(FileNotFoundError), winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
                value = winreg.QueryValueEx(opened, name)[0]
                return value if isinstance(value, str | bytes) else None
        return None

    def write(self, key: str, name: str, value: str) -> None:
        """Write a text."""
        if sys.platform == "win32":
            import winreg

            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, key) as opened:
                winreg.SetValueEx(opened, name, 0, winreg.REG_SZ, value)

    def remove(self, key: str, name: str) -> None:
        """Remove a value, if it is there."""
        if sys.platform == "win32":
            import winreg

            user, change = winreg.HKEY_CURRENT_USER, winreg.KEY_SET_VALUE
            with suppress(FileNotFoundError), winreg.OpenKey(user, key, 0, change) as opened:
                winreg.DeleteValue(opened, name)


def is_switched_off(approved: str | bytes | None) -> bool:
    """Say whether a person has switched a program off in Task Manager, by what is kept under APPROVED."""
    return isinstance(approved, bytes) and bool(approved[:1]) and bool(approved[0] & _SWITCHED_OFF)


def words_of(command: str) -> list[str]:
    """Return the program of a command line, alone: all that is asked of one is whether that is there."""
    program = command[1:].partition('"')[0] if command.startswith('"') else command.partition(" ")[0]
    return [program] if program else []


def task(command: Sequence[str], user: str) -> str:
    """Return a task that starts a command when the user logs in, and again if it fails.

    It has no end (PT0S), and runs on battery as well: by default a task does neither.
    """
    program, *arguments = command
    return f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo><Description>ccdesk run: keeps marketing consent the same in Kibo eCommerce and \
Constant Contact</Description></RegistrationInfo>
  <Triggers><LogonTrigger><Enabled>true</Enabled><UserId>{escape(user)}</UserId></LogonTrigger></Triggers>
  <Principals><Principal id="Author"><UserId>{escape(user)}</UserId>\
<LogonType>InteractiveToken</LogonType><RunLevel>LeastPrivilege</RunLevel></Principal></Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>
  </Settings>
  <Actions Context="Author"><Exec><Command>{escape(program)}</Command>\
<Arguments>{escape(subprocess.list2cmdline(arguments))}</Arguments></Exec></Actions>
</Task>
"""
