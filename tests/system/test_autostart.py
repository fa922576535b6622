"""Each system's own entry, written where its desktop looks for it, and no system is touched."""

from __future__ import annotations

import plistlib
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from ccdesk.system import launchd, windows, xdg
from ccdesk.system.autostart import Autostart, autostart, renew
from ccdesk.system.program import Program, SystemRefused

ODD = ("/opt/Kibo & Co/ccdesk", "--base-dir", '/home/ada/50% "of" `all` $HOME \\ data', "--tray")
PROGRAM = Program(("/opt/ccdesk/ccdesk-window",), ("/opt/ccdesk/ccdesk",))


class FakeRegistry:
    """`windows.Registry` in memory."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str | bytes] = {}
        self.fault: OSError | None = None

    def _ask(self) -> None:
        if self.fault is not None:
            raise self.fault

    def read(self, key: str, name: str) -> str | bytes | None:
        self._ask()
        return self.values.get((key, name))

    def write(self, key: str, name: str, value: str) -> None:
        self._ask()
        self.values[key, name] = value

    def remove(self, key: str, name: str) -> None:
        self._ask()
        self.values.pop((key, name), None)


@pytest.fixture
def registry() -> FakeRegistry:
    return FakeRegistry()


def entry(
    platform: str, home: Path, registry: FakeRegistry | None = None, program: Program = PROGRAM, **env: str
) -> Autostart:
    return autostart(program, platform=platform, home=home, environment=env, registry=registry)


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_it_is_off_then_on_then_off(platform: str, tmp_path: Path, registry: FakeRegistry) -> None:
    one = entry(platform, tmp_path, registry)
    assert not one.state().on
    one.turn_off()
    for _ in range(2):
        one.turn_on()
        state = one.state()
        assert (state.on, state.is_ours) == (True, True)
        assert shlex.split(state.command) == ["/opt/ccdesk/ccdesk-window", "--tray"]
    one.turn_off()
    assert not one.state().on
    assert registry.values == {}


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_another_copy_is_on_but_not_ours(platform: str, tmp_path: Path, registry: FakeRegistry) -> None:
    entry(platform, tmp_path, registry, Program(("/old/ccdesk",), ("/old/ccdesk",))).turn_on()
    one = entry(platform, tmp_path, registry)
    assert (one.state().on, one.state().is_ours) == (True, False)
    one.turn_on()
    assert one.state().is_ours


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_each_base_dir_has_an_entry_of_its_own(platform: str, tmp_path: Path, registry: FakeRegistry) -> None:
    one, other = (
        entry(platform, tmp_path, registry, Program(("/opt/ccdesk",), ("/opt/ccdesk",), name))
        for name in ("ccdesk", "ccdesk-12345678")
    )
    one.turn_on()
    assert (one.state().on, other.state().on) == (True, False)
    assert one.state().place != other.state().place


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_after_an_upgrade_to_another_folder_the_new_program_is_started(
    platform: str, tmp_path: Path, registry: FakeRegistry
) -> None:
    old, new = tmp_path / "ccdesk 1.0", tmp_path / "ccdesk 1.1"
    for one in (old, new):
        one.write_text("")

    def of(path: Path) -> Autostart:
        program = Program((str(path),), (str(path),), environment={"CCDESK_VAULT": "file"})
        return entry(platform, tmp_path, registry, program)

    renew(of(new))
    assert not of(new).state().on, "what a person did not want stays off"
    of(old).turn_on()
    renew(of(new))
    assert of(old).state().is_ours, "a copy that works stays"
    old.unlink()
    assert of(new).state().is_gone
    renew(of(new))
    assert (of(new).state().is_ours, of(new).state().is_gone) == (True, False)


def test_linux_keeps_it_where_the_desktop_looks(tmp_path: Path) -> None:
    entry("linux", tmp_path).turn_on()
    assert (tmp_path / ".config" / "autostart" / "ccdesk.desktop").is_file()
    entry("linux", tmp_path, XDG_CONFIG_HOME=str(tmp_path / "own")).turn_on()
    assert (tmp_path / "own" / "autostart" / "ccdesk.desktop").is_file()


def test_a_relative_config_home_is_ignored(tmp_path: Path) -> None:
    place = entry("linux", tmp_path, XDG_CONFIG_HOME="here").state().place
    assert place == str(tmp_path / ".config" / "autostart" / "ccdesk.desktop")


@pytest.mark.parametrize("key", ["Hidden=true", "X-GNOME-Autostart-enabled=false"])
def test_what_the_desktop_switched_off_is_off(tmp_path: Path, key: str) -> None:
    one = entry("linux", tmp_path)
    one.turn_on()
    path = Path(one.state().place)
    name = key.partition("=")[0]
    kept = [line for line in path.read_text().splitlines() if not line.startswith(name)]
    path.write_text("\n".join([*kept, key, ""]))
    assert not one.state().on
    one.turn_on()
    assert one.state().on


def test_any_path_survives_the_desktop_entry() -> None:
    assert xdg.command_of(xdg.desktop_entry(ODD, {})) == ODD


def test_the_kind_of_vault_goes_along() -> None:
    found = xdg.command_of(xdg.desktop_entry(("/opt/ccdesk",), {"CCDESK_VAULT": "file"}))
    assert found == ("env", "CCDESK_VAULT=file", "/opt/ccdesk")
    agent = plistlib.loads(launchd.agent("ccdesk.login", ("/opt/ccdesk",), {"CCDESK_VAULT": "file"}))
    assert agent["EnvironmentVariables"] == {"CCDESK_VAULT": "file"}


@pytest.mark.skipif(shutil.which("desktop-file-validate") is None, reason="desktop-file-utils is not here")
def test_the_desktop_entry_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "ccdesk.desktop"
    path.write_text(xdg.desktop_entry(ODD, {}))
    done = subprocess.run(["desktop-file-validate", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_macos_starts_a_program_with_a_window(tmp_path: Path) -> None:
    one = entry("darwin", tmp_path)
    one.turn_on()
    path = tmp_path / "Library" / "LaunchAgents" / "ccdesk.login.plist"
    agent = plistlib.loads(path.read_bytes())
    assert agent["Label"] == path.stem
    assert agent["ProgramArguments"] == ["/opt/ccdesk/ccdesk-window", "--tray"]
    assert agent["RunAtLoad"] is True
    assert "KeepAlive" not in agent
    assert launchd.command_of(launchd.agent("x", ODD, {})) == ODD


@pytest.mark.parametrize("content", [b"", b"nonsense", b"<plist><array/></plist>", b"bplist00"])
def test_an_agent_that_cannot_be_read_is_off(tmp_path: Path, content: bytes) -> None:
    one = entry("darwin", tmp_path)
    one.turn_on()
    Path(one.state().place).write_bytes(content)
    assert not one.state().on


def test_windows_reads_a_command_line(tmp_path: Path, registry: FakeRegistry) -> None:
    program = Program((r"C:\Program Files\ccdesk\ccdesk-window.exe",), ("ccdesk.exe",))
    entry("win32", tmp_path, registry, program).turn_on()
    command = r'"C:\Program Files\ccdesk\ccdesk-window.exe" --tray'
    assert registry.values == {(windows.RUN, "ccdesk"): command}


@pytest.mark.parametrize(("first", "on"), [(2, True), (3, False), (6, True), (7, False)])
def test_the_switch_of_the_task_manager_is_heeded(
    tmp_path: Path, registry: FakeRegistry, first: int, on: bool
) -> None:
    one = entry("win32", tmp_path, registry)
    one.turn_on()
    registry.values[windows.APPROVED, "ccdesk"] = bytes([first, *[0] * 11])
    assert one.state().on is on
    one.turn_on()
    assert one.state().on


def test_a_command_that_windows_would_cut_is_refused(tmp_path: Path, registry: FakeRegistry) -> None:
    one = entry("win32", tmp_path, registry, Program(("C:\\" + "x" * 260,), ("ccdesk.exe",)))
    with pytest.raises(SystemRefused, match="too deep"):
        one.turn_on()
    assert registry.values == {}


def test_what_the_system_refuses_is_told_in_words(tmp_path: Path, registry: FakeRegistry) -> None:
    (tmp_path / ".config").write_text("no folder")
    registry.fault = PermissionError("a policy forbids it")
    for one in (entry("linux", tmp_path), entry("win32", tmp_path, registry)):
        with pytest.raises(SystemRefused) as caught:
            one.turn_on()
        assert caught.value.code == "autostart_refused"
        assert caught.value.detail


def test_another_system_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SystemRefused, match="cannot have itself started"):
        entry("freebsd14", tmp_path)
