"""Every file of ccdesk lives under one base dir (design §6); nothing is created on import."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ccdesk import base_dir
from ccdesk.core import files
from ccdesk.core.errors import Remedy, StoreError
from ccdesk.core.words import marked

# How the files of ccdesk begin.
OURS = ("ccdesk.", "vault.json", "login.", "keyring.", "window.", "kibo.", "constant_contact.")


@dataclass(frozen=True, slots=True)
class Paths:
    """The files under one base dir."""

    base: Path

    @property
    def database(self) -> Path:
        """Settings, links, queue and runs."""
        return self.base / "ccdesk.sqlite3"

    @property
    def log(self) -> Path:
        """The rotating log."""
        return self.base / "ccdesk.log"

    def prepare(self) -> None:
        """Make the base dir, for its owner only, and see that it is fit for what is kept there.

        Raises:
            StoreError: it cannot be made or written, is on a network drive, or other users can change it.

        """
        try:
            self.base.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(self.base, str(error)) from error
        if not os.access(self.base, os.W_OK | os.X_OK):
            raise _unusable(self.base, "no write permission")
        base_dir.check(self.base)
        self._close_to_others()

    def _close_to_others(self) -> None:
        """Take away what others may do with files that an earlier version, or a copy, left open to them.

        A user who may read a lock file may hold it, too, and keep ccdesk waiting.
        """
        if os.name != "posix":
            return
        try:
            found = list(self.base.iterdir())
        except OSError as error:
            raise _unusable(self.base, "no read permission") from error
        for path in found:
            with suppress(OSError):  # links and what is another's are refused where they are used
                if path.name.startswith(OURS) and stat.S_ISREG(path.lstat().st_mode):
                    os.close(files.open_private(path, os.O_RDONLY))


def _unusable(base: Path, detail: str) -> StoreError:
    return StoreError(
        marked("The folder {base} cannot be used").format(base=base),
        meaning=marked("ccdesk keeps its data there and could not create or write it. Nothing was changed."),
        next_step=marked("Make the folder writable."),
        remedy=Remedy.OTHER_FOLDER,
        detail=detail,
    )


def default_base() -> Path:
    """Return the user's own data folder."""
    return Path(platformdirs.user_data_dir("ccdesk", appauthor=False))


def find_base(option: str | None, environment: Mapping[str, str]) -> Paths:
    """Return the base dir: the option, else CCDESK_BASE_DIR, else the user's own data folder.

    Raises:
        StoreError: the name leads nowhere: it is empty, a user's who is not there, or below a current folder
            that was deleted; or it means a folder of another computer.

    """
    if option == "":  # a script's variable that was never set must not lead to the user's own data
        raise _unusable(Path(), detail="--base-dir names no folder")
    named = option or environment.get("CCDESK_BASE_DIR")
    base_dir.refuse_network_name(named or "")
    try:
        if named:
            return Paths(Path(named).expanduser().absolute())
        return Paths(default_base())
    except (RuntimeError, OSError) as error:
        raise _unusable(Path(named or "~"), str(error)) from error
