"""How the answer to *why* reads, in the window as on the command line (design §8).

`when` puts a moment as that front end shows it; the window says the texts in its language.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.models import Permission
from ccdesk.core.runs import Outcome, RunKind
from ccdesk.core.why import AccountView, RunEntry, Why
from ccdesk.core.words import Text, marked
from ccdesk.service.reason_words import Day, reason_words

When = Callable[[datetime], str]

_DOES = {
    "flag_set": marked("opt-in set in Kibo"),
    "flag_cleared": marked("opt-in cleared in Kibo"),
    "seen_off": marked("first seen in Kibo, not opted in"),
    "inherited": marked("opt-out of the email before"),
    "unsubscribed": marked("unsubscribed"),
    "left": marked("left the list"),
    "signed_up": marked("signed up"),
    "deleted": marked("contact deleted"),
    "put_on": marked("put on the list by others"),
    "put_back": marked("put back on the list"),
    "added": marked("put on the list"),
    "removed": marked("taken off the list"),
    "asked": marked("asked to confirm"),
    "answered_add": marked("answered: add"),
    "answered_leave": marked("answered: leave"),
    "undone": marked("taken back"),
}
_ENDED = {
    "open": marked("open"),
    "void": marked("void"),
    "refused": marked("refused"),
    "unknown": marked("unknown"),
}
_AUTHORS = {
    "us": marked("ccdesk"),
    "person": marked("the person"),
    "staff": marked("staff"),
    "unknown": marked("not known by whom"),
}
_RUNS = {
    RunKind.EXPORT: marked("run {run}, export: {outcome}, {reason}"),
    RunKind.EVENTS: marked("run {run}, events: {outcome}, {reason}"),
    RunKind.INBOUND: marked("run {run}, from Constant Contact: {outcome}, {reason}"),
    RunKind.FULL_COMPARE: marked("run {run}, daily comparison: {outcome}, {reason}"),
    RunKind.UNDO: marked("run {run}, undo: {outcome}, {reason}"),
}
_BECAME = {
    Outcome.ADDED: marked("added"),
    Outcome.UPDATED: marked("updated"),
    Outcome.UNCHANGED: marked("unchanged"),
    Outcome.REMOVED: marked("removed"),
    Outcome.OPTED_IN: marked("opted in"),
    Outcome.OPTED_OUT: marked("opted out"),
    Outcome.SKIPPED: marked("skipped"),
    Outcome.HELD: marked("held"),
    Outcome.CONFLICT: marked("conflicts"),
    Outcome.ERROR: marked("error"),
}
_PERMISSIONS = {
    Permission.EXPLICIT: marked("explicit"),
    Permission.IMPLICIT: marked("implicit"),
    Permission.PENDING: marked("pending_confirmation"),
    Permission.NOT_SET: marked("not_set"),
    Permission.TEMP_HOLD: marked("temp_hold"),
    Permission.UNSUBSCRIBED: marked("unsubscribed"),
    Permission.UNKNOWN: marked("unknown"),
}
_MAILED = {  # by whether a person is mailed, None where that is not known, and whether they should be
    (True, True): marked("{who} is mailed, and should be: {reason}"),
    (True, False): marked("{who} is mailed, but should not be: {reason}"),
    (False, True): marked("{who} is not mailed, but should be: {reason}"),
    (False, False): marked("{who} is not mailed, and should not be: {reason}"),
    (None, True): marked("{who} should be mailed; whether they are is not known: {reason}"),
    (None, False): marked("{who} should not be mailed; whether they are is not known: {reason}"),
}
_UNTOLD = {  # the same, while a change waits that nobody has looked at
    True: marked("{who} is mailed; whether they should be is not known: {reason}"),
    False: marked("{who} is not mailed; whether they should be is not known: {reason}"),
}
_NOBODY_THERE = marked(
    "Nobody is known by “{who}”: no account in the shop and no contact in Constant Contact is found by that."
)
_NEVER_SEEN = marked("Nobody is known by “{who}”: ccdesk has never seen an account or a contact of theirs.")
_ASK_BOTH = marked("That is what ccdesk remembers; both services may know more, and can be asked now.")
_READ_NOW = marked("Both sides were read just now.")
_AS_OF = marked("As last read; what changed since does not show. Kibo: {shop}. Constant Contact: {mail}.")


def headline(found: Why, asked: str) -> str:
    """Return the verdict as one sentence, and how both sides differ where that does not say it."""
    if not found.known:
        return (_NOBODY_THERE if found.live else _NEVER_SEEN).format(who=asked.strip())
    who = found.email or marked("Customer {number}").format(number=asked.strip())
    mailed, verdict = is_mailed(found), found.verdict
    sentence = _MAILED[mailed, verdict.should_be_on_list]
    if not verdict.told and mailed is not None:
        sentence = _UNTOLD[mailed]
    said = _stopped(sentence.format(who=who, reason=verdict.reason))
    if verdict.in_step or only_waits(found):
        return said
    if mailed is None or mailed is not verdict.should_be_on_list:
        return marked("{sentence} Both sides differ.").format(sentence=said)
    if found.shop.opted_in:
        return marked("{sentence} But Kibo says opted in.").format(sentence=said)
    return marked("{sentence} But Kibo says not opted in.").format(sentence=said)


def is_mailed(found: Why) -> bool | None:
    """Say whether what is sent to the list reaches a person; None where that is not known."""
    mail = found.mail
    if mail.on_list is None:
        return None
    return mail.on_list and mail.permission in ("", Permission.EXPLICIT, Permission.IMPLICIT)


def only_waits(found: Why) -> bool:
    """Say whether nothing differs that is known, though something waits to be looked at or done."""
    mailed, opted_in = is_mailed(found), found.shop.opted_in
    agree = mailed is found.verdict.should_be_on_list and opted_in in (None, mailed)
    return not found.verdict.in_step and (agree or not found.verdict.told)


def rule_line(found: Why) -> Text:
    """Return the rule in plain words, and then where it is written down, for who wants to look it up."""
    by, cell = found.verdict.by, found.verdict.cell
    if cell:
        said = marked("The rule: {words} (rule {number}; table of consent: {cell}).")
    else:
        said = marked("The rule: {words} (rule {number}).")
    return said.format(words=by.words, number=by.number, cell=cell)


def rule_sentence(found: Why) -> Text:
    """Return the rule in plain words alone."""
    return marked("The rule: {words}.").format(words=found.verdict.by.words)


def rule_name(found: Why) -> Text:
    """Return where the rule is written down, by which support finds it."""
    by, cell = found.verdict.by, found.verdict.cell
    if cell:
        return marked("Rule {number} of the design; table of consent: {cell}").format(
            number=by.number, cell=cell
        )
    return marked("Rule {number} of the design").format(number=by.number)


def as_of_line(found: Why, when: When) -> str:
    """Return for which moments what both sides show is known: what changed since does not show."""
    if not found.known:
        return "" if found.live else _ASK_BOTH
    if found.live:
        return _READ_NOW
    shop, mail = found.shop.read_at, found.mail.read_at
    never = marked("never read")
    unread = never if found.verdict.told else marked("not looked at since it changed")
    return _AS_OF.format(shop=when(shop) if shop else unread, mail=when(mail) if mail else never)


def _stopped(text: str) -> str:
    """Return a sentence with a full stop, if it has none."""
    return text if text.endswith(".") else marked("{sentence}.").format(sentence=text)


def shop_line(found: Why, when: When) -> str:
    """Return what the shop shows of all accounts together."""
    flags = {True: marked("opted in"), False: marked("not opted in"), None: marked("not known")}
    return _since(flags[found.shop.opted_in], found.shop.since, when)


def account_lines(found: Why, when: When) -> list[str]:
    """Return a line for every account, or that there is none."""
    if not found.accounts:
        return [marked("no account") if found.live else marked("no account known")]
    return [_account(one, when) for one in found.accounts]


def mail_line(found: Why, when: When) -> str:
    """Return what Constant Contact shows."""
    mail = found.mail
    listed = {
        True: marked("on the list"),
        False: marked("not on the list"),
        None: marked("not known whether on the list"),
    }
    shown: str = listed[mail.on_list]
    if not found.live and mail.read_at is None and mail.on_list is None:
        shown = marked("never read")
    elif mail.permission:
        permission = _PERMISSIONS[Permission(mail.permission)]
        shown = marked("{listed}, {permission}").format(listed=shown, permission=permission)
    return _since(shown, mail.since, when)


def contact_line(found: Why) -> str:
    """Return the contact's id, that there is none, or nothing where that is not known."""
    if found.contact_id:
        return marked("contact {id}").format(id=found.contact_id)
    return marked("no contact") if found.live else ""


