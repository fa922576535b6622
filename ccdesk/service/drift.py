"""One comparison of both sides from lease to report (design §8)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial

from ccdesk.core.clock import Clock
from ccdesk.core.drift import Chosen, Drift, DriftReport, Drifts
from ccdesk.core.errors import ListGone
from ccdesk.core.ports.mail import Mail
from ccdesk.core.ports.store import Store
from ccdesk.core.runs import Progress, Run, RunKind, RunStatus, Trigger
from ccdesk.core.settings import Settings
from ccdesk.core.words import marked
from ccdesk.service.connections import Connections
from ccdesk.service.heartbeat import beating
from ccdesk.service.leaving import leave_found
from ccdesk.service.lists import find_by_name, require_name
from ccdesk.service.whose_people import check_people
from ccdesk.sync.active_list import LIST_ID, is_chosen
from ccdesk.sync.context import RunContext, RunSettings
from ccdesk.sync.runs.drift import compare_sides

_ORIGIN = "drift"


def compare(
    store: Store,
    connections: Connections,
    clock: Clock,
    settings: Settings,
    *,
    listener: Callable[[Progress], None] | None,
    cancel: threading.Event,
    leave: Chosen | None = None,
) -> DriftReport:
    """Compare both sides as they are now; its calls are counted, and it is no run.

    `leave`: who is of this kind is left as they are by that (`service/leaving.py`).

    The report's people are gone through once, by the thread that asked, before it compares again.

    Raises:
        Busy: a run is going on.
        CcdeskError: the settings are not complete, or a service cannot be read.

    """
    kibo = connections.kibo(settings, _ORIGIN, cancel)
    mail = connections.mail(settings, _ORIGIN, cancel)
    store.lease.acquire("comparing both sides")
    try:
        at = clock.now()
        check_people(store, settings)
        # Not stored: it only lends its surroundings to the comparison.
        run = Run(0, RunKind.FULL_COMPARE, Trigger.MANUAL, RunStatus.RUNNING, at)
        list_id = _active_list(store, mail, settings.contact_list)
        of_run = RunSettings(list_id, settings.contact_list, settings.welcome_email, settings.export_guests)
        ctx = RunContext(run, of_run, kibo, mail, store, clock, cancel, listener)
        kibo.tell_waits(partial(ctx.no_answer, "Kibo"))
        mail.tell_waits(partial(ctx.no_answer, "Constant Contact"))
        with beating(store.lease):
            compare_sides(ctx)
            if leave is not None:
                leave_found(store, leave, at)
        return DriftReport(at, store.drifts.kinds(), _once(store.drifts))
    except BaseException:
        store.drifts.end()
        raise
    finally:
        store.lease.release()


def _once(drifts: Drifts) -> Iterator[Drift]:
    try:
        yield from drifts.people()
    finally:
        drifts.end()


def _active_list(store: Store, mail: Mail, name: str) -> str:
    """Return the id of the active list, which is never made here.

    Raises:
        SettingsError: none is chosen.
        ListGone: the one that is chosen is not in the account.

    """
    require_name(name, marked("compare"))
    if is_chosen(store, name) and (known := store.state.get(LIST_ID)):
        return known
    found = find_by_name(mail.lists(), name)
    if found is None:
        raise ListGone(marked("The contact list “{name}” is not in Constant Contact").format(name=name))
    return found.id
