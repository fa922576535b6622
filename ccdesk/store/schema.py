"""The schema's steps, numbered from 1. A step that has been released is never changed: add another.

Plain SQL rather than the models of `tables.py`: those describe the newest schema, a step the one of its day.
Later steps use `playhouse.migrate`'s operations, which know how SQLite has to be led to alter a table.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from playhouse.migrate import SqliteMigrator

from ccdesk.core.bundles import SUPPORT_KEY
from ccdesk.core.emails import email_key
from ccdesk.core.errors import SettingsError
from ccdesk.core.origins import ADOPTED_LOGIN, ADOPTED_SHOP, ENV_GIVEN_FOR, LoginPlace, ShopPlace
from ccdesk.core.settings import SETTINGS, check, resolve
from ccdesk.store.columns import email_mark
from ccdesk.store.schema_journal import (
    keep_intents,
    keep_statements,
    take_over_adding,
    take_over_asked,
    take_over_noted,
)

Step = Callable[[SqliteMigrator], None]

FIRST_TABLES = """
CREATE TABLE link (
    customer_id INTEGER PRIMARY KEY, email TEXT NOT NULL, email_key TEXT NOT NULL, contact_id TEXT NOT NULL,
    ownership TEXT NOT NULL, state TEXT NOT NULL, agreed INTEGER, kibo_opted_in INTEGER, kibo_updated_at TEXT,
    on_list INTEGER NOT NULL, written_hash TEXT NOT NULL, read_hash TEXT NOT NULL, written_at TEXT,
    opt_out_at TEXT, out_since TEXT, resubscribe_asked_at TEXT, owed TEXT NOT NULL, owed_reason TEXT NOT NULL,
    note TEXT NOT NULL);
CREATE INDEX link_by_email ON link (email_key, customer_id);
CREATE INDEX link_on_list ON link (customer_id) WHERE on_list = 1;
CREATE INDEX link_owed ON link (customer_id) WHERE owed <> '';

