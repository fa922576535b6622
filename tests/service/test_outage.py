"""An outage takes away nothing that is known of a connection (design §5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ccdesk.sandbox.wire.kernel import Fault
from ccdesk.service.api import ConnectionState
from tests.soak.inprocess import Bench, open_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path / "base") as bench:
        bench.cc.add_list(bench.list_name)
        bench.set_up()
        yield bench


@pytest.mark.parametrize("status", [503, 403])
def test_names_and_dates_stay_while_a_service_fails(bench: Bench, status: int) -> None:
    before = bench.desk.status(live=True)
    assert before.kibo.state is before.constant_contact.state is ConnectionState.CONNECTED
    assert before.kibo.since
    assert before.constant_contact.expires
    for service in ("kibo", "cc"):
        bench.services.faults.add(Fault("status", service=service, status=status, times=99))
    failed = bench.desk.status(live=True)
    for now, then in ((failed.kibo, before.kibo), (failed.constant_contact, before.constant_contact)):
        assert now.state is ConnectionState.FAILED
        assert now.error is not None
        assert replace(now, state=then.state, error=None) == then
    bench.services.faults.clear()
    assert bench.desk.status(live=True).kibo == before.kibo


def test_what_the_store_alone_tells_needs_no_vault(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    known = bench.desk.status(live=True)
    monkeypatch.setattr(bench.container.connections, "_vault", lambda: pytest.fail("the vault was opened"))
    monkeypatch.setattr(bench.container.connections, "_keepers", {})
    found = bench.desk.stored_status()
    assert found.kibo.state is found.constant_contact.state is ConnectionState.UNKNOWN
    assert (found.kibo.name, found.kibo.since) == (known.kibo.name, known.kibo.since)
    assert found.constant_contact.name == known.constant_contact.name
    assert found.calls == known.calls
