"""Chosen people put right: who they are is read now, then one run is about them alone (design §8)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from ccdesk.core.drift import Chosen
from ccdesk.core.errors import ListGone, SettingsError
from ccdesk.core.runs import Progress, Run, RunKind, Trigger
from ccdesk.core.words import marked
from ccdesk.service.connections import Connections
from ccdesk.service.lists import require_name
from ccdesk.service.of_kind import cannot_be_repaired, of_another_kind
from ccdesk.service.runner import Asked, Runner
from ccdesk.service.why import Basis, read_person
from ccdesk.sync import state_names as names
from ccdesk.sync.plan_why import kind_of
from ccdesk.sync.runs.repair import Affected

MOST = 25  # so many at once are never unusual by themselves (design R8)


def repair(
    basis: Basis,
    connections: Connections,
    runner: Runner,
    chosen: Sequence[Chosen],
    *,
    listener: Callable[[Progress], None] | None,
    cancel: threading.Event,
) -> Run:
    """Put chosen people right by the ordinary rules and guard; the run is a comparison of these alone.

    Raises:
        SettingsError: somebody is not of the kind named, or no run puts that right; nothing was done.
        Busy: a run is going on.
        ConfirmNeeded: the guard holds somebody.

    """
    require_name(basis.settings.contact_list, marked("compare"))
    _refuse(basis, chosen)
    people = tuple(_affected(basis, connections, one, cancel) for one in chosen)
    asked = Asked(
        RunKind.FULL_COMPARE, basis.settings, Trigger.MANUAL, listener, cancel, False, people=people
    )
    return runner.run(asked)


def _refuse(basis: Basis, chosen: Sequence[Chosen]) -> None:
    """Refuse what no run about some people can do."""
    for one in chosen:
        if not one.kind.repairable:
            raise cannot_be_repaired(one.kind)
    if not 0 < len(chosen) <= MOST:
        raise SettingsError(
            marked("Choose 1 to {most} people").format(most=MOST),
            meaning=marked("{n:,} are chosen. More are put right by the runs for their whole kind.").format(
                n=len(chosen)
            ),
            next_step=marked("Choose fewer, or put the whole kind right."),
            code="wrong_use",
        )
    if not basis.store.state.get(names.BASELINE):
        raise SettingsError(
            marked("There has been no export yet"),
            meaning=marked("Before the first export nobody is put on the list one by one."),
            next_step=marked("Do the first export."),
            code="no_export",
        )


def _affected(
    basis: Basis, connections: Connections, chosen: Chosen, cancel: threading.Event | None
) -> Affected:
    """Return the person, whom both sides must show to be of the kind now."""
    now = read_person(basis, connections, chosen.who, cancel)
    if now.list_gone:
        raise ListGone
    kind = kind_of(now.sides, now.rules)
    if kind is not chosen.kind:
        raise of_another_kind(
            chosen, kind, nothing=marked("Nothing was done."), next_step=marked("Compare both sides again.")
        )
    ids = {*now.who.customer_ids, *(one.id for one in now.sides.accounts)}
    return Affected(now.who.email, tuple(sorted(ids)))
