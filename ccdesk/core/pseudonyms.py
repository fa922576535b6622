"""Pseudonyms of what is personal: another text of the same shape, always the same one for the same text.

What support must reproduce hangs on shapes: a second @, a length beyond a limit, an apostrophe, a letter
outside ASCII. So a pseudonym has a letter for each letter and a digit for each digit, in the same case, and
everything else as it was. Without the key nobody can tell whom it means. Two texts never share a pseudonym:
each step is a permutation (a Feistel network over the letters and digits), so people do not become one.
"""

from __future__ import annotations

import hashlib
import re
import struct
import unicodedata
from collections.abc import Collection, Sequence
from functools import lru_cache

from ccdesk.core.emails import unicode_domain

_ROUNDS = 4  # Luby and Rackoff: as many make a permutation that cannot be told from a random one
_AT_ONCE = 32
_NUMBERS = struct.Struct(f">{_AT_ONCE}H")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_BLOCK = 0x100  # letters beyond ASCII are exchanged among their neighbours
_ACE = "xn--"
_SEAL = "~"  # a compared email begins with it where a keyed hash has taken its place
_PART = r"""[^\s@＠"'<>(),;:=&?/\\|“”‘’]"""
_AT = r"(?:@|＠|%40)"
_EMAIL = rf"{_PART}+{_AT}(?:{_PART}*[^\s@＠\"'<>(),;:=&?/\\|“”‘’.])?"
_QUOTED = r"""(?<=“)[^“”]+(?=”)|(?<=")[^"]+(?=")|(?<=‘)[^‘’]+(?=’)|(?<!\w)'[^']+'(?!\w)"""
_IN_TEXT = re.compile(_EMAIL)
_TOLD = re.compile(f"(?P<quoted>{_QUOTED})|{_EMAIL}")
_TOP_LEVEL = re.compile(r"[A-Za-z]{2,24}\s*")  # what else follows the last dot may be a sentence
# How services name their fields: in one word of several parts. Anything else may be somebody's name.
_FIELD = re.compile(
    r"[a-z]+(\.?[A-Z][a-z]+|\.[a-z]+[A-Z][a-z]+)+|[a-z]+(_[a-z]+)+|email|filter|id|lists?|state"
)
_WORD = re.compile(r"[^\W_][^\W_'’.-]*(?:['’.-][^\W_]+)*\.?")


