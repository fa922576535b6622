"""The command line as a script sees it: real HTTP, exit codes and one JSON document."""

import json
import os
import subprocess
import sys
import threading
import time

import pytest

from ccdesk.auth.vault import FileVault
from ccdesk.cli.main import main
from ccdesk.container import open_container
from ccdesk.core.models import Link
from ccdesk.core.runs import EventStatus, QueuedEvent
from ccdesk.paths import Paths
from ccdesk.sandbox.wire.kernel import Fault


def test_the_whole_walk(process_shell):
    """With a process for each command, as a script does it."""
    shell = process_shell
    shell.set_up()
    assert shell("sync", "export").returncode == 2, "no list is chosen"
    code, out, _ = shell.log_in()
    assert code == 0
    assert json.loads(out)["account"]
    saved = shell.json("settings", "set", "contact_list=Kibo customers", "enabled=true")
    assert (saved["contact_list"], saved["enabled"]) == ("Kibo customers", True)

    ada = shell.sandbox.kibo.add_customer("ada@example.com", True, first_name="Ada")
    bad = shell.sandbox.kibo.add_customer("ada@", True)
    first = shell("sync", "export", "--json")
    assert first.returncode == 0, first.stderr
    assert "list-join automations" in first.stderr
    run = json.loads(first.stdout)
    assert run["kind"] == "export"
    assert (run["status"], run["trigger"], run["total_contacts"]) == ("COMPLETE", "manual", 2)
    assert run["counts"]["added"] == run["error_count"] == 1
    assert run["errors"][0]["customer_id"] == bad
    assert {entry["customer_id"]: entry["outcome"] for entry in run["entries"]} == {
        ada: "added",
        bad: "error",
    }
    assert run["api_calls"]["constant_contact"] > 0
    assert run["started_at"].endswith("Z")

    assert shell.json("runs")["runs"][0]["id"] == run["id"]
    assert shell.json("runs", str(run["id"])) == run

    shell.sandbox.cc.unsubscribe("ada@example.com")
    inbound = shell.json("sync", "inbound")
    assert inbound["counts"]["opted_out"] == 1
    assert not shell.sandbox.kibo.customer(ada)["acceptsMarketing"]

    eve = shell.sandbox.kibo.add_customer("eve@example.com", True)
    queued = shell.json("events")["events"]
    assert [(event["object_id"], event["status"]) for event in queued] == [(eve, "Pending")]
    assert set(queued[0]) >= {"event_id", "object_id", "created_at", "status", "attempts", "error"}
    assert shell.json("sync", "events")["counts"]["added"] == 1
    assert shell.json("events")["events"] == []
    assert eve in {event["object_id"] for event in shell.json("events", "--all")["events"]}

    status = shell.json("status")
    assert status["kibo"]["state"] == status["constant_contact"]["state"] == "connected"
    assert status["kibo"]["tenant"]
    assert status["calls_today"]["used"] > 0

    assert shell("logout").returncode == 0
    assert shell("sync", "export").returncode == 3
    assert shell("status").returncode == 3


@pytest.mark.parametrize("mode", ["works", "hangs"])
def test_a_logout_tells_the_service_and_does_not_wait_for_it(shell, mode):
    shell.set_up()
    shell.sign_in()
    shell.sandbox.cc.set_switches(revoke=mode)
    began = time.monotonic()
    done = shell("logout")
    assert done.returncode == 0
    assert time.monotonic() - began < 20  # the sandbox hangs for a minute
    assert ("has withdrawn the login" in done.stdout) is (mode == "works")
    assert ("did not confirm" in done.stdout) is (mode == "hangs")
    assert "comes from CCDESK_KIBO_SHARED_SECRET" in done.stdout
    if mode == "works":
        (asked,) = [row.body["token"] for row in shell.sandbox.log.all(path="revoke")][:1]
        assert shell.sandbox.cc.oauth.refreshes[asked].dead
    assert shell.json("logout")["withdrawn"] is None  # forgotten: nothing is left to take back


