"""Where secrets are kept: the system's keyring, or a 0600 file chosen openly (design §6)."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from filelock import FileLock, Timeout

from ccdesk.auth.keyring_vault import KeyringVault, service_name
from ccdesk.auth.windows_rights import make_private
from ccdesk.core import files
from ccdesk.core.errors import Remedy, SettingsError, VaultError
from ccdesk.core.ports.secrets import Vault
from ccdesk.core.words import marked

_LOCK_SECONDS = 30.0
_PREFIX = ".vault-"


def open_vault(base_dir: Path, environ: Mapping[str, str]) -> Vault:
    """Return the vault `CCDESK_VAULT` chooses: `keyring` (also when unset) or `file`; never another one.

    Raises:
        SettingsError: it names something else.
        VaultError: the file is chosen, and Windows cannot keep others out of the folder it stands in.

    """
    choice = environ.get("CCDESK_VAULT", "").strip().lower() or "keyring"
    if choice == "keyring":
        return KeyringVault(service_name(base_dir), turn=base_dir / "keyring.lock")
    if choice == "file":
        make_private(base_dir)
        return FileVault(base_dir / "vault.json")
    raise SettingsError(
        marked("The place chosen for secrets does not exist"),
        meaning=marked("Login tokens and the Kibo secret need a place to be kept in."),
        remedy=Remedy.PLACE_FOR_SECRETS,
        detail=f"CCDESK_VAULT={choice[:40]}",
    )


class FileVault:
    """Secrets as JSON in one file only its owner can read; every change replaces the file as a whole."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, name: str) -> str:
        """Return a secret, `""` if there is none."""
        return self._read().get(name, "")

    def set(self, name: str, value: str) -> None:
        """Store a secret of any length."""
        with self._changing() as secrets:
            secrets[name] = value

    def delete(self, name: str) -> None:
        """Forget a secret; no error if there is none."""
        if self._path.exists():
            with self._changing() as secrets:
                secrets.pop(name, None)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[str, str]]:
        """Hand out the secrets under a lock that other processes honour, and save them afterwards."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(f"{self._path}.lock", timeout=_LOCK_SECONDS, mode=files.OWNER_ONLY):
                self._clear_left()
                secrets = self._read()
                yield secrets
                self._write(secrets)
        except Timeout as error:
            raise _unusable(self._path, "another process holds its lock") from error
        except OSError as error:
            raise _unusable(self._path, str(error)) from error

    def _clear_left(self) -> None:
        """Remove what a program left that was killed while it replaced the file."""
        for left in self._path.parent.glob(f"{_PREFIX}*"):
            left.unlink(missing_ok=True)

    def _read(self) -> dict[str, str]:
        try:
            content = json.loads(files.read_private(self._path).decode("utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise _unusable(self._path, type(error).__name__) from error
        if not isinstance(content, dict):
            raise _unusable(self._path, "not an object")
        return {name: value for name, value in content.items() if isinstance(value, str)}

    def _write(self, secrets: Mapping[str, str]) -> None:
        with (
            files.written_beside(self._path, _PREFIX) as handle,
            os.fdopen(handle, "w", encoding="utf-8") as file,
        ):
            json.dump(dict(secrets), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(self._path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the replacement itself durable, where folders can be synced."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unusable(path: Path, detail: str) -> VaultError:
    return VaultError(
        marked("The file for secrets cannot be used"),
        meaning=marked("Login tokens and the Kibo secret are kept in {name} in the data folder.").format(
            name=path.name
        ),
        next_step=marked(
            "Make the file and its folder readable and writable for you, or delete the file, log in "
            "again and enter the Kibo secret again."
        ),
        detail=detail,
    )
