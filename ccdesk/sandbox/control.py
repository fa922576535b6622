"""Orders to the sandbox over HTTP, under /_sandbox: acts of people, faults, switches, clock, what came in.

For whoever is not in the same process: a script that reproduces a problem, or the window's demo in another
program. A refused order is a 400 whose `error` names what is wrong; what a web page may have sent is a 403 or
415.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, get_type_hints
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from ccdesk.sandbox.constant_contact import state as cc_state
from ccdesk.sandbox.constant_contact.state import CcState
from ccdesk.sandbox.kibo import state as kibo_state
from ccdesk.sandbox.kibo.model import Refusal
from ccdesk.sandbox.kibo.state import KiboState
from ccdesk.sandbox.seed.shop import seed_shop
from ccdesk.sandbox.wire.json_values import fitted, wanted
from ccdesk.sandbox.wire.kernel import Fault, Faults, SandboxClock
from ccdesk.sandbox.wire.received import RequestLog

PREFIX = "/_sandbox"

_OWN_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})

Json = dict[str, Any]
Answer = Callable[..., Any]


class Controlled(Protocol):
    """What can be given orders: `run.Sandbox`."""

    clock: SandboxClock
    faults: Faults
    log: RequestLog
    kibo: KiboState
    cc: CcState


def control_blueprint(sandbox: Controlled) -> Blueprint:
    """Return the control interface of a sandbox."""
    blueprint = Blueprint("control", __name__, url_prefix=PREFIX)
    blueprint.before_request(_refuse_web_pages)
    orders = _Orders(sandbox)

    def route(path: str, method: str, answer: Answer) -> None:
        blueprint.add_url_rule(path, f"{method}{path}".replace(".", "_"), _as_view(answer), methods=[method])

    route("/<service>/<act>", "POST", orders.act)
    route("/acts", "POST", orders.acts)
    route("/switches/<service>", "POST", orders.switch)
    route("/fault", "POST", orders.add_fault)
    route("/fault", "DELETE", orders.clear_faults)
    route("/clock", "POST", orders.move_clock)
    route("/seed", "POST", orders.seed)
    route("/received", "GET", orders.received)
    route("/calls", "GET", orders.calls)
    route("/outbox", "GET", orders.outbox)
    route("/state", "GET", orders.state)
    for method in ("GET", "POST", "PUT", "DELETE"):
        route("/<path:order>", method, orders.unknown)
    return blueprint


class _Orders:
    """The orders; each takes the JSON body as keyword arguments and returns something JSON-able."""

    def __init__(self, sandbox: Controlled) -> None:
        self._sandbox = sandbox

    def act(self, service: str, act: str, **arguments: Any) -> Any:
        """Let a person act: `POST /_sandbox/kibo/opt_out {"id": 1012}`."""
        acts = {"kibo": kibo_state.CONTROL_ACTS, "cc": cc_state.CONTROL_ACTS}.get(service)
        if acts is None:
            raise LookupError(f"No such service: {service} (there are kibo and cc)")
        if act not in acts:
            raise LookupError(f"No such act of {service}: {act} (there are {', '.join(acts)})")
        if service == "kibo" and "id" in arguments:  # as Kibo itself calls it
            arguments["customer_id"] = arguments.pop("id")
        return _called(getattr(getattr(self._sandbox, service), act), arguments)

    def acts(self, acts: list[dict[str, Any]]) -> Json:
        """Let many people act in turn: `{"acts": [{"service": "kibo", "act": "opt_out", "id": 1012}, …]}`.

        The first that is refused ends it; those before it stand.
        """
        for number, one in enumerate(acts, start=1):
            try:
                self.act(**one)
            except (LookupError, Refusal, TypeError, ValueError) as error:
                raise ValueError(f"act {number}: {_said(error)}") from error
        return {"done": len(acts)}

    def switch(self, service: str, **values: Any) -> Json:
        """Turn switches and return all of them."""
        if service not in ("kibo", "cc"):
            raise LookupError(f"No such service: {service} (there are kibo and cc)")
        state = self._sandbox.kibo if service == "kibo" else self._sandbox.cc
        state.set_switches(**values)
        return state.switches_json()

    def add_fault(self, **values: Any) -> Json:
        """Order a fault with the fields of `kernel.Fault`."""
        fault = _called(Fault, values)
        try:
            re.compile(fault.path)
        except re.error as error:
            raise ValueError(f"'path' is no regular expression: {error}") from None
        self._sandbox.faults.add(fault)
        return asdict(fault)

    def clear_faults(self) -> None:
        """Forget all faults still waiting."""
        self._sandbox.faults.clear()

    def move_clock(self, advance_seconds: float = 0.0) -> Json:
        """Move the sandbox's clock, and return its time."""
        clock = self._sandbox.clock
        try:
            step = timedelta(seconds=advance_seconds)
            clock.now() + step
        except (OverflowError, ValueError):  # before the clock is past the last day there is
            raise ValueError(f"'advance_seconds' cannot be {advance_seconds}") from None
        clock.advance(step)
        return {"now": clock.now()}

    def seed(self, customers: int, seed: int = 1) -> Json:
        """Fill both services with a pretend shop and tell who is notable in it."""
        return asdict(seed_shop(self._sandbox.kibo, self._sandbox.cc, customers, seed))

    def unknown(self, order: str, **_values: Any) -> None:
        """Refuse what is no order."""
        raise LookupError(f"No such order: {request.method} {PREFIX}/{order}")

    def received(self) -> list[Json]:
        """Return what was received, from index `since` of the query on."""
        return self._sandbox.log.as_json(_since())

    def calls(self) -> dict[str, int]:
        """Count what was received, from index `since` of the query on."""
        return self._sandbox.log.counts(_since())

    def outbox(self) -> Any:
        """Return the mails Constant Contact would have sent."""
        return self._sandbox.cc.mails()

    def state(self) -> Json:
        """Return how much there is of everything, and the time."""
        kibo, cc = self._sandbox.kibo, self._sandbox.cc
        with kibo.lock:
            shop = {
                "customers": len(kibo.book),
                "opted_in": len(kibo.book.opted_in.keys),
                "events": len(kibo.events),
            }
        with cc.held() as account:
            lists = [entry for entry in account.book.lists.values() if entry.deleted_at is None]
            mailing = {
                "contacts": len(account.book.contacts),
                "lists": {entry.name: account.book.count(entry.list_id, "all") for entry in lists},
                "mails": len(account.outbox),
            }
        received = self._sandbox.log.mark()
        return {"now": self._sandbox.clock.now(), "received": received, "kibo": shop, "cc": mailing}


