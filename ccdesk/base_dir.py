"""Whether a folder may hold ccdesk's data: on a disk of this computer, ours, and closed to everybody else.

As with ssh and its keys, a folder that another user owns or may write to is refused: they could put a data
file, a vault or a link of their own into it. On Windows the vault looks at the folder's rights itself
(`auth/windows_rights.py`).
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import psutil

from ccdesk.core.errors import Remedy, StoreError
from ccdesk.core.words import marked

ONLY_YOURS = marked("It must be a folder that only you can write to.")
_OTHERS_WRITE = 0o022
_ROOT = 0
_OVERFLOW_USER = 65534  # who owns what a container's table of users does not know
_REMOTE_DRIVE = 4  # GetDriveTypeW
_NETWORK = frozenset(
    [
        *("afpfs", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "davfs2", "glusterfs", "gpfs", "lustre"),
        *("ncp", "ncpfs", "nfs", "nfs3", "nfs4", "orangefs", "pvfs2", "smb", "smb2", "smb3", "smbfs"),
        *("rclone", "s3fs", "sshfs", "webdav"),
    ]
)


def refuse_network_name(named: str) -> None:
    r"""Refuse a name that means a folder of another computer, before anything is looked for there.

    Raises:
        StoreError: it begins with two slashes of either kind, and is no device path such as `\\?\C:\data`.

    """
    plain = named.replace("/", "\\")
    if not plain.startswith("\\\\"):
        return
    device = plain[:4] in ("\\\\?\\", "\\\\.\\")
    if not device or plain[4:8].upper() == "UNC\\":
        raise _on_network(named, "the name begins with two slashes")


def check(base: Path) -> None:
    """Check a folder that is there.

    Raises:
        StoreError: it is on a network drive, another user's, or open to other users; says which.

    """
    real = Path(os.path.realpath(base))
    refuse_network_name(str(real) if os.name == "nt" else "")
    kind = _file_system(real)
    if _is_network(kind):
        raise _on_network(str(base), f"file system {kind}")
    if os.name == "posix":
        _check_links(base)
        _check_owner(real)
        for above in real.parents:
            _check_above(above, base)


def _is_network(kind: str) -> bool:
    name = kind.lower()
    return name in _NETWORK or name.removeprefix("fuse.").removesuffix("-fuse") in _NETWORK | {
        "rclone",
        "s3fs",
    }


def _file_system(real: Path) -> str:
    """Return what kind of file system a folder is on, `""` if the system does not tell."""
    if sys.platform == "win32":
        import ctypes

        return "smb" if ctypes.windll.kernel32.GetDriveTypeW(real.anchor) == _REMOTE_DRIVE else ""
    try:
        mounts = psutil.disk_partitions(all=True)
    except (OSError, RuntimeError):
        return ""
    holding = [one for one in mounts if real.is_relative_to(one.mountpoint)]
    # The longest is the innermost; of several on one place the last was mounted over the others.
    found = max(reversed(holding), key=lambda one: len(one.mountpoint), default=None)
    return found.fstype if found is not None else ""


def _check_links(base: Path) -> None:
    """Refuse a way to the folder over a link that another user made, and may turn elsewhere."""
    for place in (base, *base.parents):
        found = _looked_at(place)
        if found is not None and stat.S_ISLNK(found.st_mode) and found.st_uid not in _trusted():
            raise _unsafe(base, f"{place} is a link that belongs to user {found.st_uid}")


def _check_owner(real: Path) -> None:
    found = os.stat(real)
    if found.st_uid != os.geteuid():
        raise _unsafe(real, f"it belongs to user {found.st_uid}, and this program runs as {os.geteuid()}")
    if found.st_mode & _OTHERS_WRITE:
        mode = f"its mode is {stat.S_IMODE(found.st_mode):04o}; chmod go-w '{real}' takes that from them"
        raise _unsafe(
            real,
            mode,
            marked(
                "Look at what is in it, then take that right from them. It must be a folder that only "
                "you can write to."
            ),
        )


def _check_above(above: Path, base: Path) -> None:
    """Refuse a folder above in which others may rename ours; with the sticky bit, as in /tmp, none may."""
    found = _looked_at(above)
    if found is None:
        return
    open_to_all = found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX
    if open_to_all:
        raise _unsafe(base, f"everybody may rename what is in {above}")
    if found.st_uid not in (*_trusted(), _OVERFLOW_USER):
        raise _unsafe(base, f"{above} belongs to user {found.st_uid}, who may rename what is in it")


def _looked_at(place: Path) -> os.stat_result | None:
    try:
        return os.lstat(place)
    except OSError:
        return None


def _trusted() -> tuple[int, int]:
    return _ROOT, os.geteuid()


def _on_network(named: str, detail: str) -> StoreError:
    return StoreError(
        marked("The folder {named} is on a network drive").format(named=named),
        meaning=marked(
            "ccdesk's data file needs a disk of this computer: over a network two programs could not see "
            "each other's changes in time, and would damage it. Nothing was changed."
        ),
        next_step=marked("It must be a folder on this computer."),
        remedy=Remedy.OTHER_FOLDER,
        detail=detail,
        code="base_dir_on_network",
    )


def _unsafe(base: Path, detail: str, advice: str = ONLY_YOURS) -> StoreError:
    return StoreError(
        marked("Other users of this computer can change the folder {base}").format(base=base),
        meaning=marked(
            "ccdesk keeps the login, customers' emails and what they agreed to in it, and trusts what "
            "it finds there. Nothing was read or changed."
        ),
        next_step=advice,
        remedy=Remedy.OTHER_FOLDER,
        detail=detail,
        code="base_dir_not_private",
    )
