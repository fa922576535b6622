"""The power goes at any moment: a real process is killed, the next one goes on, nothing is lost."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ccdesk.service.api import ConnectionState
from ccdesk.store.migrations import prepare
from ccdesk.store.presence import marker_of
from ccdesk.store.schema import STEPS
from ccdesk.store.store import SqliteStore
from tests.e2e.world import World, open_world
from tests.soak.conftest import amount
from tests.soak.cuts import Power, Shop, check_files, finish, replayed

CUTS_A_LIFE = 10


def expire_login(world: World) -> None:
    """The access token has run out, which the process finds out by the first answer."""
    world.cc.expire_tokens()


def save_settings(power: Power, chance: random.Random) -> str:
    """Cut off the saving of two settings, or of a list that is not there yet: both are kept, or none."""
    world = power.world
    before = world.desk.settings()
    days, guests = before.keep_days % 90 + 1, not before.export_guests
    told = power.cut(chance, "settings", "set", f"keep_days={days}", f"export_guests={str(guests).lower()}")
    after = world.desk.settings()
    changed = (after.keep_days == days, after.export_guests is guests)
    assert len(set(changed)) == 1, "half of the settings was saved"
    return told


def log_in_again_if_it_must_be(world: World) -> bool:
    """A refresh token that was spent and whose successor never came is gone: that is told, not hidden."""
    if world.desk.status(live=True).constant_contact.state is not ConnectionState.LOGIN_NEEDED:
        return False
    world.log_in()
    return True


def one_cut(power: Power, shop: Shop, chance: random.Random) -> str:
    kind = chance.choice(
        ("export", "events", "events", "inbound", "inbound", "refresh", "log in", "settings")
    )
    shop.act()
    if kind == "settings":
        return save_settings(power, chance)
    if kind == "log in":
        return power.cut_login(chance)
    if kind == "refresh":
        expire_login(power.world)
        path = "/token" if chance.random() < 0.5 else ""
        return power.cut(chance, "status", "--json", path=path)
    return power.cut(chance, "sync", kind)


def a_life(base: Path, seed: int, life: int, cuts: int, done: Counter[str]) -> None:
    chance = random.Random(f"{seed} {life}")
    with open_world(base) as world, replayed(seed, life) as told:
        world.choose_list(welcome_email="true")
        power, shop = Power(world), Shop(world, chance)
        while len(told) < cuts:
            cut = one_cut(power, shop, chance)
            if cut:
                told.append(cut)
                done[" ".join(cut.split()[:2])] += 1
            world.reopen()
            done["logged in again"] += log_in_again_if_it_must_be(world)
            finish(world)
            shop.check()
            check_files(base)


def test_the_power_goes_at_any_moment(tmp_path: Path, seed: int, say: Callable[[str], None]) -> None:
    left, life = amount(3, 200), 0
    done: Counter[str] = Counter()
    while left > 0:
        cuts = min(CUTS_A_LIFE, left)
        a_life(tmp_path / str(life), seed, life, cuts, done)
        left, life = left - cuts, life + 1
    say(f"power cuts: {dict(done)} in {life} lives")


def test_a_list_is_changed_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half changed, the next run would forget who is on the list, and so not see who left it meanwhile."""

    class Gone(BaseException):
        """The power."""

    def cut_off(self: object, values: object) -> None:
        raise Gone

    with open_world(tmp_path / "base") as world:
        world.choose_list()
        number = world.kibo.add_customer("person@example.com", True)
        world.export()
        world.cycle()
        monkeypatch.setattr(type(world.container.store.settings), "save", cut_off)
        with pytest.raises(Gone):
            world.desk.save_settings({"contact_list": "Another list"})
        monkeypatch.undo()
        world.cc.leave_list("person@example.com", world.list_id)
        world.export()
        world.cycle()
        assert world.members() == set()
        assert not world.opted_in(number)


MIGRATE = """
import sys
from pathlib import Path
from ccdesk.store import migrations
from ccdesk.store.store import SqliteStore
print("ready", flush=True)
sys.stdin.readline()
SqliteStore(Path(sys.argv[1])).close_all()
"""


def old_file(path: Path, people: int) -> None:
    """Make a file of the first schema with that many links and entries, as an old version left it."""
    prepare(path, STEPS[:1])
    marker_of(path).unlink()
    link = ", ".join(f"'{value}'" for value in ("c", "owned", "linked"))
    with closing(sqlite3.connect(path)) as database, database:
        numbers = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {people})"
        database.execute(
            f"INSERT INTO link {numbers} SELECT i, 'p' || i || '@example.com', 'p' || i || '@example.com', "
            f"{link}, 1, 1, NULL, 1, '', '', NULL, NULL, NULL, NULL, '', '', '' FROM n"
        )
        database.execute(
            "INSERT INTO run VALUES (1, 'export', 'manual', 'COMPLETE', '2026-01-01T00:00:00.000000Z', "
            "'2026-01-01T00:01:00.000000Z', 0, 0, '{}', 0, 0, '', NULL)"
        )
        database.execute(
            f"INSERT INTO entry {numbers} SELECT 1, i, 'added', i, i, i || '@example.com', '', '' FROM n"
        )


def check_migrated(path: Path, people: int) -> bool:
    """Open it as the next start does: everything is there. Say whether a backup was made before."""
    with closing(sqlite3.connect(path)) as database:
        before = database.execute("PRAGMA user_version").fetchone()[0]
    backup = path.with_name(f"{path.name}.v1.bak")
    if before > 1:
        assert backup.exists(), "updated without a backup"
    kept = backup.exists()
    store = SqliteStore(path)
    assert store.links.count() == people
    assert store.runs.entry_count(1) == people
    store.close_all()
    for one in (path, backup):
        with closing(sqlite3.connect(one)) as database:
            assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            assert database.execute("SELECT COUNT(*) FROM link").fetchone()[0] == people
    assert list(path.parent.glob("*.partial*")) == []
    return kept


def test_the_power_goes_while_a_file_is_brought_up_to_date(
    tmp_path: Path, seed: int, say: Callable[[str], None]
) -> None:
    chance, people, done = random.Random(seed), amount(3000, 20_000), Counter[str]()
    old_file(tmp_path / "old", people)
    longest = 0.0
    for number in range(amount(3, 31)):
        path = tmp_path / str(number) / "ccdesk.sqlite3"
        path.parent.mkdir()
        shutil.copy(tmp_path / "old", path)
        with subprocess.Popen(
            [sys.executable, "-c", MIGRATE, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            began = time.monotonic()
            process.stdin.write("go\n")
            process.stdin.flush()
            try:
                process.wait(chance.uniform(0, longest) if longest else None)
            except subprocess.TimeoutExpired:
                process.kill()
        longest = longest or time.monotonic() - began
        killed = process.returncode != 0
        kept = check_migrated(path, people)
        done["whole" if not killed else "cut after the backup" if kept else "cut before the backup"] += 1
        shutil.rmtree(path.parent)
    say(f"updates of the data file: {dict(done)}, each about {longest * 1000:.0f} ms")
