"""The links, one per customer id (design §2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import peewee
from peewee import SQL, fn

from ccdesk.core.clock import Clock
from ccdesk.core.intents import LIST_ACTS, Act
from ccdesk.core.models import Link, LinkState, Ownership, WriteBack
from ccdesk.core.ports.waiting import Waiting
from ccdesk.store.columns import email_mark, from_text, to_text
from ccdesk.store.db import Database, Row, chunks, upsert
from ccdesk.store.forgetting import Seals
from ccdesk.store.intents import IS_ASKED, words
from ccdesk.store.losses import NOTE_SINCE
from ccdesk.store.statements import SqliteStatements
from ccdesk.store.tables import LINK_FIELDS, FormerContactRow, FormerMemberRow, LinkRow, ScanRow

# “open” is a literal, not a parameter, so that the partial index of open lines is used. A row's alias is t1.
_BEGUN = f"ended = 'open' AND act IN ({words(LIST_ACTS)})"
BEGUN = SQL(
    "(SELECT i.act FROM intent i WHERE i.customer_id = t1.customer_id "
    f"AND {_BEGUN} ORDER BY i.number DESC LIMIT 1)"
)
HAS_BEGUN = SQL(f"customer_id IN (SELECT i.customer_id FROM intent i WHERE {_BEGUN})")
ASKED = SQL(
    "(SELECT MAX(i.begun) FROM intent i WHERE i.contact_id = t1.contact_id AND i.contact_id <> '' "
    f"AND {IS_ASKED})"
)
COLUMNS = (*(getattr(LinkRow, name) for name in LINK_FIELDS), BEGUN, ASKED)
FIELDS = (*LINK_FIELDS, "begun", "asked_at")
STORED = tuple(field.name for field in LinkRow._meta.sorted_fields)
# Since when a write-back is pending is the store's to know: it moves only when what is pending changes.
SAVE = upsert(
    LinkRow,
    instead={
        # A link whose email was forgotten keeps what stands for it, until it has one again.
        "email_key": "CASE WHEN excluded.email = '' AND link.email = '' THEN link.email_key "
        "ELSE excluded.email_key END",
        "owed_since": "CASE WHEN excluded.owed = '' THEN NULL "
        "WHEN link.owed = excluded.owed THEN coalesce(link.owed_since, excluded.owed_since) "
        "ELSE excluded.owed_since END",
    },
)
_MOMENTS = (
    "kibo_updated_at",
    "written_at",
    "opt_out_at",
    "out_since",
    "out_after",
    "added_at",
    "in_after",
    "asked_at",
)
_READ: dict[str, Callable[[Any], Any]] = {
    "ownership": Ownership,
    "state": LinkState,
    "pending": WriteBack,
    "begun": Act,
    **dict.fromkeys(
        ("agreed", "kibo_opted_in", "on_list", "passed_by", "seen_set", "active", "guest", "undated"), bool
    ),
    **dict.fromkeys(_MOMENTS, from_text),
}
_READERS = [(place, _READ[name]) for place, name in enumerate(FIELDS) if name in _READ]

# Literal, not parameters: SQLite uses a partial index only where it sees the index's own condition.
ON_LIST = SQL("on_list = 1")
AGREED = SQL("(kibo_opted_in = 1 OR agreed IS NOT NULL)")  # else they are on the list by nobody's agreement
OWED = SQL("owed <> ''")
HAS_CONTACT = SQL("contact_id <> ''")
# Kibo is not told of those whom the guard holds, and never of those taken for a mistake (design R8).
NOT_HELD = SQL(
    "NOT EXISTS (SELECT 1 FROM held_loss h WHERE h.kind IN ('left', 'staff') "
    "AND h.customer_id = t1.customer_id AND h.answer <> 'do_it')"
)
NEWCOMER = SQL("state = 'newcomer'")
WAITING = """
    SELECT COUNT(*) FROM (
        SELECT object_id AS number FROM event WHERE status = 'Parked'
        UNION SELECT object_id FROM event WHERE status IN ('Pending', 'Retry')
        UNION SELECT customer_id FROM link WHERE owed <> ''
        UNION SELECT customer_id FROM held_loss WHERE answer <> 'dropped') w
    CROSS JOIN link l ON l.customer_id = w.number
    WHERE l.on_list = 1 AND (l.kibo_opted_in = 1 OR l.agreed IS NOT NULL)"""
SETTLED_OFF_LIST = SQL(
    "kibo_opted_in = 1 AND on_list = 0 AND state = 'synced' AND owed = '' "
    f"AND customer_id NOT IN (SELECT i.customer_id FROM intent i WHERE {_BEGUN})"
)


# An undo takes people off one list: it says nothing of another, nor is it forgotten by choosing another.
NO_MORE_UNDONE = "UPDATE link SET state = 'synced', note = '' WHERE state = 'undone' AND kibo_opted_in = 1"
UNDONE_AGAIN = """
    UPDATE link SET state = 'undone', agreed = NULL, on_list = 0
    WHERE kibo_opted_in = 1 AND state = 'synced' AND owed = '' AND EXISTS (
        SELECT 1 FROM intent i WHERE i.undoes IS NOT NULL AND i.email_key = link.email_key
        AND i.list_id = ? AND i.act = 'remove' AND i.ended = 'done' AND NOT EXISTS (
            SELECT 1 FROM intent l WHERE l.customer_id = i.customer_id AND l.list_id = i.list_id
            AND l.number > i.number AND l.ended = 'done')
        AND NOT EXISTS (SELECT 1 FROM statement s WHERE s.customer_id = link.customer_id
            AND s.how IN ('flag_set', 'signed_up', 'answered_add') AND s.latest > i.begun))"""
OVERTAKE = f"UPDATE intent SET ended = 'unknown', ended_at = ? WHERE {_BEGUN}"
NOTE_SEEN = "INSERT OR IGNORE INTO known_account (customer_id, mark, since) VALUES (?, ?, ?)"
# Asked for every person several times: to make such a statement takes longer than to execute it.
_LINKS = LinkRow.select(*COLUMNS).sql()[0]
WHOLE = SQL(_LINKS[len("SELECT ") : _LINKS.rindex(' FROM "link"')])
GET = f"{_LINKS} WHERE t1.customer_id = ?"
BY_EMAIL = f"{_LINKS} WHERE t1.email_key = ? ORDER BY t1.customer_id"
BY_EMAIL_OR_SEAL = f"{_LINKS} WHERE t1.email_key IN (?, ?) ORDER BY t1.customer_id"
FORMER = "SELECT contact_id, added_at FROM former_contact WHERE customer_id = ? AND list_id = ?"
FORGET_FORMER = "DELETE FROM former_contact WHERE customer_id = ? AND list_id = ?"
KNOWN_SINCE = "SELECT since FROM known_account WHERE customer_id = ? AND mark = ?"


class SqliteLinks:
    """`ports.Links` on SQLite."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        seals: Seals | None = None,
        statements: SqliteStatements | None = None,
    ) -> None:
        self._database, self._clock = database, clock
        self._seals = seals or Seals(database)
        self._statements = statements or SqliteStatements(database, clock)

    def get(self, customer_id: int) -> Link | None:
        """Return one link."""
        found = self._read(GET, [customer_id])
        return found[0] if found else None

    def many(self, customer_ids: Sequence[int]) -> dict[int, Link]:
        """Return those of the given customers that are known."""
        found: dict[int, Link] = {}
        for some in chunks(customer_ids):
            query = LinkRow.select(WHOLE).where(LinkRow.customer_id.in_(some))
            found.update((link.customer_id, link) for link in self._select(query))
        return found

    def by_email(self, key: str) -> list[Link]:
        """Return every link with this compared email, by ascending customer id.

        One whose email was forgotten is among them, without it.
        """
        sealed = self._seals.of(key) if key else None
        if sealed is None:
            return self._read(BY_EMAIL, [key])
        return self._read(BY_EMAIL_OR_SEAL, [key, sealed])

    def by_contacts(self, contact_ids: Sequence[str]) -> dict[str, list[Link]]:
        """Return the links of many contacts, by ascending customer id; those without any are absent."""
        found: dict[str, list[Link]] = {}
        for some in chunks(list(dict.fromkeys(contact_ids))):
            query = LinkRow.select(WHOLE).where(LinkRow.contact_id.in_(some), HAS_CONTACT)
            for link in self._select(query.order_by(LinkRow.contact_id, LinkRow.customer_id)):
                found.setdefault(link.contact_id, []).append(link)
        return found

    def by_emails(self, keys: Sequence[str]) -> dict[str, list[Link]]:
        """Return the links of many compared emails, by ascending customer id; unknown keys are absent.

        Those whose email was forgotten are among them, without it.
        """
        found: dict[str, list[Link]] = {}
        for some in chunks(list(dict.fromkeys(keys))):
            query = LinkRow.select(WHOLE).where(LinkRow.email_key.in_(some))
            for link in self._select(query.order_by(LinkRow.email_key, LinkRow.customer_id)):
                found.setdefault(link.email_key, []).append(link)
            self._add_sealed(found, some)
        return found

    def _add_sealed(self, found: dict[str, list[Link]], keys: Sequence[str]) -> None:
        """Add the links whose emails were forgotten."""
        sealed = {self._seals.of(key): key for key in keys if key}
        if None in sealed:  # nobody was
            return
        query = LinkRow.select(LinkRow.customer_id, LinkRow.email_key)
        numbers = self._database.rows(query.where(LinkRow.email_key.in_(list(sealed))))
        links = self.many([number for number, _ in numbers]) if numbers else {}
        for number, seal in sorted(numbers):
            found.setdefault(sealed[seal], []).append(links[number])

    def save(self, links: Iterable[Link]) -> None:
        """Insert or replace links in one transaction, begun only once all of them are there.

        What their change says was stated is kept in the same transaction.
        """
        now = to_text(self._clock.now())
        made = list(links)
        with self._database.transaction():
            self._statements.note(self.many([link.customer_id for link in made]), made)
            numbers = [link.customer_id for link in made]
            self._database.many(NOTE_SINCE, [(number, now, number) for number in numbers])
            self._database.many(SAVE, [_row(link, now) for link in made])

    def pending(self, after: int, limit: int) -> list[Link]:
        """Return links with `pending` set and customer id above `after`, ascending."""
        return self._above(after, limit, OWED)

    def pending_summary(
        self, pending: WriteBack, *, until: datetime | None = None, shown: int = 0
    ) -> Waiting:
        """Return how many such write-backs are pending since `until` or earlier, and name the first `shown`.

        Opt-outs that the guard holds are not among them.
        """
        conditions = [OWED, LinkRow.pending == pending]
        if pending is WriteBack.OPT_OUT:
            conditions.append(NOT_HELD)
        if until is not None:
            conditions.append(LinkRow.pending_since <= until)
        figures = LinkRow.select(fn.COUNT(SQL("*")), fn.MIN(LinkRow.pending_since)).where(*conditions)
        [(count, since)] = self._database.rows(figures)
        first = LinkRow.select(LinkRow.email, LinkRow.customer_id).where(*conditions)
        named = self._database.rows(first.order_by(LinkRow.pending_since).limit(shown)) if shown else []
        with self._database.reading():
            began = from_text(since) if isinstance(since, str) else since
        return Waiting(
            int(count), began, tuple(email for email, _ in named), tuple(str(number) for _, number in named)
        )

    def newcomers(self, *, shown: int = 0) -> Waiting:
        """Return how many accounts wait for staff to add or leave them (design §3a R1), by customer id."""
        figures = LinkRow.select(fn.COUNT(SQL("*")), fn.MIN(LinkRow.kibo_updated_at)).where(NEWCOMER)
        [(count, since)] = self._database.rows(figures)
        first = LinkRow.select(LinkRow.email, LinkRow.customer_id).where(NEWCOMER)
        named = self._database.rows(first.order_by(LinkRow.customer_id).limit(shown)) if shown else []
        with self._database.reading():
            began = from_text(since) if isinstance(since, str) else since
        return Waiting(
            int(count), began, tuple(email for email, _ in named), tuple(str(number) for _, number in named)
        )

    def note_seen(self, accounts: Iterable[tuple[int, str]], at: datetime) -> None:
        """Note accounts (id, compared email) as known from `at` on; what is known already stays."""
        moment = to_text(at)
        self._database.many(NOTE_SEEN, [(number, email_mark(key), moment) for number, key in accounts if key])

    def known_since(self, customer_id: int, key: str) -> datetime | None:
        """Return when an account was first seen under this compared email, None if never."""
        found = self._database.statement(KNOWN_SINCE, (customer_id, email_mark(key)))
        with self._database.reading():
            return from_text(found[0][0]) if found else None

    def note_former(self, customer_id: int, contact_id: str, list_id: str, added_at: datetime) -> None:
        """Note a contact that we put on a list for an account which has another email now."""
        row = (customer_id, contact_id, list_id, added_at)
        self._database.run(FormerContactRow.insert_many([row]).on_conflict_replace())

    def former(self, customer_id: int, list_id: str) -> list[tuple[str, datetime]]:
        """Return the contacts noted of an account's former emails, and when each was put on this list."""
        found = self._database.statement(FORMER, (customer_id, list_id))
        with self._database.reading():
            return [(contact_id, _moment(at)) for contact_id, at in found]

    def forget_former(self, customer_id: int, list_id: str) -> None:
        """Forget an account's former contacts on a list: they have been taken off it."""
        self._database.many(FORGET_FORMER, [(customer_id, list_id)])

    def page(self, after: int, limit: int) -> list[Link]:
        """Return links with customer id above `after`, ascending."""
        return self._above(after, limit)

    def off_scan(self, after: int, limit: int) -> list[Link]:
        """Return links with `on_list` who are not in the last scan of the list, ascending.

        A link that does not know its contact's id yet is looked for by email.
        """
        one = SQL("1")
        by_id = ScanRow.select(one).where(ScanRow.contact_id == LinkRow.contact_id)
        by_email = ScanRow.select(one).where(LinkRow.contact_id == "", ScanRow.email_key == LinkRow.email_key)
        return self._above(after, limit, ON_LIST, ~fn.EXISTS(by_id), ~fn.EXISTS(by_email))

    def settled_off_list(self, after: int, limit: int) -> list[Link]:
        """Return links known as opted in and settled, but not as on the list, ascending above `after`."""
        return self._above(after, limit, SETTLED_OFF_LIST)

    def count(self, *, on_list: bool | None = None) -> int:
        """Count links of accounts, all or those (not) on the list with the customer's agreement."""
        everyone = LinkRow.select(fn.COUNT(SQL("*"))).where(LinkRow.customer_id >= 0)
        if on_list is None:
            return int(self._database.value(everyone))
        on = int(self._database.value(everyone.where(ON_LIST & AGREED)))
        return on if on_list else int(self._database.value(everyone)) - on

    def count_waiting(self) -> int:
        """Count those on the list with the customer's agreement about whom something waits to be done."""
        return int(self._database.statement(WAITING)[0][0])

    def leave_list(self, former: str, active: str, at: datetime) -> list[int]:
        """Take leave of the list `on_list` means, for another is active from now on (design R7). States stay.

        What was begun with the former list is over: nothing seen before `at` is anybody's act but ours, and
        the journal does not wait for the end of it. Who is on it is remembered for when it is chosen again;
        and so who was on `active` is taken up: a customer who is opted in with the same email counts as on
        it, and has left if they are not there any more. Returns the customers among them who are not opted in
        any more: they may be on it through us still. Those with a pending opt-out are no less, once Kibo has
        been given it: they stay remembered.
        """
        may_be_there = LinkRow.passed_by | HAS_BEGUN
        former_columns = list(FormerMemberRow._meta.sorted_fields)
        members = LinkRow.select(
            SQL("?", [former]), LinkRow.customer_id, LinkRow.email_key, LinkRow.on_list
        ).where((ON_LIST & AGREED) | may_be_there)
        back = FormerMemberRow.select(SQL("1")).where(
            FormerMemberRow.list_id == active,
            FormerMemberRow.customer_id == LinkRow.customer_id,
            FormerMemberRow.email_key == LinkRow.email_key,
        )
        on_it = (SETTLED_OFF_LIST, fn.EXISTS(back.where(FormerMemberRow.seen)))
        out = (fn.EXISTS(back), SQL("kibo_opted_in IS NOT 1"), LinkRow.state != LinkState.CLOSED.value)
        no_more: dict[Any, Any] = {LinkRow.passed_by: False, LinkRow.written_at: at}
        with self._database.transaction():
            self._database.run(FormerMemberRow.insert_from(members, former_columns).on_conflict_replace())
            self._database.run(LinkRow.update(no_more).where(may_be_there))
            self._database.statement(OVERTAKE, (to_text(self._clock.now()),))
            self._database.run(LinkRow.update({LinkRow.on_list: False}).where(ON_LIST))
            self._database.run(LinkRow.update({LinkRow.on_list: True}).where(*on_it))
            self._database.statement(NO_MORE_UNDONE)
            self._database.statement(UNDONE_AGAIN, (active,))
            found = self._database.rows(LinkRow.select(LinkRow.customer_id).where(*out))
            pending = LinkRow.select(LinkRow.customer_id).where(LinkRow.pending == WriteBack.OPT_OUT)
            over = (FormerMemberRow.list_id == active, FormerMemberRow.customer_id.not_in(pending))
            self._database.run(FormerMemberRow.delete().where(*over))
        return [number for (number,) in found]

    def was_on(self, customer_id: int, list_id: str) -> bool:
        """Say whether it is remembered that a customer was on a list, or being put on it, before another."""
        known = (FormerMemberRow.list_id == list_id, FormerMemberRow.customer_id == customer_id)
        found = FormerMemberRow.select(fn.COUNT(SQL("*"))).where(*known)
        return bool(self._database.value(found))

    def _above(self, after: int, limit: int, *conditions: Any) -> list[Link]:
        query = LinkRow.select(WHOLE).where(LinkRow.customer_id > after, *conditions)
        return self._select(query.order_by(LinkRow.customer_id).limit(limit))

    def _select(self, query: peewee.BaseQuery) -> list[Link]:
        return self._read(*query.sql())

    def _read(self, sql: str, values: Sequence[Any]) -> list[Link]:
        rows = self._database.statement(sql, values)
        with self._database.reading():
            return [_link(row) for row in rows]


def _row(link: Link, now: str) -> Row:
    own = {"pending_since": now if link.pending else None}
    return tuple(own[name] if name in own else _stored(getattr(link, name)) for name in STORED)


def _link(row: Row) -> Link:
    """Make a link of a row as it is stored; done here, and not by peewee's fields, because there are many."""
    values = list(row)
    for place, read in _READERS:
        if values[place] is not None:
            values[place] = read(values[place])
    return Link(*values)


def _stored(value: Any) -> Any:
    return to_text(value) if isinstance(value, datetime) else value


def _moment(value: Any) -> datetime:
    return from_text(value) if isinstance(value, str) else value
