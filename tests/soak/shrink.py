"""Cutting a failing schedule down: whatever can be left out without the same rule holding again, is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from tests.soak.play import Result, play
from tests.soak.schedule import Schedule, Thing

MOST_TRIES = 400


def rule_of(result: Result) -> str:
    """Return which rule was broken, without the names and numbers."""
    return re.sub(r"\S*@\S*|\d+", "", result.broken[0])[:60] if result.broken else ""


def shrink(schedule: Schedule, result: Result) -> tuple[Schedule, Result]:
    """Return the smallest schedule found that breaks the same rule."""
    rule, tries = rule_of(result), 0
    again = True
    while again:
        again = False
        for smaller in _smaller(schedule):
            tries += 1
            if tries > MOST_TRIES:
                return schedule, result
            found = play(smaller)
            if found.broken and rule_of(found) == rule:
                schedule, result, again = smaller, found, True
                break
    return schedule, result


def _smaller(schedule: Schedule) -> Iterator[Schedule]:
    things = schedule.things
    for size in (len(things) // 2, len(things) // 4, 4, 1):
        for start in range(len(things) - size, -1, -max(1, size)) if size else ():
            yield replace(schedule, things=things[:start] + things[start + size :])
    for index, thing in enumerate(things):
        if thing[0] == "run":
            for which in range(len(thing[2])):
                during = thing[2][:which] + thing[2][which + 1 :]
                yield replace(schedule, things=_with(things, index, ("run", thing[1], during)))
    for name in ("cc", "kibo", "sizes", "ahead"):
        switches = getattr(schedule, name)
        for switch in switches:
            yield replace(
                schedule, **{name: {key: value for key, value in switches.items() if key != switch}}
            )


def _with(things: tuple[Thing, ...], index: int, thing: Thing) -> tuple[Thing, ...]:
    return (*things[:index], thing, *things[index + 1 :])


def told(schedule: Schedule, result: Result) -> str:
    """Return a failing schedule in full: what broke, every thing in turn, and how to play it again."""
    lines = [f"broken at {result.at}:", *(f"  {one}" for one in result.broken[:5])]
    lines += [f"switches: cc {schedule.cc} kibo {schedule.kibo} settings {schedule.settings}"]
    if schedule.sizes or schedule.ahead:
        lines += [f"sizes: {schedule.sizes} clocks ahead by: {schedule.ahead}"]
    lines += [f"{number:4}  {thing}" for number, thing in enumerate(schedule.things)]
    lines += [f"replay: python -m tests.soak.replay {schedule.seed}"]
    return "\n".join(lines)
