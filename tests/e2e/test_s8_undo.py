"""Undo of a run: what it added and switched on is taken back where nobody has acted since (design §8)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from ccdesk.clients.constant_contact.client import ConstantContact
from ccdesk.clients.kibo.client import Kibo
from ccdesk.core.errors import SettingsError
from ccdesk.core.models import LinkState
from ccdesk.core.runs import Outcome, Progress, Run, RunKind, RunStatus
from ccdesk.sandbox.wire.kernel import Fault
from ccdesk.sync import undoing as words
from tests.e2e.conftest import PowerCut, change_list
from tests.e2e.world import World


@pytest.fixture
def shop(world: World) -> World:
    """Six customers exported a day ago in `world.run_id`; Fay was a member from elsewhere before."""
    names = ("ada", "bob", "cyd", "dan", "eve", "fay")
    world.ids = {name: world.kibo.add_customer(f"{name}@example.com", True) for name in names}
    world.choose_list()
    world.cc.add_contact("fay@example.com", lists=[world.list_id])
    world.later(60)
    world.run_id = world.export().id
    world.cycle()
    world.later(60 * 24)
    return world


def undo(world: World, run_id: int, status: RunStatus = RunStatus.COMPLETE) -> Run:
    run = world.desk.undo(run_id)
    assert run.status is status, run.message
    world.later()
    return run


def told(world: World, run: Run) -> dict[str, tuple[Outcome, str]]:
    entries = world.desk.entries(run.id, limit=1000)
    return {one.email.partition("@")[0]: (one.outcome, one.reason) for one in entries}


def every_run(world: World) -> None:
    """One run of every kind, twice, hours apart: what an undo left is left by all of them."""
    for _ in range(2):
        for kind in (RunKind.EVENTS, RunKind.INBOUND, RunKind.EXPORT, RunKind.FULL_COMPARE, RunKind.EVENTS):
            world.run(kind)
        world.later(60 * 5)


def test_everybody_added_comes_off_and_a_member_from_before_stays(shop: World) -> None:
    run = undo(shop, shop.run_id)
    assert (run.kind, run.undoes, run.counts["removed"]) == (RunKind.UNDO, shop.run_id, 5)
    assert shop.members() == {"fay@example.com"}
    assert all(shop.opted_in(number) for number in shop.ids.values())
    assert "fay" not in told(shop, run)


def test_every_run_afterwards_leaves_them_off(shop: World) -> None:
    undo(shop, shop.run_id)
    mark = shop.sandbox.log.mark()
    every_run(shop)
    assert shop.members() == {"fay@example.com"}
    assert all(shop.opted_in(number) for number in shop.ids.values())
    writes = [one for one in shop.sandbox.log.writes(since=mark) if "contact_exports" not in one.path]
    assert writes == []


def test_why_says_so(shop: World) -> None:
    run = undo(shop, shop.run_id)
    for live in (False, True):
        found = shop.desk.why("ada@example.com", live=live)
        assert (found.verdict.wants_mail, found.verdict.should_be_on_list) == (True, False)
        assert f"undoing run {shop.run_id}" in found.verdict.reason
        assert found.verdict.rule.startswith("§8 undo")
        assert "opts in anew" in found.next.what
        assert any(f"undoing run {shop.run_id}" in str(one) for one in found.timeline)
    every_run(shop)
    assert f"undoing run {shop.run_id}" in shop.desk.why("ada@example.com").verdict.reason
    rows = [one for one in shop.desk.ledger("ada@example.com") if one.run == run.id]
    assert [(one.how, one.says) for one in rows] == [("undone", "neither")]
    report = shop.desk.drift()
    assert {one.kind.value for one in report.people if one.email == "ada@example.com"} == {"undone"}


def test_a_new_opt_in_in_the_shop_puts_them_back(shop: World) -> None:
    undo(shop, shop.run_id)
    shop.kibo.opt_out(shop.ids["ada"])
    shop.later(31)
    shop.cycle()
    assert not shop.opted_in(shop.ids["ada"])
    shop.kibo.opt_in(shop.ids["ada"])
    shop.later(31)
    shop.cycle()
    assert shop.members() == {"ada@example.com", "fay@example.com"}
    every_run(shop)
    assert shop.members() == {"ada@example.com", "fay@example.com"}


def test_a_sign_up_of_their_own_puts_them_back(shop: World) -> None:
    undo(shop, shop.run_id)
    shop.later(31)
    shop.cc.sign_up("ada@example.com", shop.list_id)
    shop.later(31)
    shop.cycle()
    link = shop.container.store.links.get(shop.ids["ada"])
    assert (link.state, link.on_list) == (LinkState.SYNCED, True)
    shop.cc.leave_list("ada@example.com", shop.list_id)
    shop.later(31)
    shop.cycle()
    assert not shop.opted_in(shop.ids["ada"])


def test_who_acted_since_is_left_alone(shop: World) -> None:
    kibo, cc, ids = shop.kibo, shop.cc, shop.ids
    kibo.opt_out(ids["ada"])  # and in again, seen by runs between
    shop.later(31)
    shop.cycle()
    kibo.opt_in(ids["ada"])
    shop.later(31)
    shop.cycle()
    kibo.opt_out(ids["bob"])  # seen by nobody yet
    cc.unsubscribe("cyd@example.com")
    cc.leave_list("dan@example.com", shop.list_id)
    shop.later()
    run = undo(shop, shop.run_id)
    found = told(shop, run)
    assert found["eve"][0] is Outcome.REMOVED
    assert {found[name][0] for name in ("ada", "bob", "cyd", "dan")} == {Outcome.SKIPPED}
    assert found["bob"][1] == words.OPTED_OUT
    assert found["cyd"][1] == words.UNSUBSCRIBED
    assert found["dan"][1] == words.OFF_LIST
    assert shop.members() >= {"ada@example.com", "fay@example.com"}
    shop.cycle()
    assert shop.members() == {"ada@example.com", "fay@example.com"}
    assert [name for name in ("ada", "bob", "cyd", "dan") if shop.opted_in(ids[name])] == ["ada"]


def test_who_opted_in_again_unseen_is_told_by_the_audit_log(shop: World) -> None:
    shop.kibo.opt_out(shop.ids["ada"])
    shop.later(1)
    shop.kibo.opt_in(shop.ids["ada"])
    shop.kibo.place_order(shop.ids["bob"])
    shop.later(1)
    found = told(shop, undo(shop, shop.run_id))
    assert found["ada"] == (Outcome.SKIPPED, words.OPTED_IN)
    assert found["bob"][0] is Outcome.REMOVED


def test_who_signed_up_since_stays(shop: World) -> None:
    shop.cc.sign_up("ada@example.com", shop.list_id)
    shop.later()
    found = told(shop, undo(shop, shop.run_id))
    assert found["ada"] == (Outcome.SKIPPED, words.SIGNED_UP)
    assert shop.members() == {"ada@example.com", "fay@example.com"}


def test_a_preview_shows_what_the_undo_then_does(shop: World) -> None:
    shop.cc.unsubscribe("cyd@example.com")
    shop.kibo.opt_out(shop.ids["bob"])
    shop.later()
    mark = shop.sandbox.log.mark()
    with shop.desk.preview_undo(shop.run_id) as would:
        assert shop.sandbox.log.writes(since=mark) == []
        shown = {one.email: (one.outcome, one.reason) for one in would.entries(limit=100)}
        counts = {name: number for name, number in would.run.counts.items() if number}
    run = undo(shop, shop.run_id)
    assert shown == {one.email: (one.outcome, one.reason) for one in shop.desk.entries(run.id, limit=100)}
    assert counts == {name: number for name, number in run.counts.items() if number}


def test_undone_twice_nothing_is_done_twice(shop: World) -> None:
    undo(shop, shop.run_id)
    mark = shop.sandbox.log.mark()
    run = undo(shop, shop.run_id)
    assert shop.sandbox.log.writes(since=mark) == []
    assert (run.changes, run.counts["unchanged"]) == (0, 5)
    assert {reason for _, reason in told(shop, run).values()} == {words.ALREADY}


@contextmanager
def power_cut(owner: type, name: str, when: str) -> Iterator[None]:
    """Lose the power before or after a call of a client."""
    call = getattr(owner, name)

    def cut(*args: Any, **options: Any) -> None:
        if when == "after":
            call(*args, **options)
        raise PowerCut

    with patch.object(owner, name, cut), pytest.raises(PowerCut):
        yield


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_the_call_it_goes_on(shop: World, when: str) -> None:
    with power_cut(ConstantContact, "start_remove", when):
        shop.desk.undo(shop.run_id)
    shop.reopen()
    shop.later(31)
    shop.cycle()  # nobody has left the list, whatever the call did
    assert all(shop.opted_in(number) for number in shop.ids.values())
    run = undo(shop, shop.run_id)
    assert run.counts["removed"] == 5
    assert shop.members() == {"fay@example.com"}
    every_run(shop)
    assert shop.members() == {"fay@example.com"}
    assert all(shop.opted_in(number) for number in shop.ids.values())


def test_what_cannot_be_undone_is_refused(shop: World) -> None:
    run = undo(shop, shop.run_id)
    for number in (run.id, 9999):
        with pytest.raises(SettingsError):
            shop.desk.undo(number)
        with pytest.raises(SettingsError):
            shop.desk.preview_undo(number)
    idle = shop.run(RunKind.EVENTS)
    nothing = undo(shop, idle.id)
    assert nothing.total_contacts == 0
    assert "nothing to undo" in nothing.message


def test_an_event_run_and_the_other_account_of_the_person(shop: World) -> None:
    first = shop.kibo.add_customer("gil@example.com", True)
    second = shop.kibo.add_customer("GIL@example.com", True)
    shop.later(31)
    run_id = shop.run(RunKind.EVENTS).id
    shop.run(RunKind.INBOUND)
    assert "gil@example.com" in shop.members()
    run = undo(shop, run_id)
    assert run.counts["removed"] == 1
    every_run(shop)
    assert "gil@example.com" not in shop.members()
    assert shop.opted_in(first)
    assert shop.opted_in(second)


def test_an_opt_in_switched_on_goes_back_and_nobody_takes_it_for_an_opt_out(shop: World) -> None:
    number, run_id = shop.ids["ada"], opted_in_by_sign_up(shop)
    run = undo(shop, run_id)
    assert run.counts["opted_out"] == 1
    assert not shop.opted_in(number)
    every_run(shop)
    found = shop.container.store.statements.of_people(["ada@example.com"])["ada@example.com"]
    assert not [one for one in found if one.run is not None and one.run >= run.id]  # nobody stated anything
    assert not shop.opted_in(number)
    assert "ada@example.com" in shop.members()  # by her own act, which no run did
    assert shop.desk.disagreement_count() == 0
    found = shop.desk.why("ada@example.com")
    assert f"undoing run {run_id}" in found.verdict.reason
    shop.cc.leave_list("ada@example.com", shop.list_id)
    shop.later(31)
    shop.cc.sign_up("ada@example.com", shop.list_id)
    shop.later(31)
    shop.cycle()
    assert shop.opted_in(number)


def opted_in_by_sign_up(world: World) -> int:
    """Ada unsubscribed and signed up again: return the run that switched her opt-in on."""
    world.cc.unsubscribe("ada@example.com")
    world.later(31)
    world.cycle()
    world.later(31)
    world.cc.sign_up("ada@example.com", world.list_id)
    world.later(31)
    run_id = world.run(RunKind.INBOUND).id
    assert world.opted_in(world.ids["ada"])
    world.later(60)
    return run_id


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
def test_a_flag_whose_answer_is_lost_is_looked_at(shop: World, fault: str) -> None:
    number, run_id = shop.ids["ada"], opted_in_by_sign_up(shop)
    shop.sandbox.faults.add(Fault(fault, service="kibo", path=f"/accounts/{number}$", method="PUT", times=9))
    run = undo(shop, run_id)
    assert shop.opted_in(number) is (fault == "drop_before")
    assert (run.error_count, run.counts.get("opted_out", 0)) == ((1, 0) if fault == "drop_before" else (0, 1))
    shop.sandbox.faults.clear()
    if fault == "drop_before":
        every_run(shop)
        assert shop.opted_in(number)
        assert told(shop, undo(shop, run_id))["ada"][0] is Outcome.OPTED_OUT
    every_run(shop)
    assert not shop.opted_in(number)
    assert "ada@example.com" in shop.members()


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_the_write_to_kibo_it_goes_on(shop: World, when: str) -> None:
    number, run_id = shop.ids["ada"], opted_in_by_sign_up(shop)
    with power_cut(Kibo, "set_opt_in", when):
        shop.desk.undo(run_id)
    shop.reopen()
    shop.later(31)
    if when == "after":
        shop.cycle()  # the cleared flag is nobody's opt-out
        assert "ada@example.com" in shop.members()
    run = undo(shop, run_id)
    assert run.counts["opted_out"] == 1
    every_run(shop)
    assert not shop.opted_in(number)
    assert "ada@example.com" in shop.members()


def test_another_list_is_not_touched_and_the_undo_is_about_its_own(shop: World) -> None:
    old = shop.list_id
    undo(shop, shop.run_id)
    change_list(shop, "Another")
    shop.export()
    assert "ada@example.com" in shop.members()
    run = undo(shop, shop.run_id)
    assert {reason for _, reason in told(shop, run).values()} == {words.OTHER_LIST}
    change_list(shop, "Kibo customers")
    assert shop.list_id == old
    shop.export()
    assert shop.members() == {"fay@example.com"}


@pytest.mark.parametrize("ended", ["cancelled", "killed"])
def test_an_export_that_was_cut_short_is_over_and_undone(world: World, ended: str) -> None:
    numbers = [world.kibo.add_customer(f"p{n}@example.com", True) for n in range(12)]
    world.choose_list()
    world.later(60)
    cancel = threading.Event()

    def listen(progress: Progress) -> None:
        if progress.phase.startswith("Checking"):
            if ended == "killed":
                raise PowerCut
            cancel.set()

    if ended == "killed":
        with pytest.raises(PowerCut):
            world.desk.run(RunKind.EXPORT, listener=listen)
        world.reopen()
    else:
        world.desk.run(RunKind.EXPORT, listener=listen, cancel=cancel)
    assert len(world.members()) == 12
    [cut_short] = world.desk.runs(limit=1)
    world.later()
    assert undo(world, cut_short.id).counts["removed"] == 12
    assert world.members() == set()
    every_run(world)
    assert world.members() == set()
    assert all(world.opted_in(number) for number in numbers)


def test_many_people_take_a_bounded_number_of_calls(world: World) -> None:
    for number in range(700):
        world.kibo.add_customer(f"p{number}@example.com", True)
    world.choose_list()
    world.later(60)
    run_id = world.export().id
    world.later(60)
    mark = world.sandbox.log.mark()
    run = undo(world, run_id)
    assert run.counts["removed"] == 700
    assert len(world.sandbox.log.writes(since=mark)) == 2
    assert run.calls_constant_contact + run.calls_kibo <= 25
    assert world.members() == set()
    world.quiet_cycles()


def test_a_removal_that_is_refused_is_told_and_the_person_is_as_before(shop: World) -> None:
    shop.sandbox.faults.add(
        Fault("status", service="cc", method="POST", path="remove_list_memberships", status=400, times=99)
    )
    run = shop.desk.undo(shop.run_id)
    assert run.status is RunStatus.FAILED
    shop.sandbox.faults.clear()
    assert len(shop.members()) == 6
    shop.quiet_cycles()
    assert undo(shop, shop.run_id).counts["removed"] == 5


def test_an_email_changed_in_the_shop_is_no_new_opt_in(shop: World) -> None:
    undo(shop, shop.run_id)
    shop.kibo.change_email(shop.ids["ada"], "ada2@example.com")
    shop.later(31)
    every_run(shop)
    assert shop.members() == {"fay@example.com"}
    assert f"undoing run {shop.run_id}" in shop.desk.why("ada2@example.com").verdict.reason


@pytest.mark.parametrize("audit_log", [True, False])
def test_two_accounts_that_one_sign_up_switched_on_go_back_together(shop: World, audit_log: bool) -> None:
    """Our own write to the one is no act of the person's since the other was written."""
    email = "two@example.com"
    shop.kibo.set_switches(audit_log=audit_log)
    numbers = [shop.kibo.add_customer(email, True) for _ in range(2)]
    shop.later()
    every_run(shop)
    for number in numbers:
        shop.kibo.opt_out(number)
    shop.later()
    every_run(shop)
    shop.cc.sign_up(email, shop.list_id)
    shop.later()
    shop.run(RunKind.EVENTS)
    switched = shop.run(RunKind.INBOUND)
    assert all(shop.opted_in(number) for number in numbers)
    undo(shop, switched.id)
    assert not any(shop.opted_in(number) for number in numbers)
