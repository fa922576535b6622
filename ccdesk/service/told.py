"""What is told to a person once, and never again."""

from __future__ import annotations

from ccdesk.core.ports.store import Store


def first_time(store: Store, name: str, about: str = "yes") -> bool:
    """Say whether `name` is told for the first time of this matter, and remember that it was."""
    key = f"told.{name}"
    with store.transaction():
        if store.state.get(key) == about:
            return False
        store.state.set(key, about)
        return True
