"""A chosen person put right by the ordinary rules and guard, and nobody else (design §8)."""

from __future__ import annotations

import pytest

from ccdesk.core.drift import Chosen, DriftKind
from ccdesk.core.errors import Busy, ListGone, ManyHeld, SettingsError
from ccdesk.core.runs import RunKind, RunStatus, Trigger
from ccdesk.sandbox.wire.kernel import Fault
from tests.e2e.world import World

K = DriftKind


@pytest.fixture
def ready(world: World) -> World:
    """Ten people, p0 to p9, are in step; welcome emails are on."""
    world.ids = {f"p{n}": world.kibo.add_customer(f"p{n}@example.com", True) for n in range(10)}
    world.choose_list(welcome_email="true")
    world.export()
    world.cycle()
    return world


def kinds(world: World) -> dict[str, DriftKind]:
    found = {one.email.partition("@")[0]: one.kind for one in world.desk.drift().people}
    world.later()
    return found


def put_right(world: World, kind: DriftKind, *who: str):
    run = world.desk.repair([Chosen(kind, one) for one in who])
    world.later()
    return run


def spoil(world: World, how: DriftKind, *names: str) -> list[str]:
    """Let the sides differ about people in a way; return the names under which they are found."""
    if how is K.SIGN_UP_DUE:
        for name in names:
            world.kibo.opt_out(world.ids[name])
        world.later()
        world.cycle()
        world.later(15)
    found = [_spoil_one(world, name, how) for name in names]
    world.later()
    return found


def _spoil_one(world: World, name: str, how: DriftKind) -> str:
    email = f"{name}@example.com"
    if how is K.NOT_ADDED:
        world.ids[f"new-{name}"] = world.kibo.add_customer(f"new-{name}@example.com", True)
        return f"new-{name}"
    if how is K.OPT_OUT_DUE:
        world.kibo.opt_out(world.ids[name])
    elif how is K.UNSUBSCRIBED:
        world.cc.unsubscribe(email)
    elif how is K.LEFT_LIST:
        world.cc.leave_list(email, world.list_id)
    elif how is K.SIGN_UP_DUE:
        world.cc.sign_up(email, world.list_id)
    return name


HOW = [K.SIGN_UP_DUE, K.OPT_OUT_DUE, K.UNSUBSCRIBED, K.LEFT_LIST, K.NOT_ADDED]


@pytest.mark.parametrize("how", HOW)
def test_only_the_chosen_person_is_put_right(ready: World, how: DriftKind) -> None:
    first, second = spoil(ready, how, "p1", "p2")
    assert kinds(ready) == {first: how, second: how}
    run = put_right(ready, how, f"{first}@example.com")
    assert (run.status, run.kind, run.trigger) == (RunStatus.COMPLETE, RunKind.FULL_COMPARE, Trigger.MANUAL)
    assert kinds(ready) == {second: how}
    touched = {entry.customer_id for entry in ready.desk.entries(run.id)}
    assert touched == {ready.ids[first]}
    ready.cycle()
    ready.cycle()
    assert kinds(ready) == {}, "the ordinary runs put the other one right"
    ready.quiet_cycles()


@pytest.mark.parametrize("who", ["id", "email", "other case"])
def test_a_person_is_named_by_email_or_customer_id(ready: World, who: str) -> None:
    ready.kibo.opt_out(ready.ids["p1"])
    ready.later()
    words = {"id": str(ready.ids["p1"]), "email": "p1@example.com", "other case": " P1@Example.com "}
    put_right(ready, K.OPT_OUT_DUE, words[who])
    assert "p1@example.com" not in ready.members()


def test_several_at_once_of_several_kinds(ready: World) -> None:
    names = [name for n, how in enumerate(HOW) for name in spoil(ready, how, f"p{n}")]
    run = ready.desk.repair(
        [Chosen(how, f"{name}@example.com") for name, how in zip(names, HOW, strict=True)]
    )
    ready.later()
    assert run.status is RunStatus.COMPLETE
    assert kinds(ready) == {}


def test_nobody_who_was_only_missing_gets_a_welcome_email(ready: World) -> None:
    [name] = spoil(ready, K.NOT_ADDED, "p1")
    put_right(ready, K.NOT_ADDED, f"{name}@example.com")
    assert f"{name}@example.com" in ready.members()
    assert ready.cc.mails() == []


def test_a_second_account_of_the_person_counts(ready: World) -> None:
    """One account opts out and another agrees: who is chosen stays on the list by the ordinary rules (R1)."""
    ready.kibo.add_customer("P1@example.com", True)
    ready.later()
    ready.cycle()
    ready.cc.unsubscribe("p1@example.com")
    ready.later()
    put_right(ready, K.UNSUBSCRIBED, "p1@example.com")
    accounts = ready.kibo.customers_by_email("p1@example.com")
    assert [one["acceptsMarketing"] for one in accounts] == [False, False], "every account is told"


