"""The packaged program does what the program does: the tour, an upgrade, why, bundle and replay."""

import os
import subprocess

from ccdesk.container import open_container
from ccdesk.paths import Paths


def test_the_tour(program, tmp_path):
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [program, "demo", "--tour", tmp_path / "tour"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert len(list((tmp_path / "tour").glob("*.png"))) >= 30


def test_a_day_and_what_support_asks_for(connected, tmp_path):
    for number in range(5):
        connected.sandbox.kibo.add_customer(f"p{number}@example.com", True)
    assert connected.json("sync", "export")["counts"]["added"] == 5
    connected.sandbox.cc.unsubscribe("p1@example.com")
    assert connected.json("sync", "inbound")["counts"]["opted_out"] == 1
    told = connected.json("why", "p1@example.com")
    assert told["known"] is True
    assert told["verdict"]["wants_mail"] is False
    bundle = tmp_path / "case.zip"
    connected.json("bundle", str(bundle))
    assert connected.json("replay", str(bundle))["reproduced"] is True


def test_it_goes_on_with_the_data_of_the_version_before(connected):
    """From source first, as an older installation: login, settings, people and runs are kept."""
    connected.sandbox.kibo.add_customer("ann@example.com", True)
    with open_container(Paths(connected.base), environment=connected.environment) as container:
        from ccdesk.core.runs import RunKind

        container.desk.run(RunKind.EXPORT)
    assert [run["counts"]["added"] for run in connected.json("runs")["runs"]] == [1]
    assert connected.json("settings", "show")["contact_list"] == "Kibo customers"
    assert connected.json("why", "ann@example.com")["mail"]["on_list"] is True
    assert connected.json("status")["constant_contact"]["state"] == "connected"


def test_the_stream_of_the_loops_is_written_line_by_line(connected):
    with subprocess.Popen(
        connected.command("run", "--json"), env=connected.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert '"event": "started"' in process.stdout.readline()
        process.terminate()
        assert '"event": "stopped"' in process.stdout.readlines()[-1]
    assert process.returncode == 0
