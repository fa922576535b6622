"""Reading what comes in pieces from outside, never more of it than anybody means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class TooLarge(ValueError):
    """It goes on and on, or unpacks to more than anybody means."""


def limited(pieces: Iterable[bytes], *, most: int) -> Iterator[bytes]:
    """Yield the pieces as they come.

    Raises:
        TooLarge: together they have more than `most` bytes; the piece that goes beyond is not handed out.

    """
    read = 0
    for piece in pieces:
        read += len(piece)
        if read > most:
            raise TooLarge(f"more than {most} bytes")
        yield piece
