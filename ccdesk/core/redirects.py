"""Where the browser comes back to after a login (constant-contact.md §2).

Constant Contact compares a redirect address with the registered ones character by character, so the ports are
few and fixed, and each address has one form.
"""

from __future__ import annotations

CALLBACK_PATH = "/callback"
REDIRECT_PORTS = (8888, 8889, 8890, 47812, 47813)  # each must be registered with its redirect address


def redirect_uri(port: int) -> str:
    """Return the redirect address of a port, in the one form that is registered."""
    return f"http://localhost:{port}{CALLBACK_PATH}"


def redirect_addresses() -> tuple[str, ...]:
    """Return every address that has to be registered for an API key."""
    return tuple(redirect_uri(port) for port in REDIRECT_PORTS)
