"""Which recorded answer a call gets: the one to what it asks, whichever thread comes first."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ccdesk.clients.http.transport import Request
from ccdesk.support.calls import KIBO, LOGIN, MAIL, CallMade, are_whole
from ccdesk.support.recorded import RecordedAnswers, RecordedTransport

AT = "2026-11-27T10:00:00Z"
SIGN_IN = "/api/platform/applications/authtickets/oauth"


def call(path: str, answer: Any = None, **more: Any) -> CallMade:
    """Return a recorded call to Kibo that was answered in JSON."""
    usual = {"at": AT, "service": KIBO, "method": "GET", "status": 200, "form": "json"}
    return CallMade(**{**usual, "path": path, "answer": answer, **more})


def got(answers: RecordedAnswers, path: str, *, body: Any = None, **params: str) -> Any:
    """Return what is answered to a call now, None if the record has nothing."""
    sent = None if body is None else json.dumps(body).encode()
    method = "GET" if body is None else "POST"
    found = answers.take(KIBO, Request(method, f"http://nowhere{path}", params=params, body=sent))
    return None if found is None else found.answer


def test_pages_asked_for_by_several_threads_are_told_by_what_is_asked() -> None:
    pages = [call("/a", number, query=[["startIndex", str(number)]]) for number in (0, 200, 400)]
    answers = RecordedAnswers(pages)
    assert [got(answers, "/a", startIndex=str(one)) for one in (400, 0, 200)] == [400, 0, 200]
    assert answers.left == []


def test_commands_are_told_by_what_they_send() -> None:
    made = [
        call(
            "/import",
            name,
            method="POST",
            sent={"import_data": [name], "asked_at": f"2026-11-27T10:0{at}:00Z"},
        )
        for at, name in enumerate(("ann", "ben", "cleo"))
    ]
    answers = RecordedAnswers(made)

    def imported(name: str) -> Any:
        return got(answers, "/import", body={"import_data": [name], "asked_at": "2026-11-27T11:00:00Z"})

    assert [imported(one) for one in ("ben", "somebody else", "cleo")] == ["ben", "ann", "cleo"]
    assert imported("ann") is None


def test_what_asks_the_same_is_answered_in_order() -> None:
    answers = RecordedAnswers([call("/job", state) for state in ("running", "done")])
    assert [got(answers, "/job") for _ in range(3)] == ["running", "done", "done"]


@pytest.mark.parametrize(
    ("other", "answer"),
    [
        (call("/a", "seen"), "seen"),
        (call("/a", "<html>", form="text"), "<html>"),
        (call("/a", "no such filter", status=400), "no such filter"),
        (call("/a", "later", status=429), None),
        (call("/a", "broken", status=503), None),
        (call("/a", status=0, lost={"kind": "Unreachable"}, form="left out"), None),
        (call("/a", form="left out"), None),
        (call("/a", "made", method="POST"), None),
    ],
)
def test_of_other_runs_only_readings_help(other: CallMade, answer: str | None) -> None:
    assert got(RecordedAnswers([], [other]), "/a") == answer


def signed_in(answers: RecordedAnswers) -> bytes:
    """Return what a sign-in gets now."""
    return (
        RecordedTransport("Kibo", KIBO, answers)
        .send(Request("POST", f"http://nowhere{SIGN_IN}", body=b"{}"))
        .body
    )


def test_a_sign_in_gets_what_it_got_and_a_token_if_it_got_one() -> None:
    page = call(SIGN_IN, "<html>", method="POST", form="text", length=6)
    token = call(SIGN_IN, method="POST", form="left out", length=174)
    assert signed_in(RecordedAnswers([page])) == b"<html>"
    assert b"access_token" in signed_in(RecordedAnswers([token]))
    assert b"access_token" in signed_in(RecordedAnswers([])), "of a client that had signed in before"
    answers = RecordedAnswers([page, token])
    assert signed_in(answers) == b"<html>"
    assert b"access_token" in signed_in(answers)
    answers = RecordedAnswers([page])
    assert [signed_in(answers) for _ in range(3)] == [b"<html>"] * 3


def test_a_login_fails_where_it_did_whatever_kibo_is_asked_beside_it() -> None:
    failed = CallMade(AT, LOGIN, "POST", "/token", lost={"kind": "LoginNeeded"})
    contacts = call("/contacts", service=MAIL)
    answers = RecordedAnswers([call("/a"), failed, call("/b"), contacts])
    assert answers.login_failure() == failed
    assert answers.login_failure() is None
    assert RecordedAnswers([call("/a"), contacts, failed]).login_failure() is None


@pytest.mark.parametrize(
    ("calls", "whole"),
    [
        ([call("/a")], True),
        ([call("/a"), call("/b", form="left out")], False),
        ([call(SIGN_IN, form="left out")], True),
        ([call("/a", status=0, form="left out", lost={"kind": "Unreachable"})], True),
        ([], True),
    ],
)
def test_whether_calls_are_whole(calls: list[CallMade], whole: bool) -> None:
    assert are_whole([one.as_json() for one in calls]) == whole
