"""Whatever happens to accounts, every index and every quick way to a page agrees with walking through all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdesk.sandbox.kibo.book import SortedKeys
from ccdesk.sandbox.kibo.fields import filter_fields, matches_text, sort_fields
from ccdesk.sandbox.kibo.filter import parse_filter, parse_sort
from ccdesk.sandbox.kibo.query import Finder, Query
from ccdesk.sandbox.kibo.state import KiboState
from ccdesk.sandbox.wire.kernel import SandboxClock
from tests.sandbox.kibo.testing import START

EMAILS = st.sampled_from(["a@example.com", "A@Example.com ", "b@example.com", "", None])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), EMAILS, st.booleans()),
        st.tuples(
            st.sampled_from(["opt_in", "opt_out", "delete_customer", "place_order"]), st.integers(0, 30)
        ),
        st.tuples(st.just("change_email"), st.integers(0, 30), EMAILS),
        st.tuples(st.just("wait"), st.sampled_from([-2, 0, 1])),
    ),
    max_size=40,
)
DATE = "2026-05-04T10:00:01.417Z"
FILTERS = (
    "",
    "acceptsMarketing eq true",
    "acceptsMarketing eq true and id gt 1004",
    "id gt 1002 and id le 1010",
    "id ne 1003",
    f"updateDate ge {DATE}",
    f"updateDate gt {DATE} and acceptsMarketing eq false",
    f"updateDate le {DATE} and id ge 1003",
    "emailAddress eq a@example.com",
    "emailAddress eq null",
)
SORTS = ("", "id desc", "updateDate asc,id asc", "updateDate desc,id asc", "emailAddress asc,updateDate desc")


def after(steps: list[tuple[Any, ...]]) -> KiboState:
    clock = SandboxClock()
    clock.freeze(START)
    state = KiboState(clock)
    for act, *arguments in steps:
        known = [account.id for account in state.book]
        if act == "add":
            state.add_customer(*arguments)
        elif act == "wait":
            clock.advance(timedelta(seconds=arguments[0]))
        elif known:
            getattr(state, act)(known[arguments[0] % len(known)], *arguments[1:])
    return state


def walked(state: KiboState, query: Query) -> list[int]:
    chosen = [one for one in state.book if all(test.holds(one) for test in query.conditions)]
    chosen.sort(key=lambda one: one.id)
    for order in reversed(query.order):
        read = order.field.read
        chosen.sort(
            key=lambda one: (
                read(one) is not None,
                read(one).lower() if isinstance(read(one), str) else read(one),
            ),
            reverse=order.descending,
        )
    return [one.id for one in chosen]


@given(STEPS)
def test_every_query_finds_what_walking_through_all_finds(steps: list[tuple[Any, ...]]) -> None:
    state = after(steps)
    fresh = Finder(state.book, matches_text)
    for text in FILTERS:
        for sort in SORTS:
            conditions = parse_filter(text, filter_fields(state.switches))
            query = Query(conditions, parse_sort(sort, sort_fields(state.switches)))
            found = fresh.find(query)
            ids = found.ids(0, 200)
            assert ids == walked(state, query)
            assert len(found) == len(ids)
            assert found.ids(3, 4) == ids[3:7]


@given(STEPS)
def test_accounts_are_found_by_their_email(steps: list[tuple[Any, ...]]) -> None:
    state = after(steps)
    for email in ("a@example.com", "b@example.com"):
        expected = sorted(one.id for one in state.book if (one.email or "").strip().lower() == email)
        assert state.book.with_email(email.upper()) == expected
    assert state.book.with_email("") == []


def test_an_answer_kept_is_not_used_once_something_changed() -> None:
    state = after([("add", "a@example.com", True)] * 3)
    query = Query(parse_filter("acceptsMarketing eq false", filter_fields(state.switches)))
    assert state.finder.find(query).ids(0, 9) == []
    state.opt_out(1002)
    assert state.finder.find(query).ids(0, 9) == [1002]


def test_taking_out_what_is_not_there_is_a_mistake() -> None:
    keys = SortedKeys()
    for key in (3, 1, 2):
        keys.append(key)
    assert keys.keys == [1, 2, 3]
    with pytest.raises(LookupError):
        keys.remove(4)
