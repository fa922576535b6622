"""What an entry of the system has to name so that the same ccdesk starts on the same data."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path, PureWindowsPath

from ccdesk.system.program import Program, find_program

DEFAULT = Path("/home/ada/.local/share/ccdesk")


def found(base: Path = DEFAULT, *there: str, **options: object) -> Program:
    given = {"environment": {}, "executable": "/opt/ccdesk/ccdesk", "frozen": True, "platform": "linux"}
    return find_program(
        base,
        DEFAULT,
        is_there=lambda path: path.name in there,
        **{**given, **options},  # type: ignore[arg-type]
    )


def test_the_package_has_a_program_for_each() -> None:
    one = found(DEFAULT, "ccdesk", "ccdesk-window", executable="/opt/ccdesk/ccdesk-window")
    assert one == Program(("/opt/ccdesk/ccdesk-window",), ("/opt/ccdesk/ccdesk",))


def test_a_package_of_one_program_names_that() -> None:
    assert found() == Program(("/opt/ccdesk/ccdesk",), ("/opt/ccdesk/ccdesk",))


def test_an_appimage_is_named_itself_and_not_where_it_is_mounted() -> None:
    one = found(environment={"APPIMAGE": "/home/ada/ccdesk.AppImage"}, executable="/tmp/.mount_x/ccdesk")
    assert one.window == one.console == ("/home/ada/ccdesk.AppImage",)


def test_another_base_dir_is_named_and_has_a_name_of_its_own() -> None:
    one, other = found(Path("/srv/a")), found(Path("/srv/b"))
    assert one.window[-2:] == one.console[-2:] == ("--base-dir", "/srv/a")
    assert len({found().name, one.name, other.name}) == 3


def test_the_kind_of_vault_goes_along_and_no_other_variable_does() -> None:
    env = {"CCDESK_VAULT": "file", "CCDESK_KIBO_SHARED_SECRET": "s3cret", "CCDESK_ENABLED": "true"}
    assert found(environment=env).environment == {"CCDESK_VAULT": "file"}


def test_a_python_on_windows_opens_no_console() -> None:
    executable = str(PureWindowsPath("C:/venv/Scripts") / "python.exe").replace("\\", "/")
    one = found(DEFAULT, "pythonw.exe", executable=executable, frozen=False, platform="win32")
    assert Path(one.window[0]).name == "pythonw.exe"
    assert Path(one.console[0]).name == "python.exe"


def test_the_command_named_does_start_ccdesk(tmp_path: Path) -> None:
    one = find_program(tmp_path / "base", DEFAULT, environment={})
    done = subprocess.run(
        [*one.console, "--version"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.startswith("ccdesk ")
    assert one.console[0] == sys.executable
