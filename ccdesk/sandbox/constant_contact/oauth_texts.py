"""The texts of OAuth: scopes, the PKCE challenge, tokens of the real form (constant-contact.md §2)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

SCOPES = {
    "contact_data": "Read and change your contacts and lists",
    "campaign_data": "Read and change your e-mail campaigns",
    "account_read": "Read your account details",
    "account_update": "Change your account details",
    "offline_access": "Stay connected until you log out",
}
"""The scopes an application may ask for, and what the consent page says of each."""

_SILENT_SCOPES = ("openid", "profile", "email")


class OAuthRefusal(Exception):
    """An answer in the OAuth error shape, which differs from both error shapes of the API."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def scopes_of(text: str) -> tuple[str, ...]:
    """Read the scope parameter: separated by spaces, only known ones."""
    scopes = tuple(dict.fromkeys(text.split()))
    unknown = [one for one in scopes if one not in SCOPES and one not in _SILENT_SCOPES]
    if unknown or not scopes:
        raise OAuthRefusal(
            "invalid_scope", f"One or more scopes are not configured: {', '.join(unknown) or 'none'}."
        )
    return scopes


def _part(claims: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()


def access_jwt(client_id: str, login: str, scopes: tuple[str, ...], now: datetime, lifetime: int) -> str:
    """Return an access token of the real one's form and length (about 1,100 characters), unsigned."""
    claims = {
        "ver": 1,
        "jti": f"AT.{secrets.token_urlsafe(32)}",
        "iss": "https://identity.constantcontact.com/oauth2/aus1lm3ry9mF7x2Ja0h8",
        "aud": "https://api.cc.email/v3",
        "iat": int(now.timestamp()),
        "exp": int(now.timestamp()) + lifetime,
        "cid": client_id,
        "uid": "00u1ftsdc2l6fyAOw0h8",
        "scp": list(scopes),
        "auth_time": int(now.timestamp()),
        "sub": login,
        "platform_user_id": "7e6f8a10-4b62-4c2e-8b0b-6c1d1a2f3b4c",
    }
    header = {"kid": "sandbox-key-of-no-use-to-anybody-0000000000", "alg": "RS256"}
    return ".".join((_part(header), _part(claims), secrets.token_urlsafe(300)))


def id_jwt(client_id: str, account_id: str, name: str, nonce: str | None) -> str:
    """Return an ID token; the nonce comes back in it, a client can ignore the rest."""
    claims = {"sub": account_id, "name": name, "aud": client_id, **({"nonce": nonce} if nonce else {})}
    return ".".join((_part({"alg": "RS256"}), _part(claims), secrets.token_urlsafe(64)))