def test_a_logout_says_that_the_kibo_secret_stays_and_how_to_remove_it(shell):
    vault = FileVault(shell.base / "vault.json")
    vault.set("kibo_shared_secret", "s3cret")
    done = shell("settings", "remove-kibo-secret")
    assert "still comes from CCDESK_KIBO_SHARED_SECRET" in done.stderr
    assert vault.get("kibo_shared_secret") == ""

    vault.set("kibo_shared_secret", "s3cret")
    del shell.environment["CCDESK_KIBO_SHARED_SECRET"]
    told = shell("logout").stdout
    assert "Kibo shared secret is still kept" in told
    command = told.rpartition("ccdesk ")[2].split()
    assert shell.json(*command)["kibo_shared_secret_set"] is False
    assert vault.get("kibo_shared_secret") == ""
    assert shell.json("logout")["kibo_shared_secret"] == "none"


def test_bad_input_is_told_in_words_with_the_right_code(shell):
    shell.set_up()
    cases = {
        ("settings", "set", "nonsense=1"): "no setting",
        ("settings", "set", "enabled=perhaps"): "true or false",
        ("settings", "set", "cc_api_url=http://example.com/v3"): "https",
        ("settings", "set", "kibo_tenant_id=abc"): "digits",
        ("settings", "set", "contact_list"): "KEY=VALUE",
        ("settings", "set", "kibo_shared_secret=x"): "Secrets never come from arguments",
        ("runs", "99"): "no run 99",
        ("sync", "sideways"): "invalid choice",
    }
    before = shell("settings", "show").stdout
    for words, says in cases.items():
        done = shell(*words)
        assert done.returncode == 2, words
        assert says in done.stderr, done.stderr
    assert shell("settings", "show").stdout == before


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("status", service="kibo", path="accounts", times=99, status=403), "permission"),
        (
            Fault("status", service="kibo", times=99, status=200, body="<html>", content_type="text/html"),
            "",
        ),
        (Fault("status", service="cc", times=99, status=403, body="{}"), "permission"),
    ],
)
def test_a_service_that_cannot_be_used_is_exit_4_and_nothing_is_lost(shell, fault, says):
    shell.connect()
    shell.sandbox.kibo.add_customer("ada@example.com", True)
    shell.sandbox.faults.add(fault)
    done = shell("sync", "export", "--json")
    assert done.returncode == 4, done.stderr
    run = json.loads(done.stdout)
    assert run["status"] == "FAILED"
    assert run["message"]
    assert says in done.stderr.lower()
    shell.sandbox.faults.clear()
    assert shell.json("sync", "export")["counts"]["added"] == 1


def test_another_host_and_a_wrong_key(shell):
    shell.connect()
    shell.json("settings", "set", "kibo_tenant_url=http://127.0.0.1:9")
    elsewhere = shell("sync", "export")
    assert elsewhere.returncode == 2, "the secret was given for another address, and goes to no other"
    assert "secret" in elsewhere.stderr.lower()
    shell.json("settings", "set", "kibo_tenant_url=")
    wrong = shell("sync", "export", CCDESK_KIBO_SHARED_SECRET="wrong")
    assert wrong.returncode == 4
    assert "secret" in wrong.stderr.lower() or "key" in wrong.stderr.lower()


def test_a_refused_login_is_exit_3(shell):
    shell.set_up()
    code, _, error = shell.log_in("deny")
    assert code == 3
    assert "refused" in error.lower() or "denied" in error.lower()


def test_another_account_is_noticed_and_asked_about(shell):
    shell.set_up()
    shell.log_in()
    code, _, error = shell.log_in("allow", "other")
    assert code == 6
    assert "another" in error
    assert shell("status").returncode == 0, "the former login stays as it was"
    code, _, _ = shell.log_in("allow", "other", "--other-account")
    assert code == 0


