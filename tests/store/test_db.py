from __future__ import annotations

import gc
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace

import peewee
import pytest

from ccdesk.core.errors import StoreError
from ccdesk.core.exporting import Candidate
from ccdesk.core.models import Customer, Link
from ccdesk.core.runs import Entry, Outcome, RunKind, Trigger
from ccdesk.store import db, troubles
from ccdesk.store.db import Database
from ccdesk.store.presence import marker_of
from ccdesk.store.schema import STEPS
from ccdesk.store.store import SqliteStore
from ccdesk.store.troubles import BY_CODE, translated
from tests.stand_ins import but
from tests.store.conftest import NOON, in_thread


def code_of(work: Callable[[], object]) -> str:
    with pytest.raises(StoreError) as caught:
        work()
    error = caught.value
    assert error.title
    assert error.meaning
    assert error.next_step
    return error.code


@pytest.fixture
def _unsynced() -> None:
    """As it is for users."""


def test_every_connection_is_set_up_for_safe_sharing(store: SqliteStore) -> None:
    def pragmas() -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return [store._database.statement(f"PRAGMA {name}")[0][0] for name in names]

    assert pragmas() == ["wal", 2, 1, 15_000]
    assert in_thread(pragmas) == pragmas()


def test_a_transaction_is_whole_or_nothing(store: SqliteStore) -> None:
    def fail_late() -> None:
        with store.transaction():
            store.links.save([Link(1)])
            with store.transaction():
                store.state.set("a", "1")
            raise KeyError

    with pytest.raises(KeyError):
        fail_late()
    assert (store.links.count(), store.state.get("a")) == (0, "")


def test_an_inner_failure_can_be_survived(store: SqliteStore) -> None:
    def fail() -> None:
        with store.transaction():
            store.links.save([Link(2)])
            raise KeyError

    with store.transaction():
        store.links.save([Link(1)])
        with pytest.raises(KeyError):
            fail()
    assert [link.customer_id for link in store.links.page(-1, 9)] == [1]


def test_readers_go_on_while_another_writes(store: SqliteStore) -> None:
    with store.transaction():
        store.links.save([Link(1)])
        assert in_thread(store.links.count) == 0
    assert in_thread(store.links.count) == 1


def test_a_writer_that_waits_too_long_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "WAIT_SECONDS", 0.05)
    store = SqliteStore(path)
    with store.transaction():
        code = in_thread(lambda: code_of(lambda: store.links.save([Link(1)])))
    assert code == "store_locked"
    store.close_all()


def test_threads_write_side_by_side(store: SqliteStore) -> None:
    def work(part: int) -> None:
        for number in range(20):
            store.links.save([Link(part * 100 + number)])
            store.calls.add("cc", "2026-03-01", "export")

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.links.count() == 80
    assert store.calls.used("cc", "2026-03-01") == {"export": 80}


def test_a_thread_that_ends_leaves_no_connection(store: SqliteStore) -> None:
    store.links.count()
    for _ in range(5):
        in_thread(store.links.count)
    gc.collect()
    assert len(store._database.peewee.opened) == 1
    store.close()
    gc.collect()
    assert len(store._database.peewee.opened) == 0
    assert store.links.count() == 0, "the next use opens another"


def test_close_all_ends_the_store_in_every_thread(store: SqliteStore) -> None:
    opened, closed = threading.Event(), threading.Event()

    def work() -> str:
        store.links.count()
        opened.set()
        assert closed.wait(10)
        return code_of(store.links.count)

    codes: list[str] = []
    thread = threading.Thread(target=lambda: codes.append(work()))
    thread.start()
    assert opened.wait(10)
    store.close_all()
    closed.set()
    thread.join()
    assert codes == ["store_closed"]
    assert code_of(lambda: store.links.save([Link(1)])) == "store_closed"


def test_a_connection_closed_under_a_thread_is_said_in_words(store: SqliteStore) -> None:
    store._database.connection().close()
    assert code_of(store.links.count) == "store_closed"


def test_a_full_disk_loses_only_the_last_step(store: SqliteStore) -> None:
    store.links.save([Link(1)])
    pages = store._database.statement("PRAGMA page_count")[0][0]
    store._database.statement(f"PRAGMA max_page_count = {pages + 20}")

    def fill() -> None:
        with store.transaction(), store.transaction():
            for number in range(2, 400):
                store.links.save([Link(number, note="x" * 4000)])

    assert code_of(fill) == "store_full"
    assert code_of(lambda: store.links.save([Link(n, note="x" * 4000) for n in range(99)])) == "store_full"
    assert store.links.count() == 1
    store.state.set("a", "still works")


