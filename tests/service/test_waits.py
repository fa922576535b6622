"""Watchers are told when a service does not answer and is asked again (design §5)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ccdesk.core.runs import Progress, RunKind, RunStatus
from ccdesk.sandbox.wire.kernel import Fault
from tests.soak.inprocess import Bench, open_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path / "base") as bench:
        bench.cc.add_list(bench.list_name)
        bench.kibo.add_customer("ann@people.example", True)
        bench.set_up()
        yield bench


@pytest.mark.parametrize(("service", "name"), [("kibo", "Kibo"), ("cc", "Constant Contact")])
def test_each_try_in_vain_is_told_with_the_time_to_the_next(bench: Bench, service: str, name: str) -> None:
    bench.services.faults.add(Fault("status", service=service, status=503, times=2))
    told: list[Progress] = []
    run = bench.desk.run(RunKind.EXPORT, listener=told.append)
    assert run.status is RunStatus.COMPLETE
    silences = [(one.silent, one.tries) for one in told if one.tries]
    assert silences == [(name, 1), (name, 2)]
    assert all(one.pause > 0 and one.phase for one in told if one.tries)
    assert told[0].phase == "Connecting to Constant Contact", "before anything has answered"
    phases = list(dict.fromkeys(one.phase for one in told))
    assert phases.index("Reading customers from Kibo") < phases.index(
        "Reading contacts from Constant Contact"
    )
    assert not told[-1].tries
