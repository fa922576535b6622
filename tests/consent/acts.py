"""What people and staff do in the pretend world, and how often."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from ccdesk.core.models import Permission
from tests.consent.world import History, ShopState, World

EMAILS = ("ada@example.com", "bo@example.com", "cy@example.com")
MOST_ACCOUNTS = 6


def act(world: World, rng: Random) -> None:
    """Let one act happen, of those that are possible now."""
    kinds, weights = zip(*_ACTS, strict=True)
    for _ in range(12):
        if rng.choices(kinds, weights)[0](world, rng):
            return


def _present(world: World) -> list[int]:
    return [number for number, one in world.accounts.items() if not one.now.gone]


def _pick_account(world: World, rng: Random, **values: bool) -> int | None:
    fitting = [
        number
        for number in _present(world)
        if all(getattr(world.accounts[number].now, name) is value for name, value in values.items())
    ]
    return rng.choice(fitting) if fitting else None


def register(world: World, rng: Random) -> bool:
    if len(world.accounts) >= MOST_ACCOUNTS:
        return False
    number, email, ticked = len(world.accounts) + 1, rng.choice(EMAILS), rng.random() < 0.6
    stamp = world.shop_clock()
    state = ShopState(email, ticked, stamp, stamp, guest=rng.random() < 0.15)
    world.accounts[number] = History([world.now], [state])
    world.note("registered in" if ticked else "registered out", email, number)
    return True


def set_flag(world: World, rng: Random) -> bool:
    number = _pick_account(world, rng, opted_in=False)
    if number is None:
        return False
    world.change_account(number, opted_in=True)
    world.note("flag set", world.accounts[number].now.email, number)
    return True


def clear_flag(world: World, rng: Random) -> bool:
    number = _pick_account(world, rng, opted_in=True)
    if number is None:
        return False
    world.change_account(number, opted_in=False)
    world.note("flag cleared", world.accounts[number].now.email, number)
    return True


def edit(world: World, rng: Random) -> bool:
    number = _pick_account(world, rng)
    if number is None:
        return False
    world.change_account(number)
    return True


def disable(world: World, rng: Random) -> bool:
    number = _pick_account(world, rng, active=True)
    if number is None:
        return False
    world.change_account(number, active=False)
    return True


def enable(world: World, rng: Random) -> bool:
    number = _pick_account(world, rng, active=False)
    if number is None:
        return False
    world.change_account(number, active=True)
    return True


def delete_account(world: World, rng: Random) -> bool:
    number = _pick_account(world, rng)
    if number is None:
        return False
    world.change_account(number, gone=True)
    return True


def change_email(world: World, rng: Random) -> bool:
    number = _pick_account(world, rng)
    if number is None:
        return False
    old = world.accounts[number].now.email
    new = rng.choice([one for one in EMAILS if one != old])
    world.change_account(number, email=new)
    world.note("moved", old, number, new)
    return True


def _pick_contact(world: World, rng: Random, fits: Callable[[str], bool]) -> str | None:
    fitting = [email for email in world.contacts if fits(email)]
    return rng.choice(fitting) if fitting else None


def unsubscribe(world: World, rng: Random) -> bool:
    email = _pick_contact(world, rng, lambda one: world.contacts[one].now.good)
    if email is None:
        return False
    lists = frozenset[str]() if rng.random() < 0.8 else world.contacts[email].now.lists
    world.change_contact(
        email, permission=Permission.UNSUBSCRIBED, opted_out=world.whole(), by_person=True, lists=lists
    )
    world.note("unsubscribed", email)
    return True


def leave(world: World, rng: Random) -> bool:
    email = _pick_contact(
        world, rng, lambda one: world.contacts[one].now.good and bool(world.contacts[one].now.lists)
    )
    if email is None:
        return False
    name = rng.choice(sorted(world.contacts[email].now.lists))
    world.take(email, name)
    world.note("left", email, list_id=name)
    return True


def come(world: World, rng: Random) -> bool:
    email, name = rng.choice(EMAILS), rng.choice(sorted(world.lists))
    world.sign_up(email, name)
    world.note("signed up", email, list_id=name)
    return True


def confirm(world: World, rng: Random) -> bool:
    email = _pick_contact(
        world,
        rng,
        lambda one: one in world.asked and world.contacts[one].now.permission is Permission.UNSUBSCRIBED,
    )
    if email is None:
        return False
    world.sign_up(email, world.active)
    world.note("signed up", email, list_id=world.active)
    return True


def staff_delete(world: World, rng: Random) -> bool:
    email = _pick_contact(world, rng, lambda one: not world.contacts[one].now.deleted)
    if email is None:
        return False
    world.change_contact(email, deleted=True, lists=frozenset())
    world.note("deleted", email)
    return True


def staff_undelete(world: World, rng: Random) -> bool:
    email = _pick_contact(world, rng, lambda one: world.contacts[one].now.deleted)
    if email is None:
        return False
    world.change_contact(email, deleted=False)
    world.note("undeleted", email)
    return True


def staff_put_on(world: World, rng: Random) -> bool:
    email, name = rng.choice(EMAILS), rng.choice(sorted(world.lists))
    history = world.contacts.get(email)
    if history is not None and (not history.now.good or name in history.now.lists):
        return False
    if history is None:
        world.make_contact(email, lists=frozenset({name}))
    else:
        world.change_contact(email, lists=history.now.lists | {name})
    world.note("put on", email, list_id=name)
    return True


def hold(world: World, rng: Random) -> bool:
    email = _pick_contact(world, rng, lambda one: world.contacts[one].now.good)
    if email is None:
        return False
    world.change_contact(email, permission=rng.choice((Permission.TEMP_HOLD, Permission.PENDING)))
    return True


def release(world: World, rng: Random) -> bool:
    held = (Permission.TEMP_HOLD, Permission.PENDING)
    email = _pick_contact(world, rng, lambda one: world.contacts[one].now.permission in held)
    if email is None:
        return False
    world.change_contact(email, permission=Permission.IMPLICIT)
    return True


def garble(world: World, rng: Random) -> bool:
    """The service shows something that cannot be read, for a while."""
    things: list[int | str] = [*_present(world), *world.contacts, ""]
    world.garbled.add(rng.choice(things))
    return True


def ungarble(world: World, rng: Random) -> bool:
    if not world.garbled:
        return False
    world.garbled.clear()
    return True


def delete_list(world: World, rng: Random) -> bool:
    """Staff delete a list; the other one stays."""
    if len(world.lists) < 2 or rng.random() < 0.7:
        return False
    world.delete_list(rng.choice(sorted(world.lists)))
    return True


_ACTS: tuple[tuple[Callable[[World, Random], bool], float], ...] = (
    (register, 6),
    (set_flag, 9),
    (clear_flag, 7),
    (edit, 4),
    (disable, 2),
    (enable, 2),
    (delete_account, 1),
    (change_email, 2.5),
    (unsubscribe, 6),
    (leave, 7),
    (come, 3),
    (confirm, 4),
    (staff_delete, 3),
    (staff_undelete, 1.5),
    (staff_put_on, 3),
    (hold, 1),
    (release, 2),
    (garble, 1),
    (ungarble, 2),
    (delete_list, 0.5),
)
