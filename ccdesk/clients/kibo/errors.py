"""Kibo's refusals in our words (kibo.md §4)."""

from __future__ import annotations

import re

from ccdesk.clients.http.caller import Call, after_status
from ccdesk.clients.http.shape import children, text
from ccdesk.clients.http.transport import Answer
from ccdesk.core.errors import CcdeskError, ItemRefused, NotFound, RateLimited, Refused, Remedy, redact
from ccdesk.core.words import marked

SAYS = marked("Kibo says: {words}")
SAYS_AND_MEANS = marked("Kibo says: {words} {meaning}")
DEFAULT_WAIT_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 120.0

# Which permission ("behavior") of the application a path needs (§2).
_PERMISSIONS = (
    ("/commerce/customer/", True, "Customer Update"),
    ("/commerce/customer/", False, "Customer Read"),
    ("/platform/tenants/", False, "Tenant Read"),
    ("/commerce/settings/general", False, "General Settings Read"),
    ("/commerce/settings/applications", False, "Application Status Read"),
)


class ShopErrorPolicy:
    """How Kibo refuses."""

    def is_error(self, answer: Answer) -> bool:
        """Say whether a body names an error code, which means failure whatever the status (§2)."""
        return b'"errorCode"' in answer.body[:400] and bool(error_text(answer)[0])

    def refusal_pause(self, answer: Answer, _refusals: int) -> float:
        """Return Retry-After in seconds, 60 without one.

        Raises:
            RateLimited: it is longer than anybody should wait inside a call.

        """
        reported = answer.headers.get("retry-after", "").strip()
        seconds = float(reported) if re.fullmatch(r"\d{1,9}(\.\d+)?", reported) else DEFAULT_WAIT_SECONDS
        if seconds > LONGEST_WAIT_SECONDS:
            raise RateLimited(marked("Kibo asks to slow down"), retry_after=seconds, detail=answer.detail)
        return max(1.0, seconds)

    def error(self, answer: Answer, call: Call) -> CcdeskError:
        """Return the error for any answer that is no success."""
        code, message = error_text(answer)
        reported = redact(f"{code} {message}".strip())
        detail = f"{answer.detail}{': ' + reported if reported else ''}"
        if answer.status == 429:
            return RateLimited(
                marked("Kibo asks to slow down"), retry_after=DEFAULT_WAIT_SECONDS, detail=detail
            )
        if answer.status == 401:
            return Refused(
                marked("Kibo does not accept the application's sign-in"),
                meaning=marked(
                    "The application may not be installed in this tenant, or its permissions changed."
                ),
                next_step=marked("Check the tenant id, and reinstall the app in Kibo."),
                remedy=Remedy.CHECK_KEYS,
                detail=detail,
                code="unauthorized",
            )
        if answer.status == 403:
            return _forbidden(answer, detail)
        if not is_missing(answer):
            # A 404 without Kibo's request id comes from a wrong host or path, not from a missing item (§4).
            shared = after_status(answer, reported, wrong_address=answer.status in (404, 405))
            if shared is not None and (answer.status >= 400 or not code):
                return shared
        return _item_error(answer, message, detail) if call.item else _run_error(message, detail)


def is_missing(answer: Answer) -> bool:
    """Say whether a 404 means "no such item" (§4)."""
    return answer.status == 404 and (bool(answer.correlation) or error_text(answer)[0] == "ITEM_NOT_FOUND")


def error_text(answer: Answer) -> tuple[str, str]:
    """Return code and message of an error body, `("", "")` for an empty one or HTML."""
    body = answer.parsed()
    code, message = text(body, "errorCode"), text(body, "message")
    for item in children(body, "items"):
        code, message = code or text(item, "errorCode"), message or text(item, "message")
    return code, message


def _forbidden(answer: Answer, detail: str) -> Refused:
    path = answer.request.url.lower()
    writes = answer.request.is_write
    needed = next((name for part, write, name in _PERMISSIONS if part in path and write == writes), "")
    message = error_text(answer)[1]
    meaning = marked("The application may not be installed in this tenant.")
    if needed:
        meaning = marked(
            "The application may lack the permission “{needed}”, or not be installed in this tenant."
        ).format(needed=needed)
    if message:
        meaning = SAYS_AND_MEANS.format(words=redact(message), meaning=meaning)
    return Refused(
        marked("Kibo does not allow this"),
        meaning=meaning,
        next_step=marked(
            "If it lacks a permission, add it in Kibo's Dev Center, then install the application "
            "again. Else check the tenant id."
        ),
        detail=detail,
        code="forbidden",
    )


def _item_error(answer: Answer, message: str, detail: str) -> CcdeskError:
    said = SAYS.format(words=message) if message else ""
    if is_missing(answer):
        return NotFound(
            marked("Kibo does not know this customer"), meaning=said, detail=detail, code="not_found"
        )
    return ItemRefused(
        marked("Kibo did not accept it"), meaning=said, detail=detail, code=f"refused_{answer.status}"
    )


def _run_error(message: str, detail: str) -> Refused:
    """Return the error of a whole run; it is about nobody, so it names nobody."""
    said = SAYS.format(words=redact(message)) if message else ""
    return Refused(marked("Kibo did not accept the request"), meaning=said, detail=detail)
