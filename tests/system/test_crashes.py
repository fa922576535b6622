"""A crash is written down and found by the next start; an orderly end leaves nothing."""

from __future__ import annotations

import faulthandler
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ccdesk.system import crashes
from ccdesk.system.crashes import RUN, WINDOW, crash_lines, crashes_noted, last_crash

DIES = """
import faulthandler, sys
from pathlib import Path
from ccdesk.cli.no_dump import leave_no_dump
from ccdesk.system.crashes import crashes_noted
leave_no_dump()
def where_it_happens():
    faulthandler._sigsegv()
with crashes_noted(Path(sys.argv[1])):
    where_it_happens()
"""


@pytest.fixture(autouse=True)
def _own_handler():
    """Give pytest's own handler back."""
    before = faulthandler.is_enabled()
    yield
    if before:
        faulthandler.enable(file=sys.__stderr__)


def die(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", DIES, str(path)], capture_output=True, check=False)
    assert done.returncode != 0
    assert b"where_it_happens" not in done.stderr


@pytest.mark.parametrize("name", [WINDOW, RUN])
def test_a_crash_is_found_by_the_next_start(tmp_path: Path, name: str) -> None:
    die(tmp_path / name)
    crash = last_crash(tmp_path)
    assert crash is not None
    assert abs(datetime.now(UTC) - crash.at) < timedelta(minutes=1)
    assert any("where_it_happens" in line for line in crash_lines(tmp_path))
    if os.name == "posix":
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    with crashes_noted(tmp_path / name):  # the next start, which ends in order
        assert last_crash(tmp_path) == crash
    assert last_crash(tmp_path) == crash
    die(tmp_path / name)
    second = last_crash(tmp_path)
    assert second is not None
    assert second.mark != crash.mark


def test_an_orderly_end_is_no_crash(tmp_path: Path) -> None:
    assert last_crash(tmp_path) is None
    with crashes_noted(tmp_path / WINDOW):
        pass
    assert last_crash(tmp_path) is None
    assert crash_lines(tmp_path) == []
    assert not faulthandler.is_enabled()


def test_what_was_noted_of_a_fault_that_was_handled_goes_with_an_orderly_end(tmp_path: Path) -> None:
    """As Windows has them: noted, handled by the system, and the program goes on."""
    with crashes_noted(tmp_path / WINDOW):
        with (tmp_path / WINDOW).open("ab") as file:
            faulthandler.dump_traceback(file)
        assert last_crash(tmp_path) is not None
    assert last_crash(tmp_path) is None


def test_a_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / WINDOW).mkdir()
    with crashes_noted(tmp_path / WINDOW):
        pass
    with crashes_noted(tmp_path / "nowhere" / WINDOW):
        pass


def test_it_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crashes, "_MOST_BYTES", 10)
    (tmp_path / WINDOW).write_text("a crash of long ago")
    with crashes_noted(tmp_path / WINDOW):
        pass
    assert last_crash(tmp_path) is None


def test_the_persons_folder_is_not_named(tmp_path: Path) -> None:
    (tmp_path / WINDOW).write_text(f'  File "{Path.home()}/ccdesk/x.py", line 3 in f\n')
    assert crash_lines(tmp_path) == ['  File "~/ccdesk/x.py", line 3 in f']
