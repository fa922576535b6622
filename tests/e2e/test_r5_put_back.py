"""Who opted out and is put back on the list by others is mailed: never fought, always named (design §3a)."""

from __future__ import annotations

import pytest

from ccdesk.core.models import ContactFields
from ccdesk.core.runs import Outcome, RunKind
from ccdesk.service.needs_you import Need, NeedKind
from ccdesk.sync.plan_inbound import UNPROVEN
from ccdesk.sync.put_back import PUT_ON_BY_OTHERS
from tests.e2e.world import World

ANN, BEN = "ann@example.com", "ben@example.com"


@pytest.fixture
def ready(world: World) -> World:
    """Ann and Ben are on the list; Ann has opted out in the shop and was taken off."""
    world.ids = {"ann": world.kibo.add_customer(ANN, True), "ben": world.kibo.add_customer(BEN, True)}
    world.choose_list()
    world.export()
    world.cycle()
    world.kibo.opt_out(world.ids["ann"])
    world.later()
    world.cycle()
    assert world.members() == {BEN}
    return world


def import_spreadsheet(world: World, *emails: str) -> None:
    """Have staff import an old file onto the list: a job of the service, none of ccdesk's."""
    service = world.container.connections.mail(world.desk.settings(), "window")
    rows = [service.import_row(ContactFields(email, first_name="Old")) for email in emails]
    service.start_import(rows, world.list_id)
    world.later()


def needed(world: World) -> list[Need]:
    found = world.desk.status(live=False).needs_you
    return [one for one in found if one.kind is NeedKind.DISAGREEMENT]


def named(world: World, kind: RunKind = RunKind.INBOUND) -> list[int | None]:
    """Do a run and return whom it names as put back."""
    entries = world.entries(world.run(kind), Outcome.SKIPPED).values()
    return [one.customer_id for one in entries if one.reason == PUT_ON_BY_OTHERS]


@pytest.mark.parametrize("kind", [RunKind.INBOUND, RunKind.FULL_COMPARE])
def test_an_old_spreadsheet_puts_back_who_opted_out_and_it_is_named(ready: World, kind: RunKind) -> None:
    import_spreadsheet(ready, ANN, BEN)
    assert ready.members() == {ANN, BEN}
    assert named(ready, kind) == [ready.ids["ann"]]
    [need] = needed(ready)
    assert (need.count, need.people, need.ids) == (1, (ANN,), (str(ready.ids["ann"]),))
    assert need.since is not None
    assert not need.stuck, "nothing is held up by it"
    assert (ready.members(), ready.opted_in(ready.ids["ann"])) == ({ANN, BEN}, False), "it is not fought"


def test_it_is_named_in_one_run_only_and_stays_a_question(ready: World) -> None:
    import_spreadsheet(ready, ANN)
    assert named(ready) == [ready.ids["ann"]]
    since = needed(ready)[0].since
    for kind in (RunKind.EVENTS, RunKind.INBOUND, RunKind.FULL_COMPARE, RunKind.EXPORT):
        assert named(ready, kind) == []
    assert needed(ready)[0].since == since
    ready.quiet_cycles()


@pytest.mark.parametrize("moves_date", [True, False])
def test_it_is_over_once_staff_take_them_off_again(ready: World, moves_date: bool) -> None:
    ready.cc.set_switches(list_change_moves_updated_at=moves_date)
    ready.cc.staff_add_to_list(ANN, ready.list_id)
    ready.later()
    assert named(ready) == [ready.ids["ann"]]
    ready.cc.staff_remove_from_list(ANN, ready.list_id)
    ready.later()
    ready.run(RunKind.INBOUND)
    assert needed(ready) == []
    ready.cc.staff_add_to_list(ANN, ready.list_id)
    ready.later()
    assert named(ready) == [ready.ids["ann"]], "a second time is news again"


@pytest.mark.parametrize("ends", ["unsubscribes", "is deleted"])
def test_it_is_over_once_they_are_not_mailed_any_more(ready: World, ends: str) -> None:
    import_spreadsheet(ready, ANN)
    assert named(ready) == [ready.ids["ann"]]
    act = ready.cc.unsubscribe if ends == "unsubscribes" else ready.cc.delete_contact
    act(ANN)
    ready.later()
    ready.run(RunKind.INBOUND)
    assert needed(ready) == []


@pytest.mark.parametrize("second", [True, False])
def test_it_is_over_once_they_opt_in_again_and_stays_over(ready: World, second: bool) -> None:
    import_spreadsheet(ready, ANN)
    assert named(ready) == [ready.ids["ann"]]
    ready.kibo.opt_in(ready.ids["ann"])
    ready.later()
    ready.run(RunKind.EVENTS)
    assert needed(ready) == []
    assert ANN in ready.members()
    ready.kibo.opt_out(ready.ids["ann"])
    ready.later()
    ready.run(RunKind.EVENTS)
    assert ANN not in ready.members(), "this opt-out is a new one"
    assert needed(ready) == []
    if second:
        ready.run(RunKind.INBOUND)
        assert needed(ready) == []


