"""Kibo's client against the sandbox, over real HTTP."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ccdesk.clients.http.policy import CallMeter
from ccdesk.clients.kibo.client import Kibo
from ccdesk.core.errors import ItemError, ItemRefused, NotFound, RateLimited, Refused
from ccdesk.core.models import Address
from ccdesk.sandbox.run import Sandbox
from ccdesk.sandbox.wire.kernel import Fault, SandboxClock
from tests.clients.helpers import NOON, Counts, Memory, QuickClock


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    clock = SandboxClock()
    clock.freeze(NOON)
    with Sandbox(clock=clock) as running:
        yield running


def connect(sandbox: Sandbox, secret: str = "sandbox-secret") -> Kibo:
    clock, at = QuickClock(), sandbox.addresses()
    meter = CallMeter(Counts(), "kibo", origin=lambda: "test", clock=clock)
    return Kibo(
        at["kibo_home_url"],
        at["kibo_tenant_id"],
        at["kibo_app_key"],
        lambda: secret,
        meter=meter,
        memo=Memory(),
        clock=clock,
    )


@pytest.fixture
def client(sandbox: Sandbox) -> Kibo:
    return connect(sandbox)


def fill(sandbox: Sandbox, count: int) -> list[int]:
    ids = []
    for number in range(count):
        ids.append(sandbox.kibo.add_customer(f"p{number}@example.com", number % 4 != 0))
        if number % 7:
            sandbox.clock.advance(timedelta(milliseconds=500))
    return ids


MODES = [
    {},
    {"accepts_marketing_filterable": False},
    {"accepts_marketing_filterable": False, "unknown_filter": "ignore"},
    {"id_filterable": False},
    {"id_filterable": False, "unknown_filter": "ignore"},
    {"sort_works": False},
    {"sort_works": False, "unsorted": "scattered"},
    {"sort_works": False, "unsorted": "scattered", "id_filterable": False},
    {"update_filter_name": "updateDate", "update_sort_name": "updateDate"},
    {"update_filter_name": "auditInfo.updateDate", "update_sort_name": "auditInfo.updateDate"},
    {"update_filter_name": "auditInfo.updateDate", "update_sort_name": "updateDate"},
    {"update_filter_name": "none", "update_sort_name": "none"},
    {
        "update_filter_name": "none",
        "update_sort_name": "none",
        "unknown_filter": "ignore",
        "unknown_sort": "ignore",
    },
    {"update_filter_name": "auditInfo.updateDate", "unknown_filter": "ignore"},
    {"email_filterable": False},
    {"email_filterable": False, "unknown_filter": "ignore"},
    {"email_match_case": True},
    {"accepts_marketing_filterable": False, "unknown_filter": "nothing"},
    {"id_filterable": False, "unknown_filter": "nothing"},
    {
        "update_filter_name": "auditInfo.updateDate",
        "update_sort_name": "updateDate",
        "unknown_filter": "nothing",
        "unknown_sort": "nothing",
    },
    {
        "update_filter_name": "none",
        "update_sort_name": "none",
        "unknown_filter": "nothing",
        "unknown_sort": "nothing",
    },
    {"email_filterable": False, "unknown_filter": "nothing"},
    {"email_quotes": "needed"},
    {"email_quotes": "either"},
    {"pull_filter_works": False, "unknown_filter": "nothing", "shuffle_topics": True},
    {"pull_filter_works": False},
    {"pull_filter_works": False, "unknown_filter": "ignore", "shuffle_topics": True},
]


@pytest.mark.parametrize(
    "mode", MODES, ids=lambda mode: " ".join(f"{k}={v}" for k, v in mode.items()) or "as expected"
)
def test_whatever_kibo_honours_the_same_is_read(sandbox: Sandbox, mode: dict[str, object]) -> None:
    ids = fill(sandbox, 450)
    middle = sandbox.clock.now()
    sandbox.clock.advance(timedelta(minutes=1))
    for number in (3, 77, 205):
        sandbox.kibo.change_name(ids[number], "New", "Name")
        sandbox.clock.advance(timedelta(seconds=1))
    sandbox.kibo.set_switches(**mode)
    client = connect(sandbox)
    assert sorted(one.id for page in client.everyone() for one in page) == ids
    opted_in = sorted(one.id for page in client.opted_in() for one in page)
    assert opted_in == [one for number, one in enumerate(ids) if number % 4]
    changed = [one for page in client.changed_since(middle + timedelta(seconds=1)) for one in page]
    assert {one.id for one in changed} == {ids[3], ids[77], ids[205]}
    assert [one.updated_at for one in changed] == sorted(one.updated_at for one in changed if one.updated_at)
    assert client.newest_update() == sandbox.clock.now() - timedelta(seconds=1)
    assert [one.id for one in client.by_email("P9@example.com")] == [ids[9]]
    events = client.events_since(middle + timedelta(seconds=1))
    assert {one.customer_id for one in events} == {ids[3], ids[77], ids[205]}
    assert len(events) == 3
    assert all(row.method == "GET" or "authtickets" in row.path for row in sandbox.log.all())


def test_the_tenant(client: Kibo, sandbox: Sandbox) -> None:
    tenant = client.tenant()
    assert tenant.host == sandbox.addresses()["kibo_tenant_url"]
    assert tenant.name
    assert len(tenant.site_ids) > 1
    assert client.server_time == NOON


def test_a_wrong_secret(sandbox: Sandbox) -> None:
    with pytest.raises(Refused, match="key or the shared secret"):
        connect(sandbox, "wrong").tenant()


def test_one_customer(client: Kibo, sandbox: Sandbox) -> None:
    address = {
        "address1": "300 Lamar Street",
        "address2": "Apt 7",
        "cityOrTown": "Austin",
        "stateOrProvince": "n/a",
        "countryCode": "US",
    }
    number = sandbox.kibo.add_customer("ada@example.com", False, first_name="Ada", address=address)
    read = client.get(number)
    assert (read.email, read.first_name, read.accepts_marketing) == ("ada@example.com", "Ada", False)
    assert read.address == Address(street="300 Lamar Street, Apt 7", city="Austin", country="US")
    assert read.updated_at == NOON
    with pytest.raises(NotFound):
        client.get(999_999)


def test_the_opt_in_is_written_and_nothing_else(client: Kibo, sandbox: Sandbox) -> None:
    address = {"address1": "1 Main", "countryCode": "US"}
    number = sandbox.kibo.add_customer("ada@example.com", True, first_name="Ada", address=address)
    before = sandbox.kibo.fingerprint(number)
    sandbox.clock.advance(timedelta(minutes=5))
    result = client.set_opt_in(number, False)
    assert result.written
    assert result.customer.updated_at == NOON + timedelta(minutes=5)
    assert sandbox.kibo.fingerprint(number) == before
    assert sandbox.kibo.customer(number)["acceptsMarketing"] is False
    mark = sandbox.log.mark()
    assert not client.set_opt_in(number, False).written
    assert sandbox.log.writes(mark) == []
    sandbox.clock.advance(timedelta(minutes=5))
    client.set_opt_in(number, True)
    assert client.opt_in_set_at(number) == NOON + timedelta(minutes=10)
    cleared, set_again = client.flag_changes(number)
    assert (cleared.opted_in, cleared.at) == (False, NOON + timedelta(minutes=5))
    assert set_again.opted_in
    assert set_again.application == sandbox.addresses()["kibo_app_key"]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "garbage"])
def test_a_lost_answer_to_a_write_is_settled_by_reading(client: Kibo, sandbox: Sandbox, kind: str) -> None:
    number = sandbox.kibo.add_customer("ada@example.com", True)
    sandbox.faults.add(Fault(kind, service="kibo", method="PUT"))  # type: ignore[arg-type]
    assert client.set_opt_in(number, False).written
    assert sandbox.kibo.customer(number)["acceptsMarketing"] is False


def test_a_tenants_extension_may_refuse_a_write(client: Kibo, sandbox: Sandbox) -> None:
    number = sandbox.kibo.add_customer("ada@example.com", True)
    sandbox.kibo.switches.turn(refuse_put_ids={number: 409})
    with pytest.raises(ItemRefused):
        client.set_opt_in(number, False)
    sandbox.kibo.switches.turn(refuse_put_ids={}, put_ignores_opt_in=True)
    with pytest.raises(ItemError) as raised:
        client.set_opt_in(number, False)
    assert raised.value.code == "kibo_not_written"


@pytest.mark.parametrize(
    ("status", "enabled"), [("on", True), ("off", False), ("missing", None), ("forbidden", None)]
)
def test_the_application_status(client: Kibo, sandbox: Sandbox, status: str, enabled: bool | None) -> None:
    sandbox.kibo.switches.turn(app_status=status)
    assert client.app_enabled() is enabled


def test_the_welcome_mail(client: Kibo, sandbox: Sandbox) -> None:
    assert client.welcome_mail_on() is True
    for site in client.tenant().site_ids:
        sandbox.kibo.set_mail_flag(site, True)
    assert client.welcome_mail_on() is False
    sandbox.kibo.switches.turn(behaviors=sandbox.kibo.switches.behaviors - {"General Settings Read"})
    assert connect(sandbox).welcome_mail_on() is None


def test_without_an_audit_log_nothing_is_told(client: Kibo, sandbox: Sandbox) -> None:
    number = sandbox.kibo.add_customer("ada@example.com", True)
    sandbox.kibo.switches.turn(audit_log=False)
    assert client.opt_in_set_at(number) is None
    assert client.flag_changes(number) == []


def test_a_pull_that_offers_nothing(client: Kibo, sandbox: Sandbox) -> None:
    sandbox.kibo.add_customer("ada@example.com", True)
    assert len(client.events_since(None)) == 1
    sandbox.kibo.switches.turn(pull_works=False)
    assert client.events_since(None) == []


def test_an_expired_token_is_replaced(client: Kibo, sandbox: Sandbox) -> None:
    number = sandbox.kibo.add_customer("ada@example.com", True)
    client.get(number)
    sandbox.kibo.expire_tokens()
    client.get(number)
    statuses = [row.status for row in sandbox.log.all(path=f"accounts/{number}$")]
    assert statuses == [200, 401, 200]


def test_a_missing_permission_is_named(client: Kibo, sandbox: Sandbox) -> None:
    number = sandbox.kibo.add_customer("ada@example.com", True)
    sandbox.kibo.switches.turn(behaviors={"Customer Read", "Tenant Read"})
    with pytest.raises(Refused, match="Customer Update"):
        client.set_opt_in(number, False)


def test_a_retry_after_is_waited_out(client: Kibo, sandbox: Sandbox) -> None:
    number = sandbox.kibo.add_customer("ada@example.com", True)
    limited = Fault("status", path="accounts", status=429, headers={"Retry-After": "60"})
    sandbox.faults.add(limited)
    client.get(number)
    sandbox.faults.add(Fault("status", path="accounts", times=9, status=429, headers={"Retry-After": "900"}))
    with pytest.raises(RateLimited):
        client.get(number)


def test_somebody_edited_between_two_pages_hides_nobody(client: Kibo, sandbox: Sandbox) -> None:
    ids = fill(sandbox, 450)
    sandbox.kibo.after_page.append(lambda: sandbox.kibo.change_name(ids[5], "New", "Name"))
    sandbox.clock.advance(timedelta(minutes=1))
    seen = [one.id for page in client.changed_since(NOON) for one in page]
    assert set(seen) == set(ids)


def named(sandbox: Sandbox) -> dict[str, int]:
    people = [("Marcus", "O'Neil"), ("Neil", "Marcuson"), ("Maria", "van der Berg"), (None, None)]
    add = sandbox.kibo.add_customer
    return {
        f"{first} {last}": add(f"n{number}@example.com", False, first_name=first, last_name=last)
        for number, (first, last) in enumerate(people)
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("O'Neil", ["Marcus O'Neil"]),
        ("o'neil marcus", ["Marcus O'Neil"]),
        ("marc", ["Neil Marcuson", "Marcus O'Neil"]),
        ("Maria Berg", ["Maria van der Berg"]),
        ("Maria van der Berg", ["Maria van der Berg"]),
        ("van der Berg", ["Maria van der Berg"]),
        ("Berg, Maria", ["Maria van der Berg"]),
        ("'Berg", []),
        ("arcus", []),
        ("", []),
        ("'", []),
    ],
)
@pytest.mark.parametrize("unknown", ["refuse", "ignore"])
def test_customers_are_found_by_their_name(sandbox, client, asked, found, unknown):
    sandbox.kibo.switches.unknown_filter = unknown
    ids = named(sandbox)
    people, is_all = client.by_name(asked)
    assert [one.id for one in people] == [ids[name] for name in found]
    assert is_all


def test_a_short_name_within_many_others_is_found_and_that_not_all_were_read_is_told(sandbox, client):
    for number in range(1000):
        sandbox.kibo.add_customer(f"o{number}@example.com", False, first_name="Ann", last_name="Oliver")
    jet = sandbox.kibo.add_customer("jet@example.com", False, first_name="Jet", last_name="Li")
    people, is_all = client.by_name("Li")
    assert [one.id for one in people] == [jet]
    assert not is_all
    people, is_all = client.by_name("Jet Li")
    assert [one.id for one in people] == [jet]
    assert is_all


def test_a_name_is_found_however_its_letters_are_put_together(sandbox, client):
    ids = [
        sandbox.kibo.add_customer("z@example.com", False, first_name="Zoe", last_name=name)
        for name in ("M\u00fcller", "Mu\u0308ller")
    ]
    assert {one.id for one in client.by_name("Zoe M\u00fcller")[0]} <= set(ids)
    assert ids[0] in {one.id for one in client.by_name("Mu\u0308ller")[0]}


def test_where_kibo_refuses_to_look_for_names_it_says_so(sandbox, client):
    named(sandbox)
    sandbox.faults.add(Fault("status", service="kibo", path="accounts$", status=400, times=9))
    with pytest.raises(ItemError) as told:
        client.by_name("Marcus")
    assert told.value.title == "Kibo cannot be asked for customers by their name"
