"""A bundle reproduces what happened, on a machine that has nothing but the bundle (design §8, issue 16)."""

from __future__ import annotations

import json
import re
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ccdesk.core.bundles import Wanted
from ccdesk.core.drift import Chosen
from ccdesk.core.drift import DriftKind as K
from ccdesk.core.errors import SettingsError
from ccdesk.core.runs import Outcome, RunKind, RunStatus
from ccdesk.support import opened as looking
from ccdesk.support.bundle import make_bundle
from ccdesk.support.bundle_file import open_bundle
from ccdesk.support.records import RecordFiles
from ccdesk.support.replay import replay
from tests.e2e.world import World
from tests.support.ways import (
    BEN,
    CLEO,
    WAYS,
    added,
    assert_nobody_is_named,
    bundle_of,
    done,
    everything_in,
    number_of,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_what_went_wrong_goes_wrong_again(
    shop: World, tmp_path: Path, way: Callable[[World], RunKind]
) -> None:
    run = done(shop, way(shop))
    assert run.status is not RunStatus.COMPLETE or run.total_contacts
    path = bundle_of(shop, tmp_path)
    shop.sandbox.stop()
    assert_nobody_is_named(path)
    with open_bundle(path) as opened:
        assert run.id in opened.run_ids
        results = replay(opened, None, lambda _text: None)
    assert [one.differences for one in results] == [[] for _ in results]
    assert run.id in [one.id for one in results]


def test_chosen_people_put_right_are_put_right_again(shop: World, tmp_path: Path) -> None:
    """With welcome emails on, too: such a run sends none."""
    shop.desk.save_settings({"welcome_email": "true"})
    done(shop, RunKind.EXPORT)
    shop.cc.unsubscribe(BEN)
    shop.kibo.add_customer("dora@example.com", True, first_name="Dora")
    shop.kibo.opt_out(number_of(shop, CLEO))
    shop.later()
    run = shop.desk.repair([Chosen(K.UNSUBSCRIBED, BEN), Chosen(K.NOT_ADDED, "dora@example.com")])
    assert (run.counts["opted_out"], run.counts["added"]) == (1, 1)
    path = bundle_of(shop, tmp_path)
    shop.sandbox.stop()
    assert_nobody_is_named(path)
    with open_bundle(path) as opened:
        (result,) = replay(opened, run.id, lambda _text: None)
    assert result.differences == []


def test_runs_of_an_older_version_are_done_again_and_shown(shop: World, tmp_path: Path) -> None:
    """Its data files have an earlier schema: they are brought up to date, without what was not kept then."""
    done(shop, RunKind.EXPORT)
    shop.cc.unsubscribe(BEN)
    shop.kibo.add_customer("dora@example.com", True)
    shop.later()
    shop.desk.look_for_events()
    run = done(shop, RunKind.INBOUND)
    path, old = bundle_of(shop, tmp_path), tmp_path / "old.zip"
    with zipfile.ZipFile(path) as packed, zipfile.ZipFile(old, "w") as changed:
        for name in packed.namelist():
            content = packed.read(name)
            changed.writestr(name, of_before_step_25(content, tmp_path) if "sqlite3" in name else content)
    with open_bundle(old) as opened:
        (result,) = replay(opened, run.id, lambda _text: None)
        assert result.differences == []
        with looking.opened(opened) as window:
            (told,) = window.desk.entries(run.id, outcome=None, offset=0, limit=9)
            (waiting,) = window.desk.events()
    assert (told.outcome, told.acted_at, waiting.email) == (Outcome.OPTED_OUT, None, "")


def of_before_step_25(content: bytes, folder: Path) -> bytes:
    """Return a data file as it was before entries had a day and changes an email."""
    path = folder / "old.sqlite3"
    path.write_bytes(content)
    with closing(sqlite3.connect(path)) as data:
        data.execute("ALTER TABLE entry DROP COLUMN acted_at")
        data.execute("ALTER TABLE event DROP COLUMN email")
        for column in ("active", "guest", "undated"):
            data.execute(f"ALTER TABLE link DROP COLUMN {column}")
        for index in ("link_by_contact", "intent_by_email"):
            data.execute(f"DROP INDEX IF EXISTS {index}")
        data.execute("PRAGMA user_version = 24")
        data.commit()
    return path.read_bytes()


def test_a_run_that_ended_otherwise_is_told_from_its_record(shop: World, tmp_path: Path) -> None:
    done(shop, RunKind.EXPORT)
    path, other = bundle_of(shop, tmp_path), tmp_path / "other.zip"
    with zipfile.ZipFile(path) as packed, zipfile.ZipFile(other, "w") as changed:
        for name in packed.namelist():
            content = packed.read(name)
            if name == "records/1/calls.jsonl":  # nobody has opted in
                content = content.replace(b'"acceptsMarketing": true', b'"acceptsMarketing": false')
            changed.writestr(name, content)
    with open_bundle(other) as opened:
        (result,) = replay(opened, 1, lambda _text: None)
    assert not result.same
    assert any("counts" in one for one in result.differences)


def test_a_bundle_of_one_person_has_nobody_else(shop: World, tmp_path: Path) -> None:
    done(shop, RunKind.EXPORT)
    path = bundle_of(shop, tmp_path, who=BEN)
    with open_bundle(path) as opened:
        opened.extract("data.sqlite3", tmp_path / "data")
        assert opened.run_ids == [1]
    with sqlite3.connect(tmp_path / "data") as data:
        assert data.execute("SELECT customer_id FROM link").fetchall() == [(number_of(shop, BEN),)]
        assert len(data.execute("SELECT * FROM entry").fetchall()) == 1
    with pytest.raises(SettingsError, match="Nobody is known"):
        make_bundle(
            shop.container.store,
            RecordFiles(shop.base),
            shop.desk.settings(),
            shop.container.clock.now(),
            tmp_path / "nobody.zip",
            Wanted("nobody@example.com"),
        )


def test_a_bundle_of_one_person_of_a_run_about_three_can_be_done_again(shop: World, tmp_path: Path) -> None:
    """The run is done whole, and compared in that one person."""
    run = done(shop, added(shop))
    assert run.total_contacts == 3
    for who in (BEN, str(number_of(shop, CLEO))):
        folder = tmp_path / who
        folder.mkdir()
        path = bundle_of(shop, folder, who=who)
        said: list[str] = []
        with open_bundle(path) as opened:
            results = replay(opened, None, said.append)
            opened.extract("data.sqlite3", folder / "data")
        assert [one.differences for one in results] == [[] for _ in results]
        assert run.id in [one.id for one in results]
        assert any("about one person" in one for one in said)
        with sqlite3.connect(folder / "data") as data:
            data.execute("UPDATE entry SET reason = 'something else' WHERE run_id = ?", (run.id,))
        changed = folder / "changed.zip"
        with zipfile.ZipFile(path) as packed, zipfile.ZipFile(changed, "w") as other:
            for name in packed.namelist():
                content = (folder / "data").read_bytes() if name == "data.sqlite3" else packed.read(name)
                other.writestr(name, content)
        with open_bundle(changed) as opened:
            assert not replay(opened, run.id, said.append)[0].same


def test_a_plain_bundle_has_emails_and_no_names_and_can_be_done_again(shop: World, tmp_path: Path) -> None:
    done(shop, RunKind.EXPORT)
    path = bundle_of(shop, tmp_path, plain=True)
    text = everything_in(path).decode("utf-8", "replace")
    assert BEN in text
    assert "Benjamin" not in text
    with open_bundle(path) as opened:
        assert [one.same for one in replay(opened, None, lambda _text: None)] == [True]


def test_no_secret_is_in_it(shop: World, tmp_path: Path) -> None:
    shop.cc.expire_tokens()
    shop.kibo.expire_tokens()
    done(shop, RunKind.EXPORT)
    everything = everything_in(bundle_of(shop, tmp_path))
    vault = json.loads((shop.base / "vault.json").read_text())
    secrets = [
        shop.addresses["kibo_shared_secret"],
        shop.addresses["kibo_app_key"],
        shop.addresses["cc_client_id"],
    ]
    secrets += re.findall(r"[\w.~+/-]{20,}", json.dumps(vault))
    for one in secrets:
        assert one.encode() not in everything, one
    assert b"support.key" not in everything


def test_quiet_runs_leave_no_record(shop: World) -> None:
    done(shop, RunKind.EXPORT)
    recorded = sorted(path.name for path in shop.base.glob("ccdesk.run*"))
    done(shop, RunKind.INBOUND)
    done(shop, RunKind.EVENTS)
    assert (
        sorted(path.name for path in shop.base.glob("ccdesk.run*"))
        == recorded
        == ["ccdesk.run-1.before", "ccdesk.run-1.calls"]
    )
    newest = [one["path"] for one in RecordFiles(shop.base).newest_calls()]
    assert any("/contacts" in one for one in newest)


def test_a_damaged_record_does_not_keep_a_bundle_from_being_made(shop: World, tmp_path: Path) -> None:
    done(shop, RunKind.EXPORT)
    (shop.base / "ccdesk.run-1.before").write_bytes(b"no data file")
    path = bundle_of(shop, tmp_path)
    with open_bundle(path) as opened:
        assert opened.run_ids == []
    (shop.base / "ccdesk.run-1.calls").write_bytes(b"no calls")
    other = tmp_path / "other"
    other.mkdir()
    assert bundle_of(shop, other).exists()


def test_a_bundle_that_was_tampered_with_is_told_in_words(shop: World, tmp_path: Path) -> None:
    done(shop, RunKind.EXPORT)
    path = bundle_of(shop, tmp_path)
    strange = {"records/1/calls.jsonl": b'[1]\n{"a": 2}\n', "manifest.json": b'{"format": 1, "runs": [7]}'}
    for number, (name, content) in enumerate(strange.items()):
        other = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(path) as packed, zipfile.ZipFile(other, "w") as changed:
            for one in packed.namelist():
                changed.writestr(one, content if one == name else packed.read(one))
        with open_bundle(other) as opened, pytest.raises(SettingsError, match="not a bundle"):
            replay(opened, None, lambda _text: None)


def test_no_run_fails_for_being_recorded(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object, **_named: object) -> None:
        raise RuntimeError("the recorder is broken")

    monkeypatch.setattr(RecordFiles, "keep", broken)
    monkeypatch.setattr(RecordFiles, "note", broken)
    run = done(shop, RunKind.EXPORT)
    assert run.status is RunStatus.COMPLETE
    assert run.counts["added"] == 3
