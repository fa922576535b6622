"""How far a server's clock is ahead is only told while our own has run steadily since it was looked at."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
import responses

from ccdesk.clients.http import transport
from ccdesk.clients.http.transport import Request, Transport
from tests.stand_ins import but

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Local:
    """This computer's two clocks, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.steady = NOON, 1000.0
        local = self

        class Moved(datetime):
            @classmethod
            def now(cls, _zone: object = None) -> datetime:  # type: ignore[override]
                return local.wall

        monkeypatch.setattr(transport, "datetime", Moved)
        monkeypatch.setattr(transport, "time", but(time, monotonic=lambda: local.steady))


@pytest.mark.parametrize(
    ("wall", "steady", "told"),
    [
        (0, 0, True),
        (300, 300, True),
        (300, 0, False),  # the clock was put right, or the computer slept
        (-86_400, 5, False),
        (7_200, 7_200, False),  # too long ago
    ],
)
@responses.activate
def test_a_jump_of_our_own_clock_is_not_the_servers(
    monkeypatch: pytest.MonkeyPatch, wall: float, steady: float, told: bool
) -> None:
    local = Local(monkeypatch)
    responses.get("https://x.example/", headers={"Date": "Fri, 01 May 2026 12:10:00 GMT"})
    transport_ = Transport()
    assert transport_.server_ahead is None
    transport_.send(Request("GET", "https://x.example/"))
    local.wall += timedelta(seconds=wall)
    local.steady += steady
    assert transport_.server_ahead == (timedelta(minutes=10) if told else None)
