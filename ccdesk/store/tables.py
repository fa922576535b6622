"""The tables as peewee models, not seen outside this package.

The models belong to no database: several stores may be open in one process, so every query is told which one
to run on (`db.Database`). They describe the newest schema; `schema.py` makes it, a test compares the two.
"""

# ruff: noqa: D106 - peewee's Meta classes say only what the table is called and what its key is

from __future__ import annotations

from dataclasses import fields

import peewee

from ccdesk.core.drift import DriftKind
from ccdesk.core.exporting import ChunkState
from ccdesk.core.intents import Act, Ended
from ccdesk.core.losses import Answer, LossKind
from ccdesk.core.models import Link, LinkState, Ownership, Permission, WriteBack
from ccdesk.core.runs import EventStatus, Outcome, RunKind, RunStatus, Trigger
from ccdesk.core.statements import Author, How, Side
from ccdesk.store.columns import CountsField, MomentField, WordField


class LinkRow(peewee.Model):
    """What is kept of `core.models.Link`, the compared email, and since when a write-back is pending."""

    customer_id = peewee.IntegerField(primary_key=True)
    email = peewee.TextField()
    email_key = peewee.TextField()
    contact_id = peewee.TextField()
    ownership = WordField(Ownership)
    state = WordField(LinkState)
    agreed = peewee.BooleanField(null=True)
    kibo_opted_in = peewee.BooleanField(null=True)
    kibo_updated_at = MomentField(null=True)
    on_list = peewee.BooleanField()
    written_hash = peewee.TextField()
    read_hash = peewee.TextField()
    written_at = MomentField(null=True)
    opt_out_at = MomentField(null=True)
    out_since = MomentField(null=True)
    pending = WordField(WriteBack, column_name="owed")
    pending_reason = peewee.TextField(column_name="owed_reason")
    note = peewee.TextField()
    pending_since = MomentField(
        null=True, column_name="owed_since"
    )  # not of `Link`: kept by `SqliteLinks.save`
    out_after = MomentField(null=True)
    added_at = MomentField(null=True)
    in_after = MomentField(null=True)
    passed_by = peewee.BooleanField()
    seen_set = peewee.BooleanField()
    active = peewee.BooleanField()
    guest = peewee.BooleanField()
    undated = peewee.BooleanField()

    class Meta:
        table_name = "link"


LINK_FIELDS = tuple(field.name for field in fields(Link) if field.name in LinkRow._meta.fields)
"""Those of a link's fields that are kept in its row; the others are read from the journal."""


class IntentRow(peewee.Model):
    """`core.intents.JournalLine`; numbers are never used again."""

    number = peewee.AutoField()
    act = WordField(Act)
    customer_id = peewee.IntegerField()
    email_key = peewee.TextField()
    contact_id = peewee.TextField()
    list_id = peewee.TextField()
    begun = MomentField()
    lands_by = MomentField(null=True)
    run_id = peewee.IntegerField(null=True)
    event_id = peewee.TextField()
    sign_up = peewee.BooleanField()
    ended = WordField(Ended)
    ended_at = MomentField(null=True)
    undoes = peewee.IntegerField(null=True)

    class Meta:
        table_name = "intent"


class StatementRow(peewee.Model):
    """What somebody stated (`consent.stated.Stated`), as an account's link told it; numbers are never reused.

    `earliest` is "" where nothing tells. Moments are on the mail service's clock, `seen_at` on ours.
    """

    number = peewee.AutoField()
    side = WordField(Side)
    subject = peewee.TextField()
    customer_id = peewee.IntegerField()
    email = peewee.TextField()
    email_key = peewee.TextField()
    how = WordField(How)
    author = WordField(Author)
    earliest = peewee.TextField()
    latest = peewee.TextField()
    evidence = peewee.TextField()
    seen_at = MomentField()
    run_id = peewee.IntegerField(null=True)

    class Meta:
        table_name = "statement"


class GoneRow(peewee.Model):
    """Since when an account is known to be gone from Kibo, until its email is forgotten."""

    customer_id = peewee.IntegerField(primary_key=True)
    since = MomentField()

    class Meta:
        table_name = "gone"


class KnownAccountRow(peewee.Model):
    """Since when an account is known under an email: never moved forward. `mark` stands for the email."""

    customer_id = peewee.IntegerField()
    mark = peewee.BlobField()
    since = MomentField()

    class Meta:
        table_name = "known_account"
        primary_key = peewee.CompositeKey("customer_id", "mark")


class FormerContactRow(peewee.Model):
    """A contact of an email that an account has given up, which ccdesk had put on the list for it."""

    customer_id = peewee.IntegerField()
    contact_id = peewee.TextField()
    list_id = peewee.TextField()
    added_at = MomentField()

    class Meta:
        table_name = "former_contact"
        primary_key = peewee.CompositeKey("customer_id", "contact_id", "list_id")


