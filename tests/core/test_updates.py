"""Whether there is a newer ccdesk, from the answer to what is said."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from ccdesk import __version__
from ccdesk.core.updates import (
    AFTER_FAILURE,
    EVERY,
    Release,
    ReleasePlace,
    Said,
    Strange,
    decide,
    is_due,
    next_look,
    rank,
    read_place,
    read_release,
)

PLACE = ReleasePlace(
    "https://api.forge.example/repos/us/ccdesk/releases/latest", "https://forge.example/us/ccdesk/releases"
)
PAGE = f"{PLACE.page}/tag/v0.3.0"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("here", "found", "passed_over", "said"),
    [
        ("0.2.0", "0.3.0", "", Said.NEWER),
        ("0.2.0", "0.2.1", "", Said.NEWER),
        ("0.9.0", "0.10.0", "", Said.NEWER),  # by number, not by letter
        ("0.9.9", "1.0.0", "", Said.NEWER),
        ("0.3.0rc1", "0.3.0", "", Said.NEWER),
        ("0.2.0", "0.2.0", "", Said.NEWEST),
        ("0.3.0", "0.2.0", "", Said.NEWEST),  # not released yet, or one was taken back
        ("0.4.0rc2", "0.3.0", "", Said.NEWEST),
        ("0.2.0", "0.3.0", "0.3.0", Said.PASSED_OVER),
        ("0.2.0", "0.3.1", "0.3.0", Said.NEWER),  # only that one was passed over
        ("0.2.0", "0.3.0", "0.4.0", Said.NEWER),  # it was taken back
        ("0.2.0", "0.3.0", "nonsense", Said.NEWER),
        ("0.3.0", "0.3.0", "0.3.0", Said.NEWEST),  # installed all the same
    ],
)
def test_what_is_said(here, found, passed_over, said):
    assert decide(here, found, passed_over) is said


def test_our_own_version_can_be_compared():
    assert rank("0.0.0rc1") < rank("0.0.0") < rank(__version__)


@pytest.mark.parametrize(
    "version", ["", "1", "1.2", "1.2.3.4", "v1.2.3", "1.2.3-4", "1.2.x", "٣.0.0", "1.2.3\n"]
)
def test_what_is_no_version(version):
    with pytest.raises(ValueError, match="is no version"):
        rank(version)


def answer(**change):
    """Return the part of a forge's answer that counts, with what does not."""
    usual = {
        "tag_name": "v0.3.0",
        "html_url": PAGE,
        "name": "ccdesk 0.3.0",
        "body": "…",
        "draft": False,
        "prerelease": False,
    }
    return {**usual, **change}


def test_a_release_is_read():
    assert read_release(answer(), PLACE) == Release("0.3.0", PAGE)
    assert read_release({"tag_name": "0.3.0", "html_url": PAGE}, PLACE) == Release("0.3.0", PAGE)


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "0.3.0",
        {},
        {"message": "Not Found"},
        *(answer(tag_name=tag) for tag in (None, 3, "", "latest", "v0.3", "0.3.0rc1", "vv0.3.0", "0.3.0 ")),
        *(answer(draft=mark) for mark in (True, "true", 1)),
        answer(prerelease=True),
        *(
            answer(html_url=url)
            for url in (
                None,
                "",
                "0.3.0",
                "/us/ccdesk",
                "http://forge.example/us/ccdesk/releases",
                "https://evil.example/us/ccdesk/releases",
                "https://api.forge.example/us",
                "https://forge.example:444/us",
                "https://forge.example@evil.example/",
                r"https://evil.example\.forge.example/",
                "https://forge.example.evil.example/",
                "javascript:alert(1)",
                "file:///etc/passwd",
                "https://forge.example/a b",
                "https://forge.example/\n",
                "https://forge.example/" + "a" * 3_000,
            )
        ),
    ],
)
def test_a_strange_answer_is_no_release(document):
    with pytest.raises(Strange):
        read_release(document, PLACE)


def test_the_place_is_read_as_the_build_wrote_it():
    text = json.dumps({"latest": PLACE.latest, "page": PLACE.page})
    assert read_place(text) == PLACE
    assert PLACE.host == "api.forge.example"
    assert read_place('{"latest": "http://127.0.0.1:8/x", "page": "http://127.0.0.1:8/y"}').page


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"latest": "https://a.example"}',
        '{"latest": "https://a.example", "page": ""}',
        '{"latest": "https://a.example", "page": 3}',
        '{"latest": "http://a.example", "page": "https://a.example"}',
        '{"latest": "https://user@a.example", "page": "https://a.example"}',
        '{"latest": "https://a.example", "page": "https://a.example", "more": 1}',
    ],
)
def test_a_place_that_may_not_be_asked(text):
    with pytest.raises(ValueError, match=r"."):
        read_place(text)


@pytest.mark.parametrize(
    ("planned", "due"),
    [
        ("", True),
        ("yesterday", True),
        ("2026-05-01T11:00:00", True),  # of no zone: not ours
        ((NOW - timedelta(seconds=1)).isoformat(), True),
        (NOW.isoformat(), True),
        ((NOW + timedelta(seconds=1)).isoformat(), False),
        (next_look(NOW, answered=True), False),
        (next_look(NOW, answered=False), False),
        ((NOW + EVERY + timedelta(seconds=1)).isoformat(), True),  # the clock was ahead then
    ],
)
def test_when_to_look_again(planned, due):
    assert is_due(planned, NOW) is due


def test_after_a_failure_it_looks_sooner():
    assert is_due(next_look(NOW, answered=False), NOW + AFTER_FAILURE)
    assert not is_due(next_look(NOW, answered=True), NOW + AFTER_FAILURE)
    assert is_due(next_look(NOW, answered=True), NOW + EVERY)
