"""A small shop, the ways in which it can be broken, and bundles of it."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ccdesk.core.bundles import Wanted
from ccdesk.core.errors import ConfirmNeeded
from ccdesk.core.runs import Run, RunKind
from ccdesk.sandbox.wire.kernel import Fault
from ccdesk.support.bundle import make_bundle
from ccdesk.support.records import RecordFiles
from tests.e2e.world import World, open_world

ANN, BEN, CLEO = "Ann.O'Brien@shop-of-kältetechnik.de", "ben@example.com", "cleo+news@example.org"
NAMES = {
    ANN: ("Ann-Sophie", "O'Brien", "Hauptstraße 7", "Wuppertal"),
    BEN: ("Benjamin", "Müller", "12 Baker Street", "London"),
    CLEO: ("Cleopatra", "van der Meer", "Keizersgracht 1", "Amsterdam"),
}


@contextmanager
def small_shop(base: Path) -> Iterator[World]:
    """Three customers who opted in, with names and addresses."""
    with open_world(base) as world:
        world.choose_list()
        for email, (first, last, street, city) in NAMES.items():
            address = {"address1": street, "cityOrTown": city, "countryCode": "DE"}
            world.kibo.add_customer(
                email, True, first_name=first, last_name=last, address=address, phone="0151 23456789"
            )
        yield world


def done(world: World, kind: RunKind) -> Run:
    """Do a run, whatever comes of it."""
    try:
        run = world.desk.run(kind)
    except ConfirmNeeded:
        run = world.desk.runs(limit=1)[0]
    world.later()
    return run


def number_of(world: World, email: str) -> int:
    return world.kibo.customers_by_email(email)[0]["id"]


def bundle_of(world: World, folder: Path, **wanted: object) -> Path:
    out = folder / "bundle.zip"
    container = world.container
    files = RecordFiles(container.paths.base)
    make_bundle(
        container.store, files, container.desk.settings(), container.clock.now(), out, Wanted(**wanted)
    )
    return out


def everything_in(path: Path) -> bytes:
    with zipfile.ZipFile(path) as packed:
        return b"\0".join([packed.read(name) for name in packed.namelist()])


def assert_nobody_is_named(path: Path) -> None:
    text = everything_in(path).decode("utf-8", "replace").lower()
    for email, names in NAMES.items():
        for one in (email, email.split("@")[0], *names):
            assert not re.search(rf"(?<![a-zäöüß]){re.escape(one.lower())}(?![a-zäöüß])", text), one
    assert "kältetechnik" not in text
    assert "xn--" not in text or "ltetechnik" not in text


def malformed(world: World) -> RunKind:
    world.kibo.add_customer("not.an@email@at.all", True, first_name="Dora")
    return RunKind.EXPORT


def conflict(world: World) -> RunKind:
    done(world, RunKind.EXPORT)
    world.cc.unsubscribe(BEN)
    number = number_of(world, BEN)
    world.kibo.opt_out(number)
    world.kibo.opt_in(number)
    return RunKind.EVENTS


def import_refused(world: World) -> RunKind:
    world.cc.set_switches(refused_text="Müller", import_refused_text="request")
    return RunKind.EXPORT


def forbidden(world: World) -> RunKind:
    done(world, RunKind.EXPORT)
    body = json.dumps(
        [{"error_key": "contacts.api.forbidden", "error_message": "Contact limit of Benjamin reached"}]
    )
    world.sandbox.faults.add(Fault("status", service="cc", path="/contacts", status=403, body=body, times=9))
    return RunKind.INBOUND


def slowed_down(world: World) -> RunKind:
    world.sandbox.faults.add(Fault("status", service="cc", path="/contacts", status=429, times=60))
    return RunKind.INBOUND


def html(world: World) -> RunKind:
    page = "<html><body>Sign in, Cleopatra</body></html>"
    world.sandbox.faults.add(
        Fault("garbage", service="kibo", path="/accounts", body=page, content_type="text/html", times=9)
    )
    return RunKind.EXPORT


def lost_answer(world: World) -> RunKind:
    done(world, RunKind.EXPORT)
    number = world.kibo.add_customer("dora@example.com", True, first_name="Dora")
    world.kibo.opt_in(number)
    world.sandbox.faults.add(Fault("drop_after", service="cc", method="POST", path="/contacts", times=9))
    return RunKind.EVENTS


def parked(world: World) -> RunKind:
    done(world, RunKind.EXPORT)
    world.cc.set_switches(refused_text="cleo")
    number = number_of(world, CLEO)
    world.kibo.change_name(number, "cleo", "Smith")
    return RunKind.EVENTS


def held(world: World) -> RunKind:
    for number in range(40):
        world.kibo.add_customer(f"guest{number}@example.net", True)
    done(world, RunKind.EXPORT)
    for number in range(40):
        world.cc.leave_list(f"guest{number}@example.net", world.list_id)
    return RunKind.INBOUND


def added(world: World) -> RunKind:
    done(world, RunKind.EXPORT)
    world.kibo.opt_out(number_of(world, BEN))
    world.kibo.change_name(number_of(world, CLEO), "Kleo", "Meer")
    world.kibo.add_customer("dora@example.com", True, first_name="Dora")
    return RunKind.EVENTS


def portal(world: World) -> RunKind:
    """Runs in a row find something else at Kibo's sign-in; others fail in other ways, or not."""
    done(world, RunKind.EXPORT)
    world.kibo.add_customer("dora@example.com", True, first_name="Dora")
    page = "<html><body>Please accept our terms, Cleopatra</body></html>"
    for body, path, kind in (
        ("<html>Service unavailable</html>", "/accounts", RunKind.EVENTS),
        (page, "", RunKind.EVENTS),
        ("{}", "/authtickets", RunKind.EVENTS),
        (page, "/authtickets", RunKind.INBOUND),
    ):
        world.reopen()  # whose clients have not signed in yet
        mime = "text/html" if body.startswith("<") else "application/json"
        fault = Fault("status", service="kibo", path=path, status=200, body=body, content_type=mime, times=50)
        world.sandbox.faults.add(fault)
        if kind is RunKind.INBOUND:
            world.cc.unsubscribe(BEN)
        done(world, kind)
        world.sandbox.faults.clear()
    world.reopen()
    return RunKind.EVENTS


def opted_in_anew(world: World) -> RunKind:
    """An opt-in after an unsubscribe, told by Kibo's audit log: the person is asked once."""
    done(world, RunKind.EXPORT)
    world.cc.unsubscribe(BEN)
    done(world, RunKind.INBOUND)
    world.kibo.opt_in(number_of(world, BEN))
    world.later()
    return RunKind.EVENTS


def forgotten(world: World) -> RunKind:
    """Somebody who had left the list was forgotten, and is opted in again: staff are asked."""
    done(world, RunKind.EXPORT)
    done(world, RunKind.EVENTS)
    done(world, RunKind.INBOUND)
    world.cc.leave_list(BEN, world.list_id)
    for kind in (RunKind.FULL_COMPARE, RunKind.EVENTS, RunKind.INBOUND):
        done(world, kind)
    world.desk.forget(BEN)
    world.kibo.opt_in(number_of(world, BEN))
    world.later()
    return RunKind.EVENTS


WAYS = [
    *(malformed, conflict, import_refused, forbidden, slowed_down, html, lost_answer, parked, held, added),
    *(portal, opted_in_anew, forgotten),
]
