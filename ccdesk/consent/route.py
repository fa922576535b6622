"""Which call carries out a command: the only place that picks one (constant-contact.md §18)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ccdesk.consent.model import Act, Command, How, Person, Policy
from ccdesk.core.emails import sent_email
from ccdesk.core.limits import EMAIL_MAX_BULK
from ccdesk.core.text import utf16_length


class Method(StrEnum):
    """A call of one of the services.

    `IMPORT` makes contacts, many at once; where they are few, each is made by a call of its own all the same.
    `CREATE_BY_PERSON` makes a contact as the sign-up form does, whose email is too long for that.
    """

    IMPORT = "import"
    CREATE = "create"
    CREATE_BY_PERSON = "create_by_person"
    SIGN_UP_FORM = "sign_up_form"
    ADD_TO_LIST = "add_list_memberships"
    REMOVE_FROM_LIST = "remove_list_memberships"
    PUT_CONTACT = "put_contact"
    RESUBSCRIBE = "resubscribe"
    WRITE_ACCOUNT = "write_account"

    @property
    def by_person(self) -> bool:
        """True for a call that looks like the person's own act: Constant Contact sends its welcome."""
        return self in (Method.SIGN_UP_FORM, Method.CREATE_BY_PERSON)


_ONE_CALL = {
    Act.OPT_IN: Method.WRITE_ACCOUNT,
    Act.OPT_OUT: Method.WRITE_ACCOUNT,
    Act.REMOVE: Method.REMOVE_FROM_LIST,
    Act.ASK: Method.RESUBSCRIBE,
}
_WITHOUT_WELCOME = {
    Act.ADD: Method.ADD_TO_LIST,
    Act.REVIVE: Method.PUT_CONTACT,
}


@dataclass(frozen=True, slots=True)
class Call:
    """A method, and whether it carries name and address: those of a foreign contact are never touched."""

    method: Method
    with_fields: bool = False

    @property
    def sign_up(self) -> bool:
        """True for the call that looks like the person's own act."""
        return self.method.by_person


def route(command: Command, person: Person, policy: Policy) -> Call:
    """Pick the call for a command.

    One that makes Constant Contact send its welcome is used for a new opt-in only: stated under this email,
    later than the last such call, and answered on no list yet (docs/consent.md b3).
    """
    owned = person.subscriber is not None and person.subscriber.owned
    welcome = policy.welcome and command.act.puts_on and _is_new(command, person)
    return call_for(command.act, person.key, owned=owned, welcome=welcome)


def call_for(act: Act, email: str, *, owned: bool = False, welcome: bool = False) -> Call:
    """Pick the call for an act.

    `owned`: the contact is one that ccdesk made. `welcome`: the person is to get the welcome email, where a
    call that puts them on the list can bring it about.
    """
    if act in _ONE_CALL:
        return Call(_ONE_CALL[act])
    owned = owned or act is Act.CREATE
    if welcome and takes_bulk(email):
        return Call(Method.SIGN_UP_FORM, with_fields=owned)
    if act in _WITHOUT_WELCOME:
        return Call(_WITHOUT_WELCOME[act], with_fields=owned and act is not Act.ADD)
    if welcome:
        return Call(Method.CREATE_BY_PERSON, with_fields=True)
    return Call(Method.IMPORT if takes_bulk(email) else Method.CREATE, with_fields=True)


def takes_bulk(email: str) -> bool:
    """Say whether import and sign-up form take an email, by its length (constant-contact.md §9, §12, §14)."""
    return utf16_length(sent_email(email)) <= EMAIL_MAX_BULK


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
