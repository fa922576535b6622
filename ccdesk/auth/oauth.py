"""The token and revoke endpoints: a code or a refresh token in, tokens or refusals in our words out.

Sources: constant-contact.md §2, and §22 on §2 for the revoke endpoint.
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
from oauthlib.common import urlencode
from oauthlib.oauth2 import WebApplicationClient
from urllib3.exceptions import HTTPError

from ccdesk.auth.pkce import Attempt, authorize_url
from ccdesk.core.clock import Clock
from ccdesk.core.errors import (
    Cancelled,
    CcdeskError,
    LoginNeeded,
    ProxyRefused,
    Refused,
    Remedy,
    ServiceError,
    SettingsError,
    Unreachable,
    redact,
)
from ccdesk.core.pieces import TooLarge, limited
from ccdesk.core.proxies import proxy_error, refused_by_proxy
from ccdesk.core.redaction import hide
from ccdesk.core.settings import is_loopback
from ccdesk.core.words import marked

log = logging.getLogger(__name__)

_SECONDS = (10.0, 30.0)  # to connect, to answer
_TRIES_WHEN_REFUSED = 4  # the endpoint takes one request a second
_PAUSE_SECONDS = 1.5
_SERVICE = "Constant Contact's login service"
_LIFETIME_IF_UNTOLD = 3600
LONGEST_LIFETIME = 180 * 86400  # more than that is a mistake, and dates have an end
_DIRECT = {"http": "", "https": "", "all": ""}
_FORM = "application/x-www-form-urlencoded"
_PIECE = 1 << 16
_MOST = 1 << 20  # bytes of an answer, unpacked: a token reply has about two thousand
_REVOKE_SECONDS = (3.0, 3.0)  # somebody waits for the logout, which does not depend on the answer


def _leave_as_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Do nothing: naming it as `auth` keeps a .netrc entry from adding an Authorization header."""
    return request


