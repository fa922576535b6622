"""To which addresses a secret may go: those it was given for, and no other (docs/TRUST.md).

Changing a setting, or one variable of the environment, moves no secret: an origin is scheme, host and port,
and each secret is kept with the origins that were in the settings when somebody entered it or logged in.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from ccdesk.core.settings import Settings, is_loopback, is_plain_authority

ADOPTED_LOGIN, ADOPTED_SHOP = "secrets.login_place", "secrets.shop_place"
"""In the store's state: the addresses stored at the update from 0.1.0, whose secrets name none."""
ENV_GIVEN_FOR = "secrets.env_given_for"
"""In the store's state: the addresses that the secret in the environment is for."""

_PORTS = {"https": 443, "http": 80}
KIBOS_DOMAINS = ("mozu.com", "kibocommerce.com")  # where all of Kibo's homes and tenants are (kibo.md §1)
_SHORT = 3  # letters of “co” in co.uk, “com” in com.au: names that anybody registers below


def origin(url: str) -> str:
    """Return scheme, host and port of an address: `https://home.mozu.com:443`.

    It is `""` for none, and for one that another reader may take for another host.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # brackets without an end, characters no host may have, a port beyond the last
        return ""
    host = (parts.hostname or "").rstrip(".")
    if not host or not is_plain_authority(parts.netloc):
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{port or _PORTS.get(parts.scheme, 0)}"


def same_owner(home: str, tenant: str) -> bool:
    """Say whether a tenant's address belongs to whoever has the home: the same registrable domain.

    All of Kibo's own domains count as one. On this computer it is the port that tells programs apart.
    """
    mine, other = urlsplit(origin(home)), urlsplit(origin(tenant))
    host, there = mine.hostname or "", other.hostname or ""
    if not host or not there:
        return False
    if is_loopback(host) or is_loopback(there):
        alike = (mine.scheme, mine.port) == (other.scheme, other.port)
        return is_loopback(host) and is_loopback(there) and alike
    if other.scheme != "https":
        return False
    if host == there:
        return mine.port == other.port
    if other.port != _PORTS["https"]:
        return False
    if _below_any(host, KIBOS_DOMAINS):
        return _below_any(there, KIBOS_DOMAINS)
    return _below_any(there, (_domain(host),))


def _below_any(host: str, domains: tuple[str, ...]) -> bool:
    return any(domain and (host == domain or host.endswith(f".{domain}")) for domain in domains)


def _domain(host: str) -> str:
    """Return the domain somebody registered for a host, rather too long than too short; `""` for a number.

    Without the public suffix list, which changes: two labels, or three below such as co.uk.
    """
    labels = host.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or ":" in host:
        return ""
    national = len(labels[-1]) == 2 and len(labels[-2]) <= _SHORT
    wanted = 3 if national else 2
    return ".".join(labels[-wanted:]) if len(labels) >= wanted else ""


class _Kept:
    """What both kinds of place have in common: kept as JSON beside their secret."""

    def as_text(self) -> str:
        """Return it as it is kept."""
        return json.dumps(asdict(self))  # type: ignore[call-overload]

    @classmethod
    def read(cls, text: object) -> Self | None:
        """Return what was kept, as text or already parsed; None if nothing was."""
        try:
            raw: Any = json.loads(text) if isinstance(text, str) else text
            return cls(**{name: str(raw[name]) for name in cls.__annotations__})
        except (ValueError, TypeError, KeyError):
            return None


@dataclass(frozen=True, slots=True)
class LoginPlace(_Kept):
    """What a login to Constant Contact is good for: two origins and the application it was made with."""

    auth: str = ""
    api: str = ""
    client_id: str = ""

    @classmethod
    def of(cls, settings: Settings) -> LoginPlace:
        """Return the place that settings name."""
        return cls(origin(settings.cc_auth_url), origin(settings.cc_api_url), settings.cc_client_id)


@dataclass(frozen=True, slots=True)
class ShopPlace(_Kept):
    """What the Kibo shared secret was given for: the home, and a tenant's address set by hand (or `""`)."""

    home: str = ""
    tenant: str = ""

    @classmethod
    def of(cls, settings: Settings) -> ShopPlace:
        """Return the place that settings name."""
        return cls(origin(settings.kibo_home_url), origin(settings.kibo_tenant_url))

    def allows(self, host: str) -> bool:
        """Say whether what was got with the secret may go to a tenant's address."""
        where = origin(host)
        return bool(where) and (where == self.tenant or same_owner(self.home, host))
