"""`ccdesk sync KIND --dry-run`: the document of design §8, its exit codes, and that nothing is changed."""

from __future__ import annotations

import pytest

from ccdesk.cli.tables import day
from ccdesk.sandbox.wire.kernel import Fault
from tests.cli.conftest import Shell, kill_at


@pytest.fixture
def shop(connected: Shell) -> Shell:
    kibo = connected.sandbox.kibo
    connected.ids = [kibo.add_customer(f"{name}@example.com", True) for name in ("ann", "ben")]
    return connected


def test_the_document_is_that_of_the_run_which_follows(shop: Shell) -> None:
    mark = shop.sandbox.log.mark()
    would = shop.json("sync", "export", "--dry-run")
    assert shop.sandbox.log.writes(since=mark) == []
    assert (would.pop("dry_run"), would.pop("welcome_emails")) == (True, 0)
    assert shop.json("runs")["runs"] == []
    did = shop.json("sync", "export")
    assert set(would) == set(did)
    for key in ("kind", "trigger", "status", "total_contacts", "error_count", "counts", "errors", "message"):
        assert would[key] == did[key], key
    assert sorted(would["entries"], key=str) == sorted(did["entries"], key=str)
    assert would["id"] == 0
    assert would["api_calls"]["kibo"] > 0


@pytest.mark.parametrize("kind", ["events", "inbound", "full-compare"])
def test_every_kind(shop: Shell, kind: str) -> None:
    shop.json("sync", "export")
    shop.sandbox.kibo.opt_out(shop.ids[0])
    shop.sandbox.cc.unsubscribe("ben@example.com")
    would = shop.json("sync", kind, "--dry-run")
    did = shop.json("sync", kind)
    for one in (would, did):
        one["counts"].pop("contacts_seen", None)  # what a poll meets again hangs on the moment
    assert would["counts"] == did["counts"]
    assert would["kind"] == kind


def test_an_automation_that_joining_the_list_starts_is_named(shop: Shell) -> None:
    assert "Greeting" not in shop("sync", "export", "--dry-run").stderr
    shop.sandbox.cc.set_switches(list_join_automation=True)
    assert (
        "starts an automation in Constant Contact: “Greeting”" in shop("sync", "export", "--dry-run").stderr
    )


def test_on_a_terminal_it_is_words(shop: Shell) -> None:
    said = shop("sync", "export", "--dry-run").stdout
    assert said.startswith("Preview of export: nothing was changed.\n2 will be added")
    assert "Welcome emails: 0" in said
    assert "ann@example.com" in said
    shop.json("sync", "export")
    assert "Nobody would be changed." in shop("sync", "events", "--dry-run").stdout


def test_what_the_run_would_ask_is_shown_and_no_failure(shop: Shell) -> None:
    cc = shop.sandbox.cc
    cc.add_contact("member@example.com", lists=[cc.add_list("Old list")])
    cc.add_contact("ann@example.com", lists=[cc.add_list("Other")])
    shop.json("settings", "set", "contact_list=Old list")
    would = shop.json("sync", "export", "--dry-run")
    assert "1 customer is a contact but not on the list" in would["message"]
    done = shop("sync", "export", "--dry-run")
    assert done.returncode == 0
    assert "the run would ask: 1 customer is a contact" in done.stderr
    assert shop.json("sync", "export", "--dry-run", "--leave-out")["counts"]["added"] == 1
    assert shop.json("sync", "export", "--dry-run", "--confirm")["counts"]["added"] == 2
    assert shop.json("sync", "export", code=6)["error"]["code"] == "list_has_members"


def test_a_failure_ends_as_that_of_a_run(shop: Shell) -> None:
    shop.json("sync", "export")
    shop.sandbox.faults.add(Fault("status", service="cc", path="/v3/contacts$", status=403, times=9))
    would = shop.json("sync", "inbound", "--dry-run", code=4)
    assert (would["status"], would["dry_run"]) == ("FAILED", True)
    shop.sandbox.faults.clear()
    shop.json("logout")
    assert shop.json("sync", "inbound", "--dry-run", code=3)["status"] == "FAILED"


def test_killed_in_the_middle_it_leaves_nothing_that_matters(shop: Shell) -> None:
    kill_at(shop, "/v3/contacts$", "sync", "export", "--dry-run")
    assert list(shop.base.glob("*.preview*")), "the copy is still there"
    assert shop.json("runs")["runs"] == []
    assert list(shop.base.glob("*.preview*")) == []
    assert shop.json("sync", "export")["counts"]["added"] == 2


def test_what_somebody_did_has_its_day_on_a_terminal_and_not_in_the_document(shop: Shell) -> None:
    shop.json("sync", "export")
    shop.sandbox.cc.unsubscribe("ben@example.com")
    today = day(shop.sandbox.clock.now())
    assert f"unsubscribed in Constant Contact on {today}" in shop("sync", "inbound", "--dry-run").stdout
    [told] = shop.json("sync", "inbound", "--dry-run")["entries"]
    assert told["reason"] == "unsubscribed in Constant Contact"
    assert set(told) == {"customer_id", "email", "outcome", "reason"}
    shop.json("sync", "inbound")
    said = " ".join(shop("why", "ben@example.com").stdout.split())
    assert f"opted out, unsubscribed in Constant Contact on {today}" in said