class ScanRow(peewee.Model):
    """A member seen in the last scan of the list (design R2, R4)."""

    contact_id = peewee.TextField(primary_key=True)
    email_key = peewee.TextField()

    class Meta:
        table_name = "list_scan"


class FormerMemberRow(peewee.Model):
    """A customer who may be on a list by that email, as it was when another was chosen (design R7).

    `seen`: they were known to be on it, and not only being added.
    """

    list_id = peewee.TextField()
    customer_id = peewee.IntegerField()
    email_key = peewee.TextField()
    seen = peewee.BooleanField()

    class Meta:
        table_name = "former_member"
        primary_key = peewee.CompositeKey("list_id", "customer_id")


class EventRow(peewee.Model):
    """`core.runs.QueuedEvent`. At most one open entry (pending, retry) per object, by a unique index."""

    event_id = peewee.TextField(primary_key=True)
    object_id = peewee.IntegerField()
    created_at = MomentField()
    status = WordField(EventStatus)
    attempts = peewee.IntegerField()
    error = peewee.TextField()
    next_try_at = MomentField(null=True)
    processed_at = MomentField(null=True)
    result = peewee.TextField()
    email = peewee.TextField()

    class Meta:
        table_name = "event"


class RunRow(peewee.Model):
    """`core.runs.Run`; ids are never used again."""

    id = peewee.AutoField()
    kind = WordField(RunKind)
    trigger = WordField(Trigger)
    status = WordField(RunStatus)
    started_at = MomentField()
    finished_at = MomentField(null=True)
    total_contacts = peewee.IntegerField()
    error_count = peewee.IntegerField()
    counts = CountsField()
    calls_constant_contact = peewee.IntegerField()
    calls_kibo = peewee.IntegerField()
    message = peewee.TextField()
    waiting_until = MomentField(null=True)
    resumes = peewee.IntegerField(null=True, column_name="continues")
    undoes = peewee.IntegerField(null=True)
    list_id = peewee.TextField(default="")

    class Meta:
        table_name = "run"


class EntryRow(peewee.Model):
    """`core.runs.Entry`, numbered from 1 without gaps in its run and among those of its outcome.

    The numbers make any page and any count a look-up in an index, however many people the run had.
    """

    run_id = peewee.IntegerField()
    number = peewee.IntegerField()
    outcome = WordField(Outcome)
    outcome_number = peewee.IntegerField()
    customer_id = peewee.IntegerField(null=True)
    email = peewee.TextField()
    reason = peewee.TextField()
    code = peewee.TextField()
    acted_at = MomentField(null=True)

    class Meta:
        table_name = "entry"
        primary_key = peewee.CompositeKey("run_id", "number")


class KindRow(peewee.Model):
    """People per outcome and reason of a run, kept as the entries are added."""

    run_id = peewee.IntegerField()
    outcome = WordField(Outcome)
    reason = peewee.TextField()
    people = peewee.IntegerField()

    class Meta:
        table_name = "entry_kind"
        primary_key = peewee.CompositeKey("run_id", "outcome", "reason")


class StagedContactRow(peewee.Model):
    """`core.models.Contact` as scanned, for one run."""

    id = peewee.TextField(primary_key=True)
    email_key = peewee.TextField()
    email = peewee.TextField()
    permission = WordField(Permission)
    deleted_at = peewee.TextField()
    opt_out_at = MomentField(null=True)
    opt_out_source = peewee.TextField()
    opt_in_at = MomentField(null=True)
    opt_in_source = peewee.TextField()
    update_source = peewee.TextField()
    created_at = MomentField(null=True)
    updated_at = MomentField(null=True)
    list_ids = peewee.TextField()
    first_name = peewee.TextField()
    last_name = peewee.TextField()
    company = peewee.TextField()
    street = peewee.TextField()
    city = peewee.TextField()
    state = peewee.TextField()
    postal_code = peewee.TextField()
    country = peewee.TextField()
    address_read = peewee.BooleanField(default=True)

    class Meta:
        table_name = "staged_contact"


class SeenCustomerRow(peewee.Model):
    """A customer seen in Kibo by the run going on."""

    id = peewee.IntegerField(primary_key=True)

    class Meta:
        table_name = "seen_customer"


