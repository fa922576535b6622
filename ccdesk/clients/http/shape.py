"""Reading JSON that may be anything: the wrong type reads as nothing, except where nothing would be a lie.

And writing it, in one way.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import orjson

from ccdesk.clients.http.transport import Answer
from ccdesk.core.clock import parse_time

Json = dict[str, Any]

_DIGITS = re.compile(r"-?\d{1,19}")
LARGEST = 2**63 - 1


def text(holder: object, key: str) -> str:
    """Return a text, trimmed; `""` if there is none. Numbers read as their digits."""
    value = holder.get(key) if isinstance(holder, dict) else None
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def whole(holder: object, key: str) -> int | None:
    """Return a whole number, also from a text of digits; None if there is none, or it has over 64 bits."""
    value = holder.get(key) if isinstance(holder, dict) else None
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        value = int(value)
    # Exactly an int: a bool is none. A greater one no column of ours could hold.
    return value if type(value) is int and -LARGEST <= value <= LARGEST else None


def moment(holder: object, key: str) -> datetime | None:
    """Return a moment, aware UTC; None if there is none or it cannot be read."""
    return parse_time(text(holder, key))


def child(holder: object, key: str) -> Json:
    """Return an object inside, `{}` if there is none."""
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, dict) else {}


def children(holder: object, key: str) -> list[Json]:
    """Return the objects of a list inside, `[]` if there is none."""
    value = holder.get(key) if isinstance(holder, dict) else None
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def required_object(answer: Answer) -> Json:
    """Return the answer's object; Unreachable (AnswerLost for a write) if it is something else."""
    value = answer.json()
    if not isinstance(value, dict):
        raise answer.unusable("an object was expected")
    return value


def page_object(answer: Answer) -> Json:
    """Return the object of a page of many, read the quick way; raises what `required_object` does."""
    value = answer.quick_json()
    if not isinstance(value, dict):
        raise answer.unusable("an object was expected")
    return value


def required_objects(answer: Answer, holder: object, key: str = "") -> list[Json]:
    """Return a list of objects that must be there: a missing list must never read as an empty shop.

    Raises:
        Unreachable: it is not there, is no list, or holds something else than objects.

    """
    value = holder.get(key) if key and isinstance(holder, dict) else holder
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise answer.unusable(f"a list of objects was expected{f' in “{key}”' if key else ''}")
    return value


def required_text(answer: Answer, holder: Json, key: str) -> str:
    """Return a text that must be there; Unreachable (AnswerLost for a write) if it is not."""
    value = text(holder, key)
    if not value:
        raise answer.unusable(f"“{key}” is missing")
    return value


def encode_row(row: dict[str, str]) -> bytes:
    """Write one of very many small objects, as `encode` does."""
    try:
        return orjson.dumps(row)
    except (TypeError, ValueError):  # half surrogates
        return encode(row)


def encode(value: object, *, plain: bool = False) -> bytes:
    """Write JSON as it is sent: compact, UTF-8. `plain` escapes all but ASCII, so nothing read is lost."""
    return json.dumps(value, ensure_ascii=plain, separators=(",", ":")).encode("utf-8", "replace")
