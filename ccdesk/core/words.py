"""Texts that a window may show in another language, made where no window is known.

Whatever is stored, logged or printed is English, so that support reads the same everywhere. A `Text` is that
English text, and remembers what it was made of; the window looks the words up (`gui/translation.py`) and
fills in the values anew. `marked` and `counted` are also what Qt's lupdate finds texts by: their arguments
are literals.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self


class Text(str):
    """An English text. Put together with others it is an ordinary string, which nobody translates any more.

    `source` is the template, `one` its form for a single one, `n` their number, `values` what was filled in;
    a date among them is written as the language does.
    """

    __slots__ = ("n", "one", "source", "values")

    source: str
    one: str
    n: int | None
    values: Mapping[str, object]

    def __new__(
        cls,
        shown: str,
        source: str = "",
        one: str = "",
        n: int | None = None,
        values: Mapping[str, object] | None = None,
    ) -> Self:
        """Make the text `shown`; where nothing else is given, it is its own template."""
        text = super().__new__(cls, shown)
        text.source, text.one, text.n, text.values = source or shown, one, n, values or {}
        return text

    def format(self, *args: object, **values: object) -> Text:
        """Fill in the values, by name.

        Raises:
            TypeError: a value has no name; a language may need another order.

        """
        if args:
            raise TypeError(f"the values of “{self.source}” need names")
        return Text(super().format(**values), self.source, self.one, self.n, {**self.values, **values})


def marked(text: str) -> Text:
    """Return a text that is translated when it is shown: `marked("Log in")`."""
    return Text(text)


def counted(many: str, one: str, n: int) -> Text:
    """Return a text about a number of things: `counted("{n} people", "{n} person", n)`.

    Other values are filled in afterwards with `format`.
    """
    chosen = one if n == 1 else many
    return Text(chosen.replace("{n}", f"{n:,}"), many, one, n)
