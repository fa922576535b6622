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
    RunKind.EXPORT: marked("run {run} export: {outcome}, {reason}"),
    RunKind.EVENTS: marked("run {run} events: {outcome}, {reason}"),
    RunKind.INBOUND: marked("run {run} inbound: {outcome}, {reason}"),
    RunKind.FULL_COMPARE: marked("run {run} full-compare: {outcome}, {reason}"),
    RunKind.UNDO: marked("run {run} undo: {outcome}, {reason}"),
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
_NOBODY_THERE = marked(
    "{who} is not known here. No account in the shop and no contact in Constant Contact has this email; an "
    "account that opts in would be put on the list."
)
_NEVER_SEEN = marked(
    "{who} is not known here. Never seen: no account and no contact of theirs is known here; an account that "
    "opts in would be put on the list."
)


def headline(found: Why, asked: str) -> str:
    """Return the verdict as one sentence, and whether both sides differ."""
    if not found.known:
        return (_NOBODY_THERE if found.live else _NEVER_SEEN).format(who=asked.strip())
    who = found.email or marked("Customer {number}").format(number=asked.strip())
    sentence = _MAILED[_is_mailed(found), found.verdict.should_be_on_list]
    said = _stopped(sentence.format(who=who, reason=found.verdict.reason))
    return said if found.verdict.in_step else marked("{sentence} Both sides differ.").format(sentence=said)


def _is_mailed(found: Why) -> bool | None:
    mail = found.mail
    if mail.on_list is None:
        return None
    return mail.on_list and mail.permission in ("", Permission.EXPLICIT, Permission.IMPLICIT)


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


def what_happened(one: LedgerEntry | RunEntry, when: When) -> str:
    """Return what one moment of the time line was, and whose act; without its time."""
    if isinstance(one, RunEntry):
        entry = one.entry
        return _RUNS[one.kind].format(
            run=one.run_id, outcome=_BECAME[entry.outcome], reason=Text(entry.reason)
        )
    said = _DOES[one.how.value]
    if one.outcome and one.outcome != "done":
        said = marked("{what} ({ended})").format(what=said, ended=_ENDED[one.outcome])
    said = marked("{what}, {author}").format(what=said, author=_AUTHORS[one.author.value])
    if one.until:
        said = marked("{what}, by {time} at the latest").format(what=said, time=when(one.until))
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
    said = flags[one.opted_in].format(number=one.customer_id, email=one.email)
    if one.updated_at:
        said = marked("{what}, changed {time}").format(what=said, time=when(one.updated_at))
    if one.remark:
        said = marked("{what} ({remark})").format(what=said, remark=one.remark)
    return said


def _since(what: str, at: datetime | None, when: When) -> str:
    return marked("{what}, since {time}").format(what=what, time=when(at)) if at else what
