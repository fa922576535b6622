"""Who left the list, and who was never put on it: told apart by what was seen (design §3a R2, R4)."""

from __future__ import annotations

import pytest

from ccdesk.core.errors import ListGone
from ccdesk.core.runs import ORDINARY, RunKind, RunStatus
from ccdesk.sandbox.wire.kernel import Fault
from tests.e2e.conftest import change_list, cut, exported

GUS = "gus@example.com"
HOME = {"address1": "1 Main St", "cityOrTown": "Boston", "countryCode": "US"}


def lose_answers(world) -> None:
    """Have every call that adds somebody be carried out, and its answer be lost."""
    world.sandbox.faults.add(Fault("drop_after", service="cc", method="POST", times=9))
    world.desk.run(RunKind.EVENTS)
    world.sandbox.faults.clear()
    world.later()


@pytest.fixture
def added(world):
    """Gus opts in; he was put on the list, and the answer was lost: his entry is tried again later."""
    exported(world, "ada")
    world.gus = world.kibo.add_customer(GUS, False, first_name="Gus")
    world.later()
    world.cycle()
    return world


@pytest.fixture
def member(world):
    """Gus is on the list by his own doing from before ccdesk; his account never had the box ticked."""
    exported(world, "ada")
    world.gus = world.kibo.add_customer(GUS, False, first_name="Gus")
    world.cc.add_contact(GUS, lists=[world.list_id])
    world.later()
    world.cycle()
    return world


# ---------------------------------------------------------------- a membership that no account agreed to


@pytest.mark.parametrize("first", [RunKind.EVENTS, RunKind.INBOUND])
def test_who_opted_in_and_left_between_two_looks_is_not_put_back(member, first):
    member.kibo.opt_in(member.gus)
    member.later(5)
    member.cc.leave_list(GUS, member.list_id)
    member.later(30)
    member.run(first)
    member.cycle()
    assert GUS not in member.members()
    assert not member.opted_in(member.gus)
    member.quiet_cycles()


@pytest.mark.parametrize("audit_log", [True, False])
def test_who_left_is_not_put_back_by_enabling_an_account(member, audit_log):
    member.kibo.set_switches(audit_log=audit_log)
    member.kibo.deactivate(member.gus)
    member.kibo.opt_in(member.gus)
    member.later()
    member.cycle()
    member.cc.leave_list(GUS, member.list_id)
    member.later(30)
    member.cycle()
    member.kibo.activate(member.gus)
    member.later(30)
    member.cycle()
    assert GUS not in member.members()
    assert not member.opted_in(member.gus)
    member.quiet_cycles()


def test_who_opts_in_after_leaving_is_put_on_the_list(member):
    member.cc.leave_list(GUS, member.list_id)
    member.later(30)
    member.cycle()
    member.kibo.opt_in(member.gus)
    member.later(30)
    member.cycle()
    assert GUS in member.members()
    member.quiet_cycles()


def test_a_former_email_that_nobody_put_on_the_list_is_left_there(member):
    """An opt-out takes off what ccdesk added for this account, nothing else (design §3a R3)."""
    member.kibo.change_email(member.gus, "new@example.com")
    member.kibo.opt_in(member.gus)
    member.later(30)
    member.cycle()
    member.kibo.opt_out(member.gus)
    member.later(30)
    member.cycle()
    assert GUS in member.members()
    assert "new@example.com" not in member.members()


# ---------------------------------------------------------------- an add whose answer was lost


@pytest.mark.parametrize("there", ["new", "from elsewhere"])
@pytest.mark.parametrize("welcome", ["true", "false"])
def test_who_was_seen_after_an_add_without_an_answer_and_left_is_not_put_back(added, there, welcome):
    added.desk.save_settings({"welcome_email": welcome})
    if there == "from elsewhere":
        added.cc.add_contact(GUS, lists=[added.cc.add_list("Other")])
    added.later()
    added.kibo.opt_in(added.gus)
    added.later()
    lose_answers(added)
    assert GUS in added.members()
    added.run(RunKind.INBOUND)
    added.cc.leave_list(GUS, added.list_id)
    added.later(30)
    for _ in range(3):
        added.cycle()
        added.later(60)
    assert GUS not in added.members()
    assert not added.opted_in(added.gus)
    added.quiet_cycles()


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("home", [HOME, None])
@pytest.mark.parametrize("then", [RunKind.EVENTS, RunKind.INBOUND, RunKind.EXPORT, RunKind.FULL_COMPARE])
def test_who_left_after_an_export_cut_off_when_its_job_had_landed_is_not_put_back(world, seen, home, then):
    gus = world.kibo.add_customer(GUS, True, first_name="Gus", address=home)
    world.later(60)
    world.choose_list()
    cut(world, "Sending", 1)
    assert GUS in world.members()
    if seen:
        world.run(RunKind.INBOUND)
    world.cc.leave_list(GUS, world.list_id)
    world.later()
    if not seen:
        world.run(RunKind.INBOUND)
    world.kibo.place_order(gus)
    world.later()
    world.run(then)
    world.cycle()
    world.cycle()
    assert GUS not in world.members()
    assert not world.opted_in(gus)
    world.export()
    assert GUS not in world.members()
    world.quiet_cycles()


