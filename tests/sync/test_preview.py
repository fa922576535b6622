"""The outbox shut: no write reaches a service, and what is read afterwards shows what was not sent."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ccdesk.core.clock import Clock
from ccdesk.core.emails import email_key
from ccdesk.core.errors import EmailChanged, ItemRefused, NotFound, Unreadable
from ccdesk.core.models import Contact, ContactFields, ContactList, Customer, Permission
from ccdesk.core.ports.mail import Activity, Mail
from ccdesk.core.ports.shop import Shop
from ccdesk.store.store import SqliteScratch, SqliteStore
from ccdesk.sync.preview.mail import ShutMail
from ccdesk.sync.preview.shop import ShutShop

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
LIST, OTHER = "list-1", "list-2"

MAIL_READS = {
    "server_time", "server_ahead", "for_opt_outs", "account", "missing_privileges", "senders", "lists",
    "contacts", "find", "get", "import_row", "read_row", "activity", "activities", "members_file",
}  # fmt: skip
MAIL_WRITES = {
    "create_list", "create", "sign_up", "revive", "rewrite", "resubscribe", "start_import", "start_add",
    "start_remove", "start_members_file",
}  # fmt: skip
SHOP_READS = {
    "server_time", "server_ahead", "tenant", "test", "opted_in", "left_to_read", "everyone", "changed_since",
    "finds_changes", "newest_update", "get", "many", "by_email", "opt_in_set_at", "flag_changes",
    "events_since", "app_enabled", "welcome_mail_on",
}  # fmt: skip
SHOP_WRITES = {"set_opt_in"}


def names(protocol: type) -> set[str]:
    return {name for name in vars(protocol) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("protocol", "shut", "reads", "writes"),
    [(Mail, ShutMail, MAIL_READS, MAIL_WRITES), (Shop, ShutShop, SHOP_READS, SHOP_WRITES)],
)
def test_every_method_of_a_port_is_known_as_a_read_or_a_write(
    protocol: type, shut: type, reads: set[str], writes: set[str]
) -> None:
    """A method that a port is given has to be sorted in here, and answered by hand where it writes."""
    assert names(protocol) == reads | writes
    assert reads | writes <= names(shut)
    assert not hasattr(shut, "__getattr__"), "what is not spelled out must not go through"
    source = inspect.getsource(shut)
    inner = "self._mail." if protocol is Mail else "self._shop."
    called = {part.split("(")[0].split(")")[0].split()[0] for part in source.split(inner)[1:]}
    assert called <= reads, "only reads are called underneath"


class Inner:
    """Contacts and customers as a service has them; anything but a read fails the test."""

    server_time = NOW
    server_ahead = timedelta(0)

    def __init__(self, *contacts: Contact, customers: tuple[Customer, ...] = ()) -> None:
        self.people = {one.id: one for one in contacts}
        self.accounts = {one.id: one for one in customers}
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} went through")

    def contacts(self, *, list_id: str = "", **_: object) -> Iterator[list[Contact]]:
        self.asked.append("contacts")
        if page := [one for one in self.people.values() if not list_id or list_id in one.list_ids]:
            yield page

    def find(self, email: str) -> Contact | None:
        self.asked.append("find")
        return next((one for one in self.people.values() if one.email_key == email_key(email)), None)

    def get(self, number: Any) -> Any:
        self.asked.append("get")
        if isinstance(number, int):
            if number not in self.accounts:
                raise NotFound()
            return self.accounts[number]
        return self.people.get(number)

    def by_email(self, email: str) -> list[Customer]:
        return [one for one in self.accounts.values() if one.email_key == email_key(email)]

    def everyone(self) -> Iterator[list[Customer]]:
        yield list(self.accounts.values())

    def lists(self) -> list[ContactList]:
        return [ContactList(LIST, "List")]

    def activities(self) -> Iterator[list[Activity]]:
        yield [Activity("theirs", "processing")]

    def activity(self, activity_id: str) -> Activity:
        return Activity(activity_id, "processing")

    def read_row(self, row: bytes) -> ContactFields:
        email, _, first = row.decode().partition(" ")
        return ContactFields(email, first_name=first)


def contact(name: str, *lists: str, **more: Any) -> Contact:
    more.setdefault("permission", Permission.IMPLICIT)
    return Contact(f"id-{name}", f"{name}@example.com", list_ids=frozenset(lists), **more)


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[SqliteScratch]:
    store = SqliteStore(tmp_path / "ccdesk.sqlite3")
    copy = store.scratch()
    yield copy
    copy.discard()
    store.close_all()


def shut(scratch: SqliteScratch, *contacts: Contact) -> tuple[ShutMail, Inner]:
    inner = Inner(*contacts)
    return ShutMail(inner, scratch.imagined, Clock()), inner  # type: ignore[arg-type]


def members(mail: ShutMail, list_id: str = LIST) -> set[str]:
    return {one.email.partition("@")[0] for page in mail.contacts(list_id=list_id) for one in page}


def test_a_created_contact_is_there_for_everybody_who_reads(scratch: SqliteScratch) -> None:
    mail, _ = shut(scratch, contact("bob", LIST))
    fields = ContactFields("Ada@example.com", first_name="Ada")
    made = mail.create(fields, LIST, by_person=False)
    assert mail.get(made.id) == mail.find("ada@EXAMPLE.com") == made
    assert members(mail) == {"bob", "Ada"}
    assert (made.permission, made.opt_in_source) == (Permission.IMPLICIT, "Account")
    with pytest.raises(ItemRefused, match="exists") as refused:
        mail.create(fields, LIST, by_person=False)
    assert refused.value.code == "conflict"
    assert mail.welcome_emails == 0


def test_welcome_emails_are_counted_by_the_calls_that_send_them(scratch: SqliteScratch) -> None:
    mail, inner = shut(scratch, contact("bob", OTHER, first_name="Bob"))
    mail.create(ContactFields("ada@example.com"), LIST, by_person=True)
    mail.find("bob@example.com")
    asked = len(inner.asked)
    assert mail.sign_up(ContactFields("bob@example.com", first_name="X"), LIST, with_fields=False) == "id-bob"
    assert len(inner.asked) == asked, "the caller has just looked"
    bob = mail.find("bob@example.com")
    assert bob is not None
    assert (bob.first_name, bob.permission, bob.opt_in_source) == ("Bob", Permission.EXPLICIT, "Contact")
    new = mail.sign_up(ContactFields("cyd@example.com"), LIST, with_fields=True)
    assert mail.get(new) is not None
    assert mail.welcome_emails == 3
    assert members(mail) == {"ada", "bob", "cyd"}


def test_an_import_makes_updates_and_leaves_who_opted_out(scratch: SqliteScratch) -> None:
    known = contact("bob", OTHER, first_name="Old", company="Kept")
    out = contact("out", permission=Permission.UNSUBSCRIBED)
    mail, _ = shut(scratch, known, out)
    scratch.staging.add_contacts([known, out])
    job = mail.start_import([b"ada@example.com Ada", b"bob@example.com Bob", b"out@example.com O"], LIST)
    assert job.succeeded
    assert mail.activity(job.id) == job
    assert members(mail) == {"ada", "bob"}
    bob = mail.get("id-bob")
    assert bob is not None
    assert (bob.first_name, bob.company, bob.list_ids) == ("Bob", "Kept", {LIST, OTHER})
    assert next(mail.activities())[0] == job
    assert mail.activity("theirs").state == "processing"


def test_list_jobs_show_in_contacts_and_by_their_ids(scratch: SqliteScratch) -> None:
    ada, bob, gone = (
        contact("ada", OTHER),
        contact("bob", LIST, OTHER),
        contact("gone", deleted_at="2026-01-01"),
    )
    mail, inner = shut(scratch, ada, bob, gone)
    mail.start_add(["id-ada", "id-gone", "id-nobody"], LIST)
    mail.start_remove(["id-bob"], LIST)
    assert members(mail) == {"ada", "gone"}
    assert members(mail, OTHER) == {"ada", "bob"}
    assert {one.id for page in mail.contacts() for one in page} == {"id-ada", "id-bob", "id-gone"}
    inner.people["id-ada"] = replace(ada, permission=Permission.UNSUBSCRIBED, list_ids=frozenset())
    shown = mail.get("id-ada")
    assert shown is not None
    assert shown.permission is Permission.UNSUBSCRIBED, "an opt-out that has come since is never hidden"
    everybody = {one.id: one.permission for page in mail.contacts() for one in page}
    assert everybody["id-ada"] is Permission.UNSUBSCRIBED


def test_who_cannot_be_read_is_left_to_the_reading_back(scratch: SqliteScratch) -> None:
    mail, inner = shut(scratch)
    inner.get = lambda _number: (_ for _ in ()).throw(Unreadable())  # type: ignore[method-assign]
    assert mail.start_remove(["id-x"], LIST).succeeded
    with pytest.raises(Unreadable):
        mail.get("id-x")


def test_reviving_and_rewriting_go_by_what_shows_now(scratch: SqliteScratch) -> None:
    deleted = contact("del", deleted_at="2026-01-01", first_name="Theirs")
    out = contact("out", permission=Permission.UNSUBSCRIBED, deleted_at="2026-01-01")
    mail, _ = shut(scratch, deleted, out, contact("bob", OTHER))
    revived = mail.revive(deleted, ContactFields("del@example.com"), LIST)
    assert (revived.deleted_at, revived.first_name, LIST in revived.list_ids) == ("", "Theirs", True)
    assert mail.revive(out, ContactFields("out@example.com"), LIST) == out
    assert mail.rewrite("id-bob", ContactFields("bob@example.com", "B"), LIST).first_name == "B"
    with pytest.raises(ItemRefused):
        mail.rewrite("id-out", ContactFields("out@example.com"), LIST)
    for call in (lambda: mail.revive(contact("no"), ContactFields("no@example.com"), LIST),
                 lambda: mail.rewrite("id-no", ContactFields("no@example.com"), LIST)):  # fmt: skip
        with pytest.raises(NotFound):
            call()


def test_the_confirmation_is_asked_for_once(scratch: SqliteScratch) -> None:
    out = Permission.UNSUBSCRIBED
    deleted = contact("del", permission=out, deleted_at="2026-01-01")
    mail, inner = shut(scratch, contact("ada", permission=out), deleted, contact("bob", LIST))
    mail.find("ada@example.com")
    assert [mail.resubscribe("id-ada", LIST) for _ in range(2)] == [True, False]
    assert inner.asked == ["find"], "the caller has just looked"
    assert mail.resubscribe("id-del", LIST) is False
    assert mail.resubscribe("id-bob", LIST) is False


def test_the_members_file_holds_whom_the_run_would_put_there_and_is_not_asked_for(
    scratch: SqliteScratch,
) -> None:
    mail, inner = shut(scratch, contact("bob", LIST))
    mail.start_import([f"p{n}@example.com".encode() for n in range(1_200)], LIST)
    with mail.members_file(mail.start_members_file(LIST)) as batches:
        emails = [email for batch in batches for email in batch]
    assert sorted(emails) == sorted(f"p{n}@example.com" for n in range(1_200))
    assert inner.asked == []


def test_a_list_that_would_be_made_is_known_and_nobody_is_asked_about_it(scratch: SqliteScratch) -> None:
    mail, inner = shut(scratch)
    made = mail.create_list("New")
    assert [one.name for one in mail.lists()] == ["List", "New"]
    mail.create(ContactFields("ada@example.com"), made.id, by_person=False)
    assert members(mail, made.id) == {"ada"}
    assert inner.asked == []


# ---------------------------------------------------------------- Kibo


def shop_of(*customers: Customer) -> tuple[ShutShop, Inner]:
    inner = Inner(customers=customers)
    return ShutShop(inner, Clock()), inner  # type: ignore[arg-type]


ADA = Customer(1, "ada@example.com", True, updated_at=NOW - timedelta(days=1))


def test_a_flag_that_is_not_written_shows_in_every_reading() -> None:
    shop, inner = shop_of(ADA, replace(ADA, id=2))
    result = shop.set_opt_in(1, False, expected=ADA)
    assert (result.written, result.changed) == (True, False)
    assert (result.customer.accepts_marketing, result.customer.updated_at) == (False, NOW)
    assert shop.get(1) == shop.by_email("ada@example.com")[0] == next(shop.everyone())[0] == result.customer
    assert shop.get(2).accepts_marketing is True
    assert inner.accounts[1] == ADA
    assert shop.set_opt_in(1, False).written is False
    inner.accounts[1] = replace(ADA, updated_at=NOW + timedelta(minutes=1))
    assert shop.get(1).accepts_marketing is True, "what was changed after that is shown as it is"


def test_a_write_answers_as_kibo_does() -> None:
    shop, inner = shop_of(ADA)
    inner.accounts[1] = replace(ADA, email="other@example.com", updated_at=NOW)
    assert shop.set_opt_in(1, False, expected=ADA).changed is True
    with pytest.raises(EmailChanged):
        shop.set_opt_in(1, True, only_as="ada@example.com")
    with pytest.raises(NotFound):
        shop.set_opt_in(3, True)
