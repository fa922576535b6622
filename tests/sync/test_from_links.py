"""What the rules make of a person as links tell them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ccdesk.consent.columns import Column
from ccdesk.consent.decide import Decision, decide
from ccdesk.consent.model import Act, Policy
from ccdesk.consent.rows import Row
from ccdesk.core.losses import Answer, Held, LossKind
from ccdesk.core.models import Link, LinkState, Ownership, WriteBack
from ccdesk.sync.from_links import person_of
from ccdesk.sync.readings import Kept

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ADA, LIST = "ada@example.com", "list"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def judge(*links: dict[str, object], known: float = -100, held: Held | None = None) -> Decision:
    """Decide about a person with these links, one per account, known since `known` minutes from noon."""
    made = [Link(number, email=ADA, **values) for number, values in enumerate(links, 1)]  # type: ignore[arg-type]
    since = {one.customer_id: at(known) for one in made}
    kept = Kept(_policy(), timedelta(0), at(60), known=since)
    return decide(person_of(ADA, made, [held] if held else [], kept), _policy())


def _policy() -> Policy:
    return Policy(LIST, at(-1000))


ON = {"kibo_opted_in": True, "kibo_updated_at": NOON}
OFF = {"kibo_opted_in": False, "agreed": False, "kibo_updated_at": NOON}
THERE = {"contact_id": "c1", "ownership": Ownership.OWNED}
UNSUBSCRIBED = {**THERE, "state": LinkState.UNSUBSCRIBED, "opt_out_at": at(30), "out_since": at(30)}
LEFT = {**THERE, "state": LinkState.LEFT_LIST, "out_since": at(30), "out_after": at(10)}

CASES = {
    "on the list": (ON | THERE | {"on_list": True, "agreed": True}, Row.ON_LIST, Column.YES_LATER, ()),
    "new": (ON, Row.NEVER_THERE, Column.YES_LATER, (Act.CREATE,)),
    "never opted in": (OFF | {"agreed": None}, Row.NEVER_THERE, Column.NEVER, ()),
    "cleared and taken off": (OFF | THERE, Row.GOOD, Column.NO_ANSWERED, ()),
    "cleared and still on": (
        OFF | THERE | {"on_list": True},
        Row.ON_LIST,
        Column.NO_UNANSWERED,
        (Act.REMOVE,),
    ),
    "unsubscribed, owed": (ON | UNSUBSCRIBED, Row.UNSUBSCRIBED, Column.YES_EARLIER, (Act.OPT_OUT,)),
    "unsubscribed, given": (OFF | UNSUBSCRIBED, Row.UNSUBSCRIBED, Column.NO_ANSWERED, ()),
    "left, owed": (ON | LEFT, Row.LEFT, Column.YES_EARLIER, (Act.OPT_OUT,)),
    "left, given": (OFF | LEFT, Row.LEFT, Column.NO_ANSWERED, ()),
    "asked": (
        ON | UNSUBSCRIBED | {"state": LinkState.CONFIRMING, "asked_at": at(40)},
        Row.UNSUBSCRIBED,
        Column.YES_LATER,
        (),
    ),
    "deleted": (ON | THERE | {"state": LinkState.CONTACT_DELETED}, Row.DELETED, Column.YES_EARLIER, ()),
    "waiting": (ON | THERE | {"state": LinkState.HELD}, Row.HOLD, Column.YES_LATER, ()),
    "left out": (ON | THERE | {"state": LinkState.LEFT_OUT}, Row.LEFT_UNWATCHED, Column.YES_EARLIER, ()),
    "signed up, owed": (
        OFF | THERE | {"on_list": True, "pending": WriteBack.OPT_IN},
        Row.ON_LIST,
        Column.NO_SIGNED_UP,
        (Act.OPT_IN,),
    ),
    "disabled": (ON | {"active": False}, Row.NEVER_THERE, Column.SILENT, ()),
    "disabled, with another note": (
        ON | {"active": False, "note": "opted in anew"},
        Row.NEVER_THERE,
        Column.SILENT,
        (),
    ),
    "a note that is not so any more": (
        ON | {"note": "account is not active in Kibo"},
        Row.NEVER_THERE,
        Column.YES_LATER,
        (Act.CREATE,),
    ),
    "gone": (ON | THERE | {"state": LinkState.CLOSED, "on_list": True}, Row.ON_LIST, Column.SILENT, ()),
}


@pytest.mark.parametrize("name", CASES)
def test_a_link_is_read_as_the_cell_it_stands_in(name: str) -> None:
    link, row, column, acts = CASES[name]
    decision = judge(link)
    assert (decision.row, decision.column) == (row, column)
    assert tuple(one.act for one in decision.commands) == acts


@pytest.mark.parametrize(("known", "acts"), [(20, ()), (5, (Act.ADD,))])
def test_only_an_account_known_before_the_leaving_lifts_it(known: float, acts: tuple[Act, ...]) -> None:
    decision = judge(OFF | LEFT, ON | {"state": LinkState.NEWCOMER}, known=known)
    assert (tuple(one.act for one in decision.commands), decision.named) == (acts, not acts)


def test_who_is_back_through_another_account_has_not_left() -> None:
    decision = judge(OFF | LEFT, ON | THERE | {"on_list": True, "agreed": True})
    assert (decision.row, decision.commands) == (Row.ON_LIST, ())


@pytest.mark.parametrize(
    ("cleared", "acted_on", "added", "column"),
    [
        (0, 5, 10, Column.YES_LATER),
        (0, 20, 10, Column.YES_LATER),  # acted on again since: another account had stopped counting
        (15, 20, 10, Column.NO_ANSWERED),
    ],
)
def test_staffs_add_lifts_the_flags_that_were_cleared_by_then(
    cleared: float, acted_on: float, added: float, column: Column
) -> None:
    out = {"kibo_updated_at": at(cleared), "out_since": at(acted_on), "written_at": at(acted_on + 5)}
    member = {"on_list": True, "agreed": True, "added_at": at(added), "state": LinkState.SYNCED}
    assert judge(OFF | THERE | out, ON | THERE | member, known=30).column is column


@pytest.mark.parametrize(("answer", "acts"), [(Answer.NONE, (Act.OPT_OUT,)), (Answer.MISTAKE, ())])
def test_what_staff_called_a_mistake_is_dropped(answer: Answer, acts: tuple[Act, ...]) -> None:
    held = Held(1, LossKind.LEFT, ADA, ADA, NOON, answer=answer)
    decision = judge(ON | LEFT | {"pending": WriteBack.OPT_OUT}, held=held)
    assert tuple(one.act for one in decision.commands) == acts
