"""What of unusually many opt-outs is held (design §3a R8): the rule without services or store."""

from datetime import UTC, datetime, timedelta

import pytest

from ccdesk.consent.guard import Scales
from ccdesk.core.losses import Answer, Held, LossKind
from ccdesk.core.models import Link, LinkState, WriteBack
from ccdesk.sync.guard import Loss, loss_kind, weigh
from ccdesk.sync.plan_inbound import UNSUBSCRIBED
from ccdesk.sync.standing_opt_outs import BY_STAFF

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def losses(*numbers):
    return [Loss(n, f"p{n}@example.com", f"p{n}@example.com") for n in numbers]


def keys(*numbers):
    return frozenset(f"p{n}@example.com" for n in numbers)


def held(number, since=NOW - HOUR, kind=LossKind.FLAG, answer=Answer.NONE):
    return Held(number, kind, f"p{number}@example.com", f"p{number}@example.com", since, 0, answer)


OLD, NEW = range(1, 101), range(201, 227)


def test_up_to_the_limit_nobody_is_held():
    assert weigh(losses(*range(25)), {}, Scales(100, young=keys(*range(25))), NOW) == set()


def test_above_it_the_new_ones_are_held_and_the_old_ones_go_through():
    found = weigh(losses(1, 2, 3, *NEW), {}, Scales(100, young=keys(*NEW)), NOW)
    assert found == set(NEW)


def test_if_the_old_ones_alone_are_too_many_all_are_held():
    many = range(1, 27)
    assert weigh(losses(*many, *NEW), {}, Scales(100, young=keys(*NEW)), NOW) == {*many, *NEW}


def test_accounts_of_one_person_count_once_and_share_their_fate():
    twice = [Loss(n, "one@example.com", "one@example.com") for n in range(60)]
    assert weigh(twice, {}, Scales(100), NOW) == set()


def test_what_was_carried_within_a_day_counts_so_that_emptying_slowly_is_seen():
    scales = Scales(100, carried=keys(*range(1, 21)))
    assert weigh(losses(*range(21, 26)), {}, scales, NOW) == set()
    assert weigh(losses(*range(21, 27)), {}, scales, NOW) == {*range(21, 27)}


@pytest.mark.parametrize(
    ("kind", "answer", "since", "passes"),
    [
        (LossKind.FLAG, Answer.NONE, NOW - 23 * HOUR, False),
        (LossKind.FLAG, Answer.NONE, NOW - 24 * HOUR, True),
        (LossKind.LEFT, Answer.NONE, NOW - 900 * HOUR, False),
        (LossKind.STAFF, Answer.NONE, NOW - 900 * HOUR, False),
        (LossKind.LEFT, Answer.DO_IT, NOW, True),
        (LossKind.FLAG, Answer.DO_IT, NOW, True),
    ],
)
def test_who_was_held_a_day_or_is_let_go_passes_and_counts_no_more(kind, answer, since, passes):
    known = {n: held(n, since, kind, answer) for n in NEW}
    scales = Scales(100, young=keys(*NEW))
    assert weigh(losses(*NEW), known, scales, NOW) == (set() if passes else set(NEW))
    more = losses(*NEW, *range(1, 11))
    assert weigh(more, known, scales, NOW) == (set() if passes else set(NEW))


def test_for_an_hour_after_people_were_put_back_the_rest_stays_held():
    known = {n: held(n) for n in range(1, 11)}
    assert weigh(losses(*range(1, 12)), known, Scales(100, resting=True), NOW) == set(known)
    assert weigh(losses(*range(1, 12)), known, Scales(100), NOW) == set()


def test_nor_does_a_burst_of_new_people_release_the_rest_within_that_hour():
    known = {n: held(n) for n in range(1, 11)}
    many = losses(*range(1, 12), *NEW)
    young = keys(*NEW)
    assert weigh(many, known, Scales(100, young=young, resting=True), NOW) == {*known, *NEW}
    assert weigh(many, known, Scales(100, young=young), NOW) == {*NEW}


@pytest.mark.parametrize(
    ("state", "reason", "kind"),
    [
        (LinkState.LEFT_LIST, "left the list in Constant Contact", LossKind.LEFT),
        (LinkState.UNSUBSCRIBED, BY_STAFF, LossKind.STAFF),
        (LinkState.UNSUBSCRIBED, UNSUBSCRIBED, None),
        (LinkState.UNSUBSCRIBED, "opted out", None),
    ],
)
def test_what_a_person_stated_themselves_is_no_loss(state, reason, kind):
    assert loss_kind(Link(1, state=state, pending=WriteBack.OPT_OUT, pending_reason=reason)) is kind
    assert loss_kind(Link(1, state=state, pending=WriteBack.OPT_IN, pending_reason=reason)) is None
