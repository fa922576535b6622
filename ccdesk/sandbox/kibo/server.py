"""The fake Kibo as a Flask application: home and tenant pod on one port (kibo.md §1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from email.utils import format_datetime
from functools import cache
from http import HTTPStatus

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException

from ccdesk.sandbox.kibo import accounts, contacts, platform
from ccdesk.sandbox.kibo.gateway import CORRELATION, STATE_KEY, correlation_id, refusal_response
from ccdesk.sandbox.kibo.gateway import state as served
from ccdesk.sandbox.kibo.model import Refusal
from ccdesk.sandbox.kibo.platform import HOST_KEY
from ccdesk.sandbox.kibo.state import KiboState
from ccdesk.sandbox.wire.kernel import Environ, StartResponse, WsgiApp
from ccdesk.sandbox.wire.routes import another

_PARTS = (accounts, contacts, platform)


def build_kibo_app(state: KiboState, tenant_host: Callable[[], str], *more: Blueprint) -> Flask:
    """Return an application that serves this state; `tenant_host` tells its own bare `host:port`.

    `more` is what it serves beside that.
    """
    app = another(_routes() if not more else _made(*more), **{STATE_KEY: state, HOST_KEY: tenant_host})
    app.wsgi_app = _AnyCase(app.wsgi_app)  # type: ignore[method-assign]
    return app


@cache
def _routes() -> Flask:
    """Return what every application without more has in common."""
    return _made()


def _made(*more: Blueprint) -> Flask:
    """Return what serves no state yet."""
    app = Flask("ccdesk.sandbox.kibo", static_folder=None)
    for blueprint in (*(part.blueprint for part in _PARTS), *more):
        app.register_blueprint(blueprint)
    app.register_error_handler(Refusal, refusal_response)
    app.register_error_handler(HTTPException, _unrouted)

    @app.after_request
    def stamped(response: Response) -> Response:
        # Clients take the service's time from here, so it has to be the sandbox's.
        response.headers["Date"] = format_datetime(served().clock.now(), usegmt=True)
        if response.status_code != 404 or response.is_json:
            response.headers[CORRELATION] = correlation_id()
        return response

    return app


def service_of(_path: str) -> str:
    """Name the service a path belongs to."""
    return "kibo"


class _AnyCase:
    """WSGI middleware: API paths are matched without case, and with or without a slash at the end (§1)."""

    def __init__(self, app: WsgiApp) -> None:
        self._app = app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path.lower().startswith("/api/"):
            environ = {**environ, "PATH_INFO": path.lower().rstrip("/")}
        return self._app(environ, start_response)


def _unrouted(error: HTTPException) -> Response:
    """Answer for what has no route: a 404 as a wrong host gives it, without correlation id (§4)."""
    if error.code == HTTPStatus.NOT_FOUND:
        return Response("<html><body><h1>Not Found</h1></body></html>", status=404, content_type="text/html")
    status = HTTPStatus(error.code or 500)
    code = "UNEXPECTED_ERROR" if status >= 500 else status.name
    response = refusal_response(Refusal(status.value, code, f"{status.phrase}: {request.path}"))
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response
