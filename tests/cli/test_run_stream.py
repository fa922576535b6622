"""`ccdesk run --json`: a line of JSON for each event, out at once."""

import json
import subprocess
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from ccdesk.cli.console import Console
from ccdesk.cli.run import Stream
from ccdesk.core.clock import Clock
from ccdesk.core.errors import LoginNeeded
from ccdesk.core.runs import RunKind
from ccdesk.service.needs_you import Need, NeedKind


@pytest.fixture
def enabled(connected):
    connected.json("settings", "set", "enabled=true")
    return connected


@contextmanager
def running(shell):
    """`ccdesk run --json`, whose lines can be read while it runs."""
    with subprocess.Popen(
        shell.command("run", "--json"),
        env=shell.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until(process, event):
    """Return the events up to the first of this name."""
    found = []
    patience = threading.Timer(80, process.kill)
    patience.start()
    for line in process.stdout:
        found.append(json.loads(line))
        if found[-1]["event"] == event:
            patience.cancel()
            return found
    raise AssertionError(f"no {event} in {found}")


def test_one_line_for_each_event(enabled):
    with running(enabled) as process:
        first = until(process, "run_ended")
        process.terminate()
        last = until(process, "stopped")
        assert process.wait(30) == 0
    names = [one["event"] for one in first]
    assert names[:2] == ["started", "needs_you_changed"]
    assert names[-2:] == ["run_started", "run_ended"]
    assert first[0]["enabled"] is True
    assert first[0]["base_dir"] == str(enabled.base)
    assert first[1]["needs_you"] == []
    assert all(one["at"].endswith("Z") for one in first)
    ended = first[-1]["run"]
    assert (ended["kind"], ended["status"]) == (first[-2]["kind"], "COMPLETE")
    kept = enabled.json("runs")["runs"]
    assert ended in kept
    assert last[-1]["runs"] == len(kept)


def test_it_can_be_stopped_from_its_first_line_on(enabled):
    """The signal came before anybody listened to it: the last line was missing."""
    with running(enabled) as process:
        until(process, "started")
        process.terminate()
        assert until(process, "stopped")[-1]["runs"] == 0
        assert process.wait(30) == 0


def test_what_needs_a_person_is_told_when_it_changes(enabled):
    enabled.sandbox.kibo.add_customer("ann@example.com", True)
    enabled.json("sync", "export")
    enabled.sandbox.cc.delete_list(enabled.sandbox.cc.list_id("Kibo customers"))
    enabled.sandbox.kibo.add_customer("bea@example.com", True)
    with running(enabled) as process:
        assert until(process, "needs_you_changed")[-1]["needs_you"] == []
        needs = until(process, "needs_you_changed")[-1]["needs_you"]
        process.terminate()
        until(process, "stopped")
    assert needs == enabled.json("status", "--offline", code=4)["needs_you"]
    assert needs[0]["stuck"] is True


def stream(needs, capsys):
    """A stream over a desk that needs what `needs` holds in turn, and what returns its new lines."""
    statuses = [SimpleNamespace(needs_you=tuple(some)) for some in needs]
    desk = SimpleNamespace(status=lambda live: statuses.pop(0))
    made = Stream(SimpleNamespace(desk=desk, clock=Clock()), Console(as_json=True))
    return made, lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_run_that_cannot_begin_is_told_and_the_same_needs_are_not_told_again(capsys):
    login = Need(NeedKind.LOGIN)
    made, lines = stream([[login], [login], []], capsys)
    made.run_failed(RunKind.EVENTS, LoginNeeded())
    failed, changed = lines()
    assert (failed["event"], failed["kind"], failed["error"]["code"]) == (
        "run_failed",
        "events",
        "LoginNeeded",
    )
    assert [need["kind"] for need in changed["needs_you"]] == ["login"]
    made.run_failed(RunKind.INBOUND, LoginNeeded())
    assert [line["event"] for line in lines()] == ["run_failed"]
    made.run_failed(RunKind.INBOUND, LoginNeeded())
    assert lines()[-1]["needs_you"] == []


def test_the_loops_go_on_when_nobody_reads_the_lines(enabled):
    """As with stderr: a monitor that died is no reason to sync nobody's consent."""
    with running(enabled) as process:
        until(process, "started")
        process.stdout.close()
        deadline = time.monotonic() + 30
        while len(enabled.json("runs")["runs"]) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.3)
        process.terminate()
        assert process.wait(30) == 0


def test_what_keeps_it_from_starting_is_one_document(shell, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    shell.base = tmp_path / "file" / "below"
    done = shell("run", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "StoreError"