@pytest.mark.parametrize(
    ("kind", "who", "words"),
    [
        (K.OPT_OUT_DUE, "p2@example.com", "in step"),
        (K.LEFT_LIST, "p1@example.com", "opt_out_due"),
        (K.OPT_OUT_DUE, "nobody@example.com", "in step"),
    ],
)
def test_who_is_not_of_that_kind_is_refused_and_nothing_is_done(
    ready: World, kind: DriftKind, who: str, words: str
) -> None:
    ready.kibo.opt_out(ready.ids["p1"])
    ready.later()
    runs, mark = ready.desk.run_count(), ready.sandbox.log.mark()
    with pytest.raises(SettingsError) as refused:
        ready.desk.repair([Chosen(K.OPT_OUT_DUE, "p1@example.com"), Chosen(kind, who)])
    assert words in refused.value.meaning
    assert who in refused.value.title
    assert (ready.desk.run_count(), ready.sandbox.log.writes(since=mark)) == (runs, [])


def test_what_no_run_puts_right_and_too_many_people_are_refused(ready: World) -> None:
    with pytest.raises(SettingsError, match="No run puts"):
        ready.desk.repair([Chosen(K.PUT_BACK, "p1@example.com")])
    for people in ([], [Chosen(K.OPT_OUT_DUE, "p1@example.com")] * 26):
        with pytest.raises(SettingsError, match="Choose 1 to 25"):
            ready.desk.repair(people)


def test_before_the_first_export_nobody_is_put_on_the_list_one_by_one(world: World) -> None:
    world.kibo.add_customer("a@example.com", True)
    with pytest.raises(SettingsError, match="No contact list"):
        world.desk.repair([Chosen(K.NOT_ADDED, "a@example.com")])
    world.choose_list()
    with pytest.raises(SettingsError, match="no export yet"):
        world.desk.repair([Chosen(K.NOT_ADDED, "a@example.com")])


def test_a_deleted_list_says_nothing_about_anybody(ready: World) -> None:
    ready.cc.leave_list("p1@example.com", ready.list_id)
    ready.later()
    ready.cc.delete_list(ready.list_id)
    ready.later()
    with pytest.raises((ListGone, SettingsError)):
        put_right(ready, K.LEFT_LIST, "p1@example.com")
    assert ready.opted_in(ready.ids["p1"])


def test_it_waits_for_no_run_and_is_no_sign_that_all_is_well(ready: World) -> None:
    """It is no good run of a direction, moves no watermark, and answers no question of the guard."""
    before = ready.desk.status(live=False)
    state = ready.container.store.state
    names = ("events.since", "inbound.opt_outs_since", "inbound.updates_since", "compare.finished_at")
    kept = [state.get(name) for name in names]
    ready.kibo.opt_out(ready.ids["p1"])
    ready.later()
    put_right(ready, K.OPT_OUT_DUE, "p1@example.com")
    assert ready.desk.status(live=False).last_good == before.last_good
    assert [state.get(name) for name in names] == kept
    ready.kibo.opt_out(ready.ids["p2"])
    ready.later()
    lease = ready.container.store.lease
    other = type(lease)(ready.container.store._database, ready.container.clock)
    other.acquire("another run")
    with pytest.raises(Busy):
        ready.desk.repair([Chosen(K.OPT_OUT_DUE, "p2@example.com")])
    other.release()


def test_a_service_that_fails_fails_the_run_and_the_next_one_goes_on(ready: World) -> None:
    ready.kibo.opt_out(ready.ids["p1"])
    ready.later()
    fault = Fault("status", service="cc", method="POST", path="remove_list_memberships", status=503, times=40)
    ready.sandbox.faults.add(fault)
    run = put_right(ready, K.OPT_OUT_DUE, "p1@example.com")
    assert run.status is RunStatus.FAILED or run.error_count
    ready.sandbox.faults.clear()
    ready.later(60)
    ready.cycle()
    assert "p1@example.com" not in ready.members()


def test_the_guard_counts_who_was_carried_before_and_others_stay_held(world: World) -> None:
    """Thirty opt-outs are held; who opts out then is weighed with them, and what is held stays so (R8)."""
    world.ids = {f"q{n}": world.kibo.add_customer(f"q{n}@example.com", True) for n in range(40)}
    world.choose_list()
    world.export()
    world.cycle()
    for n in range(30):
        world.cc.staff_remove_from_list(f"q{n}@example.com", world.list_id)
    world.later()
    with pytest.raises(ManyHeld):
        world.desk.run(RunKind.INBOUND)
    held = {one.customer_id for one in world.desk.held()}
    assert len(held) == 30
    with pytest.raises(SettingsError, match="not of the kind"):
        put_right(world, K.LEFT_LIST, "q1@example.com")
    world.kibo.opt_out(world.ids["q35"])
    world.later()
    run = put_right(world, K.OPT_OUT_DUE, "q35@example.com")
    assert run.status is RunStatus.COMPLETE
    assert {one.customer_id for one in world.desk.held()} == held
    questions = [one.kind for one in world.desk.status(live=False).needs_you]
    assert "held_opt_outs" in questions
    assert any(one.status is RunStatus.NEEDS_YOU for one in world.desk.runs()), "the question stays open"


def test_a_parked_entry_of_another_person_stays(ready: World) -> None:
    queue = ready.container.store.queue
    ready.kibo.opt_out(ready.ids["p2"])
    ready.later()
    ready.desk.look_for_events()
    ready.kibo.opt_out(ready.ids["p1"])
    ready.later()
    put_right(ready, K.OPT_OUT_DUE, "p1@example.com")
    [waiting] = queue.page(include_processed=False, offset=0, limit=9)
    assert (waiting.object_id, waiting.attempts) == (ready.ids["p2"], 0)
    assert "p2@example.com" in ready.members()
