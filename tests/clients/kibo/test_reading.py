"""Reading Kibo completely, whatever of filters, sorting and paging it honours."""

import threading
from datetime import timedelta
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdesk.core.errors import Unreachable
from ccdesk.core.models import Customer
from tests.clients.helpers import Memory, QuickClock, customers
from tests.clients.kibo.fake_shop import START, FakeShop, account


def named(mode: dict[str, object]) -> str:
    parts = [
        f"{key}={'+'.join(sorted(value)) if isinstance(value, set) else value}" for key, value in mode.items()
    ]
    return " ".join(parts) or "honest"


MODES = [
    {},
    {"refused": {"id"}},
    {"ignored": {"id"}},
    {"refused": {"acceptsMarketing"}},
    {"ignored": {"acceptsMarketing"}},
    {"refused": {"id", "acceptsMarketing"}},
    {"ignored": {"id", "acceptsMarketing"}},
    {"refused": {"sort:id"}},
    {"ignored": {"sort:id"}},
    {"ignored": {"sort:id", "id", "acceptsMarketing"}},
    {"refused": {"sort:id", "id", "acceptsMarketing"}},
    {"silent": {"acceptsMarketing"}},
    {"silent": {"id"}},
    {"silent": {"sort:id"}},
    {"silent": {"id", "acceptsMarketing", "sort:id"}},
    {"silent": {"id", "acceptsMarketing"}, "totals": False},
    {"silent": {"id"}, "refused": {"acceptsMarketing"}},
    {"cap": 50},
    {"cap": 50, "silent": {"id"}},
    {"cap": 7, "totals": False},
    {"cap": 30, "totals": False, "ignored": {"id"}},
]


def ids(pages: list[list[Customer]]) -> list[int]:
    return [one.id for page in pages for one in page]


@pytest.mark.parametrize("mode", MODES, ids=named)
@pytest.mark.parametrize("size", [0, 1, 199, 200, 201, 430])
def test_everybody_is_read_once(mode: dict[str, object], size: int) -> None:
    rows = [account(number * 3) for number in range(1, size + 1)]
    if "sort:id" in mode.get("ignored", ()) or "sort:id" in mode.get("refused", ()):  # type: ignore[operator]
        rows.reverse()
    with FakeShop(rows, **mode) as shop:  # type: ignore[arg-type]
        found = ids(list(customers().everyone()))
    assert sorted(found) == [row["id"] for row in sorted(rows, key=lambda row: row["id"])]
    assert (
        len(shop.asked)
        <= size // min(shop.cap, 190) + size // 190 + 8 + (size // 20 if shop.cap < 50 else 0) * 2
    )


@pytest.mark.parametrize("mode", MODES, ids=named)
def test_only_who_opted_in(mode: dict[str, object]) -> None:
    rows = [account(number, opted_in=number % 3 == 0) for number in range(1, 500)]
    rows[5]["acceptsMarketing"] = None
    with FakeShop(rows, **mode) as shop:  # type: ignore[arg-type]
        found = ids(list(customers().opted_in()))
    assert sorted(found) == [row["id"] for row in rows if row["acceptsMarketing"]]
    assert shop.asked[0]["pageSize"] == "200"


def test_in_order_and_by_a_moving_filter_a_page_ahead() -> None:
    with FakeShop([account(number) for number in range(1050, 0, -1)]) as shop:
        found = ids(list(customers().everyone()))
    assert found == list(range(1, 1051))
    asked = {(query.get("filter"), query["startIndex"]) for query in shop.asked}
    assert asked == {
        (None, "0"),
        ("id gt 200", "0"),
        ("id gt 200", "199"),  # begins with 400 once more
        ("id gt 400", "198"),
        ("id gt 599", "198"),
        ("id gt 798", "198"),
    }
    assert len(shop.asked) == 6


