"""`ccdesk undo RUN`: the document of a run of kind `undo`, its exit codes, and a real kill (design §8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.conftest import Shell, kill_at


@pytest.fixture
def shop(connected: Shell) -> Shell:
    """Three people who opted in an hour before: nobody can tell what is first within a second."""
    kibo, before = connected.sandbox.kibo, datetime.now(UTC) - timedelta(hours=1)
    connected.ids = [
        kibo.add_customer(f"{name}@example.com", True, created_at=before) for name in ("ann", "ben", "cyd")
    ]
    connected.run_id = connected.json("sync", "export")["id"]
    return connected


def members(shell: Shell) -> set[str]:
    cc = shell.sandbox.cc
    return {email.lower() for email in cc.members(cc.list_id("Kibo customers"))}


def test_the_dry_run_is_the_undo_that_follows(shop: Shell) -> None:
    shop.sandbox.cc.unsubscribe("ben@example.com")
    mark = shop.sandbox.log.mark()
    would = shop.json("undo", str(shop.run_id), "--dry-run")
    assert shop.sandbox.log.writes(since=mark) == []
    assert (would.pop("dry_run"), would.pop("welcome_emails"), would["kind"]) == (True, 0, "undo")
    did = shop.json("undo", str(shop.run_id))
    for key in ("kind", "undoes", "trigger", "status", "total_contacts", "error_count", "counts", "message"):
        assert would[key] == did[key], key
    assert sorted(would["entries"], key=str) == sorted(did["entries"], key=str)
    assert (did["undoes"], did["counts"]["removed"], did["counts"]["skipped"]) == (shop.run_id, 2, 1)
    assert members(shop) == set()
    assert shop.json("runs", str(did["id"]))["undoes"] == shop.run_id


def test_on_a_terminal_it_is_words(shop: Shell) -> None:
    said = shop("undo", str(shop.run_id), "--dry-run").stdout
    assert said.startswith("Preview of undo of run 1: nothing was changed.\n3 will be removed from the list")
    done = shop("undo", str(shop.run_id))
    assert done.returncode == 0
    assert "taken off the list: run 1 had put them there" in done.stdout
    assert done.stdout.startswith("Run 2 undo of run 1 ")
    why = shop("why", "ann@example.com").stdout
    assert "taken off the list by undoing run 1" in why


def test_what_cannot_be_undone_is_wrong_use(shop: Shell) -> None:
    undo = shop.json("undo", str(shop.run_id))
    assert shop.json("undo", str(undo["id"]), code=2)["error"]["code"] == "undo_of_undo"
    assert shop.json("undo", "99", code=2)["error"]["code"] == "no_such_run"
    assert shop.json("undo", "99", "--dry-run", code=2)["error"]["code"] == "no_such_run"
    assert shop.json("undo", code=2)["error"]["code"] == "wrong_use"
    idle = shop.json("sync", "events")
    nothing = shop.json("undo", str(idle["id"]))
    assert (nothing["total_contacts"], nothing["status"]) == (0, "COMPLETE")
    assert "nothing to undo" in nothing["message"]


def test_killed_in_the_middle_the_next_one_goes_on(shop: Shell) -> None:
    kill_at(shop, "remove_list_memberships", "undo", str(shop.run_id), method="POST")
    shop.json("sync", "inbound")
    shop.json("sync", "events")
    assert all(shop.sandbox.kibo.customer(number)["acceptsMarketing"] for number in shop.ids)
    assert shop.json("undo", str(shop.run_id))["counts"]["removed"] == 3
    assert members(shop) == set()
    shop.json("sync", "export")
    assert members(shop) == set()
