"""`ccdesk run` as a service: what is written, and what each system is asked to do. No system is touched."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ccdesk.system import systemd, windows
from ccdesk.system.program import Program, SystemRefused
from ccdesk.system.service import Answer, Service, ask_system, service

PROGRAM = Program(("/opt/ccdesk-window",), ("/opt/ccdesk",), environment={"CCDESK_VAULT": "file"})
TASKS = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


class FakeSystem:
    """Takes the commands, keeps what it would have installed, and can refuse a word."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.refuses = ""
        self.installed: set[str] = set()
        self.task = ""

    def __call__(self, command: Sequence[str]) -> Answer:
        words = list(command)
        self.asked.append(words)
        if self.refuses and self.refuses in words:
            return Answer(1, f"{self.refuses}: no")
        if "/XML" in words:
            self.task = Path(words[words.index("/XML") + 1]).read_text(encoding="utf-16")
        known = {"/Create": True, "/Delete": False, "restart": True, "disable": False, "bootstrap": True,
                 "bootout": False}  # fmt: skip
        for word, there in known.items():
            if word in words:
                (self.installed.add if there else self.installed.discard)("ccdesk")
        looks = {"/Query", "is-active", "print"}.intersection(words)
        there = "ccdesk" in self.installed
        return Answer(0 if there or not looks else 3, "state = running" if there and looks else "")


@pytest.fixture
def system() -> FakeSystem:
    return FakeSystem()


def made(platform: str, home: Path, system: FakeSystem, **env: str) -> Service:
    return service(PROGRAM, platform=platform, home=home, environment=env, run=system, user="SHOP\\ada")


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_it_is_not_there_then_there_then_not(platform: str, tmp_path: Path, system: FakeSystem) -> None:
    one = made(platform, tmp_path, system)
    assert (one.state().installed, one.state().running) == (False, False)
    one.remove()
    for _ in range(2):
        one.install()
        assert one.state().installed
        assert one.state().running is (None if platform == "win32" else True)
    one.remove()
    assert (one.state().installed, one.state().running) == (False, False)


def test_systemd_is_told_to_read_enable_and_start(tmp_path: Path, system: FakeSystem) -> None:
    one = made("linux", tmp_path, system, XDG_CONFIG_HOME=str(tmp_path / "config"))
    one.install()
    unit = tmp_path / "config" / "systemd" / "user" / "ccdesk.service"
    assert 'ExecStart="/opt/ccdesk" "run"' in unit.read_text()
    assert 'Environment="CCDESK_VAULT=file"' in unit.read_text()
    assert [words[2:] for words in system.asked] == [
        ["daemon-reload"], ["enable", "ccdesk.service"], ["restart", "ccdesk.service"]
    ]  # fmt: skip


def test_any_path_survives_a_unit() -> None:
    line = systemd.unit(("/opt/Kibo & Co/ccdesk", "--base-dir", '/50% "of" $HOME \\'), {}).splitlines()[4]
    assert line == r'ExecStart="/opt/Kibo & Co/ccdesk" "--base-dir" "/50%% \"of\" $$HOME \\"'


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_finds_no_fault_in_the_unit(tmp_path: Path) -> None:
    path = tmp_path / "ccdesk.service"
    path.write_text(systemd.unit(("/bin/true", "run"), {"CCDESK_VAULT": "file"}))
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", path], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("platform", "word"), [("linux", "enable"), ("darwin", "bootstrap")])
def test_a_service_that_is_refused_leaves_no_file(
    platform: str, word: str, tmp_path: Path, system: FakeSystem
) -> None:
    one = made(platform, tmp_path, system)
    system.refuses = word
    with pytest.raises(SystemRefused) as caught:
        one.install()
    assert f"{word}: no" in caught.value.detail
    assert not one.state().installed


def test_launchd_starts_it_again_only_if_it_fails(tmp_path: Path, system: FakeSystem) -> None:
    one = made("darwin", tmp_path, system)
    one.install()
    agent = plistlib.loads(Path(one.state().place).read_bytes())
    assert agent["ProgramArguments"] == ["/opt/ccdesk", "run"]
    assert agent["KeepAlive"] == {"SuccessfulExit": False}
    assert agent["Label"] == Path(one.state().place).stem


def test_windows_gets_a_task_without_a_console_and_without_an_end(tmp_path: Path, system: FakeSystem) -> None:
    made("win32", tmp_path, system).install()
    task = ElementTree.fromstring(system.task.encode("utf-16"))

    def text(path: str) -> str:
        return task.findtext(path.replace("/", f"/{TASKS}").replace(".", f".//{TASKS}", 1)) or ""

    assert text(".Exec/Command") == "/opt/ccdesk-window"
    assert text(".Exec/Arguments") == "run"
    assert text(".LogonTrigger/UserId") == "SHOP\\ada"
    assert text(".ExecutionTimeLimit") == "PT0S"
    assert text(".DisallowStartIfOnBatteries") == "false"


def test_a_name_cannot_end_a_tag() -> None:
    task = ElementTree.fromstring(windows.task(("C:\\A & B <x>\\c.exe", "run"), "A & B").encode("utf-16"))
    assert task.findtext(f".//{TASKS}Command") == "C:\\A & B <x>\\c.exe"


def test_a_task_that_is_refused_is_told_in_words(tmp_path: Path, system: FakeSystem) -> None:
    system.refuses = "/Create"
    with pytest.raises(SystemRefused) as caught:
        made("win32", tmp_path, system).install()
    assert caught.value.code == "service_refused"


def test_a_system_without_the_command_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SystemRefused):
        ask_system([str(tmp_path / "systemctl"), "--user"])
    with pytest.raises(SystemRefused, match="cannot be installed"):
        service(PROGRAM, platform="sunos5", home=tmp_path, environment={})


def test_the_answer_of_a_command_is_its_code_and_its_words() -> None:
    assert ask_system(["sh", "-c", "echo out; echo err >&2; exit 3"]) == Answer(3, "out\nerr")
