"""`ccdesk why`: the document of design §8 to the letter, the page for people, and its exit codes."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.cli.conftest import Shell

KEYS = {
    "": {
        "known", "email", "customer_ids", "contact_id", "shop", "mail", "verdict", "next", "timeline",
    },
    "shop": {"opted_in", "since", "read_at"},
    "mail": {"permission", "on_list", "since", "read_at"},
    "verdict": {"wants_mail", "should_be_on_list", "in_step", "rule", "reason"},
}  # fmt: skip
MOMENT = {
    "at", "until", "email", "side", "subject", "author", "says", "how", "evidence", "rule", "run", "outcome",
}  # fmt: skip


@pytest.fixture
def shop(connected: Shell) -> Shell:
    """Ann and Ben are in step."""
    kibo = connected.sandbox.kibo
    connected.ids = [kibo.add_customer(f"{name}@example.com", True) for name in ("ann", "ben")]
    connected.json("sync", "export")
    return connected


def document(shop: Shell, *words: str) -> dict:
    found = shop.json("why", *words)
    assert set(found) == KEYS[""]
    for part in ("shop", "mail", "verdict"):
        assert set(found[part]) == KEYS[part]
    assert found["next"] is None or set(found["next"]) == {"what", "when"}
    for one in found["timeline"]:
        assert set(one) == MOMENT
        assert datetime.fromisoformat(one["at"]).tzinfo == UTC
    moments = [datetime.fromisoformat(one["until"] or one["at"]) for one in found["timeline"]]
    assert moments == sorted(moments)
    assert found["verdict"]["rule"]
    assert found["verdict"]["reason"]
    return found


def test_the_document_of_somebody_in_step(shop: Shell) -> None:
    found = document(shop, "ANN@example.com")
    assert (found["known"], found["email"], found["customer_ids"]) == (True, "ann@example.com", [shop.ids[0]])
    assert isinstance(found["contact_id"], str)
    assert (found["shop"]["opted_in"], found["mail"]["on_list"], found["next"]) == (True, True, None)
    verdict = found["verdict"]
    assert (verdict["wants_mail"], verdict["should_be_on_list"], verdict["in_step"]) == (True, True, True)
    run = next(one for one in found["timeline"] if one["how"] == "export")
    assert (run["outcome"], run["author"], run["subject"]) == ("added", "us", str(shop.ids[0]))
    assert document(shop, str(shop.ids[0])) == found


def test_read_now_it_is_the_truth_that_no_run_has_seen(shop: Shell) -> None:
    shop.sandbox.kibo.opt_out(shop.ids[0])
    shop.sandbox.cc.unsubscribe("ben@example.com")
    mark = shop.sandbox.log.mark()
    before = shop.json("runs")["runs"]
    ann, ben = document(shop, "ann@example.com", "--live"), document(shop, str(shop.ids[1]), "--live")
    assert shop.sandbox.log.writes(since=mark) == []
    assert shop.json("runs")["runs"] == before
    assert (ann["shop"]["opted_in"], ann["mail"]["on_list"]) == (False, True)
    assert (ann["verdict"]["wants_mail"], ann["verdict"]["in_step"]) == (False, False)
    assert ann["next"]["what"]
    assert (ben["shop"]["opted_in"], ben["mail"]["permission"]) == (True, "unsubscribed")
    assert ben["verdict"]["should_be_on_list"] is False
    assert any(one["how"] == "unsubscribed" and one["author"] == "person" for one in ben["timeline"])
    assert any("audit log" in one["evidence"] for one in ann["timeline"])
    assert document(shop, "ann@example.com")["verdict"]["in_step"] is True, "nothing was kept"
    assert shop.json("status", "--offline")["calls_today"]["by_origin"]["why"] > 0


def test_somebody_unknown_is_an_answer(shop: Shell) -> None:
    found = document(shop, "nobody@example.com")
    assert (found["known"], found["customer_ids"], found["contact_id"]) == (False, [], None)
    assert found["shop"] == {"opted_in": None, "since": None, "read_at": None}
    assert found["mail"] == {"permission": None, "on_list": None, "since": None, "read_at": None}
    assert (found["next"], found["timeline"]) == (None, [])
    assert document(shop, "nobody@example.com", "--live")["known"] is False
    assert document(shop, "99999999")["known"] is False


def test_on_a_terminal_the_verdict_comes_first(shop: Shell) -> None:
    shop.sandbox.cc.unsubscribe("ann@example.com")
    shop.json("sync", "inbound")
    said = shop("why", "ann@example.com").stdout
    first, *_ = said.splitlines()
    assert first.startswith(
        "ann@example.com is not mailed, and should not be: unsubscribed in Constant Contact"
    )
    places = [
        said.index(word)
        for word in ("(rule R1", "As last read", "Kibo  ", "Constant Contact ", "What happened", "Next: ")
    ]
    assert places == sorted(places)
    assert f"customer {shop.ids[0]}" in said
    assert "unsubscribed" in said
    assert all(len(line) <= 100 for line in said.splitlines())


def test_a_part_of_an_email_names_nobody_but_is_helped_with(shop: Shell) -> None:
    assert "ann@example.com" in shop("why", "ann@example.co").stdout, "suggested"
    assert "Known are: ann@example.com" in shop("why", "ann").stdout
    failed = shop("why", " ", "--json")
    assert failed.returncode == 2
    assert json.loads(failed.stdout)["error"]["code"] == "wrong_use"


def test_what_keeps_it_from_reading_has_the_exit_codes_of_any_command(shop: Shell) -> None:
    shop.json("logout")
    assert shop("why", "ann@example.com", "--live").returncode == 3
    assert shop("why", "ann@example.com").returncode == 0
    assert shop("why").returncode == 2


def test_help_shows_an_example(shell: Shell) -> None:
    said = shell("why", "--help").stdout
    assert "ccdesk why ann@example.com --live" in said


def test_no_email_gets_into_the_log(shop: Shell) -> None:
    shop("why", "ann@example.com", "--live")
    shop("why", "nobody@example.com")
    assert "@example.com" not in (shop.base / "ccdesk.log").read_text()
