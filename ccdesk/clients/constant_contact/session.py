"""How any call to Constant Contact is sent: with the bearer, counted, page by page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from ccdesk.clients.constant_contact import parse
from ccdesk.clients.constant_contact.errors import MailErrorPolicy
from ccdesk.clients.constant_contact.pages import pages
from ccdesk.clients.http.caller import Call, Caller
from ccdesk.clients.http.pace import Pacer
from ccdesk.clients.http.policy import DailyBudget, Retry
from ccdesk.clients.http.shape import Json, encode, required_objects, text
from ccdesk.clients.http.transport import Answer, Request, Transport
from ccdesk.core.clock import Clock
from ccdesk.core.errors import CcdeskError
from ccdesk.core.ports.secrets import TokenSource
from ccdesk.core.words import marked

PAGE_SIZE = "500"
RETRY = Retry(refusals=40)  # others may use the same API key: being slowed down is waited out (§5)
_FORBIDDEN = frozenset({403})


class MailSession:
    """Sends calls on behalf of who logged in."""

    def __init__(
        self,
        base_url: str,
        tokens: TokenSource,
        *,
        budget: DailyBudget,
        transport: Transport | None = None,
        pacer: Pacer | None = None,
        retry: Retry | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._tokens = tokens
        self._budget = budget
        self._clock = clock or Clock()
        self._caller = Caller(
            transport=transport or Transport("Constant Contact"),
            error_policy=MailErrorPolicy(clock=self._clock, who_may=self._what_is_missing),
            pacer=pacer or Pacer(clock=self._clock),
            meter=budget,
            retry=retry or RETRY,
            clock=self._clock,
        )

    @property
    def cancel(self) -> threading.Event:
        """The cancellation that interrupts every wait; give each run its own."""
        return self._caller.cancel

    @cancel.setter
    def cancel(self, event: threading.Event) -> None:
        self._caller.cancel = event

    def tell_waits(self, listener: Callable[[int, float], None] | None) -> None:
        """Tell a run from now on when a call is tried again: tries in vain so far, seconds to wait."""
        self._caller.on_wait = listener

    @property
    def calls(self) -> int:
        """Calls sent so far by this client."""
        return self._caller.calls

    @property
    def server_time(self) -> datetime | None:
        """The server's clock as of its last answer, if it told."""
        return self._caller.transport.server_time

    @property
    def server_ahead(self) -> timedelta | None:
        """How far the server's clock is ahead of ours, as of its last answer."""
        return self._caller.transport.server_ahead

    def for_opt_outs(self) -> AbstractContextManager[None]:
        """Let this thread's calls inside use the day's reserve: they serve opt-outs (design §4)."""
        return self._budget.reserved()

    def missing_privileges(self) -> list[str]:
        """Return the privileges our calls need and the user's role lacks (§3)."""
        return _missing_in(self._get("/account/user/privileges"), parse.NEEDED_PRIVILEGES)

    def _is_about_campaigns(self, request: Request) -> bool:
        return request.url.startswith(f"{self._base}/emails")

    def _what_is_missing(self, refused: Request) -> str:
        """Say in words what the login may lack: a 403 cannot tell its causes apart (§4, design §3a)."""
        needed = parse.DRAFT_PRIVILEGES if self._is_about_campaigns(refused) else parse.NEEDED_PRIVILEGES
        try:
            answer = self._send(Call(self._request("GET", "/account/user/privileges"), accept=_FORBIDDEN))
            missing = _missing_in(answer, needed) if answer.status != 403 else None
        except CcdeskError:
            return ""
        if missing is None:
            return marked(
                "The application may be switched off at Constant Contact, or the login was given without "
                "the permissions it asked for."
            )
        if not missing:
            return marked(
                "The user has every privilege that this needs; the login may have been given without one "
                "of the permissions (scopes) it asked for."
            )
        return marked("The reason may be that the user's role lacks: {privileges}.").format(
            privileges=", ".join(missing)
        )

    def _request(
        self, method: str, path: str, params: dict[str, str] | None = None, body: bytes | None = None
    ) -> Request:
        return Request(method, self._base + path, params=params or {}, body=body)

    def _post(self, path: str, body: object, *, item: bool = False, idempotent: bool = False) -> Call:
        request = self._request("POST", path, body=encode(body))
        return Call(request, item=item, idempotent=idempotent)

    def _get(self, path: str, params: dict[str, str] | None = None) -> Answer:
        return self._send(Call(self._request("GET", path, params)))

    def _send(self, call: Call) -> Answer:
        return self._caller.call(call, self._tokens)

    def _pages(self, path: str, params: dict[str, str], key: str) -> Iterator[list[Json]]:
        def send(request: Request, accept: frozenset[int]) -> Answer:
            return self._send(Call(request, accept=accept))

        return pages(send, self._base + path, params, key)


def _missing_in(answer: Answer, needed: Sequence[str]) -> list[str]:
    held = {text(one, "privilege_name") for one in required_objects(answer, answer.json())}
    return [name for name in needed if name not in held]
