"""`ccdesk ledger`: the document and the file of design §8, and what is said to a wrong date."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.conftest import Shell

FIELDS = [
    "at", "until", "email", "side", "subject", "author", "says", "how", "evidence", "rule", "run", "outcome",
]  # fmt: skip


@pytest.fixture
def shop(connected: Shell) -> Shell:
    """Ann unsubscribed, and Kibo was told; the other's email looks like a formula."""
    kibo = connected.sandbox.kibo
    connected.ids = [kibo.add_customer(email, True) for email in ("Ann@example.com", "=cmd@example.com")]
    connected.json("sync", "export")
    connected.sandbox.cc.unsubscribe("ann@example.com")
    connected.json("sync", "inbound")
    return connected


def test_everything_about_one_person_in_time_order(shop: Shell, tmp_path: Path) -> None:
    found = shop.json("ledger", "ANN@example.com")
    assert set(found) == {"entries"}
    rows = found["entries"]
    assert [list(row) for row in rows] == [FIELDS] * len(rows)
    assert [(row["side"], row["author"], row["how"], row["says"], row["outcome"]) for row in rows] == [
        ("shop", "unknown", "flag_set", "opt_in", None),
        ("mail", "us", "added", "opt_in", "done"),
        ("mail", "person", "unsubscribed", "opt_out", None),
        ("shop", "us", "flag_cleared", "opt_out", "done"),
    ]
    moments = [datetime.fromisoformat(row["at"]) for row in rows]
    assert moments == sorted(moments)
    assert all(row["at"].endswith("Z") for row in rows)
    assert [row["run"] for row in rows] == [1, 1, 2, 2]
    assert {row["email"] for row in rows} == {"Ann@example.com"}
    assert shop.json("ledger", str(shop.ids[0])) == found
    everybody = shop.json("ledger")["entries"]
    assert [row for row in everybody if row["email"] == "Ann@example.com"] == rows

    file = tmp_path / "ann.csv"
    done = shop("ledger", "--csv", str(file))
    assert (done.returncode, done.stdout) == (0, "")
    with file.open(newline="", encoding="utf-8") as opened:
        table = list(csv.reader(opened))
    assert table[0] == FIELDS
    assert len(table) == len(everybody) + 1
    assert {row[2] for row in table[1:]} == {"Ann@example.com", "'=cmd@example.com"}

    shown = shop("ledger", "ann@example.com").stdout
    assert "the person" in shown
    assert len(shown.splitlines()) == 5


def test_what_finds_nobody_is_no_error(shop: Shell) -> None:
    for who in ("nobody@example.com", "999999", "9" * 30, "nobody"):
        assert shop.json("ledger", who) == {"entries": []}
    assert "Nothing is known." in shop("ledger", "nobody@example.com").stdout
    assert shop.json("ledger", "--since", "2199-01-01") == {"entries": []}


@pytest.mark.parametrize(
    "date", ["yesterday", "2026-13-01", "2026-02-30", "2026-02-29", "0000-01-01", "", "01.03.2026"]
)
def test_a_bad_date_is_named(shell: Shell, date: str) -> None:
    done = shell("ledger", f"--since={date}", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["title"] == f"“{date}” is not a date"


def test_any_date_there_is_can_be_asked_for(shop: Shell) -> None:
    """Dates before 1970 and after 2200, which no service means, were “not a date”."""
    everything = shop.json("ledger")
    for early in ("0001-01-01", "0001-01-01T00:00+14:00", "1969-12-31", "1970-01-01T00:00:00z"):
        assert shop.json("ledger", f"--since={early}") == everything
    for late in ("2201-01-01", "2999-01-01", "9999-12-31", "9999-12-31T23:59:59-12:00"):
        assert shop.json("ledger", f"--since={late}") == {"entries": []}


def test_an_empty_name_is_not_everybody(shell: Shell) -> None:
    assert shell("ledger", "").returncode == 2
    assert shell("ledger", "--csv", "").returncode == 2


def test_a_file_that_cannot_be_written_is_said(shell: Shell, tmp_path: Path) -> None:
    done = shell("ledger", "--csv", str(tmp_path / "nowhere" / "x.csv"))
    assert done.returncode == 2
    assert "The file cannot be written" in done.stderr
