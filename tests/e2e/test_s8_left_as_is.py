"""A disagreement that staff leave as it is needs nobody until either side changes (design §8), over HTTP."""

from __future__ import annotations

import pytest

from ccdesk.core.drift import Chosen, DriftKind
from ccdesk.core.errors import SettingsError
from ccdesk.service.needs_you import NeedKind
from tests.e2e.world import World

K, ANN = DriftKind, "p1@example.com"


@pytest.fixture
def ready(ten_in_step: World) -> World:
    """Ann has opted out and staff have put her on the list again; nine others are in step."""
    world = ten_in_step
    world.kibo.opt_out(world.ids["p1"])
    world.later()
    world.cycle()
    put_back(world)
    assert needs(world) == [ANN]
    return world


def put_back(world: World) -> None:
    """An hour later staff put Ann on the list, and the runs look."""
    world.later(60)
    world.cc.staff_add_to_list(ANN, world.list_id)
    world.later()
    world.cycle()


def taken_off(world: World) -> None:
    """Staff take Ann off the list, and the runs look."""
    world.cc.staff_remove_from_list(ANN, world.list_id)
    world.later()
    world.cycle()


def needs(world: World) -> list[str]:
    status = world.desk.status(live=False)
    [*found] = (need for need in status.needs_you if need.kind is NeedKind.DISAGREEMENT)
    assert sum(need.count for need in found) == world.desk.disagreement_count()
    return [email for need in found for email in need.people]


def drift(world: World, leave: Chosen | None = None) -> dict[str, tuple[DriftKind, str]]:
    report = world.desk.drift(leave=leave)
    people = {one.email: (one.kind, one.reason) for one in report.people}
    assert sum(report.kinds.values()) == len(people)
    world.later()
    return people


def test_left_it_needs_nobody_and_stays_named_as_left(ready: World) -> None:
    mark = ready.sandbox.log.mark()
    found = drift(ready, Chosen(K.PUT_BACK, ANN))
    kind, reason = found[ANN]
    assert kind is K.LEFT_AS_IS
    assert reason.endswith("by staff")
    assert "; left as it is on " in reason
    assert needs(ready) == []
    for _ in range(2):
        ready.cycle()
    assert needs(ready) == []
    assert drift(ready)[ANN] == (kind, reason)
    assert ready.sandbox.log.writes(since=mark) == []
    assert ANN in ready.members(), "nothing is done about it"


def test_taken_off_and_put_back_again_it_counts_again(ready: World) -> None:
    drift(ready, Chosen(K.PUT_BACK, ""))
    taken_off(ready)
    assert needs(ready) == []
    assert drift(ready) == {}
    put_back(ready)
    assert needs(ready) == [ANN]
    assert drift(ready)[ANN][0] is K.PUT_BACK


def test_put_back_anew_it_counts_again_in_the_comparison_as_well(ready: World) -> None:
    """Nobody compared in between, and the contact looks as it did: the runs have seen that it was off."""
    drift(ready, Chosen(K.PUT_BACK, ANN))
    taken_off(ready)
    put_back(ready)
    assert needs(ready) == [ANN]
    assert drift(ready)[ANN][0] is K.PUT_BACK


def test_a_new_statement_ends_it(ready: World) -> None:
    """She signs up herself: that is carried to Kibo as ever; she opts out once more and is taken off."""
    drift(ready, Chosen(K.PUT_BACK, str(ready.ids["p1"])))
    ready.later(60)
    ready.cc.sign_up(ANN, ready.list_id)
    ready.later()
    assert drift(ready)[ANN][0] is K.SIGN_UP_DUE
    ready.cycle()
    assert ready.opted_in(ready.ids["p1"])
    ready.kibo.opt_out(ready.ids["p1"])
    ready.later()
    ready.cycle()
    assert ANN not in ready.members()
    assert drift(ready) == {}


def test_leaving_one_leaves_the_others_and_is_refused_where_it_means_nobody(ready: World) -> None:
    ready.kibo.opt_out(ready.ids["p2"])
    ready.later()
    ready.cycle()
    ready.later(60)
    ready.cc.staff_add_to_list("p2@example.com", ready.list_id)
    ready.later()
    ready.cycle()
    assert {one for one, _ in drift(ready, Chosen(K.PUT_BACK, ANN)).values()} == {K.LEFT_AS_IS, K.PUT_BACK}
    assert needs(ready) == ["p2@example.com"]
    for chosen, words in (
        (Chosen(K.PUT_BACK, ANN), "left_as_is"),
        (Chosen(K.PUT_BACK, "p3@example.com"), "in step"),
        (Chosen(K.DELETED, ""), "nothing to leave"),
        (Chosen(K.OPT_OUT_DUE, ""), "next run"),
    ):
        with pytest.raises(SettingsError) as refused:
            drift(ready, chosen)
        assert words in refused.value.meaning
    assert needs(ready) == ["p2@example.com"]


def test_people_are_left_as_a_comparison_has_shown_them(ready: World) -> None:
    shown = list(ready.desk.drift().people)
    assert ready.desk.leave_as_is(shown) == 1
    assert needs(ready) == []
    assert drift(ready)[ANN][0] is K.LEFT_AS_IS
    due = ready.kibo.add_customer("new@example.com", True)
    ready.later()
    [new] = [one for one in ready.desk.drift().people if due in one.customer_ids]
    with pytest.raises(SettingsError, match="cannot be left"):
        ready.desk.leave_as_is([new])


def test_the_newer_account_left_in_the_comparison_is_answered_with_leave(ready: World) -> None:
    ready.cc.leave_list("p3@example.com", ready.list_id)
    ready.later()
    ready.cycle()
    ready.kibo.add_customer("p3@example.com", True)
    ready.later()
    ready.cycle()
    assert len(ready.desk.newcomers()) == 1
    assert drift(ready, Chosen(K.NEWCOMER, "p3@example.com"))["p3@example.com"][0] is K.LEFT_AS_IS
    assert ready.desk.newcomers() == []
    assert not any(need.kind is NeedKind.NEWCOMERS for need in ready.desk.status(live=False).needs_you)


def test_from_the_list_of_those_put_back_it_is_left_at_once(ready: World) -> None:
    [one] = ready.desk.disagreements()
    assert ready.desk.leave_put_back([one.customer_id]) == 1
    assert needs(ready) == []
    ready.cycle()
    assert needs(ready) == []
    assert drift(ready)[ANN][0] is K.LEFT_AS_IS


def test_why_says_so_until_a_side_changes(ready: World) -> None:
    assert "left as it is on" not in ready.desk.why(ANN).verdict.reason
    drift(ready, Chosen(K.PUT_BACK, ANN))
    for live in (False, True):
        found = ready.desk.why(ANN, live=live)
        assert "left as it is on" in found.verdict.reason
        assert not found.verdict.in_step
        assert found.next is not None
        assert "staff have left it as it is" in found.next.what
    ready.cc.set_permission(ANN, "explicit")
    ready.later()
    assert "left as it is on" not in ready.desk.why(ANN, live=True).verdict.reason
