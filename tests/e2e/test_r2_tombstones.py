"""A contact that staff deleted stays deleted until a statement lifts it (docs/consent.md, row *deleted*).

The cells: *YES, later* revives, *YES, earlier or not told* leaves the tombstone, *NO, own sign-up later* does
nothing; who had unsubscribed before the deletion stands in the row *unsubscribed*.
"""

import pytest

from ccdesk.core.drift import DriftKind
from ccdesk.core.models import LinkState, Ownership
from ccdesk.core.runs import RunKind
from ccdesk.sandbox.kibo.state import KiboSwitches
from ccdesk.sandbox.wire.kernel import Fault
from ccdesk.sync.standing_opt_outs import DELETED_TO_ASK
from tests.e2e.conftest import exported
from tests.e2e.world import open_world

ADA = "ada@example.com"
A_DAY = 24 * 60


def cycles(world, count=1):
    for _ in range(count):
        world.cycle()
        world.later(31)


def link(world, customer):
    return world.container.store.links.get(customer)


@pytest.fixture(params=["audit log", "none"])
def new(tmp_path, request):
    """Before the first export: Ada, opted in since long ago, is a contact on the list."""
    switches = KiboSwitches(audit_log=request.param == "audit log")
    with open_world(tmp_path / "base", kibo_switches=switches) as world:
        world.ids = {name: world.kibo.add_customer(f"{name}@example.com", True) for name in ("ada", "bob")}
        world.later(A_DAY)
        world.choose_list()
        world.cc.add_contact(ADA, lists=[world.list_id])
        world.later()
        yield world


def deleted(world):
    """Staff delete her contact; runs come after that."""
    world.cc.delete_contact(ADA)
    world.later(60)
    cycles(world)


def order(world):
    deleted(world)
    world.kibo.place_order(world.ids["ada"])


def edit(world):
    deleted(world)
    world.kibo.change_name(world.ids["ada"], "Ada", "New")


def enabled(world):
    world.kibo.deactivate(world.ids["ada"])
    world.later()
    deleted(world)
    world.kibo.activate(world.ids["ada"])


def seen_before_the_deletion(world):
    """The event is older than the deletion, and is processed after it."""
    world.desk.look_for_events()
    world.later()
    world.kibo.place_order(world.ids["ada"])
    world.later()
    world.desk.look_for_events()
    world.later()
    world.cc.delete_contact(ADA)


def compared(world):
    deleted(world)
    world.run(RunKind.FULL_COMPARE)


def export_killed(world):
    """An export is cut off while it sends; the order comes before it is gone on with."""
    deleted(world)
    world.sandbox.faults.add(Fault("status", service="cc", method="POST", path="activities", times=90))
    world.desk.run(RunKind.EXPORT)
    world.sandbox.faults.clear()
    world.kibo.place_order(world.ids["ada"])


def second_account(world):
    """Another account of hers is edited as well."""
    world.ids["twin"] = world.kibo.add_customer(ADA, True)
    world.later(60)
    deleted(world)
    world.kibo.place_order(world.ids["ada"])
    world.kibo.place_order(world.ids["twin"])


@pytest.mark.parametrize(
    "act", [order, edit, enabled, seen_before_the_deletion, compared, export_killed, second_account]
)
def test_what_is_no_new_opt_in_lifts_no_tombstone(new, act):
    act(new)
    new.later()
    cycles(new, 2)
    assert ADA not in new.members()
    new.run(RunKind.EXPORT, leave_out=True)
    new.run(RunKind.FULL_COMPARE)
    new.kibo.place_order(new.ids["ada"])
    new.later()
    cycles(new, 2)
    assert ADA not in new.members()
    assert new.opted_in(new.ids["ada"]), "a deletion is nobody's opt-out"
    assert link(new, new.ids["ada"]).state is LinkState.CONTACT_DELETED
    new.quiet_cycles()
    for name in {"ada", "twin"} & new.ids.keys():
        new.kibo.opt_out(new.ids[name])
    new.later()
    cycles(new, 2)
    new.kibo.opt_in(new.ids["ada"])
    new.later()
    cycles(new, 2)
    assert ADA in new.members(), "this one is a statement"
    new.quiet_cycles()


@pytest.mark.parametrize("retried", [False, True])
def test_an_opt_in_older_than_the_deletion_lifts_nothing(world, retried):
    """She opts in anew, and staff delete the contact before the event is processed, or done in vain."""
    exported(world, "ada", "bob")
    ada = world.ids["ada"]
    world.kibo.opt_out(ada)
    world.later()
    cycles(world)
    world.kibo.opt_in(ada)
    world.later()
    world.desk.look_for_events()
    if retried:
        world.sandbox.faults.add(Fault("status", service="cc", method="POST", times=9))
        world.desk.run(RunKind.EVENTS)
        world.sandbox.faults.clear()
    world.later(5)
    world.cc.delete_contact(ADA)
    world.later(31)
    cycles(world, 2)
    world.run(RunKind.FULL_COMPARE)
    cycles(world)
    assert ADA not in world.members()
    world.quiet_cycles()


