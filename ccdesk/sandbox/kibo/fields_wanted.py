"""The grammar of `responseFields`: `items(id,emailAddress,auditInfo),totalCount` (kibo.md §5)."""

from __future__ import annotations

import re
from typing import Any

from ccdesk.sandbox.kibo.model import invalid

Wanted = dict[str, "Wanted | None"]

_TOKEN = re.compile(r"\s*([\w~.\-]+|[(),])")


def trimmed(payload: Any, text: str) -> Any:
    """Return only the fields that were asked for; names are compared without case."""
    return _pick(payload, parse(text))


def parse(text: str) -> Wanted:
    """Read the grammar; None stands for a field with all it holds."""
    tokens, at = [], 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if match is None:
            raise invalid(f"Invalid responseFields: '{text}'")
        tokens.append(match[1])
        at = match.end()
    wanted, rest = _fields(tokens, text)
    if rest:
        raise invalid(f"Invalid responseFields: '{text}'")
    return wanted


def _fields(tokens: list[str], text: str) -> tuple[Wanted, list[str]]:
    """Read names up to a closing parenthesis or the end; return what is left behind."""
    wanted: Wanted = {}
    while True:
        if not tokens or tokens[0] in "(),":
            raise invalid(f"Invalid responseFields: '{text}'")
        name, tokens = tokens[0].lower(), tokens[1:]
        wanted[name] = None
        if tokens[:1] == ["("]:
            wanted[name], tokens = _fields(tokens[1:], text)
            if tokens[:1] != [")"]:
                raise invalid(f"Invalid responseFields: '{text}'")
            tokens = tokens[1:]
        if tokens[:1] != [","]:
            return wanted, tokens
        tokens = tokens[1:]


def _pick(payload: Any, wanted: Wanted) -> Any:
    if isinstance(payload, list):
        return [_pick(one, wanted) for one in payload]
    if not isinstance(payload, dict):
        return payload
    picked = {}
    for name, value in payload.items():
        if name.lower() in wanted:
            inner = wanted[name.lower()]
            picked[name] = value if inner is None else _pick(value, inner)
    return picked
