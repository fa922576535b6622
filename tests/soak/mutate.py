"""Spoiling JSON answers: keys dropped and renamed, types changed, values nobody expects, anywhere in them."""

from __future__ import annotations

import json
from random import Random
from typing import Any

NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**31, 2**63, 10**400, 1.5, 1e308, "", " ", "null", "NaN", "\x00", "a\x00b",
    "\ud800", "\u202e\u0000", "𝔘𝔫𝔦", "é" * 300, "x" * 70_000, "9999-12-31T23:59:59Z", "2050-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00", "2026-13-45", "-1", "١٢", "../../etc", "http://evil.example/v3/contacts", [],
    {}, [[]], [None], [1, "a", {}], {"a": {"b": {"c": []}}}, [{}], "=1+1",
)  # fmt: skip


def nested(depth: int) -> Any:
    """Return a list in a list, that deep."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


def mutated(body: bytes, chance: Random) -> bytes:
    """Return an answer with one to three things wrong in it; anything but JSON is cut or garbled."""
    try:
        value = json.loads(body)
    except ValueError:
        return body[: chance.randrange(len(body) + 1)] + chance.choice([b"", b"\x00", b"\xff\xfe", b"}"])
    if chance.random() < 0.05:
        return b"[" * chance.choice([100, 100_000])
    for _ in range(chance.choice([1, 1, 2, 3])):
        value = _changed(value, chance)
    try:
        return json.dumps(value).encode("utf-8", "surrogatepass")
    except ValueError:  # more digits than Python writes
        return body


def _changed(value: Any, chance: Random) -> Any:
    """Change one place: where it is is drawn on the way down."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(list(value))
        changed = dict(value)
        roll = chance.random()
        if roll < 0.15:
            del changed[key]
        elif roll < 0.2:
            changed[key.upper() if chance.random() < 0.5 else f"{key}2"] = changed.pop(key)
        else:
            changed[key] = _changed(value[key], chance)
        return changed
    if isinstance(value, list) and value and chance.random() < 0.85:
        at = chance.randrange(len(value))
        roll = chance.random()
        if roll < 0.1:
            return value[:at] + value[at + 1 :]
        if roll < 0.15:
            return [*value, value[at]]
        return [*value[:at], _changed(value[at], chance), *value[at + 1 :]]
    return nested(chance.choice([5, 200])) if chance.random() < 0.05 else chance.choice(NASTY)
