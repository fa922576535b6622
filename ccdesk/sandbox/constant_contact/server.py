"""The fake Constant Contact as a Flask application: API under /v3, sign-in under /oauth2."""

from __future__ import annotations

from email.utils import format_datetime
from functools import cache
from http import HTTPStatus

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler

from ccdesk.sandbox.constant_contact import (
    account,
    activities,
    automations,
    campaigns,
    contacts,
    lists,
    oauth,
    reports,
    signup,
    web,
)
from ccdesk.sandbox.constant_contact.gateway import STATE_KEY, gateway_error
from ccdesk.sandbox.constant_contact.gateway import state as served
from ccdesk.sandbox.constant_contact.state import CcState
from ccdesk.sandbox.wire.routes import another

_PARTS = (account, activities, automations, campaigns, contacts, lists, oauth, reports, signup, web)


def build_cc_app(state: CcState) -> Flask:
    """Return an application that serves this state."""
    return another(_routes(), **{STATE_KEY: state})


@cache
def _routes() -> Flask:
    """Return what all of them have in common."""
    app = Flask("ccdesk.sandbox.constant_contact", static_folder=None)
    for part in _PARTS:
        app.register_blueprint(part.blueprint)
    app.register_error_handler(HTTPException, _unrouted)

    @app.after_request
    def dated(response: Response) -> Response:
        # Clients take the service's time from here, so it has to be the sandbox's.
        response.headers["Date"] = format_datetime(served().clock.now(), usegmt=True)
        return response

    return app


def service_of(path: str) -> str:
    """Name the service a path belongs to: "auth" or "cc"."""
    return "auth" if path.startswith("/oauth2") else "cc"


def _unrouted(error: HTTPException) -> Response:
    """Answer for paths and methods that do not exist; outside /v3 the real host says Forbidden (§1)."""
    if error.code == HTTPStatus.NOT_FOUND and not request.path.startswith(("/v3", "/oauth2")):
        return Response('{"message":"Forbidden"}', status=403, content_type="application/json")
    phrase = HTTPStatus(error.code or 500)
    response = gateway_error(phrase.value, phrase.name.lower(), phrase.phrase)
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


class SandboxRequestHandler(WSGIRequestHandler):
    """Serves without a log line per request and without a Date of its own: the application sends one."""

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begin an answer with the status line only."""
        self.send_response_only(code, message)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the sandbox keeps its own log."""
