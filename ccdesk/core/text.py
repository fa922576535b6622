"""Text as Constant Contact can take it: without control characters, and measured as the service measures.

The service most likely counts UTF-16 units, of which an emoji has two (constant-contact.md §22, §9).
"""

from __future__ import annotations

import re

# Whitespace among them becomes a space; the others, and half surrogates, stand for nothing anybody wrote.
_SPACES = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]")
_DROPPED = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")

# What a terminal takes for a command, or begins another line with.
OBEYED = r"\x00-\x1f\x7f-\x9f\u2028\u2029"
# What turns the words behind it round: “gpj.exe” read as “exe.jpg”.
TURNING = r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
# What nobody sees, so that two names look alike that are not. Not the joiners that scripts and emoji need.
INVISIBLE = (
    r"\xad\u115f\u1160\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e007f"
)
# Spaces that look like the one everybody types, or nearly: pasted from a document, a name has them unseen.
_LIKE_A_SPACE = re.compile(r"[\t\xa0\u2000-\u200a\u202f\u205f\u3000]")


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 units: two for a character beyond the first 65,536."""
    return len(text) + sum(character > "\uffff" for character in text)


def without_controls(text: str) -> str:
    """Return text on one line, without control characters, half surrogates and repeated spaces."""
    if text.isascii() and text.isprintable():  # as nearly all are
        return " ".join(text.split())
    return " ".join(_DROPPED.sub("", _SPACES.sub(" ", text)).split())


def cut(text: str, limit: int) -> str:
    """Return as much of the beginning as has at most `limit` UTF-16 units, never half a character."""
    if utf16_length(text) <= limit:
        return text
    kept = text[:limit]
    while utf16_length(kept) > limit:
        kept = kept[:-1]
    return kept.rstrip()


def with_plain_spaces(text: str) -> str:
    """Return text with the ordinary space for each that looks like it, a no-break or a thin one."""
    return _LIKE_A_SPACE.sub(" ", text)


def name_key(name: str) -> str:
    """Return what a list's name is compared by: case and kinds of space make no other list."""
    return with_plain_spaces(name).strip().casefold()
