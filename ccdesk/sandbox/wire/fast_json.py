"""JSON for many large answers: orjson, and the standard library for what only that takes."""

from __future__ import annotations

import json
from typing import Any

import orjson


def encoded(value: Any) -> bytes:
    """Write a value as UTF-8 without blanks."""
    try:
        return orjson.dumps(value)
    except TypeError:  # numbers of more than 64 bits, texts with half a character
        return json.dumps(value, separators=(",", ":")).encode()


def decoded(raw: bytes) -> Any:
    """Read a value; ValueError if it is none. What one reader is too strict for the other may take."""
    try:
        return orjson.loads(raw)
    except ValueError:
        return json.loads(raw)
