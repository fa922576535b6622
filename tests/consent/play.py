"""One random schedule: people, staff, services and ccdesk act in turn; then everything comes to rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from tests.consent.acts import act
from tests.consent.engine import Cut, Engine, Made
from tests.consent.oracle import Oracle
from tests.consent.world import LAG, World


@dataclass
class Played:
    """What a schedule came to."""

    seed: int
    broken: list[str]
    acts: int
    commands: int
    trace: list[str] = field(default_factory=list)


def play(seed: int, *, steps: int = 40, trace: bool = False) -> Played:
    """Play the schedule of a seed."""
    rng = Random(seed)
    world = World(rng)
    engine = Engine(world, rng, welcome=rng.random() < 0.5, trouble=rng.choice((0.0, 0.1, 0.3)))
    oracle = Oracle(world, engine)
    lines: list[str] = []

    def called(made: Made) -> None:
        command = made.command
        lines.append(
            f"{made.at:%m-%d %H:%M:%S} CALL {command.act} {made.email} {command.account or ''} "
            f"{command.list_id} {made.call.method} answers {sorted(command.answers)}"
        )
        oracle.judge(made)

    engine.on_call = called
    engine.between = lambda: act(world, rng) if rng.random() < 0.1 else None
    acts = 0
    for _ in range(steps):
        if rng.random() < 0.72:
            before = len(world.deeds)
            act(world, rng)
            acts += 1
            lines += [
                f"{one.at:%m-%d %H:%M:%S} {one.kind} {one.email} {one.account or ''} {one.list_id}"
                for one in world.deeds[before:]
            ]
            world.pass_time(*rng.choice(((0.01, 5), (5, 900), (900, 7200))))
        else:
            lines.append(f"{world.now:%m-%d %H:%M:%S} ROUND")
            run(engine, oracle, rng)
            world.pass_time(5, 2000)
    rest(world, engine, oracle)
    oracle.at_rest()
    return Played(seed, oracle.broken, acts, sum("CALL" in one for one in lines), lines if trace else [])


def run(engine: Engine, oracle: Oracle, rng: Random) -> None:
    """One run of ours, which the power may cut."""
    start = engine.world.now
    try:
        others = sorted(engine.world.lists - {engine.policy.list_id})
        if others and rng.random() < (0.07 if engine.policy.list_id in engine.world.lists else 0.5):
            engine.choose(others[0])
        else:
            engine.round()
    except Cut:
        return
    oracle.note_look(start - LAG, engine.world.now)


def rest(world: World, engine: Engine, oracle: Oracle) -> None:
    """Let the services work and nobody act, until nothing is left to do."""
    engine.trouble, engine.between = 0.0, lambda: None
    world.garbled.clear()
    if engine.policy.list_id not in world.lists:
        engine.choose(sorted(world.lists)[0])
    sent = 0
    for _ in range(10):
        world.pass_time(3600, 3700)
        sent = engine.round()
    if sent:
        oracle.broken.append("a quiet round is not quiet")