class ExportPersonRow(peewee.Model):
    """`core.exporting.Candidate`, what is done about them, and the chunk they are in (0: none).

    `stranger`: neither side knew them when it was decided. `batch`: the part of what was refused as a whole
    they are sent in (0: none), numbered anew with every split. The row comes after what is looked at by
    itself, so that it is not read along.
    """

    id = peewee.IntegerField(primary_key=True)
    email_key = peewee.TextField()
    email = peewee.TextField()
    accepts_marketing = peewee.BooleanField()
    is_active = peewee.BooleanField()
    is_anonymous = peewee.BooleanField()
    updated_at = MomentField(null=True)
    plain = peewee.BooleanField()
    stranger = peewee.BooleanField()
    chunk = peewee.IntegerField()
    action = peewee.TextField()
    reason = peewee.TextField()
    contact_id = peewee.TextField()
    ownership = WordField(Ownership)
    note = peewee.TextField()
    code = peewee.TextField()
    problem = peewee.TextField()
    fields_hash = peewee.TextField()
    row = peewee.BlobField()
    batch = peewee.IntegerField()

    class Meta:
        table_name = "export_person"


class ExportChunkRow(peewee.Model):
    """`core.exporting.Chunk`."""

    number = peewee.IntegerField(primary_key=True)
    action = peewee.TextField()
    first = peewee.IntegerField()
    last = peewee.IntegerField()
    people = peewee.IntegerField()
    sent_at = MomentField()
    state = WordField(ChunkState)
    activity_id = peewee.TextField()
    reported = peewee.TextField(column_name="told")
    noted = peewee.BooleanField()

    class Meta:
        table_name = "export_chunk"


class ExportSeenRow(peewee.Model):
    """A compared email seen on the list after the sending."""

    email_key = peewee.TextField()

    class Meta:
        table_name = "export_seen"
        primary_key = False


class LinkSinceRow(peewee.Model):
    """Since when a customer is linked who was not when the first export was done (design R8)."""

    customer_id = peewee.IntegerField(primary_key=True)
    since = MomentField()

    class Meta:
        table_name = "link_since"


class HeldLossRow(peewee.Model):
    """`core.losses.Held`, and the email as people are compared by it."""

    customer_id = peewee.IntegerField()
    kind = WordField(LossKind)
    email = peewee.TextField()
    email_key = peewee.TextField()
    since = MomentField()
    postponed = peewee.IntegerField()
    answer = WordField(Answer)

    class Meta:
        table_name = "held_loss"
        primary_key = peewee.CompositeKey("kind", "customer_id")


class CarriedLossRow(peewee.Model):
    """A person whose ordinary opt-out was carried of late, by compared email."""

    kind = WordField(LossKind)
    email_key = peewee.TextField()
    at = MomentField()

    class Meta:
        table_name = "carried_loss"
        primary_key = peewee.CompositeKey("kind", "email_key")


class DisagreementRow(peewee.Model):
    """A customer who opted out and was put back on the list by somebody else (`core.disagreements`)."""

    customer_id = peewee.IntegerField(primary_key=True)
    since = MomentField()
    left_at = MomentField(null=True)

    class Meta:
        table_name = "disagreement"


class LeftAsIsRow(peewee.Model):
    """A difference that staff left as it is. `mark` stands for the email, or for the account without one."""

    mark = peewee.BlobField(primary_key=True)
    customer_id = peewee.IntegerField(null=True)
    kind = WordField(DriftKind)
    shown = peewee.TextField()
    left_at = MomentField()

    class Meta:
        table_name = "left_as_is"


class StateRow(peewee.Model):
    """Watermarks and other small things to remember."""

    name = peewee.TextField(primary_key=True)
    value = peewee.TextField()

    class Meta:
        table_name = "state"


class SettingRow(peewee.Model):
    """A setting as text."""

    key = peewee.TextField(primary_key=True)
    value = peewee.TextField()

    class Meta:
        table_name = "setting"


class CallsRow(peewee.Model):
    """Calls made, per service, UTC day and origin."""

    service = peewee.TextField()
    day = peewee.TextField()
    origin = peewee.TextField()
    calls = peewee.IntegerField()

    class Meta:
        table_name = "call_count"
        primary_key = peewee.CompositeKey("service", "day", "origin")


class LeaseRow(peewee.Model):
    """The one row of the lease; see `lease.py`."""

    id = peewee.IntegerField(primary_key=True)
    owner = peewee.TextField()
    pid = peewee.IntegerField()
    process_started = peewee.FloatField()
    host = peewee.TextField()
    what = peewee.TextField()
    since = MomentField()
    heartbeat = MomentField()

    class Meta:
        table_name = "lease"


TABLES: tuple[type[peewee.Model], ...] = (
    LinkRow,
    IntentRow,
    StatementRow,
    GoneRow,
    KnownAccountRow,
    ScanRow,
    FormerMemberRow,
    FormerContactRow,
    EventRow,
    RunRow,
    EntryRow,
    KindRow,
    StagedContactRow,
    SeenCustomerRow,
    ExportPersonRow,
    ExportChunkRow,
    ExportSeenRow,
    LinkSinceRow,
    HeldLossRow,
    CarriedLossRow,
    DisagreementRow,
    LeftAsIsRow,
    StateRow,
    SettingRow,
    CallsRow,
    LeaseRow,
)
