"""The lease's heart: it beats while a run waits, and stops with it."""

from __future__ import annotations

import threading
import time

import pytest

from ccdesk.core.errors import StoreError
from ccdesk.service import heartbeat
from ccdesk.service.heartbeat import beating


class Counted:
    """A lease that counts beats, and may be out of order."""

    def __init__(self, *, broken: bool = False) -> None:
        self.beats, self.broken = 0, broken
        self.beaten = threading.Event()

    def beat(self) -> None:
        self.beats += 1
        if self.beats >= 3:
            self.beaten.set()
        if self.broken:
            raise StoreError()


@pytest.mark.parametrize("broken", [False, True])
def test_it_beats_while_the_run_waits_and_stops_with_it(monkeypatch, broken):
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    lease = Counted(broken=broken)
    with beating(lease):
        assert lease.beaten.wait(10)
    beats = lease.beats
    time.sleep(0.05)
    assert lease.beats == beats
    assert not any(thread.name == "heart" for thread in threading.enumerate())
