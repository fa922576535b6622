"""`forget` over whole stories: no trace in any file, and an opt-out is honoured all the same (design §8)."""

from __future__ import annotations

import pytest

from ccdesk.core.drift import DriftKind
from ccdesk.core.errors import Busy, SettingsError
from ccdesk.core.runs import RunKind
from ccdesk.sandbox.wire.kernel import Fault
from tests.e2e.world import World

EMAIL = "Zebulon.Quist@hopper.example"
WORDS = (b"zebulon", b"quist", b"hopper.example", b"q8xname")


@pytest.fixture
def shop(world: World) -> World:
    world.set_up()
    world.log_in()
    world.choose_list()
    world.number = world.kibo.add_customer(EMAIL, True, first_name="Q8xName", last_name="Q8xName")
    world.kibo.add_customer("bo@people.example", True)
    world.export()
    return world


def traces(world: World) -> list[tuple[str, bytes]]:
    """Return the files that hold a word of the person's, while the program is open and after."""
    found = []
    for _ in range(2):
        for path in world.base.rglob("*"):
            content = path.read_bytes().lower() if path.is_file() else b""
            found += [(path.name, word) for word in WORDS if word in content]
        world.container.close()
    world.open()
    return found


def opt_out_by(world: World, how: str) -> None:
    if how == "unsubscribes":
        world.cc.unsubscribe(EMAIL)
    elif how == "leaves":
        world.cycle()
        world.cc.leave_list(EMAIL, world.list_id)
        world.later(20)
    else:
        world.kibo.opt_out(world.number)
    world.later()
    world.cycle()
    world.cycle()
    assert not world.opted_in(world.number)
    assert EMAIL.lower() not in world.members()


@pytest.mark.parametrize("how", ["unsubscribes", "leaves", "opts out in the shop"])
@pytest.mark.parametrize("who", ["email", "id"])
def test_an_opt_out_is_honoured_by_whom_nothing_is_known_of(shop: World, how: str, who: str) -> None:
    opt_out_by(shop, how)
    assert traces(shop) != []
    done = shop.desk.forget(EMAIL.upper() if who == "email" else str(shop.number))
    assert done.person.customer_ids == (shop.number,)
    assert done.person.opted_out
    assert not done.person.opted_in
    assert traces(shop) == []
    assert list(shop.desk.ledger(EMAIL)) == []
    # Somebody imports the flag of old into the shop, and a stranger comes with the email.
    shop.kibo.opt_in(shop.number)
    shop.kibo.add_customer(EMAIL, True)
    shop.later()
    for _ in range(2):
        shop.cycle()
        shop.export()
        shop.run(RunKind.FULL_COMPARE)
    assert EMAIL.lower() not in shop.members()


@pytest.mark.parametrize("how", ["unsubscribes", "leaves"])
def test_before_kibo_was_told_it_is_honoured_as_well(shop: World, how: str) -> None:
    shop.cycle()
    if how == "leaves":
        shop.cc.leave_list(EMAIL, shop.list_id)
    else:
        shop.cc.unsubscribe(EMAIL)
    shop.later(20)
    shop.sandbox.faults.add(Fault("status", service="kibo", method="PUT", path="accounts", times=9))
    shop.desk.run(RunKind.INBOUND)
    assert shop.opted_in(shop.number)
    done = shop.desk.forget(EMAIL)
    assert (done.person.opted_in, done.person.opted_out) == (True, True)
    assert traces(shop) == []
    shop.sandbox.faults.clear()
    for _ in range(2):
        shop.cycle()
        shop.export()
        shop.run(RunKind.FULL_COMPARE)
    assert EMAIL.lower() not in shop.members()


def test_what_keeps_the_opt_out_is_shown_as_no_account(shop: World) -> None:
    opt_out_by(shop, "leaves")
    links = shop.desk.stored_status().links
    shop.desk.forget(EMAIL)
    assert shop.desk.stored_status().links == links - 1
    why = shop.desk.why(EMAIL)
    assert (why.customer_ids, why.accounts, why.verdict.wants_mail) == ((), (), False)
    shop.kibo.opt_in(shop.number)
    shop.later()
    shop.cycle()
    [asked] = shop.desk.newcomers()
    assert asked.customer_id == shop.number
    assert [one.customer_ids for one in shop.desk.drift().people] == [(shop.number,)]
    assert shop.desk.why(EMAIL).customer_ids == (shop.number,)
    assert shop.desk.answer_newcomer(shop.number, add=True)
    shop.later()
    shop.cycle()
    assert EMAIL.lower() in shop.members(), "staff have the last word"


def test_who_is_still_opted_in_comes_back_and_that_is_said(shop: World) -> None:
    person = shop.desk.whom_to_forget(EMAIL)
    assert (person.opted_in, person.opted_out) == (True, False)
    done = shop.desk.forget(EMAIL)
    assert done.person == person
    assert traces(shop) == []
    shop.later()
    shop.export()
    shop.cycle()
    assert EMAIL.lower() in shop.members()
    assert shop.container.store.links.get(shop.number).email == EMAIL


