"""Many welcome emails at once: the command line asks, and names the two ways on (design §3a R3)."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Shell

MANY = 30


@pytest.fixture
def shop(connected: Shell) -> Shell:
    """Thirty customers were imported after the first export, and the run that saw them asks."""
    connected.json("settings", "set", "welcome_email=true")
    connected.json("sync", "export")
    connected.json("sync", "events")
    for number in range(MANY):
        connected.sandbox.kibo.add_customer(f"p{number}@example.com", True)
    asked = connected("sync", "events")
    assert asked.returncode == 6
    assert f"{MANY} welcome emails would be sent at once" in asked.stderr
    assert "--confirm" in asked.stderr
    assert "welcome_email=false" in asked.stderr
    return connected


def test_status_says_so_until_they_are_sent(shop: Shell) -> None:
    [need] = shop.json("status", "--offline", code=4)["needs_you"]
    assert (need["kind"], need["count"]) == ("welcome_emails", MANY)
    assert "--confirm" in need["next_step"]
    shop.json("sync", "events", "--confirm")
    assert len(shop.sandbox.cc.mails("welcome")) == MANY
    assert shop.json("status", "--offline")["needs_you"] == []


def test_with_the_setting_off_they_are_added_without(shop: Shell) -> None:
    shop.json("settings", "set", "welcome_email=false")
    shop.json("sync", "events")
    assert shop.sandbox.cc.mails("welcome") == []
    assert len(shop.sandbox.cc.members(shop.sandbox.cc.list_id("Kibo customers"))) == MANY
