"""Sign-in of the fake Constant Contact: users, applications, codes and tokens (constant-contact.md §2)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ccdesk.sandbox.constant_contact.oauth_texts import OAuthRefusal, access_jwt, challenge_of, id_jwt
from ccdesk.sandbox.constant_contact.profile import OTHER_ACCOUNT, OWNER_ACCOUNT
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.wire.kernel import SandboxClock

DEFAULT_CLIENT = "sandbox-client"
DEFAULT_PORTS = (8888, 8889, 8890, 47812, 47813)
CODE_LIFETIME = timedelta(seconds=300)
REFRESH_UNUSED_LIFETIME = timedelta(days=180)
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


@dataclass
class OAuthClient:
    """One registered application; a public one, so it has no secret."""

    client_id: str
    name: str
    redirect_uris: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class User:
    """Somebody who can log in, and the account they belong to."""

    login: str
    password: str
    name: str
    account_id: str


@dataclass
class Access:
    """What an access token stands for."""

    client_id: str
    user: User
    scopes: tuple[str, ...]
    expires_at: datetime


@dataclass
class Code:
    """An authorization code waiting to be exchanged once."""

    client_id: str
    user: User
    redirect_uri: str
    challenge: str
    scopes: tuple[str, ...]
    nonce: str | None
    expires_at: datetime


@dataclass(frozen=True)
class Asked:
    """An authorization request that passed its checks and waits for the person."""

    client: OAuthClient
    redirect_uri: str
    challenge: str
    scopes: tuple[str, ...]
    state: str
    nonce: str | None


@dataclass
class Refresh:
    """A refresh token; `grant` is shared by all that followed one login."""

    client_id: str
    user: User
    scopes: tuple[str, ...]
    grant: str
    used_at: datetime
    dead: bool = False


def default_redirects() -> list[str]:
    """Return the loopback addresses registered for the default application."""
    return [
        f"http://{host}:{port}{path}"
        for port in DEFAULT_PORTS
        for host in ("localhost", "127.0.0.1")
        for path in ("/", "/callback")
    ]


class OAuthState:
    """Applications, users, and every code and token given out. Callers hold the state's lock."""

    def __init__(self, clock: SandboxClock, switches: CcSwitches) -> None:
        self._clock, self._switches = clock, switches
        self.clients = {DEFAULT_CLIENT: OAuthClient(DEFAULT_CLIENT, "ccdesk", default_redirects())}
        self.users = {
            "owner": User("owner", "sandbox", "Ada Reyes", OWNER_ACCOUNT),
            "other": User("other", "sandbox", "Sam Ortiz", OTHER_ACCOUNT),
        }
        self.asked: dict[str, Asked] = {}  # by the ticket the pages carry
        self.logins: dict[str, User] = {}  # by the cookie of a browser
        self.codes: dict[str, Code] = {}
        self.accesses: dict[str, Access] = {}
        self.refreshes: dict[str, Refresh] = {}

    def register_redirect(self, uri: str, client_id: str = DEFAULT_CLIENT) -> None:
        """Register one more redirect URI, as an owner does in the portal."""
        if uri not in self.clients[client_id].redirect_uris:
            self.clients[client_id].redirect_uris.append(uri)

    def check_password(self, login: str, password: str) -> User | None:
        """Return the user when the password is right."""
        user = self.users.get(login.strip().lower())
        return user if user and secrets.compare_digest(user.password, password) else None

    def new_code(
        self,
        client_id: str,
        user: User,
        redirect_uri: str,
        challenge: str,
        scopes: tuple[str, ...],
        nonce: str | None,
    ) -> str:
        """Give out an authorization code; it works once and for 300 s."""
        code = secrets.token_urlsafe(24)
        expires = self._clock.now() + CODE_LIFETIME
        self.codes[code] = Code(client_id, user, redirect_uri, challenge, scopes, nonce, expires)
        return code

    def exchange(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Turn a code into tokens; whatever the outcome, the code is used up."""
        code = self.codes.pop(form.get("code", ""), None)
        client_id = self._client_of(form)
        if code is None or code.client_id != client_id or code.expires_at <= self._clock.now():
            raise OAuthRefusal("invalid_grant", "The authorization code is invalid or has expired.")
        if form.get("redirect_uri") != code.redirect_uri:
            raise OAuthRefusal(
                "invalid_grant", "The redirect_uri does not match the one of the authorization request."
            )
        verifier = form.get("code_verifier", "")
        if not _VERIFIER.fullmatch(verifier) or challenge_of(verifier) != code.challenge:
            raise OAuthRefusal("invalid_grant", "PKCE verification failed.")
        return self.grant(client_id, code.user, code.scopes, code.nonce)

    def refresh(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Turn a refresh token into new tokens: rotating ones work once (§2)."""
        client_id, text = self._client_of(form), form.get("refresh_token", "")
        token = self.refreshes.get(text)
        if token is None or token.client_id != client_id:
            raise OAuthRefusal("invalid_grant", "Unknown, invalid, or expired refresh token.")
        if token.dead or token.used_at + REFRESH_UNUSED_LIFETIME <= self._clock.now():
            if token.dead and self._switches.refresh_reuse_revokes:
                self._kill(token.grant)
            raise OAuthRefusal("invalid_grant", "Unknown, invalid, or expired refresh token.")
        if self._switches.refresh_mode == "rotating":
            self._kill(token.grant)
            reply = self.grant(client_id, token.user, token.scopes, None, token.grant)
        else:
            token.used_at = self._clock.now()
            reply = {**self._access_reply(client_id, token.user, token.scopes, None), "refresh_token": text}
        if self._switches.refresh_reply_without_token:
            # The old one goes on working then: the client has no other.
            self.refreshes.pop(reply.pop("refresh_token"), None)
            token.dead, token.used_at = False, self._clock.now()
            self.refreshes[text] = token
        return reply

    def grant(
        self, client_id: str, user: User, scopes: tuple[str, ...], nonce: str | None, grant: str | None = None
    ) -> dict[str, Any]:
        """Return a whole token reply; a refresh token only where offline access was asked for (§2)."""
        reply = self._access_reply(client_id, user, scopes, nonce)
        if "offline_access" in scopes:
            text = secrets.token_urlsafe(32)
            grant = grant or secrets.token_hex(8)
            self.refreshes[text] = Refresh(client_id, user, scopes, grant, self._clock.now())
            reply["refresh_token"] = text
        return reply

    def _access_reply(
        self, client_id: str, user: User, scopes: tuple[str, ...], nonce: str | None
    ) -> dict[str, Any]:
        lifetime, now = self._switches.token_lifetime, self._clock.now()
        token = access_jwt(client_id, user.login, scopes, now, lifetime)
        self.accesses[token] = Access(client_id, user, scopes, now + timedelta(seconds=lifetime))
        return {
            "token_type": "Bearer",
            "expires_in": str(lifetime) if self._switches.expires_in_as_string else lifetime,
            "access_token": token,
            "scope": " ".join(scopes),
            "id_token": id_jwt(client_id, user.account_id, user.name, nonce),
        }

    def access(self, token: str) -> Access | None:
        """Return what a bearer token stands for, unless it is unknown or expired."""
        access = self.accesses.get(token)
        return access if access and access.expires_at > self._clock.now() else None

    def expire_accesses(self) -> None:
        """Make every access token invalid; refresh tokens go on working."""
        self.accesses.clear()

    def revoke(self) -> None:
        """Withdraw every grant: access and refresh tokens are dead, a login is needed."""
        self.accesses.clear()
        self.codes.clear()
        for token in self.refreshes.values():
            token.dead = True

    def revoke_token(self, form: Mapping[str, str]) -> None:
        """Take one token back: a refresh token with its whole grant, an access token alone.

        Raises:
            OAuthRefusal: the client is not known, or names no token.

        """
        client_id, text = self._client_of(form), form.get("token", "")
        if not text:
            raise OAuthRefusal("invalid_request", "The 'token' parameter is required.")
        refresh, access = self.refreshes.get(text), self.accesses.get(text)
        if refresh is not None and refresh.client_id == client_id:
            self._kill(refresh.grant)
        if access is not None and access.client_id == client_id:
            del self.accesses[text]

    def _client_of(self, form: Mapping[str, str]) -> str:
        client_id = form.get("client_id", "")
        if client_id not in self.clients:
            raise OAuthRefusal("invalid_client", "Invalid value for 'client_id' parameter.", 401)
        return client_id

    def _kill(self, grant: str) -> None:
        for token in self.refreshes.values():
            if token.grant == grant:
                token.dead = True
