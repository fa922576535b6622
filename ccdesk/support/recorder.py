"""Records runs and calls always, so that the bundle of a failure holds the failure (design §8)."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from ccdesk.clients.http.transport import Answer, Around, Request
from ccdesk.core.bundles import SUPPORT_KEY
from ccdesk.core.clock import Clock, format_time
from ccdesk.core.errors import CcdeskError, StoreError
from ccdesk.core.ports.recording import Erased
from ccdesk.core.ports.secrets import TokenSource
from ccdesk.core.ports.store import Store
from ccdesk.core.pseudonyms import Pseudonyms
from ccdesk.core.runs import Run, RunStatus
from ccdesk.core.words import marked
from ccdesk.support import fingerprints
from ccdesk.support.calls import LOGIN, CallMade, Packed, Raw, noted
from ccdesk.support.erasing import erase
from ccdesk.support.records import RecordFiles
from ccdesk.support.scrub import Scrubber

log = logging.getLogger(__name__)

_RUNS = ("loops", "export")  # whose calls belong to a run, see `service.runner.open_clients`
_MOST_BODIES = 24 << 20  # bytes of one run; what comes later is kept without its body
_MOST_TO_LOOK_AT = 4 << 20  # the same of a run that cannot be done again anyhow
_MOST_CALLS = 20_000  # of one run
_MOST_SHOWN = 4_000  # bytes of a refusal's body in the newest calls


def pseudonyms_of(store: Store) -> Pseudonyms:
    """Return the pseudonyms of this installation, whose key stays here.

    Raises:
        StoreError: the key is gone; nothing is recorded or written under a key that anybody could guess.

    """
    key = store.state.get(SUPPORT_KEY)
    if not key:
        raise StoreError(
            meaning=marked("The key under which names are recorded is gone."), code="no_support_key"
        )
    return Pseudonyms(bytes.fromhex(key))


class Recorder:
    """Implements `ports.recording.Recording`, and stands around the calls of all clients; thread-safe."""

    def __init__(
        self, store: Store, data_file_copied: Callable[[], bool], files: RecordFiles, clock: Clock
    ) -> None:
        self._store, self._copy, self.files, self._clock = store, data_file_copied, files, clock
        self._lock = threading.Lock()
        self._given: Pseudonyms | None = None
        self._asked: dict[str, Any] | None = None
        self._raw: list[Packed] = []
        self._held = self._not_kept = 0

    # ------------------------------------------------------------------------------ runs

    def begin(self, asked: Mapping[str, Any]) -> None:
        """Begin to record a run; what was there before is copied now."""
        copied = False
        try:
            copied = self._copy()
        except Exception as error:  # the last net, here and below: no run may fail for being recorded
            log.info("the state before the run is not recorded: %s", error)
        with self._lock:
            self._asked = {**asked, "began": format_time(self._clock.now()), "before": copied}
            self._raw, self._held, self._not_kept = [], 0, 0

    def end(self, run: Run) -> None:
        """Keep what was recorded if anything happened, else let it go."""
        with self._lock:
            asked, raw, not_kept = self._asked, self._raw, self._not_kept
            self._asked, self._raw = None, []
        try:
            if asked is None or (run.status is RunStatus.COMPLETE and not run.total_contacts):
                self.files.drop_open()
            else:
                self._keep(run, asked, raw, not_kept)
        except Exception as error:
            log.info("run %s is not recorded: %s", run.id, type(error).__name__)

    def abandon(self) -> None:
        """Forget a run that another program has taken over: its copy is that program's by now."""
        with self._lock:
            self._asked, self._raw = None, []

    def erase(self, person: Erased, runs: Collection[int]) -> list[int]:
        """Erase a person from what is recorded; see `ports.recording.Recording`."""
        self.files.drop_open()
        return erase(self.files, self._pseudonyms(), person, runs)

    def _keep(self, run: Run, asked: dict[str, Any], raw: list[Packed], not_kept: int) -> None:
        scrubber, known = Scrubber(self._pseudonyms()), fingerprints.plain_pairs()
        given = self._pseudonyms()
        calls = [json.dumps(_with_bodies(one.unpacked(), given, scrubber, known).as_json()) for one in raw]
        asked = asked | {"people": scrubber.value(asked.get("people", []))}
        header = {
            "run": run.id,
            "kind": run.kind.value,
            "asked": asked,
            "ended": {"status": run.status.value, "message": scrubber.words(run.message)},
            "fingerprints": known,
            "personal": sorted(scrubber.personal),
            "calls_not_kept": not_kept,
        }
        self.files.keep(run.id, header, calls, copied=bool(asked["before"]))

    # ------------------------------------------------------------------------------ calls

    def around(self, service: str, origin: str) -> Around:
        """Return what stands around the calls of one client."""

        def watched(request: Request, send: Callable[[Request], Answer]) -> Answer:
            began, at = self._clock.monotonic(), format_time(self._clock.now())

            def tell(outcome: Answer | CcdeskError) -> None:
                seconds = self._clock.monotonic() - began
                self._note(service, origin, at, seconds, request, outcome)

            try:
                answer = send(request)
            except CcdeskError as error:
                tell(error)
                raise
            tell(answer)
            return answer

        return watched

    def login(self, tokens: TokenSource, origin: str) -> TokenSource:
        """Return the login, its failures noted."""
        return _WatchedLogin(tokens, partial(self._note_login, origin))

    def _note_login(self, origin: str, error: CcdeskError) -> None:
        self._note(LOGIN, origin, format_time(self._clock.now()), 0.0, Request("POST", "/token"), error)

    def _note(
        self,
        service: str,
        origin: str,
        at: str,
        seconds: float,
        request: Request,
        outcome: Answer | CcdeskError,
    ) -> None:
        """Note a call; whatever goes wrong with that is no matter of the call's."""
        try:
            scrubber = Scrubber(self._pseudonyms())
            raw = noted(service, origin, at, seconds, request, outcome, scrubber)
            self.files.note(_line(raw, scrubber).as_json())
        except Exception as error:
            log.info("a call is not recorded: %s", type(error).__name__)
            return
        with self._lock:
            if self._asked is not None and origin in _RUNS:
                self._hold(raw, can_be_done_again=bool(self._asked["before"]))

    def _hold(self, raw: Raw, *, can_be_done_again: bool) -> None:
        """Hold a call of the run until it is over, without its bodies if they would be too much."""
        if len(self._raw) >= _MOST_CALLS:
            self._not_kept += 1
            return
        self._held += len(raw.answer) + len(raw.sent or b"")
        fits = self._held <= (_MOST_BODIES if can_be_done_again else _MOST_TO_LOOK_AT)
        self._raw.append((raw if fits else Raw(raw.made, raw.here, None, b"")).packed())

    def _pseudonyms(self) -> Pseudonyms:
        if self._given is None:
            self._given = pseudonyms_of(self._store)
        return self._given


