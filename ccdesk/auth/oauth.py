"""The token endpoint: a code or a refresh token in, tokens or refusals in our words out.

Source: constant-contact.md §2.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from ccdesk.auth.pkce import Attempt, authorize_url
from ccdesk.core.clock import Clock
from ccdesk.core.errors import (
    Cancelled,
    CcdeskError,
    LoginNeeded,
    Refused,
    SettingsError,
    Unreachable,
    redact,
)
from ccdesk.core.redaction import hide
from ccdesk.core.settings import is_loopback

log = logging.getLogger(__name__)

_SECONDS = (10.0, 30.0)  # to connect, to answer
_TRIES_WHEN_REFUSED = 4  # the endpoint takes one request a second
_PAUSE_SECONDS = 1.5
_LIFETIME_IF_UNTOLD = 3600
LONGEST_LIFETIME = 180 * 86400  # more than that is a mistake, and dates have an end
_DIRECT = {"http": "", "https": "", "all": ""}


@dataclass(frozen=True, slots=True)
class TokenReply:
    """What the token endpoint gave. `lifetime` is in seconds; no refresh token means: keep the old one."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    lifetime: int


class _Busy(Exception):
    """429: too fast for the token endpoint."""


class OAuthClient:
    """Talks to one authorization server as one application.

    `prepare` sets up a session as all of ccdesk's are (certificates, User-Agent); `clients.session` has it.
    """

    def __init__(
        self,
        auth_url: str,
        client_id: str,
        *,
        prepare: Callable[[requests.Session], object],
        clock: Clock | None = None,
    ) -> None:
        self._auth_url = auth_url.rstrip("/")
        self._client_id = client_id.strip()
        self._prepare = prepare
        self._clock = clock or Clock()
        self.cancel = threading.Event()

    def require_client_id(self) -> None:
        """Make sure there is an API key.

        Raises:
            SettingsError: there is none; says where to get one.

        """
        if not self._client_id:
            raise SettingsError(
                "The Constant Contact API key is missing",
                meaning="Logging in needs the key of an application registered with Constant Contact.",
                next_step="Register one at https://app.constantcontact.com/pages/dma/portal (PKCE flow, "
                "rotating refresh tokens) and enter its API key on the Info tab, or as cc_client_id.",
            )

    def authorize_url(self, *, redirect_uri: str, attempt: Attempt, prompt_login: bool = False) -> str:
        """Return the address the browser opens."""
        return authorize_url(
            self._auth_url,
            self._client_id,
            redirect_uri=redirect_uri,
            attempt=attempt,
            prompt_login=prompt_login,
        )

    def exchange(self, code: str, *, verifier: str, redirect_uri: str) -> TokenReply:
        """Turn the code of a log-in into tokens; it works once and for 300 s.

        Raises:
            LoginNeeded: the code is not accepted.
            Refused: the API key is not.
            Unreachable: anything else; the log-in can be tried again.

        """
        hide(code, verifier)
        return self._ask(
            lambda session, url, options: session.fetch_token(
                url,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                redirect_uri=redirect_uri,
                **options,
            )
        )

    def refresh(self, refresh_token: str) -> TokenReply:
        """Get new tokens; errors as for `exchange`, LoginNeeded meaning that the refresh token is dead."""
        self.require_client_id()
        return self._ask(
            lambda session, url, options: session.refresh_token(url, refresh_token=refresh_token, **options)
        )

    def _ask(self, send: Callable[[Any, str, dict[str, Any]], Any]) -> TokenReply:
        for tries in range(1, _TRIES_WHEN_REFUSED + 1):
            try:
                return self._ask_once(send)
            except _Busy:
                if tries < _TRIES_WHEN_REFUSED and self._clock.wait(self.cancel, _PAUSE_SECONDS * tries):
                    raise Cancelled from None
        raise Unreachable("Constant Contact's log-in service is busy", detail="429 from the token endpoint")

    def _ask_once(self, send: Callable[[Any, str, dict[str, Any]], Any]) -> TokenReply:
        url = f"{self._auth_url}/token"
        options: dict[str, Any] = {"timeout": _SECONDS, "allow_redirects": False}
        if is_loopback(urlsplit(url).hostname or ""):
            options["proxies"] = _DIRECT
        with OAuth2Session(self._client_id, token_endpoint_auth_method="none") as session:
            self._prepare(session)
            replies: list[dict[str, Any]] = []
            for kind in ("access_token_response", "refresh_token_response"):
                session.register_compliance_hook(kind, lambda reply: _checked(reply, replies))
            try:
                send(session, url, options)
            except OAuthError as error:
                raise _refusal(str(error.error or ""), str(error.description or "")) from None
            except (_Busy, CcdeskError):
                raise
            except Exception as error:
                if not replies:
                    raise _no_answer(error) from None
                log.info("The library could not read the token reply (%s)", type(error).__name__)
        return _reply(replies[-1])  # read here: a rotated token must not be lost to a strange field


