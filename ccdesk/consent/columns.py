"""What the shop says of a person, against one row: one of the seven columns (docs/consent.md b1, e2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ccdesk.consent.model import Account, Act, How, Person, Policy, Side, Statement
from ccdesk.consent.rows import MailSide, Row
from ccdesk.core.words import marked


class Column(StrEnum):
    """The columns."""

    YES_LATER = marked("YES, later")
    YES_EARLIER = marked("YES, earlier or not told")
    NO_UNANSWERED = marked("NO, unanswered")
    NO_ANSWERED = marked("NO, answered")
    NO_SIGNED_UP = marked("NO, own sign-up later")
    SILENT = marked("SILENT")
    NEVER = marked("NEVER")


@dataclass(frozen=True, slots=True)
class ShopSide:
    """The column, and who stands behind it.

    `yes`: accounts that agree to be mailed; `later`: those whose word is later than every barrier of the row
    and may lift it; `newcomers`: a later word that may lift nothing, because ccdesk did not know the account
    before the opt-out (design §3a R1). `noes`: the standing opt-outs. `overruled`: accounts whose flag is on
    although the opt-out of their former email stands.
    """

    column: Column
    yes: tuple[Account, ...] = ()
    later: tuple[Account, ...] = ()
    newcomers: tuple[Account, ...] = ()
    noes: tuple[Statement, ...] = ()
    overruled: tuple[Account, ...] = ()


_NEEDS_KNOWN = frozenset({Row.LEFT, Row.LEFT_UNWATCHED})


def shop_side(person: Person, mail: MailSide, policy: Policy) -> ShopSide:
    """Read the column of a person against the row `mail`."""
    words = {one.id: person.word(one.id) for one in person.accounts}
    noes = tuple(word for word in words.values() if word is not None and _says_no(word))
    cleared = tuple(
        one for one in noes if one.how is How.FLAG_CLEARED and not one.ours and _here(person, one)
    )
    strangers = {
        one.id
        for one in person.accounts
        if mail.row is not Row.UNSUBSCRIBED
        and not all(_lifts(person, one, out) for out in (*cleared, *mail.left_before))
    }
    willing = [one for one in person.accounts if one.opted_in and _says_yes(words[one.id])]
    yes = tuple(one for one in willing if one.counts(guests=policy.guests) and one.id not in strangers)
    overruled = tuple(one for one in person.accounts if _is_overruled(one, words[one.id]))
    after = tuple(one for one in yes if _is_after(words[one.id], mail.barriers))
    if mail.row in _NEEDS_KNOWN:
        later = tuple(one for one in after if all(_lifts(person, one, out) for out in mail.barriers))
    else:
        later = after
    newcomers = tuple(one for one in after if one not in later)
    newcomers += tuple(one for one in willing if one.id in strangers and one.counts(guests=policy.guests))
    if yes:
        column = Column.YES_LATER if later else Column.YES_EARLIER
        return ShopSide(column, yes, later, newcomers, noes, overruled)
    silent = [word for number, word in words.items() if _says_yes(word) and number not in strangers]
    column = _without_yes(person, mail, policy, noes, silent)
    return ShopSide(column, noes=noes, newcomers=newcomers, overruled=overruled)


def _says_no(word: Statement) -> bool:
    return word.how in (How.FLAG_CLEARED, How.INHERITED)


def _says_yes(word: Statement | None) -> bool:
    return word is not None and word.how is How.FLAG_SET


def _is_overruled(account: Account, word: Statement | None) -> bool:
    there = account.opted_in and account.here and account.readable and not account.gone
    return there and word is not None and word.how is How.INHERITED


def _is_after(word: Statement | None, barriers: tuple[Statement, ...]) -> bool:
    return word is not None and all(word.window.surely_after(one.window) for one in barriers)


def _here(person: Person, one: Statement) -> bool:
    account = person.account(int(one.subject))
    return account is not None and account.here


def _lifts(person: Person, account: Account, out: Statement) -> bool:
    """Say whether an opt-in of this account can lift an opt-out: only one known before it (design §3a R1)."""
    if str(account.id) == out.subject or (account.id, out.number) in person.lifted:
        return True
    if account.guest:
        return False
    stated_here = out.window.earliest
    author = person.account(int(out.subject)) if out.side is Side.SHOP else None
    if author is not None:  # its flag was seen set before it was cleared, or came along with the account
        stated_here = max(stated_here, author.known_since)
    return account.known_since < stated_here


def _without_yes(
    person: Person,
    mail: MailSide,
    policy: Policy,
    noes: tuple[Statement, ...],
    silent: list[Statement | None],
) -> Column:
    if noes and not any(_is_after(word, noes) for word in silent):
        if mail.sign_up is not None and all(mail.sign_up.window.surely_after(one.window) for one in noes):
            return Column.NO_SIGNED_UP
        answered = answered_for(person, policy.list_id, Act.REMOVE)
        open_ones = [
            one
            for one in noes
            if one.number not in answered and (not one.ours or _left_another(person, one, policy.list_id))
        ]
        return Column.NO_UNANSWERED if open_ones else Column.NO_ANSWERED
    return Column.SILENT if silent else Column.NEVER


def _left_another(person: Person, no: Statement, list_id: str) -> bool:
    """Say whether our own opt-out carried the leaving of another list, and nobody put them on this one since.

    They may be on this one from before, through us: chosen again, it would mail somebody who opted out.
    """
    said = [one for one in person.statements if one.number in no.repeats and not no.moved]
    elsewhere = bool(said) and all(one.how is How.LEFT and list_id not in one.lists for one in said)
    return elsewhere and not any(
        one.how in (How.PUT_ON, How.PUT_BACK) and list_id in one.lists and one.number > no.number
        for one in person.statements
    )


def answered_for(person: Person, list_id: str, *acts: Act) -> frozenset[int]:
    """Return the statements that a done command, or a decision without one, has answered for a list."""
    by_command = {
        number
        for intent in person.done(*acts)
        if intent.command.list_id == list_id
        for number in intent.command.answers
    }
    return frozenset(by_command | {number for number, name in person.settled if name == list_id})
