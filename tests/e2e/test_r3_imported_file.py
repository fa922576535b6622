"""A file of customers imported into the shop costs pages, and one look at the contacts (design §3a R3)."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable

import pytest

from ccdesk.core.errors import Cancelled, ManyHeld
from ccdesk.core.losses import HeldAnswer
from ccdesk.core.runs import Progress, RunKind, RunStatus
from ccdesk.sync import fresh_customers
from ccdesk.sync.outbox import list_add, list_remove
from ccdesk.sync.runs import events
from ccdesk.sync.sensors import shop_changes
from tests.e2e.world import World

PEOPLE = 1_000
KNOWN = 30


@pytest.fixture
def shop(world: World, monkeypatch) -> World:
    """A shop after its export; a hundredth of what real memory holds is held."""
    monkeypatch.setattr(fresh_customers, "MOST", 50)
    for number in range(KNOWN):
        world.kibo.add_customer(f"known{number}@example.com", True)
    world.later(60)
    world.choose_list()
    world.export()
    world.run(RunKind.EVENTS)
    world.later(60)
    return world


def calls(world: World, since: int) -> Counter[str]:
    found = world.sandbox.log.all(since=since)
    return Counter(f"{one.service} {re.sub(r'[0-9a-f-]{36}|[0-9]+', '#', one.path)}" for one in found)


def test_they_are_read_by_pages_and_not_one_by_one(shop):
    for number in range(PEOPLE):
        shop.kibo.add_customer(f"p{number}@example.com", True)
    shop.later(30)
    mark = shop.sandbox.log.mark()
    run = shop.run(RunKind.EVENTS)
    made = calls(shop, mark)
    assert made["kibo /api/commerce/customer/accounts/#"] == 0
    assert made["kibo /api/commerce/customer/accounts"] <= 2 * PEOPLE / 200 + 4
    assert sum(made[one] for one in made if one.startswith("cc")) <= 14
    assert run.counts["added"] == PEOPLE
    assert len(shop.members()) == PEOPLE + KNOWN
    shop.quiet_cycles()


def test_what_an_earlier_run_has_queued_is_read_by_pages_too(shop):
    people = [shop.kibo.add_customer(f"p{number}@example.com", True) for number in range(PEOPLE)]
    shop.later(30)
    assert shop.desk.look_for_events() == PEOPLE
    shop.kibo.opt_out(people[7])
    shop.kibo.delete_customer(people[8])
    mark = shop.sandbox.log.mark()
    run = shop.run(RunKind.EVENTS)
    made = calls(shop, mark)
    assert made["kibo /api/commerce/customer/accounts/#"] <= 3
    assert run.counts["added"] == PEOPLE - 2
    assert "p7@example.com" not in shop.members()


def test_two_accounts_of_many_people_do_not_cost_an_import_each(shop):
    for number in range(40):
        for _ in range(3):
            shop.kibo.add_customer(f"p{number}@example.com", True)
    shop.later(30)
    mark = shop.sandbox.log.mark()
    run = shop.run(RunKind.EVENTS)
    assert calls(shop, mark)["cc /v#/activities/contacts_json_import"] == 1
    assert len(shop.members()) == 40 + KNOWN
    assert run.error_count == 0
    shop.quiet_cycles()


MANY = 120
PAGES = 1
KEPT = 50_000  # readings a run keeps in memory, as in production
BESIDE = 5  # Kibo calls of a run whatever it finds
JOBS = 12  # Constant Contact calls for up to 500: looks at the list before and after, a job and its end


@pytest.fixture
def people(shop, monkeypatch) -> list[int]:
    """Many customers who are on the list, and a run that keeps all it reads."""
    monkeypatch.setattr(fresh_customers, "MOST", KEPT)
    ids = [shop.kibo.add_customer(f"p{number}@example.com", True) for number in range(MANY)]
    shop.later(30)
    assert shop.run(RunKind.EVENTS).counts["added"] == MANY
    shop.later(30)
    return ids


def kibo_calls(made: Counter[str]) -> int:
    return sum(count for one, count in made.items() if one.startswith("kibo"))


def test_an_imported_file_costs_one_call_for_two_hundred(shop, monkeypatch):
    monkeypatch.setattr(fresh_customers, "MOST", KEPT)
    for number in range(MANY):
        shop.kibo.add_customer(f"p{number}@example.com", True)
    shop.later(30)
    mark = shop.sandbox.log.mark()
    assert shop.run(RunKind.EVENTS).counts["added"] == MANY
    assert kibo_calls(calls(shop, mark)) <= PAGES + BESIDE


def test_changes_that_are_none_of_consent_cost_one_call_for_two_hundred(shop, people):
    for number in people:
        shop.kibo.change_address(number, address1="1 New Street")
    shop.later(30)
    mark = shop.sandbox.log.mark()
    assert shop.run(RunKind.EVENTS).counts["unchanged"] == MANY
    made = calls(shop, mark)
    assert kibo_calls(made) <= PAGES + BESIDE
    assert not [one for one in made if one.startswith("cc")]


def test_changed_emails_cost_pages_on_both_sides(shop, people):
    for number in people:
        shop.kibo.change_email(number, f"new{number}@example.com")
    shop.cc.unsubscribe("p7@example.com")
    shop.later(30)
    mark = shop.sandbox.log.mark()
    run = shop.run(RunKind.EVENTS)
    made = calls(shop, mark)
    assert kibo_calls(made) <= PAGES + BESIDE
    assert made["cc /v#/contacts/#"] == 0
    assert run.counts["added"] == MANY - 1
    assert f"new{people[7]}@example.com" not in shop.members(), "the opt-out is the person's, not the email's"


def opt_out_between_batches(shop: World, people: list[int]) -> tuple[list[str], Callable[[Progress], None]]:
    """Return a listener that lets somebody of the second batch opt out once the first has been acted on.

    Their entries have one date, so who is in which batch is only known then; the email is put into the list.
    """
    opted_out: list[str] = []

    def listen(progress: Progress) -> None:
        if progress.phase == "Processing customer events" and not opted_out:
            number = next(n for n in range(MANY) if f"p{n}@example.com" not in shop.members())
            opted_out.append(f"p{number}@example.com")
            shop.kibo.opt_out(people[number])

    return opted_out, listen


@pytest.mark.parametrize("dates", ["both", "none"])
def test_a_flag_cleared_while_the_run_goes_on_is_not_acted_on_as_it_was(shop, monkeypatch, dates):
    """Where Kibo finds customers by date that costs a call a batch, else they are read once more by pages."""
    monkeypatch.setattr(fresh_customers, "MOST", KEPT)
    monkeypatch.setattr(events, "_BATCH", MANY // 2)
    monkeypatch.setattr(shop_changes, "_OLD", -1.0)
    shop.kibo.set_switches(update_filter_name=dates)
    people = [shop.kibo.add_customer(f"p{number}@example.com", True) for number in range(MANY)]
    shop.later(30)
    mark = shop.sandbox.log.mark()
    opted_out, listen = opt_out_between_batches(shop, people)
    run = shop.run(RunKind.EVENTS, listener=listen)
    made = calls(shop, mark)
    assert run.counts["added"] == MANY - 1
    assert opted_out
    assert opted_out[0] not in shop.members()
    assert made["kibo /api/commerce/customer/accounts/#"] == 0
    assert dates == "none" or kibo_calls(made) <= PAGES + BESIDE + 3


def test_flags_cleared_while_a_run_goes_on_are_weighed_all_the_same(shop, people, monkeypatch):
    monkeypatch.setattr(events, "_BATCH", MANY // 2)
    monkeypatch.setattr(shop_changes, "_OLD", -1.0)
    for number in people:
        shop.kibo.change_address(number, address1="1 New Street")
    shop.later(30)
    once = [people]

    def listen(progress: Progress) -> None:
        if progress.phase == "Processing customer events" and once:
            for number in once.pop():
                shop.kibo.opt_out(number)

    with pytest.raises(ManyHeld):
        shop.desk.run(RunKind.EVENTS, listener=listen)
    assert len(shop.members()) == MANY + KNOWN


@pytest.mark.parametrize("after", ["one batch", "the import"])
def test_a_run_that_is_stopped_in_the_middle_loses_nobody_and_adds_nobody_twice(shop, monkeypatch, after):
    monkeypatch.setattr(fresh_customers, "MOST", KEPT)
    monkeypatch.setattr(events, "_BATCH", MANY // 3)
    for number in range(MANY):
        shop.kibo.add_customer(f"p{number}@example.com", True)
    shop.later(30)
    cancel = threading.Event()

    def listen(progress: Progress) -> None:
        if progress.phase == "Processing customer events":
            cancel.set()

    if after == "the import":
        begun = list_add.by_halves

        def stopped(*arguments, **named):
            begun(*arguments, **named)
            raise Cancelled()

        monkeypatch.setattr(list_add, "by_halves", stopped)
    first = shop.desk.run(RunKind.EVENTS, cancel=cancel, listener=listen)
    assert first.status is RunStatus.CANCELLED
    monkeypatch.undo()
    shop.later(2)
    second = shop.run(RunKind.EVENTS)
    assert second.error_count == 0
    assert len(shop.members()) == MANY + KNOWN
    shop.quiet_cycles()


def test_cleared_flags_cost_pages_and_everybody_is_taken_off_the_list(shop, people):
    second = shop.kibo.add_customer("P7@example.com", True)  # keeps its person on the list
    shop.later(30)
    shop.cycle()
    for number in people:
        shop.kibo.opt_out(number)
    shop.later(30)
    mark = shop.sandbox.log.mark()
    run = shop.run(RunKind.EVENTS, confirmed=True)
    made = calls(shop, mark)
    assert kibo_calls(made) <= 2 * PAGES + BESIDE, "the changes, and one reading of the shop"
    assert run.counts["removed"] == MANY - 1
    assert len(shop.members()) == KNOWN + 1
    assert shop.opted_in(second)
    shop.quiet_cycles()


def mail_calls(made: Counter[str]) -> int:
    return sum(count for one, count in made.items() if one.startswith("cc"))


def move_everybody(shop: World, people: list[int]) -> None:
    """Give everybody a new email; one former email is kept by another account that agrees."""
    for number in people:
        shop.kibo.change_email(number, f"new{number}@example.com")
    shop.kibo.add_customer("p7@example.com", True)
    shop.later(30)
    shop.cycle()
    assert len(shop.members()) == 2 * MANY + KNOWN


def clear_everybody(shop: World, people: list[int]) -> int:
    for number in people:
        shop.kibo.opt_out(number)
    shop.later(30)
    return int(shop.sandbox.log.mark())


def test_cleared_flags_of_people_with_former_emails_cost_pages_on_both_sides(shop, people):
    move_everybody(shop, people)
    mark = clear_everybody(shop, people)
    run = shop.run(RunKind.EVENTS, confirmed=True)
    made = calls(shop, mark)
    assert kibo_calls(made) <= 2 * PAGES + BESIDE, "the changes, and one reading of the shop"
    assert mail_calls(made) <= JOBS, made
    assert run.counts["removed"] == MANY
    assert shop.members() == {f"known{number}@example.com" for number in range(KNOWN)} | {"p7@example.com"}
    entries = shop.entries(run)
    assert "p3@example.com" in entries[people[3]].reason
    assert "former" not in entries[people[7]].reason
    shop.quiet_cycles()


def test_cleared_flags_of_people_whose_email_changed_as_well_cost_pages(shop, people):
    for number in people:
        shop.kibo.change_email(number, f"new{number}@example.com")
    mark = clear_everybody(shop, people)
    run = shop.run(RunKind.EVENTS, confirmed=True)
    made = calls(shop, mark)
    assert kibo_calls(made) <= 2 * PAGES + BESIDE + MANY // 50, "the event pull tells of two changes each"
    assert mail_calls(made) <= JOBS, made
    assert run.counts["removed"] == MANY
    assert len(shop.members()) == KNOWN
    shop.quiet_cycles()


def test_cleared_flags_that_staff_let_go_cost_pages(shop, people):
    move_everybody(shop, people)
    clear_everybody(shop, people)
    with pytest.raises(ManyHeld):
        shop.desk.run(RunKind.EVENTS)
    shop.desk.answer_held(HeldAnswer.DO_IT)
    mark = shop.sandbox.log.mark()
    run = shop.run(RunKind.EVENTS)
    made = calls(shop, mark)
    assert kibo_calls(made) <= 2 * PAGES + BESIDE
    assert mail_calls(made) <= JOBS, made
    assert run.counts["removed"] == MANY
    assert len(shop.members()) == KNOWN + 1
    shop.quiet_cycles()


@pytest.mark.parametrize("after", ["one batch", "the first job"])
def test_removals_stopped_in_the_middle_leave_nobody_on_the_list(shop, people, monkeypatch, after):
    """Nobody's removal is taken for their own leaving, and no former email is left behind."""
    move_everybody(shop, people)
    clear_everybody(shop, people)
    cancel = threading.Event()
    with monkeypatch.context() as patched:
        patched.setattr(events, "_BATCH", MANY // 3)
        if after == "the first job":
            begun = list_remove.by_halves

            def stopped(*arguments, **named):
                begun(*arguments, **named)
                raise Cancelled()

            patched.setattr(list_remove, "by_halves", stopped)

        def listen(progress: Progress) -> None:
            if progress.phase == "Processing opt-outs":
                cancel.set()

        first = shop.desk.run(RunKind.EVENTS, confirmed=True, cancel=cancel, listener=listen)
    assert first.status is RunStatus.CANCELLED
    assert len(shop.members()) > KNOWN + 1
    shop.later(2)
    mark = shop.sandbox.log.mark()
    second = shop.run(RunKind.EVENTS, confirmed=True)
    made = calls(shop, mark)
    assert kibo_calls(made) <= 2 * PAGES + BESIDE
    assert mail_calls(made) <= JOBS, made
    assert second.error_count == 0
    assert len(shop.members()) == KNOWN + 1
    shop.quiet_cycles()