@pytest.mark.parametrize("seen", [True, False])
@pytest.mark.parametrize("welcome", ["true", "false"])
def test_a_foreign_contact_comes_back_with_its_own_fields_and_stays_foreign(world, welcome, seen):
    exported(world, "bob")
    world.desk.save_settings({"welcome_email": welcome})
    world.cc.add_contact(ADA, lists=[world.list_id], first_name="Theirs", last_name="Own")
    ada = world.kibo.add_customer(ADA, True, first_name="Ours", address={"address1": "1 Main St"})
    world.later()
    cycles(world)
    world.cc.delete_contact(ADA)
    world.later()
    if seen:
        cycles(world)
    world.kibo.opt_out(ada)
    world.later()
    cycles(world)
    world.kibo.opt_in(ada)
    world.later()
    cycles(world)
    assert ADA in world.members()
    world.kibo.change_name(ada, "Ours", "Too")
    world.later()
    world.export()
    contact = world.cc.account.book.by_email(ADA)
    assert (contact.first_name, contact.last_name) == ("Theirs", "Own")
    assert not contact.addresses
    assert link(world, ada).ownership is Ownership.FOREIGN
    world.quiet_cycles()


# ---------------------------------------------------------------- unsubscribed before the deletion


@pytest.mark.parametrize("known", ["off", "cleared", "not yet", "on"])
@pytest.mark.parametrize("first", [RunKind.INBOUND, RunKind.EVENTS, RunKind.FULL_COMPARE, RunKind.EXPORT])
def test_who_signed_up_unsubscribed_and_was_deleted_is_not_opted_in(world, known, first):
    """docs/consent.md case 12; whoever is opted in the unsubscription opts out, deleted or not."""
    exported(world, "bob", *(["ada"] if known in ("cleared", "on") else []))
    ada = world.ids.get("ada") or world.kibo.add_customer(ADA, False)
    world.later(31)
    if known != "not yet":
        if known == "cleared":
            world.kibo.opt_out(ada)
        world.later()
        cycles(world)
    world.later(60)
    world.cc.sign_up(ADA, world.list_id)
    world.later(2)
    world.cc.unsubscribe(ADA)
    world.later(2)
    world.cc.delete_contact(ADA)
    world.later(2)
    world.run(first)
    cycles(world, 2)
    world.run(RunKind.FULL_COMPARE)
    assert not world.opted_in(ada)
    assert ADA not in world.members()
    world.quiet_cycles()


@pytest.mark.parametrize("unsubscribes", [True, False])
def test_an_opt_in_that_kibo_could_not_take_is_dropped_when_the_contact_is_deleted(world, unsubscribes):
    exported(world, "ada", "bob")
    ada = world.ids["ada"]
    world.kibo.opt_out(ada)
    world.later()
    cycles(world)
    world.cc.sign_up(ADA, world.list_id)
    world.later()
    world.kibo.set_switches(refuse_put_ids={ada: 409})
    world.run(RunKind.INBOUND)
    if unsubscribes:
        world.cc.unsubscribe(ADA)
        world.later()
    world.cc.delete_contact(ADA)
    world.later()
    world.kibo.set_switches(refuse_put_ids={})
    cycles(world, 2)
    assert not world.opted_in(ada)
    world.quiet_cycles()


def test_over_an_unsubscription_before_the_deletion_the_confirmation_is_asked(world):
    """No PUT, no sign-up: only the person takes an unsubscription back (design §3a R2)."""
    exported(world, "ada", "bob")
    ada = world.ids["ada"]
    world.cc.unsubscribe(ADA)
    world.later()
    cycles(world)
    assert not world.opted_in(ada)
    world.cc.delete_contact(ADA)
    world.later(60)
    cycles(world)
    world.kibo.opt_in(ada)
    world.later()
    mark = world.sandbox.log.mark()
    cycles(world, 2)
    calls = [one.path for one in world.sandbox.log.writes(since=mark) if one.service == "cc"]
    assert len(calls) == 1
    assert "/resubscribe/" in calls[0]
    assert ADA not in world.members()
    assert world.opted_in(ada)
    assert link(world, ada).state is LinkState.CONFIRMING
    world.quiet_cycles()


@pytest.mark.parametrize("again", ["nothing", "opts out and in", "an export"])
def test_nobody_is_said_to_have_been_asked_whose_contact_is_deleted(world, again):
    exported(world, "ada", "bob")
    world.cc.unsubscribe(ADA)
    world.later()
    cycles(world)
    world.cc.delete_contact(ADA)
    world.later(60)
    world.kibo.opt_in(world.ids["ada"])
    world.later()
    cycles(world)
    if again == "opts out and in":
        for act in (world.kibo.opt_out, world.kibo.opt_in):
            act(world.ids["ada"])
            world.later()
            cycles(world)
    if again == "an export":
        told = world.entries(world.export())[world.ids["ada"]]
        assert told.reason == DELETED_TO_ASK
    assert world.cc.mails(to=ADA) == []
    [found] = world.desk.drift().people
    assert (found.kind, found.reason) == (DriftKind.CONFIRMING, DELETED_TO_ASK)
    for live in (False, True):
        why = world.desk.why(ADA, live=live)
        assert why.verdict.reason == DELETED_TO_ASK
        assert "nobody could be asked" in why.next.what
