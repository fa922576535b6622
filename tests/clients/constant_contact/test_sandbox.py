"""Constant Contact's client against the sandbox, over real HTTP."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ccdesk.clients.constant_contact.client import ConstantContact
from ccdesk.clients.http.policy import DailyBudget
from ccdesk.core.errors import (
    AnswerLost,
    ItemRefused,
    LoginNeeded,
    QuotaUsedUp,
    Refused,
    SettingsError,
    Unreachable,
)
from ccdesk.core.models import Address, ContactFields, Permission, Standing
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from ccdesk.sandbox.run import Sandbox
from ccdesk.sandbox.wire.kernel import Fault, SandboxClock
from tests.clients.helpers import NOON, Counts, QuickClock


class IssuedTokens:
    """Tokens the sandbox has issued; a stale one is replaced by logging in again."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.issued = 0
        self._token = self._issue()

    def _issue(self) -> str:
        self.issued += 1
        return str(self._sandbox.cc.issue_tokens()["access_token"])

    def bearer(self) -> str:
        return self._token

    def renew(self, stale: str) -> str:
        if stale == self._token:
            self._token = self._issue()
        return self._token


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    clock = SandboxClock()
    clock.freeze(NOON)
    with Sandbox(clock=clock, cc_switches=CcSwitches(limits_on=False, activity_seconds=0)) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> ConstantContact:
    return connect(sandbox)


def connect(sandbox: Sandbox, counts: Counts | None = None) -> ConstantContact:
    clock = QuickClock()
    budget = DailyBudget(counts or Counts(), "constant_contact", origin=lambda: "test", clock=clock)
    url = sandbox.addresses()["cc_api_url"]
    return ConstantContact(url, IssuedTokens(sandbox), budget=budget, clock=clock)


def person(name: str) -> ContactFields:
    return ContactFields(
        f"{name}@example.com",
        name.title(),
        "Reyes",
        "Bakery",
        Address("1 Main St", "Boston", "MA", "02101", "US"),
    )


def test_the_account(client: ConstantContact, sandbox: Sandbox) -> None:
    account = client.account()
    assert account.key
    assert account.organization
    assert account.user
    assert client.missing_privileges() == []
    assert client.senders()
    assert client.server_time == NOON
    sandbox.cc.switches.turn(privileges={"account:read", "contacts:read", "contacts:lists:read"})
    assert client.missing_privileges() == ["contacts:lists:write", "contacts:write"]
    with pytest.raises(Refused, match="contacts:write"):
        client.start_remove(["c"], "l")
    sandbox.cc.switches.turn(app_deactivated=True)
    with pytest.raises(Refused, match="switched off"):
        client.account()


def test_lists(client: ConstantContact, sandbox: Sandbox) -> None:
    made = client.create_list("Kibo customers")
    assert (made.name, made.member_count) == ("Kibo customers", 0)
    assert client.create_list("KIBO customers").id == made.id
    assert made.id in {one.id for one in client.lists()}
    sandbox.cc.delete_list(made.id)
    assert made.id not in {one.id for one in client.lists()}
    sandbox.cc.switches.turn(deleted_list_name_clashes=True)
    with pytest.raises(SettingsError, match="another name"):
        client.create_list("Kibo customers")


def test_a_life_from_import_to_opt_out(client: ConstantContact, sandbox: Sandbox) -> None:
    list_id = client.create_list("L").id
    job = client.start_import(
        [client.import_row(one) for one in [person("ada"), person("zoë".replace("ë", "e"))]], list_id
    )
    assert client.activity(job.id).succeeded
    contacts = {one.email: one for page in client.contacts(list_id=list_id, with_fields=True) for one in page}
    ada = contacts["ada@example.com"]
    assert ada.standing is Standing.IN
    assert ada.permission is Permission.IMPLICIT
    assert (ada.first_name, ada.company, ada.address) == ("Ada", "Bakery", person("ada").address)
    assert ada.list_ids == {list_id}
    assert sandbox.cc.mails("welcome") == []

    before = client.server_time
    sandbox.clock.advance(timedelta(hours=1))
    sandbox.cc.unsubscribe("ada@example.com")
    gone = [one for page in client.contacts(opted_out_after=before) for one in page]
    assert [one.email for one in gone] == ["ada@example.com"]
    assert gone[0].standing is Standing.OUT
    assert gone[0].opt_out_source == "Contact"
    assert gone[0].opt_out_at == NOON + timedelta(hours=1)
    found = client.find("ADA@example.com")
    assert found is not None
    assert found.standing is Standing.OUT

    assert client.resubscribe(found.id, list_id) is True
    assert client.resubscribe(found.id, list_id) is False
    sandbox.cc.click_resubscribe("ada@example.com")
    back = client.get(found.id)
    assert back is not None
    assert back.standing is Standing.IN

    client.start_remove([back.id], list_id)
    off = client.get(back.id)
    assert off is not None
    assert list_id not in off.list_ids
    client.start_add([back.id], list_id)
    on = client.get(back.id)
    assert on is not None
    assert list_id in on.list_ids


