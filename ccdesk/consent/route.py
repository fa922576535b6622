"""Which call carries out a command: the only place that picks one (constant-contact.md §18)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ccdesk.consent.model import Act, Command, How, Person, Policy

SIGN_UP_LONGEST = (
    50  # characters of an email that the import and the sign-up form take (constant-contact.md §9)
)


class Method(StrEnum):
    """A call of one of the services."""

    IMPORT = "import"
    CREATE = "create"
    SIGN_UP_FORM = "sign_up_form"
    ADD_TO_LIST = "add_list_memberships"
    REMOVE_FROM_LIST = "remove_list_memberships"
    PUT_CONTACT = "put_contact"
    RESUBSCRIBE = "resubscribe"
    WRITE_ACCOUNT = "write_account"


@dataclass(frozen=True, slots=True)
class Call:
    """A method, and whether it carries name and address: those of a foreign contact are never touched."""

    method: Method
    with_fields: bool = False
    welcome: bool = False

    @property
    def sign_up(self) -> bool:
        """True for the call that looks like the person's own act."""
        return self.method is Method.SIGN_UP_FORM


def route(command: Command, person: Person, policy: Policy) -> Call:
    """Pick the call for a command.

    The sign-up form, which makes Constant Contact send its welcome, is used for a new opt-in only: stated
    under this email, later than the last such call, and answered on no list yet (docs/consent.md b3).
    """
    act = command.act
    if act.writes_flag:
        return Call(Method.WRITE_ACCOUNT)
    if act is Act.REMOVE:
        return Call(Method.REMOVE_FROM_LIST)
    if act is Act.ASK:
        return Call(Method.RESUBSCRIBE)
    owned = act is Act.CREATE or (person.subscriber is not None and person.subscriber.owned)
    fits = len(person.key.encode("utf-16-le")) // 2 <= SIGN_UP_LONGEST
    if policy.welcome and fits and _is_new(command, person):
        return Call(Method.SIGN_UP_FORM, with_fields=owned, welcome=True)
    if act is Act.ADD:
        return Call(Method.ADD_TO_LIST)
    if act is Act.REVIVE:
        return Call(Method.PUT_CONTACT, with_fields=owned)
    return Call(Method.IMPORT if fits else Method.CREATE, with_fields=True)


def _is_new(command: Command, person: Person) -> bool:
    """Say whether a command answers an opt-in that the welcome was never sent for."""
    answered = {
        number for intent in person.done(Act.CREATE, Act.ADD, Act.REVIVE) for number in intent.command.answers
    }
    welcomed = max((max(one.command.answers, default=0) for one in person.intents if one.sign_up), default=0)
    return any(
        one.number in command.answers
        and one.how is How.FLAG_SET
        and not (one.ours or one.moved)
        and one.number not in answered
        and one.number > welcomed
        for one in person.statements
    )