class _WatchedLogin:
    """A login whose failures are noted: a run may end by one, and no call of its own tells."""

    def __init__(self, tokens: TokenSource, note: Callable[[CcdeskError], None]) -> None:
        self._tokens, self._note = tokens, note

    def bearer(self) -> str:
        """Return a token."""
        return self._watched(self._tokens.bearer)

    def renew(self, stale: str) -> str:
        """Return a token other than `stale`."""
        return self._watched(partial(self._tokens.renew, stale))

    def _watched(self, ask: Callable[[], str]) -> str:
        try:
            return ask()
        except CcdeskError as error:
            self._note(error)
            raise


def _line(raw: Raw, scrubber: Scrubber) -> CallMade:
    """Return what the newest calls have of one: a body only where it says why something was refused."""
    if raw.made.status < 400 or len(raw.answer) > _MOST_SHOWN:
        return raw.made
    return replace(raw.scrubbed(scrubber), sent=None)


def _with_bodies(raw: Raw, pseudonyms: Pseudonyms, everybody: Scrubber, known: dict[str, str]) -> CallMade:
    """Return a call with its bodies, and note the names in use and the fingerprints of whom it was about."""
    if raw.made.length and not raw.answer:
        return raw.made
    scrubber = Scrubber(pseudonyms, raw.here)
    made = raw.scrubbed(scrubber)
    everybody.personal |= scrubber.personal
    if made.form == "json":
        known.update(fingerprints.pairs(raw.parsed(), made.answer))
    return made