def test_a_read_only_file_says_so(store: SqliteStore) -> None:
    store._database.statement("PRAGMA query_only = 1")
    assert code_of(lambda: store.links.save([Link(1)])) == "store_read_only"


def test_a_file_that_vanished_does_not_come_back_empty(store: SqliteStore, path: Path) -> None:
    store.close()
    path.unlink()
    assert code_of(store.links.count) == "store_cannot_open"
    assert not path.exists()
    for _ in range(2):
        with pytest.raises(StoreError) as caught:
            SqliteStore(path)
        assert caught.value.code == "store_gone"
        assert f"{path.name}.made" in caught.value.next_step
        assert not path.exists()
    marker_of(path).unlink()
    SqliteStore(path).close_all()
    assert path.exists(), "whoever wants to start anew can"


def test_a_missing_file_names_its_backups(store: SqliteStore, path: Path) -> None:
    store.close()
    path.rename(path.with_name(f"{path.name}.v1.bak"))
    with pytest.raises(StoreError, match=r"ccdesk\.db\.v1\.bak"):
        SqliteStore(path)


def test_a_backup_put_back_beside_another_files_log_is_refused(tmp_path: Path) -> None:
    """SQLite would mix the two, and say nothing of it until much later."""
    path = tmp_path / "ccdesk.db"

    def write(ids: Iterable[int], note: str) -> SqliteStore:
        store = SqliteStore(path)
        store.links.save([Link(number, f"{note[:2]}{number}@example.com", note=note) for number in ids])
        return store

    write(range(300), "a" * 200).close_all()
    backup = path.read_bytes()
    write(range(3000), "b" * 300).close_all()
    running = write(range(1000, 1800, 7), "c")
    left = tmp_path / "left"
    shutil.copytree(tmp_path, left)
    running.close_all()

    cut_off = left / path.name
    log = cut_off.with_name(f"{path.name}-wal").read_bytes()
    SqliteStore(Path(shutil.copytree(left, tmp_path / "whole")) / path.name).close_all()
    cut_off.write_bytes(backup)
    with pytest.raises(StoreError) as caught:
        SqliteStore(cut_off)
    assert caught.value.code == "store_damaged"
    assert "-wal" in caught.value.next_step
    assert cut_off.read_bytes() == backup, "and the backup is still one"
    assert cut_off.with_name(f"{path.name}-wal").read_bytes() == log
    for suffix in ("-wal", "-shm"):
        cut_off.with_name(f"{path.name}{suffix}").unlink()
    store = SqliteStore(cut_off)
    assert store.links.count() == 300
    store.close_all()


def test_a_file_made_before_there_were_markers_gets_one(store: SqliteStore, path: Path) -> None:
    marker_of(path).unlink()
    SqliteStore(path).close_all()
    assert marker_of(path).exists()


def test_damage_found_later_is_said_in_words(store: SqliteStore, path: Path) -> None:
    store.links.save([Link(number, note="x" * 500) for number in range(200)])
    store.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    assert code_of(lambda: store.links.page(-1, 500)) == "store_damaged"
    assert code_of(lambda: store.state.set("a", "1")) == "store_damaged", "it is not used any further"
    path.write_bytes(b"\xff" * 4096 + whole[4096:])
    later = Database(path)
    assert code_of(lambda: later.statement("SELECT * FROM link")) == "store_not_ours"
    later.close_all()


def test_a_file_deleted_under_an_open_store_takes_no_more(store: SqliteStore, path: Path) -> None:
    """The system would go on taking writes for it, and nobody would ever find them."""
    store.state.set("a", "1")
    kept = path.rename(path.with_name("elsewhere"))
    assert code_of(lambda: store.state.set("a", "2")) == "store_exchanged"
    assert code_of(lambda: store.links.save([Link(1)])) == "store_exchanged"
    assert code_of(lambda: store.lease.acquire("Export")) == "store_exchanged"
    kept.rename(path)
    store.state.set("a", "3")
    assert store.state.get("a") == "3"


def test_another_file_put_in_its_place_takes_none_either(
    store: SqliteStore, path: Path, tmp_path: Path
) -> None:
    """A backup copied back while a window is open."""
    store.state.set("a", "1")
    other = SqliteStore(tmp_path / "other.db")
    other.close_all()
    (tmp_path / "other.db").replace(path)
    assert code_of(lambda: store.state.set("a", "2")) == "store_exchanged"


