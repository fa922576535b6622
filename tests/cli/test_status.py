"""`ccdesk status`: green only if all is well, and what is not is named (issue D15, design §3a)."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ccdesk.container import open_container
from ccdesk.core.clock import format_time
from ccdesk.paths import Paths
from ccdesk.sandbox.wire.kernel import Fault
from ccdesk.service.gaps import GapReason
from tests.cli.conftest import Shell

KIBO_WRITES = Fault("status", service="kibo", path="accounts", method="PUT", times=999, status=400)


@pytest.fixture
def shop(shell: Shell) -> Shell:
    """Twenty customers on the list, and nothing owed."""
    shell.set_up()
    shell.sign_in()
    shell.json("settings", "set", "contact_list=Kibo customers", "enabled=true")
    for number in range(20):
        shell.sandbox.kibo.add_customer(f"p{number}@example.com", True)
    shell.json("sync", "export")
    shell.json("sync", "inbound")
    return shell


def kinds(status: dict[str, Any]) -> list[str]:
    return [need["kind"] for need in status["needs_you"]]


def test_all_is_well(shop: Shell) -> None:
    status = shop.json("status")
    assert status["needs_you"] == []
    assert status["owed"] == {"opt_outs": 0, "opt_ins": 0, "since": None}
    assert status["last_good_runs"]["export"]
    assert status["last_good_runs"]["inbound"]


def test_pending_opt_outs_and_a_direction_that_fails_are_not_green(shop: Shell) -> None:
    for number in range(20):
        shop.sandbox.cc.unsubscribe(f"p{number}@example.com")
    good = shop.json("status")["last_good_runs"]["inbound"]
    shop.sandbox.faults.add(Fault("status", service="kibo", path="accounts", times=999, status=503))
    for _ in range(2):
        assert shop("sync", "inbound").returncode == 4
    shop.sandbox.faults.clear()
    status = shop.json("status", code=4)
    assert (status["kibo"]["state"], status["queued"]) == ("connected", 0)
    assert status["owed"]["opt_outs"] == 20
    assert status["owed"]["since"]
    assert status["last_good_runs"]["inbound"] == good
    assert kinds(status) == ["late"]
    assert status["needs_you"][0]["stuck"] is True
    assert shop.json("status", "--offline", code=4)["needs_you"] == status["needs_you"]
    plain = shop("status")
    assert plain.returncode == 4
    assert "Owed to Kibo: 20 opt-outs" in plain.stdout
    assert "Needs you: inbound failed 2 times in a row" in plain.stdout
    shop.json("sync", "inbound")
    assert shop.json("status")["needs_you"] == []


def test_one_run_that_failed_is_told_and_counts_until_one_of_its_kind_works(shop: Shell) -> None:
    shop.sandbox.kibo.opt_out(1001)
    shop.sandbox.faults.add(Fault("status", service="cc", times=999, status=503))
    run = shop.json("sync", "events", code=4)
    shop.sandbox.faults.clear()
    status = shop.json("status", code=4)
    assert status["needs_you"] == [], "one failure is no matter for a person yet"
    failed = status["last_failed_runs"]
    assert list(failed) == ["events"]
    assert failed["events"]["id"] == run["id"]
    plain = shop("status")
    assert plain.returncode == 4
    assert f"Last events FAILED (run {run['id']}, " in plain.stdout
    assert "need a person" not in plain.stdout, "nothing is parked"
    shop.json("sync", "events")
    assert shop.json("status")["last_failed_runs"] == {}


def test_nothing_is_announced_that_no_program_is_there_to_do(shop: Shell) -> None:
    assert shop.json("status")["loops_running"] is False
    before = shop("status").stdout
    assert "Nothing runs by itself: neither the window nor “ccdesk run”" in before
    loops = subprocess.Popen(
        shop.command("run", "--json"), env=shop.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert loops.stdout is not None
    for line in loops.stdout:
        if b"run_ended" in line:
            break
    status = shop.json("status")
    assert status["loops_running"] is True
    assert all(status["next_runs"].values())
    assert "Next inbound: 2" in shop("status").stdout
    loops.kill()
    loops.communicate()
    status = shop.json("status")
    assert status["loops_running"] is False
    assert set(status["next_runs"].values()) == {None}
    killed = shop("status").stdout
    assert "Nothing runs by itself" in killed
    assert "Next inbound" not in killed


def test_opt_outs_that_kibo_refuses_again_and_again_are_named(shop: Shell) -> None:
    shop.sandbox.cc.unsubscribe("p7@example.com")
    shop.sandbox.faults.add(KIBO_WRITES)
    for _ in range(3):
        assert shop.json("sync", "inbound")["error_count"] == 1
    status = shop.json("status", code=4)
    [need] = status["needs_you"]
    assert (need["kind"], need["count"], need["people"]) == ("owed_opt_outs", 1, ["p7@example.com"])
    assert need["title"].startswith("Kibo has not taken 1 opt-out since")
    assert "ccdesk sync inbound" in need["next_step"]


def test_a_deleted_list_is_named_and_a_renamed_one_has_its_new_name(shop: Shell) -> None:
    list_id = shop.sandbox.cc.list_id("Kibo customers")
    shop.sandbox.cc.rename_list(list_id, "Weekly letter")
    status = shop.json("status")
    assert status["contact_list"] == "Weekly letter"
    assert shop.json("status", "--offline")["contact_list"] == "Weekly letter"
    assert shop.json("settings", "show")["contact_list"] == "Kibo customers"
    shop.sandbox.cc.delete_list(list_id)
    status = shop.json("status", code=4)
    assert kinds(status) == ["list_deleted"]
    assert status["needs_you"][0]["subject"] == "Weekly letter"


def test_a_secret_that_is_gone_is_named_without_asking_kibo(shop: Shell) -> None:
    shop.environment["CCDESK_KIBO_SHARED_SECRET"] = ""
    status = shop.json("status", "--offline", code=4)
    assert kinds(status) == ["kibo_secret"]
    assert status["kibo"]["state"] == "failed"


def test_a_login_that_is_missing_is_named_while_enabled(shop: Shell) -> None:
    shop("logout")
    status = shop.json("status", code=3)
    assert kinds(status) == ["login"]


def test_a_pause_and_a_night_without_the_program_are_told(shop: Shell) -> None:
    with open_container(Paths(shop.base), environment=shop.environment) as container:
        state, now = container.store.state, container.clock.now()
        state.set_time("loop.alive", now - timedelta(hours=9))
        state.set_time("loop.next.events", now)
        with container.store.transaction():
            for run in container.store.runs.page(kind=None, offset=0, limit=9):
                container.store.runs.finish(replace(run, finished_at=now - timedelta(hours=10)))
        container.desk.look_back(GapReason.NOT_RUNNING)
        until = container.desk.pause()
    status = shop.json("status", "--offline")
    assert status["paused_until"] == format_time(until)
    assert status["next_runs"]["events"] == status["paused_until"]
    assert status["last_gap"]["reason"] == "not running"
    assert status["last_gap"]["from"] < status["last_gap"]["to"]
    told = [shop("status", "--offline").stdout for _ in range(2)]
    assert all("\nPaused until " in one for one in told)
    assert ["\nNothing ran from " in one for one in told] == [True, False], "once"
    assert "ccdesk was not running" in told[0]
    assert shop.json("status", "--offline")["last_gap"] == status["last_gap"]


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_vault_that_cannot_be_read_is_not_hidden_offline(shop: Shell, more: tuple[str, ...]) -> None:
    """Nothing of it needs the services: `--offline` ended with 0 while no run could work."""
    shop.environment["CCDESK_VAULT"] = "keyring"
    shop.environment["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    done = shop.process("status", "--offline", *more)
    assert done.returncode == shop.process("status", *more).returncode == 2
    assert "keyring" in done.stdout


def test_without_a_login_it_is_called_as_everywhere_and_scripts_read_what_they_did(shop: Shell) -> None:
    assert shop("logout").returncode == 0
    assert "Constant Contact: login needed" in shop("status", "--offline").stdout
    assert shop.json("status", "--offline")["constant_contact"]["state"] == "log-in needed"
