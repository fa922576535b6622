"""The gateway in front of the fake Kibo: who may call what, how often; how refusals look (kibo.md §2–§4)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from uuid import uuid4

from flask import Response, current_app, g, request

from ccdesk.sandbox.kibo.changes import Author
from ccdesk.sandbox.kibo.fields_wanted import trimmed
from ccdesk.sandbox.kibo.model import SERVICE_USER, Account, Json, Refusal, conflict, invalid, not_found
from ccdesk.sandbox.kibo.state import KiboState
from ccdesk.sandbox.wire.fast_json import decoded, encoded

STATE_KEY = "ccdesk_kibo_state"
CORRELATION = "x-vol-correlation"

View = Callable[..., Response]

_APPLICATIONS = (
    ("/api/commerce/customer", "Customer"),
    ("/api/commerce/settings", "SiteSettings"),
    ("/api/event", "Event"),
)


def state() -> KiboState:
    """Return the state the present application serves."""
    return cast(KiboState, current_app.config[STATE_KEY])


def correlation_id() -> str:
    """Return the id of the present request: as sent by the caller, or a fresh one."""
    if "correlation" not in g:
        g.correlation = request.headers.get(CORRELATION) or uuid4().hex
    return str(g.correlation)


def author() -> Author:
    """Return the application as the one who changes something."""
    return Author(SERVICE_USER, state().app_key, correlation_id())


def guarded(behavior: str = "", *, signed_in: bool = True, tenant: bool = True) -> Callable[[View], View]:
    """Put the gateway in front of a view, which then runs under the state's lock.

    `behavior` is the permission it takes (§2); `tenant` says whether `x-vol-tenant` is needed (§3).
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded_view(**arguments: Any) -> Response:
            kibo = state()
            with kibo.lock:
                if signed_in:
                    if not kibo.rate.admits(kibo.switches.rate_per_second):
                        return _slow_down(kibo)
                    _check_bearer(kibo, behavior)
                if tenant:
                    _check_tenant(kibo)
                return view(**arguments)

        return guarded_view

    return guard


def _check_bearer(kibo: KiboState, behavior: str) -> None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    token = kibo.tokens.valid(value.strip(), kibo.now_ms()) if scheme.lower() == "bearer" else None
    if token is None:
        raise Refusal(401, "UNAUTHORIZED", "The access token is missing, unknown or expired")
    # Withdrawn at once; what is granted later needs a new token (§2: baked in).
    if behavior and not (behavior in token.behaviors and behavior in kibo.switches.behaviors):
        raise Refusal(403, "FORBIDDEN", f"The application lacks the behavior '{behavior}'")


def _check_tenant(kibo: KiboState) -> None:
    tenant = request.headers.get("x-vol-tenant", "").strip()
    if not tenant:
        raise invalid("Header x-vol-tenant is missing")
    if tenant != str(kibo.tenant_id):
        raise Refusal(403, "FORBIDDEN", f"The application is not installed in tenant {tenant}")


def _slow_down(kibo: KiboState) -> Response:
    """Answer a call over the limit: an empty body, and when to come back (§4)."""
    response = Response(status=429)
    del response.headers["Content-Type"]
    if kibo.switches.retry_after is not None:
        response.headers["Retry-After"] = kibo.switches.retry_after
    return response


def reply(payload: Any, status: int = 200) -> Response:
    """Return an answer, trimmed to `responseFields` if the caller asked for that (§5)."""
    wanted = request.args.get("responseFields", "")
    if wanted.strip():
        payload = trimmed(payload, wanted)
    return _json(payload, status)


def no_content() -> Response:
    """Return the answer to a deletion."""
    return Response(status=204)


def refusal_response(refusal: Refusal) -> Response:
    """Return the error body of §4."""
    name = next((name for start, name in _APPLICATIONS if request.path.startswith(start)), "AppDev")
    body = {
        "applicationName": name,
        "errorCode": refusal.code,
        "message": refusal.message,
        "correlationId": correlation_id(),
        "items": [],
        "additionalErrorData": [],
    }
    return _json(body, refusal.status)


def _json(payload: Any, status: int) -> Response:
    return Response(encoded(payload), status=status, content_type="application/json; charset=utf-8")


def json_body() -> Json:
    """Return the request's JSON object; an empty body is a 409, as with the real one (§4)."""
    raw = request.get_data()
    if not raw.strip():
        raise conflict("The request body is missing")
    try:
        body = decoded(raw)
    except ValueError:
        raise invalid("The request body is no JSON") from None
    if not isinstance(body, dict):
        raise invalid("The request body is no JSON object")
    return body


def existing(account_id: int) -> Account:
    """Return an account; 404 if there is none."""
    account = state().book.get(account_id)
    if account is None:
        raise not_found(f"customer account {account_id}")
    return account
