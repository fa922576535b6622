"""The browser hand-off from end to end: open the login page, wait for the return, fetch the tokens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from ccdesk.auth.callback_server import Returned
from ccdesk.auth.loopback import Listener
from ccdesk.auth.oauth import OAuthClient, TokenReply
from ccdesk.auth.pkce import Attempt
from ccdesk.core.clock import Clock
from ccdesk.core.errors import LoginNeeded, redact
from ccdesk.core.redaction import hide
from ccdesk.core.redirects import REDIRECT_PORTS
from ccdesk.core.words import marked


def log_in(
    oauth: OAuthClient,
    *,
    open_url: Callable[[str], None],
    timeout: float,
    cancel: threading.Event,
    prompt_login: bool = False,
    ports: Sequence[int] = REDIRECT_PORTS,
    clock: Clock | None = None,
) -> TokenReply:
    """Let somebody log in and return the tokens; `Tokens.store` keeps them.

    `open_url` gets the address to open and must return at once; `timeout` is in seconds. `prompt_login` asks
    for the form even if the browser still has a session: after a logout, or for another account.

    Raises:
        SettingsError: there is no API key, or no port is free.
        LoginNeeded: refused, not finished in time, or the code was not accepted.
        Cancelled: `cancel` was set.
        Unreachable, Refused: the token endpoint could not be used.

    """
    oauth.require_client_id()
    oauth.cancel = cancel  # heard while the token endpoint makes us wait as well
    attempt = Attempt()
    hide(attempt.verifier, attempt.state)
    with Listener(attempt.state, ports=ports, clock=clock) as listener:
        address = listener.redirect_uri
        open_url(oauth.authorize_url(redirect_uri=address, attempt=attempt, prompt_login=prompt_login))
        returned = listener.wait(timeout=timeout, cancel=cancel)
    if returned.error:
        raise _refused(returned)
    return oauth.exchange(returned.code, verifier=attempt.verifier, redirect_uri=address)


def _refused(returned: Returned) -> LoginNeeded:
    detail = redact(f"{returned.error}: {returned.description}")
    if returned.error == "access_denied":
        return LoginNeeded(
            marked("The login was refused"),
            meaning=marked("Somebody chose not to allow ccdesk in the browser."),
            next_step=marked("Log in again and allow it when you are ready."),
            detail=detail,
            code="login_refused",
        )
    return LoginNeeded(
        marked("Constant Contact did not complete the login"),
        meaning=marked("It sent the browser back with an error."),
        next_step=marked("Try again; if it stays so, check the API key and its redirect addresses."),
        detail=detail,
        code="login_failed",
    )
