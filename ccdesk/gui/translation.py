"""The window's language: every text it shows goes through `say` or `plural`, which ask Qt's translators.

English needs no translator: its texts stand in the code. The other languages lie in `resources/languages/`
as Qt's .ts files, with the .qm files made of them (`python -m tools.languages` renews both). What a run
stored is looked up sentence by sentence; where a value was filled in, it stays English.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from datetime import date
from string import Formatter

from PySide6.QtCore import QCoreApplication, QDate, QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from ccdesk.core.clock import spoken_date
from ccdesk.core.words import Text, marked
from ccdesk.gui import assets

log = logging.getLogger(__name__)

ENGLISH = "en"
LANGUAGES = (ENGLISH, "de")
VARIABLE = "CCDESK_LANGUAGE"

_ENDS = re.compile(r"(?<=[.!?;]) ")

_AS_THE_SEED = QLocale(QLocale.Language.English, QLocale.Country.UnitedStates)
_in_use: list[QTranslator] = []
_locale = _AS_THE_SEED

__all__ = [
    "ENGLISH",
    "LANGUAGES",
    "VARIABLE",
    "is_english",
    "language",
    "locale",
    "marked",
    "number",
    "plural",
    "say",
    "speak",
    "wanted",
]


def wanted(environment: Mapping[str, str] = os.environ) -> str:
    """Return the language to show: the environment's, else the first of the system's that is known here."""
    asked = environment.get(VARIABLE, "")
    for name in [asked] if asked else QLocale.system().uiLanguages():
        short = name.replace("_", "-").split("-")[0].lower()
        if short in LANGUAGES:
            return short
    return ENGLISH


def speak(app: QApplication, code: str) -> None:
    """Show every text from now on in a language of `LANGUAGES`; what is on the screen stays as it is."""
    global _locale
    while _in_use:
        app.removeTranslator(_in_use.pop())
    _locale = _AS_THE_SEED
    if code != ENGLISH:
        _locale = _locale_of(code)
        _install(app, "qtbase", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath))
        _install(app, "ccdesk", str(assets.path("languages")))
    app.setLayoutDirection(_locale.textDirection())


def _locale_of(code: str) -> QLocale:
    """Return the system's own variety of the language (Austria's, say), or the language's usual one."""
    system = QLocale.system()
    return system if system.name().split("_")[0] == code else QLocale(code)


def _install(app: QApplication, name: str, folder: str) -> None:
    translator = QTranslator(app)
    if not translator.load(_locale, name, "_", folder):
        log.warning("no texts of %s for %s", name, _locale.name())
        return
    app.installTranslator(translator)
    _in_use.append(translator)


def locale() -> QLocale:
    """Return how dates and numbers are written."""
    return _locale


def language() -> str:
    """Return the language in use, of `LANGUAGES`."""
    return _locale.name().split("_")[0]


def is_english() -> bool:
    """Say whether the window is shown as the seed has it."""
    return language() == ENGLISH


def number(value: int) -> str:
    """Return a number with the language's separators: “1,234”."""
    return f"{value:,}" if is_english() else _locale.toString(value)


def say(text: str, comment: str = "") -> str:
    """Return a text in the window's language; values are filled in afterwards: `say("{x} left").format(x=…)`.

    A `Text` comes back with its values. `comment` tells apart what English says with the same word.
    """
    if not text:
        return ""
    if not isinstance(text, Text):
        shown = QCoreApplication.translate("", text, comment or None)
        return shown if shown != text or is_english() else _by_sentences(text)
    shown = say(text.source, comment) if text.n is None else plural(text.source, text.one, text.n)
    if not text.values:
        return shown
    return _Values().vformat(shown, (), {name: _value(value) for name, value in text.values.items()})


def plural(many: str, one: str, n: int) -> str:
    """Return the form for `n` things: `plural("{n} people", "{n} person", n)`. Both forms are literals.

    Other values are filled in afterwards with `format`.
    """
    shown = QCoreApplication.translate("", many, one, n)
    if shown == many and n == 1:  # English, or nobody has translated it
        shown = one
    return shown.replace("{n}", number(n))


def _by_sentences(text: str) -> str:
    """Return a stored text, of as many known texts as it is made of; what is not known stays as it is.

    An error was stored as its title, meaning and next step, where the title got a full stop; a reason may
    have further ones after a semicolon.
    """
    sentences, shown = _ENDS.split(text), []
    while sentences:
        for count in range(len(sentences), 0, -1):
            words = " ".join(sentences[:count])
            found = _known(words)
            if found != words or count == 1:
                break
        shown.append(found)
        del sentences[:count]
    return " ".join(shown)


def _known(words: str) -> str:
    found = QCoreApplication.translate("", words)
    if found == words and words.endswith((".", ";")):
        return QCoreApplication.translate("", words[:-1]) + words[-1]
    return found


def _value(value: object) -> object:
    if isinstance(value, Text):
        return say(value)
    return _long_date(value) if isinstance(value, date) else value


def _long_date(on: date) -> str:
    if is_english():
        return spoken_date(on)
    return _locale.toString(QDate(on.year, on.month, on.day), QLocale.FormatType.LongFormat)


class _Values(Formatter):
    """Fills in values, numbers as the language writes them."""

    def format_field(self, value: object, format_spec: str) -> str:
        if isinstance(value, int) and format_spec == ",":
            return number(value)
        return str(super().format_field(value, format_spec))
