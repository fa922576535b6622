"""The schema's steps by which journal and statements came to tell what links used to tell alone."""

from __future__ import annotations

from playhouse.migrate import SqliteMigrator, migrate

INTENTS = """
CREATE TABLE intent (
    number INTEGER PRIMARY KEY AUTOINCREMENT, act TEXT NOT NULL, customer_id INTEGER NOT NULL,
    email_key TEXT NOT NULL, contact_id TEXT NOT NULL, list_id TEXT NOT NULL, begun TEXT NOT NULL,
    lands_by TEXT, run_id INTEGER, event_id TEXT NOT NULL, sign_up INTEGER NOT NULL, ended TEXT NOT NULL,
    ended_at TEXT);
CREATE INDEX intent_open ON intent (customer_id, number) WHERE ended = 'open';
CREATE INDEX intent_by_account ON intent (customer_id, number);
CREATE INDEX intent_asked ON intent (contact_id, begun) WHERE act = 'ask';
CREATE INDEX intent_ended ON intent (ended_at) WHERE ended <> 'open';
"""


def keep_intents(migrator: SqliteMigrator) -> None:
    """Step 14: the journal of the commands that were begun (docs/consent.md b3)."""
    for statement in INTENTS.split(";"):
        if statement.strip():
            migrator.database.execute_sql(statement)


# What a link told by `adding`, and by the text of its note, is a line of the journal, open as it was.
TAKE_OVER_ADDING = """
INSERT INTO intent (act, customer_id, email_key, contact_id, list_id, begun, event_id, sign_up, ended)
    SELECT CASE WHEN note = 'opted out in Kibo: being taken off the list' THEN 'remove'
    WHEN contact_id = '' AND written_hash <> '' THEN 'create' ELSE 'add' END,
    customer_id, email_key, contact_id,
    coalesce((SELECT value FROM state WHERE name = 'list.former' AND value <> ''),
        (SELECT value FROM state WHERE name = 'list.id'), ''),
    coalesce(written_at, strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'), '', 0, 'open'
    FROM link WHERE adding = 1;
ALTER TABLE link ADD COLUMN passed_by INTEGER NOT NULL DEFAULT 0
"""


def take_over_adding(migrator: SqliteMigrator) -> None:
    """Step 15: commands whose end is not known are in the journal, and no longer told by links."""
    for statement in TAKE_OVER_ADDING.split(";"):
        migrator.database.execute_sql(statement)
    migrate(migrator.drop_column("link", "adding"))


TAKE_OVER_ASKED = """
INSERT INTO intent
    (act, customer_id, email_key, contact_id, list_id, begun, event_id, sign_up, ended, ended_at)
    SELECT 'ask', customer_id, email_key, contact_id,
    coalesce((SELECT value FROM state WHERE name = 'list.id'), ''), resubscribe_asked_at, '', 0,
    CASE state WHEN 'confirming' THEN 'done' ELSE 'unknown' END, resubscribe_asked_at
    FROM link WHERE resubscribe_asked_at IS NOT NULL AND contact_id <> ''
"""


def take_over_asked(migrator: SqliteMigrator) -> None:
    """Step 16: who was asked for the one confirmation is in the journal, and no longer told by links."""
    migrator.database.execute_sql(TAKE_OVER_ASKED)
    migrate(migrator.drop_column("link", "resubscribe_asked_at"))


TAKE_OVER_NOTED = """
ALTER TABLE export_chunk ADD COLUMN noted INTEGER NOT NULL DEFAULT 0;
UPDATE export_chunk SET noted = 1
    WHERE number <= (SELECT CAST(value AS INTEGER) FROM state WHERE name = 'export.noted');
DELETE FROM state WHERE name = 'export.noted'
"""


def take_over_noted(migrator: SqliteMigrator) -> None:
    """Step 17: a chunk tells itself whether each of its people has a line in the journal."""
    for statement in TAKE_OVER_NOTED.split(";"):
        migrator.database.execute_sql(statement)


STATEMENTS = """
CREATE TABLE statement (
    number INTEGER PRIMARY KEY AUTOINCREMENT, side TEXT NOT NULL, subject TEXT NOT NULL,
    customer_id INTEGER NOT NULL, email TEXT NOT NULL, email_key TEXT NOT NULL, how TEXT NOT NULL,
    author TEXT NOT NULL, earliest TEXT NOT NULL, latest TEXT NOT NULL, evidence TEXT NOT NULL,
    seen_at TEXT NOT NULL, run_id INTEGER);
CREATE INDEX statement_by_account ON statement (customer_id, number);
CREATE UNIQUE INDEX statement_once
    ON statement (email_key, how, latest, (CASE side WHEN 'shop' THEN subject ELSE '' END))
"""


def keep_statements(migrator: SqliteMigrator) -> None:
    """Step 20: what people and staff stated, for good.

    Several accounts of a person tell of the same act at Constant Contact: it is kept once.
    """
    for statement in STATEMENTS.split(";"):
        migrator.database.execute_sql(statement)
