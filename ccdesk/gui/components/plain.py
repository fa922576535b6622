"""Text from outside as the window shows it: it can forge no line, turn no word round and hide nothing."""

from __future__ import annotations

import re

from ccdesk.core.text import INVISIBLE, OBEYED, TURNING

# Breaks of lines and pages, and what an organisation's or a list's name holds no honest use for.
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
# Controls, marks that turn the direction of what follows, and what nobody sees.
_UNSEEN = re.compile(rf"(?![\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029])[{OBEYED}{TURNING}{INVISIBLE}]")


def lines(text: str) -> str:
    """Return a text of ours with what it quotes, without controls and direction marks; its own lines stay."""
    return _UNSEEN.sub("", text) if not (text.isascii() and text.isprintable()) else text


def one_line(text: str) -> str:
    """Return a name or another text that is one line wherever it comes from."""
    if text.isprintable() and text.isascii():
        return text
    return _UNSEEN.sub("", _BREAKS.sub(" ", text)).strip()
