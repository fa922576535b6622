"""A folder that another user, or another computer, can change holds no login and nobody's consent."""

import os
from collections import namedtuple
from pathlib import Path

import psutil
import pytest

from ccdesk import base_dir
from ccdesk.cli.main import main
from ccdesk.core.errors import Remedy, StoreError
from ccdesk.paths import Paths, find_base

STRANGER = 54321
posix = pytest.mark.skipif(os.name != "posix", reason="modes, owners and links are POSIX")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder to another user"
)
Mount = namedtuple("Mount", "mountpoint fstype")


def refused(base: Path) -> StoreError:
    with pytest.raises(StoreError) as caught:
        Paths(base).prepare()
    assert caught.value.meaning
    assert caught.value.remedy is Remedy.OTHER_FOLDER
    return caught.value


@pytest.mark.parametrize(
    "named",
    [
        r"\\server\share\ccdesk",
        "//server/share/ccdesk",
        r"\\?\UNC\server\share",
        "//?/unc/server/share",
        r"\\wsl$\Debian\home",
    ],
)
def test_a_network_folders_name_is_refused_in_words(named, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    for option, environment in ((named, {}), (None, {"CCDESK_BASE_DIR": named})):
        with pytest.raises(StoreError) as caught:
            find_base(option, environment)
        assert caught.value.code == "base_dir_on_network"
    assert main(["--base-dir", named, "status", "--offline"]) == 2
    assert "network" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("named", ["\\\\?\\C:\\data", "//./C:/data", "C:\\data", "/data", "data", ""])
def test_other_names_are_no_networks(named):
    base_dir.refuse_network_name(named)


@posix
@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "webdav", "fuse.sshfs", "fuse.rclone",
             "ceph", "fuse.glusterfs", "NFS"]
)  # fmt: skip
def test_a_network_drive_is_refused_whatever_it_is_called(kind, monkeypatch, tmp_path):
    mounts = [Mount("/", "ext4"), Mount(str(tmp_path), kind), Mount(str(tmp_path / "other"), "ext4")]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: mounts)
    error = refused(tmp_path / "base")
    assert error.code == "base_dir_on_network"
    assert kind in error.detail
    Paths(tmp_path / "other" / "base").prepare()


@posix
@pytest.mark.parametrize("kind", ["ext4", "btrfs", "overlay", "apfs", "tmpfs", "ntfs", "fuseblk", "9p", ""])
def test_a_drive_of_this_computer_is_not(kind, monkeypatch, tmp_path):
    mounts = [Mount("/", "nfs"), Mount(str(tmp_path), "nfs"), Mount(str(tmp_path), kind)]
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: mounts)
    Paths(tmp_path / "base").prepare()


@posix
@pytest.mark.parametrize("mode", [0o777, 0o757, 0o775, 0o722, 0o1777])
def test_a_folder_others_may_write_to_is_refused_and_left_as_it_is(mode, tmp_path, capsys):
    base = tmp_path / "base"
    base.mkdir()
    base.chmod(mode)
    error = refused(base)
    assert error.code == "base_dir_not_private"
    assert "chmod go-w" in error.detail
    assert main(["--base-dir", str(base), "settings", "show"]) == 2
    assert "Other users" in capsys.readouterr().err
    assert list(base.iterdir()) == []


@posix
@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755])
def test_one_that_others_may_only_look_into_is_taken(mode, tmp_path):
    base = tmp_path / "base"
    base.mkdir(mode)
    base.chmod(mode)
    Paths(base).prepare()


@posix
def test_a_folder_everybody_may_rename_is_refused(tmp_path):
    above = tmp_path / "above"
    (above / "base").mkdir(parents=True, mode=0o700)
    above.chmod(0o777)
    assert "rename" in refused(above / "base").detail
    above.chmod(0o1777)
    Paths(above / "base").prepare()


@as_root
def test_a_folder_of_another_user_is_refused(tmp_path):
    base = tmp_path / "base"
    base.mkdir(0o700)
    os.chown(base, STRANGER, STRANGER)
    assert str(STRANGER) in refused(base).detail


@as_root
def test_a_folder_in_another_users_folder_is_refused(tmp_path):
    above = tmp_path / "above"
    (above / "base").mkdir(parents=True, mode=0o700)
    os.chown(above, STRANGER, STRANGER)
    assert "rename" in refused(above / "base").detail


@as_root
def test_another_users_link_is_not_followed(tmp_path):
    """In /tmp they may lay one where we would make our folder, to any folder of ours."""
    home = tmp_path / "home"
    home.mkdir(0o700)
    link = tmp_path / "link"
    link.symlink_to(home)
    Paths(link).prepare()  # a link of our own is our business
    os.chown(link, STRANGER, STRANGER, follow_symlinks=False)
    assert refused(link).code == "base_dir_not_private"
    assert refused(link / "below").code == "base_dir_not_private"


@posix
def test_files_left_open_to_others_are_closed_at_the_start(tmp_path):
    """Who may read a lock file may hold it, and a former version made them for everybody to read."""
    for name in (
        "vault.json.lock",
        "login.lock",
        "login.stamp",
        "ccdesk.log.2",
        "ccdesk.sqlite3",
        "mine.txt",
    ):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o644)
    Paths(tmp_path).prepare()
    open_still = {one.name for one in tmp_path.iterdir() if one.stat().st_mode & 0o077}
    assert open_still == {"mine.txt"}, "what is not ours is left alone"


@posix
def test_a_folder_that_cannot_be_looked_into_is_said(monkeypatch, tmp_path):
    def refusing(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refusing)
    assert "cannot be used" in refused(tmp_path).title