def test_not_while_a_run_is_going_on(shop: World) -> None:
    shop.container.store.lease.acquire("events")
    other = shop.container
    shop.open()
    with pytest.raises(Busy):
        shop.desk.forget(EMAIL)
    other.store.lease.release()
    other.close()
    assert shop.container.store.links.get(shop.number).email == EMAIL


def test_not_while_a_change_of_theirs_waits(shop: World) -> None:
    """It may be an opt-out in the shop: they would stay on the list."""
    shop.cycle()
    shop.kibo.opt_out(shop.number)
    shop.later()
    assert shop.desk.look_for_events() == 1
    with pytest.raises(SettingsError, match="not processed yet"):
        shop.desk.forget(EMAIL)
    shop.cycle()
    assert shop.desk.forget(EMAIL).person.opted_out
    assert EMAIL.lower() not in shop.members()


def test_backups_and_logs_are_cleaned_too(shop: World) -> None:
    shop.container.store.back_up("v1")
    log = shop.base / "ccdesk.log.1"
    log.write_text(f"something about {EMAIL.upper()}\nand bo@people.example\n")
    done = shop.desk.forget(EMAIL)
    assert done.copies == 1
    assert log.read_text() == "something about <forgotten>\nand bo@people.example\n"
    assert traces(shop) == []


def test_nobody_is_no_error(shop: World) -> None:
    done = shop.desk.forget("nobody@people.example")
    assert done.person.customer_ids == ()
    assert not done.person.opted_out
    with pytest.raises(SettingsError):
        shop.desk.forget(" ")


def test_not_before_an_opt_out_that_no_run_has_seen_is_acted_on(shop: World) -> None:
    """Opted out first, as is advised: forgotten at once, they would be mailed on."""
    shop.cycle()
    shop.kibo.opt_out(shop.number)
    shop.later()
    with pytest.raises(SettingsError, match="not processed yet"):
        shop.desk.forget(EMAIL)
    shop.cycle()
    done = shop.desk.forget(EMAIL)
    assert (done.person.opted_out, done.shop_asked) == (True, True)
    assert EMAIL.lower() not in shop.members()


def test_where_kibo_cannot_be_asked_it_is_done_and_said(shop: World) -> None:
    shop.cycle()
    shop.sandbox.faults.add(Fault("status", service="kibo", status=503, times=99))
    assert not shop.desk.forget(EMAIL).shop_asked
    shop.sandbox.faults.clear()
    assert traces(shop) == []


def test_an_account_that_is_gone_is_no_opt_out(shop: World) -> None:
    shop.cycle()
    shop.kibo.delete_customer(shop.number)
    assert shop.desk.forget(EMAIL).shop_asked


@pytest.mark.parametrize("live", [False, True])
def test_why_knows_nobody_afterwards_but_the_opt_out(shop: World, live: bool) -> None:
    shop.cycle()
    shop.cc.unsubscribe(EMAIL)
    shop.later()
    shop.cycle()
    shop.desk.forget(EMAIL)
    assert not shop.desk.why(EMAIL, live=live).verdict.should_be_on_list


@pytest.mark.parametrize("first", [RunKind.EVENTS, RunKind.EXPORT, RunKind.FULL_COMPARE, RunKind.INBOUND])
@pytest.mark.parametrize("asked", [True, False])
def test_who_opts_out_after_they_were_forgotten_and_before_the_next_run_is_taken_off(
    shop: World, first: RunKind, asked: bool
) -> None:
    """Nothing else is known of them by then, and a cleared flag looks like one that was never set."""
    shop.cycle()
    if not asked:
        shop.kibo.opt_out(shop.number)
        shop.sandbox.faults.add(Fault("status", service="kibo", status=503, times=99))
    assert shop.desk.forget(EMAIL).shop_asked is asked
    shop.sandbox.faults.clear()
    assert traces(shop) == []
    shop.kibo.opt_out(shop.number)
    shop.later()
    shop.run(first)
    shop.cycle()
    assert EMAIL.lower() not in shop.members()
    assert not shop.desk.why(EMAIL).verdict.should_be_on_list
    shop.quiet_cycles()


def test_who_stays_opted_in_is_known_again_by_the_next_run_and_greeted_by_nobody(shop: World) -> None:
    shop.desk.save_settings({"welcome_email": "true"})
    shop.cycle()
    shop.desk.forget(EMAIL)
    shop.later()
    shop.cycle()
    assert EMAIL.lower() in shop.members()
    assert shop.container.store.links.get(shop.number).email == EMAIL
    assert shop.cc.mails() == []
    shop.quiet_cycles()


