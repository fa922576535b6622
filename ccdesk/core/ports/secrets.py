"""Where secrets are kept, and who hands out the token of a call (design §6)."""

from __future__ import annotations

from typing import Protocol


class Vault(Protocol):
    """Where secrets live: the keyring, or a 0600 file chosen openly (design §6)."""

    def get(self, name: str) -> str:
        """Return a secret, `""` if there is none; VaultError if the vault cannot be used."""

    def set(self, name: str, value: str) -> None:
        """Store a secret of any length; VaultError if it cannot be kept."""

    def delete(self, name: str) -> None:
        """Forget a secret; no error if there is none."""


class TokenSource(Protocol):
    """Gives the bearer token for calls; one refresher at a time, rotated tokens saved before use."""

    def bearer(self) -> str:
        """Return a token believed valid; LoginNeeded if there is none."""

    def renew(self, stale: str) -> str:
        """Return a token other than `stale`, refreshing if nobody has done so yet; LoginNeeded if refused."""
