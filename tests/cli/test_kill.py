"""The power goes in the middle: a real process is killed, the next one goes on, nobody is lost."""

import json

import pytest

from tests.cli.conftest import Shell, kill_at, pretended


@pytest.fixture
def shell(tmp_path):
    with pretended(tmp_path / "base", Shell) as shell:
        shell.connect()
        yield shell


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("contacts_json_import", "cc"),
        ("/activities/[^/]+$", "cc"),
        ("accounts", "kibo"),
        ("/contacts$", "cc"),
    ],
)
def test_an_export_killed_anywhere_is_finished_by_the_next(shell, path, service):
    people = {f"person{number}@example.com" for number in range(20)}
    for email in sorted(people):
        shell.sandbox.kibo.add_customer(email, True)
    kill_at(shell, path, "sync", "export", service=service)
    run = shell.json("sync", "export")
    assert run["status"] == "COMPLETE"
    assert run["total_contacts"] == 20
    list_id = shell.sandbox.cc.list_id("Kibo customers")
    assert set(shell.sandbox.cc.members(list_id)) == people
    statuses = [one["status"] for one in shell.json("runs")["runs"]]
    assert statuses == ["COMPLETE", "INTERRUPTED"]
    mark = shell.sandbox.log.mark()
    assert shell.json("sync", "export")["counts"]["added"] == 0
    assert shell.sandbox.log.writes(since=mark) == []


def test_an_opt_out_survives_a_kill_while_it_is_carried_to_kibo(shell):
    ada = shell.sandbox.kibo.add_customer("ada@example.com", True)
    shell.json("sync", "export")
    shell.sandbox.cc.unsubscribe("ada@example.com")
    kill_at(shell, "accounts", "sync", "inbound", service="kibo", method="GET")
    assert shell.sandbox.kibo.customer(ada)["acceptsMarketing"]
    shell.json("sync", "inbound")
    assert not shell.sandbox.kibo.customer(ada)["acceptsMarketing"]


def test_an_event_survives_a_kill_while_the_person_is_signed_up(shell):
    shell.json("settings", "set", "welcome_email=true")
    shell.json("sync", "export")
    shell.json("sync", "events")
    shell.sandbox.kibo.add_customer("eve@example.com", True)
    kill_at(shell, "sign_up_form", "sync", "events")
    done = shell.json("sync", "events")
    assert done["status"] == "COMPLETE"
    assert shell.json("events")["events"] == []
    list_id = shell.sandbox.cc.list_id("Kibo customers")
    assert shell.sandbox.cc.members(list_id) == ["eve@example.com"]
    assert [mail["kind"] for mail in shell.sandbox.cc.mails()] == ["welcome"]


def test_a_killed_programs_lease_does_not_hold_for_ever(shell):
    kill_at(shell, "contact_lists", "sync", "export")
    assert json.loads(shell("runs", "--json").stdout)["runs"][0]["status"] == "INTERRUPTED"