def test_another_file_put_in_its_place_before_the_first_write_takes_none_either(
    store: SqliteStore, path: Path, tmp_path: Path
) -> None:
    """A window that has only looked so far: its writes would go into the file that has no name any more."""
    assert store.links.count() == 0
    other = SqliteStore(tmp_path / "other.db")
    other.close_all()
    (tmp_path / "other.db").replace(path)
    assert code_of(lambda: store.state.set("a", "2")) == "store_exchanged"


def test_a_store_left_open_over_an_update_writes_no_more(store: SqliteStore, path: Path) -> None:
    """An old window beside a new ccdesk: it does not know any more how things are written."""
    store.state.set("a", "1")
    store._database.statement(f"PRAGMA user_version = {len(STEPS) + 1}")
    assert code_of(lambda: store.state.set("a", "2")) == "store_newer"
    assert code_of(lambda: store.lease.acquire("Export")) == "store_newer"
    assert code_of(lambda: store.calls.add("cc", "2026-03-01", "export")) == "store_newer"
    assert store.state.get("a") == "1"


SPOILT = {
    "a moment": "UPDATE run SET started_at = '2026-13-01 at noon'",
    "no text": "UPDATE run SET message = CAST(x'ffff40' AS TEXT)",
    "a word": "UPDATE run SET status = 'RUNNINH'",
    "counts": "UPDATE run SET counts = '{'",
    "another kind": "UPDATE run SET started_at = x'00'",
    "a state": "UPDATE state SET value = 'never'",
    "a link's moment": "UPDATE link SET written_at = 'never'",
    "an entry's outcome": "UPDATE entry SET outcome = '?'",
    "a person to export": "UPDATE export_person SET updated_at = 'never', ownership = '?'",
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_value_that_cannot_be_read_is_damage(store: SqliteStore, what: str) -> None:
    """SQLite finds nothing wrong with a page whose values are spoilt; it is no mistake of ccdesk's either."""
    run = store.runs.start(RunKind.EXPORT, Trigger.MANUAL, NOON)
    store.runs.add_entries(run.id, [Entry(1, "a@example.com", Outcome.ADDED, "new")])
    store.state.set_time("mark", NOON)
    store.links.save([Link(1)])
    store.exports.add([Candidate(Customer(1, "a@example.com", True, updated_at=NOON))])

    def look() -> None:
        store.runs.get(run.id)
        store.state.get_time("mark")
        store.links.page(-1, 9)
        store.runs.entries(run.id, outcome=None, offset=0, limit=9)
        store.exports.undecided(("", 0), 9)

    look()
    store._database.statement(SPOILT[what])
    with pytest.raises(StoreError) as caught:
        look()
    assert caught.value.code == "store_damaged"
    assert "@" not in caught.value.detail


@pytest.mark.parametrize("number", sorted(BY_CODE))
@pytest.mark.parametrize("wrapped", [False, True])
def test_every_known_trouble_is_translated(number: int, wrapped: bool, tmp_path: Path) -> None:
    error = sqlite3.OperationalError("words of the driver")
    error.sqlite_errorcode = number | 3 << 8  # an extended code
    error.sqlite_errorname = "SQLITE_NAME"
    with pytest.raises(StoreError) as caught, translated(tmp_path / "a.db"):
        raise peewee.OperationalError(error, *error.args) if wrapped else error
    assert caught.value.code == BY_CODE[number].code
    assert caught.value.detail == "SQLITE_NAME: words of the driver"
    assert str(tmp_path) in caught.value.meaning


def test_a_drive_without_any_room_is_a_full_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite then fails to grow the index of its log, and reports that as any other error of the disk."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
    for free, code in ((10_000_000, "store_disk"), (1000, "store_full")):
        room = SimpleNamespace(free=free)
        monkeypatch.setattr(troubles, "shutil", but(shutil, disk_usage=lambda place, room=room: room))
        with pytest.raises(StoreError) as caught, translated(tmp_path / "a.db"):
            raise error
        assert caught.value.code == code


def test_our_own_bugs_stay_bugs(store: SqliteStore) -> None:
    with pytest.raises(peewee.OperationalError):
        store._database.statement("SELECT nonsense FROM nowhere")
    with pytest.raises(peewee.OperationalError), store.transaction():
        store.close()
