"""Calling one service: place in line, count, bearer, repeat, renew on 401, and errors in our own words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from ccdesk.clients.http.pace import Pacer
from ccdesk.clients.http.policy import CallMeter, Retry, wait
from ccdesk.clients.http.transport import Answer, Request, Transport
from ccdesk.core.clock import Clock
from ccdesk.core.errors import AnswerLost, CcdeskError, Unreachable
from ccdesk.core.ports.secrets import TokenSource
from ccdesk.core.words import marked

IT_PASSES = marked("Nothing has to be changed here: it usually passes. Try again in a while.")


@dataclass(frozen=True, slots=True)
class Call:
    """One call as a client means it.

    `idempotent`: doing it twice is the same as once (GETs are anyway). `item`: it is about one person or
    thing, so a 4xx is that one's failure and not the run's. `optional`: nice to have, not worth waiting for
    or asking twice. `accept`: statuses the client deals with itself.
    """

    request: Request
    idempotent: bool = False
    item: bool = False
    optional: bool = False
    accept: frozenset[int] = frozenset()

    @property
    def repeatable(self) -> bool:
        """True if the call may be sent again though it may have been done."""
        return self.idempotent or not self.request.is_write


class ErrorPolicy(Protocol):
    """What differs between services."""

    def refusal_pause(self, answer: Answer, refusals: int) -> float:
        """Return the seconds to wait after a 429, or raise RateLimited or QuotaUsedUp."""

    def error(self, answer: Answer, call: Call) -> CcdeskError:
        """Return the error for an answer that is no success; must have one for every status."""

    def is_error(self, answer: Answer, /) -> bool:
        """Say whether a 2xx answer is a failure all the same."""


@dataclass
class Caller:
    """Sends calls to one service. `cancel` may be replaced for each run; `calls` only ever grows.

    `on_wait` is told before each wait for another try: how often it was tried in vain, and the seconds.
    """

    transport: Transport
    error_policy: ErrorPolicy
    pacer: Pacer
    meter: CallMeter
    retry: Retry = field(default_factory=Retry)
    clock: Clock = field(default_factory=Clock)
    cancel: threading.Event = field(default_factory=threading.Event)
    calls: int = 0
    on_wait: Callable[[int, float], None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(self, call: Call, tokens: TokenSource | None = None) -> Answer:
        """Return a successful answer (or one of `call.accept`), or raise what `error_policy` makes of it."""
        if tokens is None:
            return self._judged(self._steadily(call, ""), call)
        token = _signed_in(tokens.bearer)
        answer = self._steadily(call, token)
        if answer.status == 401:
            answer = self._steadily(call, _signed_in(lambda: tokens.renew(token)))
        return self._judged(answer, call)

    def _judged(self, answer: Answer, call: Call) -> Answer:
        good = 200 <= answer.status < 300 and not self.error_policy.is_error(answer)
        if good or answer.status in call.accept:
            return answer
        raise self.error_policy.error(answer, call)

    def _steadily(self, call: Call, token: str) -> Answer:
        """Send, and send again after passing trouble as far as the call and the policy allow."""
        attempts, most_refusals = (1, 1) if call.optional else (self.retry.attempts, self.retry.refusals)
        failures = refusals = 0
        while True:
            try:
                answer = self._once(call, token)
            except Unreachable as error:
                may_repeat = call.repeatable or not isinstance(error, AnswerLost)
                failures += 1
                if not may_repeat or failures >= attempts:
                    raise
                self._wait_for_try(failures, self.retry.pause(failures))
                continue
            if answer.status == 429:
                refusals += 1
                pause = self.error_policy.refusal_pause(answer, refusals)
                self.pacer.hold(pause)
                self._tell(refusals, pause)
                if refusals >= most_refusals:
                    return answer
                continue
            failures += 1
            if answer.status not in self.retry.statuses or not call.repeatable:
                return answer
            if failures >= attempts:
                return answer
            self._wait_for_try(failures, self.retry.pause(failures))

    def _wait_for_try(self, tries: int, seconds: float) -> None:
        self._tell(tries, seconds)
        wait(self.clock, self.cancel, seconds)

    def _tell(self, tries: int, seconds: float) -> None:
        if self.on_wait is not None:
            self.on_wait(tries, seconds)

    def _once(self, call: Call, token: str) -> Answer:
        """Send a call once; what takes time comes before its place is taken, so it gets there at once."""
        request = call.request
        if token:
            request = _with_header(request, "Authorization", f"Bearer {token}")
        wait(self.clock, self.cancel, 0.0)
        self.meter.count()
        self.transport.get_ready()
        self.pacer.take(self.cancel)
        with self._lock:
            self.calls += 1
        return self.transport.send(request)


def _signed_in(ask: Callable[[], str]) -> str:
    """Return a bearer; where the sign-in fails, that is not about what the call was to be for."""
    try:
        return ask()
    except CcdeskError as error:
        error.everybodys = True
        raise


def _with_header(request: Request, name: str, value: str) -> Request:
    headers: Mapping[str, str] = {**request.headers, name: value}
    return replace(request, headers=headers)


def after_status(answer: Answer, text: str, *, wrong_address: bool) -> Unreachable | None:
    """Return the error every service shares: trouble at the server, or a wrong address. None: not shared."""
    detail = f"{answer.detail}{': ' + text if text else ''}"
    if answer.status >= 500 and answer.request.is_write:
        title = marked("{service} did not say whether a change was done").format(service=answer.service)
        return AnswerLost(title, next_step=IT_PASSES, detail=detail)
    if answer.status >= 500:
        title = marked("{service} has trouble of its own").format(service=answer.service)
        return Unreachable(title, next_step=IT_PASSES, detail=detail)
    if answer.status < 400 or wrong_address:
        return Unreachable(
            marked("Something else answers at the address of {service}").format(service=answer.service),
            meaning=marked("The answer is not one this service gives."),
            next_step=marked("Check the address in the settings."),
            detail=detail,
        )
    return None
