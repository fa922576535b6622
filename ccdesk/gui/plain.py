"""Text from outside as the window shows it: it can forge no line, turn no word round and hide nothing."""

from __future__ import annotations

import re

# Breaks of lines and pages, and what an organisation's or a list's name holds no honest use for.
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
# Controls, and marks that turn the direction of what follows: “gpj.exe” read as “exe.jpg”.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
)


def lines(text: str) -> str:
    """Return a text of ours with what it quotes, without controls and direction marks; its own lines stay."""
    return _UNSEEN.sub("", text) if not (text.isascii() and text.isprintable()) else text


def one_line(text: str) -> str:
    """Return a name or another text that is one line wherever it comes from."""
    if text.isprintable() and text.isascii():
        return text
    return _UNSEEN.sub("", _BREAKS.sub(" ", text)).strip()
