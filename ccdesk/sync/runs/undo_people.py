"""Whom a run did something for, and how they are now: what an undo decides by (design §8, `undo`).

What the run did is read from its entries and from the journal; how people are now from both services. Nothing
that grows with the shop is held in memory: people come by batches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from ccdesk.core.errors import ItemError, NotFound
from ccdesk.core.intents import JournalLine
from ccdesk.core.limits import MAIL_OVERLAP
from ccdesk.core.models import Contact, Customer, Link, email_key
from ccdesk.core.runs import Entry, Outcome, Run
from ccdesk.sync.agreement import as_read
from ccdesk.sync.context import RunContext
from ccdesk.sync.plan_undo import has_done, was_added
from ccdesk.sync.sensors.accounts import AccountsByEmail
from ccdesk.sync.sensors.identity import resolve_identity
from ccdesk.sync.undoing import Doing, Part, PersonNow

_TELL = {Part.ADDED: (Outcome.ADDED, Outcome.UPDATED), Part.SWITCHED_ON: (Outcome.OPTED_IN,)}
_PAGE = 500
_FEW_LOOKUPS = 40  # above this, one scan of the list is cheaper than a look-up each
_MOST_LOOKUPS = 400  # of people whom the list may not show yet


def doings_of(ctx: RunContext, run: Run) -> Iterator[list[Doing]]:
    """Yield what a run did for people, by pages: what its entries tell, then what only the journal does."""
    for outcome in (Outcome.OPTED_IN, Outcome.ADDED, Outcome.UPDATED):
        offset = 0
        while page := ctx.store.runs.entries(run.id, outcome=outcome, offset=offset, limit=_PAGE):
            offset += len(page)
            if found := _by_entries(ctx, run, page):
                yield found
    after = 0
    while lines := ctx.store.intents.of_run(run.id, after, _PAGE):
        after = lines[-1].number
        if found := _by_lines(ctx, run, lines):
            yield found


def _by_entries(ctx: RunContext, run: Run, page: Sequence[Entry]) -> list[Doing]:
    """Return what entries tell, each with its line in the journal if it has one."""
    found: list[Doing] = []
    told = [one for one in page if one.customer_id is not None]
    numbers = [one.customer_id or 0 for one in told]
    lines, links = ctx.store.intents.of_many(numbers), ctx.store.links.many(numbers)
    began = _began(ctx, run)
    for one in told:
        part = Part.SWITCHED_ON if one.outcome is Outcome.OPTED_IN else Part.ADDED
        if one.customer_id is None or (part is Part.ADDED and not was_added(one)):
            continue
        mine = (line for line in lines.get(one.customer_id, ()) if line.run_id == run.id)
        line = next((line for line in reversed(list(mine)) if has_done(line) is part), None)
        found.append(
            Doing(
                part,
                one.customer_id,
                one.email,
                email_key(one.email),
                line.begun if line else _added_at(began, links.get(one.customer_id)),
                line.list_id if line else run.list_id,
                line,
            )
        )
    return found


def _by_lines(ctx: RunContext, run: Run, lines: Sequence[JournalLine]) -> list[Doing]:
    """Return what was sent for people without an entry that says what became of it: it was cut short."""
    did = {(part, line.customer_id): line for line in lines if (part := has_done(line)) is not None}
    numbers = {number for _, number in did}
    told = {part: ctx.store.runs.told_of(run.id, numbers, outcomes) for part, outcomes in _TELL.items()}
    links = ctx.store.links.many(list(numbers))
    found: list[Doing] = []
    for (part, number), line in did.items():
        if number in told[part]:
            continue
        link = links.get(number)
        email = link.email if link is not None and link.email_key == line.email_key else line.email_key
        found.append(Doing(part, number, email, line.email_key, line.begun, line.list_id, line))
    return found


def _began(ctx: RunContext, run: Run) -> datetime:
    """Return when a run began, on the mail service's clock: so long before now as by this computer's."""
    return ctx.mail_now() - (ctx.clock.now() - run.started_at)


def _added_at(began: datetime, link: Link | None) -> datetime:
    """Return since when at the earliest an export may have put somebody on the list.

    It was not before the run began, by a clock that may have been wrong; and not after we last wrote them.
    """
    written = link.written_at if link is not None else None
    return began if written is None else min(began, written)


class People:
    """Reads people anew: a call each where they are few, else both sides by pages.

    `count`: how many there are in all; the list is scanned once for all of them.
    """

    def __init__(self, ctx: RunContext, count: int) -> None:
        self._ctx, self._looked_up = ctx, 0
        self._scanned = count > _FEW_LOOKUPS
        if self._scanned:
            self._scan()

    def _scan(self) -> None:
        ctx, done = self._ctx, 0
        ctx.store.staging.clear_contacts()
        for page in ctx.mail.contacts(list_id=ctx.settings.list_id):
            ctx.check_cancel()
            ctx.store.staging.add_contacts(resolve_identity(ctx, page)[0])
            done += len(page)
            ctx.progress("Reading the list", done)

    def read(self, doings: Sequence[Doing]) -> list[PersonNow]:
        """Return the people of a batch, in its order.

        Raises:
            CcdeskError: a service cannot be read.

        """
        ctx = self._ctx
        keys = list(dict.fromkeys(one.email_key for one in doings))
        by_email = ctx.store.links.by_emails([key for key in keys if key])
        own = ctx.store.links.many([one.customer_id for one in doings])
        statements = ctx.store.statements.of_people(keys)
        staged = ctx.store.staging.contacts(keys) if self._scanned else {}
        numbers = {link.customer_id for some in by_email.values() for link in some} | set(own)
        lines = ctx.store.intents.of_many(numbers)
        accounts = AccountsByEmail(ctx)
        accounts.read_for(one.email for one in doings)
        found: list[PersonNow] = []
        for one in doings:
            ctx.check_cancel()
            now = {account.id: account for account in self._accounts(accounts, one)}
            links = tuple(
                as_read(link, now[link.customer_id]) if link.customer_id in now else link
                for link in by_email.get(one.email_key, ())
            )
            mine = {link.customer_id for link in links} | {one.customer_id}
            person = PersonNow(
                accounts=tuple(now.values()),
                own=own.get(one.customer_id),
                links=links,
                statements=tuple(statements.get(one.email_key, ())),
                lines=tuple(line for number in sorted(mine) for line in lines.get(number, ())),
            )
            found.append(self._with_contact(person, one, staged.get(one.email_key)))
        return found

    def _accounts(self, by_email: AccountsByEmail, one: Doing) -> tuple[Customer, ...]:
        """Return every account with the email, and of a flag its own, whatever its email is by now."""
        found = by_email.of(one.email)
        if one.part is Part.ADDED or any(account.id == one.customer_id for account in found):
            return tuple(found)
        try:
            return (*found, self._ctx.shop.get(one.customer_id))
        except NotFound:
            return tuple(found)
        except ItemError:
            return (*found, Customer(one.customer_id, one.email, False, readable=False))

    def _with_contact(self, person: PersonNow, one: Doing, staged: Contact | None) -> PersonNow:
        """Put in the contact: as scanned, or asked for where the scan did not show it."""
        if staged is not None:
            return replace(person, contact=staged)
        if self._scanned and not self._is_asked_for(person.own):
            return replace(person, seen=False)
        self._looked_up += 1
        contact = self._ctx.mail.find(one.email) if "@" in one.email else None
        self._ctx.answered()
        return replace(person, contact=contact)

    def _is_asked_for(self, link: Link | None) -> bool:
        """Say whether a scan that does not show somebody proves too little: a list may lag (§10)."""
        if link is None or not link.on_list:
            return False
        written = link.written_at
        late = written is not None and written > self._ctx.mail_now() - MAIL_OVERLAP
        return self._looked_up < (_MOST_LOOKUPS if late else _FEW_LOOKUPS)
