"""Forgetting somebody takes them out of the records of runs, and costs support no more (design §8)."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from ccdesk.core.bundles import Wanted
from ccdesk.core.ports.recording import Erased
from ccdesk.core.pseudonyms import Pseudonyms
from ccdesk.core.runs import RunKind
from ccdesk.support.bundle_file import open_bundle
from ccdesk.support.erasing import Named
from ccdesk.support.recorder import pseudonyms_of
from ccdesk.support.replay import replay
from tests.e2e.world import World
from tests.support.ways import ANN, BEN, added, bundle_of, done


def recorded(shop: World) -> set[int]:
    """Return the runs that are recorded."""
    return {int(one.name.split("-")[1].split(".")[0]) for one in shop.base.glob("ccdesk.run-*")}


def content_of(path: Path) -> bytes:
    content = path.read_bytes()
    return gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content


@pytest.mark.parametrize("email", [BEN, ANN], ids=["plain", "beyond ASCII"])
def test_only_records_that_tell_of_the_person_are_removed(shop: World, tmp_path: Path, email: str) -> None:
    """The other runs can be done again all the same, and the bundle says which cannot, and why."""
    runs = [done(shop, RunKind.EXPORT)]
    for name in ("dora", "eve"):
        shop.later(60)  # so that the look for Eve does not find those before Dora once more
        shop.kibo.add_customer(f"{name}@example.com", True, first_name=name)
        runs.append(done(shop, RunKind.EVENTS))
    *others, last = (one.id for one in runs)
    assert recorded(shop) == {*others, last}
    pseudonym = pseudonyms_of(shop.container.store).email(email).lower()
    assert shop.desk.forget(email).records == tuple(others)
    assert recorded(shop) == {last}
    for path in filter(Path.is_file, shop.base.iterdir()):
        content = content_of(path).decode("utf-8", "replace").lower()
        assert email.lower() not in content, path.name
        unescaped = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), content)
        assert pseudonym not in unescaped.lower(), path.name
    out = tmp_path / "bundle.zip"
    made = shop.container.save_bundle(out, Wanted())
    assert (made.runs, made.removed) == ([last], others)
    with open_bundle(out) as opened:
        assert [one.differences for one in replay(opened, None, lambda _text: None)] == [[]]
        assert opened.manifest["records_removed"] == others


def test_a_run_that_tells_of_the_person_only_by_an_entry_loses_its_record(shop: World) -> None:
    run = done(shop, added(shop))
    files = shop.container.paths.base
    path = files / f"ccdesk.run-{run.id}.calls"
    header, *_ = gzip.decompress(path.read_bytes()).splitlines()
    path.write_bytes(gzip.compress(header))
    assert run.id in shop.desk.forget(BEN).records


def test_a_record_that_cannot_be_read_is_removed(shop: World) -> None:
    run = done(shop, RunKind.EXPORT)
    (shop.base / f"ccdesk.run-{run.id}.calls").write_bytes(b"no calls")
    shop.kibo.add_customer("dora@example.com", True, first_name="Dora")
    done(shop, RunKind.EVENTS)
    assert run.id in shop.desk.forget("dora@example.com").records


@pytest.mark.parametrize("who", ["foo", "bent@example.com", "4711"])
def test_forgetting_nobody_changes_nothing(shop: World, who: str) -> None:
    done(shop, RunKind.EXPORT)
    shop.container.store.back_up("v1")
    paths = [path for path in shop.base.glob("ccdesk.*") if "sqlite3-" not in path.name]
    before = {path: path.read_bytes() for path in paths}
    person = shop.desk.forget(who).person
    assert (person.known, person.in_files) == (False, False)
    assert {path: path.read_bytes() for path in before} == before


def test_an_unknown_email_is_erased_where_a_log_names_it(shop: World, tmp_path: Path) -> None:
    run = done(shop, RunKind.EXPORT)
    log = shop.base / "ccdesk.log.1"
    log.write_text("about zoe@example.com")
    person = shop.desk.whom_to_forget("Zoe@example.com")
    assert (person.known, person.in_files) == (False, True)
    assert shop.desk.forget("Zoe@example.com").records == ()
    assert "zoe" not in log.read_text()
    with open_bundle(bundle_of(shop, tmp_path)) as opened:
        assert opened.run_ids == [run.id], "nobody in it was forgotten"


NAMES = Pseudonyms(b"key")
GONE = Erased("zoe@example.com", [1599], ["Zoe@example.com"], ["c-77"])
MAIL = NAMES.email("Zoe@example.com")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ({"path": "/api/commerce/customer/accounts/1599/AuditLog/Entries"}, True),
        ({"path": "/api/commerce/customer/accounts/15990"}, False),
        ({"path": "/v3/contacts/C-77"}, True),
        ({"query": [["filter", "id eq 1599"]]}, True),
        ({"query": [["filter", "acceptsMarketing eq true and id gt 1599"]]}, False),
        ({"query": [["email", MAIL]]}, True),
        ({"answer": {"items": [{"id": 1599, "emailAddress": "other@example.com"}]}}, True),
        ({"answer": {"items": [{"id": 1600, "contacts": [{"id": 1599, "accountId": 1600}]}]}}, False),
        ({"answer": {"items": [{"entityId": "1599"}]}}, True),
        ({"answer": [["a", "b"], [f"about {MAIL.upper()}", "1599"]]}, True),
        ({"answer": [["a", "b"], [f"x{MAIL}y", "1599"]]}, False),
        ({"answer": {MAIL: 1}}, True),
        ({"asked": {"people": [{"email": "", "ids": [1600, 1599]}]}}, True),
        ({"run": 1599, "length": 1599}, False),
    ],
)
def test_what_tells_of_a_person(call: dict[str, Any], told: bool) -> None:
    assert Named(NAMES, GONE).is_in(call) == told