def test_a_second_run_beside_the_first_is_exit_5(shell):
    shell.connect()
    shell.sandbox.faults.add(Fault("delay", service="kibo", path="accounts", seconds=4))
    codes = []
    first = threading.Thread(target=lambda: codes.append(shell.process("sync", "export").returncode))
    first.start()
    while not any(row.path.endswith("accounts") for row in shell.sandbox.log.all()):
        if not first.is_alive():
            break
        if any("lists" in row.path for row in shell.sandbox.log.all(service="cc", method="GET")):
            break
    second = shell.process("sync", "export")
    first.join()
    assert sorted([second.returncode, *codes]) == [0, 5]


def test_no_keyring_is_said_and_a_bad_vault_choice_refused(shell):
    shell.set_up()
    bad = shell.process("login", "--no-browser", CCDESK_VAULT="drawer")
    assert bad.returncode == 2
    none = shell.process(
        "login", "--no-browser", "--timeout", "1", CCDESK_VAULT="keyring",
        PYTHON_KEYRING_BACKEND="keyring.backends.fail.Keyring",
    )  # fmt: skip
    assert none.returncode == 2
    assert "CCDESK_VAULT=file" in none.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("sync", "nonsense"), "wrong_use"),
        (("nonsense",), "wrong_use"),
        (("runs", "-5"), "wrong_use"),
        (("runs", "99999999999999999999"), "wrong_use"),
        (("status", "--offline", "--base-dir", "~nobody-of-that-name/x"), "StoreError"),
        (("status", "--offline", "--base-dir", ""), "StoreError"),
    ],
)
def test_wrong_use_is_a_document_too(shell, words, code):
    """A script that asked for JSON reads stdout, whatever it did wrong."""
    assert shell.json(*words, code=2)["error"]["code"] == code


