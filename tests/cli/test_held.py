"""`ccdesk held`: who is held, the three answers, and that an answer outlives a kill (design R8, §3a R8)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import Shell, kill_at

MANY = 30


@pytest.fixture
def shop(connected: Shell) -> Shell:
    """Forty customers on the list."""
    connected.ids = [connected.sandbox.kibo.add_customer(f"p{n}@example.com", True) for n in range(40)]
    for kind in ("export", "events", "inbound"):
        connected.json("sync", kind)
    return connected


def empty_the_list(shop: Shell) -> None:
    list_id = shop.sandbox.cc.list_id("Kibo customers")
    for number in range(MANY):
        shop.sandbox.cc.staff_remove_from_list(f"p{number}@example.com", list_id)
    assert shop("sync", "inbound").returncode == 6


def clear_flags(shop: Shell) -> None:
    for customer in shop.ids[:MANY]:
        shop.sandbox.kibo.opt_out(customer)
    assert shop("sync", "events").returncode == 6


def opted_out(shop: Shell) -> int:
    return sum(not shop.sandbox.kibo.customer(customer)["acceptsMarketing"] for customer in shop.ids)


def members(shop: Shell) -> int:
    return len(shop.sandbox.cc.members(shop.sandbox.cc.list_id("Kibo customers")))


def answers(document: dict[str, Any]) -> set[str | None]:
    return {row["answer"] for row in document["held"]}


def test_while_nobody_is_held_it_says_so(shop: Shell) -> None:
    assert shop.json("held") == {"held": []}
    plain = shop("held")
    assert (plain.returncode, plain.stdout.strip()) == (0, "Nobody is held.")


def test_who_is_held_is_listed_and_waits_for_an_answer(shop: Shell) -> None:
    empty_the_list(shop)
    rows = shop.json("held", code=6)["held"]
    assert len(rows) == MANY
    assert {(row["kind"], row["answer"], row["carried_at"]) for row in rows} == {("left", None, None)}
    assert rows[0]["email"] == "p0@example.com"
    plain = shop("held", "list")
    assert plain.returncode == 6
    assert "left the list in Constant Contact" in plain.stdout
    assert "waits for an answer" in plain.stdout
    [need] = shop.json("status", "--offline", code=4)["needs_you"]
    assert (need["kind"], need["count"]) == ("held_opt_outs", MANY)
    assert "ccdesk held" in need["next_step"]


def test_opt_outs_of_the_shop_say_when_they_are_carried(shop: Shell) -> None:
    clear_flags(shop)
    row = shop.json("held", code=6)["held"][0]
    since, carried = (datetime.fromisoformat(row[name]) for name in ("since", "carried_at"))
    assert (row["kind"], carried - since) == ("flag", timedelta(hours=24))
    later = shop.json("held", "later")["held"][0]
    assert datetime.fromisoformat(later["carried_at"]) >= carried
    assert later["answer"] is None
    listed = shop("held")
    assert listed.returncode == 6, "they wait on"
    assert "put off 2" in listed.stdout, "the 24 hours were restarted then; since when it is so is not kept"
    answered = shop("held", "later").stdout.splitlines()
    assert len(answered) == 1, "the rows are those of “ccdesk held”"
    assert answered[0].endswith("“ccdesk sync events” acts on the answer at once.")


def test_do_lets_them_go_in_the_next_run(shop: Shell) -> None:
    empty_the_list(shop)
    done = shop("held", "do", "--json")
    assert done.returncode == 0
    assert f"Opt-outs the next runs carry out: {MANY}" in done.stderr
    assert opted_out(shop) == 0, "an answer is no run"
    assert answers(shop.json("held")) == {"do_it"}
    assert shop.json("status", "--offline")["needs_you"] == [], "nobody is needed any more"
    assert shop.json("sync", "inbound")["counts"]["opted_out"] == MANY
    assert opted_out(shop) == MANY
    assert shop.json("held") == {"held": []}


@pytest.mark.parametrize("happens", [empty_the_list, clear_flags])
def test_a_mistake_is_left_alone_for_good_and_holds_up_nothing(shop: Shell, happens: Any) -> None:
    happens(shop)
    before = opted_out(shop), members(shop)
    shop.json("held", "mistake")
    for _ in range(3):
        shop.json("sync", "events")
        shop.json("sync", "inbound")
    assert (opted_out(shop), members(shop)) == before
    assert answers(shop.json("held")) == {"dropped"}
    status = shop.json("status")
    assert status["owed"]["opt_outs"] == 0, "Kibo is not to be told of these"
    assert [need["kind"] for need in status["needs_you"] if need["stuck"]] == []


def test_only_those_of_one_kind_are_answered_for(shop: Shell) -> None:
    clear_flags(shop)
    assert answers(shop.json("held", "do", "--kind", "left")) == {None}
    assert answers(shop.json("held", "do", "--kind", "flag")) == {"do_it"}
    assert shop("held", "do", "--kind", "nonsense").returncode == 2


def test_an_answer_outlives_a_kill_before_and_during_its_run(shop: Shell) -> None:
    empty_the_list(shop)
    shop.json("held", "do")
    kill_at(shop, "accounts", "sync", "inbound", service="kibo", method="PUT")
    assert answers(shop.json("held")) <= {"do_it"}
    assert shop("sync", "inbound").returncode == 0, "nobody is asked a second time"
    assert opted_out(shop) == MANY
    assert shop.json("held") == {"held": []}
