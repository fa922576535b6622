"""Asking `why` in a story: as last read, read now, and both where they must say the same."""

from __future__ import annotations

from ccdesk.core.why import Why
from tests.e2e.world import World


def ask(world: World, who: str, *, live: bool = False) -> Why:
    """Ask, having checked that nothing was written on either side and that the two ways are counted right."""
    mark, used = world.sandbox.log.mark(), world.desk.status(live=False).calls.used
    runs = world.desk.run_count()
    found: Why = world.desk.why(
        f"{who}@example.com" if "@" not in who and not who.isdecimal() else who, live=live
    )
    assert world.sandbox.log.writes(since=mark) == []
    assert world.desk.run_count() == runs
    assert (world.desk.status(live=False).calls.used > used) is live
    moments = [one.latest for one in found.timeline]
    assert moments == sorted(moments)
    return found


def says(found: Why) -> tuple[bool | None, bool, bool]:
    verdict = found.verdict
    return verdict.wants_mail, verdict.should_be_on_list, verdict.in_step


def both(world: World, who: str) -> tuple[bool | None, bool, bool]:
    """Return the verdict where what is remembered and what is read now must be the same."""
    remembered, now = ask(world, who), ask(world, who, live=True)
    assert says(remembered) == says(now), (remembered.verdict, now.verdict)
    assert (remembered.shop.opted_in, remembered.mail.on_list) == (now.shop.opted_in, now.mail.on_list)
    return says(now)