def _no_answer(error: Exception) -> Unreachable:
    """Say that nothing came back; why, without what was sent."""
    detail = f"POST /token: {type(error).__name__}"
    if isinstance(error, requests.exceptions.SSLError):
        return Unreachable(
            "The connection to Constant Contact is not trusted",
            meaning="The log-in service's certificate could not be checked, so nothing was sent.",
            next_step="Check the address, this computer's date, and your company's proxy or certificates.",
            detail=detail,
        )
    return Unreachable("Constant Contact's log-in service cannot be reached", detail=detail)


def _checked(reply: requests.Response, replies: list[dict[str, Any]]) -> requests.Response:
    """Let only what is an answer of this endpoint reach the library: an object, or an OAuth error."""
    if reply.status_code == 429:
        raise _Busy
    try:
        # Whatever mark or charset it comes with: the tokens are plain ASCII, and used up if not read now.
        body = json.loads(reply.content.decode(json.detect_encoding(reply.content), "replace"))
    except (ValueError, RecursionError):
        body = None
    if (
        not isinstance(body, dict)
        or reply.status_code >= 500
        or not (reply.status_code == 200 or isinstance(body.get("error"), str))
    ):
        raise Unreachable(
            "Constant Contact's log-in service gave an answer that cannot be used",
            detail=f"POST /token answered {reply.status_code}, {len(reply.content)} bytes",
        )
    replies.append(body)
    return reply


def _reply(token: dict[str, Any]) -> TokenReply:
    access, refresh = _token(token.get("access_token")), _token(token.get("refresh_token"))
    if not access:
        raise Unreachable(
            "Constant Contact's log-in service gave an answer that cannot be used", detail="no access_token"
        )
    try:
        lifetime = int(token.get("expires_in") or _LIFETIME_IF_UNTOLD)  # once seen as a text (§2)
    except (TypeError, ValueError, OverflowError):
        lifetime = _LIFETIME_IF_UNTOLD
    hide(access, refresh)
    return TokenReply(access, refresh, min(max(1, lifetime), LONGEST_LIFETIME))


def _token(value: Any) -> str:
    """Return a token that can go into a header, else `""`."""
    text = value.strip() if isinstance(value, str) else ""
    return text if text.isascii() and text.isprintable() and " " not in text else ""


def _refusal(error: str, description: str) -> CcdeskError:
    """Tell a dead grant from a wrong key from what may pass (§2, WDS' rule)."""
    detail = redact(f"{error}: {description}")
    if error == "invalid_grant":
        return LoginNeeded(detail=detail, code="invalid_grant")
    if error in ("invalid_client", "unauthorized_client"):
        return Refused(
            "Constant Contact does not accept the API key",
            next_step="Check the API key on the Info tab, and that its application uses the PKCE flow.",
            detail=detail,
            code=error,
        )
    return Unreachable("Constant Contact's log-in service refused for now", detail=detail, code=error)