CREATE TABLE list_scan (contact_id TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE event (
    event_id TEXT NOT NULL PRIMARY KEY, object_id INTEGER NOT NULL, created_at TEXT NOT NULL,
    status TEXT NOT NULL, attempts INTEGER NOT NULL, error TEXT NOT NULL, next_try_at TEXT, processed_at TEXT,
    result TEXT NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX event_one_open ON event (object_id) WHERE status IN ('Pending', 'Retry');
CREATE INDEX event_open ON event (created_at, event_id) WHERE status IN ('Pending', 'Retry');
CREATE INDEX event_parked ON event (object_id) WHERE status = 'Parked';
CREATE INDEX event_unprocessed ON event (created_at, event_id) WHERE status <> 'Processed';
CREATE INDEX event_processed ON event (processed_at, event_id) WHERE status = 'Processed';

CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, "trigger" TEXT NOT NULL, status TEXT NOT NULL,
    started_at TEXT NOT NULL, finished_at TEXT, total_contacts INTEGER NOT NULL, error_count INTEGER NOT NULL,
    counts TEXT NOT NULL, calls_constant_contact INTEGER NOT NULL, calls_kibo INTEGER NOT NULL,
    message TEXT NOT NULL, waiting_until TEXT);
CREATE INDEX run_by_kind ON run (kind, id);
CREATE INDEX run_by_status ON run (status, kind, id);

CREATE TABLE entry (
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    outcome TEXT NOT NULL, outcome_number INTEGER NOT NULL, customer_id INTEGER, email TEXT NOT NULL,
    reason TEXT NOT NULL, code TEXT NOT NULL, PRIMARY KEY (run_id, number)) WITHOUT ROWID;
CREATE UNIQUE INDEX entry_by_outcome ON entry (run_id, outcome, outcome_number);

CREATE TABLE entry_kind (
    run_id INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE, outcome TEXT NOT NULL,
    reason TEXT NOT NULL, people INTEGER NOT NULL, PRIMARY KEY (run_id, outcome, reason)) WITHOUT ROWID;

CREATE TABLE staged_contact (
    id TEXT NOT NULL PRIMARY KEY, email_key TEXT NOT NULL, email TEXT NOT NULL, permission TEXT NOT NULL,
    deleted_at TEXT NOT NULL, opt_out_at TEXT, opt_out_source TEXT NOT NULL, opt_in_at TEXT,
    opt_in_source TEXT NOT NULL, update_source TEXT NOT NULL, created_at TEXT, updated_at TEXT,
    list_ids TEXT NOT NULL, first_name TEXT NOT NULL, last_name TEXT NOT NULL, company TEXT NOT NULL,
    street TEXT NOT NULL, city TEXT NOT NULL, state TEXT NOT NULL, postal_code TEXT NOT NULL,
    country TEXT NOT NULL);
CREATE INDEX staged_contact_by_email ON staged_contact (email_key);

CREATE TABLE staged_customer (
    id INTEGER PRIMARY KEY, email_key TEXT NOT NULL, email TEXT NOT NULL, accepts_marketing INTEGER NOT NULL,
    is_active INTEGER NOT NULL, is_anonymous INTEGER NOT NULL, first_name TEXT NOT NULL,
    last_name TEXT NOT NULL, company TEXT NOT NULL, street TEXT NOT NULL, city TEXT NOT NULL,
    state TEXT NOT NULL, postal_code TEXT NOT NULL, country TEXT NOT NULL, created_at TEXT, updated_at TEXT,
    action TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', contact_id TEXT NOT NULL DEFAULT '',
    ownership TEXT NOT NULL DEFAULT '', chunk INTEGER NOT NULL DEFAULT 0);
CREATE INDEX staged_customer_by_email ON staged_customer (email_key, id);
CREATE INDEX staged_customer_by_action ON staged_customer (action, id);

CREATE TABLE state (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE setting (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE call_count (
    service TEXT NOT NULL, day TEXT NOT NULL, origin TEXT NOT NULL, calls INTEGER NOT NULL,
    PRIMARY KEY (service, day, origin)) WITHOUT ROWID;
CREATE TABLE lease (
    id INTEGER PRIMARY KEY CHECK (id = 1), owner TEXT NOT NULL, pid INTEGER NOT NULL,
    process_started REAL NOT NULL, host TEXT NOT NULL, what TEXT NOT NULL, since TEXT NOT NULL,
    heartbeat TEXT NOT NULL);
"""


def create_tables(migrator: SqliteMigrator) -> None:
    """Step 1: the tables of the first release."""
    for statement in FIRST_TABLES.split(";"):
        if statement.strip():
            migrator.database.execute_sql(statement)


EXPORT_TABLES = """
DROP TABLE staged_customer;
DROP TABLE list_scan;
CREATE TABLE list_scan (contact_id TEXT NOT NULL PRIMARY KEY, email_key TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX list_scan_by_email ON list_scan (email_key);
CREATE TABLE seen_customer (id INTEGER PRIMARY KEY);
CREATE TABLE export_person (
    id INTEGER PRIMARY KEY, email_key TEXT NOT NULL, email TEXT NOT NULL, accepts_marketing INTEGER NOT NULL,
    is_active INTEGER NOT NULL, is_anonymous INTEGER NOT NULL, updated_at TEXT, plain INTEGER NOT NULL,
    stranger INTEGER NOT NULL DEFAULT 0, chunk INTEGER NOT NULL DEFAULT 0, action TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '', contact_id TEXT NOT NULL DEFAULT '', ownership TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL, code TEXT NOT NULL, problem TEXT NOT NULL, fields_hash TEXT NOT NULL,
    row BLOB NOT NULL);
CREATE TABLE export_chunk (
    number INTEGER PRIMARY KEY, action TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    people INTEGER NOT NULL, sent_at TEXT NOT NULL, state TEXT NOT NULL, activity_id TEXT NOT NULL,
    told TEXT NOT NULL);
CREATE TABLE export_seen (email_key TEXT NOT NULL);
ALTER TABLE run ADD COLUMN continues INTEGER;
ALTER TABLE link ADD COLUMN adding INTEGER NOT NULL DEFAULT 0;
"""


def keep_exports(migrator: SqliteMigrator) -> None:
    """Step 2: an export outlives a power cut; runs know which one they continue."""
    for statement in EXPORT_TABLES.split(";"):
        if statement.strip():
            migrator.database.execute_sql(statement)


FORMER_MEMBERS = """
CREATE TABLE former_member (
    list_id TEXT NOT NULL, customer_id INTEGER NOT NULL, email_key TEXT NOT NULL,
    seen INTEGER NOT NULL, PRIMARY KEY (list_id, customer_id)) WITHOUT ROWID
"""


def keep_former_members(migrator: SqliteMigrator) -> None:
    """Step 3: who was on a list when staff chose another is still known if they choose it again."""
    migrator.database.execute_sql(FORMER_MEMBERS)


OWED_SINCE = """
ALTER TABLE link ADD COLUMN owed_since TEXT;
UPDATE link SET owed_since = strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z' WHERE owed <> '';
CREATE INDEX link_owing ON link (owed, owed_since) WHERE owed <> '';
CREATE INDEX event_retried ON event (attempts) WHERE status = 'Retry';
"""


def note_since_when_owed(migrator: SqliteMigrator) -> None:
    """Step 4: since when Kibo is owed something, and which queue entries fail again and again."""
    for statement in OWED_SINCE.split(";"):
        if statement.strip():
            migrator.database.execute_sql(statement)


def note_unread_addresses(migrator: SqliteMigrator) -> None:
    """Step 5: a scanned contact says whether its reading included addresses; the table is of one run only."""
    for statement in (
        "DELETE FROM staged_contact",
        "ALTER TABLE staged_contact ADD COLUMN address_read INTEGER NOT NULL DEFAULT 1",
    ):
        migrator.database.execute_sql(statement)


EXPORT_PARTS = """
ALTER TABLE export_person ADD COLUMN batch INTEGER NOT NULL DEFAULT 0;
CREATE INDEX export_parts ON export_person (batch, id) WHERE batch > 0 AND chunk = 0;
"""


def keep_export_parts(migrator: SqliteMigrator) -> None:
    """Step 6: what was refused as a whole stays split while an export goes on."""
    for statement in EXPORT_PARTS.split(";"):
        if statement.strip():
            migrator.database.execute_sql(statement)


GONE = """
CREATE TABLE gone (customer_id INTEGER PRIMARY KEY, since TEXT NOT NULL);
CREATE INDEX link_closed ON link (customer_id) WHERE state = 'closed';
"""


def note_who_is_gone(migrator: SqliteMigrator) -> None:
    """Step 7: since when an account is gone from Kibo, so that its email can be forgotten."""
    for statement in GONE.split(";"):
        if statement.strip():
            migrator.database.execute_sql(statement)


LOSSES = """
CREATE TABLE link_since (customer_id INTEGER PRIMARY KEY, since TEXT NOT NULL);
CREATE TABLE held_loss (
    customer_id INTEGER NOT NULL, kind TEXT NOT NULL, email TEXT NOT NULL, email_key TEXT NOT NULL,
    since TEXT NOT NULL, postponed INTEGER NOT NULL, answer TEXT NOT NULL,
    PRIMARY KEY (kind, customer_id)) WITHOUT ROWID;
CREATE TABLE carried_loss (
    kind TEXT NOT NULL, email_key TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (kind, email_key)) WITHOUT ROWID;
"""


def keep_losses(migrator: SqliteMigrator) -> None:
    """Step 8: unusually many opt-outs are held until they are answered (design R8)."""
    for statement in LOSSES.split(";"):
        if statement.strip():
            migrator.database.execute_sql(statement)


def note_where_secrets_were_given(migrator: SqliteMigrator) -> None:
    """Step 9: secrets kept by 0.1.0 name no address; those stored now are theirs, whatever is set later.

    The environment's as well, if a shop was set up: else it is bound where it is first used.
    """
    database = migrator.database
    rows = database.execute_sql("SELECT key, value FROM setting").fetchall()
    stored = {key: value for key, value in rows if key in SETTINGS}
    settings = resolve({key: value for key, value in stored.items() if _is_valid(key, value)}, {})
    login, shop = LoginPlace.of(settings), ShopPlace.of(settings)
    bound = [(ADOPTED_LOGIN, login), (ADOPTED_SHOP, shop)]
    if settings.kibo_tenant_id:
        bound.append((ENV_GIVEN_FOR, shop))
    for name, place in bound:
        database.execute_sql(
            "INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)", (name, place.as_text())
        )


def _is_valid(key: str, value: str) -> bool:
    try:
        check(key, value)
    except SettingsError:
        return False
    return True


def compare_domains_in_ascii(migrator: SqliteMigrator) -> None:
    """Step 10: emails are compared with their domain in ASCII, so what is kept by the other form moves."""
    database = migrator.database
    for table in database.get_tables():
        if "email_key" not in {column.name for column in database.get_columns(table)}:
            continue
        beyond_ascii = f'SELECT DISTINCT email_key FROM "{table}" WHERE email_key GLOB ?'
        for (key,) in database.execute_sql(beyond_ascii, ("*[^\x01-\x7f]*",)).fetchall():
            if (now := email_key(key)) != key:
                database.execute_sql(
                    f'UPDATE OR REPLACE "{table}" SET email_key = ? WHERE email_key = ?', (now, key)
                )


NEWCOMERS = """
ALTER TABLE link ADD COLUMN out_after TEXT;
ALTER TABLE link ADD COLUMN added_at TEXT;
CREATE INDEX link_newcomer ON link (customer_id) WHERE state = 'newcomer';
CREATE TABLE known_account (
    customer_id INTEGER NOT NULL, mark BLOB NOT NULL, since TEXT NOT NULL,
    PRIMARY KEY (customer_id, mark)) WITHOUT ROWID;
"""


def note_newcomers(migrator: SqliteMigrator) -> None:
    """Step 11: since when an account is known under an email, so that one that came later is told from it.

    Accounts that are linked already were known before now; nothing tells since when.
    """
    database = migrator.database
    for statement in NEWCOMERS.split(";"):
        if statement.strip():
            database.execute_sql(statement)
    database.connection().create_function("email_mark", 1, email_mark, deterministic=True)
    database.execute_sql(
        "INSERT INTO known_account (customer_id, mark, since) SELECT customer_id, email_mark(email_key), "
        "strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z' FROM link WHERE email_key <> ''"
    )


def keep_disagreements(migrator: SqliteMigrator) -> None:
    """Step 12: who opted out and was put back on the list by somebody else is named until it is answered."""
    migrator.database.execute_sql(
        "CREATE TABLE disagreement (customer_id INTEGER PRIMARY KEY, since TEXT NOT NULL)"
    )


def note_opt_ins(migrator: SqliteMigrator) -> None:
    """Step 13: since when at the earliest a flag may have been set that a look has seen."""
    migrator.database.execute_sql("ALTER TABLE link ADD COLUMN in_after TEXT")


def keep_former_contacts(migrator: SqliteMigrator) -> None:
    """Step 18: the contacts of emails given up since, which an opt-out takes off the list as well."""
    migrator.database.execute_sql(
        "CREATE TABLE former_contact (customer_id INTEGER NOT NULL, contact_id TEXT NOT NULL, "
        "list_id TEXT NOT NULL, added_at TEXT NOT NULL, "
        "PRIMARY KEY (customer_id, contact_id, list_id)) WITHOUT ROWID"
    )


SEEN_SET = (
    "ALTER TABLE link ADD COLUMN seen_set INTEGER NOT NULL DEFAULT 0",
    # Only of accounts that were seen opted in the reason was noted.
    "UPDATE link SET seen_set = 1 WHERE kibo_opted_in IS NULL AND (note = 'account is not active in Kibo' "
    "OR note = 'guest account; guests are not exported (setting)')",
)


def note_seen_set(migrator: SqliteMigrator) -> None:
    """Step 19: which accounts that count for nothing were seen opted in: clearing it is an opt-out."""
    for statement in SEEN_SET:
        migrator.database.execute_sql(statement)


PEOPLE_INDEXES = (
    "CREATE INDEX entry_by_account ON entry (customer_id, run_id, number) WHERE customer_id IS NOT NULL",
    "CREATE INDEX entry_by_email ON entry (email COLLATE NOCASE, run_id, number) WHERE customer_id IS NULL",
)


def find_people(migrator: SqliteMigrator) -> None:
    """Step 21: what is kept of one person is found at once, in a store of any size (design §10)."""
    for statement in PEOPLE_INDEXES:
        migrator.database.execute_sql(statement)


LEFT_AS_IS = (
    "ALTER TABLE disagreement ADD COLUMN left_at TEXT",
    "CREATE TABLE left_as_is (mark BLOB PRIMARY KEY NOT NULL, customer_id INTEGER, kind TEXT NOT NULL, "
    "shown TEXT NOT NULL, left_at TEXT NOT NULL) WITHOUT ROWID",
)


def note_left_as_is(migrator: SqliteMigrator) -> None:
    """Step 22: differences that staff have looked at and left as they are."""
    for statement in LEFT_AS_IS:
        migrator.database.execute_sql(statement)


UNDOING = (
    "ALTER TABLE run ADD COLUMN undoes INTEGER",
    "ALTER TABLE run ADD COLUMN list_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE intent ADD COLUMN undoes INTEGER",
    "CREATE INDEX intent_undoing ON intent (email_key, list_id) WHERE undoes IS NOT NULL",
)


def note_what_is_undone(migrator: SqliteMigrator) -> None:
    """Step 23: which run a run, or a command, takes back; and the list of a run (design §8, `undo`)."""
    for statement in UNDOING:
        migrator.database.execute_sql(statement)


def make_support_key(migrator: SqliteMigrator) -> None:
    """Step 24: the key of the pseudonyms under which calls are recorded; it never leaves the base dir."""
    migrator.database.execute_sql(
        "INSERT OR IGNORE INTO state (name, value) VALUES (?, ?)", (SUPPORT_KEY, secrets.token_hex(32))
    )


def date_reasons(migrator: SqliteMigrator) -> None:
    """Step 25: when the act happened that is the reason of an entry; nothing tells it of earlier ones."""
    migrator.database.execute_sql("ALTER TABLE entry ADD COLUMN acted_at TEXT")


def keep_emails_of_events(migrator: SqliteMigrator) -> None:
    """Step 26: the email of a customer whose change waits, before any run has acted on them."""
    migrator.database.execute_sql("ALTER TABLE event ADD COLUMN email TEXT NOT NULL DEFAULT ''")


def find_links_by_contact(migrator: SqliteMigrator) -> None:
    """Step 27: who else is linked to a contact is found at once, whatever email the contact has by now."""
    migrator.database.execute_sql(
        "CREATE INDEX link_by_contact ON link (contact_id, customer_id) WHERE contact_id <> ''"
    )


def find_commands(migrator: SqliteMigrator) -> None:
    """Step 28: whom commands were about is found by email: an account may have passed through it."""
    migrator.database.execute_sql("CREATE INDEX intent_by_email ON intent (email_key)")


WHO_COUNTS = (
    "ALTER TABLE link ADD COLUMN active INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE link ADD COLUMN guest INTEGER NOT NULL DEFAULT 0",
    "UPDATE link SET guest = 1 WHERE note = 'guest account; guests are not exported (setting)'",
    # An opt-in that was seen and passed over, though known as off, is that of an account that did not count.
    # Where the note no longer tells why, it is taken for a disabled one until the account is read again.
    "UPDATE link SET active = 0 WHERE note LIKE 'account is not active in Kibo%' "
    "OR (guest = 0 AND seen_set = 1 AND kibo_opted_in = 0)",
)


def keep_who_counts(migrator: SqliteMigrator) -> None:
    """Step 29: whether an account is active, and whether it is a guest's; only the note's text told it."""
    for statement in WHO_COUNTS:
        migrator.database.execute_sql(statement)


def note_what_is_undated(migrator: SqliteMigrator) -> None:
    """Step 30: of which opt-outs it is only known when they were seen; of earlier ones nothing tells that."""
    migrator.database.execute_sql("ALTER TABLE link ADD COLUMN undated INTEGER NOT NULL DEFAULT 0")


STEPS: tuple[Step, ...] = (
    create_tables,
    keep_exports,
    keep_former_members,
    note_since_when_owed,
    note_unread_addresses,
    keep_export_parts,
    note_who_is_gone,
    keep_losses,
    note_where_secrets_were_given,
    compare_domains_in_ascii,
    note_newcomers,
    keep_disagreements,
    note_opt_ins,
    keep_intents,
    take_over_adding,
    take_over_asked,
    take_over_noted,
    keep_former_contacts,
    note_seen_set,
    keep_statements,
    find_people,
    note_left_as_is,
    note_what_is_undone,
    make_support_key,
    date_reasons,
    keep_emails_of_events,
    find_links_by_contact,
    find_commands,
    keep_who_counts,
    note_what_is_undated,
)
