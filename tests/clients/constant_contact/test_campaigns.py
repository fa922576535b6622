"""Campaign drafts (constant-contact.md §16): what is sent, what is read, and that nothing can send one."""

import ast
import inspect
import json
import re
from pathlib import Path

import pytest
import responses

from ccdesk.clients.constant_contact.campaigns import web_address
from ccdesk.core.errors import AnswerLost, ItemRefused, Refused
from ccdesk.core.ports import campaigns as port
from ccdesk.core.ports.campaigns import Draft, NewDraft
from ccdesk.core.ports.mail import Mail
from tests.clients.helpers import CC, mail

ROOT = Path(__file__).parents[3] / "ccdesk"
NEW = NewDraft(
    "Kibo – May 1st, 2026", "Mystic", "news@example.com", "news@example.com", "Hi", "[[trackingImage]]"
)
MADE = {
    "campaign_id": "c1",
    "name": NEW.name,
    "current_status": "Draft",
    "campaign_activities": [
        {"campaign_activity_id": "a2", "role": "permalink"},
        {"campaign_activity_id": "a1", "role": "primary_email"},
    ],
}
DRAFT = Draft(
    "c1", NEW.name, "a1", "https://api.example.test/pages/campaigns/email-details/details/activity/a1"
)
ACTIVITY = {
    "campaign_activity_id": "a1",
    "role": "primary_email",
    "from_name": "Mystic",
    "from_email": "news@example.com",
    "reply_to_email": "news@example.com",
    "subject": "Changed by staff",
    "preheader": "Look",
    "contact_list_ids": [],
    "segment_ids": [],
}


@pytest.fixture
def http():
    with responses.RequestsMock() as mocked:
        yield mocked


def sent(http, place=-1):
    return json.loads(http.calls[place].request.body)


def test_a_draft_is_made_with_everything_the_service_asks_for(http):
    http.post(f"{CC}/emails", json=MADE, status=200)
    assert mail().make_draft(NEW) == DRAFT
    [activity] = sent(http)["email_campaign_activities"]
    assert sent(http)["name"] == NEW.name
    assert activity == {
        "format_type": 5,
        "from_name": "Mystic",
        "from_email": "news@example.com",
        "reply_to_email": "news@example.com",
        "subject": "Hi",
        "html_content": "[[trackingImage]]",
    }


def test_a_draft_whose_answer_is_lost_is_not_made_again_by_itself(http):
    http.post(f"{CC}/emails", status=503)
    with pytest.raises(AnswerLost):
        mail().make_draft(NEW)
    assert len(http.calls) == 1


@pytest.mark.parametrize(
    "answer", [{}, {"campaign_id": "c1"}, {**MADE, "campaign_activities": [{"role": 3}]}]
)
def test_an_answer_that_names_no_email_may_have_made_it(http, answer):
    http.post(f"{CC}/emails", json=answer)
    with pytest.raises(AnswerLost):
        mail().make_draft(NEW)


def test_a_taken_name_is_a_conflict(http):
    http.post(f"{CC}/emails", status=409, json=[{"error_key": "x", "error_message": "not unique"}])
    with pytest.raises(ItemRefused) as refused:
        mail().make_draft(NEW)
    assert refused.value.code == "conflict"


def test_campaigns_are_read_whole_and_drafts_told_from_others(http):
    one = {"campaign_id": "1", "name": "A", "current_status": "DRAFT"}
    two = {"campaign_id": "2", "name": "B", "current_status": "Draft"}
    three = {"campaign_id": "3", "name": "C", "current_status": "Removed"}
    following = {"next": {"href": "/v3/emails?cursor=x"}}
    http.get(f"{CC}/emails", json={"campaigns": [one, two], "_links": following})
    http.get(f"{CC}/emails?cursor=x", json={"campaigns": [three]})
    found = [campaign for page in mail().campaigns() for campaign in page]
    assert [(one.name, one.is_draft) for one in found] == [("A", True), ("B", True), ("C", False)]


