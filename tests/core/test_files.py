import os
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ccdesk.core import files
from tests.stand_ins import but

posix = pytest.mark.skipif(os.name != "posix", reason="modes, owners and links are POSIX")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file to another user"
)
STRANGER = 54321


def sharing_violation() -> PermissionError:
    """What Windows raises while a virus scanner or another program has the file open."""
    error = PermissionError(13, "The process cannot access the file")
    error.winerror = 32  # type: ignore[attr-defined]
    return error


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
def test_a_private_file_is_made_for_its_owner_and_taken_from_others(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    files.write_private(path, b"one")
    assert mode(path) == 0o600
    path.chmod(0o664)
    assert files.read_private(path) == b"one"
    assert mode(path) == 0o600


@posix
@pytest.mark.parametrize("work", [files.read_private, lambda path: files.write_private(path, b"gone")])
def test_a_link_is_not_followed(tmp_path: Path, work) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"theirs")
    link = tmp_path / "link"
    link.symlink_to(victim)
    with pytest.raises(OSError, match="symbolic link"):
        work(link)
    assert victim.read_bytes() == b"theirs"


@as_root
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "planted"
    path.write_bytes(b"theirs")
    os.chown(path, STRANGER, STRANGER)
    with pytest.raises(PermissionError, match="another user"):
        files.read_private(path)


def test_a_file_somebody_has_open_for_a_moment_is_replaced_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, real = [3], os.replace

    def refusing(source: Path, target: Path) -> None:
        if left[0]:
            left[0] -= 1
            raise sharing_violation()
        real(source, target)

    monkeypatch.setattr(files, "os", but(os, replace=refusing))
    (tmp_path / "new").write_text("new")
    (tmp_path / "old").write_text("old")
    files.replace(tmp_path / "new", tmp_path / "old")
    assert (tmp_path / "old").read_text() == "new"
    assert left == [0]


def test_one_that_stays_open_is_said_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(files, "time", SimpleNamespace(sleep=waited.append))

    def refusing() -> None:
        raise sharing_violation()

    with pytest.raises(PermissionError):
        files.patiently(refusing)
    assert 1 <= sum(waited) <= 3


def test_what_no_waiting_helps_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "time", SimpleNamespace(sleep=lambda _: pytest.fail("it waited")))
    for error in (PermissionError(13, "denied"), FileNotFoundError(2, "none"), OSError(28, "full")):

        def failing(error: OSError = error) -> None:
            raise error

        with pytest.raises(type(error)):
            files.patiently(failing)


@pytest.mark.skipif(sys.platform != "win32", reason="only Windows refuses to open what is being replaced")
def test_reading_while_it_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    for number in range(200):
        files.write_private(tmp_path / "new", str(number).encode())
        files.replace(tmp_path / "new", path)
        assert files.read_private(path) == str(number).encode()


def test_a_file_takes_its_name_once_it_is_written(tmp_path: Path) -> None:
    target = tmp_path / "list.csv"
    target.write_text("before")
    with files.written_beside(target) as handle, os.fdopen(handle, "w") as file:
        file.write("new")
        file.flush()
        assert target.read_text() == "before"
        (beside,) = {*tmp_path.iterdir()} - {target}
        assert beside.name.startswith(".ccdesk-")
        if os.name == "posix":
            assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_what_could_not_be_written_leaves_all_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "list.csv"
    target.write_text("before")
    with (
        pytest.raises(ZeroDivisionError),
        files.written_beside(target) as handle,
        os.fdopen(handle, "w") as file,
    ):
        file.write(f"half of it, {1 // 0}")
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError, match="folder"), files.written_beside(folder) as handle:
        os.close(handle)
    assert {*tmp_path.iterdir()} == {target, folder}
