"""Which program's loops are at work: believed only of a process that lives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ccdesk.store.loops import NOTED_WITHIN, PROGRAM
from ccdesk.store.store import SqliteStore
from tests.store.conftest import MovedClock


@pytest.fixture
def stores(path: Path, clock: MovedClock) -> Iterator[tuple[SqliteStore, SqliteStore]]:
    window, command_line = (SqliteStore(path, clock) for _ in range(2))
    yield window, command_line
    window.close_all()
    command_line.close_all()


def test_they_are_at_work_from_their_first_note_to_their_end(
    stores: tuple[SqliteStore, SqliteStore],
) -> None:
    window, command_line = stores
    assert not command_line.loops.at_work()
    window.loops.note()
    assert command_line.loops.at_work()
    command_line.loops.note()
    command_line.loops.end()
    assert window.loops.at_work(), "another one's end is not theirs"
    window.loops.end()
    assert not window.loops.at_work()
    command_line.loops.note()
    assert window.loops.at_work(), "the other one notes itself every few minutes"


@pytest.mark.parametrize(
    ("changed", "after", "at_work"),
    [
        ({"pid": 2**22 + 1}, timedelta(), False),  # killed: no process has that id
        ({"started": 1.0}, timedelta(), False),  # its id is another process's by now
        ({"place": "elsewhere"}, timedelta(), True),  # the system cannot tell
        ({"place": "elsewhere"}, NOTED_WITHIN + timedelta(seconds=1), False),
        ({}, timedelta(days=1), True),  # a long run, in which nothing is noted
    ],
)
def test_what_is_noted_counts_while_the_process_lives(
    stores: tuple[SqliteStore, SqliteStore],
    clock: MovedClock,
    changed: dict[str, object],
    after: timedelta,
    at_work: bool,
) -> None:
    window, command_line = stores
    window.loops.note()
    window.state.set(PROGRAM, json.dumps(json.loads(window.state.get(PROGRAM)) | changed))
    clock.move(after)
    assert command_line.loops.at_work() is at_work


@pytest.mark.parametrize("text", ["", "{}", "[]", "no JSON", '{"pid": 1}'])
def test_what_cannot_be_read_is_nobody(stores: tuple[SqliteStore, SqliteStore], text: str) -> None:
    window, _ = stores
    window.state.set(PROGRAM, text)
    assert not window.loops.at_work()
    window.loops.note()
    assert window.loops.at_work()
