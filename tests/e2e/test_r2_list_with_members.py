"""The first export onto a list that has members asks about people who may have left it (design §3a R2)."""

from __future__ import annotations

import json

import pytest

from ccdesk.core.errors import ListHasMembers
from ccdesk.core.runs import Outcome, RunKind, RunStatus
from ccdesk.service.needs_you import NeedKind
from tests.e2e.conftest import change_list, cut, exported

LEFT = {f"left{number}@example.com" for number in range(5)}


@pytest.fixture
def fresh(world):
    """Five people left the list a year ago, by what another installation knew; here nothing is known."""
    world.list_name = "Newsletter"
    world.cc.add_list("Newsletter")
    world.ids = {
        name: world.kibo.add_customer(name, True, first_name="Old") for name in (*LEFT, "stays@example.com")
    }
    for name in LEFT:
        world.cc.add_contact(name, lists=[world.list_id])
        world.cc.leave_list(name, world.list_id)
    world.cc.add_contact("stays@example.com", lists=[world.list_id])
    world.ids["new@example.com"] = world.kibo.add_customer("new@example.com", True)
    world.later(60 * 24)
    world.log_in()
    world.choose_list()
    return world


def test_nobody_is_put_back_without_a_question(fresh):
    with pytest.raises(ListHasMembers, match="5 customers"):
        fresh.desk.run(RunKind.EXPORT)
    assert fresh.members() == {"stays@example.com"}
    assert fresh.sandbox.log.writes() == []


def test_left_out_they_stay_off_until_they_opt_in_anew(fresh):
    run = fresh.run(RunKind.EXPORT, leave_out=True)
    assert (run.total_contacts, run.counts["skipped"], run.message) == (7, 5, "")
    assert fresh.members() == {"stays@example.com", "new@example.com"}
    for _ in range(2):
        fresh.cycle()
        fresh.export()
    assert fresh.members() == {"stays@example.com", "new@example.com"}
    assert all(fresh.opted_in(number) for number in fresh.ids.values()), "nobody said no to this installation"
    one = fresh.ids["left0@example.com"]
    fresh.kibo.place_order(one)
    fresh.later()
    fresh.cycle()
    fresh.run(RunKind.FULL_COMPARE)
    fresh.cycle()
    assert "left0@example.com" not in fresh.members()
    fresh.kibo.opt_out(one)
    fresh.later()
    fresh.cycle()
    fresh.kibo.opt_in(one)
    fresh.later()
    fresh.cycle()
    assert "left0@example.com" in fresh.members()
    fresh.quiet_cycles()


def test_confirmed_they_are_added(fresh):
    with pytest.raises(ListHasMembers):
        fresh.desk.run(RunKind.EXPORT)
    fresh.run(RunKind.EXPORT, confirmed=True)
    assert fresh.members() == set(fresh.ids)
    fresh.cycle()
    fresh.quiet_cycles()


def test_it_is_asked_once_for_a_list(fresh):
    fresh.run(RunKind.EXPORT, leave_out=True)
    fresh.cc.add_contact("later@example.com", lists=[fresh.cc.add_list("Other")])
    fresh.kibo.add_customer("later@example.com", True)
    fresh.later()
    fresh.export()
    assert "later@example.com" in fresh.members()


def test_the_answer_outlives_a_power_cut(fresh, monkeypatch):
    def run(kind, **options):
        return real(kind, **({"leave_out": True} | options))

    real = fresh.container.desk.run
    with monkeypatch.context() as patch:
        patch.setattr(fresh.container.desk, "run", run)
        cut(fresh, "Sending", 1)
    fresh.export()
    assert fresh.members() == {"stays@example.com", "new@example.com"}


def test_our_own_export_that_was_cut_off_is_no_reason_to_ask(world):
    world.ids = {name: world.kibo.add_customer(name, True) for name in ("a@example.com", "b@example.com")}
    world.cc.add_contact("c@example.com", lists=[world.cc.add_list("Other")])
    world.kibo.add_customer("c@example.com", True)
    world.later(60)
    world.choose_list()
    cut(world, "Sending", 2)
    world.export()
    assert world.members() == {"a@example.com", "b@example.com", "c@example.com"}


