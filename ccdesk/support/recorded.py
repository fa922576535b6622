"""The services as a record has them: each call is answered as it was, and nothing is ever sent."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from ccdesk.clients.http.transport import Answer, Request, Transport
from ccdesk.core.clock import parse_time
from ccdesk.core.errors import (
    AnswerLost,
    CcdeskError,
    LoginNeeded,
    ProxyRefused,
    Refused,
    Remedy,
    Unreachable,
    VaultError,
)
from ccdesk.core.words import marked
from ccdesk.support.calls import LEFT_OUT, LOGIN, MAIL, SIGN_IN, CallMade, asked_for
from ccdesk.support.scrub import HERE

_KINDS: dict[str, type[CcdeskError]] = {
    one.__name__: one for one in (AnswerLost, Unreachable, ProxyRefused, Refused, LoginNeeded, VaultError)
}
_PASSING = (401, 407, 408, 425, 429)  # refusals that say something about the moment alone
_TENANT = "/api/platform/tenants/"
_HOME = {"id": 1, "name": "of the record", "domain": "nowhere.invalid", "sites": []}
_TICKET = {"access_token": "of the record", "expires_in": 3600, "token_type": "bearer"}

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|[+-]\d\d:?\d\d)?")
_Key = tuple[str, str, str, tuple[tuple[str, str], ...]]


def _key(one: CallMade) -> _Key:
    """Return what a call is known by."""
    query = sorted((name, value) for name, value in one.query)
    return one.service, one.method, one.path, _apart_from_moments(query)


def _apart_from_moments(query: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, _MOMENT.sub("…", value)) for name, value in query)


class RecordedAnswers:
    """Gives each recorded answer once, to the call that asks the same; thread-safe.

    Calls are made by several threads, so their order tells nothing but between calls that ask the same.
    `elsewhere`: readings of other runs, the nearest last: a client that runs for days asks some things once,
    such as what filters are honoured, and a replay's is new. Answers help and, where there is none, refusals;
    a failure that passes tells nothing about another run.
    `at_end` is called once the last has been given. `missing`: calls made now that the record does not hold,
    in words.
    """

    def __init__(
        self,
        calls: Iterable[CallMade],
        elsewhere: Iterable[CallMade] = (),
        at_end: Callable[[], object] | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self._waiting, self._at_end = list(calls), at_end
        helping = [one for one in elsewhere if one.method == "GET" and _is_held(one)]
        told = [one for one in helping if 400 <= one.status < 500 and one.status not in _PASSING]
        self._given = {_key(one): one for one in [*told, *(one for one in helping if one.status == 200)]}
        self.missing: list[str] = []

    @property
    def left(self) -> list[str]:
        """Recorded calls that were not made now, in words."""
        with self._lock:
            return [_label(one) for one in self._waiting if one.service != LOGIN and not _goes_before(one)]

    def take(self, service: str, request: Request) -> CallMade | None:
        """Return what a call got when it was recorded; None if it was not made then.

        Of calls to one path the one with the same query and body comes first, then one in which only moments
        differ, then the next one with another body. A reading that was made once and is made twice now gets
        the same again, and so does a sign-in that failed.
        """
        parts = urlsplit(request.url)
        asked = sorted(asked_for(request))
        key = service, request.method, parts.path, _apart_from_moments(asked)
        with self._lock:
            same = [one for one in self._waiting if _key(one) == key]
            exact = [one for one in same if sorted((name, value) for name, value in one.query) == asked]
            if (found := _nearest(exact or same, request)) is not None:
                self._waiting.remove(found)
                self._given[key] = found
                if self._at_end is not None and all(map(_goes_before, self._waiting)):
                    self._at_end()
                return found
            return self._given.get(key) if request.method == "GET" or SIGN_IN in parts.path else None

    def login_failure(self) -> CallMade | None:
        """Return the failure to renew the login if it comes next in the record, None if a call does.

        Only calls to Constant Contact matter: those to Kibo go on beside them.
        """
        with self._lock:
            first = next((one for one in self._waiting if one.service in (MAIL, LOGIN)), None)
            if first is None or first.service != LOGIN:
                return None
            self._waiting.remove(first)
            return first

    def note_missing(self, service: str, request: Request) -> None:
        """Note a call that the record does not hold."""
        with self._lock:
            path = urlsplit(request.url).path
            query = "&".join(f"{key}={value}" for key, value in request.params.items())
            self.missing.append(f"{service} {request.method} {path}{f'?{query}' if query else ''}")


class RecordedTransport(Transport):
    """Sends nothing: answers as recorded, on the server's clock as recorded."""

    def __init__(self, name: str, service: str, answers: RecordedAnswers) -> None:
        super().__init__(name, around=self._answer)
        self._name, self._kind, self._answers = name, service, answers
        self._ahead: timedelta | None = None

    def get_ready(self) -> None:
        """Do nothing: there is no session to be made."""

    @property
    def server_ahead(self) -> timedelta | None:
        """The server's clock less ours, as it was."""
        return self._ahead

    def _answer(self, request: Request, _send: Callable[[Request], Answer]) -> Answer:
        found = self._answers.take(self._kind, request)
        if SIGN_IN in request.url and (found is None or (found.status and not _is_held(found))):
            return Answer(request, 200, {}, json.dumps(_TICKET).encode(), self._name)
        if found is None and _TENANT in request.url:  # found in an earlier run
            return Answer(request, 200, {}, json.dumps(_HOME).encode(), self._name)
        if found is None or not _is_held(found):
            self._answers.note_missing(self._kind, request)
            raise Unreachable(
                marked("{name}: the bundle does not hold this call").format(name=self._name),
                detail=request.label,
            )
        if not found.status:
            raise rebuilt(found.lost)
        self._note_clock(found)
        if request.sink is not None and found.status == 200:
            return self._filed(request, found)
        return Answer(request, found.status, found.headers, _body(found, request), self._name)

    def _filed(self, request: Request, found: CallMade) -> Answer:
        """Put a table, or what came instead of one, where the request wants it."""
        assert request.sink is not None
        if found.form == "csv":
            text = io.TextIOWrapper(request.sink, encoding="utf-8", newline="")
            csv.writer(text).writerows(found.answer)
            text.flush()
            text.detach()
        else:
            request.sink.write(_body(found, request))
        request.sink.seek(0)
        return Answer(request, found.status, found.headers, b"", self._name)

    def _note_clock(self, found: CallMade) -> None:
        at = parse_time(found.at)
        try:
            told = parsedate_to_datetime(found.headers.get("date", ""))
        except (ValueError, TypeError):
            return
        told = told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
        self.server_time = told
        self._ahead = told - at if isinstance(at, datetime) else None