def test_a_removal_still_under_way_makes_nobody_a_leaver(added):
    """The person is seen on the list once more before the job ends, and opts in again meanwhile."""
    added.kibo.opt_in(added.gus)
    added.later()
    added.cycle()
    added.kibo.opt_out(added.gus)
    added.later()
    added.cc.set_switches(activity_seconds=3600.0)
    added.sandbox.faults.add(Fault("drop_after", service="cc", method="POST", path="remove_list", times=9))
    added.desk.run(RunKind.EVENTS)
    added.sandbox.faults.clear()
    added.desk.run(RunKind.INBOUND)
    added.kibo.opt_in(added.gus)
    added.cc.account.jobs.finish_all()
    added.cc.set_switches(activity_seconds=0.0)
    added.later(60)
    added.cycle()
    added.later(60)
    added.cycle()
    assert added.opted_in(added.gus)
    assert GUS in added.members()
    added.quiet_cycles()


# ---------------------------------------------------------------- rows that an import lost


@pytest.mark.parametrize("before", ["cycle", "export"])
def test_rows_that_an_import_lost_are_nobodys_leaving(world, before):
    exported(world, *(f"p{number}" for number in range(6)))
    change_list(world, "Second")
    world.cc.set_switches(import_loses_every=2)
    cut(world, "Sending", 1)
    world.cc.set_switches(import_loses_every=0)
    assert len(world.members()) == 3
    if before == "cycle":
        world.cycle()
    world.export()
    world.cycle()
    world.export()
    world.cycle()
    assert all(world.opted_in(number) for number in world.ids.values())
    assert len(world.members()) == 6
    world.quiet_cycles()


def test_who_is_missing_after_a_lost_row_is_an_error_that_names_them(world):
    exported(world, "ada", "bob")
    change_list(world, "Second")
    world.cc.set_switches(import_loses_every=2)
    cut(world, "Sending", 1)
    world.cc.set_switches(import_loses_every=0)
    run = world.export()
    assert [one.code for one in world.entries(run).values() if one.code] == ["not_on_list"]
    assert (run.total_contacts, run.message) == (2, "")


# ---------------------------------------------------------------- a deleted list


@pytest.mark.parametrize("kind", ORDINARY)
@pytest.mark.parametrize("who", ["a guest", "the customer", "a new account"])
def test_a_deleted_list_says_nothing_about_anybody(world, kind, who):
    exported(world, "ada", "bob")
    world.cc.delete_list(world.list_id)
    world.later()
    more = None
    if who == "the customer":
        world.kibo.change_email(world.ids["bob"], "robert@example.com")
        world.kibo.opt_out(world.ids["ada"])
        world.kibo.opt_in(world.ids["ada"])
    else:
        more = world.kibo.add_customer("ada@example.com", True, anonymous=who == "a guest")
    world.later()
    for one in (kind, RunKind.EVENTS, RunKind.INBOUND):
        assert isinstance(world.desk.run(one).failure, ListGone | None)
        world.later(31)
    assert all(world.opted_in(number) for number in world.ids.values())
    assert more is None or world.opted_in(more)


@pytest.mark.parametrize("kind", ORDINARY)
def test_a_list_deleted_while_a_run_reads_says_nothing_about_anybody(world, kind):
    """The list was still there when the run asked for it; the absence was read after that."""
    exported(world, "ada", "bob")
    world.kibo.add_customer("ada@example.com", True)
    world.kibo.change_name(world.ids["bob"], "Bob", "New")
    world.later()
    done = []

    def delete_now(progress) -> None:
        if not done:
            done.append(world.cc.delete_list(world.old))

    world.desk.run(kind, listener=delete_now)
    assert done
    world.later(31)
    world.desk.run(RunKind.EVENTS)
    world.desk.run(RunKind.INBOUND)
    assert all(world.opted_in(number) for number in world.ids.values())


def test_a_customer_gone_from_kibo_has_not_left_a_deleted_list(world):
    """What is kept for an account that may come back is a leaving, too (`left_since_gone`)."""
    exported(world, "ada", "bob")
    world.kibo.delete_customer(world.ids["ada"])
    world.later()
    world.run(RunKind.FULL_COMPARE)
    world.cycle()
    world.cc.delete_list(world.old)
    world.later()
    world.desk.run(RunKind.INBOUND)
    world.desk.run(RunKind.FULL_COMPARE)
    link = world.container.store.links.get(world.ids["ada"])
    assert link.agreed is not False
    assert world.opted_in(world.ids["bob"])


def test_a_run_that_finds_the_list_gone_says_so(world):
    exported(world, "ada")
    world.cc.delete_list(world.old)
    world.kibo.add_customer("ada@example.com", True, anonymous=True)
    world.later()
    run = world.desk.run(RunKind.EVENTS)
    assert run.status is RunStatus.FAILED
    assert isinstance(run.failure, ListGone)
