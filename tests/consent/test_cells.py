"""Every cell of the table, reached by readings: the row of the mail side, the column of the shop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from ccdesk.consent.columns import Column
from ccdesk.consent.decide import Decision
from ccdesk.consent.model import Act
from ccdesk.consent.reasons import Reason
from ccdesk.consent.rows import Row
from ccdesk.consent.table import TABLE, Cell
from ccdesk.core.models import Permission
from tests.consent.story import LIST, OTHER, Story, at

SIGN_UP = 105.0
Set = Callable[[Story, float | None], None]


def unreadable(story: Story, signed_up: float | None) -> None:
    story.contact(110, LIST, signed_up=signed_up)
    story.contact(111, readable=False)


def unsubscribed(story: Story, signed_up: float | None) -> None:
    assert signed_up is None
    story.unsubscribed(110, 99)


def pending(story: Story, signed_up: float | None) -> None:
    story.contact(110, LIST, permission=Permission.PENDING, signed_up=signed_up)


def left(story: Story, signed_up: float | None) -> None:
    story.contact(80, LIST)
    story.contact(100)
    assert signed_up is None  # one before it is taken back, one after it ends it


def deleted(story: Story, signed_up: float | None) -> None:
    story.contact(80, LIST)
    if signed_up:
        story.contact(110, LIST, signed_up=signed_up)
    story.contact(112 if signed_up else 100, deleted=True, signed_up=signed_up)


def hold(story: Story, signed_up: float | None) -> None:
    story.contact(110, LIST, permission=Permission.TEMP_HOLD, signed_up=signed_up)


def left_unwatched(story: Story, signed_up: float | None) -> None:
    assert signed_up is None
    story.contact(80, LIST)
    policy = story.policy
    story.policy = replace(policy, list_id=OTHER)
    story.contact(100)
    story.policy = policy


def on_list(story: Story, signed_up: float | None) -> None:
    story.contact(110, LIST, signed_up=signed_up)


def good(story: Story, signed_up: float | None) -> None:
    if signed_up:
        story.contact(110, LIST, permission=Permission.PENDING, signed_up=signed_up)
    story.contact(112, signed_up=signed_up)


def never_there(story: Story, signed_up: float | None) -> None:
    assert signed_up is None


ROWS: dict[Row, Set] = {
    Row.UNREADABLE: unreadable,
    Row.UNSUBSCRIBED: unsubscribed,
    Row.PENDING: pending,
    Row.LEFT: left,
    Row.DELETED: deleted,
    Row.HOLD: hold,
    Row.LEFT_UNWATCHED: left_unwatched,
    Row.ON_LIST: on_list,
    Row.GOOD: good,
    Row.NEVER_THERE: never_there,
}


def before(story: Story, column: Column) -> None:
    """What the shop showed before the mail side was read."""
    if column is Column.YES_LATER or column is Column.NEVER:
        story.account(10, on=False)
    else:
        story.account(10, on=True)
    if column in (Column.NO_UNANSWERED, Column.NO_ANSWERED, Column.NO_SIGNED_UP):
        story.account(60, on=False)
    if column is Column.SILENT:
        story.account(60, on=True, active=False)


def after(story: Story, column: Column) -> None:
    """What it shows since."""
    if column is Column.YES_LATER:
        story.account(115, on=False, changed=10)
        story.account(120, on=True)
    if column is Column.NO_ANSWERED:
        number = story.person.word(1)
        assert number is not None
        story.person = replace(story.person, settled=frozenset({(number.number, LIST)}))


OUT, NAMED = (Act.OPT_OUT,), True
# (row, column): what is done, and whether staff are shown it. Written down by hand from docs/consent.md b.
EXPECTED: dict[tuple[Row, Column], tuple[tuple[Act, ...], bool]] = {
    (Row.UNREADABLE, Column.YES_LATER): ((), False),
    (Row.UNREADABLE, Column.NO_UNANSWERED): ((Act.REMOVE,), False),
    (Row.UNREADABLE, Column.NO_ANSWERED): ((), False),
    (Row.UNREADABLE, Column.NO_SIGNED_UP): ((), False),
    (Row.UNREADABLE, Column.SILENT): ((), False),
    (Row.UNREADABLE, Column.NEVER): ((), False),
    (Row.UNSUBSCRIBED, Column.YES_LATER): ((Act.ASK,), False),
    (Row.UNSUBSCRIBED, Column.YES_EARLIER): (OUT, False),
    (Row.UNSUBSCRIBED, Column.NO_UNANSWERED): ((), False),
    (Row.UNSUBSCRIBED, Column.NO_ANSWERED): ((), False),
    (Row.UNSUBSCRIBED, Column.SILENT): (OUT, False),
    (Row.UNSUBSCRIBED, Column.NEVER): ((), False),
    (Row.PENDING, Column.YES_LATER): ((), False),
    (Row.PENDING, Column.NO_UNANSWERED): ((Act.REMOVE,), False),
    (Row.PENDING, Column.NO_ANSWERED): ((), NAMED),
    (Row.PENDING, Column.NO_SIGNED_UP): ((), NAMED),
    (Row.PENDING, Column.SILENT): ((), NAMED),
    (Row.PENDING, Column.NEVER): ((), False),
    (Row.LEFT, Column.YES_LATER): ((Act.ADD,), False),
    (Row.LEFT, Column.YES_EARLIER): (OUT, False),
    (Row.LEFT, Column.NO_UNANSWERED): ((), False),
    (Row.LEFT, Column.NO_ANSWERED): ((), False),
    (Row.LEFT, Column.SILENT): (OUT, False),
    (Row.LEFT, Column.NEVER): ((), False),
    (Row.DELETED, Column.YES_LATER): ((Act.REVIVE,), False),
    (Row.DELETED, Column.YES_EARLIER): ((), NAMED),
    (Row.DELETED, Column.NO_UNANSWERED): ((), False),
    (Row.DELETED, Column.NO_ANSWERED): ((), False),
    (Row.DELETED, Column.NO_SIGNED_UP): ((), False),
    (Row.DELETED, Column.SILENT): ((), False),
    (Row.DELETED, Column.NEVER): ((), False),
    (Row.HOLD, Column.YES_LATER): ((), NAMED),
    (Row.HOLD, Column.NO_UNANSWERED): ((Act.REMOVE,), False),
    (Row.HOLD, Column.NO_ANSWERED): ((), NAMED),
    (Row.HOLD, Column.NO_SIGNED_UP): ((), NAMED),
    (Row.HOLD, Column.SILENT): ((), NAMED),
    (Row.HOLD, Column.NEVER): ((), False),
    (Row.LEFT_UNWATCHED, Column.YES_LATER): ((Act.ADD,), False),
    (Row.LEFT_UNWATCHED, Column.YES_EARLIER): ((), NAMED),
    (Row.LEFT_UNWATCHED, Column.NO_UNANSWERED): ((), False),
    (Row.LEFT_UNWATCHED, Column.NO_ANSWERED): ((), False),
    (Row.LEFT_UNWATCHED, Column.SILENT): ((), False),
    (Row.LEFT_UNWATCHED, Column.NEVER): ((), False),
    (Row.ON_LIST, Column.YES_LATER): ((), False),
    (Row.ON_LIST, Column.NO_UNANSWERED): ((Act.REMOVE,), False),
    (Row.ON_LIST, Column.NO_ANSWERED): ((), NAMED),
    (Row.ON_LIST, Column.NO_SIGNED_UP): ((Act.OPT_IN,), False),
    (Row.ON_LIST, Column.SILENT): ((), NAMED),
    (Row.ON_LIST, Column.NEVER): ((), False),
    (Row.GOOD, Column.YES_LATER): ((Act.ADD,), False),
    (Row.GOOD, Column.NO_UNANSWERED): ((), False),
    (Row.GOOD, Column.NO_ANSWERED): ((), False),
    (Row.GOOD, Column.NO_SIGNED_UP): ((), False),
    (Row.GOOD, Column.SILENT): ((), False),
    (Row.GOOD, Column.NEVER): ((), False),
    (Row.NEVER_THERE, Column.YES_LATER): ((Act.CREATE,), False),
    (Row.NEVER_THERE, Column.NO_UNANSWERED): ((), False),
    (Row.NEVER_THERE, Column.NO_ANSWERED): ((), False),
    (Row.NEVER_THERE, Column.SILENT): ((), False),
    (Row.NEVER_THERE, Column.NEVER): ((), False),
}
# A row without a barrier asks for no order: every opt-in is "later" there. Nobody signs up without a contact,
# and leaving or unsubscribing takes a sign-up back.
UNREACHABLE = {
    *((row, Column.YES_EARLIER) for row in ROWS if (row, Column.YES_EARLIER) not in EXPECTED),
    *((row, Column.NO_SIGNED_UP) for row in ROWS if (row, Column.NO_SIGNED_UP) not in EXPECTED),
}


def tell(row: Row, column: Column) -> Decision:
    story = Story()
    before(story, column)
    ROWS[row](story, SIGN_UP if column is Column.NO_SIGNED_UP else None)
    after(story, column)
    return story.decide()


@pytest.mark.parametrize(("row", "column"), sorted(EXPECTED), ids=lambda one: one.name)
def test_the_cell_does_what_the_table_says(row: Row, column: Column) -> None:
    decision = tell(row, column)
    assert (decision.row, decision.column) == (row, column)
    assert (tuple(one.act for one in decision.commands), decision.named) == EXPECTED[row, column]


def test_the_table_has_every_cell_and_every_cell_is_tested_or_cannot_be_reached() -> None:
    assert set(TABLE) == {(row, column) for row in Row for column in Column}
    assert set(TABLE) == set(EXPECTED) | UNREACHABLE
    assert set(TABLE.values()) == set(Cell)


@pytest.mark.parametrize("row", [Row.LEFT, Row.UNSUBSCRIBED])
def test_a_quiet_round_issues_no_command(row: Row) -> None:
    story = Story()
    before(story, Column.NO_UNANSWERED)
    ROWS[row](story, None)
    story.decide()
    again = story.decide()
    assert (again.commands, again.settles) == ((), again.settles)
    assert again.column is Column.NO_ANSWERED


def test_an_own_sign_up_opts_in_an_account_that_was_never_in() -> None:
    story = Story()
    story.account(10, on=False)
    story.contact(110, LIST, permission=Permission.EXPLICIT, signed_up=100)
    decision = story.decide()
    assert (decision.column, decision.reason) == (Column.NEVER, Reason.SIGNED_UP)
    assert [one.act for one in decision.commands] == [Act.OPT_IN]


def test_a_sign_up_before_the_list_was_chosen_opts_nobody_in() -> None:
    story = Story()
    story.policy = replace(story.policy, chosen_at=at(101))
    story.account(10, on=False)
    story.contact(110, LIST, permission=Permission.EXPLICIT, signed_up=100)
    assert story.acts() == []


def test_a_member_who_is_put_back_by_staff_after_leaving_is_opted_out_and_named() -> None:
    story = Story()
    before(story, Column.SILENT)
    left(story, None)
    story.contact(130, LIST)
    decision = story.decide()
    assert [one.act for one in decision.commands] == [Act.OPT_OUT]
    assert decision.named
    assert decision.row is Row.LEFT


def test_a_later_opt_in_of_somebody_put_back_by_staff_is_in_step() -> None:
    story = Story()
    before(story, Column.YES_LATER)
    left(story, None)
    after(story, Column.YES_LATER)
    story.contact(130, LIST)
    assert story.decide().reason is Reason.IN_STEP


def test_an_opt_out_in_the_shop_takes_off_who_left_and_was_put_back() -> None:
    story = Story()
    before(story, Column.NO_UNANSWERED)
    left(story, None)
    story.contact(130, LIST)
    assert story.acts() == [Act.REMOVE]
    story.person = replace(story.person, settled=frozenset({(2, LIST)}))
    assert story.decide().reason is Reason.PUT_ON_BY_STAFF


def test_an_opt_in_after_leaving_waits_while_the_contact_is_on_hold() -> None:
    story = Story()
    before(story, Column.YES_LATER)
    left(story, None)
    after(story, Column.YES_LATER)
    story.contact(130, permission=Permission.NOT_SET)
    decision = story.decide()
    assert (decision.commands, decision.reason, decision.named) == ((), Reason.WAITING, True)


def test_a_contact_that_is_gone_for_good_is_made_again_by_a_later_opt_in() -> None:
    story = Story()
    story.account(10, on=False)
    story.contact(80, LIST)
    story.contact(100, gone=True)
    assert story.person.subscriber is not None
    assert story.person.subscriber.permission is Permission.IMPLICIT
    after(story, Column.YES_LATER)
    assert story.acts() == [Act.CREATE]


def test_a_deleted_contact_that_was_pending_is_not_revived() -> None:
    story = Story()
    story.account(10, on=False)
    story.contact(80, permission=Permission.PENDING)
    story.contact(100, permission=Permission.PENDING, deleted=True)
    after(story, Column.YES_LATER)
    decision = story.decide()
    assert (decision.row, decision.commands, decision.reason) == (Row.DELETED, (), Reason.WAITING)


@pytest.mark.parametrize("permission", [Permission.PENDING, Permission.TEMP_HOLD])
def test_nobody_agrees_and_nobody_is_mailed_so_there_is_nothing_to_name(permission: Permission) -> None:
    story = Story()
    before(story, Column.SILENT)
    story.contact(110, permission=permission)
    decision = story.decide()
    assert (decision.column, decision.commands, decision.named) == (Column.SILENT, (), False)
