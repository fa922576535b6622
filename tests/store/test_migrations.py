from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import peewee
import pytest
from playhouse.migrate import SqliteMigrator, migrate

from ccdesk.core.errors import ExitCode, StoreError
from ccdesk.core.exporting import Chunk, ChunkState
from ccdesk.core.intents import Act, Ended, JournalLine
from ccdesk.core.models import Link, WriteBack, email_key
from ccdesk.core.runs import Entry, Outcome, RunKind, Trigger
from ccdesk.store import backup, migrations
from ccdesk.store.db import Database
from ccdesk.store.migrations import prepare
from ccdesk.store.presence import marker_of
from ccdesk.store.schema import (
    STEPS,
    compare_domains_in_ascii,
    date_reasons,
    find_links_by_contact,
    keep_who_counts,
    note_what_is_undated,
)
from ccdesk.store.schema_journal import take_over_adding, take_over_asked, take_over_noted
from ccdesk.store.store import SqliteStore
from ccdesk.store.tables import TABLES
from tests.stand_ins import but
from tests.store.conftest import NOON

OPEN = "import sys; from pathlib import Path; from ccdesk.store.store import SqliteStore; "


def refused(path: Path, **more: object) -> StoreError:
    """Open a file that must be refused, and left exactly as it is."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError) as caught:
        prepare(path, **more)  # type: ignore[arg-type]
    assert (path.read_bytes() if path.is_file() else None) == before
    assert caught.value.exit_code is ExitCode.WRONG_USE
    assert caught.value.meaning
    assert caught.value.next_step
    return caught.value


def add_color(migrator: SqliteMigrator) -> None:
    """Rebuild a table that others refer to, as a later version might."""
    migrate(  # type: ignore[no-untyped-call]
        migrator.add_column("run", "color", peewee.TextField(default="green")),
        migrator.drop_column("run", "message"),
    )


def failing(migrator: SqliteMigrator) -> None:
    add_color(migrator)
    raise RuntimeError("power cut")


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_the_tables_are_what_the_models_say(store: SqliteStore) -> None:
    for model in TABLES:
        meta = model._meta
        found = store._database.statement(f"PRAGMA table_info({meta.table_name})")
        columns = [(name, bool(needed or key)) for _, name, _, needed, _, key in found]
        assert columns == [(field.column_name, not field.null) for field in meta.sorted_fields]
    names = store._database.statement("SELECT name FROM sqlite_master WHERE type = 'table'")
    assert {name for (name,) in names} - {"sqlite_sequence"} == {model._meta.table_name for model in TABLES}


@pytest.mark.skipif(sys.platform == "win32", reason="file modes")
def test_a_new_file_is_for_its_owner_only(store: SqliteStore, path: Path) -> None:
    store.links.save([Link(1)])
    for one in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        assert stat.S_IMODE(one.stat().st_mode) == 0o600


def test_any_folder_name_will_do(tmp_path: Path) -> None:
    folder = tmp_path / "Grüße #1 100% a&b=c"
    folder.mkdir()
    store = SqliteStore(folder / "ccdesk.db")
    store.links.save([Link(1)])
    store.close_all()
    assert {one.name for one in folder.iterdir()} == {"ccdesk.db", "ccdesk.db.made"}


def test_opening_again_changes_nothing(path: Path, opened: Callable[[], SqliteStore]) -> None:
    opened().links.save([Link(1)])
    assert opened().links.get(1) == Link(1)
    assert list(path.parent.glob("*.bak")) == []


def test_an_older_file_is_backed_up_then_brought_up_to_date(path: Path) -> None:
    store = SqliteStore(path)
    run = store.runs.start(RunKind.EXPORT, Trigger.MANUAL, NOON)
    store.runs.add_entries(run.id, [Entry(1, "a", Outcome.ADDED, "")])
    # The store stays open: what was written is still in the write-ahead log, and belongs in the backup.
    prepare(path, (*STEPS, add_color))
    assert version(path) == len(STEPS) + 1
    assert store.runs.entry_count(run.id) == 1, "rebuilding the parent must not delete what refers to it"
    assert store._database.statement("SELECT color FROM run") == [("green",)]
    store.close_all()

    backup = path.with_name(f"{path.name}.v{len(STEPS)}.bak")
    if sys.platform != "win32":
        assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    saved = SqliteStore(backup)
    assert saved.runs.get(run.id) == run
    saved.close_all()
    markers = {marker_of(path).name, marker_of(backup).name}
    assert {one.name for one in path.parent.iterdir()} == {path.name, backup.name} | markers


def test_links_of_a_domain_beyond_ascii_are_found_by_its_ascii_form(path: Path) -> None:
    before = STEPS.index(compare_domains_in_ascii)
    prepare(path, STEPS[:before])
    keys = ["info@kältetechnik-xyz.de", "jörg@example.com", "ada@example.com", "info@xn--bcher-kva.de"]
    with closing(sqlite3.connect(path)) as old, old:
        columns = [row for row in old.execute("PRAGMA table_info(link)") if row[3] and row[4] is None]
        for number, key in enumerate(keys, 1):
            values = {"customer_id": number, "email": key, "email_key": key, "state": "synced"}
            row = {one[1]: values.get(one[1], 0 if one[2] == "INTEGER" else "") for one in columns}
            marks = ", ".join("?" * len(row))
            old.execute(f"INSERT INTO link ({', '.join(row)}) VALUES ({marks})", list(row.values()))
            old.execute("INSERT INTO former_member VALUES ('l1', ?, ?, 1)", (number, key))
    store = SqliteStore(path)
    found = [len(store.links.by_email(email_key(key))) for key in keys]
    one = store.links.by_email("info@xn--kltetechnik-xyz-0kb.de")[0]
    store.close_all()
    assert found == [1, 1, 1, 1]
    assert one.email == keys[0]
    with closing(sqlite3.connect(path)) as new:
        kept = [row[0] for row in new.execute("SELECT email_key FROM former_member ORDER BY customer_id")]
    assert kept == [email_key(key) for key in keys]


def test_a_step_that_fails_leaves_the_file_as_it_was_before_it(path: Path) -> None:
    prepare(path)
    with pytest.raises(RuntimeError, match="power cut"):
        prepare(path, (*STEPS, failing))
    assert version(path) == len(STEPS)
    store = SqliteStore(path)
    store.runs.start(RunKind.EXPORT, Trigger.MANUAL, NOON)
    store.close_all()
    prepare(path, (*STEPS, add_color))
    assert version(path) == len(STEPS) + 1


def test_a_step_that_tears_rows_from_their_parents_is_undone(path: Path) -> None:
    store = SqliteStore(path)
    run = store.runs.start(RunKind.EXPORT, Trigger.MANUAL, NOON)
    store.runs.add_entries(run.id, [Entry(1, "a", Outcome.ADDED, "")])

    def careless(migrator: SqliteMigrator) -> None:
        migrator.database.execute_sql("DELETE FROM run")

    with pytest.raises(RuntimeError, match="without their parent"):
        prepare(path, (*STEPS, careless))
    assert store.runs.get(run.id) == run
    store.close_all()


def test_without_a_backup_nothing_is_migrated(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(path)

    def no_space(*arguments: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "os", but(os, open=no_space))
    assert refused(path, steps=(*STEPS, add_color)).code == "store_no_backup"
    assert version(path) == len(STEPS)


def test_what_killed_programs_left_of_a_backup_goes_away(path: Path) -> None:
    """It holds email addresses; one of a program that is at it just now stays."""
    prepare(path)
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    gone, other = (path.with_name(f"{path.name}.{number}.partial") for number in (process.pid, os.getppid()))
    journal = gone.with_name(f"{gone.name}-journal")
    for left in (gone, journal, other):
        left.write_text("ann@example.com")
    prepare(path, (*STEPS, add_color))
    assert [one.exists() for one in (gone, journal, other)] == [False, False, True]


def test_a_newer_file_is_refused(path: Path) -> None:
    prepare(path, (*STEPS, add_color))
    error = refused(path)
    assert error.code == "store_newer"
    assert "newer version" in error.title


def test_another_programs_database_is_refused(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")
    assert refused(path).code == "store_not_ours"


@pytest.mark.parametrize("content", [b"garbage" * 1000, b"{}"])
def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert refused(path).code == "store_not_ours"


def test_an_emptied_file_is_not_taken_for_a_new_one(path: Path) -> None:
    path.touch(0o600)
    os.utime(path, (0, 0))
    assert refused(path).code == "store_emptied"


def test_an_emptied_file_is_known_at_once_by_the_marker_beside_it(path: Path) -> None:
    prepare(path)
    os.truncate(path, 0)
    assert refused(path).code == "store_emptied"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_a_link_that_leads_nowhere_is_no_read_only_file(path: Path) -> None:
    """A drive that is not there just now."""
    path.symlink_to(path.with_name("nowhere") / path.name)
    assert refused(path).code == "store_cannot_open"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_or_a_link_of_another_user_is_refused(path: Path) -> None:
    """They may have written in it who agreed to mail."""
    prepare(path)
    os.chown(path, 54321, 54321)
    assert refused(path).code == "store_not_yours"
    os.chown(path, 0, 0)
    link = path.with_name("link.db")
    link.symlink_to(path)
    prepare(link)
    os.chown(link, 54321, 54321, follow_symlinks=False)
    assert refused(link).code == "store_not_yours"


def test_an_empty_file_made_just_now_is_somebody_creating_it(path: Path) -> None:
    path.touch(0o600)
    prepare(path)
    assert version(path) == len(STEPS)


def test_a_write_ahead_log_without_its_file_is_not_swallowed(path: Path) -> None:
    left = path.with_name(f"{path.name}-wal")
    left.write_bytes(b"changes")
    assert refused(path).code == "store_main_file_gone"
    assert left.read_bytes() == b"changes"
    assert not path.exists()


def test_a_folder_in_its_place_and_a_missing_folder(tmp_path: Path) -> None:
    assert refused(tmp_path).code == "store_is_folder"
    assert refused(tmp_path / "missing" / "ccdesk.db").code == "store_no_folder"
    (tmp_path / "file").write_text("")
    assert refused(tmp_path / "file" / "ccdesk.db").code == "store_no_folder"


def test_a_disk_that_refuses_the_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, code in ((30, "store_read_only"), (36, "store_cannot_open"), (28, "store_full")):

        def refuse(*arguments: object, number: int = number) -> int:
            raise OSError(number, os.strerror(number))

        monkeypatch.setattr(migrations, "os", but(os, open=refuse))
        assert refused(path).code == code


READ_ONLY = (
    OPEN
    + """
