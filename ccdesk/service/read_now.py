"""Both sides of one person read now: counted calls, no run, nothing written (design §8, `--live`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ccdesk.core.clock import Clock
from ccdesk.core.errors import NotFound, Unreadable
from ccdesk.core.intents import LANDS_WITHIN
from ccdesk.core.ledger import LedgerEntry
from ccdesk.core.models import Contact, Customer, Permission
from ccdesk.core.ports.shop import FlagChange
from ccdesk.core.statements import Author, How, Side
from ccdesk.service.connections import MailClient, ShopClient
from ccdesk.service.who import Who

_MOST = 20  # accounts asked for one by one
_AUDITED = 5  # accounts whose audit log is read
_SAME_ACT = timedelta(minutes=10)  # between an opt-out's own date and the report's
_NOISE = timedelta(seconds=5)  # Date headers have whole seconds, and answers take time


@dataclass(slots=True)
class Reading:
    """What both services showed: `told` are acts that they date themselves, oldest first.

    `skew`: how far Kibo's clock is ahead, None where that cannot be told.
    """

    accounts: list[Customer] = field(default_factory=list)
    contact: Contact | None = None
    told: list[LedgerEntry] = field(default_factory=list)
    shop_at: datetime | None = None
    mail_at: datetime | None = None
    skew: timedelta | None = None


def current_email(shop: ShopClient, customer_id: int) -> str | None:
    """Return the email that an account has now, None if it is gone or cannot be read."""
    try:
        return shop.get(customer_id).email
    except (NotFound, Unreadable):
        return None


def read_now(shop: ShopClient, mail: MailClient, who: Who, app_key: str, clock: Clock) -> Reading:
    """Read a person in Kibo by email and id, and in Constant Contact by email and contact id.

    Raises:
        CcdeskError: a service cannot be asked; nothing is known then.

    """
    reading = Reading()
    reading.accounts = _accounts(shop, who)
    for one in reading.accounts[:_AUDITED]:
        if one.readable:
            reading.told += (_flag_change(one, change, app_key) for change in shop.flag_changes(one.id))
    reading.contact = _contact(mail, who)
    if reading.contact is not None:
        reading.told += _acts(reading.contact, _mailing(mail, reading.contact))
    reading.told.sort(key=lambda one: one.at)
    reading.shop_at, reading.mail_at = shop.server_time or clock.now(), mail.server_time or clock.now()
    reading.skew = _skew(shop, mail)
    return reading


def _skew(shop: ShopClient, mail: MailClient) -> timedelta | None:
    kibo, other = shop.server_ahead, mail.server_ahead
    if kibo is None or other is None:
        return None
    return kibo - other if abs(kibo - other) >= _NOISE else timedelta(0)


def _accounts(shop: ShopClient, who: Who) -> list[Customer]:
    """Return the accounts with the person's email now; those known by id are asked for by id as well."""
    found = {one.id: one for one in (shop.by_email(who.email) if who.key else ())}
    # The numbers below zero stand for people who were forgotten: no account of Kibo's has one.
    known = [one for one in who.customer_ids if one > 0 and one not in found]
    for number in known[:_MOST]:
        try:
            account = shop.get(number)
        except NotFound:
            continue
        except Unreadable:
            account = Customer(number, who.email, False, readable=False)
        if account.email_key == who.key:
            found[number] = account
    return [found[number] for number in sorted(found)]


def _contact(mail: MailClient, who: Who) -> Contact | None:
    try:
        found = mail.find(who.email) if who.key else None
        for number in () if found else dict.fromkeys(one.contact_id for one in who.known.mine):
            found = found or (mail.get(number) if number else None)
    except Unreadable:
        return Contact(who.contact_id, who.email, Permission.UNKNOWN)
    return found


def _flag_change(account: Customer, change: FlagChange, app_key: str) -> LedgerEntry:
    """Return a change as the audit log tells it; whether a user id is staff's or the person's it does not."""
    ours = bool(app_key) and change.application == app_key
    how = How.FLAG_SET if change.opted_in else How.FLAG_CLEARED
    by = f"by user {change.user}" if change.user else "by a user who is not named"
    through = f", through application {change.application}" if change.application else ""
    return _told(
        change.at,
        account.email,
        Side.SHOP,
        str(account.id),
        Author.US if ours else Author.UNKNOWN,
        how,
        f"Kibo's audit log: {by}{through}",
    )


def _mailing(mail: MailClient, contact: Contact) -> str:
    """Return from which mailing somebody unsubscribed, `""` where that cannot be read or is another time."""
    if contact.permission is not Permission.UNSUBSCRIBED or contact.opt_out_source != "Contact":
        return ""
    found, at = mail.opt_out_mailing(contact.id), contact.opt_out_at
    if found is None or (found.at and at and abs(found.at - at) > _SAME_ACT):
        return ""
    return found.name


def _acts(contact: Contact, mailing: str) -> Iterator[LedgerEntry]:
    """Yield what a contact tells about an opt-out, and about a sign-up by the person."""
    if contact.opt_out_at is not None and contact.permission is Permission.UNSUBSCRIBED:
        reason = f", reason “{contact.opt_out_reason}”" if contact.opt_out_reason else ""
        through = f", from the mailing “{mailing}”" if mailing else ""
        by = contact.opt_out_source or "not told"
        evidence = f"Constant Contact: opt-out by “{by}”{reason}{through}"
        author = {"Contact": Author.PERSON, "Account": Author.STAFF}.get(
            contact.opt_out_source, Author.UNKNOWN
        )
        yield _of(contact, contact.opt_out_at, author, How.UNSUBSCRIBED, evidence)
    if contact.opt_in_at is not None and contact.opt_in_source == "Contact":
        evidence = "Constant Contact: opt-in by “Contact”"
        yield _of(contact, contact.opt_in_at, Author.PERSON, How.SIGNED_UP, evidence)


def _of(contact: Contact, at: datetime, author: Author, how: How, evidence: str) -> LedgerEntry:
    return _told(at, contact.email, Side.MAIL, contact.id, author, how, evidence)


def _told(
    at: datetime, email: str, side: Side, subject: str, author: Author, how: How, evidence: str
) -> LedgerEntry:
    return LedgerEntry(
        at=at,
        until=None,
        email=email,
        side=side,
        subject=subject,
        author=author,
        says=how.says,
        how=how,
        evidence=evidence,
        rule="",
        run=None,
        outcome="",
    )


def with_new(told: Sequence[LedgerEntry], known: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    """Return what is kept with what was told just now; an act that is in both gains who did it and why.

    The same act is one of the same kind on the same subject whose window holds the moment that is told.
    """
    merged, new = list(known), []
    for one in told:
        place = next((at for at, kept in enumerate(merged) if _same(one, kept)), None)
        if place is None:
            new.append(one)
        else:
            kept = merged[place]
            evidence = "; ".join(filter(None, (kept.evidence, one.evidence)))
            author = kept.author if kept.author is not Author.UNKNOWN else one.author
            merged[place] = replace(kept, at=one.at, until=None, evidence=evidence, author=author)
    return sorted([*merged, *new], key=lambda entry: entry.latest)


def _same(told: LedgerEntry, kept: LedgerEntry) -> bool:
    slack = timedelta(seconds=1)
    ours = told.author is Author.US and kept.author is Author.US
    latest = (kept.until or kept.at) + (LANDS_WITHIN if ours else slack)
    inside = kept.at - slack <= told.at <= latest
    return inside and (told.side, told.how, told.subject) == (kept.side, kept.how, kept.subject)
