"""The gateway in front of the services: who may call what, how often, and both error shapes (§3, §4, §5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, cast

from flask import Response, current_app, request

from ccdesk.sandbox.constant_contact.model import Refusal, invalid
from ccdesk.sandbox.constant_contact.profile import Account
from ccdesk.sandbox.constant_contact.state import CcState
from ccdesk.sandbox.constant_contact.tokens import Access
from ccdesk.sandbox.wire.fast_json import decoded, encoded

STATE_KEY = "ccdesk_cc_state"

ACCOUNT_READ = ("account_read", "account:read")
LISTS_READ = ("contact_data", "contacts:lists:read")
LISTS_WRITE = ("contact_data", "contacts:lists:write")
CONTACTS_READ = ("contact_data", "contacts:read")
CONTACTS_WRITE = ("contact_data", "contacts:write")
CAMPAIGN_READ = ("campaign_data", "campaign:read")
CAMPAIGN_WRITE = ("campaign_data", "campaign:write")
REPORTS_READ = ("contact_data", "ui:campaign:metrics")
AUTOMATIONS_READ = ("campaign_data", "customer-journey:read")
ANYBODY = ("", "")


@dataclass(frozen=True)
class Reply:
    """What a service answers; bytes go out as they are, None as an empty body."""

    payload: Any
    status: int = 200
    content_type: str = "application/json"
    afterwards: Callable[[], None] | None = field(default=None)


Service = Callable[..., Reply]


class _GatewayRefusal(Exception):
    """An answer of the gateway itself: a single object, not an array (§4)."""

    def __init__(self, status: int, key: str, message: str) -> None:
        super().__init__(message)
        self.status, self.key, self.message = status, key, message


def state() -> CcState:
    """Return the state the present application serves."""
    return cast(CcState, current_app.config[STATE_KEY])


def guarded(need: tuple[str, str], service: str = "contacts") -> Callable[[Service], Callable[..., Response]]:
    """Put the gateway in front of a handler, which is called as `handler(account, **path arguments)`.

    `need` is the scope and privilege of §3; `service` begins the error keys of the service behind.
    """

    def wrap(handler: Service) -> Callable[..., Response]:
        @wraps(handler)
        def serve(**arguments: str) -> Response:
            try:
                with state().lock:
                    account = _admit(need)
                    reply = handler(account, **arguments)
            except _GatewayRefusal as refusal:
                return gateway_error(refusal.status, refusal.key, refusal.message)
            except Refusal as refusal:
                return service_error(refusal.status, f"{service}.api.{refusal.kind}", refusal.message)
            response = _response(reply)
            if reply.afterwards is not None:
                reply.afterwards()
            return response

        return serve

    return wrap


def _admit(need: tuple[str, str]) -> Account:
    """Let a request in, in the order a gateway checks: token, rate, application, rights, form."""
    access = _bearer()
    refused = state().limits.refuse(access.client_id)
    if refused is not None:
        raise _GatewayRefusal(429, *refused)
    scope, privilege = need
    switches = state().switches
    allowed = (not scope or scope in access.scopes) and (not privilege or privilege in switches.privileges)
    if switches.app_deactivated or not allowed:
        # One text for three causes, as the real one (§4).
        raise _GatewayRefusal(403, "access_denied", "Request forbidden due to insufficient user privileges.")
    if request.method in ("POST", "PUT") and request.mimetype != "application/json":
        raise Refusal(415, "Content type not supported", "unsupported_media_type")
    account = state().accounts[access.user.account_id]
    account.jobs.pump()
    return account


def _bearer() -> Access:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    access = state().oauth.access(token.strip()) if kind.lower() == "bearer" else None
    if access is None:
        raise _GatewayRefusal(401, "unauthorized", "Unauthorized")
    return access


def _response(reply: Reply) -> Response:
    if not _acceptable(reply.content_type):
        return service_error(406, "contacts.api.not_acceptable", "The Accept header allows no type on offer.")
    if reply.payload is None:
        return Response(status=reply.status)
    body = reply.payload if isinstance(reply.payload, bytes) else encoded(reply.payload)
    return Response(body, status=reply.status, content_type=reply.content_type)


def _acceptable(content_type: str) -> bool:
    accepted = request.accept_mimetypes
    kinds = (content_type.partition(";")[0], "application/json")
    return not accepted or any(accepted.quality(kind) > 0 for kind in kinds)


def service_error(status: int, key: str, message: str) -> Response:
    """Answer as a service does: an array of errors (§4)."""
    body = encoded([{"error_key": key, "error_message": message}])
    return Response(body, status=status, content_type="application/json")


def gateway_error(status: int, key: str, message: str) -> Response:
    """Answer as the gateway does: a single object (§4)."""
    body = encoded({"error_key": key, "error_message": message})
    return Response(body, status=status, content_type="application/json")


def json_body() -> dict[str, Any]:
    """Return the request's body, which must be one JSON object."""
    try:
        body = decoded(request.get_data())
    except ValueError as problem:
        raise invalid("The request body is not valid JSON.") from problem
    if not isinstance(body, dict):
        raise invalid("The request body must be a JSON object.")
    return body