def test_a_draft_is_found_again_or_gone(http):
    http.get(f"{CC}/emails/c1", json=MADE)
    http.get(f"{CC}/emails/c2", status=404, json=[{"error_key": "emails.not_found", "error_message": ""}])
    assert mail().draft("c1") == DRAFT
    assert mail().draft("c2") is None


def test_a_list_is_chosen_with_everything_else_left_as_it_is(http):
    http.get(f"{CC}/emails/activities/a1", json=ACTIVITY)
    http.put(f"{CC}/emails/activities/a1", json={**ACTIVITY, "contact_list_ids": ["l1"]})
    mail().choose_list(DRAFT, "l1")
    body = sent(http)
    assert body["contact_list_ids"] == ["l1"]
    assert (body["subject"], body["preheader"]) == ("Changed by staff", "Look")
    assert "segment_ids" not in body, "lists and segments exclude each other"


@pytest.mark.parametrize("chosen", [{"contact_list_ids": ["other"]}, {"segment_ids": [4]}])
def test_who_was_chosen_already_stays(http, chosen):
    http.get(f"{CC}/emails/activities/a1", json={**ACTIVITY, **chosen})
    mail().choose_list(DRAFT, "l1")


def test_a_list_that_is_not_noted_is_told(http):
    http.get(f"{CC}/emails/activities/a1", json=ACTIVITY)
    http.put(f"{CC}/emails/activities/a1", json=ACTIVITY)
    with pytest.raises(ItemRefused):
        mail().choose_list(DRAFT, "l1")


def test_a_403_names_the_privilege_that_drafts_need(http):
    names = ("account:read", "contacts:read", "contacts:write", "contacts:lists:read", "contacts:lists:write")
    http.get(
        f"{CC}/emails", status=403, json={"error_key": "access_denied", "error_message": "Request forbidden."}
    )
    http.get(f"{CC}/account/user/privileges", json=[{"privilege_name": one} for one in names])
    with pytest.raises(Refused) as refused:
        list(mail().campaigns())
    assert "role lacks: campaign:read, campaign:write" in refused.value.meaning
    assert "log in again" in refused.value.next_step


def test_a_403_with_every_privilege_speaks_of_the_logins_permissions(http):
    names = ("campaign:read", "campaign:write")
    http.post(f"{CC}/emails", status=403, json={"error_message": "Request forbidden."})
    http.get(f"{CC}/account/user/privileges", json=[{"privilege_name": one} for one in names])
    with pytest.raises(Refused) as refused:
        mail().make_draft(NEW)
    assert "(scopes)" in refused.value.meaning


@pytest.mark.parametrize(
    ("base", "origin"),
    [
        ("https://api.cc.email/v3", "https://app.constantcontact.com"),
        ("http://127.0.0.1:5001/v3", "http://127.0.0.1:5001"),
    ],
)
def test_where_a_draft_is_shown(base, origin):
    address = web_address(base, "a/1?x")
    assert address == f"{origin}/pages/campaigns/email-details/details/activity/a%2F1%3Fx"


# ---------------------------------------------------------------- nothing sends

SENDING = re.compile(r"schedul|/send|/tests?\b|non_opener_resends|ab_tests?|resend", re.IGNORECASE)


def texts_outside_docstrings(path):
    tree = ast.parse(path.read_text())
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    told = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def test_no_client_knows_an_address_that_schedules_or_sends():
    folders = ("clients", "auth", "sync", "service", "core")
    found = {
        text
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for text in texts_outside_docstrings(path)
        if text.startswith(("/", "http")) and SENDING.search(text)
    }
    assert found == set()
    client = ROOT / "clients" / "constant_contact" / "campaigns.py"
    paths = sorted(text for text in texts_outside_docstrings(client) if text.startswith("/emails"))
    assert paths == ["/emails", "/emails", "/emails/", "/emails/activities/"]


def test_the_ports_have_no_way_to_schedule_or_send():
    calls = {name for name, one in vars(port.Campaigns).items() if inspect.isfunction(one) and name[0] != "_"}
    assert calls == {"campaigns", "make_draft", "draft", "choose_list"}
    assert not [name for name in dir(Mail) if re.search(r"schedul|send(?!er)|campaign", name)]
