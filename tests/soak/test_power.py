"""The power goes at any moment: a real process is killed, the next one goes on, nothing is lost."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from ccdesk.core.errors import LoginNeeded
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
    try:
        world.container.connections.tokens(world.desk.settings()).bearer()
    except LoginNeeded:
        world.log_in()
        return True
    return False


def one_cut(power: Power, shop: Shop, chance: random.Random) -> str:
    kind = chance.choice(("export", "events", "events", "inbound", "inbound", "login", "settings"))
    shop.act()
    if kind == "settings":
        return save_settings(power, chance)
    if kind == "login":
        expire_login(power.world)
        return power.cut(chance, "status", "--json")
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
    left, life = amount(3, 170), 0
    done: Counter[str] = Counter()
    while left > 0:
        cuts = min(CUTS_A_LIFE, left)
        a_life(tmp_path / str(life), seed, life, cuts, done)
        left, life = left - cuts, life + 1
    say(f"power cuts: {dict(done)} in {life} lives")