def test_two_pages_are_on_their_way_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer waits until the next call has come, or for a while if there is none."""
    met = threading.Semaphore(0)
    now, most, lock = 0, 0, threading.Lock()
    serve = FakeShop._serve

    def slowly(shop: FakeShop, request: object) -> tuple[int, dict[str, str], str]:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
            both = now == 2
        if both:
            met.release()
        elif len(shop.asked) > 1:
            met.acquire(timeout=0.5)
        with lock:
            answer = serve(shop, request)
            now -= 1
        return answer

    monkeypatch.setattr(FakeShop, "_act", slowly)
    with FakeShop([account(number) for number in range(1, 2001)]):
        found = ids(list(customers().everyone()))
    assert found == list(range(1, 2001))
    assert most == 2


@given(st.lists(st.tuples(st.integers(1, 700), st.booleans()), max_size=40), st.integers(0, 6))
def test_who_stays_opted_in_is_read_once_though_others_come_and_go(
    acts: list[tuple[int, bool]], each: int
) -> None:
    rows = [account(number) for number in range(1, 701)]
    steady = {*range(1, 701)} - {number for number, _ in acts}
    todo = list(acts)
    with FakeShop(rows) as shop:
        serve = shop._serve

        def between(request: object) -> tuple[int, dict[str, str], str]:
            with shop._lock:
                answer = serve(request)
                for number, opted_in in todo[:each]:
                    rows[number - 1]["acceptsMarketing"] = opted_in
                del todo[:each]
                return answer

        with patch.object(shop, "_act", between):
            found = ids(list(customers().opted_in()))
    assert len(found) == len(set(found))
    assert steady <= set(found)
    assert found == sorted(found)


def test_offsets_that_do_nothing_cost_a_few_calls_and_hide_nobody() -> None:
    with FakeShop([account(number) for number in range(1, 2401)], offsets=False) as shop:
        found = ids(list(customers().everyone()))
    assert found == list(range(1, 2401))
    assert len(shop.asked) <= 13 + 6


def test_paging_that_does_not_move_on_is_an_error_and_no_loop() -> None:
    rows = [account(number) for number in range(1, 500)]
    with FakeShop(rows, ignored={"id"}, offsets=False), pytest.raises(Unreachable):
        list(customers().everyone())


def test_somebody_deleted_between_two_pages_hides_nobody() -> None:
    rows = [account(number) for number in range(1, 500)]
    with FakeShop(rows, ignored={"id"}):
        pages = customers().everyone()
        found = ids([next(pages)])
        del rows[:5]
        found += ids(list(pages))
    assert sorted(found) == list(range(1, 500))


# ---------------------------------------------------------------- by ids


def test_an_imported_file_is_read_by_pages() -> None:
    rows = [account(number) for number in range(1, 20_001)]
    with FakeShop(rows) as shop:
        found = ids(list(customers().many(range(5_001, 15_001))))
    assert found == list(range(5_001, 15_001))
    assert len(shop.asked) == 50


@given(st.sets(st.integers(1, 3000), max_size=60))
def test_people_scattered_over_a_shop_never_cost_more_than_a_call_each(wanted: set[int]) -> None:
    rows = [account(number) for number in range(1, 3001) if number % 7]
    with FakeShop(rows) as shop:
        found = ids(list(customers().many(wanted)))
    assert found == sorted(number for number in wanted if number % 7)
    assert len(shop.asked) <= len(wanted)


@pytest.mark.parametrize(
    "mode", [{"refused": {"id"}}, {"ignored": {"id"}}, {"ignored": {"sort:id"}}], ids=named
)
def test_many_are_found_where_ids_cannot_be_asked_for(mode: dict[str, object]) -> None:
    rows = [account(number) for number in range(700, 0, -1)]
    with FakeShop(rows, **mode) as shop:  # type: ignore[arg-type]
        found = ids(list(customers().many(range(100, 500))))
        assert set(found) == set(range(100, 500))
        assert len(shop.asked) < 12
        few = list(customers().many([5, 6]))
    assert not any(few) or ids(few) == [5, 6]


# ---------------------------------------------------------------- by date

DATE_MODES = [
    {},
    {"refused": {"updateDate"}},
    {"ignored": {"updateDate"}},
    {"refused": {"updateDate", "sort:auditInfo.updateDate"}},
    {"refused": {"auditInfo.updateDate", "sort:updateDate"}},
    {"ignored": {"sort:updateDate"}},
    {"ignored": {"sort:updateDate", "sort:auditInfo.updateDate"}},
    {"ignored": {"updateDate", "auditInfo.updateDate"}},
    {"refused": {"updateDate", "auditInfo.updateDate"}},
    {"silent": {"updateDate"}},
    {"silent": {"auditInfo.updateDate", "sort:auditInfo.updateDate"}},
    {"silent": {"updateDate", "sort:auditInfo.updateDate"}},
    {"silent": {"sort:updateDate"}},
    {"silent": {"updateDate", "auditInfo.updateDate"}},
    {"silent": {"sort:updateDate", "sort:auditInfo.updateDate"}},
    {"cap": 10},
    {"cap": 10, "totals": False},
]


@pytest.mark.parametrize("mode", DATE_MODES, ids=named)
@given(
    minutes=st.lists(st.integers(0, 12), max_size=60),
    since=st.integers(0, 12),
)
def test_every_change_is_seen_in_order_of_dates(
    mode: dict[str, object], minutes: list[int], since: int
) -> None:
    rows = [account(number, minutes=minute) for number, minute in enumerate(minutes, 1)]
    begin = START + timedelta(minutes=since)
    with FakeShop(rows, **mode):  # type: ignore[arg-type]
        pages = list(customers().changed_since(begin))
    seen = [one for page in pages for one in page]
    due = {number for number, minute in enumerate(minutes, 1) if minute >= since}
    assert {one.id for one in seen} >= due
    last_pass = seen[-len(due) :] if due else []
    assert {one.id for one in last_pass} == due
    dates = [one.updated_at for one in last_pass]
    assert dates == sorted(dates)  # type: ignore[type-var]


def test_many_sharing_one_millisecond() -> None:
    rows = [account(number, minutes=1) for number in range(1, 700)] + [account(900, minutes=2)]
    with FakeShop(rows) as shop:
        found = ids(list(customers().changed_since(START)))
    assert sorted(found) == [*range(1, 700), 900]
    assert len(found) == len(set(found))
    assert len(shop.asked) < 9


@pytest.mark.parametrize("totals", [True, False])
def test_somebody_edited_among_many_who_share_a_date_hides_nobody(totals: bool) -> None:
    rows = [account(number, minutes=1) for number in range(1, 700)]
    with FakeShop(rows, totals=totals):
        pages = customers().changed_since(START)
        found = ids([next(pages), next(pages)])
        rows[3].update(account(4, minutes=1000))
        found += ids(list(pages))
    assert set(found) == set(range(1, 700))
    assert found[-1] == 4


def test_dates_finer_than_milliseconds_do_not_hold_the_paging_up() -> None:
    rows = [account(number, minutes=1) for number in range(1, 450)]
    for number, row in enumerate(rows):
        row["auditInfo"]["updateDate"] = f"2026-05-01T10:01:00.123{number:04d}Z"
    with FakeShop(rows) as shop:
        found = ids(list(customers().changed_since(START)))
    assert sorted(found) == list(range(1, 450))
    assert len(shop.asked) < 7


def test_somebody_edited_between_two_pages_is_seen_again_and_hides_nobody() -> None:
    rows = [account(number, minutes=number) for number in range(1, 450)]
    with FakeShop(rows):
        pages = customers().changed_since(START)
        found = ids([next(pages)])
        rows[3].update(account(4, minutes=1000))
        found += ids(list(pages))
    assert set(found) == set(range(1, 450))
    assert found.count(4) == 2
    assert found[-1] == 4


def test_the_names_found_to_work_are_remembered() -> None:
    memory = Memory()
    rows = [account(1, minutes=5)]
    with FakeShop(rows, refused={"updateDate"}) as shop:
        list(customers(memo=memory).changed_since(START))
        first = len(shop.asked)
        list(customers(memo=memory).changed_since(START))
    assert len(shop.asked) - first == 1
    assert memory.values == {"kibo.dates.5": "auditInfo.updateDate|auditInfo.updateDate"}


@pytest.mark.parametrize("mode", DATE_MODES, ids=named)
def test_the_newest_update(mode: dict[str, object]) -> None:
    rows = [account(number, minutes=number % 17) for number in range(1, 120)]
    with FakeShop(rows, **mode):  # type: ignore[arg-type]
        assert customers().newest_update() == START + timedelta(minutes=16)


def test_an_empty_shop_has_no_newest_update() -> None:
    with FakeShop([]):
        assert customers().newest_update() is None


def test_a_newest_account_that_cannot_be_read_is_the_services_trouble() -> None:
    memory = Memory()
    memory.set("kibo.dates.5", "updateDate|updateDate")
    with FakeShop([{**account(1), "id": None}]), pytest.raises(Unreachable):
        customers(memo=memory).newest_update()


def test_names_remembered_of_an_empty_shop_are_not_believed_for_ever() -> None:
    memory = Memory()
    rows: list[dict[str, object]] = []
    with FakeShop(rows, silent={"updateDate"}):
        assert list(customers(memo=memory).changed_since(START)) == []
        rows.append(account(7, minutes=3))
        assert ids(list(customers(memo=memory).changed_since(START))) == [7]
        assert customers(memo=memory).newest_update() == START + timedelta(minutes=3)


@pytest.mark.parametrize("rows", [0, 450])
def test_nobody_opted_in_is_believed_without_reading_everybody(rows: int) -> None:
    with FakeShop([account(number, opted_in=False) for number in range(1, rows + 1)]) as shop:
        assert list(customers().opted_in()) == []
    assert len(shop.asked) <= 4


def test_an_idle_look_costs_no_proof() -> None:
    memory = Memory()
    with FakeShop([account(1, minutes=5)]) as shop:
        list(customers(memo=memory).changed_since(START))
        before = len(shop.asked)
        list(customers(memo=memory).changed_since(START + timedelta(minutes=5)))
    assert len(shop.asked) == before + 1


# ---------------------------------------------------------------- by email


EMAIL_MODES = [
    {},
    {"refused": {"emailAddress"}},
    {"ignored": {"emailAddress"}},
    {"silent": {"emailAddress"}},
    {"silent": {"sort:id"}},
    {"quotes": True},
]


@pytest.mark.parametrize("mode", EMAIL_MODES, ids=named)
def test_every_account_with_an_email(mode: dict[str, object]) -> None:
    rows = [account(number) for number in range(1, 300)]
    rows[7]["emailAddress"] = "Maria+shop@Example.com"
    rows[250]["emailAddress"] = " maria+shop@example.COM "
    rows[3]["emailAddress"] = None
    if mode in ({}, {"quotes": True}):
        rows[250]["emailAddress"] = "maria+shop@example.COM"
    with FakeShop(rows, **mode):  # type: ignore[arg-type]
        found = customers().by_email("maria+shop@example.com")
    assert [one.id for one in found] == [8, 251]


@pytest.mark.parametrize("email", ["o'brien@example.com", '"a b"@example.com', "a,b@example.com"])
def test_an_email_that_cannot_be_quoted_is_looked_for_everywhere(email: str) -> None:
    rows = [account(number) for number in range(1, 210)]
    rows[100]["emailAddress"] = email.upper()
    with FakeShop(rows) as shop:
        found = customers().by_email(email)
    assert [one.id for one in found] == [101]
    assert not any("emailAddress" in query.get("filter", "") for query in shop.asked)


def test_the_form_of_an_email_that_works_is_remembered() -> None:
    memory = Memory()
    with FakeShop([account(number) for number in range(1, 300)], quotes=True) as shop:
        customers(memo=memory).by_email("p7@example.com")
        before = len(shop.asked)
        client = customers(memo=memory)
        client.by_email("p8@example.com")
        assert len(shop.asked) == before + 1
        assert client.by_email("nobody@example.com") == []
        assert len(shop.asked) == before + 2
    assert shop.asked[-1]["filter"] == "emailAddress eq 'nobody@example.com'"


@pytest.mark.parametrize("mode", EMAIL_MODES, ids=named)
@pytest.mark.parametrize("size", [0, 300])
def test_nobody_is_found_where_nobody_is(mode: dict[str, object], size: int) -> None:
    with FakeShop([account(number) for number in range(1, size + 1)], **mode) as shop:  # type: ignore[arg-type]
        assert customers().by_email("nobody@example.com") == []
    assert len(shop.asked) <= 12


def test_no_email_finds_nobody() -> None:
    with FakeShop([account(1, emailAddress="")]) as shop:
        assert customers().by_email("  ") == []
    assert not shop.asked


def test_more_accounts_with_one_email_than_fit_a_page() -> None:
    rows = [account(number, emailAddress="a@example.com") for number in range(1, 260)]
    with FakeShop(rows):
        assert len(customers().by_email("a@example.com")) == 259


def test_nobody_is_asked_faster_than_four_a_second() -> None:
    clock = QuickClock()
    with FakeShop([account(number) for number in range(1, 2001)]) as shop:
        list(customers(clock).everyone())
    assert clock.seconds - 1000 >= (len(shop.asked) - 4) / 4