import os, shutil, tempfile
from ccdesk.core.errors import StoreError
with tempfile.TemporaryDirectory() as warm:  # nobody may not be allowed to read what is imported late
    SqliteStore(Path(warm) / "ccdesk.db").close_all()
if os.geteuid() == 0:  # root may write anywhere
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
base = Path(tempfile.mkdtemp())
path = base / "ccdesk.db"
def attempt():
    try:
        SqliteStore(path).close_all()
    except StoreError as error:
        print(error.code)
    else:
        print("opened")
base.chmod(0o555)
attempt()
base.chmod(0o755)
attempt()
base.chmod(0o555)
attempt()
base.chmod(0o755)
path.chmod(0o444)
attempt()
shutil.rmtree(base)
"""
)


@pytest.mark.skipif(sys.platform == "win32", reason="file modes")
def test_a_read_only_folder_or_file_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-c", READ_ONLY],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "TMPDIR": "/tmp"},
    )
    assert done.stderr == ""
    assert done.stdout.split() == ["store_read_only", "opened", "store_read_only", "store_read_only"]


def test_several_processes_may_create_it_at_once(path: Path) -> None:
    work = OPEN + "s = SqliteStore(Path(sys.argv[1])); s.calls.add('cc', 'today', 'export'); s.close_all()"
    processes = [
        subprocess.Popen([sys.executable, "-c", work, str(path)], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for process in processes:
        assert process.communicate(timeout=60)[1] == ""
    store = SqliteStore(path)
    assert store.calls.used("cc", "today") == {"export": 4}
    store.close_all()


def test_two_programs_may_bring_it_up_to_date_at_once(path: Path) -> None:
    prepare(path)

    def meanwhile(migrator: SqliteMigrator) -> None:
        raise AssertionError("the other one has done this step")

    def faster(database: Database) -> Path:
        prepare(path, (*STEPS, add_color))
        return path

    with pytest.MonkeyPatch.context() as patch:
        real = migrations.back_up
        patch.setattr(
            migrations, "back_up", lambda db: (patch.setattr(migrations, "back_up", real), faster(db))
        )
        prepare(path, (*STEPS, meanwhile))
    assert version(path) == len(STEPS) + 1


def test_pending_write_backs_of_a_file_from_before_are_counted_from_the_migration_on(
    path: Path, opened: Callable[[], SqliteStore]
) -> None:
    prepare(path, STEPS[:3])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO link SELECT 7, 'a@example.com', 'a@example.com', '', '', 'opted_out_there', NULL, 1,"
            " NULL, 0, '', '', NULL, NULL, NULL, NULL, 'opt_out', 'unsubscribed', '', 0"
        )
    store = opened()
    waiting = store.links.pending_summary(WriteBack.OPT_OUT, shown=1)
    assert (waiting.count, waiting.ids) == (1, ("7",))
    assert waiting.since is not None
    assert abs(waiting.since - datetime.now(UTC)) < timedelta(minutes=1)


def test_entries_of_a_file_from_before_have_no_day(path: Path, opened: Callable[[], SqliteStore]) -> None:
    prepare(path, STEPS[: STEPS.index(date_reasons)])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            'INSERT INTO run (kind, "trigger", status, started_at, total_contacts, error_count, counts,'
            " calls_constant_contact, calls_kibo, message) VALUES ('inbound', 'manual', 'COMPLETE', '', 1, 0,"
            " '{}', 0, 0, '')"
        )
        connection.execute(
            "INSERT INTO entry VALUES (1, 1, 'opted_out', 1, 7, 'a@example.com', 'unsubscribed', '')"
        )
    told = Entry(7, "a@example.com", Outcome.OPTED_OUT, "unsubscribed")
    assert opened().runs.entries(1, outcome=None, offset=0, limit=9) == [told]


def test_commands_of_a_file_from_before_whose_end_is_not_known_are_open_in_the_journal(
    path: Path, opened: Callable[[], SqliteStore]
) -> None:
    prepare(path, STEPS[: STEPS.index(take_over_adding)])
    moment, off = "2026-03-01T11:00:00.000000Z", "opted out in Kibo: being taken off the list"
    links = [  # number, contact, hash of what was sent, written at, note, begun
        (1, "c1", "hash", moment, off, 1),
        (2, "", "hash", moment, "", 1),
        (3, "c3", "", None, "", 1),
        (4, "c4", "hash", moment, off, 0),
    ]
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("INSERT INTO state VALUES ('list.id', 'list-1')")
        columns = [row for row in old.execute("PRAGMA table_info(link)") if row[3] and row[4] is None]
        for number, contact, digest, written, note, adding in links:
            row = {one[1]: 0 if one[2] == "INTEGER" else "" for one in columns}
            row |= {"customer_id": number, "email": f"P{number}@x.com", "email_key": f"p{number}@x.com"}
            row |= {"contact_id": contact, "written_hash": digest, "written_at": written}
            row |= {"state": "synced", "note": note, "adding": adding}
            marks = ", ".join("?" * len(row))
            old.execute(f"INSERT INTO link ({', '.join(row)}) VALUES ({marks})", list(row.values()))
    store = opened()
    begun = [(link.begun, link.note) for link in store.links.page(-1, 9)]
    assert begun == [(Act.REMOVE, off), (Act.CREATE, ""), (Act.ADD, ""), (None, off)]
    at = NOON - timedelta(hours=1)
    assert store.intents.of(1) == [JournalLine(Act.REMOVE, 1, "p1@x.com", "list-1", at, "c1", number=1)]
    (line,) = store.intents.of(3)
    assert abs(line.begun - datetime.now(UTC)) < timedelta(minutes=1)
    store.links.save([Link(5, passed_by=True)])
    assert store.links.get(5) == Link(5, passed_by=True)


def test_who_was_asked_for_the_confirmation_in_a_file_from_before_is_not_asked_again(
    path: Path, opened: Callable[[], SqliteStore]
) -> None:
    prepare(path, STEPS[: STEPS.index(take_over_asked)])
    asked = NOON.isoformat(timespec="microseconds")[:-6] + "Z"
    with closing(sqlite3.connect(path)) as old, old:
        columns = [row for row in old.execute("PRAGMA table_info(link)") if row[3] and row[4] is None]
        for number, state, moment in ((1, "confirming", asked), (2, "synced", asked), (3, "synced", None)):
            row = {one[1]: 0 if one[2] == "INTEGER" else "" for one in columns}
            row |= {"customer_id": number, "contact_id": f"c{number}", "state": state}
            row |= {"resubscribe_asked_at": moment}
            marks = ", ".join("?" * len(row))
            old.execute(f"INSERT INTO link ({', '.join(row)}) VALUES ({marks})", list(row.values()))
    store = opened()
    assert [link.asked_at for link in store.links.page(-1, 9)] == [NOON, NOON, None]
    assert [store.intents.asked(f"c{number}") for number in (1, 2, 3)] == [NOON, NOON, None]
    ends = [line.ended for number in (1, 2, 3) for line in store.intents.of(number)]
    assert ends == [Ended.DONE, Ended.UNKNOWN]


def test_accounts_of_a_file_from_before_count_for_as_much_as_their_notes_told(
    path: Path, opened: Callable[[], SqliteStore]
) -> None:
    prepare(path, STEPS[: STEPS.index(keep_who_counts)])
    disabled = "account is not active in Kibo"
    guest = "guest account; guests are not exported (setting)"
    links = [  # note, flag as last acted on, seen set since; active, a guest's
        ("", 1, 0, True, False),
        (disabled, 1, 0, False, False),
        (guest, 1, 0, True, True),
        (disabled, None, 1, False, False),
        (guest, 0, 1, True, True),
        ("something else was noted since", 0, 1, False, False),
        ("sent in vain", None, 1, True, False),
        ("account is not active in Kibo: its opt-in is left as it is", 0, 0, False, False),
    ]
    with closing(sqlite3.connect(path)) as old, old:
        columns = [row for row in old.execute("PRAGMA table_info(link)") if row[3] and row[4] is None]
        for number, (note, opted_in, seen_set, _, _) in enumerate(links, start=1):
            row = {one[1]: 0 if one[2] == "INTEGER" else "" for one in columns}
            row |= {"customer_id": number, "state": "synced", "note": note}
            row |= {"kibo_opted_in": opted_in, "seen_set": seen_set}
            marks = ", ".join("?" * len(row))
            old.execute(f"INSERT INTO link ({', '.join(row)}) VALUES ({marks})", list(row.values()))
    kept = [(link.note, link.active, link.guest) for link in opened().links.page(-1, 9)]
    assert kept == [(note, active, is_guest) for note, _, _, active, is_guest in links]


def test_chunks_of_a_file_from_before_whose_people_were_noted_are_not_noted_again(
    path: Path, opened: Callable[[], SqliteStore]
) -> None:
    prepare(path, STEPS[: STEPS.index(take_over_noted)])
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("INSERT INTO state VALUES ('export.noted', '2')")
        for number in (1, 2, 10):
            values = (number, "import", 1, 9, 9, NOON.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "sent", "job", "[]")
            old.execute(f"INSERT INTO export_chunk VALUES ({', '.join('?' * 9)})", values)
    store = opened()
    chunk = Chunk(1, "import", 1, 9, 9, NOON, ChunkState.SENT, "job", noted=True)
    assert store.exports.chunks() == [chunk, replace(chunk, number=2), replace(chunk, number=10, noted=False)]
    assert store.state.get("export.noted") == ""


def test_links_of_a_file_from_before_are_found_by_their_contacts(
    path: Path, opened: Callable[[], SqliteStore]
) -> None:
    prepare(path, STEPS[: STEPS.index(find_links_by_contact)])
    with closing(sqlite3.connect(path)) as old, old:
        columns = [row for row in old.execute("PRAGMA table_info(link)") if row[3] and row[4] is None]
        for number, contact in ((1, "c1"), (2, ""), (3, "c1")):
            row = {one[1]: 0 if one[2] == "INTEGER" else "" for one in columns}
            row |= {"customer_id": number, "contact_id": contact, "state": "synced"}
            marks = ", ".join("?" * len(row))
            old.execute(f"INSERT INTO link ({', '.join(row)}) VALUES ({marks})", list(row.values()))
    links = opened().links
    assert [one.customer_id for one in links.by_contacts(["c1"])["c1"]] == [1, 3]


def test_opt_outs_of_a_file_from_before_keep_the_dates_they_have(
    path: Path, opened: Callable[[], SqliteStore]
) -> None:
    prepare(path, STEPS[: STEPS.index(note_what_is_undated)])
    moment = NOON.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    with closing(sqlite3.connect(path)) as old, old:
        columns = [row for row in old.execute("PRAGMA table_info(link)") if row[3] and row[4] is None]
        row = {one[1]: 0 if one[2] == "INTEGER" else "" for one in columns}
        row |= {"customer_id": 1, "state": "opted_out_there", "out_since": moment}
        marks = ", ".join("?" * len(row))
        old.execute(f"INSERT INTO link ({', '.join(row)}) VALUES ({marks})", list(row.values()))
    link = opened().links.get(1)
    assert link is not None
    assert (link.out_since, link.undated) == (NOON, False)
