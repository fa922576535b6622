"""What `status` and the test of the Kibo connection believe, with the tenant's address given by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ccdesk.core.errors import CcdeskError
from ccdesk.service.api import ConnectionState
from tests.soak.inprocess import KIBO, Bench, open_bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with open_bench(tmp_path / "base") as bench:
        bench.kibo.add_customer("ann@people.example", True)
        bench.kibo.add_customer("bob@people.example", False)
        bench.set_up()
        bench.desk.save_settings({"kibo_tenant_url": f"http://{KIBO}"})
        yield bench


WRONG = [
    ({}, "wrong-secret"),
    ({"kibo_app_key": "acme.other.9.9.9.Release"}, ""),
    ({"kibo_tenant_id": "404"}, ""),
]


@pytest.mark.parametrize(("values", "secret"), WRONG, ids=["secret", "key", "tenant"])
def test_what_is_wrong_is_never_connected(bench: Bench, values: dict[str, str], secret: str) -> None:
    with pytest.raises(CcdeskError):
        bench.desk.test_kibo(values, secret)
    bench.desk.save_settings(values)
    if secret:
        bench.kibo.shared_secret = "another than the stored one"
    status = bench.desk.status(live=True)
    assert status.kibo.state is ConnectionState.FAILED
    assert status.kibo.error is not None


def test_a_wrong_tenant_that_the_home_may_not_tell_of_is_not_connected(bench: Bench) -> None:
    bench.kibo.switches.turn(behaviors=bench.kibo.switches.behaviors - {"Tenant Read"})
    assert bench.desk.status(live=True).kibo.state is ConnectionState.CONNECTED
    bench.desk.save_settings({"kibo_tenant_id": "404"})
    status = bench.desk.status(live=True)
    assert status.kibo.state is ConnectionState.FAILED
    assert status.kibo.error is not None
    assert "not installed in tenant 404" in status.kibo.error.meaning


def test_customers_that_may_not_be_read_are_no_connection(bench: Bench) -> None:
    bench.kibo.switches.turn(behaviors={"Tenant Read"})
    assert bench.desk.status(live=True).kibo.state is ConnectionState.FAILED


def test_the_test_counts_the_customers(bench: Bench) -> None:
    tested = bench.desk.test_kibo({}, "")
    assert tested.customers == 2
    assert tested.summary.startswith("signed in · ")
    assert tested.summary.endswith(" · 2 customers readable")
