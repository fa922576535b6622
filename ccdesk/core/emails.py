"""The one form in which emails are compared, and the form in which they are sent (design R1, §3a).

A domain has two spellings that mean the same mailbox: `kältetechnik.de`, and `xn--kltetechnik-0kb.de`, its
ASCII (IDNA) form. Services keep either one, so both are made the ASCII one here. What stands before the @
keeps its script: there is no other spelling of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

_ACE = "xn--"


def email_key(email: str) -> str:
    """Return the form emails are compared in: trimmed, without case, the domain in ASCII (design R1).

    Not case-folded: that makes "ß" and "ss" one, which name different people and different domains.
    """
    key = email.strip().lower()
    return key if key.isascii() else _with_domain(key, _ascii)


def sent_email(email: str) -> str:
    """Return an email as it is sent: trimmed, and its domain in ASCII; letters keep their case."""
    written = email.strip()
    return written if written.isascii() else _with_domain(written, _ascii)


def spellings(email: str) -> list[str]:
    """Return every way to write an email by which a service may look it up, the likeliest first."""
    written = email.strip()
    ways = [sent_email(written), written, email_key(written), written.lower()]
    if _ACE in written.lower():
        ways.append(_with_domain(written.lower(), unicode_domain))
    elif not written.isascii():
        ways.append(_with_domain(email_key(written), unicode_domain))
    return list(dict.fromkeys(ways))


def is_undeliverable(email: str) -> bool:
    """Say whether the domain is `.invalid`, which belongs to nobody by definition (RFC 2606)."""
    domain = email.strip().rpartition("@")[2].lower().rstrip(".")
    return domain == "invalid" or domain.endswith(".invalid")


def _with_domain(email: str, form: Callable[[str], str]) -> str:
    name, at, domain = email.rpartition("@")
    return f"{name}{at}{form(domain)}" if at else email


@lru_cache(maxsize=4096)
def _ascii(domain: str) -> str:
    """Return a domain in ASCII; one that no registry allows stays as it is, only without case."""
    if domain.isascii():
        return domain
    import idna  # few shops need it, and the start of the window would wait for it

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return domain.lower()


@lru_cache(maxsize=4096)
def unicode_domain(domain: str) -> str:
    """Return a domain as people write it; one that cannot be read stays as it is."""
    import idna

    try:
        return idna.decode(domain, uts46=True)
    except (idna.IDNAError, UnicodeError):
        return domain
