"""Bundles of random schedules: nobody can be recognised, and what had happened happens again from them."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ccdesk.core.bundles import Wanted
from ccdesk.support.bundle_file import open_bundle
from ccdesk.support.replay import Replayed, replay
from tests.soak import play as playing
from tests.soak.conftest import amount
from tests.soak.schedule import make

# Entries of the queue have random ids, so a run done again takes them in another order: where a schedule has
# ccdesk remember but two readings, other accounts are then read once more.
OF_ALL = 0.95


@pytest.fixture
def bundled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[int], list[Replayed]]:
    """Return what plays a schedule, makes a bundle before its calm end, and does the runs in it again."""
    results: list[Replayed] = []

    def look(player: playing.Player) -> None:
        path = tmp_path / f"{player.schedule.seed}.zip"
        player.bench.container.save_bundle(path, Wanted())
        emails = [account.email or "" for account in player.bench.kibo.book]
        with zipfile.ZipFile(path) as packed:
            everything = b"\0".join(packed.read(name) for name in packed.namelist()).lower()
        for email in (one.strip().lower() for one in emails):
            assert not email or email.encode() not in everything, email
        with open_bundle(path) as opened:
            if opened.run_ids:
                results.extend(replay(opened, None, lambda _text: None))
        one_person(player, emails)

    def one_person(player: playing.Player, emails: list[str]) -> None:
        """Do again the newest run about one person, from a bundle about that person alone."""
        container = player.bench.container
        known = [one for one in emails if one and container.store.people.find(one, 1)]
        for number, email in enumerate(known[:2]):
            path = tmp_path / f"{player.schedule.seed}-{number}.zip"
            made = container.save_bundle(path, Wanted(email))
            with open_bundle(path) as opened:
                results.extend(replay(opened, max(made.runs), lambda _text: None) if made.runs else ())

    def bundled(seed: int) -> list[Replayed]:
        results.clear()
        monkeypatch.setattr(playing.Player, "calm_end", look)
        playing.play(make(seed))
        return list(results)

    return bundled


def test_what_happened_in_a_schedule_happens_again(
    bundled: Callable[[int], list[Replayed]], seed: int, say: Callable[[str], None]
) -> None:
    done: list[Replayed] = []
    for number in range(amount(4, 60)):
        done += bundled(700_001 + 1_000 * (seed - 1) + number)
    same = sum(one.same for one in done)
    say(f"bundles: {len(done)} recorded runs done once more, {same} ended as they had")
    for one in done:
        if not one.same:
            say(f"  run {one.id} ({one.kind}): {'; '.join(one.differences)[:200]}")
    assert done
    assert same >= OF_ALL * len(done)