def test_a_current_folder_that_is_gone_is_said(shell, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    command = [sys.executable, "-m", "ccdesk", "--base-dir", "below", "--json", "status", "--offline"]
    done = subprocess.run(
        ["sh", "-c", 'cd "$1" && rmdir "$1" && shift && exec "$@"', "sh", str(gone), *command],
        env={**shell.environment, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "StoreError"
    assert "Traceback" not in done.stderr


def test_json_is_utf_8_whatever_the_terminals_letters(shell):
    """Windows writes into pipes in the letters of one part of the world: half a document came out."""
    shown = shell.json("settings", "set", "contact_list=Żółw 亀")
    assert shown["contact_list"] == "Żółw 亀"
    narrow = shell.process("settings", "show", "--json", PYTHONIOENCODING="ascii")
    assert narrow.returncode == 0
    assert json.loads(narrow.stdout)["contact_list"] == "Żółw 亀"
    assert shell.process("settings", "show", PYTHONIOENCODING="ascii").returncode == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device here")
@pytest.mark.parametrize("words", [("status", "--offline"), ("runs", "7")])
@pytest.mark.parametrize("more", [(), ("--json",)])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_answer_that_cannot_be_written_is_said(shell, words, more, unbuffered):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            shell.command(*words, *more),
            env={**shell.environment, "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert ("could not be written" in done.stderr) == (words[0] == "status")


def completed(shell):
    return [run for run in shell.json("runs")["runs"] if run["status"] == "COMPLETE"]


def test_the_loops_go_on_when_nobody_listens_any_more(shell):
    """The terminal or the pipe that stderr went to is gone: that is no reason to sync nobody's consent."""
    shell.set_up()
    shell.sign_in()
    shell.json("settings", "set", "contact_list=Kibo customers", "enabled=true")
    with subprocess.Popen(
        shell.command("run"), env=shell.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        process.stderr.close()
        deadline = time.monotonic() + 30
        while len(completed(shell)) < 2 and time.monotonic() < deadline:
            time.sleep(0.3)
        process.terminate()
    assert process.returncode == 0
    assert len(completed(shell)) >= 2
    # Ended by us, the loops may have been at a next one.
    assert {run["status"] for run in shell.json("runs")["runs"]} <= {"COMPLETE", "CANCELLED"}


SIGNALLED = """
import os, signal
from ccdesk.cli.stopping import stoppable
told = []
with stoppable(lambda: told.append(1)) as cancel:
    with cancel._cond:  # what a wait holds for an instant, and a signal may come in that one
        os.kill(os.getpid(), signal.SIGTERM)
    assert cancel.wait(10)
assert told
with stoppable() as cancel:
    pass
assert not cancel.is_set()
"""


def test_a_signal_does_not_wait_for_what_it_interrupts():
    """The program hung then, and no further SIGTERM helped."""
    done = subprocess.run(
        [sys.executable, "-c", SIGNALLED], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr


def test_ctrl_c_is_a_document_too(monkeypatch, capsys, tmp_path):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ccdesk.cli.commands.perform", interrupted)
    assert main(["--base-dir", str(tmp_path), "--json", "status"]) == 130
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "stopped"


def test_a_base_dir_that_cannot_be_used(shell, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    shell.base = blocked / "below"
    done = shell("status")
    assert done.returncode == 2
    assert "folder" in done.stderr


def test_environment_beats_what_is_stored(shell):
    shell.set_up()
    shown = json.loads(shell("settings", "show", "--json", CCDESK_CONTACT_LIST="From outside").stdout)
    assert shown["contact_list"] == "From outside"
    assert "CCDESK_CONTACT_LIST" not in os.environ


def test_what_waits_in_the_queue_is_tried_again_by_name_or_all_at_once(connected):
    assert connected.json("events", "retry", "--all")["retried"] == 0
    assert connected("events", "retry").returncode == 2
    assert connected("events", "retry", "nothing", "--all").returncode == 2
    unknown = connected.json("events", "retry", "no-such-entry", code=2)["error"]
    assert "no-such-entry" in unknown["title"]
    with open_container(Paths(connected.base), environment=connected.environment) as container:
        queue, now = container.store.queue, container.clock.now()
        for name, status in (("a", EventStatus.PARKED), ("b", EventStatus.RETRY), ("c", EventStatus.PARKED)):
            queue.add(QueuedEvent(name, ord(name), now))
            queue.save(QueuedEvent(name, ord(name), now, status, next_try_at=now))
    assert connected.json("events", "retry", "a")["retried"] == 1
    assert "No entry a waits" in connected("events", "retry", "a").stderr, "it is due already"
    assert connected.json("events", "retry", "--all")["retried"] == 2


def test_the_queue_names_customers_by_their_email(connected):
    """Of one whose link is not there yet, by the one that the look at Kibo showed."""
    with open_container(Paths(connected.base), environment=connected.environment) as container:
        now = container.clock.now()
        container.store.links.save([Link(97, "ann@example.com")])
        container.store.queue.add(QueuedEvent("a", 97, now, email="older@example.com"))
        container.store.queue.add(QueuedEvent("b", 98, now, email="new@example.com"))
        container.store.queue.add(QueuedEvent("c", 99, now))
    shown = [line.split()[:3] for line in connected("events", "--offline").stdout.splitlines()]
    assert ["a", "97", "ann@example.com"] in shown
    assert ["b", "98", "new@example.com"] in shown
    assert ["c", "99", "–"] in shown
    assert all("email" not in event for event in connected.json("events", "--offline")["events"])


SAID_TO_NOBODY = """
import sys
from ccdesk.cli.main import _let_go_of_lost_output
sys.stderr = open(2, "w", closefd=False)  # what a signal cut off in the middle is still in the buffer
sys.stderr.write("half a line")
_let_go_of_lost_output()
"""


def test_words_that_nobody_took_make_no_other_exit_code():
    """Whoever read stderr is gone: Python would try again at its own end, and end with 120."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as stderr:
        words = [sys.executable, "-c", SAID_TO_NOBODY]
        done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=stderr, check=False)
    assert done.returncode == 0
