"""Takes secrets and email addresses out of any text that is kept, shown or sent to support; pure.

Two nets: what a secret looks like, and the very secrets this process has had in its hands, whatever they look
like (Kibo's shared secret cannot be told from one of its ids).
"""

from __future__ import annotations

import re
import threading

_SHORTEST, _MOST = 12, 200  # of the secrets known by value; what is shorter hides words
_CHARACTER = r"""[^\s@"'<>(),;:=&?/\\|]"""
_AT = r"(?:@|%(?:25)*40|\\+u0040|&#64;)"
_EMAIL = re.compile(
    rf"""(?:"[^"\n]{{1,64}}"|(?<!{_CHARACTER}){_CHARACTER}+|[)'\]}}]){_AT}(?:\[[^\]\s]{{1,60}}\]|{_CHARACTER}+)""",
    re.IGNORECASE,
)
_USER_INFO = re.compile(r"(?<=://)[^/\s]+@")  # to the last one: a password may hold an @ itself
_BEARER = re.compile(r"\b(bearer|basic)(\s+|%20)[\w.~+/=%-]+", re.IGNORECASE)
_NAMED = re.compile(
    r"((?:(?:access|refresh|id)_?token|client_?secret|shared_?secret|secret|password|code_?verifier"
    r"|(?<![\w-])(?:code|state)(?==))"
    r"(?:\\*[\"'])?\s*(?:=|:|%3D|%3A)\s*(?:\\*[\"'])?)[^\s\"'&,;}\\]+",
    re.IGNORECASE,
)
_LONG = re.compile(  # a UUID has 36 characters, names of modules no digits; an address is not meant
    r"(?<![A-Za-z0-9_\-.~@])(?=[a-z_.~-]*[A-Z0-9]|[a-z]{40})[A-Za-z0-9_\-.~]{40,}(?![A-Za-z0-9_\-.~@]|%40)={0,2}"
)
_WEB_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?")

_known: dict[str, None] = {}
_guard = threading.Lock()


def hide(*secrets: str) -> None:
    """Remember secrets, so that they are taken out wherever they show up from now on."""
    with _guard:
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                _known.pop(secret, None)
                _known[secret] = None
        while len(_known) > _MOST:
            del _known[next(iter(_known))]


def redact(text: str) -> str:
    """Return the text without tokens, secrets and email addresses: for what leaves this computer."""
    return _EMAIL.sub("<e-mail>", without_secrets(text))


def without_secrets(text: str) -> str:
    """Return the text without tokens and secrets; staff may read whom it is about."""
    with _guard:
        known = sorted(_known, key=len, reverse=True)
    for secret in known:
        text = text.replace(secret, "<secret>")
    text = _USER_INFO.sub("<user>@", text)
    text = _BEARER.sub(r"\1\2<token>", text)
    text = _NAMED.sub(r"\1<secret>", _WEB_TOKEN.sub("<token>", text))
    return _LONG.sub("<token>", text)
