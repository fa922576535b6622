"""The tokens of the login: kept, renewed by one at a time, a new refresh token saved before anything else.

Sources: constant-contact.md §2 (rotating refresh tokens are single use), §21.12. A small file beside the
vault, the stamp, tells every process that the login changed, so that a token in memory is not used after a
logout elsewhere, and a logout holds even where the keyring cannot be reached.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from ccdesk.auth.oauth import OAuthClient, TokenReply
from ccdesk.auth.token_store import ACCESS, INFO, REFRESH, StoredTokens, read, write
from ccdesk.core import files
from ccdesk.core.clock import Clock
from ccdesk.core.errors import LoginNeeded, Remedy, Unreachable, VaultError
from ccdesk.core.origins import LoginPlace
from ccdesk.core.ports.secrets import Vault
from ccdesk.core.words import marked

log = logging.getLogger(__name__)

_UNUSED_LIFE = timedelta(days=180)
_LOCK_SECONDS = 90.0  # longer than a refresh with its time-outs takes
_OUT, _DEAD = "out", "dead"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a logout left: in words what could not be removed, and the tokens the service can take back.

    The refresh token comes first: taking it back ends what the others stand for as well (RFC 7009 §2.1).
    """

    problems: list[str]
    tokens: tuple[str, ...] = field(default=(), repr=False)


