"""Both sides of everybody beside each other (`core.drift.Drifts`), in temporary tables of SQLite.

They are the connection's own, so the data file is neither locked nor grown by a million people, and nothing
stays of them. Who needs no look of their own is found by one statement for all (`sort_out`); it decides
nothing else than `sync.plan_drift` would, and a test holds that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from ccdesk.core.drift import Drift, DriftKind, MailShows, ShopShows, Sides, as_left
from ccdesk.core.losses import Answer, Held, LossKind
from ccdesk.core.models import Contact, Customer, Link, Permission, Standing, email_key, is_account
from ccdesk.store.columns import email_mark, from_text, to_text
from ccdesk.store.db import Database, Row, chunks
from ccdesk.store.forgetting import SEAL
from ccdesk.store.left_as_is import SqliteLeftAsIs
from ccdesk.store.links import SqliteLinks

TABLES = ("drift_account", "drift_contact", "drift_plain", "drift_todo", "drift_former", "drift_person")
MADE = (
    """CREATE TEMP TABLE drift_account (
        id INTEGER PRIMARY KEY, email_key TEXT, email TEXT, opted_in INTEGER, active INTEGER, guest INTEGER,
        readable INTEGER, wants INTEGER, sendable INTEGER)""",
    """CREATE TEMP TABLE drift_contact (
        n INTEGER PRIMARY KEY, id TEXT, email_key TEXT, email TEXT, permission TEXT, deleted_at TEXT,
        opt_out_at TEXT, opt_out_source TEXT, opt_in_at TEXT, opt_in_source TEXT, update_source TEXT,
        updated_at TEXT, member INTEGER, elsewhere INTEGER, mailed INTEGER, claimed INTEGER)""",
    "CREATE TEMP TABLE drift_todo (email_key TEXT PRIMARY KEY) WITHOUT ROWID",
    """CREATE TEMP TABLE drift_person (
        email_key TEXT, email TEXT, customer_ids TEXT, kind TEXT, shop TEXT, mail TEXT, reason TEXT,
        shown TEXT, left_at TEXT)""",
)
ADD_ACCOUNT = "INSERT OR REPLACE INTO drift_account VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
ADD_CONTACT = "INSERT INTO drift_contact VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
INDEXES = (
    "CREATE INDEX temp.drift_account_by_email ON drift_account (email_key)",
    "CREATE INDEX temp.drift_contact_by_id ON drift_contact (id)",
    "CREATE INDEX temp.drift_contact_by_email ON drift_contact (email_key)",
)
# A page may show somebody twice; the later reading counts.
LATEST = """
    DELETE FROM drift_contact WHERE EXISTS (
        SELECT 1 FROM drift_contact o WHERE o.id = drift_contact.id AND o.n > drift_contact.n)"""
_CONTACT = "SELECT 1 FROM drift_contact c WHERE c.email_key = a.email_key"
_LINK = "SELECT 1 FROM link l WHERE l.email_key = a.email_key"
_ALONE = """a.email_key <> '' AND a.readable = 1
    AND NOT EXISTS (SELECT 1 FROM drift_account o WHERE o.email_key = a.email_key AND o.id <> a.id)
    AND NOT EXISTS (SELECT 1 FROM link l WHERE l.customer_id = a.id AND l.email_key <> a.email_key)"""
# Opted in and mailed, and nothing that ccdesk remembers speaks against it.
_IN = f"""a.wants = 1 AND EXISTS ({_CONTACT} AND c.mailed = 1)
    AND NOT EXISTS ({_LINK} AND (l.state <> 'synced' OR l.owed <> ''))"""
# Not opted in, and no contact is on the list, not even by another email that it has there by now.
_OUT = f"""a.opted_in = 0 AND NOT EXISTS ({_CONTACT} AND c.member = 1) AND NOT EXISTS ({_LINK}
    AND EXISTS (SELECT 1 FROM drift_contact c WHERE c.id = l.contact_id AND c.member = 1))"""
# Opted in, and neither Constant Contact nor ccdesk knows them.
_STRANGER = f"""a.wants = 1 AND a.sendable = 1 AND NOT EXISTS ({_CONTACT}) AND NOT EXISTS ({_LINK})
    AND NOT EXISTS (SELECT 1 FROM event e WHERE e.object_id = a.id AND e.status = 'Parked')"""
PLAIN = f"""
    CREATE TEMP TABLE drift_plain AS SELECT a.id AS id, ({_STRANGER}) AS stranger
    FROM drift_account a WHERE {_ALONE} AND ({_IN} OR {_OUT} OR {_STRANGER})"""
# By a hash that stands for a forgotten email anybody may be known: then strangers are looked at, too.
NO_STRANGERS = "DELETE FROM drift_plain WHERE stranger = 1"
REST_ACCOUNTS = """
    INSERT OR IGNORE INTO drift_todo SELECT email_key FROM drift_account a
    WHERE email_key <> '' AND NOT EXISTS (SELECT 1 FROM drift_plain p WHERE p.id = a.id)"""
_NO_ACCOUNT = "NOT EXISTS (SELECT 1 FROM drift_account a WHERE a.email_key = c.email_key)"
REST_MEMBERS = f"""
    INSERT OR IGNORE INTO drift_todo SELECT c.email_key FROM drift_contact c
    WHERE c.member = 1 AND {_NO_ACCOUNT}"""
REST_REMEMBERED = f"{REST_MEMBERS} AND EXISTS (SELECT 1 FROM link l WHERE l.email_key = c.email_key)"
KEEP_STRANGERS = """
    INSERT INTO drift_person SELECT a.email_key, a.email, a.id, ?, ?, ?, ?, '', NULL
    FROM drift_plain p JOIN drift_account a ON a.id = p.id WHERE p.stranger = 1"""
_SHOWN = """? || '|no_account|no_account|on_list||' || c.id || ':' || c.permission || ':' || c.deleted_at
    || ':' || ifnull(c.opt_in_at, '') || ':' || c.opt_in_source || ':' || ifnull(c.opt_out_at, '') || ':'
    || c.opt_out_source || ':1'"""
KEEP_NOBODYS = f"""
    INSERT INTO drift_person SELECT c.email_key, c.email, '', ?, ?, ?, ?, {_SHOWN}, NULL FROM drift_contact c
    WHERE c.mailed = 1 AND c.claimed = 0 AND {_NO_ACCOUNT}
    AND NOT EXISTS (SELECT 1 FROM drift_todo t WHERE t.email_key = c.email_key)"""
# Accounts that ccdesk has known under an email which none has now.
FORMER = """
    CREATE TEMP TABLE drift_former AS SELECT mark, customer_id FROM known_account
    WHERE mark IN (SELECT email_mark(email_key) FROM drift_person WHERE kind = 'no_account')"""
_FORMER_OF = "FROM drift_former f WHERE f.mark = email_mark(drift_person.email_key)"
MOVED = f"""
    UPDATE drift_person SET kind = ?, reason = ?, customer_ids = (
        SELECT group_concat(customer_id, ' ') FROM (SELECT f.customer_id {_FORMER_OF} ORDER BY 1))
    WHERE kind = 'no_account' AND EXISTS (SELECT 1 {_FORMER_OF})"""
ANY_SEALED = f"SELECT 1 FROM link WHERE email_key >= '{SEAL}' AND email_key < '{SEAL}g' LIMIT 1"
KEEP = "INSERT INTO drift_person VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)"
# Whom staff have left as they are: known by a hash, and only while both sides show the same.
_MARK = "email_mark(CASE p.email_key WHEN '' THEN '#' || p.customer_ids ELSE p.email_key END)"
UNMARK = "UPDATE drift_person SET left_at = NULL WHERE left_at IS NOT NULL"
MARK = f"""
    UPDATE drift_person AS p SET left_at = (
        SELECT l.left_at FROM left_as_is l
        WHERE l.mark = {_MARK} AND l.kind = p.kind AND l.shown IN ('', p.shown))
    WHERE kind IN (SELECT kind FROM left_as_is)"""
SEEN = f"""
    UPDATE left_as_is SET shown = (
        SELECT p.shown FROM drift_person p WHERE p.left_at IS NOT NULL AND {_MARK} = left_as_is.mark)
    WHERE shown = '' AND mark IN (SELECT {_MARK} FROM drift_person p WHERE p.left_at IS NOT NULL)"""
CHANGED = f"""
    DELETE FROM left_as_is WHERE mark NOT IN (
        SELECT {_MARK} FROM drift_person p WHERE p.left_at IS NOT NULL OR p.kind = 'unreadable')"""
COUNTED = """
    SELECT CASE WHEN left_at IS NULL THEN kind ELSE 'left_as_is' END AS named, COUNT(*)
    FROM drift_person GROUP BY named"""
CLAIM = "UPDATE drift_contact SET claimed = 1 WHERE id = ?"
_PAGE = 1_000
_PERSON_COLUMNS = "rowid, email_key, email, customer_ids, shop, mail, reason, shown, left_at"
OF_KIND = f"""
    SELECT {_PERSON_COLUMNS} FROM drift_person
    WHERE kind = ? AND left_at IS NULL AND (email_key, rowid) > (?, ?)
    ORDER BY email_key, rowid LIMIT {_PAGE}"""
OF_LEFT = OF_KIND.replace("left_at IS NULL", "left_at IS NOT NULL")
_ACCOUNT_COLUMNS = "id, email_key, email, opted_in, active, guest, readable"
_CONTACT_COLUMNS = (
    "id, email_key, email, permission, deleted_at, opt_out_at, opt_out_source, opt_in_at, opt_in_source, "
    "update_source, updated_at, member, elsewhere"
)


class SqliteDrifts:
    """`core.drift.Drifts` on SQLite; all calls of one comparison come from one thread."""

    def __init__(self, database: Database, links: SqliteLinks, left: SqliteLeftAsIs) -> None:
        self._database, self._links, self._left = database, links, left
        self._list_id = ""

    def begin(self, list_id: str) -> None:
        """Make the tables, empty; `list_id` is the active list."""
        self.end()
        self._list_id = list_id
        self._database.connection().create_function("email_mark", 1, email_mark, deterministic=True)
        for statement in MADE:
            self._database.statement(statement)

    def end(self) -> None:
        """Drop the tables."""
        for name in TABLES:
            self._database.statement(f"DROP TABLE IF EXISTS temp.{name}")

    # ------------------------------------------------------------ reading in

    def add_accounts(self, accounts: Sequence[tuple[Customer, bool, bool]]) -> None:
        """Keep accounts as read, each with whether it wants mail, and whether its email can be sent."""
        self._database.scratch(
            ADD_ACCOUNT,
            [
                (
                    one.id,
                    one.email_key,
                    one.email,
                    int(one.accepts_marketing),
                    int(one.is_active),
                    int(one.is_anonymous),
                    int(one.readable),
                    int(wants),
                    int(sendable),
                )
                for one, wants, sendable in accounts
            ],
        )

    def add_contacts(self, contacts: Sequence[Contact]) -> None:
        """Keep contacts as read, and whether they are on the list."""
        self._database.scratch(ADD_CONTACT, [self._contact_row(one) for one in contacts])

    def _contact_row(self, contact: Contact) -> Row:
        out = contact.standing in (Standing.OUT, Standing.DELETED)
        member = self._list_id in contact.list_ids and not out
        return (
            contact.id,
            contact.email_key,
            contact.email,
            contact.permission.value,
            contact.deleted_at,
            _moment(contact.opt_out_at),
            contact.opt_out_source,
            _moment(contact.opt_in_at),
            contact.opt_in_source,
            contact.update_source,
            _moment(contact.updated_at),
            int(member),
            int(bool(contact.list_ids - {self._list_id})),
            int(member and contact.standing is Standing.IN),
        )

    def sort_out(self) -> None:
        """Find in bulk who needs no look of their own, and list everybody else."""
        for statement in (*INDEXES, LATEST, PLAIN, "CREATE INDEX temp.drift_plain_id ON drift_plain (id)"):
            self._database.statement(statement)
        sealed = bool(self._database.statement(ANY_SEALED))
        if sealed:
            self._database.statement(NO_STRANGERS)
        for statement in (REST_ACCOUNTS, REST_MEMBERS if sealed else REST_REMEMBERED):
            self._database.statement(statement)

    # ------------------------------------------------------------ one by one

    def undecided(self, after: str, limit: int) -> list[Sides]:
        """Return people to be looked at one by one, by compared email above `after`, ascending."""
        found = "SELECT email_key FROM drift_todo WHERE email_key > ? ORDER BY email_key LIMIT ?"
        return self._sides([key for (key,) in self._database.statement(found, (after, limit))])

    def without_email(self, after: int, limit: int) -> list[Sides]:
        """Return accounts without an email, if opted in or unreadable, each as a person, by ascending id."""
        sql = f"""SELECT {_ACCOUNT_COLUMNS} FROM drift_account WHERE email_key = '' AND id > ?
            AND (wants = 1 OR readable = 0) ORDER BY id LIMIT ?"""
        return [Sides("", (_account(row),)) for row in self._database.statement(sql, (after, limit))]

    def _sides(self, keys: Sequence[str]) -> list[Sides]:
        accounts: dict[str, list[Customer]] = {}
        for row in self._among(f"SELECT {_ACCOUNT_COLUMNS} FROM drift_account WHERE email_key IN", keys):
            accounts.setdefault(row[1], []).append(_account(row))
        ids = [one.id for some in accounts.values() for one in some]
        by_email = self._links.by_emails(keys)
        by_id = self._links.many(ids)
        links = {
            key: _once(
                [*by_email.get(key, ()), *(by_id[one.id] for one in accounts.get(key, ()) if one.id in by_id)]
            )
            for key in keys
        }
        willing = {key for key in keys if any(one.accepts_marketing for one in accounts.get(key, ()))}
        contacts = self._contacts_of(keys, links, willing)
        numbers = sorted({*ids, *(link.customer_id for some in links.values() for link in some)})
        held, parked, known = self._held(numbers), self._parked(numbers), self._known(numbers)
        made = []
        for key in keys:
            mine = dict.fromkeys(
                [one.id for one in accounts.get(key, ())] + [link.customer_id for link in links[key]]
            )
            mark = email_mark(key)
            made.append(
                Sides(
                    key,
                    tuple(sorted(accounts.get(key, ()), key=lambda one: one.id)),
                    contacts.get(key),
                    links[key],
                    tuple(one for number in mine for one in held.get(number, ())),
                    tuple((number, parked[number]) for number in mine if number in parked),
                    {number: known[number, mark] for number in mine if (number, mark) in known},
                )
            )
        return made

    def _contacts_of(
        self, keys: Sequence[str], links: Mapping[str, Sequence[Link]], willing: Collection[str]
    ) -> dict[str, Contact]:
        """Return contacts by compared email, one that is not deleted first; else by the id a link knows.

        One whose email was changed there, and is on the list by an account with that email, is not there for
        people who are not opted in themselves; `willing` are those who are.
        """
        found: dict[str, Contact] = {}
        rows = self._among(f"SELECT {_CONTACT_COLUMNS} FROM drift_contact WHERE email_key IN", keys)
        for row in sorted(rows, key=lambda row: (row[4] == "", row[10] or "")):
            found[row[1]] = self._contact(row)
        missing = {
            link.contact_id: key
            for key in keys
            if key not in found
            for link in links[key]
            if link.contact_id and link.email_key == key
        }
        rows = self._among(f"SELECT {_CONTACT_COLUMNS} FROM drift_contact WHERE id IN", list(missing))
        wanted = "SELECT DISTINCT email_key FROM drift_account WHERE wants = 1 AND email_key IN"
        others = {key for (key,) in self._among(wanted, [row[1] for row in rows])}
        for row in rows:
            if row[1] not in others or missing[row[0]] in willing:
                found[missing[row[0]]] = self._contact(row)
        return found

    def _contact(self, row: Row) -> Contact:
        with self._database.reading():
            lists = ({self._list_id} if row[11] else set()) | ({"elsewhere"} if row[12] else set())
            return Contact(
                row[0],
                row[2],
                Permission(row[3]),
                deleted_at=row[4],
                opt_out_at=from_text(row[5]) if row[5] else None,
                opt_out_source=row[6],
                opt_in_at=from_text(row[7]) if row[7] else None,
                opt_in_source=row[8],
                update_source=row[9],
                updated_at=from_text(row[10]) if row[10] else None,
                list_ids=frozenset(lists),
                address_read=False,
            )

    def _held(self, numbers: Sequence[int]) -> dict[int, list[Held]]:
        found: dict[int, list[Held]] = {}
        columns = "customer_id, kind, email, email_key, since, postponed, answer"
        for kind in LossKind:  # the table's key begins with it
            sql = f"SELECT {columns} FROM held_loss WHERE kind = '{kind.value}' AND customer_id IN"
            for number, word, email, key, since, postponed, answer in self._among(sql, numbers):
                one = Held(number, LossKind(word), email, key, from_text(since), postponed, Answer(answer))
                found.setdefault(number, []).append(one)
        return found

    def _parked(self, numbers: Sequence[int]) -> dict[int, str]:
        sql = "SELECT object_id, error FROM event WHERE status = 'Parked' AND object_id IN"
        return dict(self._among(sql, numbers))

    def _known(self, numbers: Sequence[int]) -> dict[tuple[int, bytes], datetime]:
        sql = "SELECT customer_id, mark, since FROM known_account WHERE customer_id IN"
        with self._database.reading():
            return {(number, mark): from_text(since) for number, mark, since in self._among(sql, numbers)}

    def _among(self, sql: str, values: Sequence[object]) -> list[Row]:
        found: list[Row] = []
        for some in chunks(values):
            found += self._database.statement(f"{sql} ({', '.join('?' * len(some))})", tuple(some))
        return found

    # ------------------------------------------------------------ what was found

    def keep(self, found: Iterable[Drift], claimed: Sequence[str] = ()) -> None:
        """Keep what was found; `claimed` are ids of contacts that belong to somebody by another email."""
        rows = [
            (
                email_key(one.email),
                one.email,
                " ".join(str(number) for number in one.customer_ids if is_account(number)),
                one.kind.value,
                one.shop.value,
                one.mail.value,
                one.reason,
                one.shown,
            )
            for one in found
        ]
        self._database.scratch(KEEP, rows)
        self._database.scratch(CLAIM, [(one,) for one in claimed])

    def finish(self, reasons: Mapping[DriftKind, str]) -> None:
        """Add the strangers of both sides, once everybody else is decided."""
        added, nobodys, moved = DriftKind.NOT_ADDED, DriftKind.NO_ACCOUNT, DriftKind.NOBODY_AGREES
        stranger = (added.value, ShopShows.OPTED_IN.value, MailShows.NO_CONTACT.value, reasons[added])
        nobody = (nobodys.value, ShopShows.NO_ACCOUNT.value, MailShows.ON_LIST.value, reasons[nobodys])
        self._database.statement(KEEP_STRANGERS, stranger)
        self._database.statement(KEEP_NOBODYS, (*nobody, self._list_id))
        self._database.statement(FORMER)
        self._database.statement("CREATE INDEX temp.drift_former_mark ON drift_former (mark)")
        self._database.statement(MOVED, (moved.value, reasons[moved]))
        self._database.statement("CREATE INDEX temp.drift_person_kind ON drift_person (kind, email_key)")
        self.mark_left()

    def mark_left(self) -> None:
        """See anew whom staff have left as they are; who has changed since is forgotten of those."""
        self._database.statement(UNMARK)
        if not self._database.statement("SELECT 1 FROM left_as_is LIMIT 1"):
            return
        self._left.forget_put_back_anew()
        self._database.statement(MARK)
        with self._database.transaction():
            self._database.statement(SEEN)
            self._database.statement(CHANGED)
            self._left.name_changed()

    def kinds(self) -> dict[DriftKind, int]:
        """Count the people of each kind that was found, in the kinds' order."""
        found = self._database.statement(COUNTED)
        counts: dict[str, int] = dict(found)
        return {kind: counts[kind.value] for kind in DriftKind if kind.value in counts}

    def people(self) -> Iterator[Drift]:
        """Yield everybody found, by kind in its order and email; those whom staff have left come last."""
        for kind in DriftKind:
            yield from self._of_kind(kind, left=False)
        for kind in DriftKind:
            if kind.can_be_left:
                yield from self._of_kind(kind, left=True)

    def _of_kind(self, kind: DriftKind, *, left: bool) -> Iterator[Drift]:
        after: tuple[str, int] = ("", 0)
        while rows := self._database.statement(OF_LEFT if left else OF_KIND, (kind.value, *after)):
            after = (rows[-1][1], rows[-1][0])
            for _, _, email, ids, shop, mail, reason, shown, left_at in rows:
                numbers = tuple(int(one) for one in str(ids).split())
                found = Drift(email, numbers, kind, ShopShows(shop), MailShows(mail), reason, shown)
                yield found if left_at is None else as_left(found, self._moment(left_at))

    def _moment(self, text: str) -> datetime:
        with self._database.reading():
            return from_text(text)


def _once(links: Iterable[Link]) -> tuple[Link, ...]:
    return tuple({link.customer_id: link for link in links}.values())


def _account(row: Row) -> Customer:
    number, _, email, opted_in, active, guest, readable = row
    return Customer(number, email, bool(opted_in), bool(active), bool(guest), readable=bool(readable))


def _moment(value: datetime | None) -> str | None:
    return None if value is None else to_text(value)
