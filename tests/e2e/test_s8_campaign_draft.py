"""A campaign draft with the chosen From and ReplyTo (constant-contact.md §16), over HTTP."""

from __future__ import annotations

import urllib.request

import pytest

from ccdesk.auth.oauth import TokenReply
from ccdesk.core.errors import AnswerLost, ListGone, LoginNeeded, Refused, SettingsError
from ccdesk.sandbox.wire.kernel import Fault
from tests.e2e.world import World

SENDER = "news@example.com"
PATHS = ("/v3/emails", "/v3/account/", "/v3/contact_lists")


@pytest.fixture
def ready(world: World) -> World:
    world.choose_list(from_email=SENDER)
    return world


def test_one_request_one_draft_for_the_list_and_nothing_is_sent(ready: World) -> None:
    mark = ready.sandbox.log.mark()
    made = ready.desk.new_draft()
    [draft] = ready.cc.drafts()
    email = draft["activity"]
    assert (draft["name"], draft["current_status"]) == (made.name, "DRAFT")
    assert made.name.startswith("Kibo customers – ")
    assert (email["from_email"], email["reply_to_email"]) == (SENDER, SENDER)
    assert (email["from_name"], email["contact_list_ids"]) == ("Mystic Outdoors", [ready.list_id])
    assert ready.cc.mails() == []
    received = ready.sandbox.log.all(since=mark)
    assert all(one.path.startswith(PATHS) for one in received)
    assert not [one for one in received if "schedule" in one.path or "send" in one.path]
    with urllib.request.urlopen(made.address, timeout=10) as page:
        assert made.name in page.read().decode()
    second = ready.desk.new_draft()
    assert second.name == f"{made.name} (2)"
    assert len(ready.cc.drafts()) == 2


@pytest.mark.parametrize("kind", ["drop_after", "status", "garbage"])
def test_an_answer_that_is_lost_makes_no_second_one(ready: World, kind: str) -> None:
    ready.sandbox.faults.add(Fault(kind, service="cc", method="POST", path="/emails$", status=502))
    if kind == "status":  # it did not act, and did not say so
        with pytest.raises(AnswerLost):
            ready.desk.new_draft()
        assert ready.cc.drafts() == []
        assert not ready.desk.new_draft().made_before
    else:
        ready.desk.new_draft()
    assert [one["activity"]["contact_list_ids"] for one in ready.cc.drafts()] == [[ready.list_id]]


def test_lost_and_not_to_be_looked_for_at_once_it_is_found_by_the_next_request(ready: World) -> None:
    ready.sandbox.faults.add(Fault("drop_after", service="cc", method="POST", path="/emails$"))
    fault = Fault("status", service="cc", method="GET", path="^/v3/emails$", status=503, skip=1, times=50)
    ready.sandbox.faults.add(fault)
    with pytest.raises(AnswerLost):
        ready.desk.new_draft()
    ready.sandbox.faults.clear()
    ready.reopen()
    made = ready.desk.new_draft()
    assert made.made_before
    assert [one["name"] for one in ready.cc.drafts()] == [made.name]


def test_refusals_make_nothing_and_say_what_to_do(ready: World) -> None:
    ready.cc.set_switches(privileges=sorted(ready.cc.switches.privileges - {"campaign:write"}))
    with pytest.raises(Refused) as refused:
        ready.desk.new_draft()
    assert "campaign:write" in refused.value.meaning
    ready.cc.set_switches(privileges=sorted(ready.cc.switches.privileges | {"campaign:write"}))
    ready.cc.unconfirm_account_email(SENDER)
    with pytest.raises(SettingsError, match="not a confirmed address"):
        ready.desk.new_draft()
    ready.cc.confirm_account_email(SENDER)
    ready.cc.delete_list(ready.list_id)
    with pytest.raises(ListGone):
        ready.desk.new_draft()
    assert ready.cc.drafts() == []
    assert [need.kind for need in ready.desk.status(live=False).needs_you] == ["list_deleted"]


def test_a_login_without_the_campaign_scope_is_told_to_log_in_again(ready: World) -> None:
    reply = ready.cc.issue_tokens(scopes=("contact_data", "account_read", "offline_access"))
    kept = TokenReply(reply["access_token"], reply["refresh_token"], int(reply["expires_in"]))
    ready.container.connections.tokens(ready.desk.settings()).store(kept)
    with pytest.raises(Refused) as refused:
        ready.desk.new_draft()
    assert "(scopes)" in refused.value.meaning
    assert "log out and log in again" in refused.value.next_step
    assert ready.cc.drafts() == []


def test_logged_out_or_nothing_chosen(world: World) -> None:
    with pytest.raises(SettingsError):
        world.desk.new_draft()
    world.choose_list()
    with pytest.raises(SettingsError, match="From and ReplyTo"):
        world.desk.new_draft()
    world.desk.log_out()
    with pytest.raises(LoginNeeded):
        world.desk.new_draft()


def test_a_list_that_the_draft_does_not_take_is_told_and_the_draft_stays(ready: World) -> None:
    fault = Fault("status", service="cc", method="PUT", path="/emails/activities", status=400, body="[]")
    ready.sandbox.faults.add(fault)
    made = ready.desk.new_draft()
    assert made.problem is not None
    assert len(ready.cc.drafts()) == 1