@dataclass(frozen=True, slots=True)
class TokenReply:
    """What the token endpoint gave. `lifetime` is in seconds; no refresh token means: keep the old one."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    lifetime: int


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
        self._public = WebApplicationClient(self._client_id)  # a public client: it has no secret
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
                marked("The Constant Contact API key is missing"),
                meaning=marked(
                    "Logging in needs the key of an application registered with Constant Contact."
                ),
                next_step=marked(
                    "Register one at https://app.constantcontact.com/pages/dma/portal (PKCE flow, "
                    "rotating refresh tokens)."
                ),
                remedy=Remedy.API_KEY,
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
        """Turn the code of a login into tokens; it works once and for 300 s.

        Raises:
            LoginNeeded: the code is not accepted.
            Refused: the API key is not.
            Unreachable: anything else; the login can be tried again.

        """
        hide(code, verifier)
        form = self._public.prepare_request_body(code=code, code_verifier=verifier, redirect_uri=redirect_uri)
        return self._ask(str(form))

    def refresh(self, refresh_token: str) -> TokenReply:
        """Get new tokens; errors as for `exchange`, LoginNeeded meaning that the refresh token is dead."""
        self.require_client_id()
        form = self._public.prepare_refresh_body(refresh_token=refresh_token, client_id=self._client_id)
        return self._ask(str(form))

    def revoke(self, token: str) -> None:
        """Ask the service to take a token back; best effort, tried once and for a few seconds.

        Raises:
            Unreachable: there was no answer, or one that is no confirmation.

        """
        hide(token)
        form = urlencode([("token", token), ("client_id", self._client_id)])
        try:
            status, _ = self._post("revoke", form, _REVOKE_SECONDS)
        except ProxyRefused as error:
            raise Unreachable(error.title, meaning=error.meaning, detail=error.detail) from None
        if status != 200:
            raise Unreachable(
                marked("Constant Contact did not confirm that the login was withdrawn"),
                detail=f"POST /revoke answered {status}",
            )

    def _ask(self, form: str) -> TokenReply:
        for tries in range(1, _TRIES_WHEN_REFUSED + 1):
            status, body = self._post("token", form, _SECONDS)
            if status != 429:  # too fast for the token endpoint
                return _reply(_checked(status, body))
            if tries < _TRIES_WHEN_REFUSED and self._clock.wait(self.cancel, _PAUSE_SECONDS * tries):
                raise Cancelled
        raise Unreachable(
            marked("Constant Contact's login service is busy"), detail="429 from the token endpoint"
        )

    def _post(self, endpoint: str, form: str, seconds: tuple[float, float]) -> tuple[int, bytes]:
        """Send a form; return the status and the body, of which no more than `_MOST` bytes are read."""
        url = f"{self._auth_url}/{endpoint}"
        with requests.Session() as session:
            self._prepare(session)
            try:
                reply = session.post(
                    url,
                    data=form,
                    headers={"Content-Type": _FORM},
                    timeout=seconds,
                    allow_redirects=False,
                    auth=_leave_as_is,
                    proxies=_DIRECT if is_loopback(urlsplit(url).hostname or "") else None,
                    stream=True,
                )
                if reply.status_code == 407:  # never the service's own: a proxy on the way wants a password
                    detail = f"POST /{endpoint} answered 407"
                    raise refused_by_proxy(url, 407, service=_SERVICE, detail=detail)
                return reply.status_code, b"".join(limited(reply.iter_content(_PIECE), most=_MOST))
            except (requests.RequestException, HTTPError, OSError, ValueError) as error:
                raise _no_answer(url, endpoint, error) from None


def _no_answer(url: str, endpoint: str, error: Exception) -> ServiceError:
    """Say that nothing usable came back; why, without what was sent."""
    detail = f"POST /{endpoint}: {type(error).__name__}"
    if isinstance(error, requests.exceptions.ProxyError):
        return proxy_error(url, error, service=_SERVICE, detail=detail)
    if isinstance(error, TooLarge):
        return _unusable(f"{detail}, more than {_MOST:,} bytes")
    if isinstance(error, requests.exceptions.SSLError):
        return Unreachable(
            marked("The connection to Constant Contact is not trusted"),
            meaning=marked("The login service's certificate could not be checked, so nothing was sent."),
            next_step=marked(
                "Check the address, this computer's date, and your company's proxy or certificates."
            ),
            detail=detail,
        )
    return Unreachable(marked("Constant Contact's login service cannot be reached"), detail=detail)


def _unusable(detail: str) -> Unreachable:
    return Unreachable(
        marked("Constant Contact's login service gave an answer that cannot be used"), detail=detail
    )


def _checked(status: int, body: bytes) -> dict[str, Any]:
    """Return the object the token endpoint answered.

    Read here and not by the OAuth library: a rotated token must not be lost to a strange field beside it.

    Raises:
        LoginNeeded, Refused: the service refused, in the words of OAuth.
        Unreachable: it is no answer of this endpoint.

    """
    try:
        # Whatever mark or charset it comes with: the tokens are plain ASCII, and used up if not read now.
        found = json.loads(body.decode(json.detect_encoding(body), "replace"))
    except (ValueError, RecursionError):
        found = None
    error = found.get("error") if isinstance(found, dict) else None
    if not isinstance(found, dict) or status >= 500 or not (status == 200 or isinstance(error, str)):
        raise _unusable(f"POST /token answered {status}, {len(body)} bytes")
    if error:
        description = found.get("error_description")
        raise _refusal(str(error), description if isinstance(description, str) else "")
    return found


def _reply(token: dict[str, Any]) -> TokenReply:
    access, refresh = _token(token.get("access_token")), _token(token.get("refresh_token"))
    if not access:
        raise _unusable("no access_token")
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
            marked("Constant Contact does not accept the API key"),
            next_step=marked("Check the API key, and that its application uses the PKCE flow."),
            remedy=Remedy.API_KEY,
            detail=detail,
            code=error,
        )
    return Unreachable(marked("Constant Contact's login service refused for now"), detail=detail, code=error)
