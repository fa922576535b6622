"""What the mail side says of a person: one of the ten rows of the table (docs/consent.md b2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ccdesk.consent.model import Act, How, Person, Policy, Side, Statement
from ccdesk.core.models import Permission
from ccdesk.core.words import marked


class Row(StrEnum):
    """The rows, in the order in which they are tried: the first that applies counts."""

    UNREADABLE = marked("contact unreadable")
    UNSUBSCRIBED = marked("unsubscribed (deleted or not)")
    PENDING = marked("pending confirmation")
    LEFT = marked("left the list")
    DELETED = marked("deleted, or absent after being there")
    HOLD = marked("hold, not set, unknown")
    LEFT_UNWATCHED = marked("left while another list was active")
    ON_LIST = marked("on the list")
    GOOD = marked("in good standing, not on the list")
    NEVER_THERE = marked("never there")


@dataclass(frozen=True, slots=True)
class MailSide:
    """The row, and the statements that still stand behind it.

    `left`: the leaving of a list that was active when it was seen; `left_unwatched`: of this list while it
    was not. `sign_up`: the person's last own sign-up onto this list since it was chosen; leaving the list or
    unsubscribing takes it back. `left_before`: leavings of lists in use before that nothing has taken back
    since; carried to the shop, they bar nobody but newcomers.
    """

    row: Row
    left: Statement | None = None
    left_before: tuple[Statement, ...] = ()
    left_unwatched: Statement | None = None
    deleted: Statement | None = None
    unsubscribed: Statement | None = None
    sign_up: Statement | None = None
    member: bool = False
    good: bool = False

    @property
    def barriers(self) -> tuple[Statement, ...]:
        """What an opt-in must provably be later than in this row."""
        by_row = {
            Row.UNSUBSCRIBED: (self.unsubscribed,),
            Row.LEFT: (self.left,),
            Row.DELETED: (self.deleted, self.left_unwatched),
            Row.LEFT_UNWATCHED: (self.left_unwatched,),
        }
        return tuple(one for one in by_row.get(self.row, ()) if one is not None)

    @property
    def deleted_since(self) -> bool:
        """True where the contact was deleted after it had left the list."""
        return self.deleted is not None and self.left is not None and self.deleted.number > self.left.number


@dataclass
class _Standing:
    """What stands while the statements of the mail side are read in their order."""

    list_id: str
    left: dict[str, Statement] = field(default_factory=dict)
    left_unwatched: Statement | None = None
    deleted: Statement | None = None
    unsubscribed: Statement | None = None
    sign_up: Statement | None = None

    def read(self, one: Statement, policy: Policy) -> None:
        here = self.list_id in one.lists
        if one.how is How.LEFT:
            self._leave(one)
        elif one.how is How.SIGNED_UP and not one.ours:
            self.deleted = None
            self._come(one, here)
            if here and one.window.earliest >= policy.chosen_at:
                self.sign_up = one
        elif one.how is How.ADDED:
            self.deleted = None
            self._come(one, here)
        elif one.how is How.PUT_BACK:
            self.deleted = None
            self._come(one, here=False)
        elif one.how is How.PUT_ON:
            self.deleted = None
            self.left_unwatched = None if here else self.left_unwatched
        elif one.how is How.DELETED:
            self.deleted = one
        elif one.how is How.UNSUBSCRIBED:
            self.unsubscribed, self.sign_up = one, None

    def _leave(self, one: Statement) -> None:
        self.sign_up = None if self.list_id in one.lists else self.sign_up
        if one.watched:
            self.left.update(dict.fromkeys(one.lists, one))
        elif self.list_id in one.lists:
            self.left_unwatched = one

    def _come(self, one: Statement, here: bool) -> None:
        """Take back the leavings of the lists that were joined; on the active list, of every list."""
        self.left = {} if here else {name: left for name, left in self.left.items() if name not in one.lists}
        self.left_unwatched = None if here else self.left_unwatched


def mail_side(person: Person, policy: Policy) -> MailSide:
    """Read the row of a person from their contact and from what was stated on the mail side."""
    standing = _Standing(policy.list_id)
    for one in person.statements:
        if one.side is Side.MAIL:
            standing.read(one, policy)
    contact = person.subscriber
    left = standing.left.get(policy.list_id) or _unanswered_leaving(person, standing.left)
    return MailSide(
        row=_row(person, standing, left),
        left=left,
        left_before=tuple(one for one in standing.left.values() if one is not left),
        left_unwatched=standing.left_unwatched,
        deleted=standing.deleted,
        unsubscribed=standing.unsubscribed,
        sign_up=standing.sign_up,
        member=contact is not None and contact.member(policy.list_id),
        good=contact is not None and contact.good,
    )


def _unanswered_leaving(person: Person, left: dict[str, Statement]) -> Statement | None:
    """Return the leaving of a former list that the shop was not given before the list was changed."""
    answered = {number for intent in person.done(Act.OPT_OUT) for number in intent.command.answers}
    answered |= {number for number, _ in person.settled}
    return next((one for one in left.values() if one.number not in answered), None)


def _row(person: Person, standing: _Standing, left: Statement | None) -> Row:
    contact = person.subscriber
    if contact is None:
        return Row.LEFT if left is not None else Row.NEVER_THERE
    if not contact.readable:
        return Row.UNREADABLE
    if contact.permission is Permission.UNSUBSCRIBED:
        return Row.UNSUBSCRIBED
    deleted = contact.deleted or contact.gone
    if contact.permission is Permission.PENDING and not deleted:
        return Row.PENDING
    if left is not None:
        return Row.LEFT
    if deleted or standing.deleted is not None:
        return Row.DELETED
    if not contact.good:
        return Row.HOLD
    if standing.left_unwatched is not None:
        return Row.LEFT_UNWATCHED
    return Row.ON_LIST if contact.member(standing.list_id) else Row.GOOD
