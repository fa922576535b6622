"""Constant Contact's refusals in our words (constant-contact.md §4, §5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ccdesk.clients.http.caller import Call, after_status
from ccdesk.clients.http.policy import next_midnight
from ccdesk.clients.http.shape import text
from ccdesk.clients.http.transport import Answer, Request
from ccdesk.core.clock import Clock
from ccdesk.core.errors import (
    CcdeskError,
    ItemRefused,
    LoginNeeded,
    NotFound,
    QuotaUsedUp,
    RateLimited,
    Refused,
    RequestRefused,
    redact,
)
from ccdesk.core.words import marked

SAYS = marked("Constant Contact says: {words}")
SAYS_AND_MEANS = marked("Constant Contact says: {words} {meaning}")
_UNKNOWN_429_SECONDS = 300.0
_THROTTLED_FIRST, _THROTTLED_CEILING = 1.0, 8.0


@dataclass
class MailErrorPolicy:
    """How Constant Contact refuses. `who_may` says what the login may lack for a call that got a 403."""

    clock: Clock = field(default_factory=Clock)
    who_may: Callable[[Request], str] = field(default=lambda _: "")

    def is_error(self, _answer: Answer) -> bool:
        """Never: a 2xx of this service is a success."""
        return False

    def refusal_pause(self, answer: Answer, refusals: int) -> float:
        """Wait a little when throttled; the day's quota and a full queue end the call at once.

        Raises:
            QuotaUsedUp: no more calls until 00:00 UTC.
            RateLimited: a third kind of 429, such as a full queue of activities: minutes, not the day.

        """
        key, message = error_text(answer)
        if "quota" in key:
            raise QuotaUsedUp(next_midnight(self.clock.now()), detail=answer.detail)
        if "throttled" not in key:
            raise RateLimited(retry_after=_UNKNOWN_429_SECONDS, detail=_detail(answer, key, message))
        return min(_THROTTLED_CEILING, _THROTTLED_FIRST * 1.5 ** (refusals - 1))

    def error(self, answer: Answer, call: Call) -> CcdeskError:
        """Return the error for any status that is no success."""
        key, message = error_text(answer)
        detail = _detail(answer, key, message)
        if answer.status == 401:
            return LoginNeeded(
                meaning=marked("Constant Contact does not accept the login any more."), detail=detail
            )
        if answer.status == 429:
            return RateLimited(detail=detail)
        if answer.status == 403:
            meaning = self.who_may(call.request)
            if message:
                words = _sentence(redact(message))
                says = SAYS_AND_MEANS if meaning else SAYS
                meaning = says.format(words=words, meaning=meaning)
            return Refused(
                marked("Constant Contact does not allow this"),
                meaning=meaning,
                next_step=marked(
                    "Settle in Constant Contact what it says; where a permission is missing, log out "
                    "and log in again as an Account Owner or Account Manager."
                ),
                detail=detail,
                code="forbidden",
            )
        # A 404 that is not the service's own must never read as “there is no such contact”.
        strange = answer.status in (404, 405) and not key
        shared = after_status(answer, redact(f"{key} {message}"), wrong_address=strange)
        if shared is not None:
            return shared
        return item_error(answer, message, detail) if call.item else _run_error(message, detail)


def _detail(answer: Answer, key: str, message: str) -> str:
    said = " ".join(filter(None, (key, message)))
    return f"{answer.detail}: {redact(said)}" if said else answer.detail


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def item_error(answer: Answer, message: str, detail: str) -> CcdeskError:
    """Return the error of one person or thing, with the service's own words for staff."""
    said = SAYS.format(words=message) if message else ""
    if answer.status == 404:
        return NotFound(
            marked("Constant Contact does not know it"), meaning=said, detail=detail, code="not_found"
        )
    if answer.status == 409:
        return ItemRefused(
            marked("It clashes with something already in Constant Contact"),
            meaning=said,
            detail=detail,
            code="conflict",
        )
    return ItemRefused(
        marked("Constant Contact did not accept it"),
        meaning=said,
        detail=detail,
        code=f"refused_{answer.status}",
    )


def _run_error(message: str, detail: str) -> RequestRefused:
    """Return the error of a whole run; it is about nobody, so it names nobody."""
    said = SAYS.format(words=redact(message)) if message else ""
    return RequestRefused(marked("Constant Contact did not accept the request"), meaning=said, detail=detail)


def error_text(answer: Answer) -> tuple[str, str]:
    """Return key and message of an error body, be it an array, an object, empty or HTML (§4)."""
    body = answer.parsed()
    if isinstance(body, list):
        body = body[0] if body else None
    key = text(body, "error_key") or text(body, "error")
    return key, text(body, "error_message") or text(body, "error_description") or text(body, "message")
