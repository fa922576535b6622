"""The packaged program does what the program does: the tour, an upgrade, why, bundle and replay."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from ccdesk.container import open_container
from ccdesk.paths import Paths
from ccdesk.store.migrations import prepare
from ccdesk.store.schema import STEPS
from tests.packaged.conftest import Packaged


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


OF_THE_FIRST = """
INSERT INTO setting VALUES ('contact_list', 'Friends of the shop');
INSERT INTO link VALUES (7, 'ann@example.com', 'ann@example.com', 'c7', 'owned', 'synced', 1, 1,
    '2025-02-03T04:05:06.789Z', 1, 'w', 'r', '2025-03-01T09:00:30.000Z', NULL, NULL, NULL, '', '', '');
INSERT INTO run VALUES (1, 'export', 'manual', 'COMPLETE', '2025-03-01T09:00:00.000Z',
    '2025-03-01T09:01:00.000Z', 1, 0, '{"added": 1}', 3, 2, '', NULL);
INSERT INTO entry VALUES (1, 1, 'added', 1, 7, 'ann@example.com', 'imported', '');
INSERT INTO event VALUES ('e1', 7, '2025-03-01T10:00:00.000Z', 'Parked', 5, 'no answer', NULL, NULL, '');
"""


def test_the_data_of_the_very_first_version_are_all_kept(shell: Packaged) -> None:
    """The packaged program brings them up to date on its first start, and leaves a copy as they were."""
    shell.base.mkdir(mode=0o700)
    data = Paths(shell.base).database
    prepare(data, STEPS[:1])
    with closing(sqlite3.connect(data)) as file:
        file.executescript(OF_THE_FIRST)
    before = _rows(data)
    assert shell.json("settings", "show")["contact_list"] == "Friends of the shop"
    assert [(run["kind"], run["counts"]["added"]) for run in shell.json("runs")["runs"]] == [("export", 1)]
    told = shell.json("why", "ann@example.com")
    assert (told["shop"]["opted_in"], told["mail"]["on_list"]) == (True, True)
    assert told["verdict"]["wants_mail"] is None, "a change of theirs waits, and nobody knows what it says"
    assert [event["object_id"] for event in shell.json("events")["events"]] == [7]
    after = _rows(data)
    for table, rows in before.items():
        kept = [{name: row[name] for name in row if name in after[table][0]} for row in rows]
        assert [{name: row[name] for name in kept[0]} for row in after[table]] == kept
    assert _rows(data.with_name(f"{data.name}.v1.bak")) == before


def _rows(file: Path) -> dict[str, list[dict[str, object]]]:
    """Return what the tables hold that `OF_THE_FIRST` has filled."""
    with closing(sqlite3.connect(file)) as opened:
        opened.row_factory = sqlite3.Row
        tables = re.findall(r"INSERT INTO (\w+)", OF_THE_FIRST)
        return {one: [dict(row) for row in opened.execute(f"SELECT * FROM {one}")] for one in tables}


def test_the_stream_of_the_loops_is_written_line_by_line(connected):
    on_windows = sys.platform == "win32"  # there nothing but Ctrl+Break ends a program in order
    with subprocess.Popen(
        connected.command("run", "--json"),
        env=connected.environment,
        stdout=subprocess.PIPE,
        text=True,
        creationflags=subprocess.CREATE_NEW_PROCESS_GROUP if on_windows else 0,
    ) as process:
        assert '"event": "started"' in process.stdout.readline()
        process.send_signal(signal.CTRL_BREAK_EVENT if on_windows else signal.SIGTERM)
        assert '"event": "stopped"' in process.stdout.readlines()[-1]
    assert process.returncode == 0
