"""Which program's loops are at work on this data: without one nothing runs by itself.

Kept under a name of `store.state`. It is believed only as far as the system knows the process to live, so
that one that was killed leaves nothing behind that is taken for work; of a program on another computer, or in
a container, as long as it goes on noting itself.
"""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

from ccdesk.core.clock import Clock, format_time, parse_time
from ccdesk.core.ports.store import State
from ccdesk.store.lease import lives, this_process

PROGRAM = "loop.program"
NOTED_WITHIN = timedelta(minutes=11)  # the loops note themselves every five


class SqliteLoops:
    """`ports.Loops` in the store's state."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state, self._clock = state, clock
        self._owner = uuid.uuid4().hex

    def note(self) -> None:
        """Note that this program's loops are at work, unless another one's are."""
        if self._noted().get("owner") == self._owner or not self.at_work():
            pid, started, place = this_process()
            at = format_time(self._clock.now())
            noted = {"owner": self._owner, "pid": pid, "started": started, "place": place, "at": at}
            self._state.set(PROGRAM, json.dumps(noted))

    def end(self) -> None:
        """Note that this program's loops are at work no more; another one's note themselves soon."""
        if self._noted().get("owner") == self._owner:
            self._state.set(PROGRAM, "")

    def at_work(self) -> bool:
        """Say whether some program's loops are."""
        noted = self._noted()
        try:
            alive = lives(int(str(noted["pid"])), float(str(noted["started"])), str(noted["place"]))
            at = parse_time(str(noted["at"]))
        except (ValueError, KeyError):
            return False
        if alive is None:
            return at is not None and abs(self._clock.now() - at) <= NOTED_WITHIN
        return alive

    def _noted(self) -> dict[str, object]:
        try:
            noted = json.loads(self._state.get(PROGRAM) or "{}")
        except ValueError:
            return {}
        return noted if isinstance(noted, dict) else {}
