"""An account that takes another email: it leaves one person and comes to another (docs/consent.md b4)."""

from __future__ import annotations

from dataclasses import replace

from ccdesk.consent.journal import close
from ccdesk.consent.model import Account, Ended, How, Person, Policy, Side, Statement
from ccdesk.consent.observe_shop import AccountReading, observe_account
from ccdesk.consent.rows import Row, mail_side
from ccdesk.consent.window import Window, between


def move_account(
    former: Person, to: Person, reading: AccountReading, policy: Policy
) -> tuple[Person, Person]:
    """Return both persons after an account was read under the email of `to`, having been one of `former`.

    The flag is observed under the former email first, and its last word goes along. An opt-out that stands
    against the former email comes along for this account alone, unless the word is provably later than the
    opt-out, or the opt-out than the move. The former contact is to be read before this.
    """
    if former.account(reading.id) is None:
        return former, observe_account(to, reading)
    former = observe_account(former, reading)
    account = next(one for one in former.accounts if one.id == reading.id)
    moved = between(account.read.earliest, reading.updated.latest)
    word, out = former.word(account.id), _standing_opt_out(former, policy)
    former, to = _hand_over(former.with_account(replace(account, here=False)), to, account.id)
    before = to.account(account.id)
    since = before.known_since if before is not None else reading.read.latest
    to = to.with_account(replace(account, here=True, known_since=since))
    to = to if word is None else to.state(replace(word, moved=True))
    if account.opted_in and out is not None and not _is_free_of(word, out, moved):
        to = to.state(_inherited(account, out))
    return former, to


def _hand_over(former: Person, to: Person, account_id: int) -> tuple[Person, Person]:
    """Take the writes to an account whose end is not known along: they end where the account is read."""
    for intent in former.intents:
        if intent.open and intent.command.account == account_id:
            number = max((one.number for one in to.intents), default=0) + 1
            # The statements it answers stay with the former email, whose numbers they are.
            command = replace(intent.command, answers=frozenset())
            to = to.with_intent(replace(intent, number=number, command=command))
            former = close(former, intent, Ended.VOID)
    return former, to


def follow_words(former: Person, home: Person, account_id: int) -> Person:
    """Return a former person of an account with what the account stated since it took the email of `home`.

    Only where ccdesk put the former email on a list for this very account (design §3a R3), and only what
    somebody else stated: what we write for the new email says nothing of the former one.
    """
    account, word = former.account(account_id), home.word(account_id)
    if account is None or account.here or word is None or word.moved or word.ours:
        return former
    known = former.word(account_id)
    if not _added_for(former, account) or (known is not None and known.seen_at >= word.seen_at):
        return former
    return former.state(replace(word, moved=True))


def _added_for(person: Person, account: Account) -> bool:
    words = {one.number for one in person.statements if one.subject == str(account.id)}
    return any(intent.command.answers & words for intent in person.intents if intent.command.act.puts_on)


def _standing_opt_out(person: Person, policy: Policy) -> Statement | None:
    mail = mail_side(person, policy)
    if mail.row is Row.UNSUBSCRIBED:
        return mail.unsubscribed
    return mail.left if mail.row is Row.LEFT else None


def _is_free_of(word: Statement | None, out: Statement, moved: Window) -> bool:
    if word is not None and word.how is How.FLAG_SET and word.window.surely_after(out.window):
        return True
    return out.window.surely_after(moved)


def _inherited(account: Account, out: Statement) -> Statement:
    return replace(
        out, subject=str(account.id), side=Side.SHOP, how=How.INHERITED, lists=frozenset(), moved=True
    )
