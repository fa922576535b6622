"""What is said where people are named together with how both sides differ about them, and that is not so."""

from __future__ import annotations

from ccdesk.core.drift import Chosen, DriftKind
from ccdesk.core.errors import SettingsError


def cannot_be_left(kind: DriftKind) -> SettingsError:
    """Return why a kind cannot be left as it is."""
    return _cannot(
        kind,
        f"“{kind.value}” cannot be left as it is",
        "What the next runs put right, or what waits for another answer, is not left.",
    )


def cannot_be_repaired(kind: DriftKind) -> SettingsError:
    """Return why a kind is not put right by any run."""
    return _cannot(kind, f"No run puts “{kind.value}” right", "A comparison of both sides names the people.")


def of_another_kind(chosen: Chosen, kind: DriftKind | None, *, nothing: str, next_step: str) -> SettingsError:
    """Return that somebody is of another kind than was named, or of none; `nothing`: what was not done."""
    shown = f"They are “{kind.value}”: {kind.meaning}" if kind is not None else "Both sides are in step."
    return SettingsError(
        f"“{chosen.who}” is not of the kind “{chosen.kind.value}”",
        meaning=f"{shown} {nothing}",
        next_step=next_step,
        code="other_kind",
    )


def _cannot(kind: DriftKind, title: str, next_step: str) -> SettingsError:
    return SettingsError(title, meaning=kind.meaning, next_step=next_step, code="wrong_use")