@pytest.mark.parametrize("first", [RunKind.EVENTS, RunKind.INBOUND])
@pytest.mark.parametrize("how", ["leaves", "leaves before", "unsubscribes", "unsubscribes before"])
def test_who_leaves_and_is_forgotten_before_a_run_has_seen_it_is_not_put_back(
    shop: World, first: RunKind, how: str
) -> None:
    shop.cycle()
    if not how.endswith("before"):
        shop.desk.forget(EMAIL)
    if how.startswith("leaves"):
        shop.cc.leave_list(EMAIL, shop.list_id)
    else:
        shop.cc.unsubscribe(EMAIL)
    if how.endswith("before"):
        shop.desk.forget(EMAIL)
    shop.later(20)
    shop.run(first)
    for _ in range(2):
        shop.cycle()
    assert EMAIL.lower() not in shop.members()
    assert not shop.opted_in(shop.number)


def test_an_email_that_changed_before_the_forgetting_is_not_taken_for_the_one_on_the_list(
    shop: World,
) -> None:
    shop.cycle()
    shop.kibo.change_email(shop.number, "new@hopper.example")
    shop.desk.forget(EMAIL)
    shop.later()
    shop.cycle()
    assert "new@hopper.example" in shop.members()


def test_an_opt_out_that_kibo_has_to_be_given_is_given_to_an_account_that_counts_for_nothing(
    shop: World,
) -> None:
    shop.cycle()
    shop.kibo.deactivate(shop.number)
    shop.later()
    shop.cycle()
    shop.cc.unsubscribe(EMAIL)
    shop.sandbox.faults.add(Fault("status", service="kibo", method="PUT", status=503, times=99))
    shop.later()
    shop.desk.run(RunKind.INBOUND)
    shop.desk.forget(EMAIL)
    assert traces(shop) == []
    shop.sandbox.faults.clear()
    shop.later()
    shop.cycle()
    assert not shop.opted_in(shop.number)


def test_not_while_others_have_put_somebody_back_who_opted_out(shop: World) -> None:
    opt_out_by(shop, "opts out in the shop")
    shop.cc.staff_add_to_list(EMAIL, shop.list_id)
    shop.later()
    shop.cycle()
    with pytest.raises(SettingsError, match="is on the list all the same"):
        shop.desk.forget(EMAIL)
    shop.cc.staff_remove_from_list(EMAIL, shop.list_id)
    shop.later()
    shop.cycle()
    assert shop.desk.forget(EMAIL).person.opted_out
    assert traces(shop) == []


@pytest.mark.parametrize("how", ["unsubscribes", "leaves", "opts out in the shop"])
def test_who_signs_up_after_they_were_forgotten_is_opted_in(shop: World, how: str) -> None:
    opt_out_by(shop, how)
    shop.desk.forget(EMAIL)
    shop.cycle()
    shop.later()
    shop.cc.sign_up(EMAIL, shop.list_id)
    shop.later()
    assert [one.kind for one in shop.desk.drift().people] == [DriftKind.SIGN_UP_DUE]
    shop.cycle()
    assert shop.opted_in(shop.number)
    assert EMAIL.lower() in shop.members()
    assert list(shop.desk.drift().people) == []
    shop.kibo.opt_out(shop.number)
    shop.later()
    shop.cycle()
    assert EMAIL.lower() not in shop.members()
    shop.later()
    shop.kibo.opt_in(shop.number)
    shop.later()
    shop.cycle()
    assert EMAIL.lower() in shop.members()


def test_a_sign_up_that_no_run_has_seen_before_the_forgetting_counts_as_well(shop: World) -> None:
    opt_out_by(shop, "opts out in the shop")
    shop.cc.sign_up(EMAIL, shop.list_id)
    shop.later(1)
    shop.desk.forget(EMAIL)
    shop.cycle()
    assert shop.opted_in(shop.number)
    assert EMAIL.lower() in shop.members()


def test_a_sign_up_from_before_the_opt_out_counts_for_nothing_once_others_put_them_back(shop: World) -> None:
    shop.cycle()
    shop.cc.sign_up(EMAIL, shop.list_id)
    shop.later(1)
    shop.kibo.opt_out(shop.number)
    shop.later(1)
    shop.cycle()
    assert EMAIL.lower() not in shop.members()
    shop.desk.forget(EMAIL)
    shop.cc.staff_add_to_list(EMAIL, shop.list_id)
    shop.later(1)
    for _ in range(2):
        shop.cycle()
        assert not shop.opted_in(shop.number)
        assert [one.email for one in shop.desk.drift().people] == [EMAIL]


def test_a_sign_up_opts_in_the_account_that_came_after_one_that_is_gone(shop: World) -> None:
    shop.cc.unsubscribe(EMAIL)
    shop.cycle()
    shop.kibo.delete_customer(shop.number)
    shop.later()
    shop.cycle()
    shop.number = shop.kibo.add_customer(EMAIL, False)
    shop.later()
    shop.cc.sign_up(EMAIL, shop.list_id)
    shop.later()
    shop.cycle()
    assert shop.opted_in(shop.number)
    assert EMAIL.lower() in shop.members()
    assert list(shop.desk.drift().people) == []
