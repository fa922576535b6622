"""The guard's cases of docs/consent.md e4: who is held, who is carried, and what counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ccdesk.consent.decide import decide
from ccdesk.consent.guard import Kind, Loss, Memory, a_mistake, limit_of, losses_of, weigh
from ccdesk.consent.model import Act, How
from ccdesk.consent.reasons import Reason
from tests.consent.story import EMAIL, LIST, Story, at


def losses(story: Story, number: int = 1, *, old: bool = True, looked: bool = True) -> list[Loss]:
    """The losses of several people who did what this one did."""
    decision = story.decide()
    ((statement, kind),) = losses_of(story.person, decision)
    return [Loss((f"{index}@example.com", statement.number), kind, old, looked) for index in range(number)]


def left() -> Story:
    story = Story()
    story.in_step()
    story.contact(30)
    return story


def cleared() -> Story:
    story = Story()
    story.in_step()
    story.account(10, on=False)
    return story


def test_26_who_is_read_directly_beside_a_stale_list_is_not_carried_alone() -> None:
    weighed = weigh(losses(left(), looked=False), Memory(), linked=14, now=at(31), least=3)
    assert weighed.carry == frozenset()
    assert weighed.memory.holds == {}


def test_27_people_put_back_in_batches_are_not_opted_out_in_between() -> None:
    mass = losses(left(), 14)
    memory = weigh(mass, Memory(), linked=14, now=at(31), least=3).memory
    for minute, still in ((60, mass[:8]), (90, mass[:3]), (120, mass[:1])):
        weighed = weigh(still, memory, linked=14, now=at(minute), least=3)
        assert weighed.carry == frozenset()
        memory = weighed.memory
    assert weigh([], memory, linked=14, now=at(150), least=3).memory.holds == {}


def test_27b_what_is_left_an_hour_later_is_ordinary() -> None:
    mass = losses(left(), 14)
    memory = weigh(mass, Memory(), linked=14, now=at(31), least=3).memory
    memory = weigh(mass[:2], memory, linked=14, now=at(60), least=3).memory
    assert len(weigh(mass[:2], memory, linked=14, now=at(121), least=3).carry) == 2


def test_28_a_list_that_is_emptied_slowly_is_held_beyond_the_limit() -> None:
    mass = losses(left(), 6)
    first = weigh(mass[:3], Memory(), linked=14, now=at(31), least=3)
    assert len(first.carry) == 3
    assert weigh(mass[3:], first.memory, linked=14, now=at(61), least=3).carry == frozenset()
    later = weigh(mass[3:], first.memory, linked=14, now=at(31 + 25 * 60), least=3)
    assert len(later.carry) == 3


def test_29_a_burst_of_fakes_holds_up_nobody_else_and_waits_a_day() -> None:
    story = cleared()
    fakes = [replace(one, old=False, key=(f"fake{one.key[0]}", 1)) for one in losses(story, 12)]
    own = losses(story)
    weighed = weigh([*fakes, *own], Memory(), linked=14, now=at(31), least=3)
    assert weighed.carry == {own[0].key}
    assert len(weighed.memory.holds) == 12
    a_day_later = weigh(fakes, weighed.memory, linked=14, now=at(31 + 24 * 60), least=3)
    assert len(a_day_later.carry) == 12


def test_30_who_unsubscribes_themselves_is_never_held() -> None:
    story = left()
    story.unsubscribed(40, 39)
    assert losses_of(story.person, story.decide()) == ()


def test_31_called_a_mistake_nobody_is_opted_out_nor_added_until_put_back() -> None:
    story = Story()
    story.account(0, on=True)
    story.contact(1, LIST)
    story.contact(30)
    mass = [replace(one, key=(EMAIL, one.key[1])) for one in losses(story)]
    memory = weigh([*mass, *losses(left(), 9)], Memory(), linked=14, now=at(31), least=3).memory
    _, dropped = a_mistake(memory)
    story.person = replace(
        story.person, dropped=frozenset(number for email, number in dropped if email == EMAIL)
    )
    decision = story.decide()
    assert (decision.commands, decision.reason, decision.named) == ((), Reason.DROPPED, True)
    story.contact(60, LIST)
    assert story.person.statements[-1].how is How.PUT_BACK
    assert story.decide().reason is Reason.IN_STEP


def test_31b_a_cleared_flag_called_a_mistake_takes_nobody_off() -> None:
    story = cleared()
    number = story.person.statements[-1].number
    assert losses_of(story.person, story.decide()) == ((story.person.statements[-1], Kind.FLAG_CLEARED),)
    story.person = replace(story.person, dropped=frozenset({number}))
    assert story.decide().reason is Reason.DROPPED


def both() -> Story:
    """Somebody gone from the list whose flag was cleared as well."""
    story = left()
    story.account(35, on=False, changed=34)
    story.contact(40)
    return story


def kinds(story: Story) -> list[Kind]:
    return [kind for _, kind in losses_of(story.person, story.decide())]


def as_losses(story: Story, people: int, *, first: int = 0) -> list[Loss]:
    found = losses_of(story.person, story.decide())
    return [
        Loss((f"{number}@example.com", one.number), kind)
        for number in range(first, first + people)
        for one, kind in found
    ]


def test_32_two_mistakes_one_on_each_side_do_not_hide_each_other() -> None:
    mass = as_losses(both(), 10)
    few = as_losses(left(), 2, first=10)
    weighed = weigh([*mass, *few], Memory(), linked=14, now=at(41), least=3)
    assert weighed.carry == frozenset()
    assert len(weighed.memory.holds) == 22
    a_day_later = weigh([*mass, *few], weighed.memory, linked=14, now=at(30 * 60), least=3)
    assert a_day_later.carry == frozenset(), "a flag does not run out while the leaving beside it waits"
    assert a_day_later.memory.holds == weighed.memory.holds
    assert a_day_later.memory.carried == ()


def test_32b_what_both_sides_agree_on_is_counted_once_and_settled() -> None:
    mass = as_losses(both(), 3)
    weighed = weigh(mass, Memory(), linked=14, now=at(41), least=3)
    assert len(weighed.carry) == 6
    assert sorted(one.kind for one in weighed.memory.carried) == [Kind.FLAG_CLEARED] * 3 + [Kind.LEFT] * 3
    story = both()
    assert story.decide().commands == ()
    assert kinds(story) == [], "settled by the first decision"


def test_32c_a_flag_cleared_while_the_leaving_is_held_counts_though_the_list_was_read_before() -> None:
    story = left()
    story.account(35, on=False, changed=34)
    assert kinds(story) == [Kind.LEFT, Kind.FLAG_CLEARED]


def test_33_an_opt_out_among_people_put_back_is_carried_and_not_only_named() -> None:
    story = left()
    number = story.person.statements[-1].number
    story.person = replace(story.person, held=frozenset({number}))
    story.account(35, on=False, changed=34)
    story.contact(50, LIST)
    assert story.person.statements[-1].how is How.PUT_BACK
    assert story.acts() == [Act.REMOVE]
    assert kinds(story) == [Kind.FLAG_CLEARED]


def test_33b_a_held_flag_of_a_contact_that_was_deleted_stays_held() -> None:
    story = cleared()
    number = story.person.statements[-1].number
    story.contact(20, deleted=True)
    decision = decide(story.person, story.policy)  # which settles nothing yet
    assert losses_of(story.person, decision) == ()
    story.person = replace(story.person, held=frozenset({number}))
    assert [one.number for one, _ in losses_of(story.person, decision)] == [number]


def test_34_an_unsubscription_of_their_own_ends_what_is_held_of_them() -> None:
    story = both()
    story.unsubscribed(50, 49)
    assert kinds(story) == []
    assert story.decide().reason is Reason.AGREED_OUT


def test_34b_called_a_mistake_what_both_sides_agree_on_asks_no_more() -> None:
    story = both()
    numbers = frozenset(one.number for one in story.person.statements)
    story.person = replace(story.person, dropped=numbers)
    assert kinds(story) == []


def test_35_two_accounts_of_one_person_count_once() -> None:
    story = Story()
    story.account(0, on=True, number=2)
    story.in_step()
    story.account(10, on=False)
    story.account(11, on=False, number=2)
    mass = as_losses(story, 3)
    assert len(mass) == 6
    assert len(weigh(mass, Memory(), linked=14, now=at(12), least=3).carry) == 6
    held = weigh(as_losses(story, 4), Memory(), linked=14, now=at(12), least=3).memory
    _, dropped = a_mistake(held)
    story.person = replace(story.person, dropped=frozenset(n for name, n in dropped if name[0] == "0"))
    assert story.decide().reason is Reason.DROPPED


def test_36_a_burst_of_fakes_releases_nobody_within_the_hour_of_rest() -> None:
    story = cleared()
    mass = losses(story, 8)
    fakes = [replace(one, old=False, key=(f"fake{one.key[0]}", 1)) for one in losses(story, 12)]
    other = [replace(one, key=("other@example.com", 1)) for one in losses(story)]
    memory = weigh(mass, Memory(), linked=14, now=at(31), least=3).memory
    resting = weigh([*mass[:2], *fakes, *other], memory, linked=14, now=at(60), least=3)
    assert resting.carry == {("other@example.com", 1)}, "who came later is not of the rest"
    later = weigh([*mass[:2], *fakes], resting.memory, linked=14, now=at(121), least=3)
    assert later.carry == {one.key for one in mass[:2]}


def test_37_what_waits_for_a_complete_look_holds_nobody() -> None:
    mass = [replace(one, looked=one.kind is Kind.FLAG_CLEARED) for one in as_losses(both(), 2)]
    weighed = weigh(mass, Memory(), linked=14, now=at(41), least=3)
    assert weighed.carry == frozenset()
    assert weighed.memory.holds == {}


@pytest.mark.parametrize(("linked", "limit"), [(0, 25), (100, 25), (125, 25), (130, 26), (10_000, 2_000)])
def test_the_limit_is_a_fifth_of_those_linked_for_a_week_or_25(linked: int, limit: int) -> None:
    assert limit_of(linked) == limit
