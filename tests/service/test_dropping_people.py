"""What is remembered of a shop's customers is dropped by nobody's typing error (design §3a, R1: opt-outs)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ccdesk.core.errors import ConfirmNeeded, ExitCode, SettingsError, StoreError, VaultError
from ccdesk.core.runs import ORDINARY, RunKind, RunStatus
from ccdesk.paths import Paths
from ccdesk.service.whose_people import PEOPLE_OF
from ccdesk.store import backup
from tests.soak.inprocess import Bench, open_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path / "base") as bench:
        bench.cc.add_list(bench.list_name)
        bench.kibo.add_customer("ann@people.example", True)
        bench.set_up()
        bench.desk.run(RunKind.EXPORT)
        yield bench


def backups(bench: Bench) -> list[Path]:
    return sorted(bench.base.glob("*.bak"))


def links(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return int(database.execute("SELECT COUNT(*) FROM link").fetchone()[0])


TYPING_ERRORS = [
    {"kibo_tenant_id": ""},
    {"kibo_tenant_id": "1234"},
    {"kibo_home_url": "https://home.euw1.kibocommerce.com"},
    {"kibo_home_url": ""},
    {"kibo_tenant_id": "77", "keep_days": "30", "kibo_app_key": "another"},
]


@pytest.mark.parametrize("values", TYPING_ERRORS, ids=str)
def test_a_setting_that_drops_people_asks_first(bench: Bench, values: dict[str, str]) -> None:
    before = bench.desk.settings()
    with pytest.raises(ConfirmNeeded) as asked:
        bench.desk.save_settings(values)
    assert asked.value.exit_code is ExitCode.CONFIRM
    assert "1 customers" in asked.value.meaning
    assert bench.desk.settings() == before
    assert bench.desk.status(live=False).links == 1
    assert backups(bench) == []


@pytest.mark.parametrize("values", TYPING_ERRORS, ids=str)
def test_a_confirmed_one_makes_a_copy_first(bench: Bench, values: dict[str, str]) -> None:
    bench.desk.save_settings(values, confirmed=True)
    assert bench.desk.status(live=False).links == 0
    (copy,) = backups(bench)
    assert links(copy) == 1
    assert copy.stat().st_mode & 0o077 == 0


def test_without_a_copy_nobody_is_dropped(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "replace", full)
    with pytest.raises(StoreError, match="backed up"):
        bench.desk.save_settings({"kibo_tenant_id": ""}, confirmed=True)
    assert bench.desk.status(live=False).links == 1
    assert bench.desk.settings().kibo_tenant_id
    monkeypatch.undo()
    bench.desk.run(RunKind.INBOUND)  # the lease was given back


@pytest.mark.parametrize(
    "values", [{"kibo_app_key": "k"}, {"keep_days": "10"}, {"kibo_tenant_url": "https://t1.sb.mozu.com"}, {}]
)
def test_what_drops_nobody_asks_nothing(bench: Bench, values: dict[str, str]) -> None:
    bench.desk.save_settings({**values, "kibo_tenant_id": bench.desk.settings().kibo_tenant_id})
    assert bench.desk.status(live=False).links == 1
    assert backups(bench) == []


def test_a_shop_nobody_is_known_of_is_set_up_without_a_question(tmp_path: Path) -> None:
    with open_bench(tmp_path / "base") as bench:
        bench.desk.save_settings({"kibo_tenant_id": "1"})
        bench.desk.save_settings({"kibo_tenant_id": "2"})
        assert backups(bench) == []


def test_a_value_the_environment_fixes_is_not_asked_about(bench: Bench) -> None:
    bench.desk._environment = {**bench.desk._environment, "CCDESK_KIBO_TENANT_ID": "7"}
    with pytest.raises(SettingsError):
        bench.desk.save_settings({"kibo_tenant_id": "8"}, confirmed=True)


@pytest.mark.parametrize("way", ["variable", "data file", "first run since the update"])
@pytest.mark.parametrize("kind", ORDINARY)
def test_another_tenants_customers_are_not_taken_for_these(bench: Bench, kind: RunKind, way: str) -> None:
    """The same numbers are other people there: their opt-outs would be carried to these, and theirs lost."""
    tenant = bench.kibo.tenant_id
    bench.kibo.tenant_id = 777
    if way == "data file":
        bench.container.store.settings.save({"kibo_tenant_id": "777"})
    else:
        bench.desk._environment = {**bench.desk._environment, "CCDESK_KIBO_TENANT_ID": "777"}
    if way == "first run since the update":
        bench.container.store.state.set(PEOPLE_OF, "")
    mark = bench.services.log.mark()
    run = bench.desk.run(kind)
    assert run.failure is not None
    assert (run.status, run.failure.code) == (RunStatus.FAILED, "other_shop")
    assert f"tenant {tenant}" in run.message
    assert bench.services.log.all(since=mark) == []
    bench.kibo.tenant_id = tenant
    bench.desk._environment = {}
    bench.container.store.settings.save({"kibo_tenant_id": str(tenant)})
    assert bench.desk.run(kind).status is RunStatus.COMPLETE


def test_another_shop_that_was_confirmed_is_run_for(bench: Bench) -> None:
    bench.kibo.tenant_id = 777
    bench.desk.save_settings({"kibo_tenant_id": "777"}, confirmed=True)
    assert bench.desk.run(RunKind.EXPORT).status is RunStatus.COMPLETE
    assert bench.desk.run(RunKind.EVENTS).status is RunStatus.COMPLETE


def test_copies_expire_with_what_they_hold(bench: Bench) -> None:
    """A `.bak` kept the emails of everybody for ever."""
    path = Paths(bench.base).database
    made = bench.container.clock.now().timestamp()
    for label in ("v1", "before-dropping-people-20260101T000000"):
        (bench.base / f"{path.name}.{label}.bak").write_bytes(b"ann@people.example")
    (bench.base / "mine.bak").write_bytes(b"not ours")
    for one in backups(bench):
        os.utime(one, (made, made))
    bench.desk.run(RunKind.INBOUND)
    assert len(backups(bench)) == 3
    bench.later(91 * 24 * 60)
    bench.desk.run(RunKind.INBOUND)
    assert [one.name for one in backups(bench)] == ["mine.bak"], "what is not ours is left alone"


def test_a_keyring_that_cannot_be_read_keeps_no_setting_from_being_saved(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(_: object) -> list[str]:
        raise VaultError

    monkeypatch.setattr(bench.container.connections, "missing_approvals", locked, raising=False)
    result = bench.desk.save_settings({"cc_client_id": "another"})
    assert bench.desk.settings().cc_client_id == "another"
    assert any("not known" in note for note in result.notes)


def test_a_tenant_garbled_in_the_data_file_is_put_right_without_dropping_anybody(bench: Bench) -> None:
    tenant = bench.desk.settings().kibo_tenant_id
    bench.container.store.settings.save({"kibo_tenant_id": f"{tenant}x"})
    with pytest.raises(ConfirmNeeded):
        bench.desk.save_settings({"kibo_tenant_id": "777"})
    bench.desk.save_settings({"kibo_tenant_id": tenant})
    assert bench.desk.status(live=False).links == 1
    assert bench.desk.run(RunKind.INBOUND).status is RunStatus.COMPLETE