class Tokens:
    """The `TokenSource` of Constant Contact; may be used by any thread, and beside other processes."""

    def __init__(
        self,
        vault: Vault,
        oauth: OAuthClient,
        *,
        base_dir: Path,
        clock: Clock | None = None,
        here: LoginPlace | None = None,
        adopted: LoginPlace | None = None,
    ) -> None:
        """`here`: where `oauth` and the API are; `adopted`: for which addresses a login of 0.1.0 is."""
        self._here, self._adopted = here or LoginPlace(), adopted
        self._vault, self._oauth, self._base_dir = vault, oauth, base_dir
        self._clock = clock or Clock()
        self._lock = threading.RLock()
        self._held = StoredTokens()
        self._unsaved: tuple[TokenReply, StoredTokens, datetime] | None = None

    # ------------------------------------------------------------ asked by the clients

    def bearer(self) -> str:
        """Return a token believed valid, renewing it a little early.

        Raises:
            LoginNeeded: nobody is logged in, or the login is dead.
            Unreachable: it must be renewed and that failed in passing; the old tokens are kept.

        """
        held = self._held
        if held.fresh(self._clock.now()) and held.stamp == self._stamp():
            return held.access
        return self._renewed(lambda found: found.fresh(self._clock.now()), may_be_old=True)

    def renew(self, stale: str) -> str:
        """Return a token other than `stale`, renewing only if nobody has done so yet; errors as `bearer`."""
        return self._renewed(
            lambda found: found.access != stale and found.fresh(self._clock.now()), may_be_old=False
        )

    def _renewed(self, good: Callable[[StoredTokens], bool], *, may_be_old: bool) -> str:
        with self._alone():
            self._save_late()
            held = self._load()
            if good(held):
                return held.access
            try:
                if held.refresh:  # a single-use token is sent only if the place of its successor answers
                    held = self._held = self._read(held.stamp)
                return held.access if good(held) else self._refresh(held).access
            except (Unreachable, LoginNeeded, VaultError) as error:
                passing = not isinstance(error, LoginNeeded) or not held.refresh
                if self._unsaved is None and may_be_old and passing and held.alive(self._clock.now()):
                    log.info("The log-in could not be renewed early; the token is still good")
                    return held.access
                raise

    def _refresh(self, held: StoredTokens) -> StoredTokens:
        """Renew; on refusal look once whether somebody else has put a newer refresh token there."""
        for _ in range(2):
            if not held.refresh:
                raise _login_needed(held, self._here)
            try:
                reply = self._oauth.refresh(held.refresh)
            except LoginNeeded:
                used, held = held.refresh, self._read(self._stamp())
                if held.refresh == used:
                    break
            else:
                return self._keep(reply, held, self._clock.now())
        self._set_stamp(_DEAD)
        raise LoginNeeded(meaning=marked("The login has run out or was revoked."))

    # ------------------------------------------------------------ logging in and out

    def store(self, reply: TokenReply) -> None:
        """Keep the tokens of a new login, in place of whatever was there.

        What was kept only in part is not used: who was told that it failed is logged out.
        """
        with self._alone():
            self._set_stamp(_OUT)
            self._vault.delete(ACCESS)  # it may be of another account than the new refresh token
            self._vault.delete(REFRESH)
            try:
                self._keep(reply, StoredTokens(), self._clock.now())
            finally:
                self._unsaved = None  # a failure is told to who logs in, not put right behind their back

    def forget(self) -> Forgotten:
        """Log out: forget everything that can be reached.

        The tokens are not used again in any case: the stamp says so even if the keyring does not answer.
        """
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(self._alone())
            except (Unreachable, VaultError):
                log.warning("Logging out although nobody else can be kept from renewing meanwhile")
            known = self._known()
            self._held, self._unsaved = StoredTokens(), None
            problems: list[str] = []
            try:
                self._set_stamp(_OUT)
            except VaultError as error:
                problems.append(error.title)
            for name in (REFRESH, ACCESS, INFO):
                try:
                    self._vault.delete(name)
                except VaultError as error:
                    problems.append(f"{name} is still kept: {error.title}")
            return Forgotten(problems, known)

    def _known(self) -> tuple[str, ...]:
        """Return the tokens of the login as far as they can be read, the refresh token first."""
        held = self._held
        with contextlib.suppress(VaultError):
            held = self._load()
        refresh, access = held.refresh, held.access
        if self._unsaved is not None:  # newer than what is kept, which it has used up
            refresh, access = self._unsaved[0].refresh_token or refresh, self._unsaved[0].access_token
        return tuple(token for token in (refresh, access) if token)

    def logged_in(self) -> bool:
        """Say whether there is a login that may still work; VaultError if the vault cannot tell."""
        held = self._load()
        return bool(held.refresh) or held.alive(self._clock.now())

    def problem(self) -> LoginNeeded | None:
        """Say what is wrong with a login that is there: it was made for other addresses than these."""
        held = self._load()
        return _login_needed(held, self._here) if held.elsewhere is not None else None

    @property
    def expires_at(self) -> datetime | None:
        """When the access token runs out (it is renewed by itself before that); None without one."""
        held = self._load()
        return held.expires_at if held.access else None

    @property
    def ends_at(self) -> datetime | None:
        """When the login runs out unless used before: a refresh token dies after 180 days unused (§2)."""
        held = self._load()
        return held.obtained_at + _UNUSED_LIFE if held.refresh else (held.expires_at if held.access else None)

    @property
    def obtained_at(self) -> datetime | None:
        """When the tokens were last got, by logging in or by renewing; None without any."""
        held = self._load()
        return held.obtained_at if held.access else None

    @property
    def logged_in_at(self) -> datetime | None:
        """When somebody last logged in with the browser."""
        return self._load().logged_in_at

    # ------------------------------------------------------------ keeping

    def _load(self) -> StoredTokens:
        """Read the vault unless what is in memory is still what is there."""
        stamp = self._stamp()
        if stamp in (_OUT, _DEAD):
            self._held = StoredTokens(stamp=stamp)
        elif not stamp or stamp != self._held.stamp:
            self._held = self._read(stamp)
        return self._held

    def _read(self, stamp: str) -> StoredTokens:
        return read(self._vault, stamp, self._here, self._adopted)

    def _save_late(self) -> None:
        """Keep what a renewal brought while the vault could not be written: the former token is used up.

        Raises:
            VaultError: it still cannot be written.

        """
        if self._unsaved is None:
            return
        reply, former, at = self._unsaved
        if self._stamp() == former.stamp:
            self._keep(reply, former, at)
        self._unsaved = None  # kept, or somebody logged in or out since

    def _keep(self, reply: TokenReply, former: StoredTokens, at: datetime) -> StoredTokens:
        self._unsaved = (reply, former, at)
        held = write(self._vault, reply, former, at, self._here)
        self._unsaved = None
        self._set_stamp(held.stamp)
        self._held = held
        return held

    # ------------------------------------------------------------ one at a time

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only one who renews or replaces tokens, in this process and among all others."""
        with self._lock:
            try:
                self._base_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
                path = str(self._base_dir / "login.lock")
                lock = FileLock(path, timeout=_LOCK_SECONDS, mode=files.OWNER_ONLY)
                lock.acquire()
            except Timeout:
                raise Unreachable(
                    marked("Another ccdesk is busy renewing the login"), meaning=marked("Nothing was lost.")
                ) from None
            except OSError as error:
                raise _no_folder(error) from error
            try:
                yield
            finally:
                lock.release()

    def _stamp(self) -> str:
        try:
            return files.read_private(self._base_dir / "login.stamp").decode("ascii").strip()
        except (FileNotFoundError, ValueError):
            return ""
        except OSError as error:
            raise _no_folder(error) from error

    def _set_stamp(self, stamp: str) -> None:
        try:
            files.write_private(self._base_dir / "login.stamp", stamp.encode("ascii"))
        except OSError as error:
            raise _no_folder(error) from error


def _login_needed(held: StoredTokens, here: LoginPlace) -> LoginNeeded:
    made_at = held.elsewhere
    if made_at is None:
        return LoginNeeded()
    differing = [
        f"{name} {now} instead of {then}"
        for name, then, now in (
            ("the login address", made_at.auth, here.auth),
            ("the API address", made_at.api, here.api),
            ("the API key", made_at.client_id, here.client_id),
        )
        if then != now
    ]
    return LoginNeeded(
        marked("The login to Constant Contact was made for another address or API key"),
        meaning=marked(
            "The settings, or a variable of the environment, now name {places}. Nothing was sent there."
        ).format(places=", ".join(differing)),
        next_step=marked("If that is right, log in again; else put it right."),
        remedy=Remedy.LOG_IN,
        code="login_elsewhere",
    )


def _no_folder(error: OSError) -> VaultError:
    return VaultError(
        marked("The data folder cannot be used"),
        meaning=marked("The state of the login is kept there."),
        next_step=marked("Make the folder readable and writable for you."),
        detail=type(error).__name__,
    )