def what_happened(one: LedgerEntry | RunEntry, when: When, day: Day) -> str:
    """Return what one moment of the time line was, and whose act; without the time it is ordered by.

    `day` puts the day of a moment, as `when` puts it with its time.
    """
    if isinstance(one, RunEntry):
        entry = one.entry
        return _RUNS[one.kind].format(
            run=one.run_id, outcome=_BECAME[entry.outcome], reason=reason_words(entry, day)
        )
    said = _DOES[one.how.value]
    if one.outcome and one.outcome != "done":
        said = marked("{what} ({ended})").format(what=said, ended=_ENDED[one.outcome])
    said = marked("{what}, {author}").format(what=said, author=_AUTHORS[one.author.value])
    if one.until:
        said = marked("{what}, after {time} and by then at the latest").format(what=said, time=when(one.at))
    if one.evidence:
        said = marked("{what}: {evidence}").format(what=said, evidence=Text(one.evidence))
    return said


def next_line(found: Why, when: When) -> str:
    """Return what happens next."""
    if found.next is None:
        return marked("nothing, as long as nobody acts.")
    what = found.next.what
    if found.next.when is None:
        return _stopped(what)
    return marked("{what} ({time}).").format(what=what, time=when(found.next.when))


def _account(one: AccountView, when: When) -> str:
    flags = {
        True: marked("customer {number} {email}: opted in"),
        False: marked("customer {number} {email}: not opted in"),
        None: marked("customer {number} {email}: opt-in not known"),
    }
    said = flags[one.opted_in].format(number=one.customer_id, email=one.email or marked("without an email"))
    if one.updated_at:
        said = marked("{what}, changed {time}").format(what=said, time=when(one.updated_at))
    if one.remark:
        said = marked("{what} ({remark})").format(what=said, remark=one.remark)
    return said


def _since(what: str, at: datetime | None, when: When) -> str:
    return marked("{what}, since {time}").format(what=what, time=when(at)) if at else what
