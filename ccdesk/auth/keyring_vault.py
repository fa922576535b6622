"""Secrets in the operating system's keyring, cut into entries it can hold (design §6).

Windows' store holds about 1,280 characters an entry; an access token alone is about that long
(constant-contact.md §2). A long value is written in parts beside the former one's and becomes valid with one
last write, so a crash halfway leaves the old value, never a mixed one. The parts' names take turns between
two marks, so that what a crash left behind is found and removed by the next change.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

import keyring
from filelock import FileLock, Timeout
from keyring.errors import KeyringError, KeyringLocked, PasswordDeleteError

from ccdesk.core.errors import Remedy, VaultError
from ccdesk.core.files import OWNER_ONLY
from ccdesk.core.words import marked

log = logging.getLogger(__name__)

ENTRY_CHARACTERS = 1000
CALL_SECONDS = 30.0  # a locked keyring waits for somebody to type a password
_PARTS = "ccdesk-parts"
_MARKS = ("a", "b")
_HICCUPS = (0.1, 0.4, 1.0)  # seconds between tries
_A_PERSON = 2.0  # seconds: hardly anybody reads a question and dismisses it faster
_TURN_SECONDS = 5.0  # to wait for another ccdesk to be done with the keyring
_READS = 4  # tries to read a value that is being replaced, or a part the keyring lost sight of

T = TypeVar("T")


class Backend(Protocol):
    """What we use of a keyring."""

    def get_password(self, service: str, username: str, /) -> str | None:
        """Return an entry."""

    def set_password(self, service: str, username: str, password: str, /) -> None:
        """Store an entry."""

    def delete_password(self, service: str, username: str, /) -> None:
        """Delete an entry; PasswordDeleteError if there is none."""


def service_name(base_dir: Path) -> str:
    """Return the keyring's name for a base dir, so that several of them do not mix."""
    digest = hashlib.sha256(str(base_dir.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
    return f"ccdesk:{digest[:12]}"


class KeyringVault:
    """The system's keyring. If there is none, or only one that keeps nothing secret, every call says so.

    Every ccdesk with the same `turn` file waits for its turn with the keyring: gnome-keyring ends itself now
    and then, and comes back locked, when two programs use it at the same moment (measured).
    """

    def __init__(
        self,
        service: str,
        *,
        backend: Backend | None = None,
        seconds: float = CALL_SECONDS,
        turn: Path | None = None,
    ) -> None:
        self._service, self._given, self._seconds, self._turn = service, backend, seconds, turn
        self._lock = threading.RLock()
        self._hanging: threading.Thread | None = None

    def get(self, name: str) -> str:
        """Return a secret, `""` if there is none or it was not written to its end."""
        with self._alone():
            value = self._entry(name)
            for _ in range(_READS):
                manifest = _Manifest.read(value)
                if manifest is None:
                    return value
                joined = "".join(self._entry(part) for part in manifest.names(name))
                if manifest.matches(joined):
                    return joined
                former, value = value, self._entry(name)
                if value == former:  # else another process wrote meanwhile
                    threading.Event().wait(_HICCUPS[0])
            log.warning("A secret in the keyring is incomplete and counts as missing")
            return ""

    def set(self, name: str, value: str) -> None:
        """Store a secret of any length."""
        with self._alone():
            if not value:
                self._forget(name)
                return
            former = _Manifest.read(self._entry(name))
            if len(value) <= _room(value) and not value.startswith(_PARTS):
                self._put(name, value)
                self._sweep(name, None)
                return
            manifest, parts = _Manifest.of(value, former)
            try:
                for part, text in zip(manifest.names(name), parts, strict=True):
                    self._put(part, text)
                self._put(name, manifest.text)
            except VaultError:
                with contextlib.suppress(VaultError):  # leave no piece of a secret behind
                    self._sweep(name, _Manifest.read(self._entry(name)))
                raise
            self._sweep(name, manifest)

    def delete(self, name: str) -> None:
        """Forget a secret; no error if there is none."""
        with self._alone():
            self._forget(name)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one who uses the keyring, in this process and, with patience, among all ccdesks.

        A program that waits in vain goes on: another one may itself wait for a person, and must stop nobody.
        """
        with self._lock, contextlib.ExitStack() as held:
            try:
                if self._turn is not None and self._turn.parent.is_dir():
                    turn = FileLock(str(self._turn), timeout=_TURN_SECONDS, mode=OWNER_ONLY)
                    held.enter_context(turn)
            except (Timeout, OSError) as error:
                log.info("No turn with the keyring (%s); using it nevertheless", type(error).__name__)
            yield

    def _forget(self, name: str) -> None:
        self._remove(name)
        self._sweep(name, None)

    def _sweep(self, name: str, keep: _Manifest | None) -> None:
        """Remove every part of a value but those of `keep`, the last first: none is ever overlooked."""
        for mark in _MARKS:
            number = first = keep.count if keep is not None and keep.mark == mark else 0
            while self._entry(_part(name, mark, number + 1)):
                number += 1
            for one in range(number, first, -1):
                self._remove(_part(name, mark, one))

    def _entry(self, name: str) -> str:
        return self._call(lambda backend: backend.get_password(self._service, name)) or ""

    def _put(self, name: str, value: str) -> None:
        self._call(lambda backend: backend.set_password(self._service, name, value))

    def _remove(self, name: str) -> None:
        def remove(backend: Backend) -> None:
            try:
                backend.delete_password(self._service, name)
            except PasswordDeleteError:
                if backend.get_password(self._service, name) is not None:
                    raise

        self._call(remove)

    def _backend(self) -> Backend:
        backend: Backend = self._given or keyring.get_keyring()
        module = type(backend).__module__
        if module.startswith(("keyring.backends.fail", "keyring.backends.null")):
            raise VaultError(
                marked("There is no keyring on this system"),
                next_step=marked("Install one and start ccdesk again."),
                remedy=Remedy.SECRETS_IN_FILE,
                detail=module,
            )
        if module.startswith("keyrings.alt"):
            raise VaultError(marked("The keyring in use keeps secrets in plain files"), detail=module)
        return backend

    def _call(self, work: Callable[[Backend], T]) -> T:
        """Do something with the keyring, but do not wait for it for ever."""
        if self._hanging is not None and self._hanging.is_alive():
            raise self._no_answer()
        results: list[T] = []
        errors: list[VaultError] = []

        def run() -> None:
            for wait in (*_HICCUPS, None):
                began = time.monotonic()
                try:
                    results.append(work(self._backend()))
                except (
                    Exception
                ) as error:  # not kept itself: its frames hold the connection to the keyring open
                    if wait is None or not _may_pass(error, time.monotonic() - began):
                        errors.append(_translated(error))
                        return
                    log.info("The keyring refused (%s); asking again", type(error).__name__)
                else:
                    return
                threading.Event().wait(wait)

        thread = threading.Thread(target=run, name="keyring", daemon=True)
        thread.start()
        thread.join(self._seconds)
        if thread.is_alive():
            self._hanging = thread
            raise self._no_answer()
        if errors:
            raise errors[0]
        return results[0]

    def _no_answer(self) -> VaultError:
        return VaultError(
            marked("The system's keyring does not answer"),
            next_step=marked("Look for a window that asks to unlock it, then try again."),
            remedy=Remedy.SECRETS_IN_FILE,
        )


def _may_pass(error: Exception, seconds: float) -> bool:
    """Say whether asking again at once may help.

    gnome-keyring loses sight of its entries for moments while two programs use it (measured). What took
    longer may be a person's answer to a question: they are not asked twice.
    """
    return seconds < _A_PERSON and not isinstance(error, VaultError | KeyringLocked)


def _translated(error: Exception) -> VaultError:
    if isinstance(error, VaultError):
        return error.with_traceback(None)
    kind = type(error).__name__
    reported = marked("The system's keyring refused") if isinstance(error, KeyringError) else ""
    return VaultError(reported, detail=kind)


class _Manifest:
    """The entry that stands for a long value: which parts it has, and their checksum."""

    def __init__(self, mark: str, count: int, digest: str) -> None:
        self.mark, self.count, self._digest = mark, count, digest

    @classmethod
    def of(cls, value: str, former: _Manifest | None) -> tuple[_Manifest, list[str]]:
        """Cut a value into parts under the mark that the former value does not use."""
        size = _room(value)
        parts = [value[start : start + size] for start in range(0, len(value), size)]
        mark = _MARKS[1] if former is not None and former.mark == _MARKS[0] else _MARKS[0]
        return cls(mark, len(parts), _digest(value)), parts

    @classmethod
    def read(cls, text: str) -> _Manifest | None:
        """Read an entry; None if it is a value itself."""
        pieces = text.split(":")
        if len(pieces) != 4 or pieces[0] != _PARTS or not pieces[2].isdecimal():
            return None
        return cls(pieces[1], int(pieces[2]), pieces[3])

    @property
    def text(self) -> str:
        """The entry's content."""
        return f"{_PARTS}:{self.mark}:{self.count}:{self._digest}"

    def names(self, name: str) -> list[str]:
        """The names of the parts, in order."""
        return [_part(name, self.mark, number) for number in range(1, self.count + 1)]

    def matches(self, value: str) -> bool:
        """Say whether the parts put together are the value that was written."""
        return _digest(value) == self._digest


def _part(name: str, mark: str, number: int) -> str:
    """Return the name of one part of a long value."""
    return f"{name}#{mark}.{number}"


def _room(value: str) -> int:
    """Return how many characters an entry takes; beyond ASCII one may count as two."""
    return ENTRY_CHARACTERS if value.isascii() else ENTRY_CHARACTERS // 2


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:16]