def test_another_list_that_has_members_is_asked_about_and_an_empty_one_is_not(world):
    exported(world, "ada", "bob")
    world.cc.add_contact("zoe@example.com", lists=[world.cc.add_list("Second")])
    change_list(world, "Second")
    with pytest.raises(ListHasMembers, match="2 customers"):
        world.desk.run(RunKind.EXPORT)
    change_list(world, "Third")
    world.export()
    assert world.members() == {"ada@example.com", "bob@example.com"}


def test_an_order_before_the_first_export_puts_nobody_back(fresh):
    fresh.cycle()
    one = fresh.ids["left1@example.com"]
    fresh.kibo.place_order(one)
    fresh.later()
    run, _ = fresh.cycle()
    assert "first export" in fresh.entries(run, Outcome.SKIPPED)[one].reason
    assert fresh.members() == {"stays@example.com"}
    fresh.run(RunKind.EXPORT, leave_out=True)
    fresh.cycle()
    assert "left1@example.com" not in fresh.members()
    fresh.quiet_cycles()


def test_an_installation_of_before_this_question_is_not_asked(world):
    exported(world, "ada", "bob")
    world.container.store.state.set("export.lists", "")
    world.cc.add_contact("cyd@example.com", lists=[world.cc.add_list("Other")])
    world.kibo.add_customer("cyd@example.com", True)
    world.later()
    world.export()
    assert "cyd@example.com" in world.members()


def test_a_run_that_asked_is_no_complete_export(fresh):
    with pytest.raises(ListHasMembers):
        fresh.desk.run(RunKind.EXPORT)
    (run,) = fresh.desk.runs(kind=RunKind.EXPORT)
    assert run.status is RunStatus.NEEDS_YOU
    assert run.asks_about_list
    status = fresh.desk.status(live=False)
    assert [(need.kind, need.stuck) for need in status.needs_you] == [(NeedKind.EXPORT_ASKS, False)]
    assert not status.is_stuck
    assert status.last_good[RunKind.EXPORT] is None
    fresh.desk.run(RunKind.INBOUND)
    (again,) = fresh.desk.runs(kind=RunKind.EXPORT)
    assert again.status is RunStatus.NEEDS_YOU, "another kind of run is no answer"
    assert not fresh.desk.first_export_done()
    assert not fresh.desk.export_to_continue(), "nobody goes on without the answer"


def test_the_command_line_ends_with_6_and_takes_either_answer(fresh, monkeypatch, capsys):
    from ccdesk.cli.main import main

    monkeypatch.setenv("CCDESK_VAULT", "file")
    monkeypatch.setenv("CCDESK_KIBO_SHARED_SECRET", fresh.addresses["kibo_shared_secret"])
    fresh.container.close()
    export = ["--base-dir", str(fresh.base), "sync", "export", "--json"]
    assert main(export) == 6
    out, said = capsys.readouterr()
    assert json.loads(out)["error"]["code"] == "list_has_members"
    assert "5 customers" in said
    assert "--leave-out" in said
    assert "--confirm" in said
    monkeypatch.setenv("CCDESK_KIBO_SHARED_SECRET", fresh.addresses["kibo_shared_secret"])
    assert main([*export, "--leave-out"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["skipped"] == 5
    fresh.open()
    assert fresh.members() == {"stays@example.com", "new@example.com"}


def test_a_list_that_people_were_left_out_of_asks_again_when_it_is_chosen_again(fresh):
    """Whatever another list did meanwhile, nobody is put back on the first without a question."""
    fresh.run(RunKind.EXPORT, leave_out=True)
    change_list(fresh, "Ours")
    fresh.export()
    fresh.cycle()
    change_list(fresh, "Newsletter")
    with pytest.raises(ListHasMembers):
        fresh.desk.run(RunKind.EXPORT)
    fresh.cycle()
    assert not fresh.members() & LEFT
