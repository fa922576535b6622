"""Fits values that came as JSON to what an annotation asks for, and says what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import UnionType
from typing import Any, Literal, get_args, get_origin

_IN_WORDS: Mapping[Any, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
    set: "a list",
    list: "a list",
    dict: "an object",
}
_PLAIN = (str, int, float, bool, type(None))


def fitted(what: str, value: Any, hint: Any) -> Any:
    """Return a value as its annotation wants it: JSON has no sets, and only texts as keys.

    Annotations other than plain types, literals, sets and dictionaries are not looked into.

    Raises:
        ValueError: it does not fit; the text names `what`.

    """
    origin = get_origin(hint)
    if origin is set and isinstance(value, Iterable) and not isinstance(value, str | Mapping):
        return set(value)
    if origin is dict and isinstance(value, Mapping):
        return _with_keys(what, value, get_args(hint))
    if origin in (set, dict) or not _may_be(value, hint):
        raise ValueError(f"{what} cannot be {value!r}: it is {wanted(hint)}")
    return value


def wanted(hint: Any) -> str:
    """Return in words what an annotation asks for: “one of "a", "b"”, “true or false”."""
    origin = get_origin(hint)
    if origin is Literal:
        return "one of " + ", ".join(f'"{one}"' for one in get_args(hint))
    if origin is UnionType:
        return " or ".join(wanted(one) for one in get_args(hint))
    return _IN_WORDS.get(origin or hint, "something else")


def _with_keys(what: str, value: Mapping[Any, Any], kinds: tuple[Any, ...]) -> dict[Any, Any]:
    if kinds[0] is not int:
        return dict(value)
    try:
        return {int(key): fitted(what, one, kinds[1]) for key, one in value.items()}
    except (TypeError, ValueError):
        raise ValueError(f"{what} cannot be {value!r}: it is an object with whole numbers as keys") from None


def _may_be(value: Any, hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is UnionType:
        return any(_may_be(value, one) for one in get_args(hint))
    if hint is Any:
        return True
    if hint is float:
        return type(value) in (int, float)
    # A bool is an int to Python, but no number to anybody who orders something.
    return type(value) is hint if hint in _PLAIN else not isinstance(hint, type) or isinstance(value, hint)
