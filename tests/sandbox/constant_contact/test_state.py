"""The state as tests, demo and the control interface use it: in-process, by name, from many threads."""

from __future__ import annotations

import inspect
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ccdesk.sandbox.constant_contact.acts import PersonActs, StaffActs
from ccdesk.sandbox.constant_contact.state import CONTROL_ACTS, CcState
from ccdesk.sandbox.constant_contact.switches import CcSwitches
from tests.sandbox.constant_contact.testing import Service


def test_every_act_can_be_called_by_name() -> None:
    acts = {
        name
        for owner in (PersonActs, StaffActs)
        for name, value in vars(owner).items()
        if inspect.isfunction(value)
    }
    assert acts <= set(CONTROL_ACTS)
    assert all(callable(getattr(CcState, name)) for name in CONTROL_ACTS)
    assert list(CONTROL_ACTS) == sorted(CONTROL_ACTS)


def test_acts_take_and_give_json() -> None:
    service = Service()

    def act(name: str, /, **arguments: Any) -> Any:
        result = getattr(service.state, name)(**json.loads(json.dumps(arguments)))
        return json.loads(json.dumps(result))

    news = act("add_list", name="News")
    contact_id = act(
        "add_contact",
        email="ada@example.com",
        lists=[news],
        created_at="2026-01-01T00:00:00Z",
        phone_number="5",
    )
    act("unsubscribe", email="ada@example.com", reason="x")
    act("sign_up", email="bob@example.com", list_id=news)
    assert act("contact", email_or_id=contact_id)["email_address"]["opt_out_reason"] == "x"
    assert act("contact", email_or_id="nobody@example.com") is None
    assert act("members", list_id=news) == ["bob@example.com"]
    assert act("mails", kind="welcome")[0]["to"] == "bob@example.com"
    assert act("issue_tokens", user="other", scopes=["contact_data"])["scope"] == "contact_data"
    assert act("add_account_email", address="x@example.com", roles=["OTHER"]) == 4
    assert act("calls_today") == 0
    assert act("set_switches", shuffle=True) is None
    assert act("switches_json")["shuffle"] is True


def test_the_fingerprint_tells_any_change() -> None:
    service = Service()
    news = service.state.add_list("News")
    service.state.add_contact("ada@example.com")
    seen = {service.state.fingerprint("ada@example.com")}
    for act in (
        lambda: service.state.join_list("ada@example.com", news),
        lambda: service.state.leave_list("ada@example.com", news),
        lambda: service.state.unsubscribe("ada@example.com"),
        lambda: service.state.delete_contact("ada@example.com"),
    ):
        act()
        seen.add(service.state.fingerprint("ada@example.com"))
    assert len(seen) == 5


def test_the_switches_are_turned_and_never_replaced() -> None:
    service = Service()
    with pytest.raises(AttributeError):
        service.state.switches = CcSwitches()  # type: ignore[misc]


def test_many_threads_lose_nothing() -> None:
    service = Service()
    news = service.state.add_list("News")

    def work(number: int) -> int:
        body = {
            "email_address": {"address": f"p{number}@example.com"},
            "create_source": "Account",
            "list_memberships": [news],
        }
        client = service.client.application.test_client()
        return int(client.post("/v3/contacts", json=body, headers=service.headers).status_code)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(200))) == {201}
    assert len(service.state.members(news)) == 200