def test_a_persons_own_sign_up_is_no_disagreement(ready: World) -> None:
    ready.later(15)
    ready.cc.sign_up(ANN, ready.list_id)
    ready.later()
    assert named(ready) == []
    assert needed(ready) == []
    assert ready.opted_in(ready.ids["ann"])


def test_a_sign_up_that_cannot_be_told_to_be_later_is_named_as_that(ready: World) -> None:
    """The opt-out stands, and the person is mailed: one entry says so, and that it may be their own."""
    ready.cc.sign_up(ANN, ready.list_id)
    ready.later()
    ready.kibo.change_name(ready.ids["ann"], "Ann", "New")
    ready.later()
    ready.run(RunKind.EVENTS)
    run = ready.run(RunKind.INBOUND)
    entries = [one for one in ready.desk.entries(run.id) if one.customer_id == ready.ids["ann"]]
    assert [one.reason for one in entries] == [UNPROVEN]
    assert [one.people for one in needed(ready)] == [(ANN,)]


def test_another_account_that_agrees_is_no_disagreement(ready: World) -> None:
    second = ready.kibo.add_customer(ANN, False)
    ready.later()
    ready.cycle()
    ready.kibo.opt_in(second)
    ready.later()
    ready.cycle()
    asked = [link.customer_id for link in ready.desk.newcomers()]
    if asked:  # it came after the opt-out: staff say that it is the person
        assert ready.desk.answer_newcomer(second, add=True)
        ready.cycle()
    assert ANN in ready.members()
    assert named(ready) == []
    assert needed(ready) == []


def test_a_box_that_was_never_ticked_is_no_opt_out(ready: World) -> None:
    ready.kibo.add_customer("new@example.com", False)
    ready.later()
    ready.cycle()
    import_spreadsheet(ready, "new@example.com", "nobody@example.com")
    assert named(ready) == []
    assert needed(ready) == []


def test_who_unsubscribed_or_left_and_is_put_back_is_named_as_well(ready: World) -> None:
    ready.cc.leave_list(BEN, ready.list_id)
    ready.later()
    ready.cycle()
    assert not ready.opted_in(ready.ids["ben"])
    import_spreadsheet(ready, BEN)
    assert named(ready) == [ready.ids["ben"]]
    assert not ready.opted_in(ready.ids["ben"])


@pytest.mark.parametrize("by_file", [True, False])
def test_our_own_sign_up_call_is_not_taken_for_the_persons(world: World, by_file: bool) -> None:
    ann = world.kibo.add_customer(ANN, False)
    world.choose_list(welcome_email="true")
    world.export()
    world.cycle()
    world.kibo.opt_in(ann)
    world.later(30)
    world.cycle()
    assert ANN in world.members()
    world.later(30)
    world.kibo.opt_out(ann)
    world.later(30)
    world.cycle()
    if by_file:
        import_spreadsheet(world, ANN)
    else:
        world.cc.staff_add_to_list(ANN, world.list_id)
        world.later()
    assert named(world) == [ann]
    assert not world.opted_in(ann)


def test_another_list_is_no_matter_of_the_former_one(ready: World) -> None:
    import_spreadsheet(ready, ANN)
    assert named(ready) == [ready.ids["ann"]]
    ready.desk.save_settings({"contact_list": "Another"})
    ready.run(RunKind.EXPORT, confirmed=True)
    ready.run(RunKind.INBOUND)
    assert needed(ready) == []


def test_a_listing_that_lags_behind_our_removal_names_nobody(ready: World) -> None:
    """The next listing shows the person as they were before the removal, the contact itself does not."""
    ready.kibo.opt_out(ready.ids["ben"])
    ready.later()
    ready.run(RunKind.EVENTS)
    desk_mailing = ready.container.connections.mail
    stale = ready.list_id

    def lagging(*args, **options):
        client = desk_mailing(*args, **options)
        listed = client.contacts

        def contacts(**how):
            from dataclasses import replace

            for page in listed(**how):
                yield [replace(one, list_ids=one.list_ids | {stale}) for one in page]

        client.contacts = contacts
        return client

    ready.container.connections.mail = lagging
    assert named(ready, RunKind.FULL_COMPARE) == []
    assert needed(ready) == []


def test_why_names_them_as_well_where_their_account_is_gone(ready: World) -> None:
    import_spreadsheet(ready, ANN)
    ready.later()
    ready.cycle()
    ready.kibo.delete_customer(ready.ids["ann"])
    ready.later()
    for _ in range(2):
        ready.cycle()
    assert [one.people for one in ready.desk.status(live=False).needs_you] == [(ANN,)]
    for live in (False, True):
        verdict = ready.desk.why(ANN, live=live).verdict
        assert (verdict.in_step, verdict.reason) == (False, PUT_ON_BY_OTHERS)
    ready.cc.staff_remove_from_list(ANN, ready.list_id)
    ready.later()
    ready.cycle()
    assert ready.desk.why(ANN).verdict.in_step
    assert ready.desk.status(live=False).needs_you == ()
