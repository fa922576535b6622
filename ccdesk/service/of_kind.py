"""What is said where people are named together with how both sides differ about them, and that is not so."""

from __future__ import annotations

from ccdesk.core.drift import Chosen, DriftKind
from ccdesk.core.errors import SettingsError
from ccdesk.core.words import marked


def cannot_be_left(kind: DriftKind) -> SettingsError:
    """Return why a kind cannot be left as it is."""
    return _cannot(
        kind,
        marked("“{kind}” cannot be left as it is").format(kind=kind.value),
        marked("What the next runs put right, or what waits for another answer, is not left."),
    )


def cannot_be_repaired(kind: DriftKind) -> SettingsError:
    """Return why a kind is not put right by any run."""
    return _cannot(
        kind,
        marked("No run puts “{kind}” right").format(kind=kind.value),
        marked("A comparison of both sides names the people."),
    )


def of_another_kind(chosen: Chosen, kind: DriftKind | None, *, nothing: str, next_step: str) -> SettingsError:
    """Return that somebody is of another kind than was named, or of none; `nothing`: what was not done."""
    meaning = marked("Both sides are in step. {nothing}").format(nothing=nothing)
    if kind is not None:
        meaning = marked("They are “{kind}”: {meaning} {nothing}").format(
            kind=kind.value, meaning=kind.meaning, nothing=nothing
        )
    return SettingsError(
        marked("“{who}” is not of the kind “{kind}”").format(who=chosen.who, kind=chosen.kind.value),
        meaning=meaning,
        next_step=next_step,
        code="other_kind",
    )


def _cannot(kind: DriftKind, title: str, next_step: str) -> SettingsError:
    return SettingsError(title, meaning=kind.meaning, next_step=next_step, code="wrong_use")