def _refuse_web_pages() -> Response | None:
    """Refuse an order that a page in a browser may have sent; programs and `curl` send none of these.

    A page of anywhere may send to this computer what a form can send, with its origin; and under a name of
    its own that it lets point to this computer it may read the answers too, with that name as the host.
    """
    host = urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
    if host not in _OWN_NAMES:
        return _json({"error": f"This address is not called {host!r}: use 127.0.0.1 or localhost"}, 403)
    if "Origin" in request.headers or request.headers.get("Sec-Fetch-Site", "none") != "none":
        return _json({"error": "Orders are not taken from web pages"}, 403)
    if request.method in ("POST", "PUT", "PATCH") and request.mimetype != "application/json":
        return _json({"error": "Send orders with Content-Type: application/json"}, 415)
    return None


def _since() -> int:
    since = request.args.get("since", "0")
    if not since.isdecimal():
        raise ValueError(f"'since' must be a whole number, not {since!r}")
    return int(since)


def _called(function: Answer, arguments: Json) -> Any:
    """Call with keyword arguments; an error names the one that is missing, unknown or of a wrong kind."""
    hints = get_type_hints(function)
    try:
        bound = inspect.signature(function).bind(**arguments)
    except TypeError as error:
        raise TypeError(f"{error} ({_taken(function, hints)})") from None
    for name in arguments:
        if name in hints and name in bound.arguments:
            bound.arguments[name] = fitted(f"'{name}'", bound.arguments[name], hints[name])
    return function(*bound.args, **bound.kwargs)


def _taken(function: Answer, hints: Json) -> str:
    """Return in words what an order takes: every field with what it may be."""
    names = [name for name in inspect.signature(function).parameters if name in hints]
    return "; ".join(f"{name}: {wanted(hints[name])}" for name in names) or "it takes nothing"


def _said(error: Exception) -> str:
    """Return an error's words; a KeyError shows its own in quotes."""
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)


def _as_view(answer: Answer) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        try:
            return _json(_called(answer, {**_body(), **path}))
        except (LookupError, Refusal, TypeError, ValueError) as error:
            return _json({"error": _said(error)}, 400)

    return view


def _body() -> Json:
    raw = request.get_data()
    if not raw.strip():
        return {}
    body = json.loads(raw)
    if not isinstance(body, dict):
        raise TypeError("The body must be a JSON object")
    return body


def _json(value: Any, status: int = 200) -> Response:
    return Response(json.dumps(value, default=_plain), status=status, content_type="application/json")


def _plain(value: Any) -> Any:
    """Write what JSON does not know."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in fields(value)}
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