def test_sign_up_sends_the_welcome_mail_and_create_by_account_does_not(
    client: ConstantContact, sandbox: Sandbox
) -> None:
    list_id = client.create_list("L").id
    contact_id = client.sign_up(person("ada"), list_id, with_fields=True)
    ada = client.get(contact_id)
    assert ada is not None
    assert (ada.first_name, ada.permission, ada.opt_in_source) == ("Ada", Permission.EXPLICIT, "Contact")
    assert len(sandbox.cc.mails("welcome", to="ada@example.com")) == 1
    bob = client.create(person("bob"), list_id, by_person=False)
    assert (bob.permission, bob.list_ids) == (Permission.IMPLICIT, {list_id})
    assert sandbox.cc.mails(to="bob@example.com") == []
    with pytest.raises(ItemRefused) as clash:
        client.create(person("bob"), list_id, by_person=False)
    assert clash.value.code == "conflict"


def test_revive(client: ConstantContact, sandbox: Sandbox) -> None:
    list_id = client.create_list("L").id
    ada = client.create(person("ada"), list_id, by_person=False)
    sandbox.cc.delete_contact("ada@example.com")
    gone = client.find("ada@example.com")
    assert gone is not None
    assert gone.standing is Standing.DELETED
    back = client.revive(gone, ContactFields("ada@example.com", "Adele"), list_id)
    assert (back.id, back.standing, back.list_ids) == (ada.id, Standing.IN, {list_id})
    assert (back.first_name, back.last_name, back.address.city) == ("Adele", "Reyes", "Boston")
    assert sandbox.cc.mails() == []


def test_who_had_unsubscribed_before_being_deleted_stays_so(
    client: ConstantContact, sandbox: Sandbox
) -> None:
    list_id = client.create_list("L").id
    client.create(person("ada"), list_id, by_person=False)
    sandbox.cc.unsubscribe("ada@example.com")
    sandbox.cc.delete_contact("ada@example.com")
    gone = client.find("ada@example.com")
    assert gone is not None
    assert client.revive(gone, person("ada"), list_id).standing is not Standing.IN


@pytest.mark.parametrize("links", ["absent", "empty"])
def test_many_contacts_come_whole(client: ConstantContact, sandbox: Sandbox, links: str) -> None:
    sandbox.cc.switches.turn(last_page_links=links, shuffle=True)
    list_id = client.create_list("L").id
    client.start_import(
        [client.import_row(one) for one in [person(f"p{number}") for number in range(1203)]], list_id
    )
    pages = list(client.contacts(list_id=list_id))
    assert [len(page) for page in pages] == [500, 500, 203]
    assert len({one.id for page in pages for one in page}) == 1203


def test_an_expired_token_is_renewed_once(client: ConstantContact, sandbox: Sandbox) -> None:
    sandbox.clock.advance(timedelta(days=2))
    client.account()
    assert [row.status for row in sandbox.log.all(path="summary")] == [401, 200]
    sandbox.faults.add(Fault("status", path="summary", times=9, status=401))
    with pytest.raises(LoginNeeded):
        client.account()


def test_every_call_is_counted_and_the_services_own_quota_obeyed(sandbox: Sandbox) -> None:
    sandbox.cc.switches.turn(limits_on=True, per_day=3, per_second=100)
    counts = Counts()
    client = connect(sandbox, counts)
    for _ in range(3):
        client.account()
    with pytest.raises(QuotaUsedUp):
        client.account()
    assert sum(counts.rows.values()) == 4 == client.calls


@pytest.mark.parametrize("kind", ["drop_after", "garbage"])
def test_a_lost_answer_to_an_import_is_told_and_the_import_not_repeated(
    client: ConstantContact, sandbox: Sandbox, kind: str
) -> None:
    list_id = client.create_list("L").id
    sandbox.faults.add(Fault(kind, method="POST", path="json_import", body="<html>"))  # type: ignore[arg-type]
    with pytest.raises(AnswerLost):
        client.start_import([client.import_row(one) for one in [person("ada")]], list_id)
    assert len(sandbox.log.all(path="json_import")) == 1
    assert sandbox.cc.members(list_id) == ["ada@example.com"]


def test_passing_trouble_of_reads_is_lived_through(client: ConstantContact, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault("drop_before", path="summary"))
    sandbox.faults.add(Fault("status", path="summary", status=502, body="<html>", content_type="text/html"))
    sandbox.faults.add(Fault("status", path="summary", status=429, body='{"error_key":"throttled"}'))
    assert client.account().key


def test_garbage_is_not_an_empty_account(client: ConstantContact, sandbox: Sandbox) -> None:
    for body in ("", "{}", '{"contacts":', "<html>"):
        sandbox.faults.add(Fault("garbage", path="/contacts$", body=body))
        with pytest.raises(Unreachable):
            list(client.contacts())
