"""The power goes in the middle: a real process is killed, the next one goes on, nobody is lost."""

import json
import signal
import subprocess
import time

import pytest

from ccdesk.sandbox.cc_switches import CcSwitches
from ccdesk.sandbox.kernel import Fault
from ccdesk.sandbox.run import Sandbox
from tests.cli.test_cli import Shell


@pytest.fixture
def shell(tmp_path):
    with Sandbox(cc_switches=CcSwitches(limits_on=False, activity_seconds=0.0)) as sandbox:
        shell = Shell(sandbox, tmp_path / "base")
        shell.set_up()
        shell.log_in()
        shell.json("settings", "set", "contact_list=Kibo customers")
        yield shell


def kill_at(shell, path, *words, service="cc", method=""):
    """Start a command and kill it while the sandbox keeps it waiting for the answer to a request."""
    shell.sandbox.faults.add(Fault("delay", service=service, method=method, path=path, seconds=3))
    mark = shell.sandbox.log.mark()
    process = subprocess.Popen(
        shell.command(*words), env=shell.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    held = shell.sandbox.faults
    deadline = time.monotonic() + 30
    while held._faults and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None, "the process ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()
    while not shell.sandbox.log.all(service=service, path=path, since=mark) and time.monotonic() < deadline:
        time.sleep(0.01)  # the sandbox finishes what it had received, as a real service would


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
