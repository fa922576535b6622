"""What is kept of a login, and in which order it is written (constant-contact.md §2)."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from ccdesk.auth.oauth import LONGEST_LIFETIME, TokenReply
from ccdesk.core.clock import format_time, parse_time
from ccdesk.core.origins import LoginPlace
from ccdesk.core.ports.secrets import Vault
from ccdesk.core.redaction import hide

ACCESS, REFRESH, INFO = "cc_access_token", "cc_refresh_token", "cc_token_info"
_EARLY = timedelta(minutes=5)  # treat as expired that early (§2); a short life: at its half
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StoredTokens:
    """What is known of the login; times are aware UTC."""

    access: str = field(default="", repr=False)
    refresh: str = field(default="", repr=False)
    obtained_at: datetime = _BEGINNING
    lifetime: timedelta = timedelta(0)
    logged_in_at: datetime | None = None
    stamp: str = ""
    elsewhere: LoginPlace | None = None  # there is a login, but made for these addresses: it is not read

    @property
    def expires_at(self) -> datetime:
        """When the service stops taking the access token."""
        return self.obtained_at + self.lifetime

    def alive(self, now: datetime) -> bool:
        """True until the service stops taking the access token, as far as the clock can be believed."""
        return bool(self.access) and self.obtained_at - _EARLY <= now < self.expires_at

    def fresh(self, now: datetime) -> bool:
        """True while the access token need not be renewed yet."""
        early = _EARLY if self.lifetime >= 2 * _EARLY else self.lifetime / 2
        return self.alive(now) and now < self.expires_at - early


def read(vault: Vault, stamp: str, here: LoginPlace, adopted: LoginPlace | None = None) -> StoredTokens:
    """Return what the vault holds of a login made `here`: what was made elsewhere is not handed out.

    A login kept by 0.1.0 does not say where it was made: it counts as made at `adopted`, if that is known.
    What cannot be read of the times makes the token look old.
    """
    access, refresh = vault.get(ACCESS), vault.get(REFRESH)
    hide(access, refresh)
    try:
        info = json.loads(vault.get(INFO) or "{}")
        lifetime = timedelta(seconds=min(int(info.get("lifetime", 0)), LONGEST_LIFETIME))
    except (ValueError, TypeError, AttributeError, OverflowError):
        info, lifetime = {}, timedelta(0)
    made_at = LoginPlace.read(info.get("for")) or adopted
    if made_at is not None and made_at != here:
        return StoredTokens(stamp=stamp, elsewhere=made_at if access or refresh else None)
    return StoredTokens(
        access=access,
        refresh=refresh,
        obtained_at=parse_time(str(info.get("obtained_at", ""))) or _BEGINNING,
        lifetime=lifetime,
        logged_in_at=parse_time(str(info.get("logged_in_at", ""))),
        stamp=stamp,
    )


def write(
    vault: Vault, reply: TokenReply, former: StoredTokens, now: datetime, here: LoginPlace
) -> StoredTokens:
    """Keep new tokens, the refresh token first: whatever fails after that, it is not lost.

    A reply without a refresh token leaves the former one in force.
    """
    if reply.refresh_token:
        vault.set(REFRESH, reply.refresh_token)
    logged_in_at = former.logged_in_at or now
    vault.set(ACCESS, reply.access_token)
    info = {
        "for": asdict(here),
        "obtained_at": format_time(now),
        "lifetime": reply.lifetime,
        "logged_in_at": format_time(logged_in_at),
    }
    vault.set(INFO, json.dumps(info))
    return StoredTokens(
        access=reply.access_token,
        refresh=reply.refresh_token or former.refresh,
        obtained_at=now,
        lifetime=timedelta(seconds=reply.lifetime),
        logged_in_at=logged_in_at,
        stamp=f"in-{secrets.token_hex(8)}",
    )