class Pseudonyms:
    """Gives pseudonyms under one key (any bytes, best 32 random ones)."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.blake2b(key, digest_size=32).digest()
        self._mixer = hashlib.blake2b(key=self._key)
        self.text = lru_cache(maxsize=65536)(self._text)
        self.email = lru_cache(maxsize=65536)(self._email)

    def _text(self, text: str) -> str:
        """Return a pseudonym of any text; texts that differ by case alone get ones that do, too."""
        places, alphabets, symbols = [], [], []
        for place, character in enumerate(text.lower() if text.isascii() else text):
            alphabet, at = _place(character)
            if alphabet:
                places.append(place)
                alphabets.append(alphabet)
                symbols.append(at)
        exchanged = self._exchange(symbols, [len(one) for one in alphabets])
        written = list(text)
        for place, alphabet, symbol in zip(places, alphabets, exchanged, strict=True):
            letter = alphabet[symbol]
            written[place] = letter.upper() if text[place].isupper() else letter
        return "".join(written)

    def _email(self, email: str) -> str:
        """Return a pseudonym of an email: the labels of its domain each by themselves, the last one kept.

        Compared emails are compared pseudonyms, and a domain is the same in either of its two spellings. A
        seal, which stands for an email that was forgotten, stays as it is.
        """
        if email.startswith(_SEAL):
            return email
        name, at, domain = email.rpartition("@")
        if not at:
            return self._text(email)
        labels = domain.split(".")
        kept = labels[-1:] if len(labels) > 1 and _TOP_LEVEL.fullmatch(labels[-1]) else []
        others = [self._label(one) for one in labels[: len(labels) - len(kept)]]
        return f"{self._text(name)}@{'.'.join([*others, *kept])}"

    def _label(self, label: str) -> str:
        if not label.lower().startswith(_ACE):
            return self._text(label)
        import idna  # few shops need it

        try:
            return idna.encode(self._text(unicode_domain(label)), uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            return self._text(label)

    def emails_inside(self, text: str) -> str:
        """Return a text with pseudonyms for the emails in it."""
        return _IN_TEXT.sub(lambda found: self.email(found[0]), text)

    def inside(self, text: str, personal: Collection[str] = (), kept: Collection[str] = ()) -> str:
        """Return a text in words with pseudonyms for emails, for what is quoted, and for personal words.

        `personal`: pseudonyms that are in use; a word is taken for a name if its pseudonym is among them.
        What is quoted stays if it is in `kept`, or is written as services write the names of fields.
        """

        def instead(found: re.Match[str]) -> str:
            return self.email(found[0]) if found["quoted"] is None else self._quoted(found[0], kept)

        return self.words_inside(_TOLD.sub(instead, text), personal)

    def words_inside(self, text: str, personal: Collection[str]) -> str:
        """Return a text with pseudonyms for the words whose pseudonyms are in `personal`."""
        if not personal:
            return text
        return _WORD.sub(lambda found: self._if_personal(found[0], personal), text)

    def _quoted(self, text: str, kept: Collection[str]) -> str:
        """Return what stands for a quotation: its emails as such, the rest as a text."""
        if text in kept or _FIELD.fullmatch(text.strip("'")):
            return text
        done, covered = 0, []
        for found in _IN_TEXT.finditer(text):
            covered += [self.text(text[done : found.start()]), self.email(found[0])]
            done = found.end()
        return "".join([*covered, self.text(text[done:])])

    def _if_personal(self, word: str, personal: Collection[str]) -> str:
        for one in (word, word.rstrip(".")):
            if (instead := self.text(one)) in personal:
                return instead + word[len(one) :]
        return word

    def digest(self, value: bytes, size: int) -> bytes:
        """Return what stands for a hash: without the key it cannot be looked up in a table of names."""
        return hashlib.blake2b(value, key=self._key, digest_size=size).digest()

    def _exchange(self, symbols: list[int], sizes: list[int]) -> list[int]:
        """Return other symbols of the same alphabets; different ones for different ones."""
        middle = len(symbols) // 2
        parts = [symbols[:middle], symbols[middle:]]
        moduli = [sizes[:middle], sizes[middle:]]
        for number in range(_ROUNDS):
            this, other = number % 2, 1 - number % 2
            if parts[this]:
                shifts = self._shifts(number, bytes(parts[other]), len(parts[this]))
                parts[this] = [
                    (symbol + shift) % size
                    for symbol, shift, size in zip(parts[this], shifts, moduli[this], strict=False)
                ]
        return parts[0] + parts[1]

    def _shifts(self, number: int, other: bytes, count: int) -> Sequence[int]:
        """Return at least so many numbers that nobody knows without the key."""
        found: tuple[int, ...] = ()
        for piece in range(-(-count // _AT_ONCE)):
            mixed = self._mixer.copy()
            mixed.update(bytes((number, piece % 256, count % 256)) + other)
            found += _NUMBERS.unpack(mixed.digest())
        return found


@lru_cache(maxsize=4096)
def _place(character: str) -> tuple[str, int]:
    """Return the letters that may take a character's place, and where among them it is; `""`: it stays."""
    alphabet = _alphabet(character)
    at = alphabet.find(character.lower())
    return (alphabet, at) if at >= 0 else ("", 0)


def _alphabet(character: str) -> str:
    """Return the letters that may take a character's place, in small letters; `""`: it stays.

    Digits are exchanged within their script, letters with their neighbours. Only letters whose two cases have
    one character each: a text keeps its length. What another form stands for (ﬁ, 𝓐) goes among its like.
    """
    if (value := unicodedata.digit(character, None)) is not None and character.isdecimal():
        return "".join(chr(ord(character) - value + other) for other in range(10))
    small = character.lower()
    if small in _LETTERS:
        return _LETTERS
    if len(small) != 1 or not character.isalpha():
        return ""
    first = ord(small) // _BLOCK * _BLOCK
    likeness = _likeness(small)
    return "".join(
        other for code in range(first, first + _BLOCK) if _likeness(other := chr(code)) == likeness
    )


def _likeness(character: str) -> tuple[str, bool, bool]:
    """Return what letters must have in common to stand for each other; never that of an ASCII one."""
    if character in _LETTERS:
        return ("", False, False)
    kind = unicodedata.category(character)
    upper = character.upper()
    cased = kind == "Ll" and len(upper) == 1 and upper != character and upper.lower() == character
    return kind, unicodedata.normalize("NFKC", character) == character, cased
