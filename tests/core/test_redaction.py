import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccdesk.core import errors, redaction
from ccdesk.logs import faults_reported, start_logging

ADDRESSES = [
    "ada@example.com", "a@example.com", '"john doe"@example.com', "x@[10.0.0.1]", "o'brien@example.com",
    "ada%2Btag%40example.com", "ada%2540example.com", "ada\\u0040example.com", "x(ada)@example.com",
    "müller@exämple.de", "ада@пример.рф", "ada@localhost", "a" * 70 + "@example.com", "a%b@example.com",
    "john=doe@example.com", "ada+tag@example.com", "ada&#64;example.com",
]  # fmt: skip
AROUND = [
    "%s",
    "<%s>",
    "'%s'",
    '{"email": "%s"}',
    "email=%s&x=1",
    "mailto:%s,",
    "of %s; next",
    "/people/%s/x",
]


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", {})


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("around", AROUND)
def test_no_address_stays_whole(address: str, around: str) -> None:
    for redact in (redaction.redact, errors.redact):
        text = redact(around % address)
        assert address not in text
        assert "example.com" not in text
        assert "<e-mail>" in text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Bearer abc.def-123", "abc"),
        ("Basic dXNlcjpwdw==", "dXNl"),
        ("http://user:pass@proxy:8080/", "pass"),
        ("http://user:p@ss-word@proxy:8080/", "ss-word"),
        ('{"accessToken":"abc123"}', "abc123"),
        ('{\\"refresh_token\\":\\"abc123\\"}', "abc123"),
        ("refresh_token%3Dabc123", "abc123"),
        ("/callback?code=abc123&state=def456", "abc123"),
        ("/callback?code=abc123&state=def456", "def456"),
        ("code_verifier=abc123", "abc123"),
        ("sharedSecret: abc123", "abc123"),
        ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJvd25lciJ9.c2ln", "eyJz"),
        ("opaque rT7aa_kkdjd-KDJSKDJksjdksjdKSJDKSJDKsdjksj9 gone", "rT7aa"),
    ],
)
def test_no_secret_stays(text: str, secret: str) -> None:
    assert secret not in redaction.redact(text)
    assert secret not in redaction.without_secrets(text)
    assert secret not in errors.redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "customer 00000000-0000-4000-8000-000000000000 of tenant 12345",
        "correlation 0123456789abcdef0123456789abcdef",
        "GET /v3/contacts answered 404, 12 bytes of text/html",
        "tests/some_long_name_of_a_module_that_is_not_a_token_at_all.py",
        'code: "not_found"',
    ],
)
def test_what_support_needs_stays(text: str) -> None:
    assert redaction.redact(text) == text


def test_a_secret_once_held_is_known_whatever_it_looks_like() -> None:
    secret = "0123456789abcdef" * 2 + "7f"
    assert secret in redaction.redact(f"key {secret}")
    redaction.hide(secret, "", "short")
    assert redaction.redact(f"key {secret} short") == "key <secret> short"
    redaction.hide(*(f"secret-number-{number}" for number in range(redaction._MOST)))
    assert len(redaction._known) == redaction._MOST


def test_a_service_that_repeats_our_secret_does_not_bring_it_on_screen() -> None:
    redaction.hide("0123456789abcdef" * 2)
    told = "of 0123456789abcdef0123456789abcdef ada@example.com"
    error = errors.Refused("No", meaning=told, detail=told)
    for text in (error.meaning, error.detail, error.text, str(error)):
        assert "0123456789abcdef" not in text
    assert "ada@example.com" in error.meaning  # staff may read it


@pytest.mark.parametrize(
    "piece", ["a", "a.", "%40", '"', 'a"', "eyJ", "secret", "bearer ", "://", "@", "'@", "\\", "code="]
)
def test_no_text_takes_long(piece: str) -> None:
    began = time.process_time()
    redaction.redact(piece * (200_000 // len(piece)))
    assert time.process_time() - began < 5


@given(st.text(max_size=80), st.from_regex(r"[a-z0-9.+_-]{1,20}", fullmatch=True), st.text(max_size=80))
def test_an_address_anywhere_in_any_text(before: str, local: str, after: str) -> None:
    address = f"{local}@example.com"
    assert address not in redaction.redact(f"{before}{address}{after}")


def test_faults_nobody_caught_are_reported_without_secrets(tmp_path, capsys) -> None:
    start_logging(tmp_path / "log")

    def fail() -> None:
        raise ValueError("ada@example.com refresh_token=abc123")

    before = threading.excepthook
    with faults_reported():
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        try:
            fail()
        except ValueError:
            sys.excepthook(*sys.exc_info())
    assert threading.excepthook is before
    start_logging(None)
    for text in ((tmp_path / "log").read_text(), capsys.readouterr().err):
        assert text.count("ValueError") >= 2
        assert "ada@" not in text
        assert "abc123" not in text
