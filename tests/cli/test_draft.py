import time

from tests.cli.conftest import kill_at


def test_a_draft_for_scripts_and_for_people(connected):
    connected.json("settings", "set", "from_email=news@example.com")
    made = connected.json("draft")
    assert made["name"].startswith("Kibo customers – ")
    assert (made["contact_list"], made["from_email"]) == ("Kibo customers", "news@example.com")
    assert (made["list_chosen"], made["made_before"], made["note"]) == (True, False, None)
    [draft] = connected.sandbox.cc.drafts()
    assert draft["campaign_id"] == made["campaign_id"]
    assert draft["activity"]["campaign_activity_id"] in made["address"]
    done = connected("draft")
    assert done.returncode == 0
    assert f"Draft made: {made['name']} (2)" in done.stdout
    assert "nothing is scheduled or sent" in done.stdout
    assert len(connected.sandbox.cc.drafts()) == 2


def test_without_an_address_the_command_says_which_setting(connected):
    done = connected("draft")
    assert done.returncode == 2
    assert "settings set from_email=" in done.stderr
    assert connected.sandbox.cc.drafts() == []


def test_killed_while_it_is_made_the_next_one_finds_it(connected):
    connected.json("settings", "set", "from_email=news@example.com")
    kill_at(connected, "^/v3/emails$", "draft", method="POST")
    deadline = time.monotonic() + 30
    while not (made := connected.sandbox.cc.drafts()) and time.monotonic() < deadline:
        time.sleep(0.01)  # the sandbox finishes what it had received, as a real service would
    [lost] = made
    assert lost["activity"]["contact_list_ids"] == []
    found = connected.json("draft")
    assert (found["made_before"], found["campaign_id"]) == (True, lost["campaign_id"])
    [draft] = connected.sandbox.cc.drafts()
    assert draft["activity"]["contact_list_ids"] == [connected.sandbox.cc.list_id("Kibo customers")]
    assert connected.json("draft")["made_before"] is False