class RecordedLogin:
    """A login that is there, unless the record says that it was not (`ports.secrets.TokenSource`)."""

    def __init__(self, answers: RecordedAnswers) -> None:
        self._answers = answers

    def bearer(self) -> str:
        """Return something that stands for a token, or raise what was raised then."""
        failure = self._answers.login_failure()
        if failure is not None:
            raise rebuilt(failure.lost)
        return "of the record"

    def renew(self, stale: str) -> str:
        """Return the same."""
        return self.bearer()


def rebuilt(values: dict[str, Any]) -> CcdeskError:
    """Return an error of the transport or the login as it was recorded (`calls.error_values`)."""
    kind = _KINDS.get(str(values.get("kind")), Unreachable)
    said = {name: str(values.get(name, "")) for name in ("title", "meaning", "next_step", "detail", "code")}
    error = kind(said["title"], meaning=said["meaning"], next_step=said["next_step"], detail=said["detail"])
    if values.get("remedy") in set(Remedy):
        error.remedy = Remedy(values["remedy"])
    error.code = said["code"] or error.code
    error.everybodys = bool(values.get("everybodys"))
    return error


def _body(found: CallMade, request: Request) -> bytes:
    if found.form == "json":
        parts = urlsplit(request.url)
        return json.dumps(found.answer).replace(HERE, f"{parts.scheme}://{parts.netloc}").encode()
    if found.form == "text":
        return str(found.answer).encode().ljust(found.length)
    return b""


def _is_held(one: CallMade) -> bool:
    """Say whether the record has what came of a call."""
    return not one.status or one.form != LEFT_OUT


def _nearest(calls: Sequence[CallMade], request: Request) -> CallMade | None:
    """Return the first of calls that sent the same body, else the first; None if there are none."""
    if len(calls) < 2 or request.body is None:
        return calls[0] if calls else None
    try:
        sent = _apart_from_moments_inside(json.loads(request.body))
    except ValueError:
        return calls[0]
    return next((one for one in calls if _apart_from_moments_inside(one.sent) == sent), calls[0])


def _apart_from_moments_inside(body: Any) -> str:
    return _MOMENT.sub("…", json.dumps(body, sort_keys=True))


def _goes_before(one: CallMade) -> bool:
    """Say whether a call is made once for many: a client made anew makes it, one that went on did not."""
    return SIGN_IN in one.path or _TENANT in one.path


def _label(one: CallMade) -> str:
    query = "&".join(f"{key}={value}" for key, value in one.query)
    return f"{one.service} {one.method} {one.path}{f'?{query}' if query else ''}"
